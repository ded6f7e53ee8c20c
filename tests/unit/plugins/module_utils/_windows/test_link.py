# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of the network adapters of a host, on old and new releases."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import link, registry_adapter
from ansible_collections.winha.cluster.plugins.module_utils._windows.adapter import NAMESPACE, Adapter
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._windows.fake_host import (
    CIMV2,
    FakeHost,
    absent,
)

STATUS = {1: "up", 2: "down", 3: "testing", 4: "unknown", 5: "dormant", 6: "not_present", 7: "lower_layer_down"}
# NetConnectionStatus
OLDER_STATUS = {0: "disabled", 2: "up", 4: "not_present", 5: "disabled", 7: "down"}


def test_each_status_of_an_adapter() -> None:
    rows = [{"Name": f"A{number}", "InterfaceOperationalStatus": number} for number in (*STATUS, 9)]
    rows += [
        {"Name": "B", "InterfaceOperationalStatus": 1, "InterfaceAdminStatus": 2},
        {"Name": "C", "InterfaceOperationalStatus": 1, "InterfaceAdminStatus": 1, "Speed": (1 << 63) - 1},
        {"Name": "D", "InterfaceOperationalStatus": 1, "Speed": (1 << 63) - 2},
        {"Name": "hidden", "InterfaceOperationalStatus": 1, "Hidden": True},
    ]
    unknown: list[t.Any] = []
    found = link.read_links(t.cast("t.Any", FakeHost({(NAMESPACE, "MSFT_NetAdapter"): rows})), unknown)
    assert {one.name: one.status for one in found} == {
        **{f"A{number}": status for number, status in STATUS.items()},
        "A9": "unknown (9)",
        "B": "disabled",
        "C": "up",
        "D": "up",
    }
    assert {one.name: one.speed for one in found if one.name in "CD"} == {"C": None, "D": (1 << 63) - 2}
    assert unknown == []


@pytest.mark.parametrize("status", [*OLDER_STATUS.values(), "unknown (9)", "unknown"])
def test_each_status_on_2008_r2(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    number = {"unknown (9)": 9, "unknown": None} | {text: key for key, text in OLDER_STATUS.items()}
    card = Adapter(
        name="LM", description="A card", guid="g", index=7, mtu=None, speed=1000, hardware=True, reference=None
    )
    hidden = Adapter(
        name="old", description="A card", guid="h", index=8, mtu=None, speed=1000, hardware=True, hidden=True
    )
    monkeypatch.setattr(registry_adapter, "read_adapters", lambda _client: [card, hidden])
    monkeypatch.setattr(registry_adapter, "read_properties", lambda _client, _adapters, _keywords: {})
    row = {"NetConnectionID": "LM", "NetConnectionStatus": number[status], "ServiceName": "e1q"}
    host = FakeHost({(NAMESPACE, ""): absent(), (CIMV2, "Win32_NetworkAdapter"): [row]}, build=7601)
    (found,) = link.read_links(t.cast("t.Any", host), [])
    assert (found.name, found.description, found.status, found.speed) == ("LM", "A card", status, 1000)
    assert found.driver == {"name": "e1q", "provider": None, "version": None}
