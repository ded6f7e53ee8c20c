# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates of the servers: Get- and New-ExchangeCertificate."""

from __future__ import annotations

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
from .catalogue import Cmdlet, Item
from .organization import Certificate
from .parameters import BOOLEAN, IDENTITY, SWITCH, TEXT, TEXTS, Parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .catalogue import Call
    from .organization import Organization, Server

_TASKS = "Microsoft.Exchange.Management.SystemConfigurationTasks"
_CERTIFICATE = "Deserialized.Microsoft.Exchange.Management.SystemConfigurationTasks.ExchangeCertificate"
_X509 = "Deserialized.System.Security.Cryptography.X509Certificates.X509Certificate2"
_IDENTIFIER = re.compile(r"[0-9A-Fa-f]{32}")
_SERVICES = ("None", "IMAP", "POP", "UM", "IIS", "SMTP", "Federation")


def loaded(certificate: Certificate) -> x509.Certificate:
    """The certificate itself."""
    return x509.load_pem_x509_certificate(certificate.pem.encode())


def key_identifier(certificate: Certificate) -> str:
    try:
        found = loaded(certificate).extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return ""
    return found.value.digest.hex().upper()


def property_bag(certificate: Certificate | None, kind: str = _X509, **more: Any) -> Item | None:
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
        item = property_bag(one, _CERTIFICATE, **more)
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
    item = property_bag(certificate, _CERTIFICATE, Services=certificate.services, CertificateDomains=tuple(domains))
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
CMDLETS = (
    Cmdlet("Get-ExchangeCertificate", f"{_TASKS}.GetExchangeCertificate", _READ_CERTIFICATE, _get_certificate),
    Cmdlet("New-ExchangeCertificate", f"{_TASKS}.NewExchangeCertificate", _NEW_CERTIFICATE, _new_certificate),
)
