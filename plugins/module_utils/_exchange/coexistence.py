# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which generation has the service principal name of a host name while two are in use. Private to this collection.

A new generation is installed with the names of the old one, and clients are led to it later, by DNS or by the load
balancer. Until then the old servers must decrypt the tickets, so the name must be on their account.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .finding import Finding

if t.TYPE_CHECKING:
    from .._directory.spn import ServicePrincipalName
    from .lead import Leads
    from .published_names import Row
    from .spn_draft import Draft
    from .spn_overrides import Overrides


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A name that stays where it is, because it is not known to which generation its host name leads."""

    name: ServicePrincipalName
    reasons: tuple[str, ...]
    why: str


def settle(
    older: Draft, newer: Draft, leads: Leads, overrides: Overrides, accounts: t.Mapping[str, Row]
) -> list[Undecided]:
    """Keep each name in the draft to whose servers its host name leads, and return the names without a decision.

    A name in C(extra) is in the draft of that generation.
    """
    undecided = []
    for key in sorted({*older.names, *newer.names}):
        drafts = [draft for draft in (older, newer) if key in draft.names]
        pinned = [draft for draft in drafts if key in _keys(overrides.extra.get(draft.family, ()))]
        name = drafts[0].names[key][0]
        lead = leads.of(name.host.lower())
        if pinned:
            _keep(pinned[0], drafts, name, f"in extra for the account of {pinned[0].title}")
        elif name.service_class.lower() != "http":
            continue
        elif lead.family:
            owner = older if lead.family == older.family else newer
            other = newer if owner is older else older
            if key not in owner.names:
                owner.names[key] = other.names[key]
            owner.leads[key] = lead
            _keep(owner, [older, newer], name, f"on the account of {owner.title}: the name {lead.text}")
        elif len(drafts) == 2 or _has(accounts.get((newer if drafts[0] is older else older).family), key):
            why = f"{name.host} {lead.text}, so it is not known whether it leads to {older.title} or {newer.title}"
            reasons = tuple(dict.fromkeys(reason for draft in drafts for reason in draft.names[key][1]))
            undecided.append(Undecided(name=name, reasons=reasons, why=why))
            _keep(None, drafts, name, f"not decided: {why}")
        else:
            drafts[0].leads[key] = lead
    return undecided


def _keep(owner: Draft | None, drafts: t.Iterable[Draft], name: ServicePrincipalName, reason: str) -> None:
    for draft in drafts:
        if draft is not owner and name.key in draft.names:
            del draft.names[name.key]
            draft.left_out[name.host if str(name) == f"http/{name.host}" else str(name)] = reason


def findings(drafts: t.Sequence[Draft], undecided: t.Iterable[Undecided]) -> t.Iterator[Finding]:
    """Yield when to move each name that is shared by two generations, and the names without a decision."""
    for row in undecided:
        yield Finding(
            kind="undecided_name",
            about=(str(row.name),),
            text=f"{row.why}. {row.name} stays where it is.",
            remedy=f"Find out to which servers it leads, and list {row.name} in extra for that generation",
        )
    if len(drafts) == 2:
        older, newer = drafts
        for name in older.ordered:
            lead = older.leads.get(name.key)
            if lead and lead.family == older.family and name.host in newer.left_out:
                yield Finding(
                    kind="move_with_the_record",
                    about=(str(name),),
                    text=f"{name.host} is a name of {newer.title}, too, but {lead.text} of {older.title}. So {name} "
                    f"stays on the account of {older.title} until the name leads to {newer.title}.",
                    remedy="Run the role winha.cluster.exchange_kerberos with exchange_kerberos_on_conflict: move in "
                    f"the same hour in which you change the DNS record of {name.host}",
                )


def hosts_to_resolve(drafts: t.Sequence[Draft]) -> list[str]:
    """The host names that are planned. With two generations, also those of the servers, whose addresses decide."""
    hosts = {host for draft in drafts for host in draft.published_hosts}
    if len(drafts) > 1:
        hosts |= {server.fqdn.lower() for draft in drafts for server in draft.servers}
    return sorted(hosts - {""})


def _keys(names: t.Iterable[ServicePrincipalName]) -> set[str]:
    return {name.key for name in names}


def _has(account: Row | None, key: str) -> bool:
    return account is not None and any(str(spn).lower() == key for spn in account["spns"])
