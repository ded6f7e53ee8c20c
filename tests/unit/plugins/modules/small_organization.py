# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Exchange organization in memory, behind the port of the cmdlets, with the traps of Exchange that matter."""

from __future__ import annotations

import datetime
import typing as t
from dataclasses import dataclass, field

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.winha.cluster.plugins.module_utils import task as tasks
from ansible_collections.winha.cluster.plugins.module_utils._psrp.errors import CmdletFailed, NotGranted
from fake_shell import FakeShell, ps_object

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._psrp.values import PsObject

DOMAIN = "corp.example.test"
URI = "https://{}.corp.example.test/autodiscover/autodiscover.xml"
NOW = datetime.datetime.now(tz=datetime.UTC)


@dataclass
class Server:
    """A Client Access server: its service connection point, and its credentials with their passwords, newest first."""

    name: str
    uri: str | None
    sites: list[str]
    credentials: list[tuple[str, str, datetime.datetime]] = field(default_factory=list)
    points: int = 1

    @property
    def fqdn(self) -> str:
        return f"{self.name.lower()}.{DOMAIN}"


@dataclass
class Organization:
    """The servers, and what a test prepares: C(fail) has the error that a cmdlet raises, C(lost) one whose write
    happens first, each once."""

    servers: list[Server]
    modern: bool = False
    clock: datetime.datetime = NOW
    password: str = "in the directory"
    as_text: bool = False
    arrays: dict[str, tuple[str, str]] = field(default_factory=dict)
    databases: dict[str, dict[str, t.Any]] = field(default_factory=dict)
    trust: dict[str, t.Any] = field(default_factory=dict)
    certificates: dict[str, dict[str, t.Any]] = field(default_factory=dict)
    installed: str = "Installed"
    fail: dict[str, BaseException] = field(default_factory=dict)
    lost: dict[str, BaseException] = field(default_factory=dict)

    def shell(self, *, read_only: bool = False) -> FakeShell:
        """A session that runs the cmdlets of this organization."""
        noun = "ClientAccessService" if self.modern else "ClientAccessServer"
        cmdlets = {
            f"Get-{noun}": self._get_servers,
            f"Set-{noun}": self._set_server,
            "Get-ClientAccessArray": self._get_arrays,
            "New-ClientAccessArray": self._new_array,
            "Set-ClientAccessArray": self._set_array,
            "Remove-ClientAccessArray": self._remove_array,
            "Get-MailboxDatabase": self._get_databases,
            "Set-MailboxDatabase": self._set_database,
            "Get-FederationTrust": self._get_trust,
            "Set-FederationTrust": self._set_trust,
            "Get-ExchangeCertificate": self._get_certificates,
            "New-ExchangeCertificate": self._new_certificate,
            "Test-FederationTrustCertificate": self._test_certificates,
            "Get-FederatedOrganizationIdentifier": self._get_domains,
            "Get-FederatedDomainProof": self._get_proof,
        }
        return FakeShell({name: self._faulty(name, run) for name, run in cmdlets.items()}, read_only=read_only)

    def _faulty(self, name: str, run: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def cmdlet(server: str, **parameters: t.Any) -> t.Any:
            for key in (f"{name} {parameters.get('Identity')}", name):
                if key in self.fail:
                    raise self.fail.pop(key)
                if key in self.lost:
                    run(server, **parameters)
                    raise self.lost.pop(key)
            return run(server, **parameters)

        return cmdlet

    def _named(self, identity: str) -> Server | None:
        return next((one for one in self.servers if identity.lower() in (one.name.lower(), one.fqdn)), None)

    def _get_servers(self, _server: str, **parameters: t.Any) -> list[PsObject]:
        found = self._named(parameters.get("Identity") or "")
        status = parameters.get("IncludeAlternateServiceAccountCredentialStatus")
        return [
            ps_object(
                Name=one.name,
                Fqdn=one.fqdn,
                AutoDiscoverServiceInternalUri=one.uri if one.points == 1 else None,
                AutoDiscoverSiteScope=tuple(one.sites),
                AlternateServiceAccountConfiguration=self._credentials(one) if status else None,
            )
            for one in ([found] if found else self.servers)  # an identity that does not exist is no condition
        ]

    def _credentials(self, server: Server) -> t.Any:
        if self.as_text:
            rows = [f"{when:%d.%m.%Y %H:%M:%S}, {account}" for account, _password, when in server.credentials]
            lines = [f"{word}: {row}" for word, row in zip(("Latest", "Previous"), rows, strict=False)]
            return "\n".join(lines) or "Latest: <Not set>\nPrevious: <Not set>"
        rows = [
            ps_object(QualifiedUserName=account, WhenAddedUTC=when, IsValid=True)
            for account, _password, when in server.credentials
        ]
        return ps_object(EffectiveCredentials=tuple(rows))

    def _set_server(self, server: str, **parameters: t.Any) -> None:
        found = self._named(parameters["Identity"])
        assert found
        if "AutoDiscoverServiceInternalUri" in parameters:
            assert "AutoDiscoverSiteScope" in parameters, "it would come from the server of the session"
            found.uri = parameters["AutoDiscoverServiceInternalUri"]
            found.sites = list(parameters["AutoDiscoverSiteScope"] or ())
            assert found.uri or found.sites, "the service connection point would be deleted"
            return
        if server.lower() != found.fqdn:
            raise CmdletFailed("the credential can be set only on the local server", exception="Local")
        if parameters.get("RemoveAlternateServiceAccountCredentials"):
            found.credentials = []
        if parameters.get("CleanUpInvalidAlternateServiceAccountCredentials"):
            found.credentials = [row for row in found.credentials if row[1] == self.password]
        for credential in parameters.get("AlternateServiceAccountCredential") or ():
            self.clock += datetime.timedelta(seconds=1)
            found.credentials.insert(0, (credential.username, credential.password.text, self.clock))

    def _get_arrays(self, _server: str, **_parameters: t.Any) -> list[PsObject]:
        return [ps_object(Name=name, Fqdn=fqdn, Site=f"{DOMAIN}/Configuration/Sites/{site}", SiteName=site)
                for name, (fqdn, site) in self.arrays.items()]  # fmt: skip

    def _new_array(self, _server: str, **parameters: t.Any) -> None:
        self.arrays[parameters["Name"]] = (parameters["Fqdn"], parameters["Site"])

    def _set_array(self, _server: str, **parameters: t.Any) -> None:
        self.arrays[parameters["Identity"]] = (parameters["Fqdn"], parameters["Site"])

    def _remove_array(self, _server: str, **parameters: t.Any) -> None:
        del self.arrays[parameters["Identity"]]

    def _get_databases(self, _server: str, **_parameters: t.Any) -> list[PsObject]:
        return [
            ps_object(
                Name=name, RpcClientAccessServer=one["endpoint"], Recovery=one.get("recovery", False),
                AdminDisplayVersion=one.get("version", "Version 14.3 (Build 123.4)"),
            )
            for name, one in self.databases.items()
        ]  # fmt: skip

    def _set_database(self, _server: str, **parameters: t.Any) -> None:
        self.databases[parameters["Identity"]]["endpoint"] = parameters["RpcClientAccessServer"]

    def _certificate(self, thumbprint: str | None) -> PsObject | None:
        return ps_object(**self.certificates[thumbprint]) if thumbprint else None

    def _get_trust(self, _server: str, **_parameters: t.Any) -> list[PsObject]:
        names = {"current": "OrgCertificate", "next": "OrgNextCertificate", "previous": "OrgPrevCertificate",
                 "issuer": "TokenIssuerCertificate"}  # fmt: skip
        known = {key: self._certificate(self.trust.get(use)) for use, key in names.items()}
        return [
            ps_object(Name="Gateway", ApplicationUri=self.trust.get("uri", "FYDIBOHF25SPDLT.example.test"), **known)
        ]

    def _set_trust(self, _server: str, **parameters: t.Any) -> None:
        if parameters.get("RefreshMetadata"):
            self.trust["issuer"] = self.trust.get("coming issuer", self.trust["issuer"])
        elif parameters.get("PublishFederationCertificate"):
            if not self.trust.get("next"):
                raise CmdletFailed("there is no next certificate", exception="NoNextCertificateException")
            self.trust |= {"previous": self.trust["current"], "current": self.trust["next"], "next": None}
        else:
            self.trust["next"] = parameters["Thumbprint"]

    def _get_certificates(self, _server: str, **_parameters: t.Any) -> list[PsObject]:
        return [ps_object(**one) for one in self.certificates.values() if one["HasPrivateKey"]]

    def add_certificate(self, thumbprint: str, days: int, **more: t.Any) -> str:
        """Add a certificate that is valid for so many days."""
        self.certificates[thumbprint] = {
            "Thumbprint": thumbprint,
            "NotBefore": NOW - datetime.timedelta(days=400),
            "NotAfter": NOW + datetime.timedelta(days=days, hours=1),
            "FriendlyName": "Exchange Delegation Federation",
            "HasPrivateKey": True,
            **more,
        }
        return thumbprint

    def _new_certificate(self, _server: str, **parameters: t.Any) -> list[PsObject]:
        assert parameters["Services"] == "Federation"
        assert len(parameters["SubjectKeyIdentifier"]) == 32
        thumbprint = self.add_certificate(f"{len(self.certificates):040X}", 1800)
        return [ps_object(Thumbprint=thumbprint)]

    def _test_certificates(self, _server: str, **_parameters: t.Any) -> list[PsObject]:
        shown = [self.trust[use] for use in ("current", "next") if self.trust.get(use)]
        return [ps_object(Site="S", Name=one.name, State=self.installed, Thumbprint=thumbprint)
                for one in self.servers for thumbprint in shown]  # fmt: skip

    def _get_domains(self, _server: str, **_parameters: t.Any) -> list[PsObject]:
        return [ps_object(AccountNamespace="FYDIBOHF25SPDLT.example.test", Domains=("example.test",))]

    def _get_proof(self, _server: str, **parameters: t.Any) -> list[PsObject]:
        proof = f"proof of {parameters['DomainName']} {parameters['Thumbprint'][-2:]}"
        return [ps_object(DomainName=parameters["DomainName"], Thumbprint=parameters["Thumbprint"], Proof=proof)]


def two_sites(**more: t.Any) -> Organization:
    """Two servers in each of two sites, as setup leaves them."""
    names = (("EX1", "One"), ("EX2", "One"), ("EX3", "Two"), ("EX4", "Two"))
    return Organization([Server(name, URI.format(name.lower()), [site]) for name, site in names], **more)


class Run:
    """The result of a module, and what it sent."""

    def __init__(
        self, module: t.Any, organization: Organization, options: dict[str, t.Any], *, check: bool = False
    ) -> None:
        spec = module.TASK.argument_spec
        validated = ArgumentSpecValidator(spec, **module.TASK.rules).validate({"server": "ex1", **options})
        assert validated.error_messages == []
        self.recorded: list[dict[str, t.Any]] = []
        self.shell = FakeShell({})

        def open_shell(*, read_only: bool) -> FakeShell:
            self.shell = organization.shell(read_only=read_only)
            return self.shell

        self.result = tasks.run(
            module.TASK,
            open_shell,
            validated.validated_parameters,
            check_mode=check,
            record=self.recorded.extend,
        )

    @property
    def written(self) -> list[tuple[str, str]]:
        """The cmdlets that write, with the server that ran them."""
        return [(server, cmdlet) for server, cmdlet, _all in self.shell.calls if not cmdlet.startswith(("Get", "Test"))]

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def message(self) -> str:
        return str(self.result.get("msg"))


def not_granted(cmdlet: str, parameter: str = "") -> NotGranted:
    """The error for what a management role does not have."""
    return NotGranted(f"'{parameter or cmdlet}' is not recognized", cmdlet=cmdlet, parameter=parameter)
