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
from .ldap_errors import NoSuchObject, Referral, ValueExists, ValueMissing
from .session import Directory, dns_name

if t.TYPE_CHECKING:
    from .entry import Entry

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
_ATTEMPTS = 3  # of a write that conflicts with a concurrent write
_KINDS = {
    "msds-groupmanagedserviceaccount": "group_managed_service_account",
    "msds-managedserviceaccount": "managed_service_account",
    "computer": "computer",
    "user": "user",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user or computer account on its domain controller; C(kind) is empty for any other object.

    C(encryption_types) is the raw msDS-SupportedEncryptionTypes; C(None) if it was never set.
    C(password_last_set) is ISO 8601 in UTC; C(None) if it was never set or must be changed at the next logon.
    """

    dn: str
    name: str
    kind: str = "user"
    user_principal_name: str = ""
    enabled: bool = True
    encryption_types: int | None = None
    password_last_set: str | None = None
    principal_names: tuple[str, ...] = ()

    @property
    def has_aes(self) -> bool:
        """Whether an AES type is set. False if the attribute was never set."""
        return bool((self.encryption_types or 0) & _AES)


def find_account(session: Directory, identity: str) -> Account:
    """Find an account by distinguished name, name@domain, DOMAIN\\name or sAMAccountName.

    The dollar sign of a computer is optional. Raises C(TaskError) if no account or several accounts match, and
    C(ServerError).
    """
    if not identity.strip():
        raise TaskError("The name of an account is empty.")
    if "=" in identity and ldap.dn.is_dn(identity):
        return _by_dn(session, identity)
    filter_ = f"(&(objectClass=user){_condition(session, identity)})"
    operation = f"searching for the account {identity}"
    found = [_account(one) for one in session.search(session.domain_dn, filter_, ATTRIBUTES, operation=operation)]
    exact = [one for one in found if one.name.lower() == identity.rpartition("\\")[2].lower()]
    if len(found) > 1 and len(exact) != 1:
        names = " and ".join(sorted(one.dn for one in found))
        raise TaskError(
            f"The account {identity} is ambiguous in {dns_name(session.domain_dn)}: {names} match. Give the "
            "distinguished name of one of them."
        )
    if found:
        return (exact or found)[0]
    elsewhere = sorted(one.dn for one in session.search_forest(filter_, ["sAMAccountName"], operation=operation))
    if elsewhere:
        raise TaskError(
            f"The account {identity} is not in {dns_name(session.domain_dn)}, the domain of {session.host}. The forest "
            f"has {' and '.join(elsewhere)}. Set servers to a domain controller of {dns_name(elsewhere[0])}."
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
        account = read_account(session, dn)
    except (NoSuchObject, Referral) as exc:
        raise TaskError(
            f"There is no {dn} on {session.host}. Correct the distinguished name; for an account of another domain, "
            "set servers to a domain controller of that domain."
        ) from exc
    if not account.kind:
        raise TaskError(f"{dn} on {session.host} is not a user or computer account. Give a user or a computer.")
    return account


def _condition(session: Directory, identity: str) -> str:
    if "@" in identity:
        # Each account has the implicit name sAMAccountName@domain in addition to its userPrincipalName.
        name, _at, domain = identity.rpartition("@")
        explicit = f"(userPrincipalName={escape_filter_chars(identity)})"
        own = domain.lower() == dns_name(session.domain_dn)
        return f"(|{explicit}(sAMAccountName={escape_filter_chars(name)}))" if own else explicit
    domain, backslash, name = identity.rpartition("\\")
    if backslash:
        _check_domain(session, domain)
    plain = escape_filter_chars(name)
    return f"(|(sAMAccountName={plain})(sAMAccountName={plain}$))"


def _check_domain(session: Directory, netbios_name: str) -> None:
    wanted = f"(&(objectClass=crossRef)(nETBIOSName={escape_filter_chars(netbios_name)}))"
    base = f"CN=Partitions,{session.configuration_dn}"
    found = session.search(base, wanted, ["nCName"], scope="one", operation=f"searching for the domain {netbios_name}")
    domains = [one.text("nCName") for one in found]
    if not domains:
        raise TaskError(f"The forest {session.forest} has no domain {netbios_name}. Correct the name before the \\.")
    if domains[0].lower() != session.domain_dn.lower():
        raise TaskError(
            f"{session.host} is a domain controller of {dns_name(session.domain_dn)} and not of {netbios_name}. Set "
            f"servers to a domain controller of {dns_name(domains[0])}."
        )


def _account(entry: Entry) -> Account:
    classes = {name.lower() for name in entry.texts("objectClass")}
    set_at = entry.number("pwdLastSet") or 0
    return Account(
        dn=entry.dn,
        name=entry.text("sAMAccountName"),
        kind=next((kind for name, kind in _KINDS.items() if name in classes), ""),
        user_principal_name=entry.text("userPrincipalName"),
        enabled=not (entry.number("userAccountControl") or 0) & _DISABLED,
        encryption_types=entry.number("msDS-SupportedEncryptionTypes"),
        password_last_set=_utc_time(set_at) if set_at > 0 else None,
        principal_names=entry.texts(PRINCIPAL_NAMES),
    )


def _utc_time(filetime: int) -> str:
    """Convert a FILETIME (100 ns since 1601) to ISO 8601 in UTC, to the second."""
    begin = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
    return (begin + datetime.timedelta(seconds=filetime // 10_000_000)).strftime("%Y-%m-%dT%H:%M:%SZ")
