# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of Kerberos and TLS that need no server: what they mean, and advice that fits."""

from __future__ import annotations

import ssl

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    CredentialsRefused,
    Fault,
    ResponseLost,
    ServerError,
    Unreachable,
)
from ansible_collections.winha.cluster.plugins.module_utils._wsman.http_errors import convert_http_error, fault_body


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
