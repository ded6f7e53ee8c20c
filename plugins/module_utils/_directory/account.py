# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of the domain that can have service principal names. Private to this collection."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import typing as t

from ..errors import ResponseLost, ServerError, TaskError
from .distinguished_name import dn_key, domain_of
from .ldap_errors import NoSuchObject, Referral, ValueExists, ValueMissing

if t.TYPE_CHECKING:
    from .entry import Entry
    from .session import Directory

with contextlib.suppress(ImportError):  # without python-ldap no session opens, so nothing here is called
    import ldap.dn
    from ldap.filter import escape_filter_chars

PRINCIPAL_NAMES = "servicePrincipalName"
ATTRIBUTES = (
    PRINCIPAL_NAMES, "sAMAccountName", "userPrincipalName", "objectClass", "userAccountControl",
    "msDS-SupportedEncryptionTypes", "pwdLastSet",
)  # fmt: skip

# msDS-SupportedEncryptionTypes, [MS-KILE] 2.2.7
ENCRYPTION_TYPES = {0x1: "DES-CBC-CRC", 0x2: "DES-CBC-MD5", 0x4: "RC4-HMAC", 0x8: "AES128", 0x10: "AES256"}
_AES = 0x18
_DISABLED = 0x2  # userAccountControl
_LAST_FILETIME = 2_650_467_744_000_000_000  # the year 10000
_ATTEMPTS = 3  # of a write that conflicts with a concurrent write
# By the most specific class. A class that is not listed is not an account of the kind of its parent: Windows 2025 made
# a subclass of computer whose password is managed.
_KINDS = {
    "msds-delegatedmanagedserviceaccount": "delegated_managed_service_account",
    "msds-groupmanagedserviceaccount": "group_managed_service_account",
    "msds-managedserviceaccount": "managed_service_account",
    "computer": "computer",
    "inetorgperson": "user",
    "user": "user",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account on its domain controller; C(kind) is empty for an object whose class C(object_class) is no known one.

    C(enabled) is C(None) if it could not be read. C(encryption_types) is the raw msDS-SupportedEncryptionTypes; C(None)
    if it was never set.
    C(password_last_set) is ISO 8601 in UTC; C(None) if it was never set or must be changed at the next logon.
    """

    dn: str
    name: str
    kind: str = "user"
    object_class: str = "user"
    user_principal_name: str = ""
    enabled: bool | None = True
    encryption_types: int | None = None
    password_last_set: str | None = None
    principal_names: tuple[str, ...] = ()

    @property
    def has_aes(self) -> bool:
        """Whether an AES type is set. False if the attribute was never set."""
        return bool((self.encryption_types or 0) & _AES)


def find_account(session: Directory, identity: str) -> Account:
    """Find an account by distinguished name, name@domain, DOMAIN\\name or sAMAccountName.

    The dollar sign of a computer is optional. Raises C(TaskError) if no account or several accounts match, or for an
    object of an unknown class, and C(ServerError).
    """
    if not identity.strip():
        raise TaskError("The name of an account is empty.")
    is_dn = "=" in identity and ldap.dn.is_dn(identity)
    account = _by_dn(session, identity) if is_dn else _by_name(session, identity)
    if not account.kind:
        raise TaskError(
            f"{account.dn} on {session.host} is not a user or computer account, but an object of the class "
            f"{account.object_class}. Give a user or a computer."
        )
    return account


def _by_name(session: Directory, identity: str) -> Account:
    filter_ = f"(&(objectClass=user){_condition(session, identity)})"
    operation = f"searching for the account {identity}"
    found = [_account(one) for one in session.search(session.domain_dn, filter_, ATTRIBUTES, operation=operation)]
    name = identity.rpartition("@")[0] if "@" in identity else identity.rpartition("\\")[2]
    given = {name.lower(), identity.lower()}
    exact = [one for one in found if given & {one.name.lower(), one.user_principal_name.lower()}]
    if len(found) > 1 and len(exact) != 1:
        names = " and ".join(sorted(one.dn for one in found))
        raise TaskError(
            f"The account {identity} is ambiguous in {domain_of(session.domain_dn)}: {names} match. Give the "
            "distinguished name of one of them."
        )
    if found:
        return (exact or found)[0]
    elsewhere = sorted(one.dn for one in session.search_forest(filter_, ["sAMAccountName"], operation=operation))
    if elsewhere:
        raise TaskError(
            f"The account {identity} is not in {domain_of(session.domain_dn)}, the domain of {session.host}. The "
            f"forest has {' and '.join(elsewhere)}. Set servers to a domain controller of {domain_of(elsewhere[0])}."
        )
    raise TaskError(
        f"There is no user or computer account {identity} in the forest {session.forest} on {session.host}. Correct "
        "the name; a new account may not have been replicated to this domain controller yet."
    )


def read_account(session: Directory, dn: str) -> Account:
    """Read the account with this distinguished name. Raises C(ServerError); C(NoSuchObject) if it does not exist."""
    operation = f"reading the account {dn}"
    found = list(session.search(dn, "(objectClass=*)", ATTRIBUTES, scope="base", operation=operation))
    if not found:
        error = NoSuchObject("no entry was returned", advice="check that the account that signs in may read it")
        error.operation, error.host = operation, session.host
        raise error
    return _account(found[0])


def update_names(
    session: Directory, dn: str, *, wanted: t.Iterable[str] = (), unwanted: t.Collection[str] = (), operation: str = ""
) -> None:
    """Add the C(wanted) and delete the C(unwanted) service principal names; C(unwanted) is in lower case.

    After a conflict with a concurrent write, or a lost response, the account is read again. Raises C(ServerError).
    """
    operation = operation or f"setting the service principal names of {dn}"
    texts = {text.lower(): text for text in wanted}
    problems: list[ServerError] = []
    for _attempt in range(_ATTEMPTS):
        try:
            has = {spn.lower(): spn for spn in read_account(session, dn).principal_names}
        except ServerError as exc:
            if problems:  # the write error explains more than the read error
                raise problems[-1] from exc
            raise
        add = [text for key, text in texts.items() if key not in has]
        delete = [spn for key, spn in has.items() if key in unwanted]
        if not add and not delete:
            return
        if problems and isinstance(problems[-1], ResponseLost):
            raise problems[-1]
        try:
            session.change_values(dn, PRINCIPAL_NAMES, add=add, delete=delete, operation=operation)
        except (ValueExists, ValueMissing, ResponseLost) as exc:
            problems.append(exc)
        else:
            return
    if problems:
        raise problems[-1]


def encryption_names(number: int | None) -> list[str]:
    """The encryption types of a raw value, by name."""
    return [name for bit, name in ENCRYPTION_TYPES.items() if (number or 0) & bit]


def _by_dn(session: Directory, dn: str) -> Account:
    try:
        return read_account(session, dn)
    except (NoSuchObject, Referral) as exc:
        raise TaskError(
            f"There is no {dn} on {session.host}. Correct the distinguished name; for an account of another domain, "
            "set servers to a domain controller of that domain."
        ) from exc


def _condition(session: Directory, identity: str) -> str:
    if "@" in identity:
        # Each account has the implicit name sAMAccountName@domain in addition to its userPrincipalName.
        name, _at, domain = identity.rpartition("@")
        explicit = f"(userPrincipalName={escape_filter_chars(identity)})"
        return f"(|{explicit}{_named(name)})" if domain.lower() == domain_of(session.domain_dn) else explicit
    domain, backslash, name = identity.rpartition("\\")
    if backslash:
        _check_domain(session, domain)
    return f"(|{_named(name)})"


def _named(name: str) -> str:
    plain = escape_filter_chars(name)
    return f"(sAMAccountName={plain})(sAMAccountName={plain}$)"


def _check_domain(session: Directory, name: str) -> None:
    """Check that a NetBIOS or DNS name is that of the domain of the session. Raises C(TaskError)."""
    plain = escape_filter_chars(name)
    wanted = f"(&(objectClass=crossRef)(nETBIOSName=*)(|(nETBIOSName={plain})(dnsRoot={plain})))"
    base = f"CN=Partitions,{session.configuration_dn}"
    found = session.search(base, wanted, ["nCName"], scope="one", operation=f"searching for the domain {name}")
    domains = [one.text("nCName") for one in found]
    if not domains:
        raise TaskError(f"The forest {session.forest} has no domain {name}. Correct the name before the \\.")
    if dn_key(domains[0]) != dn_key(session.domain_dn):
        raise TaskError(
            f"{session.host} is a domain controller of {domain_of(session.domain_dn)} and not of {name}. Set "
            f"servers to a domain controller of {domain_of(domains[0])}."
        )


def _account(entry: Entry) -> Account:
    # The classes are stored from top down to the most specific one ([MS-ADTS] 3.1.1.1.4).
    object_class = next(iter(reversed(entry.texts("objectClass"))), "")
    flags = entry.number("userAccountControl")
    return Account(
        dn=entry.dn,
        name=entry.text("sAMAccountName"),
        kind=_KINDS.get(object_class.lower(), ""),
        object_class=object_class,
        user_principal_name=entry.text("userPrincipalName"),
        enabled=None if flags is None else not flags & _DISABLED,
        encryption_types=entry.number("msDS-SupportedEncryptionTypes"),
        password_last_set=_utc_time(entry.number("pwdLastSet") or 0),
        principal_names=entry.texts(PRINCIPAL_NAMES),
    )


def _utc_time(filetime: int) -> str | None:
    """Convert a FILETIME (100 ns since 1601) to ISO 8601 in UTC, to the second; C(None) if it is no time."""
    begin = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
    if not 0 < filetime < _LAST_FILETIME:
        return None
    return (begin + datetime.timedelta(seconds=filetime // 10_000_000)).strftime("%Y-%m-%dT%H:%M:%SZ")
