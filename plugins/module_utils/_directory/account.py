# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of the domain that can hold service principal names. Private to this collection."""

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

with contextlib.suppress(ImportError):  # without python-ldap there is no session, and no account to read
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
_ATTEMPTS = 3  # of a write that met what another controller wrote at the same time
_KINDS = {
    "msds-groupmanagedserviceaccount": "group_managed_service_account",
    "msds-managedserviceaccount": "managed_service_account",
    "computer": "computer",
    "user": "user",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user or computer account as its domain controller has it; C(kind) is empty for any other object.

    C(encryption_types) is the raw msDS-SupportedEncryptionTypes; C(None) when it was never set.
    C(password_last_set) is ISO 8601 in UTC; C(None) when it never was or must be changed at once.
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
        """Whether it may be given AES tickets; one that never said so is not counted on."""
        return bool((self.encryption_types or 0) & _AES)


def find_account(session: Directory, identity: str) -> Account:
    """The one account that is meant: a distinguished name, name@domain, DOMAIN\\name or a sAMAccountName.

    A computer may be written without its dollar sign. Raises C(TaskError) when none or several are meant, and
    C(ServerError).
    """
    if not identity.strip():
        raise TaskError("The name of an account is empty.")
    if "=" in identity and ldap.dn.is_dn(identity):
        return _by_dn(session, identity)
    filter_ = f"(&(objectClass=user){_condition(session, identity)})"
    operation = f"looking for the account {identity}"
    found = [_account(one) for one in session.search(session.domain_dn, filter_, ATTRIBUTES, operation=operation)]
    exact = [one for one in found if one.name.lower() == identity.rpartition("\\")[2].lower()]
    if len(found) > 1 and len(exact) != 1:
        names = " and ".join(sorted(one.dn for one in found))
        raise TaskError(
            f"The account {identity} is ambiguous in {dns_name(session.domain_dn)}: it may be {names}. Give the "
            "distinguished name of the one that is meant."
        )
    if found:
        return (exact or found)[0]
    elsewhere = sorted(one.dn for one in session.search_forest(filter_, ["sAMAccountName"], operation=operation))
    if elsewhere:
        raise TaskError(
            f"The account {identity} is not in {dns_name(session.domain_dn)}, the domain of {session.host}, but the "
            f"forest has {' and '.join(elsewhere)}. Name a domain controller of {dns_name(elsewhere[0])} in servers."
        )
    raise TaskError(
        f"There is no user or computer account {identity} in the forest {session.forest}, as {session.host} sees it. "
        "Correct the name; a new account may not have been replicated there yet."
    )


def read_account(session: Directory, dn: str) -> Account:
    """The account of this distinguished name. Raises C(ServerError), C(NoSuchObject) when it is not there."""
    operation = f"reading the account {dn}"
    found = list(session.search(dn, "(objectClass=*)", ATTRIBUTES, scope="base", operation=operation))
    if not found:
        error = NoSuchObject("it gave no entry", advice="check that the account that signs in may read it")
        error.operation, error.host = operation, session.host
        raise error
    return _account(found[0])


def update_names(
    session: Directory, dn: str, *, wanted: t.Iterable[str] = (), unwanted: t.Collection[str] = (), operation: str = ""
) -> None:
    """Add and delete service principal names, the latter in lower case, until the account has what it should.

    What others do to it at the same time is looked at again. When the answer to a write gets lost, reading decides
    whether it was done. Raises C(ServerError).
    """
    operation = operation or f"setting the service principal names of {dn}"
    texts = {text.lower(): text for text in wanted}
    problems: list[ServerError] = []
    for _attempt in range(_ATTEMPTS):
        try:
            has = {spn.lower(): spn for spn in read_account(session, dn).principal_names}
        except ServerError as exc:
            if problems:  # what happened to the write says more than that it cannot be read now
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
            f"There is no {dn} on {session.host}. Correct the distinguished name; an account of another domain needs a "
            "domain controller of that domain in servers."
        ) from exc
    if not account.kind:
        raise TaskError(f"{dn} on {session.host} is no account that can sign in. Name a user or a computer.")
    return account


def _condition(session: Directory, identity: str) -> str:
    if "@" in identity:
        # Each account has the implicit name sAMAccountName@domain beside its userPrincipalName.
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
    found = session.search(base, wanted, ["nCName"], scope="one", operation=f"looking for the domain {netbios_name}")
    domains = [one.text("nCName") for one in found]
    if not domains:
        raise TaskError(f"The forest {session.forest} has no domain {netbios_name}. Correct the name before the \\.")
    if domains[0].lower() != session.domain_dn.lower():
        raise TaskError(
            f"{session.host} is a domain controller of {dns_name(session.domain_dn)} and not of {netbios_name}. Name "
            f"one of {dns_name(domains[0])} in servers."
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
    """A FILETIME, which counts 100 ns from 1601 on, as results give times: to the second, in UTC."""
    begin = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
    return (begin + datetime.timedelta(seconds=filetime // 10_000_000)).strftime("%Y-%m-%dT%H:%M:%SZ")
