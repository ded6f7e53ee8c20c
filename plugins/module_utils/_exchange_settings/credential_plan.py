# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which credentials of the alternate service account to add, roll or delete. Private to this collection; no I/O."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._psrp.values import Secret
from ..errors import TaskError
from ..name_list import folded, listed
from ..plan import Change, Plan, Step
from .service_account import MISSING, OUTDATED, PRESENT, ROLLED, Keeper, is_same_account, new_password

if t.TYPE_CHECKING:
    from .._directory.account import Account

PASSWORD, CREDENTIAL = "password", "credential"
NEW = "new"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is wanted, the servers, and for a roll the account in Active Directory and how to open a session there."""

    wanted: str
    account: str
    password: Secret | None
    not_before: datetime.datetime | None
    keepers: tuple[Keeper, ...]
    controller: str | None = None
    in_directory: Account | None = None
    open_directory: t.Callable[..., t.Any] | None = dataclasses.field(default=None, repr=False)

    def keeper(self, fqdn: str) -> Keeper:
        return next(one for one in self.keepers if one.fqdn == fqdn)


def not_before(password_last_set: str | None, tolerance_minutes: int) -> datetime.datetime | None:
    """The time before which a credential is outdated. Raises C(TaskError) for a text that is no time."""
    if not password_last_set:
        return None
    try:
        found = datetime.datetime.strptime(password_last_set, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
        return found - datetime.timedelta(minutes=tolerance_minutes)
    except (ValueError, OverflowError) as exc:
        raise TaskError(
            f"password_last_set is {password_last_set}. Write it as spn_info returns it, such as 2026-01-31T12:00:00Z."
        ) from exc


def password_of(state: str, given: str | None) -> Secret | None:
    """The password to add: the given one, or a new one for a roll."""
    if given:
        return Secret(given)
    return Secret(new_password()) if state == ROLLED else None


def check_roll(keepers: t.Iterable[Keeper], listed_servers: t.Sequence[Keeper], account: str) -> None:
    """Raises C(TaskError) if another server has the credential: the new password would end its Kerberos."""
    names = {one.fqdn.casefold() for one in listed_servers}
    left_out = [one for one in keepers if one.fqdn.casefold() not in names]
    users = [one.name for one in left_out if any(is_same_account(entry.account, account) for entry in one.entries)]
    if users:
        raise TaskError(
            f"{folded(users)} also {'have' if users[1:] else 'has'} the credential of {account}, and could not decrypt "
            f"tickets after the new password is set. Add {'them' if users[1:] else 'it'} to servers. Nothing was "
            "written."
        )


def check_account(account: Account, name: str) -> None:
    """Raises C(TaskError) for an account whose password must not be set."""
    if account.kind not in ("user", "computer"):
        raise TaskError(
            f"{account.dn} is a managed service account, whose password Windows sets. Exchange does not support it as "
            "alternate service account. Nothing was written."
        )
    if not account.enabled:
        raise TaskError(f"{name} ({account.dn}) is disabled. Enable it first. Nothing was written.")


def plan(state: State) -> Plan:
    """One step for each server, and for a roll at last the password. After a failed step nothing more is written."""
    if state.wanted == "absent":
        changes = [_change(one, state, MISSING) for one in state.keepers if one.status(state.account, None) != MISSING]
        shared = {one.name: one.others(state.account) for one in state.keepers if one.others(state.account)}
        hit = {each.details["thing"] for each in changes} & set(shared)
        if hit:
            accounts = sorted({account for name in hit for account in shared[name]})
            raise TaskError(
                f"{folded(hit)} also {'have' if hit - {min(hit)} else 'has'} the credential of {listed(accounts)}, and "
                "Exchange deletes all credentials of a server together. Nothing was written."
            )
    elif state.wanted == ROLLED:
        changes = [_change(one, state, ROLLED) for one in state.keepers]
        if state.in_directory:
            changes.append(_password_change(state.account, state.in_directory))
    else:
        changes = [
            _change(one, state, PRESENT)
            for one in state.keepers
            if one.status(state.account, state.not_before) != PRESENT
        ]
        if changes and state.password is None:
            raise TaskError(
                f"{folded(each.details['thing'] for each in changes)} {'have' if changes[1:] else 'has'} no current "
                f"credential of {state.account}. Set credential_password. Nothing was written."
            )
    return Plan(
        title="Credential of the alternate service account",
        steps=tuple(Step((change,)) for change in changes),
        ordered=True,
    )


def _change(keeper: Keeper, state: State, after: str) -> Change:
    return Change(
        label=label_of(keeper),
        before=keeper.status(state.account, state.not_before),
        after=after,
        details={"thing": keeper.name, "id": keeper.fqdn, "setting": CREDENTIAL},
    )


def label_of(keeper: Keeper) -> str:
    """What the change of a server is called."""
    return f"{keeper.name} {CREDENTIAL}"


def _password_change(name: str, account: Account) -> Change:
    return Change(
        label=f"{name} {PASSWORD}",
        before=time_of(account),
        after=NEW,
        details={"thing": name, "id": account.dn, "setting": PASSWORD},
    )


def time_of(account: Account) -> str:
    """When the password was set, as the value of a change."""
    return f"set {account.password_last_set}" if account.password_last_set else "never set"


def needs_clean_up(keeper: Keeper, state: State) -> bool:
    """Whether credentials that cannot sign in are deleted first: those of earlier passwords."""
    return state.wanted == ROLLED or keeper.status(state.account, state.not_before) == OUTDATED


def value_now(before: Keeper, now: Keeper, state: State) -> str:
    """The value of a server as read back."""
    if state.wanted == ROLLED and now.has_new(state.account, before):
        return ROLLED
    return now.status(state.account, state.not_before)
