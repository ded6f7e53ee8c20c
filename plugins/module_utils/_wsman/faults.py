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
from .errors import AccessDenied, Fault, NotFound, TransientFault

if t.TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_HRESULT = re.compile(r"0x([89][0-9A-Fa-f]{7})\b")

# winerror.h, wbemcli.h
E_ACCESSDENIED = 0x80070005
WBEM_E_NOT_FOUND = 0x80041002
WBEM_E_ACCESS_DENIED = 0x80041003
WBEM_E_INVALID_NAMESPACE = 0x8004100E
WBEM_E_INVALID_CLASS = 0x80041010
WBEM_E_INVALID_PROPERTY = 0x80041031

_CIM_ACCESS_DENIED, _CIM_INVALID_NAMESPACE, _CIM_INVALID_CLASS, _CIM_NOT_FOUND = 2, 3, 5, 6


def parse_fault(element: Element) -> Fault:
    """Parse a C(s:Fault) element."""
    reason = " ".join(text_of(element.find(f"{{{SOAP}}}Reason/{{{SOAP}}}Text")).split())
    subcode = text_of(element.find(f"{{{SOAP}}}Code/{{{SOAP}}}Subcode/{{{SOAP}}}Value")).rpartition(":")[2]
    subcode = subcode or text_of(element.find(f"{{{SOAP}}}Code/{{{SOAP}}}Value")).rpartition(":")[2]
    codes, texts, hresults, cim_statuses = [], [], [], []
    for part in element.iterfind(f"{{{SOAP}}}Detail//*"):
        name, text = local_name(part.tag), " ".join(text_of(part).split())
        if part.tag == f"{{{WSMAN_FAULT}}}WSManFault":
            codes.append(_number(part.get("Code")))
        elif name in ("Message", "Description"):
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
    fault_class = _fault_class(subcode, hresult, cim_status, " ".join((reason, *texts)))
    return fault_class(
        reason,
        code=code,
        subcode=subcode,
        provider_text="; ".join(text.rstrip(".") for text in texts),
        hresult=hresult,
        cim_status=cim_status,
    )


def _fault_class(subcode: str, hresult: int | None, cim_status: int | None, text: str) -> type[Fault]:
    denied = subcode == "AccessDenied" or hresult in (E_ACCESSDENIED, WBEM_E_ACCESS_DENIED)
    if denied or cim_status == _CIM_ACCESS_DENIED:
        return AccessDenied
    if hresult == WBEM_E_INVALID_PROPERTY or subcode == "QuotaLimit" or "invalid property" in text.casefold():
        return TransientFault
    missing = hresult in (WBEM_E_NOT_FOUND, WBEM_E_INVALID_NAMESPACE, WBEM_E_INVALID_CLASS)
    if (
        missing
        or subcode == "DestinationUnreachable"
        or cim_status
        in (
            _CIM_INVALID_NAMESPACE,
            _CIM_INVALID_CLASS,
            _CIM_NOT_FOUND,
        )
    ):
        return NotFound
    return Fault


def _number(text: t.Any) -> int:
    try:
        return int(str(text).strip())
    except ValueError:
        return 0
