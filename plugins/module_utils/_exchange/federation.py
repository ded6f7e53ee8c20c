# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The federation trusts of an organization and their certificates. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._directory.distinguished_name import name_of
from .certificate import Certificate, CertificateError, encoding_of, read_certificate, thumbprint_of
from .objects import Query

if t.TYPE_CHECKING:
    from .._directory.entry import Entry
    from .objects import Objects
    from .servers import Servers

_CERTIFICATES = {
    "current": "msExchFedOrgCertificate",
    "previous": "msExchFedOrgPrevCertificate",
    "next": "msExchFedOrgNextCertificate",
    "token_issuer": "msExchFedTokenIssuerCertificate",
}
# The attribute names suggest private certificates. They contain the thumbprint of the configured certificate.
_THUMBPRINTS = {
    "current": "msExchFedOrgPrivCertificate",
    "previous": "msExchFedOrgPrevPrivCertificate",
    "next": "msExchFedOrgNextPrivCertificate",
}
FEDERATION_TRUSTS = Query(
    "(objectClass=msExchFedTrust)",
    (
        *_CERTIFICATES.values(),
        *_THUMBPRINTS.values(),
        "msExchFedApplicationId",
        "msExchFedApplicationUri",
        "msExchFedTokenIssuerURI",
    ),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrustCertificate:
    """A certificate of a trust.

    C(use) is C(current), C(previous) or C(next) for those of the organization, or C(token_issuer). If it cannot be
    read, C(unknown) is the reason, and only C(thumbprint) may be set.
    """

    use: str
    thumbprint: str | None
    certificate: Certificate | None
    unknown: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FederationTrust:
    """A trust with the Microsoft Federation Gateway.

    C(organization_thumbprints) are the thumbprints of the configured certificates, by use.
    """

    name: str
    application_id: str | None
    application_uri: str | None
    token_issuer_uri: str | None
    certificates: tuple[TrustCertificate, ...]
    organization_thumbprints: t.Mapping[str, str | None]


def federation_trusts_of(objects: Objects, _servers: Servers) -> tuple[FederationTrust, ...]:
    """The trusts, sorted by name."""
    trusts = (
        FederationTrust(
            name=name_of(entry.dn),
            application_id=entry.text("msExchFedApplicationId") or None,
            application_uri=entry.text("msExchFedApplicationUri") or None,
            token_issuer_uri=entry.text("msExchFedTokenIssuerURI") or None,
            certificates=tuple(_certificates(entry)),
            organization_thumbprints={use: entry.text(name).upper() or None for use, name in _THUMBPRINTS.items()},
        )
        for entry in objects.of("msExchFedTrust")
    )
    return tuple(sorted(trusts, key=lambda trust: trust.name.casefold()))


def _certificates(entry: Entry) -> t.Iterator[TrustCertificate]:
    for use, attribute in _CERTIFICATES.items():
        for stored in entry.data(attribute):
            thumbprint, certificate, unknown = None, None, None
            try:
                encoding = encoding_of(stored)
                thumbprint = thumbprint_of(encoding)
                certificate = read_certificate(encoding)
            except CertificateError as exc:
                unknown = str(exc)
            yield TrustCertificate(use=use, thumbprint=thumbprint, certificate=certificate, unknown=unknown)
