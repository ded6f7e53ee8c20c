# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of reading and writing CIM values with responses of Windows and OMI."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import (
    CimClass,
    Instance,
    Reference,
    UriStyle,
    encode,
    new_instance,
    read_reference,
    write_reference,
)
from ansible_collections.winha.cluster.plugins.module_utils._wsman.document import parse, serialize
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import ResponseLost
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.wire import (
    DMTF,
    RESOURCE,
    WMI,
    XSI,
    A,
    S,
    W,
    answer,
    facts,
    message,
    read,
)

VM = f"{DMTF}MSCluster_Property_Virtual_Machine"


def first(name: str) -> Instance:
    """The first element of a message's body."""
    found = parse(message(name).encode()).find(f"{S}Body")
    assert found is not None
    return Instance(found[0])


def items(name: str) -> list[Instance]:
    """The items of an enumeration's page."""
    return [Instance(element) for element in first(name).element.iterfind(f"{W}Items/*")]


def one(properties: str) -> Instance:
    """Make an object for a test."""
    found = parse(answer(f'<p:X xmlns:p="{RESOURCE}">{properties}</p:X>').encode()).find(f"{S}Body")
    assert found is not None
    return Instance(found[0])


class TestWindows:
    def test_a_disk_drive(self) -> None:
        (disk,) = items("windows-disk-drives")
        assert disk.class_name == "Win32_DiskDrive"
        assert disk.text("DeviceID") == r"\\.\PHYSICALDRIVE0"
        assert disk.text("PNPDeviceID") == r"SCSI\DISK&VEN_ATA&PROD_HITACHI_HDE72101\5&125ACDE&0&000000"
        assert disk.integer("Size") == 1000202273280
        assert disk.boolean("MediaLoaded") is True
        assert disk.boolean("ConfigManagerUserConfig") is False
        assert disk.array("Capabilities") == ("3", "4")
        assert disk.array("CapabilityDescriptions") == ("Random Access", "Supports Writing")

    def test_white_space_is_kept(self) -> None:
        (disk,) = items("windows-disk-drives")
        assert disk.text("SerialNumber") == "      0000000000000A"

    def test_null_empty_and_absent_are_different(self) -> None:
        _tunnel, network = items("windows-network-adapters")
        assert (network.has("WINSScopeID"), network.text("WINSScopeID")) == (True, "")
        assert (network.has("WINSPrimaryServer"), network.text("WINSPrimaryServer")) == (True, None)
        assert (network.has("IPXNetworkNumber"), network.text("IPXNetworkNumber")) == (False, None)

    @pytest.mark.parametrize("reader", ["text", "integer", "boolean", "array", "datetime", "embedded", "reference_in"])
    @pytest.mark.parametrize("name", ["InstallDate", "NoSuchProperty"])
    def test_null_and_absent_properties_are_none(self, reader: str, name: str) -> None:
        (disk,) = items("windows-disk-drives")
        assert getattr(disk, reader)(name) is None

    def test_an_array_of_one_item(self) -> None:
        tunnel, network = items("windows-network-adapters")
        assert network.array("IPAddress") == ("192.0.2.156", "fe80::1")
        assert network.array("DefaultIPGateway") == ("192.0.2.1",)
        assert tunnel.array("IPAddress") is None  # Windows omits a null array

    def test_bytes_and_an_embedded_object(self) -> None:
        (port,) = items("windows-fibre-channel-ports")
        attributes = port.embedded("Attributes")
        assert attributes is not None
        assert attributes.array("PortWWN") == ("33", "0", "0", "27", "50", "11", "225", "94")
        assert attributes.integer("PortFcId") == 68352
        assert port.integer("UniquePortId") == 18446738026614272008
        assert port.integer("PortFcId") is None  # the embedded object's members are not the outer one's

    def test_names_are_unique_and_in_order(self) -> None:
        (port,) = items("windows-fibre-channel-ports")
        assert port.names() == ("Active", "Attributes", "HBAStatus", "InstanceName", "UniquePortId")

    def test_names_are_found_without_case(self) -> None:
        (disk,) = items("windows-disk-drives")
        assert disk.text("deviceid") == disk.text("DEVICEID") == disk.text("DeviceID")

    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            ("2013-03-09T03:06:25Z", datetime.datetime(2013, 3, 9, 3, 6, 25, tzinfo=datetime.UTC)),
            ("2013-04-15T20:26:12.701Z", datetime.datetime(2013, 4, 15, 20, 26, 12, 701000, tzinfo=datetime.UTC)),
            ("2013-04-15T20:26:39.5Z", datetime.datetime(2013, 4, 15, 20, 26, 39, 500000, tzinfo=datetime.UTC)),
        ],
    )
    def test_a_date_in_cim_datetime(self, written: str, expected: datetime.datetime) -> None:
        assert one(f"<p:When><cim:Datetime>{written}</cim:Datetime></p:When>").datetime("When") == expected

    def test_a_date_in_a_projection_has_no_namespace(self) -> None:
        fragment = Instance(
            parse(
                b"<w:XmlFragment xmlns:w='urn:w'><At><Datetime>2013-03-09T03:06:25Z</Datetime></At>"
                b"<BootDevice>\\Device\\HarddiskVolume1</BootDevice></w:XmlFragment>"
            )
        )
        assert fragment.datetime("At") == datetime.datetime(2013, 3, 9, 3, 6, 25, tzinfo=datetime.UTC)
        assert fragment.text("BootDevice") == "\\Device\\HarddiskVolume1"

    def test_a_null_array_among_precise_arrays(self) -> None:
        given = one(
            '<p:octet xmlns:m="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd" xsi:nil="true"'
            ' m:IsNullArray="true"/>'
        )
        assert given.has("octet")
        assert given.array("octet") is None

    def test_a_page_of_the_first_protocol_version(self) -> None:
        (found,) = [Instance(e) for e in first("windows-pull-page").element.iterfind("{*}Items/*")]
        assert (found.text("Data1"), found.integer("id")) == ("Test Message", 1)


class TestOmi:
    def test_a_cluster(self) -> None:
        cluster = first("omi-cluster")
        assert cluster.class_name == "MSCluster_Cluster"
        assert cluster.text("Caption") == 'A <test> & "quoted" caption'
        assert cluster.text("Description") == ""
        assert (cluster.has("Status"), cluster.text("Status")) == (True, None)
        assert cluster.boolean("EnableSharedVolumes") is True  # TRUE in the XML
        assert cluster.integer("BlockCacheBytes") == 2**64 - 1
        assert cluster.integer("AutoBalancerLevel") == -1
        assert cluster.array("FQDN") == ("clu1.example.test", "CLU1")
        assert cluster.array("SecurityDescriptor") == ("1", "0", "20", "128", "255", "7")

    def test_a_date_as_plain_text(self) -> None:
        zone = datetime.timezone(datetime.timedelta(hours=1))
        expected = datetime.datetime(2024, 3, 5, 12, 34, 56, 789000, tzinfo=zone)
        assert first("omi-cluster").datetime("InstallDate") == expected

    def test_an_embedded_object_keeps_its_namespace_and_type(self) -> None:
        private = first("omi-cluster").embedded("PrivateProperties")
        assert private is not None
        assert private.array("DependsOnSharedVolumes") == ("Cluster Disk 1", "Cluster Disk 2")
        alone = read(serialize(private.element))
        assert alone.attrib[f"{XSI}type"] == f"{{{VM}}}MSCluster_Property_Virtual_Machine_Type"
        assert {child.tag.rpartition("}")[0] for child in alone} == {f"{{{VM}"}

    def test_a_prefix_has_its_innermost_meaning(self) -> None:
        given = one(
            '<p:A xmlns:p="urn:inner" xsi:type="p:Inner_Type"/><p:B xsi:type="p:Outer_Type"/>'
            '<C xmlns="urn:default" xsi:type="Default_Type"/>'
        )
        inner, outer, default = read(serialize(given.element))
        assert inner.attrib[f"{XSI}type"] == "{urn:inner}Inner_Type"
        assert outer.attrib[f"{XSI}type"] == f"{{{RESOURCE}}}Outer_Type"
        assert default.attrib[f"{XSI}type"] == "{urn:default}Default_Type"

    def test_a_resource_with_null_members(self) -> None:
        resource = first("omi-resource")
        private = resource.embedded("PrivateProperties")
        assert private is not None
        assert (private.integer("OfflineAction"), private.boolean("CheckHeartbeat")) == (1, None)
        assert private.array("DependsOnSharedVolumes") is None
        assert len([1 for child in resource.element if child.tag.endswith("}PropertyList")]) == 2

    def test_a_name_with_other_than_ascii_characters(self) -> None:
        assert first("omi-resource-with-accent").text("Name") == "Café & <VM>"

    def test_an_adapter_property(self) -> None:
        jumbo = first("omi-adapter-property")
        assert jumbo.array("RegistryValue") == ("1514",)
        assert jumbo.array("ValidRegistryValues") == ("1514", "4088", "9014")
        assert jumbo.boolean("Optional") is False

    def test_an_adapter_property_without_values(self) -> None:
        address = first("omi-adapter-property-nulls")
        assert (address.has("RegistryValue"), address.array("RegistryValue")) == (True, None)
        assert (address.has("ValidRegistryValues"), address.array("ValidRegistryValues")) == (False, None)

    def test_the_response_to_a_put(self) -> None:
        private = first("omi-put-resource").embedded("PrivateProperties")
        assert private is not None
        assert private.integer("OfflineAction") == 2
        assert first("omi-put-cluster").integer("SameSubnetDelay") == 2000
        assert first("omi-put-windows-client-style").text("Caption") == "changed but not listed"


class TestInvalidValues:
    def test_a_text_instead_of_a_number(self) -> None:
        with pytest.raises(ResponseLost, match=r"X\.Count should be a number and is 'many'"):
            one("<p:Count>many</p:Count>").integer("Count")

    def test_a_text_instead_of_a_date(self) -> None:
        with pytest.raises(ResponseLost, match=r"X\.When should be a date and time and is 'soon'"):
            one("<p:When>soon</p:When>").datetime("When")


def test_another_thread_does_not_see_a_part_of_the_properties() -> None:
    element = parse(b"<p:C xmlns:p='urn:c'><p:First>1</p:First><p:Second>2</p:Second></p:C>")

    class Slow(list[t.Any]):
        """The properties; while they are looked at, another thread asks for one of them."""

        begun = False

        def __iter__(self) -> t.Iterator[t.Any]:
            for child in list(super().__iter__()):
                yield child
                if not self.begun:
                    self.begun = True
                    seen.append(shared.text("Second"))

    seen: list[str | None] = []
    shared = Instance(t.cast("t.Any", Slow(element)))
    assert (shared.text("Second"), seen, shared.array("First")) == ("2", ["2"], ("1",))


class TestReferences:
    JOB = (
        "<a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address><a:ReferenceParameters>"
        "<w:ResourceURI>{uri}</w:ResourceURI><w:SelectorSet>{selectors}</w:SelectorSet></a:ReferenceParameters>"
    )

    def test_a_property_with_a_reference(self) -> None:
        uri = f"{WMI}root/virtualization/v2/Msvm_ConcreteJob"
        content = self.JOB.format(uri=uri, selectors='<w:Selector Name="InstanceID">42</w:Selector>')
        found = one(f"<p:Job>{content}</p:Job>").reference_in("Job")
        assert found == Reference(resource_uri=uri, selectors=(("InstanceID", "42"),))
        assert found.selector("instanceid") == "42"
        assert found.selector("Name") is None

    @pytest.mark.parametrize("wrap", ["<a:EndpointReference>{}</a:EndpointReference>", "{}"])  # Windows, OMI
    def test_the_key_of_an_association_is_a_reference(self, wrap: str) -> None:
        group, resource = (
            Reference(resource_uri=f"{WMI}root/mscluster/{name}", selectors=(("Name", f"{name} 1"),))
            for name in ("MSCluster_ResourceGroup", "MSCluster_Resource")
        )
        nested = "".join(
            f'<w:Selector Name="{key}">'
            + wrap.format(
                self.JOB.format(
                    uri=end.resource_uri, selectors=f'<w:Selector Name="Name">{end.selector("Name")}</w:Selector>'
                )
            )
            + "</w:Selector>"
            for key, end in (("GroupComponent", group), ("PartComponent", resource))
        )
        uri = f"{WMI}root/mscluster/MSCluster_ResourceGroupToResource"
        found = one(f"<p:Link>{self.JOB.format(uri=uri, selectors=nested)}</p:Link>").reference_in("Link")
        assert found == Reference(resource_uri=uri, selectors=(("GroupComponent", group), ("PartComponent", resource)))

        (written,) = encode("{urn:x}Link", found)
        assert read_reference(parse(serialize(written).encode())) == found

    def test_a_text_is_not_a_reference(self) -> None:
        assert one("<p:Job>42</p:Job>").reference_in("Job") is None

    def test_a_reference_without_keys_has_no_empty_selector_set(self) -> None:
        _address, parameters = write_reference(Reference(resource_uri=RESOURCE))
        assert [child.tag for child in parameters] == [f"{W}ResourceURI"]
        assert parameters.tag == f"{A}ReferenceParameters"


class TestDates:
    @pytest.mark.parametrize(
        ("received", "sent"),
        [
            ("2024-01-01T00:00:00Z", "<p:When>2025-01-02T03:04:05+00:00</p:When>"),  # OMI rejects cim:Datetime
            (
                "<cim:Datetime>2024-01-01T00:00:00Z</cim:Datetime>",
                "<p:When><cim:Datetime>2025-01-02T03:04:05Z</cim:Datetime></p:When>",
            ),
        ],
    )
    def test_a_new_date_has_the_format_of_the_old_one(self, received: str, sent: str) -> None:
        moment = datetime.datetime(2025, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
        changed = one(f"<p:When>{received}</p:When>").with_property("When", moment)
        assert facts(changed.element) == facts(one(sent).element)
        assert changed.datetime("When") == moment


class TestEncoding:
    @pytest.mark.parametrize(
        ("value", "texts"),
        [
            ("a text", ["a text"]),
            ("", [""]),
            (7, ["7"]),
            (-(2**31), ["-2147483648"]),
            (True, ["true"]),
            (False, ["false"]),
            (["a", "b"], ["a", "b"]),
            ((1, 2), ["1", "2"]),
            ([], []),
            (b"", []),
            (b"\x00\x01\xff", ["0", "1", "255"]),
            ([True, False], ["true", "false"]),
        ],
    )
    def test_scalars_and_arrays(self, value: t.Any, texts: list[str]) -> None:
        written = encode("{urn:x}Value", value)
        assert [(element.tag, element.text, element.attrib) for element in written] == [
            ("{urn:x}Value", text, {}) for text in texts
        ]

    def test_null(self) -> None:
        (written,) = encode("{urn:x}Value", None)
        assert (written.text, written.attrib) == (None, {f"{XSI}nil": "true"})

    def test_a_date_is_encoded_as_cim_datetime(self) -> None:
        (written,) = encode("{urn:x}At", datetime.datetime(2024, 3, 5, 12, 34, 56, tzinfo=datetime.UTC))
        (inner,) = written
        assert inner.tag == "{http://schemas.dmtf.org/wbem/wscim/1/common}Datetime"
        assert inner.text == "2024-03-05T12:34:56Z"

    def test_an_object_within_an_object(self) -> None:
        inner = new_instance(f"{WMI}root/mscluster/Inner", {"Flag": True, "Octets": b"\x07\x08"})
        outer = new_instance(f"{WMI}root/mscluster/Outer", {"Inner": inner, "Nothing": None})
        (written,) = encode("{urn:x}Value", outer)
        assert facts(read(serialize(written))) == facts(
            read(
                f'<v:Value xmlns:v="urn:x" xmlns:o="{WMI}root/mscluster/Outer" xmlns:i="{WMI}root/mscluster/Inner"'
                f' xmlns:xsi="{XSI[1:-1]}" xsi:type="o:Outer_Type"><o:Inner xsi:type="i:Inner_Type">'
                "<i:Flag>true</i:Flag><i:Octets>7</i:Octets><i:Octets>8</i:Octets></o:Inner>"
                '<o:Nothing xsi:nil="true"/></v:Value>'
            )
        )

    def test_an_embedded_object_keeps_its_type(self) -> None:
        private = first("omi-resource").embedded("PrivateProperties")
        assert private is not None
        (written,) = encode("{urn:x}NewProperties", private)
        assert read(serialize(written)).attrib[f"{XSI}type"] == f"{{{VM}}}MSCluster_Property_Virtual_Machine_Type"


class TestUriStyle:
    CLUSTER = CimClass(namespace="root/mscluster", name="MSCluster_Cluster")

    def test_the_windows_style(self) -> None:
        assert UriStyle.WINDOWS.class_reference(self.CLUSTER) == Reference(
            resource_uri="http://schemas.microsoft.com/wbem/wsman/1/wmi/root/mscluster/MSCluster_Cluster"
        )
        assert UriStyle.WINDOWS.query_reference("root/mscluster") == Reference(
            resource_uri="http://schemas.microsoft.com/wbem/wsman/1/wmi/root/mscluster/*"
        )

    def test_the_dmtf_style(self) -> None:
        selectors = (("__cimnamespace", "root/mscluster"),)
        assert UriStyle.DMTF.class_reference(self.CLUSTER) == Reference(
            resource_uri="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSCluster_Cluster", selectors=selectors
        )
        assert UriStyle.DMTF.query_reference("root/mscluster") == Reference(
            resource_uri="http://schemas.dmtf.org/wbem/wscim/1/*", selectors=selectors
        )

    def test_the_namespace_is_added_once_to_a_reference_of_omi(self) -> None:
        bare = Reference(resource_uri=f"{DMTF}MSCluster_Cluster", selectors=(("Name", "CLU1"),))
        full = UriStyle.DMTF.with_namespace(bare, "root/mscluster")
        assert full.selectors == (("__cimnamespace", "root/mscluster"), ("Name", "CLU1"))
        assert UriStyle.DMTF.with_namespace(full, "root/other") == full
        assert UriStyle.WINDOWS.with_namespace(bare, "root/mscluster") == bare


class TestWithProperty:
    def test_a_property_of_an_empty_embedded_object_has_the_namespace_of_its_type(self) -> None:
        given = one(f'<p:PrivateProperties xmlns:q="{VM}" xsi:type="q:MSCluster_Property_Virtual_Machine_Type"/>')
        changed = given.with_property("PrivateProperties.OfflineAction", 2).embedded("PrivateProperties")
        assert changed is not None
        assert [child.tag for child in changed.element] == [f"{{{VM}}}OfflineAction"]

    def test_a_property_without_a_namespace(self) -> None:
        fragment = Instance(parse(b"<w:XmlFragment xmlns:w='urn:w'><Name>a</Name></w:XmlFragment>"))
        assert fragment.with_property("Type", "b").names() == ("Name", "Type")
        assert [child.tag for child in fragment.with_property("Type", "b").element] == ["Name", "Type"]

    def test_an_array_is_replaced_in_place(self) -> None:
        jumbo = first("omi-adapter-property")
        changed = jumbo.with_property("ValidDisplayValues", ["x", "y"])
        assert changed.array("ValidDisplayValues") == ("x", "y")
        assert changed.names() == jumbo.names()
        assert jumbo.array("ValidDisplayValues") == ("Disabled", "4KB MTU", "9KB MTU")  # the original is unchanged

    def test_a_null_property_gets_a_value(self) -> None:
        changed = first("omi-cluster").with_property("status", "OK")
        assert changed.text("Status") == "OK"
        assert changed.names() == first("omi-cluster").names()

    def test_a_missing_embedded_object(self) -> None:
        with pytest.raises(ResponseLost, match="MSCluster_Cluster has no property Other that contains Member"):
            first("omi-cluster").with_property("Other.Member", 1)
