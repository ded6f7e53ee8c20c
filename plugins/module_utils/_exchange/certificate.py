# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read certificates from Active Directory. Private to this collection."""

from __future__ import annotations

import dataclasses
import hashlib
import struct
import typing as t
import warnings

if t.TYPE_CHECKING:
    import datetime

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID
except ImportError as exc:
    CRYPTOGRAPHY_IMPORT_ERROR: ImportError | None = exc
else:
    CRYPTOGRAPHY_IMPORT_ERROR = None

_CERTIFICATE = 32
_HEADER = struct.Struct("<III")


class CertificateError(ValueError):
    """The value is not a certificate or cannot be read on this machine; the message is one clause."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate; times are in UTC as C(2027-01-31T12:00:00Z), other values as Windows shows them.

    C(key) is the algorithm and the length in bits. C(self_signed) is true if subject and issuer are equal.
    C(client_authentication) is true if it is one of the extended key usages.
    """

    thumbprint: str
    subject: str
    issuer: str
    not_before: str
    not_after: str
    self_signed: bool
    subject_key_identifier: str | None
    key: str
    client_authentication: bool


def encoding_of(stored: bytes) -> bytes:
    """Return the DER encoding of a stored certificate: plain DER, or the C(SerializedCert) format with properties.

    Source: [MS-OSHARED] 2.3.2.5.1 and 2.3.2.5.3, records of identifier, encoding type, length and value. Raises
    C(CertificateError).
    """
    if stored[:1] == b"\x30" and stored[1:2] >= b"\x80":
        return stored
    rest = stored
    while len(rest) >= _HEADER.size:
        identifier, _encoding, length = _HEADER.unpack_from(rest)
        value, rest = rest[_HEADER.size : _HEADER.size + length], rest[_HEADER.size + length :]
        if len(value) < length:
            break
        if identifier == _CERTIFICATE:
            return value
    raise CertificateError(f"its {len(stored)} octets contain no certificate")


def thumbprint_of(encoding: bytes) -> str:
    """The SHA-1 of the encoding, as Exchange shows it."""
    return hashlib.sha1(encoding, usedforsecurity=False).hexdigest().upper()


def read_certificate(encoding: bytes) -> Certificate:
    """Read a certificate in DER. Raises C(CertificateError)."""
    if CRYPTOGRAPHY_IMPORT_ERROR is not None:
        raise CertificateError(
            f"the Python library cryptography is missing on this machine ({CRYPTOGRAPHY_IMPORT_ERROR})"
        ) from CRYPTOGRAPHY_IMPORT_ERROR
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Windows writes encodings that cryptography deprecates
            return _certificate(x509.load_der_x509_certificate(encoding), thumbprint_of(encoding))
    except AttributeError as exc:
        raise CertificateError(f"the Python library cryptography on this machine is older than 42 ({exc})") from exc
    except Exception as exc:  # cryptography has many errors, and not all are of one base class
        raise CertificateError(f"it cannot be read: {exc or type(exc).__name__}") from exc


def _certificate(found: x509.Certificate, thumbprint: str) -> Certificate:
    extensions = {extension.oid: extension.value for extension in found.extensions}
    identifier = extensions.get(x509.SubjectKeyIdentifier.oid)
    usages = extensions.get(x509.ExtendedKeyUsage.oid)
    return Certificate(
        thumbprint=thumbprint,
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        not_before=_time(found.not_valid_before_utc),
        not_after=_time(found.not_valid_after_utc),
        self_signed=found.subject == found.issuer,
        subject_key_identifier=identifier.digest.hex().upper()
        if isinstance(identifier, x509.SubjectKeyIdentifier)
        else None,
        key=_key(found),
        client_authentication=isinstance(usages, x509.ExtendedKeyUsage) and ExtendedKeyUsageOID.CLIENT_AUTH in usages,
    )


def _key(found: x509.Certificate) -> str:
    key = found.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.key_size}"
    return found.public_key_algorithm_oid.dotted_string


def _time(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
