# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What python-ldap is asked for: the options of a connection, how it signs in, and the arguments of each request."""

from __future__ import annotations

import contextlib
import typing as t

import pytest

ldap = pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory import binding
from ansible_collections.winha.cluster.plugins.module_utils._directory.access import Access, Server
from ansible_collections.winha.cluster.plugins.module_utils._directory.binding import Binding
from ansible_collections.winha.cluster.plugins.module_utils.errors import (
    CredentialsRefused,
    ResponseLost,
    TimedOut,
    Unreachable,
)

DN, SERVER = "CN=ASA,DC=corp,DC=test", Server("dc1.corp.test")
OPTIONS = {
    "OPT_REFERRALS", "OPT_NETWORK_TIMEOUT", "OPT_TIMEOUT", "OPT_X_SASL_NOCANON", "OPT_X_SASL_SECPROPS",
    "OPT_X_TLS_REQUIRE_CERT", "OPT_X_TLS_PROTOCOL_MIN", "OPT_X_TLS_CACERTFILE", "OPT_X_TLS_NEWCTX", "OPT_X_SASL_SSF",
}  # fmt: skip
NAMES = {getattr(ldap, name): name for name in OPTIONS}
Call = tuple[t.Any, ...]


class Connection:
    """A connection of python-ldap that notes each call."""

    def __init__(self, uri: str) -> None:
        self.uri, self.protocol_version = uri, 0
        self.options: dict[str, t.Any] = {}
        self.calls: list[Call] = []
        self.responses: list[t.Any] = []
        self.fails: dict[str, Exception] = {}
        self.ssf = 256

    def _note(self, name: str, *arguments: t.Any) -> None:
        self.calls.append((name, *arguments))
        if name in self.fails:
            raise self.fails[name]

    def set_option(self, option: int, value: t.Any) -> None:
        if NAMES[option] in self.fails:
            raise self.fails[NAMES[option]]
        self.options[NAMES[option]] = value

    def get_option(self, option: int) -> t.Any:
        assert NAMES[option] == "OPT_X_SASL_SSF"
        return self.ssf

    def fileno(self) -> int:
        return 99

    def start_tls_s(self) -> None:
        self._note("start_tls")

    def simple_bind(self, name: str, password: str) -> int:
        self._note("simple", name, password)
        return 1

    def sasl_non_interactive_bind_s(self, mechanism: str) -> None:
        self._note("sasl", mechanism)

    def search_ext(self, base: str, scope: int, filter_: str = "", attrlist: t.Any = (), **more: t.Any) -> int:
        controls = [
            (control.controlType, control.criticality, control.size, control.cookie)
            for control in more.get("serverctrls", ())
        ]
        self._note("search", base, scope, filter_, attrlist, controls, more.get("timeout"))
        return 2

    def modify_ext(self, dn: str, changes: t.Any) -> int:
        self._note("modify", dn, changes)
        return 3

    def result3(self, number: int, **options: t.Any) -> t.Any:
        assert [kind.__name__ for kind in options["resp_ctrl_classes"].values()] == ["_Paging"]
        self._note("result", number, options["all"], options["timeout"])
        return (0, *(self.responses.pop(0) if self.responses else ([], None, [])))

    def unbind_ext_s(self) -> None:
        self._note("unbind")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    """The connections that were made. Sockets are not used."""
    found: list[Connection] = []

    def initialize(uri: str) -> Connection:
        found.append(Connection(uri))
        return found[-1]

    monkeypatch.setattr(ldap, "initialize", initialize)
    monkeypatch.setattr(
        binding, "limit_reads", lambda number, seconds: found[-1].calls.append(("limit", number, seconds))
    )
    monkeypatch.setattr(binding, "sockets_to", lambda _port: set())
    monkeypatch.setattr(binding, "time_limit", lambda _seconds, _sockets: contextlib.nullcontext())
    monkeypatch.setattr(binding, "diagnose_connection", lambda *_arguments, **_options: None)
    return found


def access(**given: t.Any) -> Access:
    return Access(**{"username": "svc", "password": "Secret-1", "connect_timeout": 3, "operation_timeout": 7, **given})


PLAIN = {"OPT_REFERRALS": 0, "OPT_NETWORK_TIMEOUT": 3, "OPT_TIMEOUT": 7, "OPT_X_SASL_NOCANON": 1}
TLS = {"OPT_X_TLS_REQUIRE_CERT": ldap.OPT_X_TLS_DEMAND, "OPT_X_TLS_PROTOCOL_MIN": ldap.OPT_X_TLS_PROTOCOL_TLS1_2,
       "OPT_X_TLS_NEWCTX": 0}  # fmt: skip
ENCRYPTED = {"OPT_X_SASL_SECPROPS": "noanonymous,noplain,minssf=56"}
IN_TLS = {"OPT_X_SASL_SECPROPS": "noanonymous,noplain,maxssf=0"}
SIMPLE: list[Call] = [("simple", "svc", "Secret-1"), ("result", 1, 1, 7)]
KERBEROS: list[Call] = [
    ("search", "", ldap.SCOPE_BASE, "", ["1.1"], [], None), ("limit", 99, 7), ("result", 2, 1, 7), ("sasl", "GSSAPI"),
]  # fmt: skip
# The options of the connection, its address, the options of python-ldap, and the calls in their order.
SIGNED_IN: list[tuple[dict[str, t.Any], str, dict[str, t.Any], list[Call]]] = [
    ({}, "ldap://dc1.corp.test:389", PLAIN | ENCRYPTED, KERBEROS),
    ({"tls": "ldaps"}, "ldaps://dc1.corp.test:636", PLAIN | IN_TLS | TLS, KERBEROS),
    ({"tls": "start_tls"}, "ldap://dc1.corp.test:389", PLAIN | IN_TLS | TLS, [("start_tls",), *KERBEROS]),
    ({"authentication": "simple", "tls": "start_tls"}, "ldap://dc1.corp.test:389", PLAIN | TLS,
     [("start_tls",), *SIMPLE]),
    ({"authentication": "simple"}, "ldap://dc1.corp.test:389", PLAIN, SIMPLE),
    ({"authentication": "simple", "tls": "ldaps", "validate_certs": False, "ca_path": "/ca.pem"},
     "ldaps://dc1.corp.test:636",
     PLAIN | TLS | {"OPT_X_TLS_REQUIRE_CERT": ldap.OPT_X_TLS_NEVER, "OPT_X_TLS_CACERTFILE": "/ca.pem"}, SIMPLE),
]  # fmt: skip


@pytest.mark.parametrize(("given", "uri", "options", "calls"), SIGNED_IN)
def test_a_connection_has_its_options_and_signs_in(
    made: list[Connection], given: dict[str, t.Any], uri: str, options: dict[str, t.Any], calls: list[Call]
) -> None:
    opened = Binding(access(**given), SERVER)
    (connection,) = made
    assert (connection.uri, connection.protocol_version) == (uri, 3)
    assert (connection.options, connection.calls) == (options, calls)
    opened.close()
    opened.close()  # a second call has no effect
    assert connection.calls == [*calls, ("unbind",)]


@pytest.mark.parametrize(("catalog", "port"), [(False, 389), (True, 3268)])
def test_a_global_catalog_has_its_own_port(made: list[Connection], catalog: bool, port: int) -> None:
    Binding(access(), Server("fd00::1"), catalog=catalog)
    assert made[0].uri == f"ldap://[fd00::1]:{port}"


@pytest.mark.parametrize(("ssf", "accepted"), [(56, True), (55, False), (0, False)])
@pytest.mark.parametrize("tls", ["none", "ldaps"])
def test_kerberos_without_tls_must_encrypt(
    made: list[Connection], monkeypatch: pytest.MonkeyPatch, tls: str, ssf: int, accepted: bool
) -> None:
    monkeypatch.setattr(Connection, "get_option", lambda _self, _option: ssf)
    if accepted or tls == "ldaps":
        Binding(access(tls=tls), SERVER)
        return
    with pytest.raises(CredentialsRefused, match="did not encrypt the connection"):
        Binding(access(tls=tls), SERVER)
    assert made[0].calls[-1] == ("unbind",)


@pytest.mark.parametrize(
    ("given", "name", "error", "expected", "words"),
    [
        ({}, "sasl", ldap.LOCAL_ERROR({"desc": "no"}), CredentialsRefused, "check the user name and the password"),
        ({"tls": "ldaps"}, "sasl", ldap.LOCAL_ERROR({"desc": "no"}), CredentialsRefused, "set tls to none: Kerberos"),
        ({"authentication": "simple", "tls": "ldaps"}, "simple", ldap.INVALID_CREDENTIALS({"desc": "no"}),
         CredentialsRefused, "check the user name and the password"),
        ({}, "result", ldap.SERVER_DOWN({"desc": "Can't contact"}), Unreachable, "check the name, the port"),
        ({}, "sasl", ValueError("odd"), Unreachable, "check that this port is LDAP"),
        ({"tls": "ldaps", "ca_path": "/ca.pem"}, "OPT_X_TLS_NEWCTX", ValueError("odd"), Unreachable, "correct ca_path"),
        ({}, "sasl", KeyboardInterrupt(), KeyboardInterrupt, ""),
    ],
)  # fmt: skip
def test_a_connection_that_fails_is_closed(
    *, made: list[Connection], monkeypatch: pytest.MonkeyPatch, given: dict[str, t.Any], name: str, error: Exception,
    expected: type[BaseException], words: str,
) -> None:  # fmt: skip
    begin = Connection.__init__

    def failing(self: Connection, uri: str) -> None:
        begin(self, uri)
        self.fails = {name: error}

    monkeypatch.setattr(Connection, "__init__", failing)
    with pytest.raises(expected) as caught:
        Binding(access(**given), SERVER)
    assert words.casefold() in str(getattr(caught.value, "advice", "")).casefold()
    if not name.startswith("OPT_"):
        assert made[0].calls[-1] == ("unbind",)


@pytest.fixture
def bound(made: list[Connection]) -> Binding:
    found = Binding(access(), SERVER)
    made[0].calls.clear()
    return found


class Control:
    controlType = "1.2.840.113556.1.4.319"  # noqa: N815

    def __init__(self, cookie: bytes | None) -> None:
        self.cookie = cookie


@pytest.mark.parametrize(
    ("scope", "controls"), [(ldap.SCOPE_BASE, []), (ldap.SCOPE_SUBTREE, [(Control.controlType, True, 1000, b"more")])]
)
@pytest.mark.parametrize(("cookie", "following"), [(b"next", b"next"), (None, b""), (b"", b"")])
def test_a_search_asks_for_pages(
    *, made: list[Connection], bound: Binding, scope: int, controls: list[t.Any], cookie: bytes | None, following: bytes
) -> None:
    """The control for pages is critical: a server without it must refuse, and not cut the result."""
    other = Control(b"other")
    other.controlType = "1.2.3"
    found = [(DN, {"CN": [b"ASA"]}), (None, ["ldap://child.corp.test"])]
    made[0].responses = [(found, 2, [other, Control(cookie)])]
    page = bound.page(DN, scope, "(cn=*)", ("cn", "sn"), b"more")
    assert [(entry.dn, dict(entry.values)) for entry in page.entries] == [(DN, {"cn": (b"ASA",)})]
    assert page.cookie == following
    assert made[0].calls == [("search", DN, scope, "(cn=*)", ["cn", "sn"], controls, 7), ("result", 2, 1, 7)]


@pytest.mark.parametrize(
    ("add", "delete", "changes"),
    [
        (["a"], [], [(ldap.MOD_ADD, "spn", [b"a"])]),
        ([], ["b"], [(ldap.MOD_DELETE, "spn", [b"b"])]),
        (["a", "c"], ["b"], [(ldap.MOD_DELETE, "spn", [b"b"]), (ldap.MOD_ADD, "spn", [b"a", b"c"])]),
    ],
)
def test_a_modification_deletes_before_it_adds(
    made: list[Connection], bound: Binding, add: list[str], delete: list[str], changes: list[t.Any]
) -> None:
    bound.modify(DN, "spn", add=add, delete=delete)
    assert made[0].calls == [("modify", DN, changes), ("result", 3, 1, 7)]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ldap.SERVER_DOWN({"desc": "down"}), ResponseLost),
        (ldap.TIMEOUT({"desc": "late"}), TimedOut),
        (ValueError("odd"), ResponseLost),
    ],
)
@pytest.mark.parametrize("name", ["search", "modify"])
def test_an_error_after_a_request_was_sent_is_a_lost_response(
    made: list[Connection], bound: Binding, name: str, error: Exception, expected: type[Exception]
) -> None:
    made[0].fails = {name: error}
    send = {
        "search": lambda: bound.page(DN, 2, "(cn=*)", ("cn",), b""),
        "modify": lambda: bound.modify(DN, "spn", add=["a"], delete=[]),
    }[name]
    with pytest.raises(expected):
        send()
