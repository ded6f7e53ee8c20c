# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse SOAP faults into typed errors. Private to this collection.

The location of the error code depends on the Windows version and layer: C(f:WSManFault) (twice, the inner one from the
provider), an C(...ExtendedStatus) object, C(MSFT_WmiError) on 2012 and later, C(OMI_Error) from OMI, or a number in the
text. This module reads all of them; see the fault captures in the unit tests.
"""

from __future__ import annotations

import re
import typing as t

from .document import SOAP, WSMAN_FAULT, local_name, text_of
from .errors import (
    AccessDenied,
    ContextLost,
    Fault,
    Missing,
    NotFound,
    QueryRefused,
    ServerError,
    TimedOut,
    TransientFault,
)
from .scalar import read_integer

if t.TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_HRESULT = re.compile(r"0x([89][0-9A-Fa-f]{7})\b")

# winerror.h, wbemcli.h, wsmerror.h
E_ACCESSDENIED = 0x80070005
WBEM_E_NOT_FOUND = 0x80041002
WBEM_E_ACCESS_DENIED = 0x80041003
WBEM_E_INVALID_NAMESPACE = 0x8004100E
WBEM_E_INVALID_CLASS = 0x80041010
WBEM_E_INVALID_QUERY = 0x80041017
WBEM_E_INVALID_PROPERTY = 0x80041031
WSMAN_RESOURCE_NOT_FOUND = 0x80338000
WSMAN_CANNOT_PROCESS_FILTER = 0x8033801A
WSMAN_INVALID_CONTEXT = 0x8033801B
WSMAN_TIMED_OUT = 0x80338029
WSMAN_SUBSCRIPTION_CLOSED = 0x8033800A  # no Pull came within the interval of the heartbeats

_CIM_ACCESS_DENIED, _CIM_INVALID_NAMESPACE, _CIM_INVALID_CLASS, _CIM_NOT_FOUND, _CIM_INVALID_QUERY = 2, 3, 5, 6, 15
# In this order: a fault can have the number of the class or namespace beside a general "not found".
_MISSING = (
    (WBEM_E_INVALID_NAMESPACE, _CIM_INVALID_NAMESPACE, Missing.NAMESPACE),
    (WBEM_E_INVALID_CLASS, _CIM_INVALID_CLASS, Missing.CLASS),
    (WBEM_E_NOT_FOUND, _CIM_NOT_FOUND, Missing.INSTANCE),
)
# A query with an error, a resource URI without a class, the address of another service, a URI of the DMTF style.
_NOT_MISSING = {WBEM_E_INVALID_QUERY, 0x80338002, 0x80338012, 0x80338139}


_LOG = "read the event log Microsoft-Windows-WMI-Activity/Operational on the host"
_PROVIDER = f"restart the service Winmgmt or the host; {_LOG} to find the provider that does not start"
_RPC = "check that the service of the role runs on the host (for a cluster, ClusSvc), then run this task again"
_QUOTA = "run this task again when other programs use the host less, or raise the quota"
_ADVICE = {
    0x80041013: _PROVIDER,  # WBEM_E_PROVIDER_LOAD_FAILURE
    0x80041014: _PROVIDER,  # WBEM_E_INITIALIZATION_FAILURE
    0x80040154: _PROVIDER,  # REGDB_E_CLASSNOTREG
    0x80080005: _PROVIDER,  # CO_E_SERVER_EXEC_FAILURE
    0x8004106C: f"{_QUOTA} in __ProviderHostQuotaConfiguration",  # WBEM_E_QUOTA_VIOLATION
    0x80041006: f"{_QUOTA} in __ProviderHostQuotaConfiguration",  # WBEM_E_OUT_OF_MEMORY
    0x80041033: "wait until the host or its service Winmgmt has started again",  # WBEM_E_SHUTTING_DOWN
    0x80041001: f"{_LOG}, then run this task again",  # WBEM_E_FAILED
    0x8004101D: f"{_LOG}, then run this task again",  # WBEM_E_UNEXPECTED
    0x80041017: "this is a defect of the collection or of the provider, please report it",  # WBEM_E_INVALID_QUERY
    0x800706BA: _RPC,  # RPC_S_SERVER_UNAVAILABLE
    0x800706BE: _RPC,  # RPC_S_CALL_FAILED
    0x800706D9: _RPC,  # EPT_S_NOT_REGISTERED
    0x8007046A: _QUOTA,  # ERROR_NOT_ENOUGH_SERVER_MEMORY
    0x803381A6: f"{_QUOTA} MaxConcurrentOperationsPerUser of the WinRM service",
    5004: (  # of the event plug-in: none of the event channels of a subscription can be read
        "check that the host has this event channel, and that NETWORK SERVICE may read it: add NETWORK SERVICE to the "
        "group Event Log Readers of the host and restart the service WinRM"
    ),
}
_ADVICE_BY_SUBCODE = {
    "EncodingLimit": "set MaxEnvelopeSizekb of the WinRM service on the host to 500 or more",
    "QuotaLimit": f"{_QUOTA} of the WinRM service, for example MaxConcurrentOperationsPerUser",
    "TimedOut": f"run this task again when the host is less busy; {_LOG} to find a provider that does not answer",
}


def parse_fault(element: Element, *, all_of_class: bool = False) -> Fault:
    """Parse a C(s:Fault) element. C(all_of_class): the request was a query without columns and conditions."""
    reason = " ".join(text_of(element.find(f"{{{SOAP}}}Reason/{{{SOAP}}}Text")).split())
    subcode = text_of(element.find(f"{{{SOAP}}}Code/{{{SOAP}}}Subcode/{{{SOAP}}}Value")).rpartition(":")[2]
    subcode = subcode or text_of(element.find(f"{{{SOAP}}}Code/{{{SOAP}}}Value")).rpartition(":")[2]
    codes, texts, hresults, cim_statuses = [], [], [], []
    for part in element.iterfind(f"{{{SOAP}}}Detail//*"):
        name, text = local_name(part.tag), " ".join(text_of(part).split())
        if part.tag == f"{{{WSMAN_FAULT}}}WSManFault":
            codes.append(_number(part.get("Code")))
        elif name in ("Message", "Description", "ProviderError"):
            texts.append(text)
        elif name == "CIMStatusCode":
            cim_statuses.append(_number(text))
        elif name in ("error_Code", "StatusCode"):
            hresults.append(_number(text))
        elif name == "MessageID":
            hresults.extend(int(found, 16) for found in _HRESULT.findall(text))
    texts = list(dict.fromkeys(text for text in texts if text))
    hresults += [int(found, 16) for text in (*texts, reason) for found in _HRESULT.findall(text)]
    hresult = next((number & 0xFFFFFFFF for number in hresults if number), None)
    code = next((number for number in reversed(codes) if number), None)
    cim_status = next((number for number in cim_statuses if number), None)
    numbers = {number & 0xFFFFFFFF for number in (*codes, *hresults) if number}
    fault_class = _fault_class(subcode, numbers, cim_status, " ".join((reason, *texts)))
    missing = _missing(subcode, numbers, cim_status, all_of_class=all_of_class)
    missing = missing if fault_class in (Fault, QueryRefused) else None
    fault = (NotFound if missing else fault_class)(
        reason,
        code=code,
        subcode=subcode,
        provider_text="; ".join(text.rstrip(".") for text in texts),
        hresult=hresult,
        cim_status=cim_status,
    )
    if isinstance(fault, NotFound) and missing:
        fault.missing = missing
    if not fault.advice:
        by_number = (advice for known, advice in _ADVICE.items() if known in numbers)
        fault.advice = next(by_number, _ADVICE_BY_SUBCODE.get(subcode, ""))
    return fault


def is_time_out(error: ServerError) -> bool:
    """Whether the host or the connection ran out of time."""
    return isinstance(error, TimedOut) or (
        isinstance(error, Fault) and (error.subcode == "TimedOut" or error.code == WSMAN_TIMED_OUT)
    )


def _fault_class(subcode: str, numbers: set[int], cim_status: int | None, text: str) -> type[Fault]:
    if (
        subcode == "AccessDenied"
        or numbers & {E_ACCESSDENIED, WBEM_E_ACCESS_DENIED}
        or cim_status == _CIM_ACCESS_DENIED
    ):
        return AccessDenied
    if (
        numbers & {WBEM_E_INVALID_PROPERTY, WSMAN_SUBSCRIPTION_CLOSED}
        or subcode == "QuotaLimit"
        or "invalid property" in text.casefold()
    ):
        return TransientFault
    if subcode == "InvalidEnumerationContext" or WSMAN_INVALID_CONTEXT in numbers:
        return ContextLost
    if subcode == "CannotProcessFilter" or numbers & {WSMAN_CANNOT_PROCESS_FILTER, WBEM_E_INVALID_QUERY}:
        return QueryRefused
    return Fault


def _missing(subcode: str, numbers: set[int], cim_status: int | None, *, all_of_class: bool = False) -> Missing | None:
    """What does not exist; C(None) if the fault does not mean that.

    Windows has the number as an HRESULT or as the code of the fault, or only its code for a query that it refuses. That
    code also means a query with an error. C(all_of_class) is a query that cannot have one.
    """
    for number, status, missing in _MISSING:
        if number in numbers or cim_status == status:
            return missing
    if numbers & _NOT_MISSING or cim_status == _CIM_INVALID_QUERY:
        return None
    if subcode == "CannotProcessFilter" or WSMAN_CANNOT_PROCESS_FILTER in numbers:
        return Missing.CLASS_OR_NAMESPACE if all_of_class else None
    if subcode == "DestinationUnreachable" or WSMAN_RESOURCE_NOT_FOUND in numbers:
        return Missing.SOMETHING
    return None


def _number(text: str | None) -> int:
    return read_integer(text or "") or 0
