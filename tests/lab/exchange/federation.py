# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The federation trust with its certificates, and the proofs of domains."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import rsa

from ..directory import federation_trusts
from . import refusals
from .catalogue import Change, Cmdlet, Item
from .certificates import installed, key_identifier, loaded, property_bag
from .organization import guid
from .parameters import IDENTITY, SWITCH, TEXT, URI, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .catalogue import Call
    from .organization import Organization, Trust

_TASKS = "Microsoft.Exchange.Management.SystemConfigurationTasks"
_TRUST = "Deserialized.Microsoft.Exchange.Data.Directory.SystemConfiguration.FederationTrust"
_STATUS = "Deserialized.Microsoft.Exchange.Management.SystemConfigurationTasks.FederationTrustCertificateStatus"
_PROOF = "Deserialized.Microsoft.Exchange.Management.SystemConfigurationTasks.FederatedDomainProof"
_ORGANIZATION = "Deserialized.Microsoft.Exchange.Data.Directory.Management.FederatedOrganizationIdWithDomainStatus"


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
                "OrgCertificate": property_bag(known.get(trust.current)),
                "OrgNextCertificate": property_bag(known.get(trust.following)),
                "OrgPrevCertificate": property_bag(known.get(trust.previous)),
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
    identifier = key_identifier(found)
    used = {key_identifier(organization.certificates[one]) for one in (trust.current, trust.previous) if one}
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
_SET_TRUST = (
    Parameter("Identity", IDENTITY, mandatory=True),
    Parameter("Thumbprint", TEXT, sets=_NEXT),
    Parameter("RefreshMetadata", SWITCH, sets=_NEXT),
    Parameter("MetadataUrl", URI, sets=_NEXT),
    Parameter("PublishFederationCertificate", SWITCH, mandatory=True, sets=_PUBLISH),
)
_PROOF_PARAMETERS = (Parameter("DomainName", TEXT, mandatory=True), Parameter("Thumbprint", TEXT))
CMDLETS = (
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
