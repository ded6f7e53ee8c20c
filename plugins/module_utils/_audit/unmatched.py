# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and wildcards of the operator that match nothing. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ..name_pattern import meant
from .relations import folded

if t.TYPE_CHECKING:
    from .acceptance import Acceptance
    from .catalogue import Catalogue
    from .facts import Subject
    from .judgement import Finding

_UNUSED = ("extra_without_servers", "leave_out_without_name")
_OF_MACHINES = ("virtual_machines", "excluded_virtual_machines")


def unmatched(
    known: Catalogue,
    names: t.Sequence[str],
    facts: t.Mapping[str, t.Any],
    findings: t.Sequence[Finding],
    acceptances: t.Iterable[Acceptance],
) -> list[str]:
    """A sentence for each setting of the operator that matches nothing. C(names) are those of virtual machines."""
    parameters = known.parameters
    sentences = [
        f"The parameter {parameter} has {pattern}, which matches no virtual machine that was read."
        for parameter in _OF_MACHINES
        for pattern in parameters.get(parameter) or []
        if str(pattern) != "*" and not meant(str(pattern), names)
    ]
    sentences += [
        f"The accepted finding ({one.title}) matches no finding."
        for one in acceptances
        if not any(one.covers(finding["rule"], finding["host"], finding["subject"]) for finding in findings)
        and not any(one.covers_host(host) for host in facts["hosts"])
    ]
    judged = {finding["rule"] for finding in findings}
    sentences += [
        f"The override (audit_rule_overrides) of the rule {rule} has no effect: the rule has no finding in this run."
        for rule in known.changed
        if rule not in judged
    ]
    return sentences + _of_forest(parameters, facts.get("forest") or {})


def machine_names(hosts: t.Iterable[Subject], clusters: t.Iterable[Subject]) -> list[str]:
    """The names of all virtual machines that were read."""
    parts = [host.document.get("host_info") or {} for host in hosts]
    parts += [cluster.document["cluster_info"]["cluster"] for cluster in clusters]
    return [str(row["name"]) for part in parts for row in part.get("virtual_machines") or [] if row.get("name")]


def _of_forest(parameters: t.Mapping[str, t.Any], forest: t.Mapping[str, t.Any]) -> list[str]:
    """A sentence for each name that the forest does not have, and for what the plan of SPNs could not use."""
    exchange = forest.get("exchange_info") or {}
    servers, arrays = exchange.get("servers"), exchange.get("client_access_arrays")
    checked: list[tuple[str, t.Iterable[t.Any], list[str] | None, str]] = [
        (
            "parameter exchange_builds",
            parameters.get("exchange_builds") or (),
            _names(servers, "name"),
            "Exchange server",
        ),
        ("parameter virtual_addresses", parameters.get("virtual_addresses") or (), _names(arrays, "fqdn"), "CAS array"),
    ]
    planned = (forest.get("principal_plan") or {}).get("findings") or ()
    return [str(row["text"]) for row in planned if row.get("kind") in _UNUSED] + [
        f"The {setting} has {name}, which is no {what} that was read."
        for setting, given, known, what in checked
        for name in given
        if known is not None and folded(name) not in known
    ]


def _names(rows: t.Any, key: str) -> list[str] | None:
    return None if not isinstance(rows, list) else [folded(row.get(key)) for row in rows]
