# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cmdlets over real sessions with the lab's endpoint of Exchange."""

from __future__ import annotations

import socket
import threading
import typing as t

import pytest

pytest.importorskip("psrpcore")
pytest.importorskip("pypsrp")

from ansible_collections.winha.cluster.plugins.module_utils._psrp import errors
from ansible_collections.winha.cluster.plugins.module_utils._psrp.access import Access
from ansible_collections.winha.cluster.plugins.module_utils._psrp.shell import ExchangeShell
from ansible_collections.winha.cluster.plugins.module_utils._psrp.values import Credential, Secret
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import ResponseTooLarge
from ansible_collections.winha.cluster.plugins.module_utils.errors import (
    CertificateRefused,
    CredentialsRefused,
    ResponseLost,
    ServerError,
    TimedOut,
    Unreachable,
    WriteRefused,
)
from endpoint_estate import EX1, EX2, EX16, NET, PASSWORD, PORT, READER, READER_PASSWORD, USER, directory
from lab.exchange.endpoints import ExchangeEndpoints, running

if t.TYPE_CHECKING:
    import pathlib

URL = "https://autod.corp.example.test/autodiscover/autodiscover.xml"
GET, SET = "Get-ClientAccessServer", "Set-ClientAccessServer"
WRITE = {"Identity": "EX2", "AutoDiscoverServiceInternalUri": URL}
OWN_PORT = PORT + 2


@pytest.fixture(scope="module")
def _endpoints(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[ExchangeEndpoints]:
    with running(directory(https=OWN_PORT), tmp_path_factory.mktemp("exchange")) as found:
        yield found


@pytest.fixture
def endpoints(_endpoints: ExchangeEndpoints) -> t.Iterator[ExchangeEndpoints]:
    _endpoints.reset(directory(https=OWN_PORT))
    _endpoints.clear_faults()
    yield _endpoints
    assert _endpoints.open_shells() == 0


Open = t.Callable[..., ExchangeShell]


@pytest.fixture
def shell(endpoints: ExchangeEndpoints) -> t.Iterator[Open]:
    """Opens shells and closes them at the end."""
    opened: list[ExchangeShell] = []

    def open_shell(*, read_only: bool = False, **access: t.Any) -> ExchangeShell:
        given = {
            "server": EX1, "username": USER, "password": PASSWORD, "authentication": "basic", "tls": "https",
            "port": OWN_PORT, "ca_path": str(endpoints.state / "ca.pem"), "operation_timeout": 20, **access,
        }  # fmt: skip
        opened.append(ExchangeShell(Access(**given), read_only=read_only, sleep=pauses.append))
        return opened[-1]

    pauses: list[float] = []
    open_shell.pauses = pauses  # type: ignore[attr-defined]
    yield open_shell
    for one in opened:
        one.close()


def test_a_task_has_one_session_for_each_server(endpoints: ExchangeEndpoints, shell: Open) -> None:
    opened = shell()
    opened.run(SET, {**WRITE, "AutoDiscoverSiteScope": ["One", "Zwei"]})
    (found,) = opened.run(GET, {"Identity": "EX2"}, server=EX2)
    assert found.text == "EX2"
    assert (found.value("AutoDiscoverServiceInternalUri"), found.value("AutoDiscoverSiteScope")) == (
        URL, ("One", "Zwei"),
    )  # fmt: skip
    opened.run(GET, server=EX2)
    opened.run(SET, {"Identity": "EX2", "AutoDiscoverSiteScope": None})
    assert opened.run(GET, {"Identity": "EX2"})[0].value("AutoDiscoverSiteScope") == ()
    assert (opened.writes, endpoints.open_shells()) == (2, 2)
    opened.close()
    operations = [entry.operation for entry in endpoints.journal() if entry.operation != "Cmdlet"]
    assert operations == ["Create", "Create", "Delete", "Delete"]


def test_check_mode_sends_no_write(endpoints: ExchangeEndpoints, shell: Open) -> None:
    opened = shell(read_only=True)
    opened.run(GET)
    opened.run("Test-FederationTrustCertificate")
    with pytest.raises(WriteRefused):
        opened.run(SET, WRITE)
    assert [entry.cmdlet for entry in endpoints.journal(operation="Cmdlet")] == [GET, "Test-FederationTrustCertificate"]


REFUSED: list[tuple[str, dict[str, t.Any], type[ServerError], dict[str, t.Any]]] = [
    ("Get-Nothing", {}, errors.NotGranted, {"cmdlet": "Get-Nothing", "parameter": ""}),
    (GET, {"Nothing": 1}, errors.NotGranted, {"cmdlet": GET, "parameter": "Nothing"}),
    (GET, {"Identity": "EX9"}, errors.ObjectNotFound, {"exception": "ManagementObjectNotFoundException"}),
    (SET, {}, errors.ParameterRefused, {}),
    (SET, {"Identity": None}, errors.ParameterRefused, {}),
    (SET, {"Identity": "EX16", "AutoDiscoverSiteScope": "x"}, errors.CmdletFailed,
     {"exception": "CannotModifyCrossVersionObjectException", "category": "InvalidOperation"}),
    ("Remove-ClientAccessArray", {"Identity": "Outlook-One"}, errors.CmdletFailed, {"exception": "HostException"}),
]  # fmt: skip


def test_what_exchange_refuses_has_its_own_error(endpoints: ExchangeEndpoints, shell: Open) -> None:
    opened = shell()
    for cmdlet, parameters, kind, attributes in REFUSED:
        with pytest.raises(ServerError) as refused:
            opened.run(cmdlet, parameters)
        assert refused.value.__class__ is kind
        assert str(refused.value).startswith(f"Running {cmdlet} on {EX1} failed: ")
        assert {name: getattr(refused.value, name) for name in attributes} == attributes
    with pytest.raises(errors.CmdletFailed) as failed:
        opened.run("Set-FederationTrust", {"Identity": "Gateway", "PublishFederationCertificate": True})
    error_id = "Microsoft.Exchange.Management.SystemConfigurationTasks.SetFederationTrust"
    assert failed.value.error_id.partition(",")[2] == error_id
    reader = shell(username=READER, password=READER_PASSWORD)
    with pytest.raises(errors.OutOfScope):
        reader.run(SET, {"Identity": "EX1", "AutoDiscoverSiteScope": "x"})
    # The session stays usable, and what did not bind was no write.
    assert (opened.writes, len(opened.run(GET)), endpoints.replication.applied) == (3, 3, [])


def test_errors_since_2013_have_an_id_without_server_and_time(shell: Open) -> None:
    with pytest.raises(errors.ObjectNotFound) as missing:
        shell(server=EX16).run(GET, {"Identity": "EX9"})
    assert missing.value.error_id.endswith("SystemConfigurationTasks.GetClientAccessServer")
    assert "Server=" not in f"{missing.value.error_id} {missing.value}"


def test_a_password_is_encrypted_and_in_no_message(endpoints: ExchangeEndpoints, shell: Open) -> None:
    account = Credential("CORP\\EXCH-ASA$", Secret("S3cret-Passw0rd"))
    assert "S3cret" not in repr(account)
    opened = shell(server=EX2)
    given = {"Identity": "EX2", "AlternateServiceAccountCredential": [account]}
    opened.run(SET, given)
    (entry,) = endpoints.organization.servers["EX2"].credentials
    assert endpoints.organization.password(entry) == "S3cret-Passw0rd"
    (found,) = opened.run(GET, {"Identity": "EX2", "IncludeAlternateServiceAccountCredentialStatus": True})
    (effective,) = found.value("AlternateServiceAccountConfiguration").value("EffectiveCredentials")
    assert effective.value("QualifiedUserName") == account.username
    endpoints.add_fault(
        operation="Cmdlet", action={"refuse": "System.ArgumentException", "text": "'S3cret-Passw0rd' is too short."}
    )
    with pytest.raises(errors.CmdletFailed) as failed:
        opened.run(SET, given)
    assert failed.value.detail == "'********' is too short"


FAULTS: list[tuple[dict[str, t.Any], type[ServerError], str, int, bool]] = [
    # the rule, the error, its text, the writes that are counted, and whether the value was stored
    ({"operation": "Create", "action": {"redirect": "https://ex9.corp.example.test/PowerShell"}}, errors.Redirected,
     "redirects to https://ex9.corp.example.test/PowerShell", 0, False),
    ({"operation": "Create", "action": {"fault": 2150859161, "text": "It is at https://ex8/PowerShell."}},
     errors.Redirected, "redirects to https://ex8/PowerShell, and", 0, False),
    ({"operation": "Create", "action": {"fault": 2152992672, "text": "AuthZ-CmdletAccessDeniedException: no role."}},
     CredentialsRefused, "no role", 0, False),
    ({"operation": "Create", "action": "garbage"}, Unreachable, "could not be read", 0, False),
    ({"operation": "Create", "action": {"drop": "after"}}, Unreachable, "closed", 0, False),
    ({"operation": "Command", "action": {"fault": 2150858817}}, Unreachable, "fault rule", 0, False),
    ({"operation": "Command", "action": {"fault": 2150858793}}, TimedOut, "no response", 1, False),
    ({"operation": "Command", "action": {"redirect": "https://ex9/"}}, ResponseLost, "redirects", 1, False),
    ({"operation": "Receive", "action": {"redirect": "https://ex9/"}, "nth": 2}, ResponseLost, "redirects", 1, True),
    ({"operation": "Command", "action": {"drop": "before"}}, ResponseLost, "closed", 1, False),
    ({"operation": "Cmdlet", "action": {"drop": "before"}}, ResponseLost, "closed", 1, False),
    ({"operation": "Cmdlet", "action": {"drop": "after"}}, ResponseLost, "closed", 1, True),
    ({"operation": "Receive", "action": "truncate", "nth": 2}, ResponseLost, "closed", 1, True),
    ({"operation": "Receive", "action": {"fault": 2150858843}, "nth": 2}, ResponseLost, "fault rule", 1, True),
    ({"operation": "Receive", "action": "huge", "nth": 2}, ResponseTooLarge, "larger than", 1, True),
]  # fmt: skip


def test_a_lost_answer_of_a_write_is_told_and_the_session_ended(endpoints: ExchangeEndpoints, shell: Open) -> None:
    for rule, kind, text, writes, stored in FAULTS:
        endpoints.reset(directory(https=OWN_PORT))
        endpoints.add_fault(**rule, times=1)
        opened = shell()
        with pytest.raises(ServerError) as lost:
            opened.run(SET, WRITE)
        assert (type(lost.value), opened.writes) == (kind, writes), rule
        assert text in str(lost.value), rule
        opened.close()
        assert bool(endpoints.replication.applied) is stored, rule
        assert endpoints.open_shells() == 0, rule
        assert len(endpoints.journal(writes=True)) <= 1
        endpoints.clear_faults()


def test_a_cmdlet_that_takes_too_long_is_lost(endpoints: ExchangeEndpoints, shell: Open) -> None:
    opened = shell(operation_timeout=3)
    opened.run(GET)
    endpoints.add_fault(operation="Cmdlet", action={"slow": 6}, times=1)
    with pytest.raises(TimedOut, match="no response within 3 s"):
        opened.run(SET, WRITE)
    assert opened.writes == 1
    assert len(opened.run(GET)) == 3  # in a new session


def test_a_session_that_exchange_ended_is_opened_again(endpoints: ExchangeEndpoints, shell: Open) -> None:
    opened = shell()
    opened.run(GET)
    endpoints.services["EX1"].shells.close()
    opened.run(SET, WRITE)
    assert (opened.writes, len(endpoints.journal(writes=True))) == (1, 1)


def test_a_throttled_cmdlet_waits_as_long_as_exchange_says(endpoints: ExchangeEndpoints, shell: Open) -> None:
    text = "The next request will not be accepted for at least 4200 milliseconds."
    endpoints.add_fault(
        operation="Cmdlet", times=2, action={"refuse": "Microsoft.Exchange.OverBudgetException", "text": text}
    )
    opened = shell()
    opened.run(SET, WRITE)
    assert (shell.pauses, opened.writes) == ([4.2, 4.2], 1)  # type: ignore[attr-defined]
    endpoints.add_fault(operation="Create", action={"fault": 2150859173})
    refused = shell(operation_timeout=8)
    with pytest.raises(errors.Throttled):
        refused.run(SET, WRITE)
    assert refused.writes == 0


def test_no_connection_is_made_with_less_security(endpoints: ExchangeEndpoints, shell: Open) -> None:
    wrong = shell(password="wrong")
    for server in (EX1, EX2, EX1):
        with pytest.raises(CredentialsRefused, match="refused the credentials"):
            wrong.run(GET, server=server)
    # More attempts would lock the account.
    assert len(endpoints.journal(operation="Refused")) == 1
    with pytest.raises(CertificateRefused, match="Set ca_path to the issuer's certificate"):
        shell(ca_path=None).run(GET)
    with pytest.raises(Unreachable, match="does not accept connections"):
        shell(port=OWN_PORT + 90).run(GET)
    assert "does not verify" in shell(validate_certs=False).warnings[0]
    for name in (EX1, "ex1", "http://ex1.corp.example.test"):
        with pytest.raises(Unreachable, match="FQDN"):
            shell(authentication="kerberos", server=name, password=None).run(GET)


def test_kerberos_is_not_replaced_by_other_authentication(shell: Open, tmp_path: pathlib.Path) -> None:
    """A server that offers only Basic and NTLM gets neither."""
    received: list[bytes] = []

    def serve(server: socket.socket) -> None:
        connection, _peer = server.accept()
        with connection:
            received.append(connection.recv(65536))
            head = b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Basic\r\nWWW-Authenticate: NTLM\r\n\r\n"
            connection.sendall(head)

    with socket.create_server((f"{NET}.99", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        opened = shell(
            authentication="kerberos", tls="none", server="localhost.localdomain", port=server.getsockname()[1],
            username=None, password=None,
        )  # fmt: skip
        opened._access = _AtAddress(opened._access, f"{NET}.99")  # type: ignore[assignment]
        with pytest.raises(CredentialsRefused):
            opened.run(GET)
        thread.join(5)
    assert len(received) == 1
    assert b"Authorization" not in received[0]


class _AtAddress:
    """The access with an address as the name, which has no ticket."""

    def __init__(self, access: Access, address: str) -> None:
        self._access = access
        self._address = address

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._access, name)

    def name_of(self, _server: str | None) -> str:
        return self._address
