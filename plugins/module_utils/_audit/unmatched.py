# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and wildcards of the operator that match nothing. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ..name_pattern import meant

if t.TYPE_CHECKING:
    from .acceptance import Acceptance
    from .facts import Subject
    from .judgement import Finding

_OF_MACHINES = ("virtual_machines", "excluded_virtual_machines")


def unmatched(
    hosts: t.Iterable[Subject],
    clusters: t.Iterable[Subject],
    parameters: t.Mapping[str, t.Any],
    findings: t.Sequence[Finding],
    acceptances: t.Iterable[Acceptance],
) -> list[str]:
    """A sentence for each name or wildcard that matches no virtual machine, and each acceptance without a finding."""
    parts = [host.document.get("host_info") or {} for host in hosts]
    parts += [cluster.document["cluster_info"]["cluster"] for cluster in clusters]
    names = [str(row["name"]) for part in parts for row in part.get("virtual_machines") or [] if row.get("name")]
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
    ]
    return sentences
