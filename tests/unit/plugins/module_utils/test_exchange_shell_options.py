# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of Exchange's endpoint."""

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("pypsrp")

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.winha.cluster.plugins.module_utils import exchange_shell
from ansible_collections.winha.cluster.plugins.module_utils._psrp.access import Access
from ansible_collections.winha.cluster.plugins.module_utils.errors import CredentialsRefused, TaskError


def open_shell(**given: t.Any) -> t.Any:
    validated = ArgumentSpecValidator(exchange_shell.SPEC).validate(given)
    assert not validated.error_messages
    return exchange_shell.EXCHANGE.session_factory(validated.validated_parameters)(read_only=True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "server is not set"),
        ({"server": "ex1.corp.test", "authentication": "basic"}, "so it needs TLS: set tls to https"),
        ({"server": "ex1.corp.test", "authentication": "basic", "tls": "https"}, "needs username and password"),
        ({"server": "ex1.corp.test", "password": "x"}, "password is set without username"),
        ({"server": "ex1.corp.test", "username": "CORP\\svc", "password": "x"}, "write it as name@REALM"),
        ({"server": "ex1.corp.test", "connect_timeout": 0}, "the minimum is 1 second"),
    ],
)
def test_options_that_cannot_work_are_told_before_any_request(given: dict[str, t.Any], expected: str) -> None:
    with pytest.raises(TaskError, match=expected):
        open_shell(**given)


def test_the_environment_gives_the_server_and_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINHA_EXCHANGE_SERVER", "ex1.corp.test")
    monkeypatch.setenv("WINHA_EXCHANGE_USERNAME", "")
    assert open_shell().host == "ex1.corp.test"


def test_a_principal_needs_its_realm() -> None:
    assert Access(server="ex1.corp.test", username="svc@corp.test").principal() == "svc@CORP.TEST"
    for name in ("svc", "svc@", "CORP\\svc@corp.test"):
        with pytest.raises(CredentialsRefused):
            Access(server="ex1.corp.test", username=name).principal()


def test_the_port_follows_from_tls() -> None:
    ports = [Access(server="x", tls=tls, port=port).actual_port for tls, port in
             (("none", None), ("https", None), ("https", 8443))]  # fmt: skip
    assert ports == [80, 443, 8443]
