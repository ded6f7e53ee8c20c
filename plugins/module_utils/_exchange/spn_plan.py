# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the service principal names of the alternate service accounts of an Exchange organization.

Private to this collection; no I/O. Sources: Microsoft's articles on Kerberos for load-balanced Client Access servers,
for Exchange 2010 (KB2688772 and the help) and for 2013 and later.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from ..name_list import listed
from . import coexistence
from .finding import Finding
from .lead import Leads
from .published_names import FAMILIES, read_published_names
from .spn_accounts import compare, read_accounts
from .spn_draft import Draft
from .spn_findings import findings
from .spn_overrides import Overrides


def plan(
    exchange: object,
    *,
    generations: t.Iterable[str] | None = None,
    services: t.Iterable[str] | None = None,
    extra: t.Mapping[str, t.Iterable[str]] | None = None,
    leave_out: t.Iterable[str] | None = None,
    accounts: t.Mapping[t.Any, t.Any] | None = None,
    dns: object = None,
) -> dict[str, t.Any]:
    """Plan the names of each generation with reasons, the names that are left out with reasons, and the findings.

    C(exchange) is the result of M(winha.cluster.exchange_info). C(accounts) has the account of each generation, as
    M(winha.cluster.spn_info) returns it. C(dns) are the names that M(winha.cluster.dns_name_info) returns. While two
    generations are in use, a name is on the account of the one to whose servers it leads. Raises C(PlanError) and
    C(ExchangeInputError).
    """
    account_rows = read_accounts(accounts)
    overrides = Overrides.read(generations=generations, services=services, extra=extra, leave_out=leave_out)
    published_names = read_published_names(exchange)
    leads = Leads(dns, published_names)
    drafts = [
        Draft(published_names, family, overrides, leads) for family in FAMILIES if published_names.client_access(family)
    ]
    undecided = [
        row
        for older, newer in itertools.pairwise(drafts)
        for row in coexistence.settle(older, newer, leads, overrides, account_rows or {})
    ]
    planned = {host for draft in drafts for host in draft.web_hosts}
    for draft in drafts:
        draft.add_left_out(planned)
    rows = {draft.family: draft.result() for draft in drafts if draft.family in overrides.generations}
    if account_rows is not None:
        needed = {draft.family: draft.ordered for draft in drafts}
        for family in rows:
            others = [
                name
                for other, names in (*needed.items(), *overrides.extra.items())
                if other != family
                for name in names
            ] + [row.name for row in undecided]
            rows[family] |= compare(account_rows.get(family), needed[family], others)
    found = [
        *findings(published_names, overrides.counted, leads),
        *coexistence.findings(drafts, undecided),
        *_extra_without_servers(drafts, overrides),
        *_unused_leave_out(drafts, overrides),
    ]
    return {
        "generations": [*rows.values()],
        "undecided": [{"name": str(row.name), "reasons": list(row.reasons), "why": row.why} for row in undecided],
        "hosts_to_resolve": coexistence.hosts_to_resolve(drafts),
        "findings": [{**dataclasses.asdict(each), "about": list(each.about)} for each in found],
    }


def _extra_without_servers(drafts: t.Iterable[Draft], overrides: Overrides) -> t.Iterator[Finding]:
    families = {draft.family for draft in drafts}
    for family, wanted in overrides.extra.items():
        names = [str(name) for name in wanted]
        if names and family not in families:
            yield Finding(
                kind="extra_without_servers",
                about=tuple(names),
                text=f"extra has {listed(names)} for Exchange {family}, but no server of that generation is known.",
                remedy="Run Get-ExchangeServer | Format-Table Name, AdminDisplayVersion, ServerRole",
            )


def _unused_leave_out(drafts: t.Iterable[Draft], overrides: Overrides) -> t.Iterator[Finding]:
    """Find entries of C(leave_out) without effect. They are usually misspelled, so the intended name is planned."""
    used = {name.lower() for draft in drafts for name in draft.left_out}
    for key, text in sorted(overrides.leave_out.items()):
        if key not in used:
            yield Finding(
                kind="leave_out_without_name",
                about=(text,),
                text=f"{text} is in leave_out, but no host name in the Exchange URLs matches it.",
                remedy="Correct it in leave_out, or remove it",
            )
