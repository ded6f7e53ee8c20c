# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credential of the alternate service account and the federation certificate."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

import pytest

pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory.account import Account
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings import service_account
from ansible_collections.winha.cluster.plugins.module_utils._psrp.errors import CmdletFailed, NotGranted, OutOfScope
from ansible_collections.winha.cluster.plugins.module_utils.errors import ResponseLost, ServerError
from ansible_collections.winha.cluster.plugins.module_utils.session import Service
from ansible_collections.winha.cluster.plugins.module_utils.task import TaskError
from ansible_collections.winha.cluster.plugins.modules import exchange_federation_certificate as federation
from ansible_collections.winha.cluster.plugins.modules import exchange_service_account as credential
from small_organization import DOMAIN, NOW, Organization, Run, not_granted, two_sites

Options = dict[str, t.Any]
ASA = "CORP\\EXCH-ASA$"
SECRET = "Asa-Passw0rd-2010"
ALL = [f"ex{number}.{DOMAIN}" for number in (1, 2, 3, 4)]
WISH: Options = {"servers": ALL, "account": ASA, "credential_password": SECRET}
ROLL: Options = {"servers": ALL, "account": ASA, "state": "rolled", "directory": {"servers": ["dc1"]}}
EARLIER = NOW - datetime.timedelta(days=30)
LOST = ResponseLost("the connection ended")


def texts(value: t.Any) -> str:
    return repr(value)


def entries(organization: Organization) -> list[list[str]]:
    return [[account for account, _password, _when in one.credentials] for one in organization.servers]


def test_the_credential_is_added_where_it_is_missing_and_never_twice() -> None:
    organization = two_sites()
    organization.servers[1].credentials = [("corp.example.test\\exch-asa$", SECRET, EARLIER)]
    organization.servers[2].credentials = [("CORP\\EXCH16-ASA$", "other", EARLIER)]
    checked = Run(credential, organization, WISH, check=True)
    assert (checked.written, checked.result["deployed"]) == ([], True)
    assert [row["before"] for row in checked.result["servers"]] == ["missing", "present", "missing", "missing"]

    applied = Run(credential, organization, WISH)
    assert not applied.failed, applied.message
    assert applied.written == [(ALL[number], "Set-ClientAccessServer") for number in (0, 2, 3)]  # each by its own FQDN
    assert entries(organization) == [[ASA], ["corp.example.test\\exch-asa$"], [ASA, "CORP\\EXCH16-ASA$"], [ASA]]
    assert applied.result["changes"] == checked.result["changes"]

    again = Run(credential, organization, {key: WISH[key] for key in ("servers", "account")})
    assert (again.result["changed"], again.written, again.result["deployed"]) == (False, [], True)
    for run in (checked, applied, again):
        assert SECRET not in texts([run.result, run.recorded])


def test_a_status_as_text_is_read_too() -> None:
    organization = two_sites(as_text=True)
    assert not Run(credential, organization, WISH).failed
    again = Run(credential, organization, WISH)
    assert again.written == []
    assert [each["account"] for row in again.result["servers"] for each in row["credentials"]] == [ASA] * 4


def test_a_credential_that_is_older_than_the_password_is_replaced() -> None:
    organization = two_sites()
    for server in organization.servers:
        server.credentials = [(ASA, "old", EARLIER)]
    changed = EARLIER + datetime.timedelta(minutes=30)  # a roll adds the credential before it sets the password
    options = WISH | {"password_last_set": f"{changed:%Y-%m-%dT%H:%M:%SZ}"}
    assert Run(credential, organization, options).result["changed"] is False
    organization.password = SECRET
    options["tolerance_minutes"] = 10
    run = Run(credential, organization, options)
    assert {row["before"] for row in run.result["servers"]} == {"outdated"}
    assert [[password for _name, password, _when in one.credentials] for one in organization.servers] == [[SECRET]] * 4
    assert Run(credential, organization, options).result["changed"] is False


def test_a_lost_answer_is_read_and_the_credential_is_not_added_twice() -> None:
    organization = two_sites()
    organization.lost[f"Set-ClientAccessServer {organization.servers[0].name}"] = LOST
    run = Run(credential, organization, WISH)
    assert not run.failed, run.message
    assert entries(organization) == [[ASA]] * 4


def test_nothing_more_is_written_after_a_server_refused() -> None:
    organization = two_sites()
    organization.fail["Set-ClientAccessServer EX2"] = OutOfScope("out of the write scope")
    run = Run(credential, organization, WISH)
    assert run.failed
    assert "out of the write scope" in run.message
    assert "EX3 credential was not written, because an earlier step failed." in run.message
    assert (run.result["deployed"], entries(organization)) == (False, [[ASA], [], [], []])
    assert [row["now"] for row in run.result["servers"]] == ["present", "missing", "missing", "missing"]
    again = Run(credential, organization, WISH)
    assert (again.failed, entries(organization)) == (False, [[ASA]] * 4)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"account": "asa@corp.example.test"}, r"Exchange takes only DOMAIN\\name"),
        ({"account": "EXCH-ASA$"}, r"Exchange takes only DOMAIN\\name"),
        ({"credential_password": None}, "EX1 to EX4 have no current credential"),
        ({"servers": [f"mail.{DOMAIN}"]}, f"mail.{DOMAIN} is no Client Access server"),
        ({"servers": []}, "servers is empty"),
        ({"password_last_set": "yesterday"}, "password_last_set is yesterday"),
    ],
)
def test_a_credential_is_refused_before_anything_is_written(options: Options, sentence: str) -> None:
    organization = two_sites()
    for check in (True, False):
        with pytest.raises(TaskError, match=sentence):
            Run(credential, organization, WISH | options, check=check)
    assert entries(organization) == [[]] * 4


def test_one_server_that_cannot_be_read_prevents_all_writes() -> None:
    organization = two_sites()
    organization.fail[f"Get-ClientAccessServer {ALL[3]}"] = CmdletFailed("remote registry is off")
    with pytest.raises(ServerError, match="remote registry is off"):
        Run(credential, organization, WISH)
    organization.fail[f"Get-ClientAccessServer {ALL[3]}"] = not_granted("Get-ClientAccessServer", "Include")
    with pytest.raises(NotGranted, match="Include"):
        Run(credential, organization, WISH)
    assert entries(organization) == [[]] * 4


def test_absent_deletes_the_credential_unless_another_account_has_one() -> None:
    organization = two_sites()
    for server in organization.servers:
        server.credentials = [(ASA, SECRET, EARLIER)]
    organization.servers[3].credentials.append(("CORP\\EXCH16-ASA$", "x", EARLIER))
    with pytest.raises(TaskError, match="EX4 also has the credential of CORP"):
        Run(credential, organization, WISH | {"state": "absent"})
    run = Run(credential, organization, WISH | {"state": "absent", "servers": ALL[:3]})
    assert (run.result["deployed"], entries(organization)[:3]) == (False, [[]] * 3)


@dataclasses.dataclass
class FakeDirectory:
    """The account, and a session with Active Directory that sets its password."""

    organization: Organization
    account: Account
    fail: Exception | None = None
    lost: Exception | None = None
    writes: int = 0
    read_only: bool = True

    def __call__(self, *, read_only: bool) -> FakeDirectory:
        self.read_only = read_only
        return self

    def set_password(self, dn: str, password: str) -> None:
        assert (dn, self.read_only) == (self.account.dn, False)
        self.writes += 1
        if self.fail:
            raise self.fail
        assert all(one.credentials[0][1] == password for one in self.organization.servers), "a server lacks it"
        self.organization.password = password
        self.account = dataclasses.replace(self.account, password_last_set=f"2026-11-30T12:00:0{self.writes}Z")
        if self.lost:
            raise self.lost

    def close(self) -> None:
        self.read_only = True


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> FakeDirectory:
    organization = two_sites(password="first")
    for server in organization.servers:
        server.credentials = [(ASA, "first", EARLIER)]
    account = Account(dn="CN=ASA", name="EXCH-ASA$", kind="computer", password_last_set="2026-01-01T00:00:00Z")
    found = FakeDirectory(organization, account)
    service = Service(spec=credential.DIRECTORY.spec, session_factory=lambda _options: found)
    monkeypatch.setattr(credential, "DIRECTORY", service)
    monkeypatch.setattr(credential.accounts, "find_account", lambda session, _name: session.account)
    monkeypatch.setattr(credential.accounts, "read_account", lambda session, _dn: session.account)
    return found


def test_a_roll_sets_the_password_after_all_servers_have_it(directory: FakeDirectory) -> None:
    organization = directory.organization
    checked = Run(credential, organization, ROLL, check=True)
    assert (checked.written, directory.writes) == ([], 0)
    run = Run(credential, organization, ROLL)
    assert not run.failed, run.message
    assert [row["now"] for row in run.result["servers"]] == ["rolled"] * 4
    assert run.result["changes"] == checked.result["changes"]
    assert run.result["changes"][-1]["label"] == f"{ASA} password"
    assert len(organization.password) == 73
    assert organization.password not in texts([run.result, run.recorded])
    # The old one stays: clients still have tickets for it. The next roll deletes it.
    assert [len(one.credentials) for one in organization.servers] == [2] * 4
    before = organization.password
    assert not Run(credential, organization, ROLL).failed
    assert [[row[1] for row in one.credentials] for one in organization.servers] == [
        [organization.password, before]
    ] * 4


@pytest.mark.parametrize("number", [0, 2])
def test_a_roll_stops_before_the_password_if_a_server_fails(directory: FakeDirectory, number: int) -> None:
    organization = directory.organization
    organization.fail[f"Set-ClientAccessServer EX{number + 1}"] = LOST
    run = Run(credential, organization, ROLL)
    assert run.failed
    assert (organization.password, directory.writes) == ("first", 0)
    assert all("first" in [row[1] for row in one.credentials] for one in organization.servers)
    assert f"{ASA} password was not written, because an earlier step failed." in run.message
    again = Run(credential, organization, ROLL)
    assert not again.failed, again.message
    assert {one.credentials[0][1] for one in organization.servers} == {organization.password}


def test_a_roll_that_was_killed_can_be_run_again(directory: FakeDirectory) -> None:
    organization = directory.organization
    directory.fail = t.cast("t.Any", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        Run(credential, organization, ROLL)
    directory.fail = None
    assert not Run(credential, organization, ROLL).failed
    assert [len(one.credentials) for one in organization.servers] == [2] * 4


def test_the_password_in_the_directory_is_read_back_after_a_lost_answer(directory: FakeDirectory) -> None:
    directory.lost = LOST
    assert not Run(credential, directory.organization, ROLL).failed
    directory.lost, directory.fail = None, ResponseLost("no answer")
    run = Run(credential, directory.organization, ROLL)
    assert run.failed
    assert "no answer" in run.message


def test_a_roll_needs_all_servers_and_a_usable_account(directory: FakeDirectory) -> None:
    organization = directory.organization
    with pytest.raises(TaskError, match="EX4 also has the credential"):
        Run(credential, organization, ROLL | {"servers": ALL[:3]})
    with pytest.raises(TaskError, match="expected could leave a server"):
        Run(credential, organization, ROLL | {"expected": {"EX1 credential": "missing"}})
    directory.account = dataclasses.replace(directory.account, enabled=False)
    with pytest.raises(TaskError, match="is disabled"):
        Run(credential, organization, ROLL)
    directory.account = dataclasses.replace(directory.account, enabled=True, kind="group_managed_service_account")
    with pytest.raises(TaskError, match="managed service account"):
        Run(credential, organization, ROLL)
    assert organization.password == "first"


def test_a_new_password_has_every_kind_of_character() -> None:
    made = {service_account.new_password() for _each in range(20)}
    assert len(made) == 20
    for password in made:
        kinds = [str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum()]
        assert all(any(map(kind, password)) for kind in kinds)
        assert '"' not in password


OLD, TRUST = "0" * 39 + "A", {"trust": "Gateway"}


def expiring(days: int = 10, **trust: t.Any) -> Organization:
    """An organization whose federation certificate is valid for so many days."""
    organization = two_sites()
    organization.add_certificate(OLD, days)
    organization.trust = {"current": OLD, "issuer": organization.add_certificate("B" * 40, 900, HasPrivateKey=False)}
    organization.trust |= trust
    return organization


def test_a_certificate_is_created_then_published_and_each_state_is_reached_once() -> None:
    organization = expiring()
    checked = Run(federation, organization, TRUST, check=True)
    assert (checked.result["changed"], checked.written) == (True, [])
    prepared = Run(federation, organization, TRUST)
    assert not prepared.failed, prepared.message
    assert [name for _server, name in prepared.written] == ["New-ExchangeCertificate", "Set-FederationTrust"]
    assert prepared.result["changes"] == checked.result["changes"]
    coming = organization.trust["next"]
    assert [row["record"] for row in prepared.result["proofs"]] == [
        f"proof of {domain} {coming[-2:]}" for domain in ("FYDIBOHF25SPDLT.example.test", "example.test")
    ]
    assert {row["state"] for row in prepared.result["installations"]} == {"Installed"}
    again = Run(federation, organization, TRUST)
    assert (again.result["changed"], again.written, again.result["proofs"]) == (False, [], prepared.result["proofs"])

    publish = TRUST | {"state": "published"}
    with pytest.raises(TaskError, match="TXT proof of example"):
        Run(federation, organization, publish)
    publish["proof_is_in_dns"] = True
    organization.installed = "NotInstalled"
    with pytest.raises(TaskError, match=r"not installed on all servers: EX1 \(NotInstalled\)"):
        Run(federation, organization, publish)
    organization.installed = "Installed"
    organization.lost["Set-FederationTrust"] = LOST
    published = Run(federation, organization, publish)
    assert not published.failed, published.message
    assert organization.trust["current"] == coming
    assert [(row["before"], row["after"]) for row in published.result["changes"]] == [(OLD, coming)]
    for state in ("published", "prepared"):  # Exchange refuses a second publication
        assert Run(federation, organization, publish | {"state": state}).written == []


def test_a_run_that_was_killed_uses_the_certificate_that_it_made() -> None:
    organization = expiring()
    organization.fail["Set-FederationTrust"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        Run(federation, organization, TRUST)
    again = Run(federation, organization, TRUST)
    assert [name for _server, name in again.written] == ["Set-FederationTrust"]
    lost = expiring()
    lost.lost["New-ExchangeCertificate"] = LOST
    run = Run(federation, lost, TRUST)
    assert (run.failed, [name for _server, name in run.written].count("New-ExchangeCertificate")) == (False, 1)


def test_a_certificate_is_left_unless_it_must_be_renewed() -> None:
    for state in ("prepared", "published"):
        assert Run(federation, expiring(900), TRUST | {"state": state}).result["changed"] is False
    assert Run(federation, expiring(900), TRUST | {"renew_before_days": 1000}).result["changed"] is True
    organization = expiring(900)
    options = TRUST | {"replace_thumbprint": OLD.lower(), "proof_is_in_dns": True}
    for state, changed in (("prepared", True), ("prepared", False), ("published", True), ("published", False)):
        assert Run(federation, organization, options | {"state": state}).result["changed"] is changed
    assert organization.trust["current"] != OLD


def test_an_expired_next_certificate_is_replaced_and_the_gateway_is_read_again() -> None:
    organization = expiring(900)
    organization.trust["next"] = organization.add_certificate("C" * 40, -5)
    for state in ("published", "unchanged"):
        assert Run(federation, organization, TRUST | {"state": state}).written == []
    assert not Run(federation, organization, TRUST).failed
    assert organization.trust["next"] not in (None, "C" * 40)

    organization = expiring(900)
    organization.add_certificate("D" * 40, -5, HasPrivateKey=False)
    organization.trust |= {"issuer": "D" * 40, "coming issuer": "B" * 40}
    refreshing = TRUST | {"refresh_metadata": True}
    assert Run(federation, organization, refreshing).result["changed"] is True
    assert Run(federation, organization, refreshing).result["changed"] is False
    organization.trust |= {"issuer": "D" * 40, "coming issuer": "D" * 40}
    assert Run(federation, organization, refreshing).failed


@pytest.mark.parametrize(
    ("organization", "options", "sentence"),
    [
        (expiring(-1), TRUST, "Exchange cannot renew it"),
        (expiring(uri=""), TRUST, "has no ApplicationUri"),
        (expiring(), {}, "has no federation trust Microsoft Federation Gateway; it has Gateway"),
        (expiring(), TRUST | {"state": "published"}, "Run the task with state prepared"),
    ],
)
def test_a_federation_certificate_is_refused_before_anything_is_written(
    organization: Organization, options: Options, sentence: str
) -> None:
    with pytest.raises(TaskError, match=sentence):
        Run(federation, organization, options)
