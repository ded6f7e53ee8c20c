# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the settings that are wished for to the adapters that carry them, and back. Private to this collection."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import typing as t

from .._wsman.errors import NotFound, ResponseLost, ServerError
from . import adapter as adapters_of
from . import advanced_property as driver
from . import cluster, registry, registry_adapter
from .adapter_wish import RefusedError, Wish, wishes_of

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client

_NO_RESTART = ("wmi:NoRestart", "xs:boolean", "true")
_UP = 1  # InterfaceOperationalStatus
_ROUNDING = 20  # octets by which drivers' notions of an MTU differ; less is no sign of a missing restart


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One setting of one adapter: what is wished, what is stored, and what shall be, in the operator's numbers."""

    adapter: adapters_of.Adapter
    setting: str
    wished: t.Any
    offered: adapters_of.Property
    target: driver.Target
    before: t.Any
    after: t.Any

    @property
    def label(self) -> str:
        return f"{self.adapter.name} {self.setting}"

    def meaning(self, stored: str) -> t.Any:
        """What a stored value means in the operator's numbers."""
        offer = dataclasses.replace(self.offered.offer, value=stored)
        if self.setting == "mtu":
            return driver.mtu_of(offer)
        return driver.buffers_of(offer) if self.setting == "receive_buffers" else stored

    @property
    def differs(self) -> bool:
        return self.offered.offer.value != self.target.value and self.before != self.after

    @property
    def in_effect(self) -> bool | None:
        """Whether an adapter runs with the MTU that is stored, or waits for a restart; C(None) where nothing tells."""
        running = self.adapter.mtu
        if self.setting != "mtu" or running is None or self.before is None:
            return None
        return bool(running >= self.before - _ROUNDING)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The adapters in the order of work, what is wanted of them, and what they cannot do.

    C(pending) names those whose stored MTU is not in effect because a restart is missing.
    """

    adapters: tuple[adapters_of.Adapter, ...]
    wanted: tuple[Wanted, ...]
    unsupported: tuple[t.Mapping[str, t.Any], ...]
    pending: frozenset[str]
    restart_now: bool
    patience: float


def read(client: Client, options: t.Mapping[str, t.Any]) -> State:
    """The adapters that the options mean and what is to become of them. Raises C(RefusedError) before any write."""
    wishes = wishes_of(options)
    keywords = [keyword for wish in wishes for keyword in wish.keywords]
    try:
        known = adapters_of.read_adapters(client)
    except NotFound:  # Windows Server 2008 R2
        order = tuple(_chosen(client, options, registry_adapter.read_adapters(client)))
        properties = registry_adapter.read_properties(client, order, keywords)
        restarts = False
    else:
        chosen = _chosen(client, options, known)
        if options["underlying"]:
            chosen = adapters_of.with_underlying(client, chosen, known)
        properties = adapters_of.read_properties(client, keywords)
        carriers = adapters_of.read_carriers(client, known)
        order = tuple(sorted(chosen, key=lambda adapter: adapter.name in carriers))
        restarts = options["restart"] == "now"
    wanted, unsupported = [], []
    for adapter in order:
        for wish in wishes:
            found = _want(adapter, properties.get(adapter.name, {}), wish, options["on_unsupported"])
            if isinstance(found, Wanted):
                wanted.append(found)
            elif found is not None:
                unsupported.append(found)
    _refuse_what_makes_no_sense(wanted, unsupported, wishes, options["on_unsupported"])
    return State(
        adapters=order,
        wanted=tuple(wanted),
        unsupported=tuple(unsupported),
        pending=frozenset(one.adapter.name for one in wanted if one.in_effect is False and not one.differs),
        restart_now=restarts,
        patience=float(options["reconnect_timeout"]),
    )


def write(client: Client, state: State, wanted: t.Sequence[Wanted]) -> tuple[dict[str, t.Any], str]:
    """Write settings of one adapter: their values as read back, and what was answered if they are not as wanted.

    Every write but the last asks the driver not to restart. The last one does not, so the restart belongs to the same
    message as the write: whoever is killed in between finds on the next run that a write is missing, never a restart.
    """
    values: dict[str, t.Any] = {}
    answers = []
    for one in wanted:
        stored, answer = _store(client, state, one, restarts=state.restart_now and one is wanted[-1])
        values[one.label] = one.after if stored == one.target.value else one.meaning(stored)
        answers += [answer] if stored != one.target.value and answer else []
    if state.restart_now and not answers:
        up, answer = _come_up(client, state, wanted[-1].adapter)
        if not up:
            # The values are stored, and whether they are in effect is not known: neither done nor not done.
            lost = ResponseLost(answer, advice="look at the adapter on the host; the values are stored")
            lost.operation, lost.host = f"restarting {wanted[-1].adapter.name}", client.host
            raise lost
    return values, "; ".join(answers)


def _store(client: Client, state: State, one: Wanted, *, restarts: bool) -> tuple[str, str]:
    """Write one value: what is stored then, and what was answered if that was not yes."""
    operation = f"setting {one.setting} of {one.adapter.name} to {one.after}"
    place = one.offered.place
    if isinstance(place, registry.RegistryValue):
        answer = registry.write_value(client, place, one.target.value, operation=operation)
        return registry.read_value(client, place) or "", answer
    written = client.put(
        place,
        functools.partial(_with_value, value=one.target.value),
        ["RegistryValue"],
        operation=operation,
        options=() if restarts else (_NO_RESTART,),
        patience=state.patience,
    )
    return _value_in(written.instance), written.problem.detail if written.problem else ""


def restart(client: Client, state: State, name: str) -> tuple[bool, str]:
    """Restart an adapter whose values wait for it; whether they are in effect then, and what was answered if not."""
    adapter = next(one for one in state.adapters if one.name == name)
    mtu = next(one.target.number for one in state.wanted if one.adapter is adapter and one.setting == "mtu")
    try:
        client.invoke(t.cast("t.Any", adapter.reference), "Restart", {}, operation=f"restarting {name}")
    except ResponseLost:
        pass  # expected where the adapter carries our own connection
    except ServerError as exc:
        return False, exc.detail
    up, answer = _come_up(client, state, adapter)
    if not up:
        return False, answer
    now = client.get(t.cast("t.Any", adapter.reference), operation=f"reading {name} after its restart").integer(
        "MtuSize"
    )
    if now is not None and now < mtu - _ROUNDING:
        return False, f"the adapter came back with an MTU of {now}"
    return True, ""


def _come_up(client: Client, state: State, adapter: adapters_of.Adapter) -> tuple[bool, str]:
    """Wait for an adapter to be up again after its restart."""

    def look() -> None:
        found = client.get(t.cast("t.Any", adapter.reference), operation=f"reading {adapter.name} after its restart")
        if found.integer("InterfaceOperationalStatus") not in (_UP, None):
            raise ResponseLost(f"{adapter.name} is not up again after its restart")

    try:
        client.come_back(look, state.patience)
    except ResponseLost as exc:
        return False, f"{exc.detail} within {state.patience:g} s"
    return True, ""


def _want(
    adapter: adapters_of.Adapter, properties: t.Mapping[str, adapters_of.Property], wish: Wish, on_unsupported: str
) -> Wanted | dict[str, t.Any] | None:
    """What to do about one wish on one adapter; C(None) where it does not apply to a virtual adapter."""
    keyword = next((keyword for keyword in wish.keywords if keyword in properties), None)
    if keyword is None and not adapter.hardware:
        return None
    problem = f"its driver does not know {wish.keywords[0]}"
    if keyword is not None:
        offer = properties[keyword].offer
        try:
            target = wish.choose(offer)
        except driver.NotOfferedError as exc:
            problem = str(exc)
        else:
            if not target.capped or on_unsupported in ("cap", "report"):
                return Wanted(
                    adapter=adapter,
                    setting=wish.setting,
                    wished=wish.value,
                    offered=properties[keyword],
                    target=target,
                    before=wish.value_of(offer),
                    after=wish.after_of(target),
                )
            problem = f"its driver offers {target.number} at most"
    if on_unsupported in ("ignore", "report"):
        told = {"adapter": adapter.name, "setting": wish.setting, "wanted": wish.value}
        return {**told, "result": "unsupported", "msg": problem}
    raise RefusedError(
        f"{wish.setting} cannot be set on {adapter.name} ({adapter.description}): {problem}. Nothing was written. "
        "Leave the adapter out, or set on_unsupported to report or ignore."
    )


def _refuse_what_makes_no_sense(
    wanted: t.Sequence[Wanted],
    unsupported: t.Sequence[t.Mapping[str, t.Any]],
    wishes: t.Sequence[Wish],
    on_unsupported: str,
) -> None:
    """Two wishes for one property would be set in turns for ever; a wish for none of the adapters is no success."""
    places: dict[tuple[str, str], Wanted] = {}
    for one in wanted:
        other = places.setdefault((one.adapter.name, one.target.keyword), one)
        if other is not one:
            raise RefusedError(
                f"{other.setting} and {one.setting} are the same property of {one.adapter.name}; wish for one of them. "
                "Nothing was written."
            )
    applying = {one.setting for one in wanted} | {row["setting"] for row in unsupported} | {"receive_buffers"}
    idle = [wish.setting for wish in wishes if wish.setting not in applying]
    if idle and on_unsupported not in ("ignore", "report"):
        raise RefusedError(f"None of the adapters that are meant has {', '.join(idle)} to be set. Nothing was written.")


def _chosen(
    client: Client, options: t.Mapping[str, t.Any], known: t.Sequence[adapters_of.Adapter]
) -> list[adapters_of.Adapter]:
    if options["adapters"]:
        patterns = [str(pattern) for pattern in options["adapters"]]
        idle = [pattern for pattern in patterns if not any(_matches(adapter, pattern) for adapter in known)]
        if idle:
            names = ", ".join(adapter.name for adapter in known) or "none"
            raise RefusedError(f"No network adapter of {client.host} matches {', '.join(idle)}; it has {names}.")
        return [adapter for adapter in known if any(_matches(adapter, pattern) for pattern in patterns)]
    networks = cluster.read_networks(client)
    meant = cluster.read_selected_networks(client, networks, options["cluster_network"])
    if len(meant) == len(networks) > 1:
        # The default of a cluster. Who says "the live-migration network" does not mean the management adapter.
        raise RefusedError(
            f"Live migration may use every network of the cluster of {client.host} ({', '.join(sorted(meant))}), "
            "so it is not clear which adapters are meant. Exclude the others in the live migration settings of "
            "the cluster, or name one with cluster_network."
        )
    node = cluster.read_own_node_name(client).casefold()
    guids = {
        interface.adapter_id
        for interface in cluster.read_interfaces(client)
        if interface.node.casefold() == node and interface.network in meant
    }
    chosen = [adapter for adapter in known if adapter.guid in guids]
    if not chosen:
        raise RefusedError(f"{client.host} has no adapter on {', '.join(sorted(meant))}.")
    return chosen


def _matches(adapter: adapters_of.Adapter, pattern: str) -> bool:
    return fnmatch.fnmatchcase(adapter.name.casefold(), pattern.casefold())


def _with_value(instance: Instance, value: str) -> Instance:
    return instance if _value_in(instance) == value else instance.replaced("RegistryValue", [value])


def _value_in(instance: Instance) -> str:
    return next(iter(instance.array("RegistryValue") or ()), "")
