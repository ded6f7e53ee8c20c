# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of Active Directory, and the servers that DNS returns."""

from __future__ import annotations

import typing as t

import pytest

pytest.importorskip("ldap")
dns = pytest.importorskip("dns.resolver")

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.winha.cluster.plugins.module_utils import directory
from ansible_collections.winha.cluster.plugins.module_utils._directory.access import Access, Server
from ansible_collections.winha.cluster.plugins.module_utils.errors import (
    CredentialsRefused,
    TaskError,
    Unreachable,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable

SIMPLE = {"authentication": "simple", "tls": "ldaps", "username": "svc@corp.test", "password": "Secret-1"}


def open_session(**given: t.Any) -> t.Any:
    validated = ArgumentSpecValidator(directory.SPEC).validate(given)
    assert not validated.error_messages
    return directory.DIRECTORY.session_factory(validated.validated_parameters)(read_only=True)


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the targets that DNS returns for each SRV query."""

    class Record:
        priority, weight = 0, 100

        def __init__(self, target: str) -> None:
            self.target = target

    def set_answer(*targets: str) -> None:
        found = [Record(target) for target in targets]
        monkeypatch.setattr(dns.Resolver, "resolve", lambda _self, _name, _kind: found)

    return set_answer


def servers(**more: t.Any) -> list[str]:
    return [
        server.host for server in Access(domain="corp.test", dns_servers=("127.0.0.1",), **more).domain_controllers()
    ]


def test_a_password_is_sent_only_to_servers_below_the_domain(answer: Callable[..., None]) -> None:
    answer("evil.attacker.test.", "DC1.Corp.Test.", "corp.test.attacker.test.", "evilcorp.test.")
    assert servers(authentication="simple") == ["DC1.Corp.Test"]
    answer("evil.attacker.test.", "evilcorp.test.")
    with pytest.raises(
        Unreachable, match=r"returned evil\.attacker\.test, evilcorp\.test for _ldap\S+, which is not below corp\.test"
    ):
        servers(authentication="simple")
    # Kerberos sends no password, and the names of domain controllers may be in another DNS domain.
    assert servers() == ["evil.attacker.test", "evilcorp.test"]


def test_a_global_catalog_outside_the_forest_is_refused(answer: Callable[..., None]) -> None:
    answer("gc.attacker.test.")
    access = Access(servers=("dc1.west.corp.test",), dns_servers=("127.0.0.1",), authentication="simple")
    with pytest.raises(Unreachable, match="so no password was sent"):
        access.find_in_dns("_gc._tcp.corp.test", below="corp.test")
    answer("gc.east.corp.test.")
    assert access.find_in_dns("_gc._tcp.corp.test", below="corp.test") == [Server("gc.east.corp.test")]


@pytest.mark.parametrize(
    ("library", "given", "sentence"),
    [
        (
            "LDAP_IMPORT_ERROR",
            {"servers": ["dc1"]},
            "The Python library python-ldap is missing on this machine (gone).",
        ),
        ("DNS_IMPORT_ERROR", {"domain": "corp.test"}, "The Python library dnspython is missing on this machine (gone)"),
    ],
)
def test_a_missing_library_fails_the_task_at_its_start(
    monkeypatch: pytest.MonkeyPatch, library: str, given: dict[str, t.Any], sentence: str
) -> None:
    """C(TaskError) is a failed task. The host is not unreachable."""
    monkeypatch.setattr(directory, library, ImportError("gone"))
    with pytest.raises(TaskError) as caught:
        open_session(**given)
    assert str(caught.value).startswith(sentence)
    assert "Run pip install" in str(caught.value)


def test_a_user_with_a_netbios_domain_is_refused_for_kerberos() -> None:
    with pytest.raises(TaskError, match=r"username is CORP\\svc; for Kerberos, write it as name@REALM"):
        open_session(servers=["dc1"], username="CORP\\svc", password="Secret-1")
    open_session(servers=["dc1"], **SIMPLE | {"username": "CORP\\svc"})


@pytest.mark.parametrize(("text", "tls"), [("ldaps://dc1.corp.test", "ldaps"), ("ldap://dc1.corp.test:389/", "none")])
def test_a_url_is_not_a_server(text: str, tls: str) -> None:
    with pytest.raises(Unreachable) as caught:
        Server.parse(text)
    assert f"{text} is a URL and not a server. Write dc1.corp.test" in str(caught.value)
    assert str(caught.value).endswith(f"set the option tls to {tls}.")


def test_an_empty_variable_of_the_environment_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINHA_DIRECTORY_SERVERS", "")
    monkeypatch.setenv("WINHA_DIRECTORY_DOMAIN", "")
    monkeypatch.setenv("WINHA_DIRECTORY_USERNAME", "svc@CORP.TEST")
    given = ArgumentSpecValidator(directory.SPEC).validate({}).validated_parameters
    assert (given["servers"], given["domain"], given["username"]) == (None, None, "svc@CORP.TEST")


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("dc1.corp.test", "dc1.corp.test", None),
        ("dc1.corp.test:636", "dc1.corp.test", 636),
        ("dc1:1", "dc1", 1),
        ("dc1:65535", "dc1", 65535),
        ("2001:db8::1", "2001:db8::1", None),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("[2001:db8::1]:3269", "2001:db8::1", 3269),
    ],
)
def test_a_server_with_and_without_a_port(text: str, host: str, port: int | None) -> None:
    assert Server.parse(text) == Server(host, port)


@pytest.mark.parametrize("text", ["dc1:0", "dc1:65536", "dc1:-1", "dc1:", "dc1:ldap", "[2001:db8::1]:65536"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(Unreachable, match="is not a server: the text after the colon is not a port"):
        Server.parse(text)


@pytest.mark.parametrize(
    ("given", "principal"),
    [
        ({"username": "svc@corp.test"}, "svc@CORP.TEST"),
        ({"username": "svc@corp.test", "domain": "other.test"}, "svc@CORP.TEST"),
        ({"username": "svc", "domain": "corp.test"}, "svc@CORP.TEST"),
    ],
)
def test_the_realm_is_in_capital_letters(given: dict[str, str], principal: str) -> None:
    assert Access(**given).principal() == principal


def test_a_user_without_a_realm_is_refused() -> None:
    with pytest.raises(CredentialsRefused, match=r"svc has no realm\. Write username as name@REALM\."):
        Access(username="svc").principal()


def test_the_preferred_servers_are_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 2782: the lowest priority, and then the highest weight."""
    asked: list[t.Any] = []

    class Record:
        def __init__(self, target: str, priority: int, weight: int) -> None:
            self.target, self.priority, self.weight = target, priority, weight

    records = [Record("d.", 1, 9), Record("c.", 0, 1), Record("b.", 0, 100), Record("a.", 0, 100)]

    def resolve(resolver: t.Any, name: str, kind: str) -> list[Record]:
        asked.append((name, kind, resolver.lifetime, [str(one) for one in resolver.nameservers]))
        return records

    monkeypatch.setattr(dns.Resolver, "resolve", resolve)
    assert servers(connect_timeout=7) == ["a", "b", "c", "d"]
    assert asked == [("_ldap._tcp.dc._msdcs.corp.test", "SRV", 7, ["127.0.0.1"])]


@pytest.mark.parametrize("error", [OSError("gone"), ValueError("no address")])
def test_a_name_server_that_does_not_respond(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def resolve(_resolver: t.Any, _name: str, _kind: str) -> t.Any:
        raise error

    monkeypatch.setattr(dns.Resolver, "resolve", resolve)
    with pytest.raises(
        Unreachable, match=f"DNS returned no server for _ldap._tcp.dc._msdcs.corp.test: {error}"
    ) as caught:
        servers()
    assert "check that dns_servers are IP addresses" in caught.value.advice


def test_configured_servers_are_not_looked_up() -> None:
    access = Access(servers=("dc2", "dc1:636"), domain="corp.test")
    assert access.domain_controllers() == [Server("dc2"), Server("dc1", 636)]


@pytest.mark.parametrize(
    ("tls", "catalog", "uri"),
    [
        ("none", False, "ldap://dc1:389"), ("none", True, "ldap://dc1:3268"),
        ("start_tls", False, "ldap://dc1:389"), ("start_tls", True, "ldap://dc1:3268"),
        ("ldaps", False, "ldaps://dc1:636"), ("ldaps", True, "ldaps://dc1:3269"),
    ],
)  # fmt: skip
def test_the_address_of_each_kind_of_connection(tls: str, catalog: bool, uri: str) -> None:
    assert Access(tls=tls).uri(Server("dc1"), catalog=catalog) == uri
