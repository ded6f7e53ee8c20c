# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SOAP faults of Windows: their codes, subcodes and texts, and the two formats of the detail."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from .soap import CIM, DMTF_CLASS, FAULT_ACTION, WMI, XSI, A, B, E, F, N, X

_REASONS = {
    "w:SchemaValidationError": "The SOAP XML in the message does not match the XML schema.",
    "w:InvalidOptions": "The options of the request are not valid.",
    "w:InvalidSelectors": "The selectors of the request do not match the resource.",
    "w:QuotaLimit": "The service has reached a limit for this user.",
    "w:EncodingLimit": "An internal encoding limit was exceeded by the request or the response.",
    "w:TimedOut": "The operation did not finish within its time limit.",
    "w:InternalError": "The service cannot process the request.",
    "w:UnsupportedFeature": "The request uses a feature that the service does not support.",
    "n:CannotProcessFilter": "The data source could not process the filter.",
    "n:InvalidEnumerationContext": "The enumeration context is not valid: expired, finished or unknown.",
    "n:FilterDialectRequestedUnavailable": "The filter dialect of the request is not available.",
    "x:InvalidRepresentation": "The XML of the resource in the message is not valid.",
    "a:DestinationUnreachable": "The service cannot find the resource identified by the resource URI and selectors.",
    "a:ActionNotSupported": "The action is not supported by the service.",
    "a:InvalidMessageInformationHeader": "A message information header is not valid.",
    "a:MessageInformationHeaderRequired": "A required message information header is missing.",
}

_RECEIVER = {"w:InternalError", "w:TimedOut", "n:InvalidEnumerationContext"}
_DETAIL_URI = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/"
_DETAILS = {
    "w:EncodingLimit": "MaxEnvelopeSize",
    "w:InvalidOptions": "NotSupported",
    "w:InvalidSelectors": "InsufficientSelectors",
    "w:UnsupportedFeature": "OptimizedEnumeration",
    "a:DestinationUnreachable": "InvalidResourceURI",
}
_EVENT_LOG = "http://schemas.microsoft.com/wbem/wsman/1/windows/EventLog"
_EVENT_PLUGIN_PATH = r"%systemroot%\system32\wevtfwd.dll"
_PROVIDER_PATH = r"%systemroot%\system32\WsmWmiPl.dll"


@dataclass(frozen=True, slots=True)
class Fault:
    """The contents of a fault."""

    subcode: str
    code: int
    message: str
    provider: bool = False
    hresult: int | None = None
    cim_status: int = 1
    operation: str = ""
    parameter: str = ""
    namespace: str = "root/cimv2"
    not_understood: str = ""
    event_plugin: bool = False

    @property
    def action(self) -> str:
        """The Action header of the fault."""
        spaces = {"n": N, "a": A, "x": X, "e": E}
        space = spaces.get(self.subcode.partition(":")[0])
        return f"{space}/fault" if space else FAULT_ACTION


class FaultError(Exception):
    """The response to the request is a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def protocol_fault(subcode: str, code: int, message: str) -> FaultError:
    """A fault of the protocol, without a provider."""
    return FaultError(Fault(subcode, code, message))


def schema_error(message: str) -> FaultError:
    """A fault of the WMI plug-in: the XML does not match the class."""
    return FaultError(Fault("w:SchemaValidationError", 2150858817, message, provider=True, cim_status=4))


def invalid_parameter(message: str, operation: str = "PutInstance", parameter: str = "") -> FaultError:
    """A fault of the provider: a value is not valid."""
    return FaultError(
        Fault(
            "w:InternalError",
            2150859038,
            f"The WMI provider returned an 'invalid parameter' error. {message} HRESULT = 0x80070057",
            provider=True,
            hresult=0x80070057,
            cim_status=4,
            operation=operation,
            parameter=parameter,
        )
    )


def provider_failed(hresult: int, message: str, operation: str = "ExecMethod", cim_status: int = 1) -> FaultError:
    """A fault of the provider with another HRESULT. Older Windows has the HRESULT in the text only."""
    return FaultError(
        Fault(
            "w:InternalError",
            1359,
            f"{message} HRESULT = 0x{hresult:08X}",
            provider=True,
            hresult=hresult,
            cim_status=cim_status,
            operation=operation,
        )
    )


def _wsman_fault(fault: Fault, machine: str) -> str:
    opening = f'<f:WSManFault xmlns:f="{F}" Code="{fault.code}" Machine={quoteattr(machine)}><f:Message>'
    closing = "</f:Message></f:WSManFault>"
    simple = opening + escape(fault.message) + " " + closing
    if fault.event_plugin:
        error = f'<t:ProviderError xmlns:t="{_EVENT_LOG}">{escape(fault.message)} </t:ProviderError>'
        provider = f'provider="Event Forwarding Plugin" path="{_EVENT_PLUGIN_PATH}"'
        return f"{opening}<f:ProviderFault {provider}>{error}</f:ProviderFault>{closing}"
    if not fault.provider:
        return simple
    status = f"{WMI}{fault.namespace}/__ExtendedStatus"
    extended = (
        (
            f'<f:ExtendedError><p:__ExtendedStatus xmlns:xsi="{XSI}" xmlns:p="{status}" xmlns:cim="{CIM}"'
            ' xsi:type="p:__ExtendedStatus_Type"><p:Description xsi:nil="true"/>'
            f"<p:Operation>{fault.operation}</p:Operation>"
            f"<p:ParameterInfo>{escape(fault.parameter)}</p:ParameterInfo>"
            '<p:ProviderName>WinMgmt</p:ProviderName><p:StatusCode xsi:nil="true"/></p:__ExtendedStatus>'
            "</f:ExtendedError>"
        )
        if fault.operation
        else ""
    )
    inner = f'<f:ProviderFault provider="WMI Provider" path="{_PROVIDER_PATH}">{simple}{extended}</f:ProviderFault>'
    return opening + inner + closing


def _wmi_error(fault: Fault) -> str:
    code = fault.hresult if fault.hresult is not None else fault.code
    text = escape(fault.message)
    members: list[tuple[str, str, str | None]] = [
        ("CIMStatusCode", "cimUnsignedInt", str(fault.cim_status)),
        ("CIMStatusCodeDescription", "cimString", None),
        ("ErrorSource", "cimString", None),
        ("ErrorSourceFormat", "cimUnsignedShort", "0"),
        ("ErrorType", "cimUnsignedShort", "0"),
        ("Message", "cimString", text),
        ("MessageID", "cimString", f"HRESULT 0x{code:08x}"),
        ("OtherErrorSourceFormat", "cimString", None),
        ("OtherErrorType", "cimString", None),
        ("OwningEntity", "cimString", None),
        ("PerceivedSeverity", "cimUnsignedShort", "0"),
        ("ProbableCause", "cimUnsignedShort", "0"),
        ("ProbableCauseDescription", "cimString", None),
        ("error_Category", "cimUnsignedInt", "30"),
        ("error_Code", "cimUnsignedInt", str(code)),
        ("error_Type", "cimString", "HRESULT"),
        ("error_WindowsErrorMessage", "cimString", text),
    ]
    xml = "".join(
        f'<p:{name} xsi:nil="true" xsi:type="cim:{kind}"/>'
        if value is None
        else f'<p:{name} xsi:type="cim:{kind}">{value}</p:{name}>'
        for name, kind, value in members
    )
    return (
        f'<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:b="{B}" xmlns:cim="{CIM}" xmlns:p="{DMTF_CLASS}MSFT_WmiError"'
        f' xsi:type="p:MSFT_WmiError_Type" xmlns:xsi="{XSI}">{xml}</p:MSFT_WmiError>'
    )


def fault_body(fault: Fault, machine: str, *, wmi_error: bool) -> str:
    """The body of a fault. Only faults of a provider have an MSFT_WmiError, if `wmi_error` is set."""
    if fault.not_understood:
        text = f'<s:Text xml:lang="en-US">{escape(fault.message)}</s:Text>'
        return (
            f"<s:Fault><s:Code><s:Value>s:MustUnderstand</s:Value></s:Code><s:Reason>{text}</s:Reason>"
            f"<s:Detail>{_wsman_fault(fault, machine)}</s:Detail></s:Fault>"
        )
    role = "s:Receiver" if fault.subcode in _RECEIVER else "s:Sender"
    reason = fault.message if fault.subcode == "w:InternalError" else _REASONS.get(fault.subcode, fault.message)
    detail = _wmi_error(fault) if wmi_error and fault.provider else _wsman_fault(fault, machine)
    if fault.subcode in _DETAILS and not fault.provider:
        detail = f"<w:FaultDetail>{_DETAIL_URI}{_DETAILS[fault.subcode]}</w:FaultDetail>{detail}"
    return (
        f"<s:Fault><s:Code><s:Value>{role}</s:Value><s:Subcode><s:Value>{escape(fault.subcode)}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="en-US">{escape(reason)} </s:Text></s:Reason>'
        f"<s:Detail>{detail}</s:Detail></s:Fault>"
    )
