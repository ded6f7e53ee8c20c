# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of the servers, and the federation trust with its certificates."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from ..directory import federation_trusts
from . import refusals
from .catalogue import Change, Cmdlet, Item
from .organization import Certificate, guid
from .parameters import BOOLEAN, IDENTITY, SWITCH, TEXT, TEXTS, URI, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .catalogue import Call
    from .organization import Organization, Server, Trust

_TASKS = "Microsoft.Exchange.Management.SystemConfigurationTasks"
_CERTIFICATE = "Deserialized.Microsoft.Exchange.Management.SystemConfigurationTasks.ExchangeCertificate"
_X509 = "Deserialized.System.Security.Cryptography.X509Certificates.X509Certificate2"
_TRUST = "Deserialized.Microsoft.Exchange.Data.Directory.SystemConfiguration.FederationTrust"
_STATUS = "Deserialized.Microsoft.Exchange.Management.SystemConfigurationTasks.FederationTrustCertificateStatus"
_PROOF = "Deserialized.Microsoft.Exchange.Management.SystemConfigurationTasks.FederatedDomainProof"
_ORGANIZATION = "Deserialized.Microsoft.Exchange.Data.Directory.Management.FederatedOrganizationIdWithDomainStatus"
_IDENTIFIER = re.compile(r"[0-9A-Fa-f]{32}")
_SERVICES = ("None", "IMAP", "POP", "UM", "IIS", "SMTP", "Federation")


def loaded(certificate: Certificate) -> x509.Certificate:
    """The certificate itself."""
    return x509.load_pem_x509_certificate(certificate.pem.encode())


def _key_identifier(certificate: Certificate) -> str:
    try:
        found = loaded(certificate).extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return ""
    return found.value.digest.hex().upper()


def _bag(certificate: Certificate | None, kind: str = _X509, **more: Any) -> Item | None:
    if certificate is None:
        return None
    one = loaded(certificate)
    return Item(
        (kind, _X509) if kind != _X509 else (kind,),
        {
            "Thumbprint": certificate.thumbprint,
            "Subject": f"CN={_common_name(one)}",
            "Issuer": one.issuer.rfc4514_string(),
            "NotBefore": one.not_valid_before_utc,
            "NotAfter": one.not_valid_after_utc,
            "SerialNumber": f"{one.serial_number:X}",
            "FriendlyName": certificate.friendly_name,
            **more,
        },
        f"[Subject]\r\n  CN={_common_name(one)}\r\n\r\n[Thumbprint]\r\n  {certificate.thumbprint}\r\n",
    )


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _target(call: Call) -> Server:
    """The server of the parameter Server, or the one of the session. Raises Refusal."""
    name = call.value("Server")
    server = call.organization.server(name) if name else call.server
    if not server.reachable:
        raise refusals.invalid(
            f"The server {server.fqdn} couldn't be reached.",
            exception="Microsoft.Exchange.Rpc.RpcException",
            category="ReadError",
        )
    return server


def _get_certificate(call: Call) -> Iterator[Item]:
    server = _target(call)
    wanted = call.value("Thumbprint")
    found = list(installed(call.organization, server).values())
    if wanted is not None:
        found = [one for one in found if one.thumbprint.lower() == wanted.replace(" ", "").lower()]
        if not found:
            raise refusals.invalid(
                f"The certificate with thumbprint {wanted} was not found.",
                exception="System.ArgumentException",
                category="InvalidArgument",
            )
    for one in found:
        more = {
            "CertificateDomains": tuple(one.domains),
            "Services": one.services,
            "IsSelfSigned": True,
            "HasPrivateKey": True,
            "PrivateKeyExportable": one.exportable,
            "Status": "Valid",
            "Identity": f"{server.fqdn}\\{one.thumbprint}",
        }
        item = _bag(one, _CERTIFICATE, **more)
        if item is not None:
            yield item


def _new_certificate(call: Call) -> Iterator[Item]:
    server = _target(call)
    services = call.value("Services") or ("None",)
    for service in services:
        if service.strip().lower() not in {one.lower() for one in _SERVICES}:
            raise refusals.wrong_type(
                "New-ExchangeCertificate", "Services", service, "Microsoft.Exchange.Management.AllowedServices"
            )
    identifier = call.value("SubjectKeyIdentifier") or ""
    if identifier and not _IDENTIFIER.fullmatch(identifier):
        raise refusals.invalid(f"The subject key identifier '{identifier}' isn't 32 hexadecimal digits.")
    domains = list(call.value("DomainName") or (server.fqdn,))
    made = _build(domains[0], identifier)
    certificate = Certificate(
        federation_trusts.thumbprint(made),
        made.public_bytes(serialization.Encoding.PEM).decode(),
        call.value("FriendlyName") or "Microsoft Exchange",
        ", ".join(services),
        bool(call.value("PrivateKeyExportable")),
        domains,
    )
    server.certificates[certificate.thumbprint] = certificate
    item = _bag(certificate, _CERTIFICATE, Services=certificate.services, CertificateDomains=tuple(domains))
    if item is not None:
        yield item


def _build(name: str, identifier: str) -> x509.Certificate:
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(tz=UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1825))
    )
    if identifier:
        builder = builder.add_extension(x509.SubjectKeyIdentifier(bytes.fromhex(identifier)), critical=False)
    return builder.sign(key, hashes.SHA256())


def installed(organization: Organization, server: Server) -> dict[str, Certificate]:
    """The certificates of a server: its own, and those of the trust that have reached it."""
    found = dict(server.certificates)
    if server.reachable:
        for thumbprint, since in organization.pushed.items():
            if since + organization.distribution_seconds <= time.time():
                found.setdefault(thumbprint, organization.certificates[thumbprint])
    return found


def _get_trust(call: Call) -> Iterator[Item]:
    organization = call.organization
    identity = call.value("Identity")
    for trust in list(organization.trusts.values()) if identity is None else [organization.trust(identity)]:
        known = organization.certificates
        yield Item(
            (_TRUST,),
            {
                "Name": trust.name,
                "ApplicationIdentifier": "00000000481C2F5A",
                "ApplicationUri": trust.application or None,
                "OrgCertificate": _bag(known.get(trust.current)),
                "OrgNextCertificate": _bag(known.get(trust.following)),
                "OrgPrevCertificate": _bag(known.get(trust.previous)),
                "OrgPrivCertificate": trust.current or None,
                "OrgNextPrivCertificate": trust.following or None,
                "OrgPrevPrivCertificate": trust.previous or None,
                "TokenIssuerUri": "urn:federation:MicrosoftOnline",
                "TokenIssuerType": "LiveId",
                "Identity": trust.name,
                "Guid": guid(trust.dn),
                "DistinguishedName": trust.dn,
                "OriginatingServer": organization.controller,
            },
            trust.name,
        )


def _set_trust(call: Call) -> Iterator[Item]:
    trust = call.organization.trust(call.values["Identity"])
    if call.value("RefreshMetadata") and call.given("MetadataUrl"):
        raise refusals.several_sets("Set-FederationTrust")
    if call.value("PublishFederationCertificate"):
        _publish(call, trust)
    elif call.given("Thumbprint"):
        _set_next(call, trust)
    yield from ()


def _trust_error(name: str, text: str) -> refusals.Refusal:
    return refusals.invalid(text, exception=f"{_TASKS}.{name}", category="InvalidOperation")


def _publish(call: Call, trust: Trust) -> None:
    if not trust.following:
        raise _trust_error("NoNextCertificateException", "There is no next certificate to publish.")
    trust.previous, trust.current, trust.following = trust.current, trust.following, ""
    call.warnings.append(
        f"The certificate {trust.current} was published. Check that the TXT record in DNS has the proof of every "
        "federated domain (ProvisioningInDNS)."
    )
    call.written.append(_certificates_change(call.organization, trust))


def _set_next(call: Call, trust: Trust) -> None:
    organization = call.organization
    wanted = (call.value("Thumbprint") or "").replace(" ", "").upper()
    if not trust.application:
        raise _trust_error(
            "FederationTrustNotConfiguredException", f"The federation trust '{trust.name}' has no application URI."
        )
    if wanted == trust.following:
        call.verbose.append(f"The certificate {wanted} is already used.")
        return
    found = installed(organization, call.server).get(wanted)
    if found is None:
        raise _trust_error(
            "CannotFindCertificateException", f"The certificate {wanted} wasn't found on {call.server.name}."
        )
    if not isinstance(loaded(found).public_key(), rsa.RSAPublicKey):
        raise _trust_error("InvalidCertificateException", f"The key of the certificate {wanted} isn't RSA.")
    if not found.exportable:
        raise _trust_error("CannotExportKeyException", f"The private key of the certificate {wanted} isn't exportable.")
    identifier = _key_identifier(found)
    used = {_key_identifier(organization.certificates[one]) for one in (trust.current, trust.previous) if one}
    if not identifier or identifier in used:
        raise _trust_error(
            "InvalidSubjectKeyIdentifierException",
            f"The certificate {wanted} has no subject key identifier of its own.",
        )
    trust.following = wanted
    organization.certificates[wanted] = found
    organization.pushed[wanted] = time.time()
    call.written.append(_certificates_change(organization, trust))


def _certificates_change(organization: Organization, trust: Trust) -> Change:
    values: dict[str, Any] = {}
    for infix, thumbprint in (("", trust.current), ("Prev", trust.previous), ("Next", trust.following)):
        known = organization.certificates.get(thumbprint)
        values[f"msExchFedOrg{infix}Certificate"] = federation_trusts.serialized(loaded(known)) if known else None
        values[f"msExchFedOrg{infix}PrivCertificate"] = thumbprint or None
    return Change(trust.dn, values)


def _test_certificate(call: Call) -> Iterator[Item]:
    organization = call.organization
    for trust in organization.trusts.values():
        for server in organization.servers.values():
            for thumbprint in filter(None, (trust.following, trust.current, trust.previous)):
                state = "Installed" if thumbprint in installed(organization, server) else "NotInstalled"
                yield Item(
                    (_STATUS,),
                    {
                        "Site": server.site,
                        "Name": server.name,
                        "State": state if server.reachable else "ServerUnreachable",
                        "Thumbprint": thumbprint,
                    },
                )


def _proofs(call: Call) -> Iterator[Item]:
    organization = call.organization
    domain, wanted = call.values["DomainName"], call.value("Thumbprint")
    if not organization.trusts:
        raise _trust_error("FederationTrustNotConfiguredException", "There is no federation trust.")
    own = installed(organization, call.server)
    names: dict[str, str] = {}
    for trust in organization.trusts.values():
        names |= {
            thumbprint: name
            for name, thumbprint in (
                ("OrgPrevCertificate", trust.previous),
                ("OrgCertificate", trust.current),
                ("OrgNextCertificate", trust.following),
            )
            if thumbprint
        }
    if wanted is not None:
        names = {wanted.upper(): names.get(wanted.upper(), "")}
    for thumbprint, name in names.items():
        if thumbprint not in own:
            raise _trust_error(
                "CannotFindCertificateException", f"The certificate {thumbprint} wasn't found on {call.server.name}."
            )
        proof = base64.b64encode(hashlib.sha512(f"{domain.lower()}{thumbprint}".encode()).digest()).decode()
        yield Item(
            (_PROOF,),
            {
                "DomainName": domain,
                "Name": name,
                "Thumbprint": thumbprint,
                "Proof": proof,
                "DnsRecord": f"{domain} TXT IN {proof}",
            },
        )


def _identifier(call: Call) -> Iterator[Item]:
    organization = call.organization
    exchange = organization.directory.exchange
    trust = next(iter(organization.trusts.values()), None)
    domains = tuple(one.name for one in exchange.domains if one.kind == 0) if exchange else ()
    yield Item(
        (_ORGANIZATION,),
        {
            "AccountNamespace": trust.application or None if trust else None,
            "Domains": domains if trust and trust.application else (),
            "DefaultDomain": None,
            "Enabled": bool(trust and trust.application),
            "OrganizationContact": "",
            "DelegationTrustLink": trust.name if trust else None,
            "Identity": "Federation",
        },
        "Federation",
    )


_NEXT, _PUBLISH = ("Identity",), ("PublishFederationCertificate",)
_READ_CERTIFICATE = (Parameter("Thumbprint", TEXT), Parameter("Server", IDENTITY))
_NEW_CERTIFICATE = (
    Parameter("Services", TEXTS),
    Parameter("SubjectKeyIdentifier", TEXT),
    Parameter("DomainName", TEXTS),
    Parameter("FriendlyName", TEXT),
    Parameter("PrivateKeyExportable", BOOLEAN),
    Parameter("Server", IDENTITY),
    Parameter("Force", SWITCH),
)
_SET_TRUST = (
    Parameter("Identity", IDENTITY, mandatory=True),
    Parameter("Thumbprint", TEXT, sets=_NEXT),
    Parameter("RefreshMetadata", SWITCH, sets=_NEXT),
    Parameter("MetadataUrl", URI, sets=_NEXT),
    Parameter("PublishFederationCertificate", SWITCH, mandatory=True, sets=_PUBLISH),
)
_PROOF_PARAMETERS = (Parameter("DomainName", TEXT, mandatory=True), Parameter("Thumbprint", TEXT))
CMDLETS = (
    Cmdlet("Get-ExchangeCertificate", f"{_TASKS}.GetExchangeCertificate", _READ_CERTIFICATE, _get_certificate),
    Cmdlet("New-ExchangeCertificate", f"{_TASKS}.NewExchangeCertificate", _NEW_CERTIFICATE, _new_certificate),
    Cmdlet("Get-FederationTrust", f"{_TASKS}.GetFederationTrust", (Parameter("Identity", IDENTITY),), _get_trust),
    Cmdlet("Set-FederationTrust", f"{_TASKS}.SetFederationTrust", _SET_TRUST, _set_trust),
    Cmdlet("Test-FederationTrustCertificate", f"{_TASKS}.TestFederationTrustCertificate", (), _test_certificate),
    Cmdlet("Get-FederatedDomainProof", f"{_TASKS}.GetFederatedDomainProof", _PROOF_PARAMETERS, _proofs),
    Cmdlet(
        "Get-FederatedOrganizationIdentifier",
        f"{_TASKS}.GetFederatedOrganizationIdentifier",
        (Parameter("Identity", IDENTITY), Parameter("IncludeExtendedDomainInfo", SWITCH)),
        _identifier,
    ),
)
