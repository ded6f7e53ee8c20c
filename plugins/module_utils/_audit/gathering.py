# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the facts of an audit from registered results of tasks. Private to this collection; pure.

If a task failed, was skipped or could not reach its host, its part has a sentence with the reason.
"""

from __future__ import annotations

import contextlib
import json
import typing as t

from .._windows.cluster import NOT_CLUSTERED
from .facts import CLUSTER_PARTS, FOREST_PARTS, HOST_PARTS, VERSION, in_order
from .wording import sentence

_ANSIBLE_KEYS = {
    "ansible_facts", "attempts", "changed", "changed_when_result", "deprecations", "diff", "failed",
    "failed_when_result", "invocation", "msg", "skip_reason", "skipped", "unreachable", "warnings",
}  # fmt: skip
# The parts of each kind of host.
_PARTS = {
    "hyperv_host": HOST_PARTS,
    "dag_member": ("cluster_info", "host_info"),
    "domain_controller": (),
}

VISIT = "audit_host_info"  # the module that runs those of all parts of a host in one session

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
    """The facts of a run, with nothing in the facts of a host that depends on other hosts.

    C(hosts) are the variables of each host, C(groups) the inventory group of each kind. The result of a part is
    registered as C(prefix) and its name. C(planned) are the options of the plan of service principal names.
    """
    found: dict[str, Facts] = {}
    forests: list[Facts] = []
    for variables in hosts:
        name = str(variables["inventory_hostname"])
        kinds = [kind for kind, group in groups.items() if group in variables["group_names"]]
        registered = {part: _registered(variables, prefix + part) for part in (*HOST_PARTS, *FOREST_PARTS)}
        registered |= _visited(_registered(variables, f"{prefix}host_results"))
        own = {part for kind in kinds for part in _PARTS[kind]}
        parts = {part: registered[part] for part in HOST_PARTS if part in own}
        found[name] = {"gathered": gathered, **_host(name, kinds, parts, registered)}
        if "domain_controller" in kinds and registered["exchange_info"] is not None:
            forests.append(
                {
                    "host": name,
                    "place": len(forests),
                    "gathered": gathered,
                    "failed": [part for part in FOREST_PARTS if _has_failed(registered[part])],
                    **{part: _results_or_reason(name, part, registered[part]) for part in FOREST_PARTS},
                }
            )
    known = {"title": title, "gathered": gathered, "planned": plain(planned)}
    return {"version": VERSION, **known, "hosts": in_order(found), "forests": forests}


def plain(value: t.Any) -> t.Any:
    """The value in the types of JSON; dates become text."""
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
    """Plain text; str() would keep the type of unsafe text of Ansible."""
    return str.__str__(value) if isinstance(value, str) else str(value)


def _registered(variables: t.Mapping[str, t.Any], name: str) -> Facts | None:
    value = plain(variables[name]) if name in variables else None
    return value if isinstance(value, dict) else None


def _visited(result: Facts | None) -> dict[str, Facts | None]:
    """The result of each module that one task has run; of a task that failed before, its own for each of them."""
    if result is None or result.get("skipped"):
        return {}
    text = result.get("results")
    if not isinstance(text, str):
        return dict.fromkeys(HOST_PARTS, result)
    with contextlib.suppress(ValueError):
        results = json.loads(text)
        return {part: results.get(part) for part in HOST_PARTS}
    return {part: {"failed": True, "msg": f"The result of {VISIT} is not JSON"} for part in HOST_PARTS}


def _host(
    name: str, kinds: list[str], parts: t.Mapping[str, Facts | None], registered: t.Mapping[str, Facts | None]
) -> Facts:
    unreachable = [part for part in registered.values() if part and part.get("unreachable")]
    why = sentence(str(unreachable[0].get("msg") or f"{name} did not answer")) if unreachable else None
    reached = not unreachable or any(_has_results(part) for part in registered.values())
    is_standalone = NOT_CLUSTERED in str((parts.get("cluster_info") or {}).get("msg"))
    standalone = f"{name} {NOT_CLUSTERED}." if is_standalone else None
    found = {
        part: _results_or_reason(name, part, result, standalone if standalone and part in CLUSTER_PARTS else why)
        for part, result in parts.items()
    }
    if standalone:
        found["cluster_info"] = {"unknown": standalone}
    if standalone and "dag_member" in kinds:
        found["cluster_info"] = {"unknown": f"{name} is a DAG member in the inventory, but {standalone}"}
        standalone = None
    # A part without a result was never read: its host left the play before.
    failed = [part for part, result in parts.items() if result is None or _has_failed(result)]
    return {
        "kinds": kinds,
        "asked": bool(parts) or any(result is not None for result in registered.values()),
        "reached": reached,
        "why": None if reached else why,
        "standalone": standalone,
        "failed": [part for part in failed if not standalone or part != "cluster_info"],
        **found,
    }


def _has_failed(result: Facts | None) -> bool:
    return result is not None and bool(result.get("failed") or result.get("unreachable"))


def _has_results(result: Facts | None) -> bool:
    return result is not None and not any(result.get(key) for key in ("failed", "skipped", "unreachable"))


def _results_or_reason(name: str, part: str, result: Facts | None, why: str | None = None) -> Facts:
    """The results, or the reason why there are none."""
    if result is None:
        return {"unknown": why or f"{part} was not read on {name}."}
    if result.get("failed") or result.get("unreachable"):
        return {"unknown": sentence(str(result.get("msg") or f"{part} failed on {name} without a reason"))}
    if result.get("skipped"):
        return {"unknown": why or f"{part} was not read on {name}, because a result that it needs is unknown."}
    return {key: value for key, value in result.items() if key not in _ANSIBLE_KEYS}
