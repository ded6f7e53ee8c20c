# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of Kerberos and TLS that need no server: what they mean, and advice that fits."""

from __future__ import annotations

import ssl

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    CertificateRefused,
    CredentialsRefused,
    Fault,
    NotReady,
    Redirected,
    RequestRefused,
    ResponseLost,
    ServerError,
    ServiceUnavailable,
    TimedOut,
    Unreachable,
)
from ansible_collections.winha.cluster.plugins.module_utils._wsman.http_errors import (
    SessionDropped,
    convert_http_error,
    fault_body,
)


class KerberosExchangeError(Exception):
    """As in the library that pywinrm contains."""

    __module__ = "winrm.vendor.requests_kerberos.exceptions"


class MutualAuthenticationError(KerberosExchangeError):
    """The server could not prove who it is."""


def convert(error: Exception, *, sent: bool = False) -> ServerError:
    return convert_http_error(error, "hv01 port 5986", sent=sent, connect_timeout=5)


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("Server not found in Kerberos database", "HTTP/<name>"),
        ("Clock skew too great", "clock"),
        ("Cannot find KDC for realm", "realm"),
        ("Something new", "password"),
    ],
)
def test_only_an_unknown_error_of_kerberos_blames_the_password(words: str, advice: str) -> None:
    error = KerberosExchangeError(f"authGSSClientStep() failed: (('Unspecified GSS failure', 851968), ('{words}', -1))")
    found = convert(error)
    assert isinstance(found, CredentialsRefused)
    assert advice in found.advice
    assert ("password" in found.advice) is (advice == "password")


def test_a_response_that_is_not_authenticated_was_processed() -> None:
    found = convert(MutualAuthenticationError("Unable to authenticate"), sent=True)
    assert found.__class__ is ResponseLost


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("TLSV1_ALERT_PROTOCOL_VERSION", "no version of TLS in common"),
        ("UNSUPPORTED_PROTOCOL", "no version of TLS in common"),
        ("EE_KEY_TOO_SMALL", "no secure TLS settings in common.*2048 bits"),
        ("DH_KEY_TOO_SMALL", "no secure TLS settings in common"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "no secure TLS settings in common"),
        ("UNEXPECTED_MESSAGE", "the TLS handshake with hv01 port 5986 failed: UNEXPECTED MESSAGE"),
    ],
)
def test_errors_of_tls_before_anything_was_sent(reason: str, words: str) -> None:
    error = ssl.SSLError(1, f"[SSL: {reason}] {reason.lower()} (_ssl.c:1000)")
    error.reason = reason.replace("_", " ") if reason == "UNEXPECTED_MESSAGE" else reason
    found = convert(OSError(error))
    assert isinstance(found, Unreachable)
    with pytest.raises(Unreachable, match=words):
        raise found


def test_what_was_sent_is_never_unreachable() -> None:
    assert convert(OSError("broken pipe"), sent=True).__class__ is ResponseLost
    assert convert(OSError("broken pipe")).__class__ is Unreachable


def test_a_long_text_of_a_provider_is_cut() -> None:
    assert len(str(Fault("no", provider_text="x" * 1_000_000, hresult=0x80041001))) < 700


@pytest.mark.parametrize("mark", ["", "\ufeff", "\ufeff\r\n"])
def test_the_fault_in_an_http_error_may_begin_with_a_byte_order_mark(mark: str) -> None:
    text = "<s:Envelope><s:Body/></s:Envelope>"
    assert fault_body(500, mark + text, encrypted=True).strip() == text.encode()


LOG = "read the event log Microsoft-Windows-WinRM/Operational on the host, then run this task again"
UNENCRYPTED = (
    "the listener may refuse messages that are not encrypted: use HTTPS, or Kerberos or NTLM with message encryption"
)
RAISE = "raise MaxFieldLength and MaxRequestBytes of the HTTP service on the host, or put the account into fewer groups"
STATUSES: list[tuple[int, type[ServerError], str, str]] = [
    (200, Redirected, "OK", Redirected.advice),
    (302, Redirected, "Found", Redirected.advice),
    (399, Redirected, "", Redirected.advice),
    (400, RequestRefused, "Bad Request", RequestRefused.advice),
    (403, RequestRefused, "Forbidden", "check the IP filters of the WinRM service, and a proxy in between"),
    (404, NotReady, "Not Found", NotReady.advice),
    (407, RequestRefused, "Proxy Authentication Required", "check the user name and the password of the proxy"),
    (413, RequestRefused, "", "raise MaxEnvelopeSizekb of the WinRM service on the host to 500"),
    (415, RequestRefused, "Unsupported Media Type", RequestRefused.advice),
    (499, RequestRefused, "", RequestRefused.advice),
    (500, ResponseLost, "Internal Server Error", LOG),
    (502, ResponseLost, "Bad Gateway", LOG),
    (503, ServiceUnavailable, "Service Unavailable", "check that the WinRM service of the host is running"),
    (599, ResponseLost, "", LOG),
]


@pytest.mark.parametrize(("status", "kind", "phrase", "advice"), STATUSES)
def test_what_each_status_means(status: int, kind: type[ServerError], phrase: str, advice: str) -> None:
    with pytest.raises(ServerError) as caught:
        fault_body(status, "some words.", encrypted=True)
    assert caught.value.__class__ is kind
    end = " (some words) without a SOAP fault" if kind is ResponseLost else " (some words)"
    known = phrase if status != 413 else caught.value.detail.removeprefix("HTTP 413 ").removesuffix(end)
    assert caught.value.detail == f"HTTP {status} {known}".rstrip() + end
    assert (caught.value.advice or "") == advice


@pytest.mark.parametrize(
    ("encrypted", "text", "advice"),
    [(False, "", UNENCRYPTED), (False, "words", LOG), (True, "", LOG), (True, "words", LOG)],
)
def test_an_error_without_words_of_a_listener_that_wants_encryption(encrypted: bool, text: str, advice: str) -> None:
    with pytest.raises(ResponseLost) as caught:
        fault_body(500, text, encrypted=encrypted)
    assert caught.value.advice == advice


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("The size of the request HEADERS is too long.", RAISE),
        ("The request hostname is invalid.", "connect with the host name of the listener"),
    ],
)
def test_the_words_of_windows_have_their_own_advice(words: str, advice: str) -> None:
    page = f"<html><head><title>no</title></head><body><h2>{words}</h2><!-- no --></body></html>"
    with pytest.raises(RequestRefused) as caught:
        fault_body(400, page, encrypted=True)
    assert caught.value.advice.startswith(advice)
    assert caught.value.detail == f"HTTP 400 Bad Request ({words.rstrip('.')})"


@pytest.mark.parametrize(("text", "dropped"), [("", True), (" \r\n", True), ("\ufeff", True), ("x", False)])
def test_a_session_that_was_dropped_has_an_empty_body(text: str, dropped: bool) -> None:
    with pytest.raises(SessionDropped if dropped else RequestRefused):
        fault_body(400, text, encrypted=True)
    with pytest.raises(ServerError):
        fault_body(401, text, encrypted=True)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (f"<p {'a' * 19_995}>xyz", "x"),  # the first 20,000 characters of a page
        ("a &amp; b<br>c. \r\n", "a & b c"),
        ("<STYLE type='x'>no</style >yes<script>no</script>", "yes"),
        ("<a\n href='x'>yes</a>", "yes"),
    ],
)
def test_the_words_of_a_page(page: str, words: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        fault_body(401, page, encrypted=True)
    assert caught.value.detail == f"HTTP 401 Unauthorized ({words})"


@pytest.mark.parametrize("text", ["<Envelope/>", "  <s:Envelope>"])
def test_a_fault_is_an_envelope_whatever_the_status(text: str) -> None:
    assert fault_body(400, text, encrypted=True) == text.encode()
    with pytest.raises(ServerError):
        fault_body(500, f"x{text}", encrypted=True)
    with pytest.raises(ServerError):
        fault_body(500, "<html/>", encrypted=True)


class NamedError(OSError):
    """An error of a library, of which only the name of the class counts."""


def named(name: str, *arguments: object, parent: type[Exception] = NamedError) -> Exception:
    return type(name, (parent,), {})(*arguments)


def verification() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_message = "self-signed certificate"
    return error


def tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


WHERE = "hv01 port 5986"
ERRORS: list[tuple[Exception, bool, type[ServerError], str]] = [
    (OSError(verification()), True, CertificateRefused, f"the certificate of {WHERE} could not be verified: self"),
    (OSError("the handshake operation timed out"), False, Unreachable,
     f"{WHERE} did not accept the connection within 5 s"),
    (named("ConnectTimeout", "x"), False, Unreachable, f"{WHERE} did not accept the connection within 5 s"),
    (named("ProxyError", "gone"), False, Unreachable, f"the proxy did not connect to {WHERE}: gone"),
    (named("NewConnectionError", OSError(111, "Connection refused")), False, Unreachable,
     f"{WHERE} does not accept connections: Connection refused"),
    (named("NewConnectionError", "no words", parent=Exception), False, Unreachable,
     f"{WHERE} does not accept connections: no words"),
    (OSError(tls("WRONG_VERSION_NUMBER")), False, Unreachable, f"{WHERE} does not use TLS, so it is not an HTTPS"),
    (OSError(tls("RECORD_LAYER_FAILURE")), False, Unreachable, f"{WHERE} does not use TLS, so it is not an HTTPS"),
    (OSError(tls("NO_CERTIFICATE_OR_CRL_FOUND")), False, CertificateRefused, "contains no certificate in PEM format"),
    (OSError(tls("NO_START_LINE")), False, CertificateRefused, "contains no certificate in PEM format"),
    (OSError(tls("[PEM] BAD")), False, CertificateRefused, "contains no certificate in PEM format"),
    (OSError(tls("EOF")), True, ResponseLost, "the connection was closed before the response was complete"),
    (OSError("reset"), False, Unreachable, f"the connection to {WHERE} failed: reset"),
    (OSError("reset"), True, ResponseLost, "the connection was closed before the response was complete (reset)"),
    (named("Timeout", "late"), True, TimedOut, "no response in time"),
    (OSError(named("ReadTimeoutError", "late")), True, TimedOut, "no response in time"),
    (named("Timeout", "late"), False, Unreachable, f"the connection to {WHERE} failed: late"),
    *((OSError(tls(reason)), False, Unreachable, "have no version of TLS in common") for reason in (
        "UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "WRONG_SSL_VERSION", "VERSION_TOO_LOW")),
    *((OSError(tls(reason)), False, Unreachable, "have no secure TLS settings in common") for reason in (
        "KEY_TOO_SMALL", "MD_TOO_WEAK", "HANDSHAKE_FAILURE", "INSUFFICIENT_SECURITY", "NO_SHARED_CIPHER")),
]  # fmt: skip


@pytest.mark.parametrize(("error", "sent", "kind", "words"), ERRORS)
def test_what_each_broken_connection_means(error: Exception, sent: bool, kind: type[ServerError], words: str) -> None:
    found = convert(error, sent=sent)
    assert found.__class__ is kind
    assert words in found.detail


def test_an_error_within_itself_ends() -> None:
    first, second = OSError("first"), OSError("second")
    first.__context__, second.__context__ = second, first
    assert convert(first).detail == f"the connection to {WHERE} failed: second"
