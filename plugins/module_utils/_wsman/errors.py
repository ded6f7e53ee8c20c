# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between us and a WS-Management endpoint. Private to this collection."""

from __future__ import annotations

from ..errors import (
    CertificateRefused,
    CredentialsRefused,
    ResponseLost,
    ServerError,
    TimedOut,
    Unreachable,
    WriteRefused,
)

__all__ = [
    "AccessDenied",
    "CertificateRefused",
    "CredentialsRefused",
    "Fault",
    "NotFound",
    "RequestRefused",
    "ResponseLost",
    "ResponseTooLarge",
    "ServerError",
    "TimedOut",
    "TransientFault",
    "Unreachable",
    "WriteRefused",
]


class ResponseTooLarge(ResponseLost):
    """The answer is larger than what we asked for could ever be."""

    advice = "the endpoint ignores the envelope size that it was asked to keep; check what listens on that port"


class RequestRefused(ServerError):
    """HTTP refused the request before WS-Management saw it (404, 413, 415, 503 and the like)."""

    advice = "check that the port and the path are those of a WinRM listener"


class Fault(ServerError):
    """A SOAP fault: the server understood the request and says no.

    * C(code): the WS-Management code (C(f:WSManFault/@Code)), e.g. 2150858793
    * C(subcode): local name of the SOAP subcode, e.g. C(TimedOut)
    * C(provider_text): what the WMI provider said, if anything
    * C(hresult): unsigned HRESULT wherever the fault hid one, e.g. 0x800713A0
    * C(cim_status): CIM status code (DSP0200), e.g. 6 for not found
    """

    def __init__(
        self,
        reason: str,
        *,
        code: int | None = None,
        subcode: str = "",
        provider_text: str = "",
        hresult: int | None = None,
        cim_status: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.subcode = subcode
        self.provider_text = provider_text
        self.hresult = hresult
        self.cim_status = cim_status

    @property
    def detail(self) -> str:
        text = " ".join((self.provider_text or self.reason or "the server gave no reason").split()).rstrip(".")
        number = self.hresult if self.hresult is not None else self.code
        if number is not None and f"0x{number:08X}".casefold() in text.casefold():
            number = None
        known = [f"0x{number:08X}"] if number is not None and number > 0xFFFF else [str(number)] if number else []
        known += [self.subcode] if self.subcode else []
        return f"{text} [{', '.join(known)}]" if known else text


class TransientFault(Fault):
    """A fault that the provider is known to give now and then and that a second try may not meet.

    The failover cluster provider answers "Invalid Property" to valid queries after failovers
    (OpenStack os-win, bug 1798069); a full operation quota (w:QuotaLimit) empties by itself.
    """


class NotFound(Fault):
    """No such class, namespace or instance."""


class AccessDenied(Fault):
    """The account was authenticated and may not do this."""

    advice = "use an account that may administer this host; for a cluster, a cluster administrator"
