# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of federation trusts in the formats of Active Directory."""

from __future__ import annotations

import datetime
import struct
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._directory.entry import Entry
from ansible_collections.winha.cluster.plugins.module_utils._exchange import certificate
from ansible_collections.winha.cluster.plugins.module_utils._exchange.parts import read_organization
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
START = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
ORGANIZATION = "CN=Example,CN=Microsoft Exchange,CN=Services,CN=Configuration,DC=corp,DC=example"
TRUST = f"CN=Microsoft Federation Gateway,CN=Federation Trusts,{ORGANIZATION}"
NAMES = (
    "subject", "issuer", "not_before", "not_after", "self_signed", "subject_key_identifier", "thumbprint", "key",
    "client_authentication",
)  # fmt: skip


def create_certificate(
    issuer: str = "Federation",
    identifier: bytes | None = None,
    usages: list[x509.ObjectIdentifier] | None = None,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = RSA,
    alternative_name: bytes | None = None,
) -> x509.Certificate:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = x509.CertificateBuilder(name(issuer), name("Federation"), key.public_key(), 1)
    builder = builder.not_valid_before(START).not_valid_after(START.replace(year=2031))
    if identifier:
        builder = builder.add_extension(x509.SubjectKeyIdentifier(identifier), critical=False)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if alternative_name:
        unusual = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, alternative_name)
        builder = builder.add_extension(unusual, critical=False)
    return builder.sign(RSA, hashes.SHA256())


def encoded(created: x509.Certificate) -> bytes:
    return created.public_bytes(serialization.Encoding.DER)


def serialized(*records: tuple[int, bytes]) -> bytes:
    """Records of properties and certificates, [MS-OSHARED] 2.3.2.5."""
    return b"".join(struct.pack("<III", identifier, 1, len(value)) + value for identifier, value in records)


PROPERTIES = ((2, bytes(60)), (3, bytes(20)), (11, "Exchange Delegation Federation\0".encode("utf-16-le")))


class Session:
    host, forest, configuration_dn = "dc1", "corp.example", "CN=Configuration,DC=corp,DC=example"

    def __init__(self, **values: bytes) -> None:
        self.values = values

    def search(self, *_asked: t.Any, **_how: t.Any) -> t.Iterator[Entry]:
        yield Entry(ORGANIZATION, {"objectclass": (b"msExchOrganizationContainer",)})
        values = {name.lower(): (value,) for name, value in self.values.items()}
        yield Entry(TRUST, {"objectclass": (b"msExchFedTrust",), **values})


def read(**values: bytes) -> tuple[dict[str, t.Any], list[dict[str, str]]]:
    created = read_organization(Session(**values), ["federation_trusts"])
    (trust,) = created["federation_trusts"]
    return trust, [row for row in created["unknown"] if "certificate" in row["what"]]


@pytest.mark.parametrize("stored", ["plain", "serialized"])
def test_a_self_signed_certificate(stored: str) -> None:
    created = create_certificate(identifier=b"\x3f\x9c\x0b", usages=[ExtendedKeyUsageOID.SERVER_AUTH])
    octets = encoded(created) if stored == "plain" else serialized(*PROPERTIES, (32, encoded(created)))
    trust, unknown = read(msExchFedOrgCertificate=octets)
    assert trust["certificates"] == [
        {
            "use": "current",
            "subject": "CN=Federation",
            "issuer": "CN=Federation",
            "not_before": "2026-01-31T12:00:00Z",
            "not_after": "2031-01-31T12:00:00Z",
            "self_signed": True,
            "subject_key_identifier": "3F9C0B",
            "thumbprint": created.fingerprint(hashes.SHA1()).hex().upper(),
            "key": "RSA 2048",
            "client_authentication": False,
            "unknown": None,
        }
    ]
    assert unknown == []


def test_the_next_certificate_from_a_certification_authority() -> None:
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    created = create_certificate(issuer="Authority", usages=usages, key=ec.generate_private_key(ec.SECP256R1()))
    trust, unknown = read(
        msExchFedOrgNextCertificate=encoded(created),
        msExchFedOrgNextPrivCertificate=b"ab12",
        msExchFedApplicationUri=b"example.com",
    )
    (row,) = trust["certificates"]
    assert [row[name] for name in ("use", "issuer", "self_signed", "subject_key_identifier", "key")] == [
        "next", "CN=Authority", False, None, "EC 256",
    ]  # fmt: skip
    assert row["client_authentication"] is True
    assert trust["organization_thumbprints"] == {"current": None, "previous": None, "next": "AB12"}
    assert (trust["name"], trust["application_uri"]) == ("Microsoft Federation Gateway", "example.com")
    assert [row["what"] for row in unknown] == [
        "the certificate of federation trust Microsoft Federation Gateway (current)"
    ]


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"\x30",
        b"\x30\x82\x01",
        serialized(*PROPERTIES),
        serialized((32, b"no certificate")),
        struct.pack("<III", 32, 1, 1 << 31) + b"short",
        encoded(create_certificate())[:-1],
        encoded(create_certificate()) + b"\0",
        encoded(create_certificate()).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03", 1),  # version 4
        encoded(create_certificate(alternative_name=bytes.fromhex("3007a505a103130161"))),  # an EDIPartyName
    ],
    ids=lambda stored: f"{len(stored)} octets",
)
def test_an_invalid_certificate_is_unknown(stored: bytes) -> None:
    trust, unknown = read(msExchFedOrgCertificate=stored)
    (row,) = trust["certificates"]
    assert row["unknown"]
    assert [row[name] for name in NAMES if name != "thumbprint"] == [None] * 8
    assert [entry["why"] for entry in unknown] == [row["unknown"]]


def test_a_truncated_certificate_has_no_thumbprint() -> None:
    trust, _unknown = read(msExchFedOrgCertificate=serialized(*PROPERTIES, (32, encoded(create_certificate())))[:-1])
    assert [row["thumbprint"] for row in trust["certificates"]] == [None]


def test_the_thumbprint_is_known_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "CRYPTOGRAPHY_IMPORT_ERROR", ImportError("No module named 'cryptography'"))
    created = create_certificate()
    trust, unknown = read(msExchFedOrgCertificate=serialized((32, encoded(created))))
    (row,) = trust["certificates"]
    assert row["thumbprint"] == created.fingerprint(hashes.SHA1()).hex().upper()
    assert "cryptography is missing" in row["unknown"]
    assert [entry["why"] for entry in unknown] == [row["unknown"]]
