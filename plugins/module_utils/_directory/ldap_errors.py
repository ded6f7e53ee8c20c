# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of a domain controller as exceptions with plain messages. Private to this collection."""

from __future__ import annotations

import re

from ..errors import CredentialsRefused, ResponseLost, ServerError, TimedOut, Unreachable

try:
    import ldap  # noqa: TC002  # checks that the library is installed
except ImportError as exc:
    LDAP_IMPORT_ERROR: ImportError | None = exc
else:
    LDAP_IMPORT_ERROR = None


class Refused(ServerError):
    """The server refused the request; C(number) is the Windows error number, if one was returned."""

    number: int | None = None


class NoSuchObject(Refused):
    """The object does not exist."""


class Referral(Refused):
    """The object is in another domain. Only a domain controller of that domain has it."""

    advice = "set servers to a domain controller of that domain"


class AccessDenied(Refused):
    """The account signed in but has no permission for this."""

    advice = "use an account that may write this attribute, or delegate WriteProperty on it"


class NotUnique(Refused):
    """The domain controller refused the value because another account has it or an equivalent SPN."""

    advice = "find the account with winha.cluster.spn_info, and delete the SPN from it"


class ConstraintViolated(Refused):
    """The value violates a constraint that the server does not name."""

    advice = "check that no other account has the value or an equivalent SPN, and that this account may have it"


class ValueExists(Refused):
    """The value already exists: another client added it since it was read."""


class ValueMissing(Refused):
    """The value no longer exists: another client removed it since it was read."""


# Windows error numbers in the diagnostic text of a refused write (winerror.h).
_WINDOWS_ERRORS = {
    8344: (AccessDenied, "the account has no permission for this"),
    8647: (NotUnique, "another account of the forest has the same SPN or an equivalent SPN"),
    8648: (NotUnique, "another account of the forest has the same user principal name"),
}
# Samba returns these texts instead of a number.
_SAMBA_TEXTS = {
    "would cause a conflict": _WINDOWS_ERRORS[8647],
    "spn validation failed": (
        AccessDenied,
        "the account has only 'Validated write to SPN', which allows only SPNs of the computer's own host name",
    ),
}
# The "data" of a refused bind (winerror.h, in hexadecimal).
_BIND_ERRORS = {
    "525": "the account does not exist",
    "52e": "the user name or the password is wrong",
    "52f": "the account is restricted, for example to Kerberos",
    "530": "the account may not sign in at this time",
    "531": "the account may not sign in from this machine",
    "532": "the password has expired",
    "533": "the account is disabled",
    "701": "the account has expired",
    "773": "the password must be changed before the first logon",
    "775": "the account is locked out",
}
_KERBEROS_ADVICE = {
    "no credentials": "set username and password, or run kinit",
    "no kerberos credentials": "set username and password, or run kinit",
    "ticket expired": "run kinit, or set username and password",
    "clock skew": "synchronize the clock of this machine with the domain",
    "not found in kerberos database": "use the DNS name of the domain controller, as in its service principal name",
    "cannot find kdc": "check the realm, and that krb5.conf or DNS lists its KDCs",
    "cannot contact any kdc": "check that a KDC of the realm responds on port 88",
    "no mechanism available": "install the GSSAPI module of Cyrus SASL (Debian: libsasl2-modules-gssapi-mit)",
    "no worthy mechs": "install the GSSAPI module of Cyrus SASL (Debian: libsasl2-modules-gssapi-mit)",
}


def translate_error(error: ldap.LDAPError, *, sent: bool) -> ServerError:
    """Convert an error of python-ldap; C(sent) is whether the request may have reached the server."""
    found = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    kind = type(error).__name__
    desc = str(found.get("desc") or error) or kind.replace("_", " ").capitalize()
    info = " ".join(str(found.get("info") or "").split())
    answer = f"{desc}: {info}" if info and info.casefold() not in desc.casefold() else desc
    if kind in {"SERVER_DOWN", "CONNECT_ERROR", "UNAVAILABLE"}:
        return ResponseLost(f"the connection broke ({answer})") if sent else _unreachable(answer)
    if kind in {"TIMEOUT", "TIMELIMIT_EXCEEDED"}:
        return TimedOut(f"no response within the time limit ({answer})") if sent else _unreachable(answer)
    if kind in {"INVALID_CREDENTIALS", "LOCAL_ERROR", "AUTH_UNKNOWN", "INAPPROPRIATE_AUTH", "STRONG_AUTH_REQUIRED"}:
        return _credentials(kind, answer)
    return _refused(kind, answer)


def _unreachable(answer: str) -> Unreachable:
    return Unreachable(
        answer, advice="check the name, the port, the firewall and that the domain controller is running"
    )


def _credentials(kind: str, answer: str) -> CredentialsRefused:
    code = re.search(r"\bdata ([0-9a-f]{3})\b", answer)
    if code and code[1] in _BIND_ERRORS:
        return CredentialsRefused(f"{_BIND_ERRORS[code[1]]} ({answer})", advice="check the account")
    if kind == "STRONG_AUTH_REQUIRED":
        return CredentialsRefused(
            answer, advice="the server requires signing or TLS: set authentication to kerberos, or set tls"
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
    error_class, text = kinds.get(kind, Refused), ""
    number = int(code[1], 16) if (code := re.search(r"\b([0-9A-Fa-f]{8}): ", answer)) else None
    if number in _WINDOWS_ERRORS:
        error_class, text = _WINDOWS_ERRORS[number]
    error_class, text = next((found for part, found in _SAMBA_TEXTS.items() if part in answer), (error_class, text))
    error = error_class(f"{text} ({answer})" if text else answer)
    error.number = number
    return error
