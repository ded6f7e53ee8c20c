# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of Get, queries and enumerations: pages, retries, and invalid responses."""

from __future__ import annotations

import time
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman import client as client_module
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import CimClass, Reference, UriStyle
from ansible_collections.winha.cluster.plugins.module_utils._wsman.document import parse
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    CredentialsRefused,
    Fault,
    NotFound,
    NotReady,
    RequestRefused,
    ResponseLost,
    ResponseTooLarge,
    ServerError,
    TimedOut,
    TransientFault,
    Unreachable,
)
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.wire import (
    DMTF,
    RESOURCE,
    answer,
    fault,
    instance,
    item,
    message,
    page,
)

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.conftest import Talk

VM1 = Reference(resource_uri=RESOURCE, selectors=(("Name", "vm1"),))
RESOURCES = CimClass(namespace="root/mscluster", name="MSCluster_Resource")
INVALID_CONTEXT = fault("n:InvalidEnumerationContext")
TEMPORARY = fault("w:InternalError", reason="Invalid Property")
RELEASED = answer("")


class TestPages:
    def test_the_first_page_of_windows_contains_items_and_a_context(self, talk: Talk) -> None:
        client, script = talk(message("windows-network-adapters"), page(end=True, pulled=True))
        found = client.query("root/cimv2", "SELECT * FROM Win32_NetworkAdapterConfiguration", operation="listing")
        assert [adapter.integer("Index") for adapter in found] == [0, 7]
        assert script.actions == ["Enumerate", "Pull"]

    def test_windows_ends_with_an_empty_context(self, talk: Talk) -> None:
        client, script = talk(message("windows-disk-drives"))
        assert len(client.query("root/cimv2", "SELECT * FROM Win32_DiskDrive", operation="listing")) == 1
        assert script.actions == ["Enumerate"]

    def test_the_first_page_can_be_empty(self, talk: Talk) -> None:
        client, script = talk(
            message("windows-enumerate-context"), message("windows-pull-page"), page(end=True, pulled=True)
        )
        assert [one.integer("id") for one in client.query("root/mynamespace", "", operation="listing")] == [1]
        assert script.actions == ["Enumerate", "Pull", "Pull"]

    def test_omi_pages(self, talk: Talk) -> None:
        client, script = talk(
            message("omi-page-1"), message("omi-page-2"), message("omi-page-3"), uri_style=UriStyle.DMTF
        )
        found = client.instances(CimClass(namespace="root/StandardCimv2", name="Any"), operation="listing")
        assert len(found) == 6
        assert len({one.text("InstanceID") for one in found}) == 6
        assert script.actions == ["Enumerate", "Pull", "Pull"]

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("omi-enumerate-all", ["Virtual Machine vm1", "Virtual Machine vm2", "Cluster IP Address", "Café & <VM>"]),
            ("omi-query", ["Virtual Machine vm1", "Virtual Machine vm2", "Café & <VM>"]),
            ("omi-query-projection", ["Cluster IP Address"]),
            ("omi-query-nothing", []),
        ],
    )
    def test_omi_sends_a_context_with_the_end(self, talk: Talk, name: str, expected: list[str]) -> None:
        client, script = talk(message(name), uri_style=UriStyle.DMTF)
        assert [one.text("Name") for one in client.instances(RESOURCES, operation="listing")] == expected
        assert script.actions == ["Enumerate"]  # neither Pull nor Release

    def test_items_with_references(self, talk: Talk) -> None:
        client, _script = talk(
            message("omi-enumerate-with-references").replace("</wsman:Items>", "</wsman:Items><wsman:EndOfSequence/>"),
            uri_style=UriStyle.DMTF,
        )
        found = client.instances(RESOURCES, operation="listing")
        assert [one.class_name for one in found] == ["MSCluster_Resource"] * 2
        assert [one.reference for one in found] == [
            Reference(
                resource_uri=f"{DMTF}MSCluster_Resource",
                selectors=(("__cimnamespace", "root/mscluster"), ("Name", f"Virtual Machine vm{number}")),
            )
            for number in (1, 2)
        ]

    def test_a_reference_of_windows_is_unchanged(self, talk: Talk) -> None:
        endpoint = (
            f"<a:EndpointReference><a:ReferenceParameters><w:ResourceURI>{RESOURCE}</w:ResourceURI><w:SelectorSet>"
            '<w:Selector Name="Name">vm1</w:Selector></w:SelectorSet></a:ReferenceParameters></a:EndpointReference>'
        )
        client, _script = talk(page(f"<w:Item>{item('vm1')}{endpoint}</w:Item>", end=True))
        (found,) = client.instances(RESOURCES, operation="listing")
        assert (found.reference, found.text("Name")) == (VM1, "vm1")

    def test_an_item_without_a_reference_has_none(self, talk: Talk) -> None:
        client, _script = talk(page(item("vm1") + item("vm2"), end=True))
        found = client.instances(RESOURCES, operation="listing")
        assert [(one.text("Name"), one.reference) for one in found] == [("vm1", None), ("vm2", None)]

    def test_pages_are_pulled_on_demand(self, talk: Talk) -> None:
        client, script = talk(page(item("vm1") + item("vm2"), context="1"), page(item("vm3"), end=True, pulled=True))
        instances = client.pages(Reference(resource_uri=RESOURCE), "root/mscluster")
        assert [next(instances).text("Name"), next(instances).text("Name")] == ["vm1", "vm2"]
        assert script.actions == ["Enumerate"]
        assert next(instances).text("Name") == "vm3"
        assert script.actions == ["Enumerate", "Pull"]
        assert list(instances) == []


class TestUnfinishedEnumerations:
    def test_an_unfinished_enumeration_is_released(self, talk: Talk) -> None:
        client, script = talk(page(item("vm1") + item("vm2"), context="1"), RELEASED)
        instances = client.pages(Reference(resource_uri=RESOURCE), "root/mscluster")
        next(instances)
        t.cast("t.Any", instances).close()
        assert script.actions == ["Enumerate", "Release"]

    @pytest.mark.parametrize("refused", [INVALID_CONTEXT, Unreachable("no way"), "<no soap/>"])
    def test_a_failed_release_is_ignored(self, talk: Talk, refused: str | Exception) -> None:
        client, script = talk(page(item("vm1"), context="1"), refused)
        instances = client.pages(Reference(resource_uri=RESOURCE), "root/mscluster")
        next(instances)
        t.cast("t.Any", instances).close()
        assert script.actions == ["Enumerate", "Release"]

    def test_a_finished_enumeration_is_not_released(self, talk: Talk) -> None:
        client, script = talk(page(item("vm1"), context="1", end=True))
        instances = client.pages(Reference(resource_uri=RESOURCE), "root/mscluster")
        next(instances)
        t.cast("t.Any", instances).close()
        assert script.actions == ["Enumerate"]

    def test_a_faulted_enumeration_is_not_released(self, talk: Talk) -> None:
        client, script = talk(page(item("vm1"), context="1"), INVALID_CONTEXT)
        with pytest.raises(Fault, match="InvalidEnumerationContext"):
            client.instances(RESOURCES, operation="listing")
        assert script.actions == ["Enumerate", "Pull"]

    def test_after_a_lost_page_it_is_released_and_restarted(self, talk: Talk, pauses: list[float]) -> None:
        client, script = talk(
            page(item("vm1"), context="1"),
            ResponseLost("gone"),
            RELEASED,
            page(item("vm1"), context="2"),
            page(item("vm2"), end=True, pulled=True),
        )
        found = client.instances(RESOURCES, operation="listing")
        assert [one.text("Name") for one in found] == ["vm1", "vm2"]  # vm1 is not repeated
        assert script.actions == ["Enumerate", "Pull", "Release", "Enumerate", "Pull"]
        assert pauses == [0.5]

    def test_a_temporary_fault_restarts_it(self, talk: Talk) -> None:
        client, script = talk(page(item("vm1"), context="1"), TEMPORARY, page(item("vm1") + item("vm2"), end=True))
        assert len(client.instances(RESOURCES, operation="listing")) == 2
        assert script.actions == ["Enumerate", "Pull", "Enumerate"]

    def test_a_page_without_context_and_end(self, talk: Talk) -> None:
        client, _script = talk(*[page(item("vm1"))] * 3)
        with pytest.raises(ResponseLost, match="neither items nor the end"):
            client.instances(RESOURCES, operation="listing")

    def test_a_pull_without_items_is_an_error(self, talk: Talk) -> None:
        empty = [page(item("vm1"), context="1"), page(context="1", pulled=True), RELEASED]
        client, script = talk(*empty * 3)
        with pytest.raises(ResponseLost, match="neither items nor the end"):
            client.instances(RESOURCES, operation="listing")
        assert script.actions == ["Enumerate", "Pull", "Release"] * 3

    def test_no_release_is_sent_after_a_timeout(self, talk: Talk) -> None:
        client, script = talk(page(item("vm1"), context="1"), TimedOut("no response"))
        with pytest.raises(TimedOut):
            client.instances(RESOURCES, operation="listing")
        assert script.actions == ["Enumerate", "Pull"]

    def test_an_item_without_an_object(self, talk: Talk) -> None:
        client, _script = talk(*[page("<w:Item><a:EndpointReference/></w:Item>", end=True)] * 3)
        with pytest.raises(ResponseLost, match="contains no object"):
            client.instances(RESOURCES, operation="listing")


class TestRetries:
    @pytest.mark.parametrize("failure", [TEMPORARY, fault("w:QuotaLimit"), ResponseLost("gone"), "", "<half"])
    def test_a_read_is_retried_twice(self, talk: Talk, pauses: list[float], failure: str | Exception) -> None:
        client, script = talk(failure, failure, instance("<p:Name>vm1</p:Name>"))
        assert client.get(VM1, operation="reading").text("Name") == "vm1"
        assert script.actions == ["Get"] * 3
        assert pauses == [0.5, 2.0]

    @pytest.mark.parametrize(
        ("failure", "kind"),
        [(TEMPORARY, TransientFault), (ResponseLost("gone"), ResponseLost), ("<half", ResponseLost)],
    )
    def test_a_read_is_not_retried_three_times(
        self, talk: Talk, pauses: list[float], failure: str | Exception, kind: type[ServerError]
    ) -> None:
        client, _script = talk(failure, failure, failure)
        with pytest.raises(kind) as caught:
            client.get(VM1, operation="reading")
        assert (caught.value.operation, caught.value.host) == ("reading", "node1.example.com")
        assert pauses == [0.5, 2.0]

    @pytest.mark.parametrize(
        "error",
        [
            TimedOut("no response within 70 s"),
            ResponseTooLarge("the response is larger than 4 MiB"),
            Unreachable("closed"),
            CredentialsRefused("no"),
            RequestRefused("HTTP 404 Not Found"),
        ],
    )
    def test_permanent_errors_are_not_retried(self, talk: Talk, pauses: list[float], error: ServerError) -> None:
        client, _script = talk(error)
        with pytest.raises(type(error)) as caught:
            client.get(VM1, operation="reading")
        assert caught.value is error
        assert str(error).startswith("Reading on node1.example.com failed: ")
        assert pauses == []

    @pytest.mark.parametrize("subcode", ["w:TimedOut", "a:DestinationUnreachable", "w:InternalError"])
    def test_permanent_faults_are_not_retried(self, talk: Talk, pauses: list[float], subcode: str) -> None:
        client, _script = talk(fault(subcode))
        with pytest.raises(Fault):
            client.get(VM1, operation="reading")
        assert pauses == []

    def test_a_method_that_only_reads_is_retried(self, talk: Talk, pauses: list[float]) -> None:
        client, script = talk(
            ResponseLost("gone"), answer("<p:X_OUTPUT xmlns:p='urn:x'><p:ReturnValue>0</p:ReturnValue></p:X_OUTPUT>")
        )
        assert client.invoke(VM1, "X", {}, operation="asking", query=True).integer("ReturnValue") == 0
        assert script.actions == ["X", "X"]
        assert pauses == [0.5]


class TestLimits:
    def test_an_enumeration_without_an_end_is_given_up(self, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client_module, "_MOST_PAGES", 5)
        pages = [page(item("vm"), context="c", pulled=number > 0) for number in range(5)]
        client, script = talk(*pages, RELEASED)
        with pytest.raises(ResponseTooLarge, match="more than 5 pages"):
            client.query("root/mscluster", "x", operation="asking")
        assert script.actions == ["Enumerate", *["Pull"] * 4, "Release"]

    def test_a_large_enumeration_is_given_up(self, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client_module, "_LARGEST_ENUMERATION", 2000)
        pages = [page(item("vm" * 500), context="c", pulled=number > 0) for number in range(2)]
        client, _script = talk(*pages, RELEASED)
        with pytest.raises(ResponseTooLarge, match="more than 10000 pages or 0 MiB"):
            client.query("root/mscluster", "x", operation="asking")

    def test_a_task_does_not_wait_for_ever(self, talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
        client, _script = talk(instance("<p:Name>vm1</p:Name>"))
        client.get(VM1, operation="reading")
        monkeypatch.setattr(client_module, "LONGEST_TASK", 0.0)
        with pytest.raises(TimedOut, match="waited 0 minutes for responses of this host; nothing more was sent"):
            client.get(VM1, operation="reading")

    def test_a_listener_that_is_not_ready_is_waited_for(self, talk: Talk, pauses: list[float]) -> None:
        here = instance("<p:Name>vm1</p:Name>")
        client, _script = talk(here, NotReady("HTTP 404"), NotReady("HTTP 503"), here)
        client.get(VM1, operation="reading")
        assert client.get(VM1, operation="reading").text("Name") == "vm1"
        assert pauses == [0.5, 2.0]

    def test_a_wrong_path_is_not_waited_for(self, talk: Talk, pauses: list[float]) -> None:
        client, _script = talk(NotReady("HTTP 404"))
        with pytest.raises(NotReady):
            client.get(VM1, operation="reading")
        assert pauses == []


class TestCorrelation:
    def test_a_response_to_another_message(self, talk: Talk) -> None:
        stale = instance("<p:Name>vm2</p:Name>").encode()
        client, _script = talk(stale, stale, stale)
        with pytest.raises(ResponseLost, match=r"belongs to another request \(to be replaced\)"):
            client.get(VM1, operation="reading")

    def test_a_response_without_relates_to(self, talk: Talk) -> None:
        silent = answer("<x/>", relates_to=None)
        client, _script = talk(silent, silent, silent)
        with pytest.raises(ResponseLost, match="RelatesTo is missing"):
            client.get(VM1, operation="reading")

    def test_a_fault_without_relates_to_is_accepted(self, talk: Talk) -> None:
        client, _script = talk(fault("a:DestinationUnreachable", relates_to=None))
        with pytest.raises(NotFound):
            client.get(VM1, operation="reading")

    def test_a_fault_for_another_message_is_not_accepted(self, talk: Talk) -> None:
        stale = fault("a:DestinationUnreachable", relates_to="uuid:another").encode()
        client, _script = talk(stale, stale, stale)
        with pytest.raises(ResponseLost, match=r"another request \(uuid:another\)"):
            client.get(VM1, operation="reading")


ENTITIES = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


class TestInvalidResponses:
    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            (b"", "not well-formed XML"),
            (b"<html>not found", "not well-formed XML"),
            (b"\x00\xff\xfe garbage", "not well-formed XML"),
            (instance("<p:Name>vm1</p:Name>")[:-20].encode(), "not well-formed XML"),
            (b"<html/>", "not a SOAP envelope"),
            (b"<Envelope><Body/></Envelope>", "not a SOAP envelope"),
            (b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/></s:Envelope>', "no SOAP body"),
            (
                b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
                "not a SOAP env",
            ),
            (b'<?xml version="1.0" encoding="no-such-encoding"?><x/>', "not well-formed XML"),
            (b'<?xml version="1.0" encoding="shift_jis"?><x/>', "not well-formed XML"),
            (b'<!DOCTYPE x SYSTEM "file:///etc/hostname"><x/>', "document type definition"),
            (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>', "document type definition"),
            (b'<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:9/x"> %e;]><x/>', "document type definition"),
            (f'<!DOCTYPE x [<!ENTITY l0 "ha">{ENTITIES}]><x>&l9;</x>'.encode(), "document type definition"),
            (b"<x>&undeclared;</x>", "not well-formed XML"),
            (b"<a>" * 201 + b"</a>" * 201, "more than 200 elements inside each other"),
            (b"<a>" * 400_000 + b"</a>" * 400_000, "more than 200 elements inside each other"),
        ],
    )
    def test_a_response_that_is_not_soap_is_lost(self, talk: Talk, sent: bytes, said: str) -> None:
        client, _script = talk(sent, sent, sent)
        began = time.process_time()
        with pytest.raises(ResponseLost, match=said):
            client.get(VM1, operation="reading")
        assert time.process_time() - began < 10  # expanded entities need minutes

    @pytest.mark.parametrize(
        "octets", [b"&#x1e;", b"\x1e", b"&#30;", "\ufffe".encode(), b"&#xD800;", b"&#0;", b"\xed\xa0\x80"]
    )
    def test_characters_that_xml_does_not_allow_are_replaced(self, octets: bytes) -> None:
        text = parse(b"<a>before " + octets + b" after &#x263a;</a>").text or ""
        assert (text.partition(" ")[0], text.rpartition("after")[2]) == ("before", " \u263a")
        assert set(text.split()[1]) == {"\ufffd"}

    def test_a_value_with_such_a_character_is_not_written_back(self, talk: Talk) -> None:
        client, _script = talk(instance("<p:Name>a&#x1e;</p:Name><p:Value>1</p:Value>"))
        with pytest.raises(ServerError, match="a character that XML cannot carry, so it was not written"):
            client.put(VM1, lambda old: old.with_property("Value", 2), ["Value"], operation="changing")

    def test_a_response_with_an_empty_body(self, talk: Talk) -> None:
        client, _script = talk(*[answer("")] * 3)
        with pytest.raises(ResponseLost, match="empty SOAP body"):
            client.get(VM1, operation="reading")

    def test_a_response_in_another_encoding(self, talk: Talk) -> None:
        client, script = talk(instance("<p:Name>Café</p:Name>"))
        script.encoding = "utf-16"
        assert client.get(VM1, operation="reading").text("Name") == "Café"

    def test_an_instance_has_its_reference(self, talk: Talk) -> None:
        client, _script = talk(instance(""))
        assert client.get(VM1, operation="reading").reference == VM1
