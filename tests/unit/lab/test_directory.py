# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The domain controller of the lab, with the client programs of Kerberos and OpenLDAP, and with faults."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
from typing import TYPE_CHECKING

import pytest
import yaml
from directory_estate import TWICE, WEB, description, estate, modify, needs_samba, network, run_client
from lab import daemon
from lab.directory import DirectoryError, DomainController, domain_cache, impediment, parse, programs
from lab.running import RunningEstate, running
from network_estate import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = needs_samba


@pytest.fixture(scope="session")
def net() -> Iterator[str]:
    reservation, found = network()
    with reservation:
        yield found


@pytest.fixture(scope="session")
def _domain(net: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEstate]:
    folder = tmp_path_factory.mktemp("directory")
    (folder / "estate.yml").write_text(yaml.safe_dump(estate(net)), encoding="utf-8")
    with running(folder / "estate.yml", folder / "state") as found:
        yield found


@pytest.fixture
def domain(_domain: RunningEstate) -> Iterator[DomainController]:
    """The running domain, without changes of other tests."""
    controller = _domain.directory
    if not controller.is_running:
        controller.start()
    begin = controller.highest_usn()
    yield controller
    controller.remove_relay()
    if not controller.is_running or controller.highest_usn() != begin:
        controller.reset()
        if not controller.is_running:
            controller.start()


@pytest.fixture
def ticket(domain: DomainController, tmp_path: Path) -> Path:
    """A ticket cache of the administrator."""
    cache = tmp_path / "cache"
    domain.kinit(domain.administrator, cache, password=domain.password)
    return cache


def test_the_root_dse_has_the_names_of_the_domain(domain: DomainController) -> None:
    result = run_client(
        domain, "ldapsearch", "-LLL", "-x", "-H", f"ldap://{domain.fqdn}", "-b", "", "-s", "base", "*", "+"
    )
    assert "defaultNamingContext: DC=corp,DC=example,DC=test" in result.stdout
    assert f"dnsHostName: {domain.fqdn}" in result.stdout


def test_a_ticket_allows_signing_and_sealing(domain: DomainController, ticket: Path) -> None:
    url = f"ldap://{domain.fqdn}"
    result = run_client(
        domain, "ldapsearch", "-Y", "GSSAPI", "-H", url, "-b", domain.base_dn, "-s", "base", "dn", cache=ticket
    )
    assert "SASL SSF: 256" in result.stderr
    assert f"dn: {domain.base_dn}" in result.stdout


@pytest.mark.parametrize("url", ["ldaps://{}", "ldaps://{}:3269"])
def test_a_password_is_accepted_over_tls(domain: DomainController, url: str) -> None:
    who = ("-x", "-D", "reader@example.test", "-w", "Reader-Passw0rd")
    found = run_client(domain, "ldapsearch", *who, "-H", url.format(domain.fqdn), "-b", domain.base_dn, "-s", "base")
    assert found.returncode == 0, found.stderr
    by_address = run_client(
        domain, "ldapsearch", *who, "-H", url.format(domain.address), "-b", domain.base_dn, "-s", "base"
    )
    assert by_address.returncode == 0, by_address.stderr


def test_starttls_works(domain: DomainController) -> None:
    who = ("-x", "-ZZ", "-D", "reader@example.test", "-w", "Reader-Passw0rd")
    assert run_client(domain, "ldapsearch", *who, "-H", f"ldap://{domain.fqdn}", "-b", "", "-s", "base").returncode == 0


def test_a_password_without_encryption_is_refused(domain: DomainController) -> None:
    who = ("-x", "-D", "reader@example.test", "-w", "Reader-Passw0rd")
    found = run_client(domain, "ldapsearch", *who, "-H", f"ldap://{domain.fqdn}", "-b", "", "-s", "base")
    assert found.returncode == 8  # strongerAuthRequired


def test_a_reader_may_not_write(domain: DomainController) -> None:
    who = ("-x", "-ZZ", "-D", "reader@example.test", "-w", "Reader-Passw0rd", "-H", f"ldap://{domain.fqdn}")
    ldif = f"dn: CN=ASA,CN=Computers,{domain.base_dn}\nchangetype: modify\nadd: servicePrincipalName\n"
    before = domain.highest_usn()
    found = run_client(domain, "ldapmodify", *who, given=f"{ldif}servicePrincipalName: http/new.corp.example.test\n")
    assert found.returncode == 50  # insufficientAccessRights
    assert domain.highest_usn() == before


def test_a_ticket_is_for_the_account_with_the_spn(domain: DomainController, ticket: Path, tmp_path: Path) -> None:
    keys = domain.export_keytab("holder", tmp_path / "holder.keytab")
    assert "keytab entry valid" in domain.kvno(WEB, ticket, keytab=keys)
    with pytest.raises(DirectoryError, match="failed"):
        domain.kvno(WEB, ticket, keytab=domain.export_keytab("other", tmp_path / "other.keytab"))


def test_a_ticket_uses_the_encryption_types_of_the_account(domain: DomainController, ticket: Path) -> None:
    assert modify(domain, ticket, f"CN=ASA,CN=Computers,{domain.base_dn}", "http/new.corp.example.test").returncode == 0
    domain.kvno("http/new.corp.example.test", ticket)
    listed = run_client(domain, "klist", "-e", cache=ticket).stdout.partition("http/new")[2]
    assert "aes256-cts" in listed.partition("Etype")[2].splitlines()[0]


def test_two_accounts_can_have_the_same_spn(domain: DomainController) -> None:
    found = domain.ldbsearch(f"(servicePrincipalName={TWICE})", ["servicePrincipalName"])
    assert {entry.dn.partition(",")[0] for entry in found} == {"CN=holder", "CN=other"}
    url = f"ldaps://{domain.fqdn}:3269"
    who = ("-x", "-D", "reader@example.test", "-w", "Reader-Passw0rd", "-H", url, "-b", "", "-LLL")
    assert run_client(domain, "ldapsearch", *who, f"(servicePrincipalName={TWICE})", "dn").stdout.count("dn: ") == 2


@pytest.mark.parametrize("spn", [WEB, WEB.upper()])
def test_a_duplicate_spn_is_refused(domain: DomainController, ticket: Path, spn: str) -> None:
    before = domain.highest_usn()
    found = modify(domain, ticket, f"CN=ASA,CN=Computers,{domain.base_dn}", spn)
    assert found.returncode == 19, found.stderr  # constraintViolation
    assert domain.highest_usn() == before


def test_an_spn_writer_may_write_to_one_account_only(domain: DomainController, tmp_path: Path) -> None:
    domain.kinit("desk", tmp_path / "desk", password="Desk-Passw0rd")
    asa = f"CN=ASA,CN=Computers,{domain.base_dn}"
    assert modify(domain, tmp_path / "desk", asa, "http/new.corp.example.test").returncode == 0
    assert (
        modify(domain, tmp_path / "desk", asa, "cifs/fileserver").returncode == 50
    )  # conflicts with the HOST alias of another account
    reader = f"CN=reader,CN=Users,{domain.base_dn}"
    assert modify(domain, tmp_path / "desk", reader, "http/newer.corp.example.test").returncode == 50


def test_a_logon_changes_nothing(domain: DomainController, ticket: Path) -> None:
    before = domain.highest_usn()
    domain.kvno(WEB, ticket)
    domain.kinit("holder", ticket, password="Old-Passw0rd")
    assert domain.highest_usn() == before


def test_a_write_is_in_the_audit_log(domain: DomainController, ticket: Path) -> None:
    dn = f"CN=ASA,CN=Computers,{domain.base_dn}"
    begin, before = domain.log.stat().st_size, domain.usn(dn)
    assert modify(domain, ticket, dn, "http/one", "http/two").returncode == 0
    assert domain.usn(dn) > before
    assert [change.actions["servicePrincipalName"] for change in domain.changes(begin)] == [
        (("add", ("http/one",)),),
        (("add", ("http/two",)),),
    ]


@pytest.mark.parametrize(("answer", "answered"), [("lost", 1), ("given", 2)])
def test_the_domain_controller_is_killed_after_the_second_write(
    domain: DomainController, ticket: Path, answer: str, answered: int
) -> None:
    dn = f"CN=ASA,CN=Computers,{domain.base_dn}"
    domain.fail_after_writes(2, answer=answer)
    done = modify(domain, ticket, dn, "http/one", "http/two", "http/three", "http/four")
    assert done.returncode != 0
    # ldapmodify prints each change before it sends it.
    assert done.stdout.count("modifying entry") == answered + 1
    assert not domain.is_running
    (stored,) = domain.ldbsearch("(sAMAccountName=ASA$)", ["servicePrincipalName"])
    assert sorted(stored.all("servicePrincipalName")) == ["http/one", "http/two"]
    assert run_client(domain, "ldapsearch", "-x", "-H", f"ldap://{domain.fqdn}", "-b", "", "-s", "base").returncode != 0
    domain.start()
    assert modify(domain, ticket, dn, "http/three").returncode == 0


def test_the_connections_are_closed_once(domain: DomainController, ticket: Path) -> None:
    dn = f"CN=ASA,CN=Computers,{domain.base_dn}"
    domain.fail_after_writes(1, controller="lives")
    assert modify(domain, ticket, dn, "http/one", "http/two").returncode != 0
    assert domain.ldbsearch("(servicePrincipalName=http/one)")
    assert not domain.ldbsearch("(servicePrincipalName=http/two)")
    assert modify(domain, ticket, dn, "http/two", "http/three").returncode == 0


def test_the_state_is_kept_over_a_restart(domain: DomainController, ticket: Path) -> None:
    dn = f"CN=ASA,CN=Computers,{domain.base_dn}"
    assert modify(domain, ticket, dn, "http/one").returncode == 0
    domain.kill()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((domain.address, 389))
    domain.start()
    assert domain.ldbsearch("(sAMAccountName=ASA$)", ["servicePrincipalName"])[0].one("servicePrincipalName")
    domain.reset()
    assert not domain.ldbsearch("(servicePrincipalName=http/one)")


def test_the_zone_has_the_names_of_the_description(domain: DomainController) -> None:
    begun = domain.ldbsearch("(dc=mail)", ["dnsRecord"], base=f"DC=DomainDnsZones,{domain.base_dn}")
    assert [record[-4:] for record in begun[0].raw("dnsRecord")] == [bytes([10, 1, 0, 5])]
    own = domain.ldbsearch(f"(dc={domain.fqdn.partition('.')[0]})", base=f"DC=DomainDnsZones,{domain.base_dn}")
    assert [record[-4:] for record in own[0].raw("dnsRecord")] == [socket.inet_aton(domain.address)]


def test_the_password_service_has_a_kerberos_principal(domain: DomainController) -> None:
    (found,) = domain.ldbsearch("(servicePrincipalName=kadmin/changepw)", ["sAMAccountName"])
    assert found.one("sAMAccountName") == "krbtgt"


def test_accounts_have_the_values_of_the_description(domain: DomainController) -> None:
    (holder,) = domain.ldbsearch("(sAMAccountName=holder)")
    assert holder.dn == f"CN=holder,OU=Services,OU=IT,{domain.base_dn}"
    (reader,) = domain.ldbsearch("(userPrincipalName=reader@example.test)")
    assert reader.one("description") == "Reads, only"
    (asa,) = domain.ldbsearch("(sAMAccountName=ASA$)", ["msDS-SupportedEncryptionTypes", "objectClass"])
    assert asa.one("msDS-SupportedEncryptionTypes") == "24"
    assert "computer" in asa.all("objectClass")
    (last,) = domain.ldbsearch("(sAMAccountName=PC020$)")
    assert (last.one("dNSHostName"), last.one("servicePrincipalName")) == ("PC020.x", "HOST/PC020")


@pytest.fixture
def another(net: str, tmp_path: Path) -> Iterator[Callable[..., DomainController]]:
    """Creates another domain controller. It is stopped after the test."""
    made: list[DomainController] = []

    def make(**more: object) -> DomainController:
        options = {"address": f"{net}.20", "accounts": [], "exchange": description(net)["exchange"], **more}
        made.append(DomainController(parse(description(net, **options), {"password": "Lab-Passw0rd"}), tmp_path))
        return made[-1]

    yield make
    for controller in made:
        controller.stop()


@pytest.mark.parametrize("certificate", ["other_ca", "wrong_name", "expired"])
def test_invalid_certificates_are_refused(another: Callable[..., DomainController], certificate: str) -> None:
    controller = another(certificate=certificate)
    controller.start()
    found = run_client(controller, "ldapsearch", "-x", "-H", f"ldaps://{controller.fqdn}", "-b", "", "-s", "base")
    assert found.returncode == 255, found.stderr
    again = run_client(controller, "ldapsearch", "-x", "-H", f"ldap://{controller.fqdn}", "-b", "", "-s", "base")
    assert again.returncode == 0


def test_the_error_contains_the_port_in_use(another: Callable[..., DomainController], net: str) -> None:
    controller = another()
    with socket.create_server((f"{net}.20", 3268)), pytest.raises(DirectoryError, match=r":3268 of dc01.*in use"):
        controller.start()
    assert not controller.is_running


def test_the_folder_may_have_a_long_path(net: str, tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 20)
    controller = DomainController(parse(description(net, address=f"{net}.22"), {"password": "Lab-Passw0rd"}), deep)
    controller.start()
    controller.stop()


def test_the_impediment_contains_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_PATH", "/nowhere")
    assert "apt-get install krb5-user ldap-utils ldb-tools samba samba-common-bin" in (impediment() or "")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "root" in (impediment() or "")


def test_samba_exits_when_the_process_of_the_lab_is_killed(net: str, tmp_path: Path) -> None:
    file = tmp_path / "estate.yml"
    file.write_text(yaml.safe_dump(estate(net, address=f"{net}.24")), encoding="utf-8")
    daemon.up(file, tmp_path / "state")
    connection = socket.create_connection((f"{net}.24", 389))
    number = (tmp_path / "state" / "lab.pid").read_text(encoding="utf-8")
    os.kill(int(number), signal.SIGKILL)
    connection.settimeout(10)
    with contextlib.suppress(ConnectionResetError):
        assert connection.recv(1) == b""
    # The process closes the connection before the lock.
    assert eventually(lambda: not daemon.is_running(tmp_path / "state"))
    shutil.rmtree(domain_cache.sockets((tmp_path / "state" / "directory").resolve()), ignore_errors=True)
