# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pypsrp raises and what the error stream has, as the errors of C(.errors). Private to this collection; pure."""

from __future__ import annotations

import contextlib
import http
import re
import typing as t

from .._wsman.errors import Redirected as HttpRedirected
from .._wsman.http_errors import convert_http_error
from ..errors import CertificateRefused, CredentialsRefused, ResponseLost, ServerError, TimedOut, Unreachable, shorten
from ..ticket import kerberos_advice
from .errors import CmdletFailed, NotGranted, ObjectNotFound, OutOfScope, ParameterRefused, Redirected, Throttled

with contextlib.suppress(ImportError):  # without them there is no session
    import requests.exceptions
    from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError

if t.TYPE_CHECKING:
    from .values import PsObject

TIMED_OUT = 2150858793
_NO_SHELL = {2150858843, 2150858844, 2150858845}
_NO_RESOURCE = {2150858811, 2150858752}
_REDIRECT = 2150859161  # ERROR_WSMAN_REDIRECT_REQUESTED
_DENIED = {5, 2150858819}
_QUOTA = {2150859172, 2150859173, 2150859174}
_QUOTA_WORDS = ("concurrent shells", "overbudget", "load quota")
_NO_ROLE = "cmdletaccessdenied"
_URL = re.compile(r"https?://[^\s\"'<>)]+", re.IGNORECASE)
_WAIT = re.compile(r"(\d+)\s*(?:milliseconds|ms)\b", re.IGNORECASE)
_SIGN_IN = (
    "check the user name and the password, and that the account may use remote PowerShell (Get-User, "
    "RemotePowerShellEnabled) and is in a role group of Exchange"
)
_ENDPOINT = "check that server is an Exchange server, and the port"
NO_CONNECTION = "check the port and the firewalls, and that IIS runs on the server"
_LIBRARY = 'run pip install "pypsrp[kerberos]"'
_CERTIFICATE = "set ca_path to the issuer's certificate, or renew the server's certificate for this name"
_CATEGORIES = (
    "NotSpecified", "OpenError", "CloseError", "DeviceError", "DeadlockDetected", "InvalidArgument", "InvalidData",
    "InvalidOperation", "InvalidResult", "InvalidType", "MetadataError", "NotImplemented", "NotInstalled",
    "ObjectNotFound", "OperationStopped", "OperationTimeout", "SyntaxError", "ParserError", "PermissionDenied",
    "ResourceBusy", "ResourceExists", "ResourceUnavailable", "ReadError", "WriteError", "FromStdErr", "SecurityError",
    "ProtocolError", "ConnectionError", "AuthenticationError", "LimitsExceeded", "QuotaExceeded", "NotEnabled",
)  # fmt: skip
_SERVER_PREFIX = re.compile(r"^(\s*\[[^\]]*\]\s*)+")
_EXCEPTION = re.compile(r"[A-Za-z0-9_.]+Exception")


def is_gone(error: Exception) -> bool:
    """Whether Exchange has ended the session, for example because it was idle. The request was not processed."""
    return isinstance(error, WSManFaultError) and error.code in _NO_SHELL


def is_refusal(error: Exception) -> bool:
    """Whether the server refused the request with a fault, so that it did not start the cmdlet."""
    return isinstance(error, WSManFaultError) and error.code != TIMED_OUT


def convert_error(error: Exception, where: str, *, sent: bool, ran: bool, connect_timeout: float) -> ServerError:
    """Convert an error of pypsrp or requests.

    C(sent) is whether a request can have been sent, C(ran) whether a cmdlet can have run. If it can, the error is a
    C(ResponseLost), and otherwise never.
    """
    found = _convert(error, where, sent=sent, ran=ran, connect_timeout=connect_timeout)
    if ran and not isinstance(found, ResponseLost):
        return ResponseLost(found.detail)
    if not ran and isinstance(found, ResponseLost):
        return Unreachable(found.detail, advice="check the network and the service on that port")
    return found


def _convert(error: Exception, where: str, *, sent: bool, ran: bool, connect_timeout: float) -> ServerError:
    if isinstance(error, ServerError):
        return _redirect(str(error.detail)) if isinstance(error, HttpRedirected) else error
    if isinstance(error, WSManFaultError):
        return _fault(error)
    if isinstance(error, WinRMTransportError):
        return _http(error.code, str(error.response_text), where)
    if isinstance(error, AuthenticationError):
        return CredentialsRefused(f"{where} refused the credentials", advice=_SIGN_IN)
    if isinstance(error, requests.exceptions.RequestException):
        converted = convert_http_error(error, where, sent=sent, connect_timeout=connect_timeout)
        if isinstance(converted, CertificateRefused):
            converted.advice = _CERTIFICATE
        elif converted.advice == Unreachable.advice:
            converted.advice = _ENDPOINT
        return converted
    kind = type(error)
    text = shorten(error, 200)
    if isinstance(error, ImportError):
        return CredentialsRefused(f"a Python library for Kerberos is missing: {text}", advice=_LIBRARY)
    if "spnego" in kind.__module__ or "gssapi" in kind.__module__ or "krb5" in kind.__module__:
        return CredentialsRefused(f"Kerberos: {text}", advice=kerberos_advice(str(error)) or _SIGN_IN)
    if isinstance(error, ValueError) and not ran and "auth protocol" in str(error):
        return CredentialsRefused(f"{where} does not offer Kerberos", advice="check that the port is that of Exchange")
    if not sent:
        return Unreachable(f"the connection could not be opened ({kind.__name__}: {text})", advice=_ENDPOINT)
    return ResponseLost(f"the response could not be read ({kind.__name__}: {text})")


def _fault(error: t.Any) -> ServerError:
    code = error.code if isinstance(error.code, int) else 0
    words = shorten(error.provider_fault or error.reason or "the server returned no reason", 400)
    folded = words.casefold()
    detail = f"{words.rstrip('. ')} [{code}]" if code else words
    if code == _REDIRECT:
        return _redirect(words)
    if code == TIMED_OUT:
        return TimedOut("no response in time")
    if code in _QUOTA or any(part in folded for part in _QUOTA_WORDS):
        return Throttled(detail)
    if _NO_ROLE in folded or code in _DENIED:
        return CredentialsRefused(detail, advice=_SIGN_IN)
    if code in _NO_RESOURCE:
        return Unreachable(detail, advice=_ENDPOINT)
    return Unreachable(detail, advice="read the event logs of Exchange and of WinRM on the server")


def _redirect(words: str) -> Redirected:
    found = _URL.search(words)
    target = found[0].rstrip(".,;") if found else ""
    place = f"to {target}" if target else "to another server"
    return Redirected(
        f"the server redirects {place}, and the credentials are not sent there",
        target=target,
        advice="set server to that server, if it is one of your own Exchange servers"
        if target
        else "set server to the FQDN of an Exchange server that does not redirect this account",
    )


def _http(status: int, text: str, where: str) -> ServerError:
    phrase = next((known.phrase for known in http.HTTPStatus if known.value == status), "")
    detail = f"{where} returned HTTP {status} {phrase}".rstrip()
    words = shorten(re.sub(r"(?s)<[^>]*>", " ", text[:2000]), 120)
    detail += f" ({words})" if words else ""
    if status == http.HTTPStatus.FORBIDDEN:
        advice = "check which authentication the virtual directory PowerShell of the server allows"
        return CredentialsRefused(detail, advice=advice)
    return Unreachable(detail, advice=_ENDPOINT)


def wait_of(words: str) -> float | None:
    """The seconds that Exchange asks to wait, from its text; C(None) if it names no time."""
    found = _WAIT.search(words)
    return int(found[1]) / 1000 if found else None


def from_records(
    records: t.Sequence[t.Any], *, cmdlet: str, objects: t.Sequence[PsObject], mask: t.Callable[[str], str]
) -> ServerError:
    """The error of a pipeline from its error records. The first one decides, the others are in the text."""
    first = records[0]
    error_id = _SERVER_PREFIX.sub("", str(first.fq_error or ""))
    exception = _exception(first)
    texts = list(dict.fromkeys(mask(_text(record)) for record in records))
    detail = "; ".join(text.rstrip(". ") for text in texts)
    key = error_id.partition(",")[0]
    if exception == "CommandNotFoundException" or key == "CommandNotFoundException":
        return NotGranted(detail, cmdlet=cmdlet)
    if key == "NamedParameterNotFound":
        return NotGranted(detail, cmdlet=cmdlet, parameter=_parameter(first, detail))
    # A cmdlet that has returned something has begun.
    if exception == "OverBudgetException" and not objects:
        return Throttled(detail)
    if exception.startswith("ParameterBinding"):
        return ParameterRefused(detail)
    kinds = {"ManagementObjectNotFoundException": ObjectNotFound, "ADScopeException": OutOfScope}
    number = first.category if isinstance(first.category, int) else 0
    return kinds.get(exception, CmdletFailed)(
        detail,
        category=_CATEGORIES[number] if 0 <= number < len(_CATEGORIES) else "",
        error_id=error_id,
        exception=exception,
        objects=objects,
    )


def _text(record: t.Any) -> str:
    details = getattr(record, "details_message", None)
    return _SERVER_PREFIX.sub("", shorten(details or str(record), 400))


def _exception(record: t.Any) -> str:
    """The name of the exception without its namespace."""
    types = getattr(record.exception, "types", None) or ()
    full = str(types[0]) if types else ""
    if not full and isinstance(record.exception, str):
        found = _EXCEPTION.search(record.exception)
        full = found[0] if found else ""
    return (full or str(record.reason or "")).rpartition(".")[2]


def _parameter(record: t.Any, detail: str) -> str:
    properties: dict[str, t.Any] = {}
    for name in ("adapted_properties", "extended_properties"):
        properties |= getattr(record.exception, name, None) or {}
    named = str(properties.get("ParameterName") or "")
    quoted = re.findall(r"['\"\u2018\u201c]([A-Za-z0-9]+)['\"\u2019\u201d]", detail)
    return named or (quoted[-1] if quoted else "")
