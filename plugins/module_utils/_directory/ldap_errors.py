# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a domain controller refuses, as typed errors and in plain words. Private to this collection."""

from __future__ import annotations

import re

from ..errors import CredentialsRefused, ResponseLost, ServerError, TimedOut, Unreachable

try:
    import ldap  # noqa: TC002  # whether it is there is what matters
except ImportError as exc:
    LDAP_IMPORT_ERROR: ImportError | None = exc
else:
    LDAP_IMPORT_ERROR = None


class Refused(ServerError):
    """The server understood and says no; C(number) is the error number of Windows, if it gave one."""

    number: int | None = None


class NoSuchObject(Refused):
    """There is no object of that name."""


class Referral(Refused):
    """The object is of a domain whose own controllers must be asked."""

    advice = "name a controller of that domain in servers"


class AccessDenied(Refused):
    """The account was authenticated and may not do this."""

    advice = "use an account that may write this attribute, or delegate WriteProperty on it"


class NotUnique(Refused):
    """The domain controller itself found the value, or one that means the same, on another account."""

    advice = "find the holder with winha.cluster.spn_info, and take the name away from it"


class ConstraintViolated(Refused):
    """The value breaks a rule of the directory that it does not name."""

    advice = "check that no other account has the value or an alias of it, and that this account may be given it"


class ValueExists(Refused):
    """The value was there already: somebody else added it meanwhile."""


class ValueMissing(Refused):
    """The value was not there any more: somebody else removed it meanwhile."""


# What Windows means with the number in the diagnostic text of a refused write (winerror.h).
_WINDOWS_ERRORS = {
    8344: (AccessDenied, "the account may not do this"),
    8647: (NotUnique, "another account of the forest has the same service principal name or an alias of it"),
    8648: (NotUnique, "another account of the forest has the same user principal name"),
}
# What Samba says instead of a number.
_SAMBA_TEXTS = {
    "would cause a conflict": _WINDOWS_ERRORS[8647],
    "spn validation failed": (AccessDenied, "the validated write lets a computer have names of its own host only"),
}
# The "data" of a refused bind (winerror.h, in hexadecimal).
_BIND_ERRORS = {
    "525": "there is no such account",
    "52e": "the user name or the password is wrong",
    "52f": "the account is restricted, for example to Kerberos",
    "530": "the account may not sign in at this time",
    "531": "the account may not sign in at this machine",
    "532": "the password has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "the password must be changed first",
    "775": "the account is locked out",
}
_KERBEROS_ADVICE = {
    "no credentials": "give username and password, or fetch a ticket with kinit first",
    "no kerberos credentials": "give username and password, or fetch a ticket with kinit first",
    "ticket expired": "fetch a new ticket with kinit, or give username and password",
    "clock skew": "set the clock of this machine to that of the domain",
    "not found in kerberos database": "name the domain controller by the DNS name that its service principal name has",
    "cannot find kdc": "check the realm, and that krb5.conf or DNS says where its KDCs are",
    "cannot contact any kdc": "check that a KDC of the realm answers on port 88",
    "no mechanism available": "install the GSSAPI module of Cyrus SASL (Debian: libsasl2-modules-gssapi-mit)",
    "no worthy mechs": "install the GSSAPI module of Cyrus SASL (Debian: libsasl2-modules-gssapi-mit)",
}


def translate_error(error: ldap.LDAPError, *, sent: bool) -> ServerError:
    """The error of python-ldap as one of ours; C(sent) says whether a request may have reached the server."""
    found = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    desc, info = str(found.get("desc") or error), " ".join(str(found.get("info") or "").split())
    answer = f"{desc}: {info}" if info and info.casefold() not in desc.casefold() else desc
    kind = type(error).__name__
    if kind in {"SERVER_DOWN", "CONNECT_ERROR", "UNAVAILABLE"}:
        return ResponseLost(f"the connection broke ({answer})") if sent else _unreachable(answer)
    if kind in {"TIMEOUT", "TIMELIMIT_EXCEEDED"}:
        return TimedOut(f"no answer in time ({answer})") if sent else _unreachable(answer)
    if kind in {"INVALID_CREDENTIALS", "LOCAL_ERROR", "AUTH_UNKNOWN", "INAPPROPRIATE_AUTH", "STRONG_AUTH_REQUIRED"}:
        return _credentials(kind, answer)
    return _refused(kind, answer)


def _unreachable(answer: str) -> Unreachable:
    return Unreachable(answer, advice="check the name, the port, the firewall and that the domain controller runs")


def _credentials(kind: str, answer: str) -> CredentialsRefused:
    code = re.search(r"\bdata ([0-9a-f]{3})\b", answer)
    if code and code[1] in _BIND_ERRORS:
        return CredentialsRefused(f"{_BIND_ERRORS[code[1]]} ({answer})", advice="check the account")
    if kind == "STRONG_AUTH_REQUIRED":
        return CredentialsRefused(
            answer, advice="this server wants signing or TLS: use authentication kerberos, or set tls"
        )
    advice = [text for words, text in _KERBEROS_ADVICE.items() if words in answer.casefold()]
    return CredentialsRefused(answer, advice=next(iter(advice), "check the user name and the password"))


def _refused(kind: str, answer: str) -> Refused:
    kinds: dict[str, type[Refused]] = {
        "NO_SUCH_OBJECT": NoSuchObject,
        "REFERRAL": Referral,
        "INSUFFICIENT_ACCESS": AccessDenied,
        "CONSTRAINT_VIOLATION": ConstraintViolated,
        "TYPE_OR_VALUE_EXISTS": ValueExists,
        "NO_SUCH_ATTRIBUTE": ValueMissing,
    }
    made, words = kinds.get(kind, Refused), ""
    number = int(code[1], 16) if (code := re.search(r"\b([0-9A-Fa-f]{8}): ", answer)) else None
    if number in _WINDOWS_ERRORS:
        made, words = _WINDOWS_ERRORS[number]
    made, words = next((said for part, said in _SAMBA_TEXTS.items() if part in answer), (made, words))
    refusal = made(f"{words} ({answer})" if words else answer)
    refusal.number = number
    return refusal
