# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts that have SPNs, before an account gets them. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import TaskError
from .distinguished_name import domain_of
from .forest import Accounts
from .spn import PrincipalNameError, ServicePrincipalName

if t.TYPE_CHECKING:
    from .account import Account
    from .forest import Holder


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The account, the names by key, and the accounts of the forest that have them or a colliding name."""

    account: Account
    names: t.Mapping[str, ServicePrincipalName]
    holders: t.Mapping[str, tuple[Holder, ...]]
    collisions: t.Mapping[str, tuple[Holder, ...]]

    def others(self, key: str) -> list[Holder]:
        return [one for one in self.holders.get(key, ()) if one.dn.lower() != self.account.dn.lower()]

    def before(self, key: str) -> Accounts:
        """The accounts that have a name. For the account itself, the domain controller is authoritative."""
        has = any(spn.lower() == key for spn in self.account.principal_names)
        dns = {one.dn for one in self.others(key)} | ({self.account.dn} if has else set())
        return Accounts(sorted(dns, key=str.lower))


def parse_names(texts: t.Iterable[str]) -> tuple[dict[str, ServicePrincipalName], dict[str, str]]:
    """The names by key, and the problem of each text that is not a name."""
    names: dict[str, ServicePrincipalName] = {}
    problems: dict[str, str] = {}
    for text in texts:
        try:
            name = ServicePrincipalName.parse(text)
            names.setdefault(name.key, name)
        except PrincipalNameError as exc:
            problems[text] = str(exc)
    return names, problems


def refuse_invalid(problems: t.Mapping[str, str]) -> None:
    """Raise C(TaskError) if there are problems with the given names."""
    if problems:
        raise TaskError(f"spns contains invalid service principal names: {'; '.join(problems.values())}.")


def names_to_delete(
    account: Account, names: t.Mapping[str, ServicePrincipalName], options: t.Mapping[str, t.Any]
) -> list[str]:
    """The names of the account to delete, for the options C(state) and C(service_classes) of the module spn."""
    if options["state"] == "present":
        return []
    listed = [spn for spn in account.principal_names if spn.lower() in names]
    if options["state"] == "absent":
        return sorted(listed, key=str.lower)
    given = options["service_classes"]
    classes = {one.lower() for one in ({name.service_class for name in names.values()} if given is None else given)}
    others = [spn for spn in account.principal_names if spn not in listed]
    found = [spn for spn in others if "*" in classes or spn.partition("/")[0].lower() in classes]
    return sorted(found, key=str.lower)


def refuse_conflicts(state: State, on_conflict: str) -> None:
    """Raise C(TaskError) if another account has one of the names, or an equivalent SPN, and it must not be moved."""
    own, conflicts, movable = state.account, [], False
    for key, name in state.names.items():
        others = [one.dn for one in state.others(key)]
        in_other_domains = [dn for dn in others if domain_of(dn) != domain_of(own.dn)]
        if others and on_conflict == "fail":
            also = " as well as on the account itself" if own.dn in state.before(key) else ""
            conflicts.append(f"{name} is on {' and on '.join(others)}{also}")
            movable = movable or len(in_other_domains) < len(others)
        else:
            only = "which only a domain controller of"
            conflicts += [f"{name} is on {dn}, {only} {domain_of(dn)} can change" for dn in in_other_domains]
        equivalent = [one for one in state.collisions.get(key, ()) if one.dn.lower() != own.dn.lower()]
        conflicts += [f"{name} is equivalent to {other.spn}, which is on {other.dn}" for other in equivalent]
    if conflicts:
        move = ", or set on_conflict: move (same domain only, not for equivalent SPNs)" if movable else ""
        raise TaskError(
            f"Nothing was written for {own.name} ({own.dn}): {'; '.join(conflicts)}. Kerberos issues no tickets "
            f"for an SPN on two accounts. Delete the SPN from the other account{move}."
        )
