# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the requests of the client with those of the Windows MI client."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import CimClass, Reference, UriStyle
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.wire import (
    DMTF,
    ENUMERATION,
    RESOURCE,
    TRANSFER,
    WMI,
    XML,
    A,
    N,
    P,
    S,
    W,
    answer,
    body,
    facts,
    header,
    instance,
    item,
    message,
    page,
    read,
)

if t.TYPE_CHECKING:
    import xml.etree.ElementTree as ET

    from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.conftest import Talk

VM1 = Reference(resource_uri=RESOURCE, selectors=(("Name", "vm1"),))
RELEASED = answer("")
SESSION = {f"{P}{name}" for name in ("ActivityId", "SessionId", "OperationID", "SequenceId")}
MODIFIED = "wmiarray:__MIInstanceModifiedPropertiesList"


def selectors(request: ET.Element) -> list[tuple[str | None, str | None]]:
    found = header(request).iterfind(f"{W}SelectorSet/{W}Selector")
    return [(selector.get("Name"), (selector.text or "").strip()) for selector in found]


def options(request: ET.Element) -> list[tuple[str | None, str | None, str | None]]:
    found = header(request).iterfind(f"{W}OptionSet/{W}Option")
    return [(option.get("Name"), option.get("Type"), (option.text or "").strip()) for option in found]


def put_like(talk: Talk, name: str, changed: str, value: str) -> tuple[ET.Element, ET.Element]:
    """The Put of the MI client, and that of this client for the same object and value."""
    theirs = read(message(name))
    raw = re.search(r"<s:Body>(.*)</s:Body>", message(name), re.DOTALL)
    assert raw is not None
    uri = header(theirs).findtext(f"{W}ResourceURI", "")
    target = Reference(resource_uri=uri, selectors=tuple((n or "", v or "") for n, v in selectors(theirs)))
    old = raw[1].replace(f">{value}</p0:{changed}>", f">former</p0:{changed}>")
    assert old != raw[1]
    got = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/'
        'common"><s:Header><a:RelatesTo xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">x</a:RelatesTo>'
        "</s:Header><s:Body>{}</s:Body></s:Envelope>"
    )
    client, script = talk(got.format(old), got.format(""), got.format(raw[1]))

    written = client.put(target, lambda before: before.with_property(changed, value), [changed], operation="changing")
    assert written.problem is None
    assert written.instance.text(changed) == value
    return theirs, script.sent[1]


class TestHeader:
    def test_the_elements_and_their_order_match_the_mi_client(self, talk: Talk) -> None:
        client, script = talk(page(end=True), uri_style=UriStyle.DMTF)
        client.query("root/OMI", "select * from OMI_Identify", operation="asking")
        theirs, ours = header(read(message("mi-client-enumerate"))), header(script.sent[0])
        order = [child.tag for child in theirs if child.tag not in SESSION and child.tag != f"{W}OptionSet"]
        assert [child.tag for child in ours] == [*order, f"{W}OperationTimeout"]
        for mine in ours:
            same = theirs.find(mine.tag)
            if same is not None:
                assert mine.attrib == same.attrib, mine.tag
        assert ours.findtext(f"{W}ResourceURI") == theirs.findtext(f"{W}ResourceURI")
        assert ours.findtext(f"{A}Action") == theirs.findtext(f"{A}Action")
        assert ours.findtext(f"{W}MaxEnvelopeSize") == theirs.findtext(f"{W}MaxEnvelopeSize")
        assert ours.findtext(f"{A}ReplyTo/{A}Address") == theirs.findtext(f"{A}ReplyTo/{A}Address")

    def test_a_get(self, talk: Talk) -> None:
        client, script = talk(instance(""))
        client.get(VM1, operation="reading")
        ours = header(script.sent[0])
        understood = {child.tag: child.get(f"{S}mustUnderstand") for child in ours.iter() if child.attrib}
        assert {tag: flag for tag, flag in understood.items() if flag is not None} == {
            f"{W}ResourceURI": "true",
            f"{A}Address": "true",
            f"{A}Action": "true",
            f"{W}MaxEnvelopeSize": "true",
            f"{W}Locale": "false",
            f"{P}DataLocale": "false",
        }
        assert ours.findtext(f"{A}To") == "http://node1.example.com:5985/wsman"
        assert ours.findtext(f"{W}ResourceURI") == RESOURCE
        assert ours.findtext(f"{A}Action") == f"{TRANSFER}/Get"
        assert ours.findtext(f"{W}OperationTimeout") == "PT60.000S"
        assert [child.get(f"{XML}lang") for child in ours if child.tag.endswith("Locale")] == ["en-US", "en-US"]
        assert selectors(script.sent[0]) == [("Name", "vm1")]
        assert options(script.sent[0]) == [("msftwinrm:UsePreciseArrays", "xs:boolean", "true")]
        assert [(child.tag, len(child)) for child in script.sent[0]] == [(f"{S}Header", 11), (f"{S}Body", 0)]

    def test_the_timeout_is_limited_to_that_of_windows(self, talk: Talk) -> None:
        for asked, sent in ((2.5, "PT2.500S"), (600, "PT60.000S")):
            client, script = talk(instance(""), timeout=asked)
            client.get(VM1, operation="reading")
            assert header(script.sent[0]).findtext(f"{W}OperationTimeout") == sent

    def test_every_message_has_a_unique_id(self, talk: Talk) -> None:
        client, script = talk(instance(""), instance(""))
        client.get(VM1, operation="reading")
        client.get(VM1, operation="reading")
        ids = [header(request).findtext(f"{A}MessageID", "") for request in script.sent]
        assert len(set(ids)) == 2
        assert all(re.fullmatch(r"uuid:[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", one) for one in ids)

    def test_selectors_are_escaped(self, talk: Talk) -> None:
        awkward = (("__cimnamespace", "root/mscluster"), ("a \"<b>\" & 'c'", "Café & <VM> \"1\" '2'\r\n\t]]>"))
        client, script = talk(instance(""))
        client.get(Reference(resource_uri=RESOURCE, selectors=awkward), operation="reading")
        found = header(script.sent[0]).iterfind(f"{W}SelectorSet/{W}Selector")
        assert tuple((selector.get("Name"), selector.text) for selector in found) == awkward

    def test_a_selector_with_a_reference(self, talk: Talk) -> None:
        link = Reference(resource_uri=f"{WMI}root/mscluster/Link", selectors=(("Part", VM1), ("Other", "x")))
        client, script = talk(instance(""))
        client.get(link, operation="reading")
        part, other = header(script.sent[0]).iterfind(f"{W}SelectorSet/{W}Selector")
        inside = f"{A}EndpointReference/{A}ReferenceParameters"
        assert part.findtext(f"{A}EndpointReference/{A}Address", "").endswith("/role/anonymous")
        assert part.findtext(f"{inside}/{W}ResourceURI") == RESOURCE
        assert part.findtext(f"{inside}/{W}SelectorSet/{W}Selector") == "vm1"
        assert other.text == "x"

    def test_a_class_without_selectors_has_no_selector_set(self, talk: Talk) -> None:
        client, script = talk(page(end=True))
        client.instances(CimClass(namespace="root/mscluster", name="MSCluster_Node"), operation="listing")
        assert header(script.sent[0]).find(f"{W}SelectorSet") is None
        assert header(script.sent[0]).findtext(f"{W}ResourceURI") == f"{WMI}root/mscluster/MSCluster_Node"


class TestPut:
    @pytest.mark.parametrize(
        ("name", "changed", "value"),
        [("mi-client-put-nulls", "Last", "changed"), ("mi-client-put-read-only-values", "ProductVendor", "Microsoft")],
    )
    def test_a_put_matches_the_mi_client(self, talk: Talk, name: str, changed: str, value: str) -> None:
        theirs, ours = put_like(talk, name, changed, value)
        assert facts(body(ours)) == facts(body(theirs))
        order = [child.tag for child in header(theirs) if child.tag not in SESSION]
        assert [child.tag for child in header(ours)] == [*order, f"{W}OperationTimeout"]
        assert header(ours).findtext(f"{A}Action") == header(theirs).findtext(f"{A}Action") == f"{TRANSFER}/Put"
        assert selectors(ours) == selectors(theirs)
        # The other options are for prompts and streams, which this client does not support.
        assert options(ours) == [one for one in options(theirs) if one[0] in (MODIFIED, "msftwinrm:UsePreciseArrays")]

    def test_each_changed_property_has_its_option(self, talk: Talk) -> None:
        client, script = talk(instance("<p:A>1</p:A><p:B>1</p:B>"), instance(""), instance(""))
        client.put(VM1, lambda old: old.with_property("A", 2).with_property("B", 2), ["A", "B"], operation="changing")
        assert options(script.sent[1]) == [
            (MODIFIED, "xs:string", "A"),
            (MODIFIED, "xs:string", "B"),
            ("msftwinrm:UsePreciseArrays", "xs:boolean", "true"),
        ]

    def test_a_put_matches_the_request_that_omi_accepted(self, talk: Talk) -> None:
        theirs = read(message("omi-put-resource.request"))
        uri = f"{DMTF}MSCluster_Resource"
        target = Reference(
            resource_uri=uri, selectors=(("__cimnamespace", "root/MSCluster"), ("Name", "Virtual Machine vm1"))
        )
        client, script = talk(
            message("omi-resource"), message("omi-put-resource"), message("omi-put-resource"), uri_style=UriStyle.DMTF
        )
        client.put(
            target,
            lambda old: old.with_property("PrivateProperties.OfflineAction", 2),
            ["PrivateProperties"],
            operation="x",
        )
        assert facts(body(script.sent[1])) == facts(body(theirs))
        assert selectors(script.sent[1]) == selectors(theirs)


class TestEnumerate:
    def test_a_query_matches_the_mi_client(self, talk: Talk) -> None:
        client, script = talk(page(end=True), uri_style=UriStyle.DMTF)
        client.query("root/OMI", "select * from OMI_Identify", operation="asking")
        theirs = read(message("mi-client-enumerate"))
        assert facts(body(script.sent[0])) == facts(body(theirs))
        assert selectors(script.sent[0]) == selectors(theirs)

    def test_the_resource_uri_of_a_namespace(self, talk: Talk) -> None:
        client, script = talk(page(end=True))
        client.query("root/mscluster", "SELECT * FROM MSCluster_Node WHERE Name <> 'a & b'", operation="asking")
        assert header(script.sent[0]).findtext(f"{W}ResourceURI") == f"{WMI}root/mscluster/*"
        assert header(script.sent[0]).find(f"{W}SelectorSet") is None
        assert body(script.sent[0]).findtext(f"{W}Filter") == "SELECT * FROM MSCluster_Node WHERE Name <> 'a & b'"

    def test_an_enumeration_of_a_class_has_no_filter(self, talk: Talk) -> None:
        client, script = talk(page(end=True))
        client.instances(CimClass(namespace="root/mscluster", name="MSCluster_Node"), operation="listing")
        assert body(script.sent[0]).find(f"{W}Filter") is None

    def test_pull_and_release_have_the_context_and_the_same_target(self, talk: Talk) -> None:
        client, script = talk(page(context="a&lt;1>&amp;"), page(item("n1"), context="b", pulled=True), RELEASED)
        target = Reference(resource_uri=f"{WMI}root/mscluster/MSCluster_Node")
        for _node in client.pages(target, "root/mscluster", max_elements=20):
            break
        _first, pull, release = script.sent
        assert header(pull).findtext(f"{A}Action") == f"{ENUMERATION}/Pull"
        assert header(release).findtext(f"{A}Action") == f"{ENUMERATION}/Release"
        assert [header(request).findtext(f"{W}ResourceURI") for request in script.sent] == [target.resource_uri] * 3
        assert [(child.tag, child.text) for child in body(pull)] == [
            (f"{N}EnumerationContext", "a<1>&"),
            (f"{N}MaxElements", "20"),
        ]
        assert [(child.tag, child.text) for child in body(release)] == [(f"{N}EnumerationContext", "b")]
        assert body(script.sent[0]).findtext(f"{W}MaxElements") == "20"


class TestInvoke:
    def test_a_method_without_parameters_matches_the_mi_client(self, talk: Talk) -> None:
        theirs = read(message("mi-client-invoke"))
        uri = header(theirs).findtext(f"{W}ResourceURI", "").strip()
        target = Reference(resource_uri=uri, selectors=tuple((n or "", v or "") for n, v in selectors(theirs)))
        client, script = talk(instance(""), uri_style=UriStyle.DMTF)
        client.invoke(target, "GetBoolValue", {}, operation="calling")
        assert body(script.sent[0]).tag == body(theirs).tag
        assert len(body(script.sent[0])) == 0
        assert header(script.sent[0]).findtext(f"{A}Action") == header(theirs).findtext(f"{A}Action", "").strip()
        assert selectors(script.sent[0]) == selectors(theirs)
