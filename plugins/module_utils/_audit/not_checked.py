# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit did not look at: hosts that could not be read, and what was left out. Private to this collection."""

from __future__ import annotations

import typing as t

from ..name_list import folded, listed
from ..name_pattern import meant
from .facts import HOST_PARTS

if t.TYPE_CHECKING:
    import datetime

    from .acceptance import Acceptance
    from .catalogue import Catalogue
    from .facts import Subject
    from .judgement import Finding

Row = dict[str, t.Any]
_WORDS = {
    "cluster_info": "the cluster",
    "host_info": "the host",
    "jumbo_path_info": "the paths to the other nodes",
    "net_adapter": "the live-migration adapters",
    "exchange_info": "the Exchange organization",
    "spn_info": "the service principal names",
    "dns_name_info": "the names of the CAS arrays",
    "published_name_info": "the host names of the URLs",
}


def unread(
    facts: t.Mapping[str, t.Any],
    findings: t.Sequence[Finding],
    acceptances: t.Sequence[Acceptance],
    today: datetime.date,
) -> list[Row]:
    """A row for each host that could not be read, and for each part of a host that could not be read.

    C(what) is empty for a host that did not answer at all. C(accepted) has the reason and the last day if an operator
    accepted the host, or accepted all findings that are unknown for this reason.
    """
    by_host: dict[str, list[Finding]] = {}
    for finding in findings:
        by_host.setdefault(finding["host"], []).append(finding)
    forests = {str(forest.get("host")): forest for forest in facts.get("forests") or ()}
    rows = []
    for name, host in facts["hosts"].items():
        for what, why in _problems(host, forests.get(name, {})):
            row = {"host": name, "what": what, "why": why}
            rows.append({**row, "accepted": _accepted(row, by_host.get(name, ()), acceptances, today)})
    return rows


def _problems(host: Row, forest: Row) -> t.Iterator[tuple[str, str]]:
    if host.get("reached") is False:
        yield "", str(host.get("why") or "The host did not answer.")
        return
    for source in (host, forest):
        for part in source.get("failed") or ():
            yield _WORDS[part], str((source.get(part) or {}).get("unknown"))
    for part in HOST_PARTS:
        missing = (host.get(part) or {}).get("unknown")
        for each in missing if isinstance(missing, list) else ():
            if isinstance(each, dict):
                yield f"{each.get('what')} of {_WORDS[part]}", str(each.get("why"))


def _accepted(
    row: Row, findings: t.Iterable[Finding], acceptances: t.Iterable[Acceptance], today: datetime.date
) -> Row | None:
    for one in acceptances:
        if one.covers_host(row["host"]) and one.until >= today:
            return one.as_report()
    caused = [
        finding
        for finding in findings
        if finding["why_unknown"] and (not row["what"] or finding["why_unknown"].rstrip(".") == row["why"].rstrip("."))
    ]
    is_covered = caused and all(finding["accepted"] for finding in caused)
    return t.cast("Row", caused[0]["accepted"]) if is_covered else None


def left_out(known: Catalogue, machines: t.Iterable[str], hosts: t.Iterable[Subject]) -> list[str]:
    """A sentence for each setting, with its value or its default, that left out something that exists."""
    sentences = []
    if known.disabled:
        sentences.append(
            f"{_many(len(known.disabled), 'rule is', 'rules are')} disabled (audit_rule_overrides): "
            f"{listed(known.disabled)}."
        )
    names = sorted(set(machines))
    given = known.parameters.get("virtual_machines") or ["*"]
    patterns = known.parameters.get("excluded_virtual_machines") or ()
    excluded = {each for pattern in patterns for each in meant(str(pattern), names)}
    others = set(names) - {each for pattern in given for each in meant(str(pattern), names)} - excluded
    for setting, found in (("excluded_virtual_machines", excluded), ("virtual_machines", others)):
        if found:
            sentences.append(
                f"{_many(len(found), 'virtual machine is', 'virtual machines are')} left out (parameter {setting}): "
                f"{folded(found)}."
            )
    not_asked = [host.name for host in hosts if host.document.get("asked") is False]
    if not_asked:
        sentences.append(
            f"{_many(len(not_asked), 'domain controller was', 'domain controllers were')} not read "
            f"(audit_domain_controllers_asked): {folded(not_asked)}."
        )
    return sentences


def _many(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
