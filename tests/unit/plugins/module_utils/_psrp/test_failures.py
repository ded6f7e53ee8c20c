# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is certain after an error: a cmdlet that can have run is never reported as one that did not."""

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("pypsrp")
requests = pytest.importorskip("requests")

from ansible_collections.winha.cluster.plugins.module_utils._psrp import failures
from ansible_collections.winha.cluster.plugins.module_utils._psrp.errors import Redirected, Throttled
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import Redirected as HttpRedirected
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import ResponseTooLarge
from ansible_collections.winha.cluster.plugins.module_utils.errors import (
    CredentialsRefused,
    ResponseLost,
    ServerError,
    Unreachable,
)
from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError


def fault(code: int, reason: str = "No.") -> Exception:
    return WSManFaultError(code, "ex1", reason, None, None, None)


ERRORS: list[tuple[Exception, type[ServerError]]] = [
    (AuthenticationError("no"), CredentialsRefused),
    (WinRMTransportError("http", 403, ""), CredentialsRefused),
    (WinRMTransportError("http", 404, "<h1>Not Found</h1>"), Unreachable),
    (WinRMTransportError("http", 503, ""), Unreachable),
    (WinRMError("Received related id does not match"), Unreachable),
    (fault(2150858811), Unreachable),
    (fault(2150858793), Unreachable),
    (fault(5), CredentialsRefused),
    (fault(2150859173), Throttled),
    (fault(0, "This user is allowed a maximum number of 18 concurrent shells, which has been exceeded."), Throttled),
    (fault(2150859161), Redirected),
    (HttpRedirected("HTTP 302, a redirect to https://ex9/PowerShell"), Redirected),
    (ResponseTooLarge("too large"), Unreachable),
    (requests.exceptions.ReadTimeout("late"), Unreachable),
    (requests.exceptions.ConnectionError("gone"), Unreachable),
    (ImportError("GSSAPIProxy requires the Python gssapi library"), CredentialsRefused),
    (ValueError("Server responded with the auth protocol 'Basic'"), CredentialsRefused),
    (KeyError("RefId"), Unreachable),
]


@pytest.mark.parametrize(("error", "kind"), ERRORS, ids=str)
def test_an_error_is_a_lost_response_if_and_only_if_the_cmdlet_can_have_run(
    error: Exception, kind: type[ServerError]
) -> None:
    def converted(**more: t.Any) -> ServerError:
        return failures.convert_error(error, "ex1 port 80", sent=True, connect_timeout=1, **more)

    assert converted(ran=False).__class__ is kind
    assert isinstance(converted(ran=True), ResponseLost)
    assert converted(ran=False).advice


def test_the_target_of_a_redirection_is_named() -> None:
    error = failures.convert_error(
        fault(2150859161, "Go to <https://ex9.corp.test/PowerShell>."), "ex1", sent=True, ran=False, connect_timeout=1
    )
    assert isinstance(error, Redirected)
    assert error.target == "https://ex9.corp.test/PowerShell"


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("will not be accepted for at least 5321 milliseconds.", 5.321),
        ("exceeded 18 requests", None),
        ("warten Sie 250 ms", 0.25),
    ],
)
def test_the_wait_is_read_from_the_text(words: str, seconds: float | None) -> None:
    assert failures.wait_of(words) == seconds


@pytest.mark.parametrize(("code", "refusal"), [(2150858817, True), (2150858793, False)])
def test_only_a_fault_that_is_no_timeout_means_that_nothing_was_started(code: int, refusal: bool) -> None:
    assert failures.is_refusal(fault(code)) is refusal
    assert not failures.is_refusal(AuthenticationError("no"))
