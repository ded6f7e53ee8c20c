# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of clients in a datacenter switchover: what must hold before, and what was reached. Private to this
collection; pure.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..errors import TaskError

Mapping = t.Mapping[str, t.Any]
VARIABLE = "site_switchover_names"
# The service classes of the SPNs with which clients get tickets for a name, and the ports that they use by default.
_CLASSES = {"client_access_array": ("exchangeMDB", "exchangeRFR", "exchangeAB"), "web": ("http",)}
_PORTS = {"client_access_array": (135,), "web": (443,)}
BROWSER_MINUTES = 30


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name of clients: its addresses in the wanted site, those in all sites, and the ports that clients use."""

    name: str
    kind: str
    wanted: tuple[str, ...]
    known: frozenset[str]
    ports: tuple[int, ...]

    def row(self) -> dict[str, t.Any]:
        """The name for tasks: the addresses, the endpoints to check, and the SPNs to look for."""
        hosts = [f"[{one}]" if ":" in one else one for one in self.wanted]
        endpoints = [f"{host}:{port}" for host in hosts for port in self.ports]
        return {
            "name": self.name,
            "addresses": list(self.wanted),
            "endpoints": endpoints,
            "services": dict.fromkeys(endpoints, self.name),
            "spns": [f"{service_class}/{self.name}" for service_class in _CLASSES[self.kind]],
        }


def read_names(given: Mapping, to: str) -> list[Name]:
    """The names of the variable, for the site C(to). Raises C(TaskError) with a sentence for each mistake."""
    problems: list[str] = []
    found = []
    if not given:
        problems.append(f"{VARIABLE} is empty. Set it to the names with their addresses in each site.")
    for name, body in given.items():
        try:
            found.append(_name(str(name).lower().rstrip("."), body, to))
        except TaskError as error:
            problems.append(str(error))
    if problems:
        raise TaskError(" ".join(problems))
    return found


def _name(name: str, body: t.Any, to: str) -> Name:
    where = f"{name} in {VARIABLE}"
    if not isinstance(body, t.Mapping) or not isinstance(body.get("addresses"), t.Mapping):
        raise TaskError(f"{where} has no addresses. Set addresses to a mapping from each site to its addresses.")
    if strangers := sorted(set(map(str, body)) - {"addresses", "kind", "ports"}):
        raise TaskError(
            f"{where} has {', '.join(strangers)}, which is not known. Valid keys are addresses, kind and ports."
        )
    kind = str(body.get("kind", "web"))
    if kind not in _CLASSES:
        raise TaskError(f"{where} has the kind {kind}. Valid kinds are {' and '.join(_CLASSES)}.")
    sites = {str(site): _addresses(where, one) for site, one in body["addresses"].items()}
    if to not in sites:
        known = ", ".join(sites) or "none"
        raise TaskError(f"{where} has no addresses in the site {to}. Its sites are: {known}.")
    ports = body.get("ports") or _PORTS[kind]
    try:
        numbers = tuple(int(port) for port in ports)
    except (TypeError, ValueError) as exc:
        raise TaskError(f"{where} has ports that are not a list of numbers.") from exc
    known_addresses = frozenset(address for addresses in sites.values() for address in addresses)
    return Name(name=name, kind=kind, wanted=sites[to], known=known_addresses, ports=numbers)


def _addresses(where: str, given: t.Any) -> tuple[str, ...]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, (list, tuple)) or not texts:
        raise TaskError(f"{where} has a site without addresses.")
    try:
        found = {ipaddress.ip_address(str(text).strip()) for text in texts}
    except ValueError as exc:
        raise TaskError(f"{where} has an address that is not valid: {exc}.") from exc
    return tuple(str(one) for one in sorted(found, key=lambda one: (one.version, int(one))))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What forbids the change and what has to be told before it.

    C(expected) has the addresses that were read, by the label of each name and server: what somebody changes until the
    write is not overwritten. C(hold_seconds) is how long clients may use an old address after the change.
    C(current) has the addresses of the names on which all servers agree, and C(apart) the other names. C(longest_ttl)
    is that of all records.
    """

    problems: tuple[str, ...]
    notes: tuple[str, ...]
    expected: t.Mapping[str, list[str]]
    hold_seconds: int
    current: t.Mapping[str, list[str]]
    apart: tuple[str, ...]
    longest_ttl: int


def plan(
    names: t.Sequence[Name],
    records: t.Sequence[Mapping],
    endpoints: t.Sequence[Mapping],
    stored: t.Sequence[Mapping] | None,
) -> Plan:
    """Judge what was read before the change.

    C(records) are those of M(winha.cluster.dns_address) in check mode. C(stored) are the names of
    M(winha.cluster.dns_record_info), or C(None) if they were not read.
    """
    read = [row for row in records if row["before"] is not None]
    problems = [str(row["msg"]) for row in records if row["before"] is None]
    problems += closed_ports(names, endpoints)
    notes: list[str] = []
    changing = {row["name"] for row in read if row["result"] != "compliant"}
    for each in stored or ():
        if each["name"] in changing and each["writable"] is False:
            problems.append(
                f"The account may not write the records of {each['name']}. Give it the permission to write "
                f"{each['dn']}."
            )
        notes += _scavenging(each, will_change=each["name"] in changing)
    if stored is None and changing:
        notes.append(
            "Whether a record is static was not read, because site_switchover_directory is not set. The update gives a "
            "static record a time stamp, so scavenging can delete it if aging is on in its zone."
        )
    for name in names:
        rows = [row for row in read if row["name"] == name.name]
        unknown = {row["server"]: [one for one in row["before"] if one not in name.known] for row in rows}
        strange = {server: found for server, found in unknown.items() if found}
        problems += [
            f"On {server}, {name.name} has {_list(found)}, which {VARIABLE} does not have. Somebody changed the "
            "record, or the variable is wrong. Correct one of them."
            for server, found in strange.items()
        ]
        if len({tuple(row["before"]) for row in rows}) > 1 and not strange:
            found = " and ".join(f"{_list(row['before'])} on {row['server']}" for row in rows)
            notes.append(f"The DNS servers do not agree: {name.name} has {found}. This run sets it on each server.")
        if rows and not any(row["before"] for row in rows):
            notes.append(f"{name.name} has no address yet. This run creates it, and the account becomes its owner.")
    every = {name.name: {tuple(row["before"]) for row in read if row["name"] == name.name} for name in names}
    held = [row for row in read for name in names if row["name"] == name.name and _leaves(row, name)]
    hold = max((row["ttl_before"] or 0 for row in held), default=0)
    limits = {row["name"]: row["ttl"] for row in read}
    for name in names:
        longest = max((row["ttl_before"] or 0 for row in held if row["name"] == name.name), default=0)
        if longest > (limits.get(name.name) or longest):
            notes.append(
                f"The TTL of {name.name} is {longest} s, so clients may use the old address for up to {longest} s "
                f"after the change. Run winha.cluster.switchover_prepare at least {longest} s before a planned "
                "switchover."
            )
    return Plan(
        problems=tuple(dict.fromkeys(problems)),
        notes=tuple(notes),
        expected={f"{row['name']} on {row['server']}": list(row["before"]) for row in read},
        hold_seconds=hold,
        current={name: list(next(iter(sets))) for name, sets in every.items() if len(sets) == 1 and any(sets)},
        apart=tuple(name for name, sets in every.items() if len(sets) > 1),
        longest_ttl=max((row["ttl_before"] or 0 for row in read), default=0),
    )


def _scavenging(stored: Mapping, *, will_change: bool) -> t.Iterator[str]:
    """What an update means for the time stamp of a record, as a sentence."""
    becomes = stored["static"] and will_change
    if not becomes and (stored["static"] is not False or not stored["aging"]):
        return
    hours = (stored["no_refresh_hours"] or 0) + (stored["refresh_hours"] or 0)
    begin = (
        f"{stored['name']} is a static record. The update gives it a time stamp"
        if becomes
        else f"{stored['name']} is a dynamic record"
    )
    if stored["aging"]:
        yield (
            f"{begin}, and aging is on in {stored['zone']}: scavenging can delete it {hours} hours after its last "
            "update. Make it static again after the switchover, or update it in time."
        )
    else:
        yield (
            f"{begin}. Aging is off in {stored['zone']}, so nothing deletes it. If aging is turned on, scavenging can "
            "delete it."
        )


def _leaves(row: Mapping, name: Name) -> bool:
    """Whether clients of this server may have an address that the name loses."""
    return not set(row["before"]) <= set(name.wanted)


def closed_ports(names: t.Sequence[Name], endpoints: t.Sequence[Mapping]) -> list[str]:
    """A sentence for each port of an address of the wanted site on which no service responds."""
    states = {(str(row["address"]), int(row["port"])): row for row in endpoints}
    problems = []
    for name in names:
        for address in name.wanted:
            for port in name.ports:
                row = states.get((address, port))
                where = f"The new address {address} of {name.name} "
                if row is None or row["open"] is not True:
                    why = row["why"] if row else "it was not tested"
                    problems.append(
                        f"{where}does not accept connections on port {port}: {why}. Check the virtual service on the "
                        "load balancer and the firewalls."
                    )
                elif row["responds"] is False:
                    problems.append(
                        f"{where}has no working service on port {port}: {row['why']}. Check the servers behind the "
                        "load balancer. If the service is right, set site_switchover_services to false, and only the "
                        "port is checked."
                    )
    return problems


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was reached: what is wrong, and what has to be told."""

    problems: tuple[str, ...]
    notes: tuple[str, ...]


def judge(
    names: t.Sequence[Name],
    *,
    endpoints: t.Sequence[Mapping],
    resolvers: t.Mapping[str, t.Sequence[Mapping]],
    spns: t.Sequence[Mapping] | None,
    hold_seconds: int,
) -> Result:
    """Judge what was read after the change.

    C(resolvers) has the rows of M(winha.cluster.dns_name_info) by the address of the resolver. C(spns) are those of
    M(winha.cluster.spn_info), or C(None) if they were not read.
    """
    problems = closed_ports(names, endpoints)
    notes = [_time(hold_seconds)]
    by_name = {name.name: name for name in names}
    for resolver, rows in resolvers.items():
        for row in rows:
            name = by_name[row["name"]]
            if row["unknown"]:
                notes.append(f"The resolver {resolver} did not return {name.name}: {row['unknown']}")
            elif set(row["addresses"]) != set(name.wanted):
                notes.append(
                    f"The resolver {resolver} still returns {_list(row['addresses'])} for {name.name}, for up to "
                    f"{row['ttl'] or 0} s. Clients that use it get the new address later."
                )
    if spns is None:
        notes.append("The SPNs were not checked, because site_switchover_directory is not set.")
    holders = {str(row["spn"]).lower(): list(row["accounts"]) for row in spns or ()}
    for name in names:
        wanted = name.row()["spns"] if spns is not None else []
        missing = [spn for spn in wanted if not holders.get(spn.lower())]
        if missing:
            notes.append(
                f"No account has the SPN {_list(missing)}, so clients of {name.name} use NTLM. The role "
                "exchange_kerberos registers it."
            )
        problems += [
            f"The SPN {spn} is on {' and '.join(holders[spn.lower()])}, so clients get no Kerberos ticket for it. "
            "Delete it from all accounts but one."
            for spn in wanted
            if len(holders.get(spn.lower(), ())) > 1
        ]
    return Result(problems=tuple(problems), notes=tuple(notes))


def _time(hold_seconds: int) -> str:
    if not hold_seconds:
        return "No client can have an old address, so clients need not wait."
    return (
        f"After at most {hold_seconds} s, the TTL of the old record, all clients use the new address. Browsers may "
        f"keep an address for about {BROWSER_MINUTES} minutes, even if the TTL is shorter. On one client: "
        "ipconfig /flushdns."
    )


def _list(texts: t.Iterable[str]) -> str:
    return ", ".join(texts) or "no address"
