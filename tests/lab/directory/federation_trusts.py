# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""LDIF of the federation trusts, with their certificates in the serialized format of Windows."""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import exchange_objects
from .exchange import Certificate
from .ldif import addition
from .names import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .description import Directory
    from .exchange import FederationTrust

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_KEY_PROVIDER, _SHA1, _MD5, _FRIENDLY_NAME, _KEY_IDENTIFIER, _CERTIFICATE = 2, 3, 4, 11, 20, 32
_X509 = 1
_VERSION = 44220983382016
_FRIENDLY = "Exchange Delegation Federation"


def key(kind: str) -> Key:
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


def _certificates(trust: FederationTrust) -> Iterator[tuple[str, Certificate]]:
    """The certificates of a trust, with the infix of their attributes."""
    for infix, settings in (("", trust.current), ("Prev", trust.previous), ("Next", trust.following)):
        if settings:
            yield infix, settings


def keys(directory: Directory) -> str:
    """The keys of all certificates as PEM. They are cached, because generating them takes long."""
    trusts = directory.exchange.trusts if directory.exchange else ()
    private_keys = [key(settings.key) for trust in trusts for _infix, settings in _certificates(trust)]
    return "".join(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        for key in private_keys
    )


def _read_keys(pem: str) -> Iterator[Key]:
    end = "-----END PRIVATE KEY-----\n"
    for part in pem.split(end)[:-1]:
        key = serialization.load_pem_private_key(f"{part}{end}".encode(), None)
        if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            yield key


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def build_certificate(settings: Certificate, own: Key) -> x509.Certificate:
    """A certificate like those of New-ExchangeCertificate, with the options of the estate file."""
    signer = own if settings.self_signed else key("ec")
    end = datetime.now(tz=UTC).replace(microsecond=0) + timedelta(days=settings.days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(settings.subject))
        .issuer_name(_name(settings.subject if settings.self_signed else "Lab Issuing CA"))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=1825))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
    )
    if settings.key_identifier:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    return builder.sign(signer, hashes.SHA256())


def thumbprint(certificate: x509.Certificate) -> str:
    """The SHA-1 fingerprint of a certificate, in hexadecimal."""
    return certificate.fingerprint(hashes.SHA1()).hex().upper()


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<III", kind, _X509, len(data)) + data


def _provider(container: str) -> bytes:
    """A serialized CRYPT_KEY_PROV_INFO: offsets, then two texts in UTF-16."""
    texts = [f"{text}\0".encode("utf-16-le") for text in (container, "Microsoft RSA SChannel Cryptographic Provider")]
    head = 28
    return struct.pack("<7I", head, head + len(texts[0]), 12, 0x20, 0, 0, 1) + b"".join(texts)


def serialized(certificate: x509.Certificate) -> bytes:
    """A certificate in the serialized format of Windows: its properties, then the certificate."""
    der = certificate.public_bytes(serialization.Encoding.DER)
    records = [
        _record(_SHA1, hashlib.sha1(der).digest()),
        _record(_MD5, hashlib.md5(der).digest()),
        _record(_KEY_PROVIDER, _provider(thumbprint(certificate).lower())),
        _record(_FRIENDLY_NAME, f"{_FRIENDLY}\0".encode("utf-16-le")),
    ]
    identifiers = [item.value for item in certificate.extensions if isinstance(item.value, x509.SubjectKeyIdentifier)]
    records += [_record(_KEY_IDENTIFIER, identifier.digest) for identifier in identifiers]
    return b"".join((*records, _record(_CERTIFICATE, der)))


def certificate_in(data: bytes) -> bytes:
    """The certificate in the serialized format of Windows, as DER."""
    while data:
        kind, _encoding, length = struct.unpack("<III", data[:12])
        if kind == _CERTIFICATE:
            return data[12 : 12 + length]
        data = data[12 + length :]
    raise ValueError("there is no certificate")


def _trust(base: str, trust: FederationTrust, keys: Iterator[Key]) -> str:
    values: dict[str, str | bytes | int] = {}
    for infix, settings in _certificates(trust):
        built = build_certificate(settings, next(keys))
        values[f"msExchFedOrg{infix}Certificate"] = serialized(built)
        values[f"msExchFedOrg{infix}PrivCertificate"] = thumbprint(built)
    issuer = build_certificate(Certificate(subject="TokenIssuer"), key("ec"))
    gateway = "https://nexus.microsoftonline-p.com/FederationMetadata/2006-12/FederationMetadata.xml"
    return addition(
        f"CN={escaped(trust.name)},{base}",
        {
            "objectClass": "msExchFedTrust",
            "msExchFedApplicationId": "00000000481C2F5A",
            "msExchFedApplicationUri": trust.application or None,
            "msExchFedMetadataEPR": gateway,
            "msExchFedMetadataPollInterval": 1440,
            "msExchFedTokenIssuerType": "WINDOWSLIVEID",
            "msExchFedTokenIssuerURI": "urn:federation:MicrosoftOnline",
            "msExchFedTokenIssuerEPR": "https://login.microsoftonline.com/extSTS.srf",
            "msExchFedTokenIssuerCertificate": serialized(issuer),
            "msExchVersion": _VERSION,
            **values,
        },
    )


def objects(directory: Directory, pem: str) -> Iterator[str]:
    """LDIF of the federation trusts, with the keys in `pem`. The ends of the certificates count from now."""
    if directory.exchange:
        base = exchange_objects.trusts_dn(directory, directory.exchange)
        private_keys = _read_keys(pem)
        for trust in directory.exchange.trusts:
            yield _trust(base, trust, private_keys)
