# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read before settings of adapters are written, what each write asks for, and the wait after a restart."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import adapter_settings
from ansible_collections.winha.cluster.plugins.module_utils._windows.adapter_options import (
    AdapterOptionsError,
    requested_settings,
)
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, Reference, new_instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import PutResult
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    Fault,
    NotReady,
    ResponseLost,
    ServerError,
)

Row = dict[str, t.Any]
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/standardcimv2/"
NO_RESTART = ("wmi:NoRestart", "xs:boolean", "true")
OPTIONS: Row = {
    "adapters": ["*"], "cluster_network": None, "live_migration": False, "underlying": False, "mtu": None,
    "receive_buffers": None, "properties": {}, "adapter_properties": {}, "on_unsupported": "cap", "restart": "now",
    "reconnect_timeout": 5,
}  # fmt: skip


def guid(number: int) -> str:
    return f"aaaaaaaa-0000-4000-8000-00000000000{number}"


def card(name: str, number: int, **other: t.Any) -> Row:
    own = {"Name": name, "InterfaceDescription": f"Card {number}", "InterfaceGuid": f"{{{guid(number).upper()}}}",
           "InterfaceIndex": number, "MtuSize": 1500, "Speed": 10, "HardwareInterface": "true", "Hidden": "false",
           "InterfaceOperationalStatus": 1, "InterfaceAdminStatus": 1, "MediaConnectState": 1}  # fmt: skip
    return {**own, **other}


def jumbo(number: int, value: str = "1514", keyword: str = "*JumboPacket") -> Row:
    return {"Name": "an adapter", "InstanceID": f"{{{guid(number).upper()}}}::{keyword}", "RegistryKeyword": keyword,
            "RegistryValue": [value], "ValidRegistryValues": ["1514", "4088", "9014"],
            "ValidDisplayValues": ["Disabled", "4088 Bytes", "9014 Bytes"]}  # fmt: skip


class Host:
    """A host with adapters and their advanced properties; both have references. It notes what is written."""

    host = "hv01"

    def __init__(self, cards: t.Sequence[Row], properties: t.Sequence[Row], **rows: t.Sequence[Row]) -> None:
        self.rows = {
            "MSFT_NetAdapter": cards,
            "MSFT_NetAdapterAdvancedPropertySettingData": properties,
            **rows,
        }
        self.written: list[t.Any] = []
        self.problem: ServerError | None = None
        self.fails: list[Exception] = []
        self.stores = True

    def _instances(self, name: str) -> list[Instance]:
        key = "Name" if name == "MSFT_NetAdapter" else "InstanceID"
        found = []
        for row in self.rows.get(name, ()):
            reference = Reference(resource_uri=f"{WMI}{name}", selectors=(("Key", str(row.get(key))),))
            found.append(Instance(new_instance(f"{WMI}{name}", row).element, reference))
        return found

    def query(self, _namespace: str, wql: str, *, operation: str) -> list[Instance]:
        found = re.search(r"FROM (\w+)", wql)
        assert found, operation
        return self._instances(found[1])

    def addresses(self) -> frozenset[str]:
        return frozenset({"10.0.0.1"})

    def get(self, reference: Reference, *, operation: str) -> Instance:
        self.written.append(operation)
        (found,) = (
            one for one in self._instances(reference.resource_uri.removeprefix(WMI)) if one.reference == reference
        )
        return found

    def put(self, reference: Reference, change: t.Any, names: t.Any, **given: t.Any) -> PutResult:
        (before,) = (
            one for one in self._instances("MSFT_NetAdapterAdvancedPropertySettingData") if one.reference == reference
        )
        after = change(before)
        assert given.pop("reconnect_timeout") == 5
        self.written.append((dict(reference.selectors)["Key"], after.array("RegistryValue"), names, given))
        return PutResult(instance=after if self.stores else before, problem=self.problem)

    def invoke(self, reference: Reference, method: str, given: Row, *, operation: str) -> None:
        self.written.append((dict(reference.selectors)["Key"], method, given, operation))
        if self.fails:
            raise self.fails.pop(0)

    def retry_until_reachable(self, read: t.Callable[[], t.Any], timeout: float) -> t.Any:
        assert timeout == 5
        return read()


def read(host: Host, **options: t.Any) -> adapter_settings.State:
    return adapter_settings.read(t.cast("t.Any", host), {**OPTIONS, **options})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"mtu": 9000}, [("mtu", 9000, ("*JumboPacket", "MaxFrameSize"))]),
        ({"receive_buffers": 512}, [
            ("receive_buffers", 512, ("*ReceiveBuffers", "ReceiveBuffers", "MaxRxRing1Length", "NumRxBuffersSmall"))]),
        ({"properties": {"*FlowControl": 0}}, [("*FlowControl", "0", ("*FlowControl",))]),
        ({"mtu": 576}, [("mtu", 576, ("*JumboPacket", "MaxFrameSize"))]),
        ({"mtu": 16110}, [("mtu", 16110, ("*JumboPacket", "MaxFrameSize"))]),
        ({"receive_buffers": 1}, [
            ("receive_buffers", 1, ("*ReceiveBuffers", "ReceiveBuffers", "MaxRxRing1Length", "NumRxBuffersSmall"))]),
    ],
)  # fmt: skip
def test_each_setting_has_the_keywords_of_the_vendors(options: Row, expected: list[t.Any]) -> None:
    found = requested_settings({**OPTIONS, **options})
    assert [(one.name, one.value, one.keywords) for one in found] == expected


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"mtu": 575}, "mtu 575 is out of range: valid values are 576 to 16110."),
        ({"mtu": 16111}, "mtu 16111 is out of range"),
        ({"receive_buffers": 0}, "receive_buffers 0 is out of range: the smallest valid value is 1."),
        ({}, "No setting is given. Set mtu, receive_buffers, or properties."),
    ],
)
def test_a_setting_out_of_range_is_refused(options: Row, sentence: str) -> None:
    with pytest.raises(AdapterOptionsError, match=re.escape(sentence)):
        requested_settings({**OPTIONS, **options})


def test_the_adapters_of_the_connection_are_last() -> None:
    host = Host(
        [card("A", 1), card("B", 2), card("C", 3)],
        [jumbo(1), jumbo(2, "9014"), jumbo(3)],
        MSFT_NetIPAddress=[{"IPAddress": "10.0.0.1", "InterfaceIndex": "1"}],
    )
    state = read(host, mtu=9000)
    assert [one.name for one in state.adapters] == ["B", "C", "A"]
    assert [(one.label, one.before, one.after, one.differs) for one in state.settings] == [
        ("B mtu", 9000, 9000, False), ("C mtu", 1500, 9000, True), ("A mtu", 1500, 9000, True),
    ]  # fmt: skip
    assert (state.connection, state.restart_now, state.reconnect_timeout) == ({"A"}, True, 5.0)
    assert state.pending == {"B"}  # 9000 are stored, and 1500 in effect
    assert not read(host, mtu=9000, restart="defer").restart_now


@pytest.mark.parametrize(("stored", "raw"), [("1514", "1514"), ("", None)])
def test_the_record_has_the_registry_values(stored: str, raw: str | None) -> None:
    """An empty value is none: the default of the driver is in effect."""
    (setting,) = read(Host([card("A", 1)], [jumbo(1, stored)]), mtu=9000).settings
    assert setting.record == {
        "thing": "A", "setting": "mtu", "keyword": "*JumboPacket", "before_raw": raw, "after_raw": "9014",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("on_unsupported", "result"), [("cap", None), ("fail", None), ("report", "unsupported"), ("ignore", "unsupported")]
)
def test_a_driver_without_the_setting(on_unsupported: str, result: str | None) -> None:
    host = Host([card("A", 1), card("B", 2)], [jumbo(1)])
    if result is None:
        with pytest.raises(
            AdapterOptionsError, match=r"mtu cannot be set on B \(Card 2\): its driver does not support"
        ):
            read(host, mtu=9000, on_unsupported=on_unsupported)
        return
    state = read(host, mtu=9000, on_unsupported=on_unsupported)
    assert [one.label for one in state.settings] == ["A mtu"]
    assert state.unsupported == (
        {"adapter": "B", "setting": "mtu", "wanted": 9000, "result": result,
         "msg": "its driver does not support *JumboPacket"},
    )  # fmt: skip


@pytest.mark.parametrize(("on_unsupported", "capped"), [("cap", True), ("report", True), ("ignore", False)])
def test_a_driver_that_supports_less(on_unsupported: str, capped: bool) -> None:
    small = jumbo(1) | {"ValidRegistryValues": ["1514", "4088"], "ValidDisplayValues": ["Disabled", "4088 Bytes"]}
    state = read(Host([card("A", 1)], [small]), mtu=9000, on_unsupported=on_unsupported)
    assert [(one.after, one.target.capped) for one in state.settings] == ([(4074, True)] if capped else [])
    assert [row["msg"] for row in state.unsupported] == ([] if capped else ["its driver supports at most 4074"])
    with pytest.raises(AdapterOptionsError, match=r"its driver supports at most 4074\. Nothing was written\."):
        read(Host([card("A", 1)], [small]), mtu=9000, on_unsupported="fail")


def test_a_virtual_adapter_without_the_setting_is_left_out() -> None:
    host = Host([card("A", 1), card("vEthernet", 2, HardwareInterface="false")], [jumbo(1)])
    assert [one.label for one in read(host, mtu=9000).settings] == ["A mtu"]
    alone = Host([card("vEthernet", 2, HardwareInterface="false")], [])
    with pytest.raises(AdapterOptionsError, match=r"None of the selected adapters has mtu\. Nothing was written\."):
        read(alone, mtu=9000)
    assert read(alone, mtu=9000, on_unsupported="report").settings == ()
    assert read(alone, receive_buffers=512).settings == ()


def test_two_settings_of_one_property_are_refused() -> None:
    host = Host([card("A", 1)], [jumbo(1)])
    with pytest.raises(AdapterOptionsError, match=r"mtu and \*JumboPacket are the same property of A"):
        read(host, mtu=9000, properties={"*JumboPacket": "9014"})


def test_own_settings_of_each_adapter() -> None:
    host = Host([card("A", 1), card("B", 2)], [jumbo(1), jumbo(2), jumbo(2, "1", "*FlowControl")])
    own = {"b": {"*JumboPacket": 9014}, "A": {"*JumboPacket": "4088"}}
    state = read(host, adapters=None, adapter_properties=own, underlying=True)
    assert [(one.label, one.wanted, one.after) for one in state.settings] == [
        ("A *JumboPacket", "4088", "4088"), ("B *JumboPacket", "9014", "9014"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"adapters": ["Team"], "underlying": True}, ["A mtu", "B mtu"]),
        ({"adapters": ["Team"], "underlying": False}, []),
        ({"adapters": None, "adapter_properties": {"Team": {"*JumboPacket": "9014"}}, "underlying": True}, []),
    ],
)
def test_the_members_of_a_team_are_included_if_they_are_asked_for(options: Row, expected: list[str]) -> None:
    host = Host(
        [card("A", 1), card("B", 2), card("Team", 3, HardwareInterface="false")],
        [jumbo(1), jumbo(2)],
        MSFT_NetLbfoTeamNic=[{"Name": "Team", "Team": "T"}],
        MSFT_NetLbfoTeamMember=[{"Name": "A", "Team": "T"}, {"Name": "B", "Team": "T"}],
    )
    given = {} if options.get("adapter_properties") else {"mtu": 9000}
    state = read(host, on_unsupported="report", **options, **given)
    assert sorted(one.label for one in state.settings) == expected
    assert sorted(one.name for one in state.adapters) == (["A", "B", "Team"] if expected else ["Team"])


def two(host_options: Row | None = None, **options: t.Any) -> tuple[Host, adapter_settings.State]:
    """An adapter with two settings to write."""
    flow = jumbo(1, "1514", "*Other")
    host = Host([card("A", 1, **(host_options or {}))], [jumbo(1), flow])
    return host, read(host, mtu=9000, properties={"*Other": "4088"}, **options)


def write(host: Host, state: adapter_settings.State) -> tuple[Row, str]:
    return adapter_settings.write(t.cast("t.Any", host), state, state.settings)


def options_of(host: Host) -> list[t.Any]:
    return [one[3]["options"] for one in host.written if isinstance(one, tuple)]


def test_only_the_last_write_of_an_adapter_restarts_it() -> None:
    host, state = two()
    assert write(host, state) == ({"A mtu": 9000, "A *Other": "4088"}, "")
    assert host.written == [
        (f"{{{guid(1).upper()}}}::*JumboPacket", ("9014",), ["RegistryValue"],
         {"operation": "setting mtu of A to 9000", "options": (NO_RESTART,)}),
        (f"{{{guid(1).upper()}}}::*Other", ("4088",), ["RegistryValue"],
         {"operation": "setting *Other of A to 4088", "options": ()}),
        "reading A after its restart",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("adapter", "options"),
    [
        ({}, {"restart": "defer"}),
        ({"InterfaceAdminStatus": 2}, {}),
        ({"InterfaceAdminStatus": 2}, {"restart": "defer"}),
    ],
)
def test_a_write_without_a_restart(adapter: Row, options: Row) -> None:
    host, state = two(adapter, **options)
    assert write(host, state)[1] == ""
    assert options_of(host) == [(NO_RESTART,), (NO_RESTART,)]
    assert [one for one in host.written if isinstance(one, str)] == []


def test_one_setting_of_an_adapter_restarts_it() -> None:
    host = Host([card("A", 1)], [jumbo(1)])
    state = read(host, mtu=9000)
    assert write(host, state) == ({"A mtu": 9000}, "")
    assert options_of(host) == [()]


def test_a_value_that_is_not_stored_is_shown_with_its_reason() -> None:
    host, state = two()
    host.stores, host.problem = False, Fault("it is refused")
    assert write(host, state) == ({"A mtu": 1500, "A *Other": "1514"}, "it is refused; it is refused")
    assert "reading A after its restart" not in host.written
    host, state = two()
    host.problem = Fault("odd")  # the value is stored
    assert write(host, state) == ({"A mtu": 9000, "A *Other": "4088"}, "")


# The adapter before, then after its restart, whether that is enough, and the reason.
WAITS: list[tuple[Row, Row, str]] = [
    ({}, {}, ""),
    ({}, {"InterfaceOperationalStatus": None}, ""),
    ({}, {"InterfaceOperationalStatus": 2}, "A is not up after its restart"),
    ({}, {"InterfaceAdminStatus": 2}, "A is not enabled after its restart"),
    ({"InterfaceOperationalStatus": 2}, {"InterfaceOperationalStatus": 2}, ""),
    ({"InterfaceOperationalStatus": 2}, {"InterfaceOperationalStatus": 2, "InterfaceAdminStatus": 2},
     "A is not enabled after its restart"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "reason"), WAITS)
def test_the_wait_for_an_adapter_after_a_write(before: Row, after: Row, reason: str) -> None:
    host = Host([card("A", 1, **before)], [jumbo(1)])
    state = read(host, mtu=9000)
    host.rows["MSFT_NetAdapter"] = [card("A", 1, **after)]
    if not reason:
        assert write(host, state) == ({"A mtu": 9000}, "")
        return
    with pytest.raises(ResponseLost) as caught:
        write(host, state)
    assert (caught.value.detail, caught.value.operation, caught.value.host) == (
        f"{reason}; waited 5 s", "restarting A", "hv01",
    )  # fmt: skip
    assert caught.value.advice == "check the adapter on the host; the values are stored"


RESTARTS: list[tuple[Row, Row, list[Exception], tuple[bool, str]]] = [
    ({}, {"MtuSize": 9000}, [], (True, "")),
    ({}, {"MtuSize": 8980}, [], (True, "")),
    ({}, {"MtuSize": 8979}, [], (False, "the MTU of the adapter is 8979 after its restart")),
    ({}, {"MtuSize": None}, [], (True, "")),
    ({}, {"MtuSize": 9000}, [ResponseLost("gone")], (True, "")),
    ({}, {"MtuSize": 9000}, [Fault("it is refused")], (False, "it is refused")),
    ({}, {"InterfaceOperationalStatus": 2}, [], (False, "A is not up after its restart; waited 5 s")),
    ({"InterfaceOperationalStatus": 2}, {"InterfaceOperationalStatus": 2, "MtuSize": 9000}, [], (True, "")),
    ({"InterfaceOperationalStatus": 2}, {"InterfaceOperationalStatus": 2, "MtuSize": 8979}, [],
     (False, "the MTU of A is 8979 after its restart; waited 5 s")),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "errors", "expected"), RESTARTS)
def test_a_restart_ends_when_the_mtu_is_in_effect(
    before: Row, after: Row, errors: list[Exception], expected: tuple[bool, str]
) -> None:
    host = Host([card("A", 1, **before)], [jumbo(1, "9014")])
    state = read(host, mtu=9000)
    host.rows["MSFT_NetAdapter"] = [card("A", 1, **after)]
    host.fails = errors
    assert adapter_settings.restart(t.cast("t.Any", host), state, "A") == expected
    assert host.written[0] == ("A", "Restart", {}, "restarting A")


def test_a_host_that_does_not_come_back_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host([card("A", 1)], [jumbo(1, "9014")])
    state = read(host, mtu=9000)

    def gone(_self: Host, _reference: Reference, *, operation: str) -> Instance:
        raise NotReady(operation)

    monkeypatch.setattr(Host, "get", gone)
    found = adapter_settings.restart(t.cast("t.Any", host), state, "A")
    assert found == (False, "reading A after its restart; waited 5 s")


@pytest.mark.parametrize(
    ("stored", "running", "enabled", "expected"),
    [
        ("9014", 9000, True, True), ("9014", 8980, True, True), ("9014", 8979, True, False),
        ("9014", None, True, None), ("9014", 1500, False, None), ("x", 1500, True, None),
    ],
)  # fmt: skip
def test_whether_the_stored_mtu_is_in_effect(
    stored: str, running: int | None, enabled: bool, expected: bool | None
) -> None:
    row = card("A", 1, MtuSize=running, InterfaceAdminStatus=1 if enabled else 2)
    (setting,) = read(Host([row], [jumbo(1, stored)]), mtu=9000).settings
    assert setting.in_effect is expected
