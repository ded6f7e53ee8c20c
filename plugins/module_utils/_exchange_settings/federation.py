# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of a federation trust, over Exchange's endpoint. Private to this collection."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._exchange.certificate import CertificateError, encoding_of, read_certificate
from .._psrp.values import PsObject
from ..errors import ResponseLost, TaskError
from ..name_list import listed
from .client_access import texts
from .writing import with_controller

if t.TYPE_CHECKING:
    from .._psrp.port import Shell
    from .._psrp.values import Parameters

CURRENT, NEXT, PREVIOUS, ISSUER = "current", "next", "previous", "token_issuer"
_PROPERTIES = {
    CURRENT: "OrgCertificate",
    NEXT: "OrgNextCertificate",
    PREVIOUS: "OrgPrevCertificate",
    ISSUER: "TokenIssuerCertificate",
}
FRIENDLY_NAME = "Exchange Delegation Federation"
INSTALLED = "Installed"
_SKEW = datetime.timedelta(hours=1)  # a server whose clock is ahead has just made the certificate


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate without its key. A time is C(None) if it was not returned."""

    thumbprint: str
    not_before: datetime.datetime | None
    not_after: datetime.datetime | None

    def is_valid(self, moment: datetime.datetime, days: int = 0) -> bool:
        """Whether it is valid now and for so many days more."""
        if self.not_before is None or self.not_after is None:
            return False
        return self.not_before <= moment + _SKEW and moment + datetime.timedelta(days=days) <= self.not_after


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A federation trust with its certificates by use; C(application_uri) is empty if no domain is federated."""

    name: str
    application_uri: str
    certificates: t.Mapping[str, Certificate]

    @property
    def current(self) -> Certificate | None:
        return self.certificates.get(CURRENT)

    @property
    def next(self) -> Certificate | None:
        return self.certificates.get(NEXT)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The TXT record with which a domain proves that it belongs to the organization, for one certificate."""

    domain: str
    thumbprint: str
    record: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Whether a server has a certificate of the trust."""

    server: str
    thumbprint: str
    state: str


def read_trust(shell: Shell, name: str, controller: str | None) -> Trust:
    """The trust with this name. Raises C(TaskError) if there is none, and C(ServerError)."""
    objects = shell.run("Get-FederationTrust", with_controller({}, controller))
    found = [each for each in objects if str(each.value("Name")).casefold() == name.casefold()]
    if len(found) != 1:
        known = listed(sorted(str(each.value("Name")) for each in objects)) or "none"
        raise TaskError(
            f"{shell.host} has no federation trust {name}; it has {known}. Correct trust. Nothing was written."
        )
    certificates = {use: _certificate(found[0].get(key)) for use, key in _PROPERTIES.items()}
    return Trust(
        name=str(found[0].value("Name")),
        application_uri=str(found[0].get("ApplicationUri") or ""),
        certificates={use: one for use, one in certificates.items() if one},
    )


def read_candidates(shell: Shell, controller: str | None) -> list[Certificate]:
    """The federation certificates on the server of the session, those that are valid longest first."""
    objects = shell.run("Get-ExchangeCertificate", with_controller({}, controller))
    found = [
        one
        for each in objects
        if str(each.get("FriendlyName")) == FRIENDLY_NAME
        and each.get("HasPrivateKey") is not False
        and (one := _certificate(each))
    ]
    first = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    return sorted(found, key=lambda one: one.not_after or first, reverse=True)


def create_certificate(shell: Shell, identifier: str, controller: str | None) -> None:
    """Create a self-signed certificate on the server of the session; C(identifier) is 32 hexadecimal digits."""
    parameters: Parameters = {
        "Services": "Federation",
        "DomainName": ["Federation"],
        "SubjectKeyIdentifier": identifier,
        "FriendlyName": FRIENDLY_NAME,
        "PrivateKeyExportable": True,
        "Confirm": False,
    }
    shell.run("New-ExchangeCertificate", with_controller(parameters, controller))


def set_next(shell: Shell, trust: str, thumbprint: str, controller: str | None) -> None:
    """Make a certificate the next one. Exchange then installs it on all servers."""
    _set(shell, trust, {"Thumbprint": thumbprint}, controller)


def publish(shell: Shell, trust: str, controller: str | None) -> None:
    """Make the next certificate the current one."""
    _set(shell, trust, {"PublishFederationCertificate": True}, controller)


def refresh_metadata(shell: Shell, trust: str, controller: str | None) -> None:
    """Read the certificates of the gateway again. The server of the session needs the Internet for it."""
    _set(shell, trust, {"RefreshMetadata": True}, controller)


def _set(shell: Shell, trust: str, parameters: Parameters, controller: str | None) -> None:
    own: Parameters = {"Identity": trust, **parameters, "Confirm": False}
    shell.run("Set-FederationTrust", with_controller(own, controller))


def read_domains(shell: Shell, controller: str | None) -> list[str]:
    """The federated domains of the organization."""
    found = shell.run("Get-FederatedOrganizationIdentifier", with_controller({}, controller))
    names = [name for each in found for name in (*texts(each.get("AccountNamespace")), *texts(each.get("Domains")))]
    return list(dict.fromkeys(filter(None, names)))


def read_proofs(shell: Shell, domains: t.Iterable[str], thumbprint: str, controller: str | None) -> list[Proof]:
    """The TXT records of the domains for a certificate, whose key the server of the session must have."""
    proofs = []
    for domain in domains:
        parameters: Parameters = {"DomainName": domain, "Thumbprint": thumbprint}
        for each in shell.run("Get-FederatedDomainProof", with_controller(parameters, controller)):
            record = str(each.get("Proof") or each.value("DnsRecord"))
            proofs.append(Proof(domain=str(each.get("DomainName") or domain), thumbprint=thumbprint, record=record))
    return proofs


def read_installations(shell: Shell, thumbprint: str) -> list[Installation]:
    """Whether the servers have a certificate of the trust."""
    found = [
        Installation(
            server=str(each.get("Name") or each.value("Server")),
            thumbprint=str(each.value("Thumbprint")).upper(),
            state=str(each.value("State")),
        )
        for each in shell.run("Test-FederationTrustCertificate")
    ]
    return [one for one in found if one.thumbprint == thumbprint]


def _certificate(value: t.Any) -> Certificate | None:
    """A certificate as properties, or as its encoding. Raises C(ResponseLost) if it cannot be read."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return _decoded(value)
    if isinstance(value, PsObject) and value.get("Thumbprint"):
        times = (_time(value.get("NotBefore")), _time(value.get("NotAfter")))
        return Certificate(thumbprint=str(value.value("Thumbprint")).upper(), not_before=times[0], not_after=times[1])
    if isinstance(value, PsObject) and isinstance(value.get("RawData"), bytes):
        return _decoded(value.value("RawData"))
    raise ResponseLost("a certificate of the federation trust was returned without thumbprint and encoding")


def _decoded(encoding: bytes) -> Certificate:
    try:
        found = read_certificate(encoding_of(encoding))
    except CertificateError as exc:
        raise ResponseLost(f"a certificate of the federation trust cannot be read: {exc}") from exc
    return Certificate(
        thumbprint=found.thumbprint, not_before=_parsed(found.not_before), not_after=_parsed(found.not_after)
    )


def _parsed(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)


def _time(value: t.Any) -> datetime.datetime | None:
    if not isinstance(value, datetime.datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
