# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A session that switches to another domain controller. The lab cannot simulate these cases."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

ldap = pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory import session as sessions
from ansible_collections.winha.cluster.plugins.module_utils._directory.access import Access, Server
from ansible_collections.winha.cluster.plugins.module_utils._directory.account import find_account
from ansible_collections.winha.cluster.plugins.module_utils._directory.binding import Page
from ansible_collections.winha.cluster.plugins.module_utils._directory.entry import Entry
from ansible_collections.winha.cluster.plugins.module_utils._directory.ldap_errors import Refused, translate_error
from ansible_collections.winha.cluster.plugins.module_utils.errors import (
    ResponseLost,
    TaskError,
    Unreachable,
    WriteRefused,
)

READ_ONLY = b"1.2.840.113556.1.4.1920"
ELSEWHERE = "DC=child,DC=corp,DC=test"


@dataclasses.dataclass(slots=True)
class Controller:
    """A domain controller that returns its rootDSE for each request."""

    name: bytes
    capabilities: tuple[bytes, ...] = ()
    catalog: bytes = b"TRUE"
    is_up: bool = True
    responds: bool = True
    written: list[str] = dataclasses.field(default_factory=list)

    def respond(self) -> None:
        if not (self.is_up and self.responds):
            raise ResponseLost("the connection broke")


@dataclasses.dataclass(slots=True)
class Connection:
    """A simulated connection to one of the controllers."""

    server: Server
    controller: Controller

    def page(self, base: str, *_request: t.Any) -> Page:
        self.controller.respond()
        if base.endswith(ELSEWHERE):
            raise translate_error(ldap.REFERRAL({"desc": "Referral", "info": "0000202B: RefErr: DSID-1"}), sent=True)
        if not self.controller.name:  # not a domain controller
            return Page((), b"")
        root_dse = {"dnshostname": self.controller.name, "isglobalcatalogready": self.controller.catalog}
        root_dse["defaultnamingcontext"] = b"DC=corp,DC=test"
        values = {name: (value,) for name, value in root_dse.items()}
        return Page((Entry("", {**values, "supportedcapabilities": self.controller.capabilities}),), b"")

    def modify(self, dn: str, *_attribute: t.Any, **_values: t.Any) -> None:
        self.controller.written.append(dn)
        self.controller.respond()

    def set_password(self, dn: str, _password: str) -> None:
        self.modify(dn)

    def close(self) -> None:
        pass


@pytest.fixture
def controllers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Controller]:
    """The simulated domain controllers by name."""
    found: dict[str, Controller] = {}

    def connect(_access: Access, server: Server, *, catalog: bool) -> Connection:
        del catalog
        if not found[server.host].is_up:
            raise Unreachable("Connection refused")
        return Connection(server, found[server.host])

    monkeypatch.setattr(sessions, "Binding", connect)
    return found


def test_the_root_dse_is_read_again_after_a_failover(controllers: dict[str, Controller]) -> None:
    controllers |= {"dc1": Controller(b"dc1"), "rodc": Controller(b"rodc", (READ_ONLY,), b"FALSE")}
    session = sessions.Directory(Access(servers=("dc1", "rodc")))
    assert session.is_own_catalog
    controllers["dc1"].is_up = False
    assert list(session.search("", "(objectClass=*)", ["cn"], operation="searching"))
    assert session.host == "rodc"
    assert not session.is_own_catalog
    with pytest.raises(Refused, match="read-only domain controller"):
        session.change_values("CN=ASA", "servicePrincipalName", add=["http/mail"], operation="setting names")
    assert controllers["rodc"].written == []


def test_a_password_is_set_once_on_a_writable_controller_and_never_in_check_mode(
    controllers: dict[str, Controller],
) -> None:
    controllers |= {"dc1": Controller(b"dc1"), "rodc": Controller(b"rodc", (READ_ONLY,), b"FALSE")}
    session = sessions.Directory(Access(servers=("dc1",)))
    session.set_password("CN=ASA", "New-Passw0rd")
    assert (controllers["dc1"].written, session.writes) == (["CN=ASA"], 1)
    with pytest.raises(WriteRefused):
        sessions.Directory(Access(servers=("dc1",)), read_only=True).set_password("CN=ASA", "New-Passw0rd")
    with pytest.raises(Refused, match="read-only domain controller"):
        sessions.Directory(Access(servers=("rodc",))).set_password("CN=ASA", "New-Passw0rd")
    assert (len(controllers["dc1"].written), controllers["rodc"].written) == (1, [])


def test_a_failover_also_changes_the_global_catalog(controllers: dict[str, Controller]) -> None:
    """Its results count as those of the domain controller, so they must not come from the previous one."""
    controllers |= {"dc1": Controller(b"dc1"), "dc2": Controller(b"dc2")}
    session = sessions.Directory(Access(servers=("dc1", "dc2")))

    def catalog() -> str:
        (entry,) = session.search_forest("(objectClass=*)", ["cn"], operation="searching")
        return entry.text("dnsHostName")

    assert catalog() == "dc1"
    controllers["dc1"].is_up = False
    assert list(session.search("", "(objectClass=*)", ["cn"], operation="searching"))
    controllers["dc1"].is_up = True
    assert (session.host, catalog()) == ("dc2", "dc2")


def write(session: sessions.Directory) -> None:
    session.change_values("CN=ASA", "servicePrincipalName", add=["http/mail"], operation="setting names")


def read(session: sessions.Directory) -> list[Entry]:
    return list(session.search("CN=ASA", "(objectClass=*)", ["cn"], operation="reading"))


def test_after_a_write_another_domain_controller_with_the_same_name_is_refused(
    controllers: dict[str, Controller],
) -> None:
    controllers |= {"ldap.corp.test": Controller(b"dc1.corp.test")}
    session = sessions.Directory(Access(servers=("ldap.corp.test",)))
    write(session)
    controllers["ldap.corp.test"].is_up = False
    controllers |= {"ldap.corp.test": Controller(b"dc2.corp.test")}
    for _attempt in range(2):
        with pytest.raises(
            Unreachable, match=r"ldap\.corp\.test is now dc2\.corp\.test, but the changes were written to dc1"
        ) as caught:
            read(session)
        assert ". Run it again when dc1.corp.test is available; " in str(caught.value)


def test_there_is_no_failover_after_a_write_without_a_response(
    controllers: dict[str, Controller],
) -> None:
    controllers |= {"dc1": Controller(b"dc1"), "dc2": Controller(b"dc2")}
    session = sessions.Directory(Access(servers=("dc1", "dc2")))
    assert session.root.server == "dc1"
    controllers["dc1"].responds = False
    for request in (write, read):
        with pytest.raises(ResponseLost) as caught:
            request(session)
        assert " on dc1 failed: the connection broke. Run it again when dc1 is available; " in str(caught.value)
    assert (controllers["dc1"].written, controllers["dc2"].written) == (["CN=ASA"], [])


def test_the_distinguished_name_of_an_account_in_another_domain_is_refused(controllers: dict[str, Controller]) -> None:
    """Windows returns a referral to that domain; Samba returns that the object does not exist."""
    controllers |= {"dc1": Controller(b"dc1")}
    with pytest.raises(
        TaskError, match=f"There is no CN=ASA,{ELSEWHERE} on dc1.*set servers to a domain controller of that"
    ):
        find_account(sessions.Directory(Access(servers=("dc1",))), f"CN=ASA,{ELSEWHERE}")


def test_a_server_without_naming_contexts_is_refused_with_a_sentence(controllers: dict[str, Controller]) -> None:
    controllers |= {"dc1": Controller(b"")}
    with pytest.raises(Refused) as caught:
        find_account(sessions.Directory(Access(servers=("dc1",))), "ASA")
    assert str(caught.value) == (
        "Reading the naming contexts on dc1 failed: it returned no naming context. Check that it is a domain "
        "controller."
    )


@pytest.mark.parametrize("entries", [0, 1, 60])
def test_a_search_without_an_end_is_given_up(
    controllers: dict[str, Controller], monkeypatch: pytest.MonkeyPatch, entries: int
) -> None:
    found = tuple(Entry(f"CN={number}", {}) for number in range(entries))
    monkeypatch.setattr(Connection, "page", lambda *_request: Page(found, b"more"))
    controllers |= {"dc1": Controller(b"dc1")}
    with pytest.raises(ResponseLost, match="the response has no end: "):
        list(sessions.Directory(Access(servers=("dc1",))).search("", "(cn=*)", ["cn"], operation="searching"))


def test_many_full_pages_have_an_end(controllers: dict[str, Controller], monkeypatch: pytest.MonkeyPatch) -> None:
    found = tuple(Entry(f"CN={number}", {}) for number in range(1000))
    pages = iter([b"more"] * 300 + [b""])
    monkeypatch.setattr(Connection, "page", lambda *_request: Page(found, next(pages)))
    controllers |= {"dc1": Controller(b"dc1")}
    listed = sessions.Directory(Access(servers=("dc1",))).search("", "(cn=*)", ["cn"], operation="searching")
    assert sum(1 for _entry in listed) == 301_000
