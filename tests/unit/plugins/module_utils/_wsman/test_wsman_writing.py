# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of Put and Invoke: the request, that it is sent once, and reading back."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import (
    CimClass,
    Instance,
    Reference,
    UriStyle,
    new_instance,
)
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    CertificateRefused,
    CredentialsRefused,
    Fault,
    NotFound,
    NotReady,
    RequestRefused,
    ResponseLost,
    ServerError,
    ServiceUnavailable,
    TimedOut,
    TransientFault,
    Unreachable,
    WriteRefused,
)
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.wire import (
    DMTF,
    RESOURCE,
    WMI,
    XSI,
    W,
    action,
    answer,
    body,
    facts,
    fault,
    header,
    instance,
    message,
    read,
)

if t.TYPE_CHECKING:
    import xml.etree.ElementTree as ET

    from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.conftest import Talk

VM1 = Reference(resource_uri=RESOURCE, selectors=(("Name", "vm1"),))
VM = f"{WMI}root/mscluster/MSCluster_Property_Virtual_Machine"
TEMPORARY = fault("w:InternalError", reason="Invalid Property")


def resource(action_value: int | None, more: str = "") -> str:
    """The resource of a virtual machine as Windows returns it."""
    member = f"<q:OfflineAction>{action_value}</q:OfflineAction>" if action_value is not None else ""
    return instance(
        '<p:Caption xsi:nil="true"/><p:Description></p:Description><p:Name>VM &lt;1&gt; &amp; more</p:Name>'
        "<p:Notes>two&#13;&#10;lines</p:Notes>"
        f'<p:PrivateProperties xmlns:q="{VM}" xsi:type="q:MSCluster_Property_Virtual_Machine_Type">{member}'
        "<q:VmID>  blanks  </q:VmID><q:Disks>one</q:Disks><q:Disks>two</q:Disks></p:PrivateProperties>"
        f"<p:Octets>7</p:Octets><p:Octets>0</p:Octets><p:When><cim:Datetime>2024-03-05T12:34:56Z</cim:Datetime></p:When>"
        f"<p:State>2</p:State>{more}"
    )


def to(value: object) -> t.Callable[[Instance], Instance]:
    return lambda before: before.with_property("PrivateProperties.OfflineAction", t.cast("int", value))


def done(value: int | None) -> str:
    return resource(value)


def only_the_text_changed(before: ET.Element, after: ET.Element, name: str) -> tuple[str | None, str | None]:
    """The old and the new text of the only element that differs."""
    (old,), (new,) = ([e for e in tree.iter() if e.tag.endswith(f"}}{name}")] for tree in (before, after))
    texts = old.text, new.text
    old.text = new.text
    assert facts(before) == facts(after)
    return texts


class TestPutRoundTrip:
    def test_only_the_edited_embedded_property_changes(self, talk: Talk) -> None:
        client, script = talk(resource(1), resource(2), resource(2))
        written = client.put(VM1, to(2), ["PrivateProperties"], operation="changing")
        assert only_the_text_changed(body(read(resource(1))), body(script.sent[1]), "OfflineAction") == ("1", "2")
        assert (written.sent, written.problem) == (True, None)
        private = written.instance.embedded("PrivateProperties")
        assert private is not None
        assert private.integer("OfflineAction") == 2

    @pytest.mark.parametrize(
        ("name", "path", "value"),
        [
            ("omi-cluster", "SameSubnetDelay", 2000),
            ("omi-cluster", "Caption", 'another "<caption>" & more'),
            ("omi-cluster", "PrivateProperties.VmID", "another"),
            ("omi-resource-with-accent", "PrivateProperties.OfflineAction", 2),
            ("omi-adapter-property", "RegistryValue", ["9014"]),
        ],
    )
    def test_only_the_edited_property_of_omi_changes(self, talk: Talk, name: str, path: str, value: t.Any) -> None:
        client, script = talk(message(name), answer(""), message(name))
        client.put(VM1, lambda before: before.with_property(path, value), [path], operation="changing")
        _old, new = only_the_text_changed(body(read(message(name))), body(script.sent[1]), path.rpartition(".")[2])
        assert new == (value[0] if isinstance(value, list) else str(value))

    def test_a_put_sends_three_messages(self, talk: Talk) -> None:
        client, script = talk(resource(1), resource(2), resource(2))
        client.put(VM1, to(2), ["PrivateProperties"], operation="changing")
        assert script.actions == ["Get", "Put", "Get"]
        assert len({header(request).findtext(f"{W}ResourceURI") for request in script.sent}) == 1

    def test_an_absent_property_is_added_in_the_same_namespace(self, talk: Talk) -> None:
        client, script = talk(resource(None), resource(2), resource(2))
        client.put(VM1, to(2), ["PrivateProperties"], operation="changing")
        sent = body(script.sent[1])
        (added,) = [e for e in sent.iter() if e.tag.endswith("}OfflineAction")]
        assert (added.tag, added.text) == (f"{{{VM}}}OfflineAction", "2")
        (private,) = [e for e in sent if e.tag.endswith("}PrivateProperties")]
        private.remove(added)
        assert facts(sent) == facts(body(read(resource(None))))

    def test_a_null_property_gets_a_value(self, talk: Talk) -> None:
        client, script = talk(resource(1), resource(1), resource(1))
        client.put(VM1, lambda before: before.with_property("Caption", "text"), ["Caption"], operation="changing")
        (caption,) = [e for e in body(script.sent[1]) if e.tag.endswith("}Caption")]
        assert (caption.text, caption.attrib) == ("text", {})

    def test_a_value_becomes_null(self, talk: Talk) -> None:
        client, script = talk(resource(1), resource(1), resource(1))
        client.put(VM1, lambda before: before.with_property("State", None), ["State"], operation="changing")
        (state,) = [e for e in body(script.sent[1]) if e.tag.endswith("}State")]
        assert (state.text, state.attrib) == (None, {f"{XSI}nil": "true"})

    def test_a_compliant_instance_is_not_sent(self, talk: Talk) -> None:
        client, script = talk(resource(2))
        written = client.put(VM1, to(2), ["PrivateProperties"], operation="changing")
        assert (written.sent, written.problem, script.actions) == (False, None, ["Get"])
        assert written.instance.integer("State") == 2


class TestPutWithoutResponse:
    @pytest.mark.parametrize(
        ("problem", "kind"),
        [
            (fault("w:InternalError", detail="<x>stored though (0x800713A0)</x>"), Fault),
            (TEMPORARY, TransientFault),
            (fault("w:QuotaLimit"), TransientFault),
            (ResponseLost("the connection broke"), ResponseLost),
            (TimedOut("no response within 70 s"), TimedOut),
            ("<half", ResponseLost),
            (answer("<x/>", relates_to=None), ResponseLost),
            (RequestRefused("HTTP 413"), RequestRefused),
        ],
    )
    @pytest.mark.parametrize("afterwards", [1, 2])
    def test_it_is_read_back_and_not_resent(
        self, talk: Talk, problem: str | Exception, kind: type[ServerError], afterwards: int
    ) -> None:
        client, script = talk(resource(1), problem, resource(afterwards))
        written = client.put(VM1, to(2), ["PrivateProperties"], operation="changing")
        assert script.actions == ["Get", "Put", "Get"]
        private = written.instance.embedded("PrivateProperties")
        assert private is not None
        assert private.integer("OfflineAction") == afterwards
        assert written.problem.__class__ is kind
        assert written.sent is True
        assert (written.problem.operation, written.problem.host) == ("changing", "node1.example.com")

    def test_an_empty_response_is_a_success(self, talk: Talk) -> None:
        client, _script = talk(resource(1), answer(""), resource(2))
        assert client.put(VM1, to(2), ["PrivateProperties"], operation="changing").problem is None

    @pytest.mark.parametrize("kind", [Unreachable, CredentialsRefused, CertificateRefused])
    def test_a_put_that_was_not_sent_raises(self, talk: Talk, kind: type[ServerError]) -> None:
        client, script = talk(resource(1), kind("no way"))
        with pytest.raises(kind, match="Changing on node1"):
            client.put(VM1, to(2), ["PrivateProperties"], operation="changing")
        assert script.actions == ["Get", "Put"]

    def test_reading_back_is_retried(self, talk: Talk, pauses: list[float]) -> None:
        client, script = talk(resource(1), ResponseLost("gone"), TEMPORARY, ResponseLost("gone"), resource(2))
        written = client.put(VM1, to(2), ["PrivateProperties"], operation="changing")
        assert script.actions == ["Get", "Put", "Get", "Get", "Get"]
        assert isinstance(written.problem, ResponseLost)
        assert pauses == [0.5, 2.0]

    def test_the_error_when_it_cannot_be_read_back(self, talk: Talk) -> None:
        client, _script = talk(resource(1), ResponseLost("gone"), fault("a:DestinationUnreachable"))
        with pytest.raises(NotFound, match="Reading back after changing on node1"):
            client.put(VM1, to(2), ["PrivateProperties"], operation="changing")


class TestReadOnly:
    def test_a_put_is_not_sent(self, talk: Talk) -> None:
        client, script = talk(resource(1), read_only=True)
        with pytest.raises(WriteRefused, match=r"Changing on node1.*check mode.*defect of the collection"):
            client.put(VM1, to(2), ["PrivateProperties"], operation="changing")
        assert "Put" not in script.actions

    def test_a_put_without_changes_is_allowed(self, talk: Talk) -> None:
        client, script = talk(resource(2), read_only=True)
        assert client.put(VM1, to(2), ["PrivateProperties"], operation="changing").sent is False
        assert script.actions == ["Get"]

    def test_a_method_is_not_called(self, talk: Talk) -> None:
        client, script = talk(read_only=True)
        with pytest.raises(WriteRefused, match="Stopping on node1"):
            client.invoke(VM1, "TakeOffline", {}, operation="stopping")
        assert script.sent == []

    def test_a_method_that_only_reads_is_called(self, talk: Talk) -> None:
        client, script = talk(answer("<p:X_OUTPUT xmlns:p='urn:x'/>"), read_only=True)
        client.invoke(VM1, "X", {}, operation="asking", query=True)
        assert script.actions == ["X"]


class TestInvoke:
    def test_parameters_of_all_types(self, talk: Talk) -> None:
        inner = new_instance(f"{WMI}root/mscluster/Inner", {"Text": "a<b", "Octets": b"\x01\xff"})
        outer = new_instance(f"{WMI}root/mscluster/Outer", {"Inner": inner, "Flag": False})
        client, script = talk(answer("<p:Do_OUTPUT xmlns:p='urn:x'/>"))
        client.invoke(
            VM1,
            "Do",
            {
                "Number": 120,
                "Text": '<x> & "y"\r\n',
                "Flag": True,
                "Names": ["n1", "n2"],
                "Blob": b"\x00\x80\xff",
                "Target": VM1,
                "Nothing": None,
                "Empty": [],
                "Objects": [outer, inner],
            },
            operation="calling",
        )
        expected = read(
            f'<p:Do_INPUT xmlns:p="{RESOURCE}" xmlns:xsi="{XSI[1:-1]}" xmlns:w="{W[1:-1]}"'
            ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
            f' xmlns:i="{WMI}root/mscluster/Inner" xmlns:o="{WMI}root/mscluster/Outer">'
            '<p:Number>120</p:Number><p:Text>&lt;x> &amp; "y"&#13;&#10;</p:Text><p:Flag>true</p:Flag>'
            "<p:Names>n1</p:Names><p:Names>n2</p:Names><p:Blob>0</p:Blob><p:Blob>128</p:Blob><p:Blob>255</p:Blob>"
            "<p:Target><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address>"
            f"<a:ReferenceParameters><w:ResourceURI>{RESOURCE}</w:ResourceURI><w:SelectorSet>"
            '<w:Selector Name="Name">vm1</w:Selector></w:SelectorSet></a:ReferenceParameters></p:Target>'
            '<p:Nothing xsi:nil="true"/><p:Objects xsi:type="o:Outer_Type"><o:Inner xsi:type="i:Inner_Type">'
            "<i:Text>a&lt;b</i:Text><i:Octets>1</i:Octets><i:Octets>255</i:Octets></o:Inner><o:Flag>false</o:Flag>"
            '</p:Objects><p:Objects xsi:type="i:Inner_Type"><i:Text>a&lt;b</i:Text><i:Octets>1</i:Octets>'
            "<i:Octets>255</i:Octets></p:Objects></p:Do_INPUT>"
        )
        assert facts(body(script.sent[0])) == facts(expected)
        assert header(script.sent[0]).findtext("{*}Action") == f"{RESOURCE}/Do"

    def test_the_requests_of_omi_and_responses_without_output(self, talk: Talk) -> None:
        target = Reference(
            resource_uri=f"{DMTF}MSCluster_Resource",
            selectors=(("__cimnamespace", "root/MSCluster"), ("Name", "Virtual Machine vm1")),
        )
        client, script = talk(message("omi-invoke-embedded"), message("omi-invoke-octets"), uri_style=UriStyle.DMTF)
        new = new_instance(f"{DMTF}MSCluster_Property_Virtual_Machine", {"OfflineAction": 2, "VmID": "guid"})
        answered = client.invoke(
            target,
            "SetPrivateProperties",
            {"NewProperties": new, "Blob": b"\x01\x02\xff", "Names": ("n1", "n2"), "Force": True},
            operation="calling",
        )
        assert facts(body(script.sent[0])) == facts(body(read(message("omi-invoke-embedded.request"))))
        old = answered.embedded("OldProperties")
        assert old is not None
        assert (answered.integer("ReturnValue"), old.integer("OfflineAction")) == (0, 1)
        assert (answered.array("BlobEcho"), answered.boolean("ForceEcho")) == (("1", "2", "255"), True)

        answered = client.invoke(
            target, "ExecuteResourceControl", {"ControlCode": -1, "InputBuffer": b"hello\x00\xff"}, operation="calling"
        )
        assert facts(body(script.sent[1])) == facts(body(read(message("omi-invoke-octets.request"))))
        assert bytes(int(octet) for octet in answered.array("OutputBuffer") or ()) == b"hello\x00\xff"

    def test_a_method_of_a_class(self, talk: Talk) -> None:
        for naming, uri, selectors in (
            (UriStyle.WINDOWS, f"{WMI}root/default/StdRegProv", []),
            (UriStyle.DMTF, f"{DMTF}StdRegProv", [("__cimnamespace", "root/default")]),
        ):
            client, script = talk(message("omi-invoke-scalars"), uri_style=naming)
            answered = client.invoke(
                CimClass(namespace="root/default", name="StdRegProv"), "EnumKey", {"hDefKey": 2147483650}, operation="x"
            )
            assert answered.integer("ReturnValue") == 0
            (request,) = script.sent
            assert header(request).findtext("{*}Action") == f"{uri}/EnumKey"
            assert header(request).findtext(f"{W}ResourceURI") == uri
            found = header(request).iterfind(f"{W}SelectorSet/{W}Selector")
            assert [(one.get("Name"), one.text) for one in found] == selectors
            assert [(child.tag, child.text) for child in body(request)] == [(f"{{{uri}}}hDefKey", "2147483650")]
            assert body(request).tag == f"{{{uri}}}EnumKey_INPUT"

    def test_the_output_of_windows(self, talk: Talk) -> None:
        client, _script = talk(
            answer(
                f'<p:Modify_OUTPUT xmlns:p="{WMI}root/virtualization/v2/Msvm_X"><p:Job xsi:nil="true"/>'
                "<p:ReturnValue>4096</p:ReturnValue></p:Modify_OUTPUT>"
            )
        )
        answered = client.invoke(VM1, "Modify", {}, operation="calling")
        assert (answered.class_name, answered.integer("ReturnValue")) == ("Modify_OUTPUT", 4096)
        assert answered.reference_in("Job") is None

    @pytest.mark.parametrize(
        ("problem", "kind"),
        [
            (TEMPORARY, TransientFault),
            (ResponseLost("gone"), ResponseLost),
            (TimedOut("gone"), TimedOut),
            ("<half", ResponseLost),
            (answer(""), ResponseLost),
        ],
    )
    def test_a_method_is_called_once(
        self, talk: Talk, pauses: list[float], problem: str | Exception, kind: type[ServerError]
    ) -> None:
        client, script = talk(problem)
        with pytest.raises(kind) as caught:
            client.invoke(VM1, "TakeOffline", {}, operation="stopping")
        assert str(caught.value).startswith("Stopping on node1.example.com failed: ")
        assert [action(request) for request in script.sent] == ["TakeOffline"]
        assert pauses == []


class TestNotReady:
    def test_404_and_503_after_a_restart_are_waited_out(self, talk: Talk) -> None:
        away = [NotReady("HTTP 404"), NotReady("HTTP 503")] * 3
        client, script = talk(resource(1), done(2), *away, resource(2))
        written = client.put(VM1, to(2), ["PrivateProperties"], operation="changing", reconnect_timeout=60)
        private = written.instance.embedded("PrivateProperties")
        assert private is not None
        assert (written.problem, private.integer("OfflineAction")) == (None, 2)
        assert [action(request) for request in script.sent].count("Put") == 1

    @pytest.mark.parametrize(
        ("problem", "count"),
        [
            (Unreachable("no"), 0),
            (NotReady("HTTP 404"), 0),
            (RequestRefused("HTTP 413"), 0),
            (ServiceUnavailable("HTTP 503"), 1),
            (ResponseLost("gone"), 1),
        ],
    )
    def test_a_write_that_the_host_did_not_process_is_not_counted(
        self, talk: Talk, problem: Exception, count: int
    ) -> None:
        client, _script = talk(problem)
        with pytest.raises(type(problem)):
            client.invoke(VM1, "TakeOffline", {}, operation="stopping")
        assert client.writes == count
