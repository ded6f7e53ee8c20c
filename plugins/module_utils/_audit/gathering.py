# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks registered, as the facts of an audit. Private to this collection; pure.

A task that failed, was skipped or could not reach its host leaves a sentence where its results would be.
"""

from __future__ import annotations

import typing as t

from .._exchange.published_names import ExchangeInputError
from .._exchange.spn_overrides import PlanError
from .._exchange.spn_plan import plan
from .._windows.cluster import NOT_CLUSTERED
from .facts import OF_CLUSTERS
from .wording import sentence

HOST_PARTS = ("cluster_info", "host_info", "jumbo_path_info", "net_adapter")
FOREST_PARTS = ("exchange_info", "spn_info", "dns_name_info")
_OF_ANSIBLE = {
    "ansible_facts", "attempts", "changed", "deprecations", "diff", "failed", "failed_when_result", "invocation", "msg",
    "skip_reason", "skipped", "unreachable", "warnings",
}  # fmt: skip
# What each kind of host is asked.
_ASKED = {
    "hyperv_host": HOST_PARTS,
    "dag_member": ("cluster_info", "host_info"),
    "domain_controller": (),
}

Facts = dict[str, t.Any]


def facts_of(
    hosts: t.Iterable[t.Mapping[str, t.Any]],
    *,
    groups: t.Mapping[str, str],
    prefix: str,
    title: str,
    gathered: str,
    planned: t.Mapping[str, t.Any],
) -> Facts:
    """The facts of a run.

    C(hosts) are the variables of each host, C(groups) the inventory group of each kind, and a part is what was
    registered under its name after C(prefix). C(planned) are the options of the plan of service principal names.
    """
    found: dict[str, Facts] = {}
    forests: list[Facts] = []
    for variables in hosts:
        name = str(variables["inventory_hostname"])
        kinds = [kind for kind, group in groups.items() if group in variables["group_names"]]
        registered = {part: _registered(variables, prefix + part) for part in (*HOST_PARTS, *FOREST_PARTS)}
        asked = {part for kind in kinds for part in _ASKED[kind]}
        found[name] = _host(name, kinds, {part: registered[part] for part in HOST_PARTS if part in asked}, registered)
        if "domain_controller" in kinds and registered["exchange_info"] is not None:
            told = {part: _told(name, part, registered[part]) for part in FOREST_PARTS}
            forests.append({"host": name, **_planned(told, planned)})
    # The first that could tell about Exchange counts, else the first that was asked.
    known = [forest for forest in forests if not isinstance(forest["exchange_info"].get("unknown"), str)]
    forest = next(iter(known or forests), None)
    return {"title": title, "gathered": gathered, "hosts": found, **({"forest": forest} if forest else {})}


def plain(value: t.Any) -> t.Any:
    """The value in plain kinds, as JSON has them; dates become text."""
    if isinstance(value, t.Mapping):
        return {_text(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return _text(value)


def _text(value: t.Any) -> str:
    """Text as it is; what Ansible holds for unsafe would stay its own kind through str()."""
    return str.__str__(value) if isinstance(value, str) else str(value)


def _registered(variables: t.Mapping[str, t.Any], name: str) -> Facts | None:
    value = plain(variables[name]) if name in variables else None
    return value if isinstance(value, dict) else None


def _host(
    name: str, kinds: list[str], parts: t.Mapping[str, Facts | None], registered: t.Mapping[str, Facts | None]
) -> Facts:
    away = [part for part in registered.values() if part and part.get("unreachable")]
    why = sentence(str(away[0].get("msg") or f"{name} did not answer")) if away else None
    reached = not away or any(_told_something(part) for part in registered.values())
    alone = NOT_CLUSTERED in str((parts.get("cluster_info") or {}).get("msg"))
    standalone = f"{name} {NOT_CLUSTERED}." if alone else None
    told = {
        part: _told(name, part, result, standalone if standalone and part in OF_CLUSTERS else why)
        for part, result in parts.items()
    }
    if standalone:
        told["cluster_info"] = {"unknown": standalone}
    if standalone and "dag_member" in kinds:
        told["cluster_info"] = {"unknown": f"The inventory calls {name} a member of a DAG, and {standalone}"}
        standalone = None
    return {"kinds": kinds, "reached": reached, "why": None if reached else why, "standalone": standalone, **told}


def _told_something(result: Facts | None) -> bool:
    return result is not None and not any(result.get(key) for key in ("failed", "skipped", "unreachable"))


def _told(name: str, part: str, result: Facts | None, why: str | None = None) -> Facts:
    """The results, or why there are none."""
    if result is None:
        return {"unknown": why or f"{name} was not asked for {part}."}
    if result.get("failed") or result.get("unreachable"):
        return {"unknown": sentence(str(result.get("msg") or f"{part} of {name} failed without a reason"))}
    if result.get("skipped"):
        return {"unknown": why or f"{name} was not asked for {part}, because what comes before it is unknown."}
    return {key: value for key, value in result.items() if key not in _OF_ANSIBLE}


def _planned(told: dict[str, Facts], planned: t.Mapping[str, t.Any]) -> dict[str, Facts]:
    """The parts of a forest with the plan of its service principal names; without an array, DNS is asked nothing."""
    exchange = told["exchange_info"]
    if isinstance(exchange.get("unknown"), str):
        return {**told, "principal_plan": exchange}
    if exchange.get("client_access_arrays") == []:
        told = {**told, "dns_name_info": {"names": []}}
    try:
        return {**told, "principal_plan": plan(exchange, **planned)}
    except (PlanError, ExchangeInputError) as error:
        return {**told, "principal_plan": {"unknown": sentence(str(error))}}
