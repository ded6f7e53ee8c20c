# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an HTTP error or a broken connection means, and what to do. Private to this collection; pure.

C(Unreachable) is raised only if no part of the request was sent. C(sent) tells that.
"""

from __future__ import annotations

import html
import http
import re
import ssl
import typing as t

from ..errors import shorten
from ..ticket import kerberos_advice
from .errors import (
    CertificateRefused,
    CredentialsRefused,
    NotReady,
    Redirected,
    RequestRefused,
    ResponseLost,
    ServerError,
    ServiceUnavailable,
    TimedOut,
    Unreachable,
)

_LONGEST_WORDS = 200  # characters of the server's own text in a message
_ADVICE = {
    403: "check the IP filters of the WinRM service, and a proxy in between",
    404: NotReady.advice,
    407: "check the user name and the password of the proxy",
    413: "raise MaxEnvelopeSizekb of the WinRM service on the host to 500",
    503: "check that the WinRM service of the host is running",
}
# The pages of the HTTP service of Windows are not translated.
_ADVICE_BY_WORDS = {
    "headers is too long": (
        "raise MaxFieldLength and MaxRequestBytes of the HTTP service on the host, or put the account into fewer "
        "groups: its Kerberos ticket is too large"
    ),
    "hostname is invalid": "connect with the host name of the listener (winrm enumerate winrm/config/listener)",
}
_UNENCRYPTED = (
    "the listener may refuse messages that are not encrypted: use HTTPS, or Kerberos or NTLM with message encryption"
)
_LOG = "read the event log Microsoft-Windows-WinRM/Operational on the host, then run this task again"
_OLD_TLS = "enable TLS 1.2 for Schannel on the host, or install the updates that bring it"
_WEAK_TLS = "give the listener a certificate with a key of at least 2048 bits, signed with SHA-256"
_OLD_TLS_REASONS = (
    "UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "WRONG_SSL_VERSION", "VERSION_TOO_LOW",
)  # fmt: skip
_WEAK_TLS_REASONS = ("KEY_TOO_SMALL", "MD_TOO_WEAK", "HANDSHAKE_FAILURE", "INSUFFICIENT_SECURITY", "NO_SHARED_CIPHER")
_CA_FILE_REASONS = ("NO_CERTIFICATE_OR_CRL_FOUND", "NO_START_LINE", "PEM")


class SessionDropped(Exception):
    """HTTP 400 with an empty body."""


def fault_body(status: int, text: str, *, encrypted: bool) -> bytes:
    """Return the SOAP fault in the body of an HTTP error, or raise an error with the words of the server."""
    text = text.removeprefix("\ufeff")  # a byte order mark
    if text.lstrip().startswith("<") and "Envelope" in text:
        return text.encode()
    if status == http.HTTPStatus.BAD_REQUEST and not text.strip():
        raise SessionDropped
    phrase = next((known.phrase for known in http.HTTPStatus if known.value == status), "")
    words = _words(text)
    detail = f"HTTP {status} {phrase}".rstrip() + (f" ({words})" if words else "")
    advice = next((text for part, text in _ADVICE_BY_WORDS.items() if part in words.casefold()), _ADVICE.get(status))
    if status == http.HTTPStatus.NOT_FOUND:
        raise NotReady(detail, advice=advice)
    if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
        raise ServiceUnavailable(detail, advice=advice)
    if status < http.HTTPStatus.BAD_REQUEST:
        raise Redirected(detail)
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        advice = _UNENCRYPTED if not encrypted and not words else _LOG
        raise ResponseLost(f"{detail} without a SOAP fault", advice=advice)
    raise RequestRefused(detail, advice=advice)


def _words(text: str) -> str:
    """The text of a page, without its head and its tags."""
    body = re.sub(r"(?is)<(head|script|style)\b.*?</\1\s*>|<!--.*?-->", " ", text[:20_000])
    return shorten(html.unescape(re.sub(r"(?s)<[^>]*>", " ", body)).rstrip(". \r\n"), _LONGEST_WORDS)


def convert_http_error(error: Exception, where: str, *, sent: bool, connect_timeout: float) -> ServerError:
    """Convert an error of requests. C(where) is the host and the port."""
    causes = list(_causes(error))
    kinds = {kind.__name__ for cause in causes for kind in type(cause).__mro__}
    certificate = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        return CertificateRefused(f"the certificate of {where} could not be verified: {certificate.verify_message}")
    handshake = any("handshake operation timed out" in str(cause) for cause in causes)
    if handshake or "ConnectTimeout" in kinds:
        return Unreachable(f"{where} did not accept the connection within {connect_timeout:g} s")
    if "ProxyError" in kinds:
        return Unreachable(f"the proxy did not connect to {where}: {shorten(error, _LONGEST_WORDS)}")
    if "NewConnectionError" in kinds:
        system = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), None)
        return Unreachable(f"{where} does not accept connections: {system or shorten(error, _LONGEST_WORDS)}")
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls is not None and not sent:
        return _tls_error(tls, where)
    if "MutualAuthenticationError" in kinds:
        return ResponseLost(f"the response of {where} is not authenticated by Kerberos, so it was not used")
    kerberos = next((cause for cause in causes if "kerberos" in type(cause).__module__.casefold()), None)
    if kerberos is not None:
        return CredentialsRefused(
            f"Kerberos: {shorten(kerberos, _LONGEST_WORDS)}", advice=kerberos_advice(str(kerberos))
        )
    if not sent:
        return Unreachable(f"the connection to {where} failed: {shorten(causes[-1], _LONGEST_WORDS)}")
    if kinds & {"Timeout", "ReadTimeoutError"}:  # the second: while the body is read
        return TimedOut("no response in time")
    return ResponseLost(
        f"the connection was closed before the response was complete ({shorten(causes[-1], _LONGEST_WORDS)})"
    )


def _tls_error(error: ssl.SSLError, where: str) -> Unreachable:
    reason = f"{error.reason or ''} {error}".upper().replace(" ", "_")
    if any(known in reason for known in _OLD_TLS_REASONS):
        return Unreachable(f"{where} and this machine have no version of TLS in common", advice=_OLD_TLS)
    if "WRONG_VERSION" in reason or "RECORD_LAYER_FAILURE" in reason:
        return Unreachable(f"{where} does not use TLS, so it is not an HTTPS listener")
    if any(known in reason for known in _WEAK_TLS_REASONS):
        return Unreachable(f"{where} and this machine have no secure TLS settings in common", advice=_WEAK_TLS)
    if any(known in reason for known in _CA_FILE_REASONS):
        return CertificateRefused("the file of CA certificates contains no certificate in PEM format")
    words = shorten(error.reason or error, _LONGEST_WORDS)
    return Unreachable(f"the TLS handshake with {where} failed: {words}", advice=_OLD_TLS)


def _causes(error: BaseException | None) -> t.Iterator[BaseException]:
    """The error and all errors in it: requests stores causes in arguments and in C(reason)."""
    seen: set[int] = set()
    queue = [error]
    while queue:
        cause = queue.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
        queue += [one for one in inner if isinstance(one, BaseException)]
