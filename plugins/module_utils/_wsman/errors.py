# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of WS-Management requests. Private to this collection."""

from __future__ import annotations

import enum

from ..errors import (
    LONGEST_MESSAGE,
    CertificateRefused,
    CredentialsRefused,
    ResponseLost,
    ServerError,
    TimedOut,
    Unreachable,
    WriteRefused,
    shorten,
)

__all__ = [
    "AccessDenied",
    "CertificateRefused",
    "ContextLost",
    "CredentialsRefused",
    "Fault",
    "Missing",
    "NotFound",
    "NotReady",
    "QueryRefused",
    "Redirected",
    "RequestRefused",
    "ResponseLost",
    "ResponseTooLarge",
    "ServerError",
    "ServiceUnavailable",
    "TimedOut",
    "TransientFault",
    "Unreachable",
    "WriteRefused",
]


class ResponseTooLarge(ResponseLost):
    """The response is larger than any valid response."""

    advice = "the service on this port is probably not WinRM"


class RequestRefused(ServerError):
    """The HTTP server rejected the request, so WS-Management did not process it (403, 404, 413, 415)."""

    advice = "check that the port and the path are those of a WinRM listener"


class Redirected(RequestRefused):
    """HTTP 3xx, which WinRM does not return. What is between may have passed the request on before."""


class NotReady(RequestRefused):
    """HTTP 404 or 503: the HTTP service of the host runs, but WinRM does not listen, or not yet after a restart."""


class ServiceUnavailable(NotReady):
    """HTTP 503: WinRM does not run. It may have stopped while it processed the request."""


class Fault(ServerError):
    """A SOAP fault: the server processed the request and returned an error.

    * C(code): the WS-Management code (C(f:WSManFault/@Code)), e.g. 2150858793
    * C(subcode): local name of the SOAP subcode, e.g. C(TimedOut)
    * C(provider_text): the error text of the WMI provider, if any
    * C(hresult): unsigned HRESULT from any part of the fault, e.g. 0x800713A0
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
        text = shorten(self.provider_text or self.reason or "the server returned no reason", LONGEST_MESSAGE).rstrip(
            "."
        )
        number = self.hresult if self.hresult is not None else self.code
        if number is not None and f"0x{number:08X}".casefold() in text.casefold():
            number = None
        known = [f"0x{number:08X}"] if number is not None and number > 0xFFFF else [str(number)] if number else []
        known += [self.subcode] if self.subcode else []
        return f"{text} [{', '.join(known)}]" if known else text


class TransientFault(Fault):
    """A temporary fault: a retry can succeed.

    The failover cluster provider returns "Invalid Property" for valid queries after failovers (OpenStack os-win, bug
    1798069). A full operation quota (w:QuotaLimit) is freed when other operations end.
    """


class Missing(enum.Enum):
    """What does not exist. C(SOMETHING) is the class, the namespace or the instance: the fault does not show which."""

    NAMESPACE = "namespace"
    CLASS = "class"
    CLASS_OR_NAMESPACE = "class or namespace"
    INSTANCE = "instance"
    SOMETHING = "class, namespace or instance"


class NotFound(Fault):
    """The class, namespace or instance does not exist; C(missing) is which of them, as far as the fault shows."""

    missing = Missing.SOMETHING


class QueryRefused(Fault):
    """The query has an error, or its class or namespace does not exist. The fault does not show which."""


class ContextLost(Fault):
    """The enumeration has expired or is not known, so its next page cannot be read."""

    advice = "run this task again"


class AccessDenied(Fault):
    """The account was authenticated but has no permission."""

    advice = "use an account that may administer this host; for a cluster, a cluster administrator"
