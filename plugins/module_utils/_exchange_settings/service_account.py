# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credential of the alternate service account on Exchange servers. Private to this collection.

Each server keeps its own, and only a session with that server can write it. The password cannot be read: whether a
credential is deployed is known, whether it is right is not.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import secrets
import string
import typing as t

from .._psrp.values import Credential, PsObject
from ..errors import ResponseLost, TaskError
from .client_access import read_objects
from .writing import with_controller

if t.TYPE_CHECKING:
    from .._psrp.port import Shell
    from .._psrp.values import Parameters, Secret, Value

PRESENT, MISSING, OUTDATED, ROLLED = "present", "missing", "outdated", "rolled"
PROPERTY = "AlternateServiceAccountConfiguration"
STATUS: t.Final[Parameters] = {"IncludeAlternateServiceAccountCredentialStatus": True}
_QUALIFIED = re.compile(r"[^\\/@\s]+\\[^\\/@\s]+")
_LINE = re.compile(r"(?:Latest|Previous):\s*(?P<stamp>[^<\n]*?),\s*(?P<account>[^\\,\n]+\\\S+)")
_LENGTH = 73  # as that of the script of Exchange


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A credential that a server keeps; C(stamp) is when it was added, as text, and C(added) as a time if known."""

    account: str
    stamp: str
    added: datetime.datetime | None = None
    valid: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """A server with its credentials, the newest first; C(noun) is that of its cmdlets."""

    name: str
    fqdn: str
    noun: str
    entries: tuple[Entry, ...]

    def has_new(self, account: str, before: Keeper) -> bool:
        """Whether the newest credential of an account was added since."""
        own = self.of(account)
        return bool(own) and own[0].stamp not in {entry.stamp for entry in before.entries}

    def of(self, account: str) -> list[Entry]:
        """The credentials of an account that the server can use."""
        return [entry for entry in self.entries if entry.valid and is_same_account(entry.account, account)]

    def others(self, account: str) -> list[str]:
        """The other accounts with a credential."""
        return sorted({entry.account for entry in self.entries if not is_same_account(entry.account, account)})

    def status(self, account: str, not_before: datetime.datetime | None) -> str:
        """Whether the credential of an account is there; outdated if it was added before a time."""
        own = self.of(account)
        if not own:
            return MISSING
        newest = own[0].added
        return OUTDATED if not_before and newest and newest < not_before else PRESENT


def check_name(account: str) -> None:
    """Raises C(TaskError) for a name that Exchange does not take."""
    if not _QUALIFIED.fullmatch(account):
        raise TaskError(
            rf"account is {account}, and Exchange takes only DOMAIN\name. Write it in this form, for a computer with "
            "the dollar sign. Nothing was written."
        )


def is_same_account(one: str, other: str) -> bool:
    """Whether two names are of one account. The domain may be a NetBIOS or a DNS name."""
    (domain, _mark, name), (other_domain, _mark, other_name) = (
        text.casefold().partition("\\") for text in (one, other)
    )
    return name == other_name and domain.partition(".")[0] == other_domain.partition(".")[0]


def new_password() -> str:
    """A random password with every kind of character that a password policy can demand."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!#%+,-.:=?@_")
    characters = [secrets.choice(kind) for kind in kinds]
    characters += [secrets.choice("".join(kinds)) for _each in range(_LENGTH - len(kinds))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def read_keeper(shell: Shell, fqdn: str, controller: str | None) -> Keeper:
    """The credentials of one server, in a session with it. Raises C(TaskError) and C(ServerError)."""
    noun, objects = read_objects(shell, with_controller({"Identity": fqdn, **STATUS}, controller), server=fqdn)
    found = [each for each in objects if fqdn.casefold() in (_fqdn(each).casefold(), str(each.get("Name")).casefold())]
    if len(found) != 1:
        raise TaskError(f"{fqdn} is no Client Access server. Correct servers. Nothing was written.")
    return _keeper(found[0], noun)


def read_keepers(shell: Shell, server: str, controller: str | None) -> list[Keeper]:
    """All Client Access servers with their credentials, as one server reads them. Raises C(ServerError)."""
    noun, objects = read_objects(shell, with_controller(STATUS, controller), server=server)
    return [_keeper(each, noun) for each in objects]


def add_credential(
    shell: Shell, keeper: Keeper, account: str, password: Secret, *, clean_up: bool, controller: str | None
) -> None:
    """Add a credential in a session with the server. With C(clean_up), those that cannot sign in are deleted."""
    credential = Credential(account, password)
    more: dict[str, Value] = {"CleanUpInvalidAlternateServiceAccountCredentials": True} if clean_up else {}
    _set(shell, keeper, {"AlternateServiceAccountCredential": [credential], **more}, controller)


def remove_credentials(shell: Shell, keeper: Keeper, controller: str | None) -> None:
    """Delete all credentials of a server, in a session with it."""
    _set(shell, keeper, {"RemoveAlternateServiceAccountCredentials": True}, controller)


def _set(shell: Shell, keeper: Keeper, parameters: Parameters, controller: str | None) -> None:
    own: Parameters = {"Identity": keeper.name, **parameters, "Confirm": False}
    shell.run(f"Set-{keeper.noun}", with_controller(own, controller), server=keeper.fqdn)


def _fqdn(found: PsObject) -> str:
    return str(found.get("Fqdn") or found.value("Name"))


def _keeper(found: PsObject, noun: str) -> Keeper:
    return Keeper(name=str(found.value("Name")), fqdn=_fqdn(found), noun=noun, entries=entries_of(found))


def entries_of(found: PsObject) -> tuple[Entry, ...]:
    """The credentials of a server, the newest first. Raises C(ResponseLost) if they were not returned."""
    configuration = found.value(PROPERTY)
    if isinstance(configuration, PsObject) and configuration.has("EffectiveCredentials"):
        rows = configuration.value("EffectiveCredentials") or ()
        return tuple(_entry(each) for each in (rows if isinstance(rows, (list, tuple)) else [rows]))
    if configuration is None:
        raise ResponseLost(
            f"{PROPERTY} of {found.value('Name')} is empty, so its credentials are not known",
            advice="check that the service Remote Registry runs on it",
        )
    text = configuration.text if isinstance(configuration, PsObject) else str(configuration)
    return tuple(Entry(account=each["account"], stamp=each["stamp"]) for each in _LINE.finditer(text))


def _entry(found: PsObject) -> Entry:
    added = found.get("WhenAddedUTC")
    is_time = isinstance(added, datetime.datetime)
    if is_time and added.tzinfo is None:
        added = added.replace(tzinfo=datetime.UTC)
    return Entry(
        account=str(found.value("QualifiedUserName")),
        stamp=added.isoformat() if is_time else str(added),
        added=added if is_time else None,
        valid=found.get("IsValid") is not False,
    )
