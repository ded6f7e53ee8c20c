# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of parsing the faults of Windows and OMI."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Reference
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    AccessDenied,
    ContextLost,
    Fault,
    Missing,
    NotFound,
    QueryRefused,
    TransientFault,
)
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.wire import RESOURCE, fault, message

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.conftest import Talk

VM1 = Reference(resource_uri=RESOURCE, selectors=(("Name", "vm1"),))
WSMAN_FAULT = 'xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"'


def faulted(talk: Talk, text: str) -> Fault:
    """The error for this fault; the call is a write, because a read would be retried."""
    client, _script = talk(text)
    with pytest.raises(Fault) as caught:
        client.invoke(VM1, "Fail", {}, operation="failing")
    return caught.value


class TestWindows:
    def test_a_body_with_an_unknown_property(self, talk: Talk) -> None:
        error = faulted(talk, message("windows-fault-schema-validation"))
        assert error.__class__ is Fault
        assert (error.code, error.subcode) == (2150858817, "SchemaValidationError")
        assert (error.hresult, error.cim_status) == (None, None)
        assert error.reason == (
            "The SOAP XML in the message does not match the corresponding XML schema definition. "
            "Change the XML and retry."
        )
        assert error.provider_text == (
            "The WS-Management service cannot process the request. The input XML contains an unrecognized XML element: "
            '"GetFcpTargetMapping_IN". Ensure that the spelling of the element name is correct'
        )

    def test_the_text_in_the_extended_status(self, talk: Talk) -> None:
        error = faulted(talk, message("windows-fault-invalid-parameter"))
        assert error.__class__ is Fault
        assert (error.code, error.subcode) == (2150859038, "InternalError")
        assert (error.hresult, error.cim_status) == (None, None)  # the StatusCode is null
        assert error.provider_text == (
            "The WS-Management service cannot process the request. The WMI provider returned an 'invalid parameter' "
            "error; WDM specific return code: 0"
        )

    def test_a_query_for_a_missing_class(self, talk: Talk) -> None:
        error = faulted(talk, message("windows-fault-cannot-process-filter"))
        assert error.__class__ is QueryRefused  # the code can also mean an invalid query
        assert (error.code, error.subcode) == (2150858778, "CannotProcessFilter")
        assert (error.hresult, error.cim_status) == (None, None)
        assert error.provider_text == "The specified class does not exist in the given namespace"

    def test_a_full_quota_is_temporary(self, talk: Talk) -> None:
        error = faulted(talk, message("windows-fault-quota-limit"))  # has no RelatesTo
        assert error.__class__ is TransientFault
        assert (error.code, error.subcode) == (None, "QuotaLimit")
        assert (error.hresult, error.cim_status) == (0x803381A5, 27)
        assert error.provider_text == (
            "The WS-Management service cannot process the request. This user is allowed a maximum number of 30 "
            "concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user"
        )

    def test_the_inner_code_takes_precedence(self, talk: Talk) -> None:
        detail = (
            f'<f:WSManFault {WSMAN_FAULT} Code="2150859010"><f:Message><f:ProviderFault>'
            '<f:WSManFault Code="5024"><f:Message>The properties were stored. </f:Message></f:WSManFault>'
            "</f:ProviderFault></f:Message></f:WSManFault>"
        )
        error = faulted(talk, fault("w:InternalError", detail=detail))
        assert (error.code, error.provider_text) == (5024, "The properties were stored")

    def test_a_number_only_in_the_text(self, talk: Talk) -> None:
        detail = f'<f:WSManFault {WSMAN_FAULT} Code="1359"><f:Message>HRESULT = 0x8004102F</f:Message></f:WSManFault>'
        error = faulted(talk, fault("w:InternalError", detail=detail))
        assert (error.code, error.hresult) == (1359, 0x8004102F)

    def test_a_number_only_in_the_reason(self, talk: Talk) -> None:
        error = faulted(talk, fault("w:InternalError", reason="It failed (0x800713A0)"))
        assert (error.hresult, error.provider_text, error.reason) == (0x800713A0, "", "It failed (0x800713A0)")
        assert error.detail == "It failed (0x800713A0) [InternalError]"  # the number is not repeated

    def test_a_signed_status_of_the_cluster_provider(self, talk: Talk) -> None:
        detail = (
            '<p:MSCluster_ExtendedStatus xmlns:p="urn:x"><p:Description>Denied.</p:Description>'
            "<p:StatusCode>-2147024891</p:StatusCode></p:MSCluster_ExtendedStatus>"
        )
        error = faulted(talk, fault("w:InternalError", detail=detail))
        assert error.__class__ is AccessDenied
        assert (error.hresult, error.provider_text) == (0x80070005, "Denied")

    def test_error_zero_is_ignored(self, talk: Talk) -> None:
        numbers = "<p:CIMStatusCode>0</p:CIMStatusCode><p:error_Code>0</p:error_Code>"
        detail = f'<p:MSFT_WmiError xmlns:p="urn:x">{numbers}</p:MSFT_WmiError>'
        error = faulted(talk, fault("w:InternalError", detail=detail))
        assert (error.hresult, error.cim_status, error.code) == (None, None, None)

    @pytest.mark.parametrize(
        ("subcode", "number", "kind"),
        [
            ("w:AccessDenied", None, AccessDenied),
            ("w:InternalError", 0x80070005, AccessDenied),
            ("w:InternalError", 0x80041003, AccessDenied),
            ("n:InvalidEnumerationContext", None, ContextLost),
            ("w:InternalError", 0x8033801B, ContextLost),
            ("w:InternalError", 0x80041031, TransientFault),
            ("w:QuotaLimit", None, TransientFault),
            ("w:TimedOut", None, Fault),
            ("w:InternalError", 0x800713A0, Fault),
        ],
    )
    def test_fault_classes(self, talk: Talk, subcode: str, number: int | None, kind: type[Fault]) -> None:
        detail = f'<p:E xmlns:p="urn:x"><p:error_Code>{number}</p:error_Code></p:E>' if number else ""
        error = faulted(talk, fault(subcode, detail=detail))
        assert error.__class__ is kind
        assert error.hresult == number

    def test_invalid_property_of_the_cluster_provider_is_temporary(self, talk: Talk) -> None:
        detail = f'<f:WSManFault {WSMAN_FAULT} Code="2150859010"><f:Message>Invalid Property</f:Message></f:WSManFault>'
        assert faulted(talk, fault("w:InternalError", detail=detail)).__class__ is TransientFault


def detail_of(number: int | None, status: int, form: str) -> str:
    """The detail of a fault with a number as the code, as the HRESULT or in the text, and with a CIM status."""
    if number is None:
        return f'<p:OMI_Error xmlns:p="urn:x"><p:CIMStatusCode>{status}</p:CIMStatusCode></p:OMI_Error>'
    if form == "error":
        members = f"<p:CIMStatusCode>{status}</p:CIMStatusCode><p:error_Code>{number}</p:error_Code>"
        return f'<p:MSFT_WmiError xmlns:p="urn:x">{members}</p:MSFT_WmiError>'
    code, text = (1359, f"HRESULT = 0x{number:08X}") if form == "text" else (number, "It failed")
    return f'<f:WSManFault {WSMAN_FAULT} Code="{code}"><f:Message>{text}</f:Message></f:WSManFault>'


class TestMissing:
    @pytest.mark.parametrize("form", ["code", "error", "text"])
    @pytest.mark.parametrize(
        ("subcode", "numbers", "missing"),
        [
            ("w:InternalError", (0x8004100E, 1), Missing.NAMESPACE),
            ("n:CannotProcessFilter", (0x8004100E, 1), Missing.NAMESPACE),
            ("a:DestinationUnreachable", (0x8004100E, 6), Missing.NAMESPACE),
            ("w:InternalError", (0x80041010, 1), Missing.CLASS),
            ("n:CannotProcessFilter", (0x80041010, 1), Missing.CLASS),
            ("w:InternalError", (0x80041002, 1), Missing.INSTANCE),
            ("a:DestinationUnreachable", (0x80041002, 1), Missing.INSTANCE),
            ("a:DestinationUnreachable", (0x80338000, 1), Missing.SOMETHING),
            ("w:InternalError", (0x80338000, 1), Missing.SOMETHING),
            ("a:DestinationUnreachable", (0x80338139, 1), None),  # a URI of the DMTF style
            ("n:CannotProcessFilter", (0x80041017, 1), None),
            ("n:CannotProcessFilter", (0x8033801A, 1), None),
            ("w:InternalError", (0x80041001, 1), None),
        ],
    )
    def test_what_is_missing(
        self, talk: Talk, subcode: str, numbers: tuple[int, int], form: str, missing: Missing | None
    ) -> None:
        error = faulted(talk, fault(subcode, detail=detail_of(*numbers, form)))
        assert getattr(error, "missing", None) is missing

    @pytest.mark.parametrize(
        ("status", "missing"), [(3, Missing.NAMESPACE), (5, Missing.CLASS), (6, Missing.INSTANCE), (15, None)]
    )
    def test_the_cim_status_alone(self, talk: Talk, status: int, missing: Missing | None) -> None:
        error = faulted(talk, fault("w:InternalError", detail=detail_of(None, status, "")))
        assert getattr(error, "missing", None) is missing

    @pytest.mark.parametrize(
        ("wql", "missing"),
        [
            ("SELECT * FROM Win32_Processa", Missing.CLASS_OR_NAMESPACE),
            ("SELECT * FROM Win32_Processa WHERE Name='x'", None),
            ("SELECT Name FROM Win32_Processa", None),
        ],
    )
    def test_a_refused_query_without_columns_and_conditions_has_no_class(
        self, talk: Talk, wql: str, missing: Missing | None
    ) -> None:
        client, _script = talk(message("windows-fault-cannot-process-filter"))
        with pytest.raises(Fault) as caught:
            client.query("root/cimv2", wql, operation="reading")
        assert getattr(caught.value, "missing", None) is missing


class TestOmi:
    @pytest.mark.parametrize(
        ("name", "kind", "told"),
        [
            ("not-found", NotFound, ("DestinationUnreachable", 6, "The requested object cannot be found")),
            ("unknown-class", NotFound, ("DestinationUnreachable", 5, "The specified class does not exist")),
            ("unknown-property", Fault, ("InternalError", 12, "The specified property does not exist")),
            ("bad-query", Fault, ("InternalError", 15, "The query is not valid for the specified query language")),
            ("out-of-range", Fault, ("InternalError", 4, "SameSubnetDelay must be between 250 and 4000")),
            ("provider-failed", Fault, ("InternalError", 1, "provider says failed")),
        ],
    )
    def test_errors_of_providers(self, talk: Talk, name: str, kind: type[Fault], told: tuple[str, int, str]) -> None:
        error = faulted(talk, message(f"omi-fault-{name}"))
        assert error.__class__ is kind
        assert (error.subcode, error.cim_status, error.provider_text) == told
        assert (error.code, error.hresult) == (None, None)

    @pytest.mark.parametrize(
        ("name", "subcode", "reason"),
        [
            ("encoding-limit", "EncodingLimit", "insufficient envelope size for instance transferring"),
            ("must-understand", "MustUnderstand", "Header not understood"),
        ],
    )
    def test_errors_of_the_protocol_have_no_detail(self, talk: Talk, name: str, subcode: str, reason: str) -> None:
        error = faulted(talk, message(f"omi-fault-{name}"))
        assert error.__class__ is Fault
        assert (error.subcode, error.reason, error.provider_text) == (subcode, reason, "")
        assert (error.code, error.hresult, error.cim_status) == (None, None, None)

    def test_access_denied(self, talk: Talk) -> None:
        detail = '<p:OMI_Error xmlns:p="urn:x"><p:CIMStatusCode>2</p:CIMStatusCode></p:OMI_Error>'
        assert faulted(talk, fault("w:InternalError", detail=detail)).__class__ is AccessDenied


class TestSentences:
    def test_a_message_has_the_operation_the_host_and_the_error(self, talk: Talk) -> None:
        error = faulted(talk, message("omi-fault-out-of-range"))
        assert str(error) == (
            "Failing on node1.example.com failed: SameSubnetDelay must be between 250 and 4000 [InternalError]."
        )

    def test_a_code_is_shown_in_hexadecimal(self, talk: Talk) -> None:
        error = faulted(talk, message("windows-fault-cannot-process-filter"))
        assert error.detail == (
            "The specified class does not exist in the given namespace [0x8033801A, CannotProcessFilter]"
        )

    def test_the_advice_is_at_the_end(self, talk: Talk) -> None:
        assert str(faulted(talk, fault("w:AccessDenied", reason="Access is denied."))) == (
            "Failing on node1.example.com failed: Access is denied [AccessDenied]. Use an account that may administer "
            "this host; for a cluster, a cluster administrator."
        )

    def test_a_fault_without_a_reason(self, talk: Talk) -> None:
        assert "the server returned no reason" in str(faulted(talk, fault("w:InternalError", reason="")))
