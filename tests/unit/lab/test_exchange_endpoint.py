# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoint of Exchange, with pypsrp as the client. It shares no code with the collection."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("psrpcore")
pytest.importorskip("pypsrp")

import requests
from endpoint_estate import ACCOUNT_PASSWORD, EX1, EX2, EX16, PASSWORD, PORT, READER, READER_PASSWORD, USER, directory
from lab.exchange.endpoints import ExchangeEndpoints, running
from pypsrp.complex_objects import PSCredential
from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAILED = 5
URL = "https://autod.corp.example.test/autodiscover/autodiscover.xml"


@pytest.fixture(scope="module")
def _endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeEndpoints]:
    with running(directory(), tmp_path_factory.mktemp("exchange")) as found:
        yield found


@pytest.fixture
def endpoints(_endpoints: ExchangeEndpoints) -> ExchangeEndpoints:
    """The endpoints, after a reset."""
    _endpoints.reset(directory())
    _endpoints.clear_faults()
    return _endpoints


@contextlib.contextmanager
def pool(
    endpoints: ExchangeEndpoints, server: str = EX1, user: str = USER, password: str = PASSWORD
) -> Iterator[RunspacePool]:
    """An open runspace pool."""
    wsman = WSMan(
        server, port=PORT, path="PowerShell/", auth="basic", username=user, password=password,
        cert_validation=str(endpoints.state / "ca.pem"),
    )  # fmt: skip
    with wsman, RunspacePool(wsman, configuration_name="Microsoft.Exchange") as opened:
        yield opened


def invoke(opened: RunspacePool, cmdlet: str, parameters: dict[str, Any] | None = None) -> PowerShell:
    """A pipeline of one cmdlet, at its end."""
    shell = PowerShell(opened)
    shell.add_cmdlet(cmdlet).add_parameters(parameters or {})
    shell.invoke()
    shell.close()
    return shell


def properties(shell: PowerShell) -> list[dict[str, Any]]:
    assert not shell.streams.error, str(shell.streams.error[0])
    return [item.extended_properties for item in shell.output]


def error(shell: PowerShell) -> tuple[str, str]:
    """The reason of the only error, and its id without the number."""
    (record,) = shell.streams.error
    return record.reason, record.fq_error.rpartition(" ")[2]


def test_a_value_is_stored_and_read_back(endpoints: ExchangeEndpoints) -> None:
    with pool(endpoints) as opened:
        written = invoke(
            opened,
            "Set-ClientAccessServer",
            {"Identity": "ex2.corp.example.test", "AutoDiscoverServiceInternalUri": URL,
             "AutoDiscoverSiteScope": ["One", "Two"]},
        )  # fmt: skip
        assert (written.output, written.streams.error, written.streams.warning) == ([], [], [])
        (found,) = properties(invoke(opened, "get-clientaccessserver", {"identity": "EX2"}))
        assert found["AutoDiscoverServiceInternalUri"] == URL
        assert "<S>One</S><S>Two</S>" in found["AutoDiscoverSiteScope"].property_sets[0]
        assert [one["Name"] for one in properties(invoke(opened, "Get-ClientAccessServer", {"Identity": None}))] == [
            "EX1", "EX2", "EX16",
        ]  # fmt: skip
    (entry,) = endpoints.journal(writes=True)
    assert (entry.cmdlet, entry.parameters["Identity"]) == ("Set-ClientAccessServer", "ex2.corp.example.test")
    assert [one.attributes["keywords"][1:] for one in endpoints.replication.applied[-1:]] == [["Site=One", "Site=Two"]]
    assert endpoints.open_shells() == 0


REFUSED = [
    ("Get-Nothing", {}, "CommandNotFoundException", "CommandNotFoundException"),
    ("Get-ClientAccessService", {}, "CommandNotFoundException", "CommandNotFoundException"),
    ("Get-ClientAccessServer", {"Nme": "EX1"}, "ParameterBindingException",
     "NamedParameterNotFound,Get-ClientAccessServer"),
    ("Set-ClientAccessServer", {}, "ParameterBindingException", "MissingMandatoryParameter,Set-ClientAccessServer"),
    ("Set-ClientAccessServer", {"Identity": None}, "ParameterBindingValidationException",
     "ParameterArgumentValidationErrorNullNotAllowed,Set-ClientAccessServer"),
    ("Set-ClientAccessServer", {"Identity": "EX1", "AutoDiscoverServiceInternalUri": 1},
     "ParameterBindingArgumentTransformationException",
     "ParameterArgumentTransformationError,Set-ClientAccessServer"),
    ("Set-ClientAccessServer",
     {"Identity": "EX1", "AutoDiscoverSiteScope": "One", "RemoveAlternateServiceAccountCredentials": True},
     "ParameterBindingException", "AmbiguousParameterSet,Set-ClientAccessServer"),
    ("Remove-ClientAccessArray", {"Identity": "Outlook-One"}, "HostException", "HostFunctionNotImplemented"),
]  # fmt: skip


def test_what_does_not_bind_ends_the_pipeline(endpoints: ExchangeEndpoints) -> None:
    with pool(endpoints) as opened:
        for cmdlet, parameters, reason, identity in REFUSED:
            shell = invoke(opened, cmdlet, parameters)
            assert (error(shell), shell.state) == ((reason, identity), FAILED), cmdlet
    assert endpoints.replication.applied == []


def test_errors_of_a_cmdlet_do_not_end_the_pipeline(endpoints: ExchangeEndpoints) -> None:
    tasks = "Microsoft.Exchange.Management.SystemConfigurationTasks"
    expected = [
        ("Get-ClientAccessServer", {"Identity": "EX9"}, "ManagementObjectNotFoundException"),
        ("Get-ClientAccessServer", {"Identity": "EX3"}, "ManagementObjectNotFoundException"),
        ("Set-ClientAccessServer", {"Identity": "EX16", "AutoDiscoverSiteScope": "One"},
         "CannotModifyCrossVersionObjectException"),
        ("Set-ClientAccessServer", {"Identity": "EX1", "AutoDiscoverServiceInternalUri": "autod"}, "ArgumentException"),
        ("Set-MailboxDatabase", {"Identity": "DB1", "RpcClientAccessServer": "EX3"}, "ArgumentException"),
        ("New-ClientAccessArray", {"Name": "Two", "Fqdn": "two.corp.example.test", "Site": "One"},
         "ADObjectAlreadyExistsException"),
        ("New-ClientAccessArray", {"Name": "EX3", "Fqdn": "two.corp.example.test", "Site": "Two"},
         "ADObjectAlreadyExistsException"),
        ("Set-FederationTrust", {"Identity": "Gateway", "PublishFederationCertificate": True},
         "NoNextCertificateException"),
    ]  # fmt: skip
    with pool(endpoints) as opened:
        for cmdlet, parameters, reason in expected:
            shell = invoke(opened, cmdlet, parameters)
            assert error(shell)[0] == reason
            assert error(shell)[1].endswith(f",{tasks}.{cmdlet.replace('-', '')}")
            assert not shell.had_errors


def test_scripts_and_pipelines_are_refused(endpoints: ExchangeEndpoints) -> None:
    with pool(endpoints) as opened:
        script = PowerShell(opened).add_script("Get-ClientAccessServer")
        script.invoke()
        piped = PowerShell(opened).add_cmdlet("Get-ClientAccessServer").add_cmdlet("Out-String")
        piped.invoke()
        assert [error(shell)[0] for shell in (script, piped)] == ["PSNotSupportedException"] * 2


def test_a_role_hides_cmdlets_parameters_and_objects(endpoints: ExchangeEndpoints) -> None:
    with pool(endpoints, user=READER, password=READER_PASSWORD) as opened:
        assert len(properties(invoke(opened, "Get-ClientAccessServer"))) == 3
        assert error(invoke(opened, "Get-MailboxDatabase"))[0] == "CommandNotFoundException"
        hidden = {"Identity": "EX2", "AutoDiscoverServiceInternalUri": URL}
        assert error(invoke(opened, "Set-ClientAccessServer", hidden))[1].startswith("NamedParameterNotFound")
        scope = {"Identity": "EX1", "AutoDiscoverSiteScope": "One"}
        assert error(invoke(opened, "Set-ClientAccessServer", scope))[0] == "ADScopeException"
        assert not invoke(opened, "Set-ClientAccessServer", {**scope, "Identity": "EX2"}).streams.error


def test_wrong_credentials_and_other_resources_are_refused(endpoints: ExchangeEndpoints) -> None:
    with pytest.raises(AuthenticationError), pool(endpoints, password="wrong"):
        pass
    certificate = str(endpoints.state / "ca.pem")
    wsman = WSMan(EX1, port=PORT, path="PowerShell/", auth="basic", username=USER, password=PASSWORD,
                  cert_validation=certificate)  # fmt: skip
    with pytest.raises(WSManFaultError) as refused, RunspacePool(wsman, configuration_name="Microsoft.PowerShell"):
        pass
    assert refused.value.code == 2150858811
    plain = requests.post(f"https://{EX1}:{PORT}/wsman", auth=(USER, PASSWORD), verify=certificate, timeout=10)
    assert plain.status_code == 404


def test_a_user_has_a_limit_of_shells(endpoints: ExchangeEndpoints) -> None:
    with contextlib.ExitStack() as stack:
        for _number in range(3):
            stack.enter_context(pool(endpoints))
        with pytest.raises(WSManFaultError, match="maximum number of 3 concurrent shells"):
            stack.enter_context(pool(endpoints))
        stack.enter_context(pool(endpoints, user=READER, password=READER_PASSWORD))
    assert endpoints.open_shells() == 0
    with pool(endpoints):
        assert endpoints.open_shells() == 1


def credential(password: str = ACCOUNT_PASSWORD, user: str = "CORP\\EXCH-ASA$") -> PSCredential:
    return PSCredential(username=user, password=password)


def status(opened: RunspacePool, name: str) -> list[str]:
    """The entries of the alternate service account, newest first, from the text of their configuration."""
    (found,) = properties(
        invoke(opened, "Get-ClientAccessServer",
               {"Identity": name, "IncludeAlternateServiceAccountCredentialStatus": True})
    )  # fmt: skip
    text = str(found["AlternateServiceAccountConfiguration"])
    return [] if text == "<Not set>" else [line.rpartition(", ")[2] for line in text.splitlines()]


def test_a_credential_is_added_each_time_and_only_on_its_own_server(endpoints: ExchangeEndpoints) -> None:
    add = "AlternateServiceAccountCredential"
    with pool(endpoints, EX2) as opened:
        opened.exchange_keys()
        for password in ("old", ACCOUNT_PASSWORD, ACCOUNT_PASSWORD):
            assert not invoke(
                opened, "Set-ClientAccessServer", {"Identity": "EX2", add: [credential(password)]}
            ).streams.error
        assert status(opened, "EX2") == ["CORP\\EXCH-ASA$"] * 3
        assert status(opened, "EX1") == []
        away = invoke(opened, "Set-ClientAccessServer", {"Identity": "EX1", add: [credential()]})
        assert error(away)[0] == "LocalServerRequiredException"
        upn = credential(user="EXCH-ASA$@corp.example.test")
        assert error(invoke(opened, "Set-ClientAccessServer", {"Identity": "EX2", add: [upn]}))[0] == (
            "DataValidationException"
        )
        invoke(opened, "Set-ClientAccessServer",
               {"Identity": "EX2", "CleanUpInvalidAlternateServiceAccountCredentials": True})  # fmt: skip
        (kept,) = endpoints.organization.servers["EX2"].credentials
        assert endpoints.organization.password(kept) == ACCOUNT_PASSWORD
    kept_files = [path.read_text("utf-8") for path in endpoints.state.glob("exchange.json*")]
    assert kept_files
    assert not [text for text in kept_files if ACCOUNT_PASSWORD in text]


def test_the_versions_have_their_own_cmdlets(endpoints: ExchangeEndpoints) -> None:
    with pool(endpoints, EX16) as opened:
        (found,) = properties(invoke(opened, "Get-ClientAccessService", {"Identity": "EX16"}))
        assert found["AutoDiscoverServiceInternalUri"] is None
        assert error(invoke(opened, "Get-ClientAccessArray"))[0] == "CommandNotFoundException"
        late = {"Identity": "DB16", "RpcClientAccessServer": "EX16"}
        identity = error(invoke(opened, "Set-MailboxDatabase", late))[1]
        assert identity == "NamedParameterNotFound,Set-MailboxDatabase"
    with pool(endpoints) as opened:
        changed = {"Identity": "DB1", "RpcClientAccessServer": "Outlook-One"}
        assert not invoke(opened, "Set-MailboxDatabase", changed).streams.warning
        (warning,) = invoke(opened, "Set-MailboxDatabase", changed).streams.warning
        assert "no settings" in warning.message
        (database,) = properties(invoke(opened, "Get-MailboxDatabase", {"Identity": "DB1"}))
        assert database["RpcClientAccessServer"] == "outlook.corp.example.test"


def test_a_certificate_becomes_next_and_then_current(endpoints: ExchangeEndpoints) -> None:
    new = {"Services": ["Federation"], "SubjectKeyIdentifier": "0123456789abcdef0123456789abcdef",
           "DomainName": ["Federation"], "PrivateKeyExportable": True}  # fmt: skip
    with pool(endpoints) as opened:
        (bare,) = properties(invoke(opened, "New-ExchangeCertificate", {**new, "SubjectKeyIdentifier": None}))
        refused = invoke(opened, "Set-FederationTrust", {"Identity": "Gateway", "Thumbprint": bare["Thumbprint"]})
        assert error(refused)[0] == "InvalidSubjectKeyIdentifierException"
        (made,) = properties(invoke(opened, "New-ExchangeCertificate", new))
        thumbprint = made["Thumbprint"]
        invoke(opened, "Set-FederationTrust", {"Identity": "Gateway", "Thumbprint": thumbprint})
        proofs = properties(invoke(opened, "Get-FederatedDomainProof", {"DomainName": "example.test"}))
        assert {one["Name"] for one in proofs} == {"OrgCertificate", "OrgNextCertificate"}
        endpoints.organization.servers["EX3"].reachable = False
        tested = properties(invoke(opened, "Test-FederationTrustCertificate"))
        states = {one["Name"]: one["State"] for one in tested if one["Thumbprint"] == thumbprint}
        assert states == {"EX1": "Installed", "EX2": "Installed", "EX3": "ServerUnreachable", "EX16": "Installed"}
        assert invoke(
            opened, "Set-FederationTrust", {"Identity": "Gateway", "PublishFederationCertificate": True}
        ).streams.warning
        (trust,) = properties(invoke(opened, "Get-FederationTrust"))
        assert (trust["OrgPrivCertificate"], trust["OrgNextPrivCertificate"]) == (thumbprint, None)


def test_limits_replication_and_what_a_restart_keeps(tmp_path: Path) -> None:
    limits = {"cmdlets": 2, "period": 60, "replication_seconds": 0.2, "https": PORT + 1}
    with running(directory(**limits), tmp_path) as late:
        wsman = WSMan(EX1, port=PORT + 1, path="PowerShell/", auth="basic", username=USER, password=PASSWORD,
                      cert_validation=str(tmp_path / "ca.pem"))  # fmt: skip
        with RunspacePool(wsman, configuration_name="Microsoft.Exchange") as opened:
            invoke(opened, "Set-ClientAccessServer", {"Identity": "EX1", "AutoDiscoverSiteScope": None})
            assert late.replication.applied == []
            assert late.replication.wait()
            assert len(late.replication.applied) == 1
            invoke(opened, "Get-ClientAccessServer")
            shell = invoke(opened, "Get-ClientAccessServer")
            assert error(shell)[0] == "OverBudgetException"
            assert "milliseconds" in str(shell.streams.error[0])
    with running(directory(**limits), tmp_path) as again:
        assert again.organization == late.organization
        assert again.organization.servers["EX1"].points[0].sites == []
