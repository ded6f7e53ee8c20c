# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate for tests of adapters, and their common functions."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from raw_client import WMI, Client, Response, value
from unit_estate import NET

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.running import RunningEstate

STANDARD = WMI + "root/standardcimv2/"
CIMV2 = WMI + "root/cimv2/"
DEFAULT = WMI + "root/default/"
HYPERV = WMI + "root/virtualization/v2/"
ADVANCED = "MSFT_NetAdapterAdvancedPropertySettingData"
PAUSE = 1.0
MAKES = ("intel-1g", "intel-10g", "intel-index", "mellanox", "qlogic", "broadcom", "plain")


def _node(name: str, number: int, windows: int, *adapters: dict[str, object], **more: object) -> dict[str, object]:
    management = {"name": "Management", "driver": "intel-1g", "network": "Management"}
    return {
        "name": name,
        "address": f"{NET}.{number}",
        "windows": windows,
        "cluster": "NET1",
        "adapters": [management, *adapters],
        **more,
    }


NETWORK_ESTATE = {
    "name": "network",
    "credentials": {"user": "Administrator", "password": "Lab-Passw0rd"},
    "listeners": {"http": 15985, "https": 15986},
    "restart_seconds": PAUSE,
    "drain_seconds": PAUSE,
    "hosts": [
        _node("n1", 61, 2019, {"name": "LM", "driver": "intel-10g", "network": "Live"}),
        _node(
            "n2",
            62,
            2019,
            {"name": "P1", "driver": "mellanox"},
            {"name": "P2", "driver": "mellanox"},
            teams=[{"name": "Team", "members": ["P1", "P2"], "network": "Live"}],
            drain="hangs",
        ),
        _node(
            "n3",
            63,
            2022,
            {"name": "P1", "driver": "intel-10g"},
            {"name": "P2", "driver": "intel-10g"},
            switches=[{"name": "SET", "members": ["P1", "P2"], "vnics": [{"name": "Live", "network": "Live"}]}],
            drain="fails",
        ),
        _node("n4", 64, 2022, {"name": "LM", "driver": "plain", "network": "Live"}, no_restart="ignored"),
        {
            "name": "makes",
            "address": f"{NET}.65",
            "windows": 2019,
            "after_restart": "stays_down",
            "adapters": [
                {"name": "Management", "driver": "plain", "address": f"{NET}.65"},
                *({"name": make, "driver": make} for make in MAKES),
                {"name": "smaller", "driver": "intel-10g", "maximum": {"*ReceiveBuffers": 2048}},
            ],
        },
        {
            "name": "old",
            "address": f"{NET}.66",
            "windows": "2008 R2",
            "adapters": [
                {"name": "Local Area Connection", "driver": "intel-1g", "address": f"{NET}.66"},
                {"name": "Local Area Connection 2", "driver": "intel-index", "address": "10.9.9.66"},
            ],
        },
    ],
    "clusters": [
        {
            "name": "NET1",
            "fqdn": "net1.example.test",
            "networks": [{"name": "Management", "subnet": f"{NET}.0/24"}, {"name": "Live", "subnet": "10.9.2.0/24"}],
            "paths": [
                {"network": "Live", "between": ["n1", "n3"], "mtu": 1500},
                {"network": "Live", "between": ["n1", "n4"], "echo": "filtered"},
            ],
            "virtual_machines": [
                {"name": "A", "owner": "n1", "priority": 3000},
                {"name": "B", "owner": "n1", "priority": 1000},
                {"name": "C", "owner": "n1", "private_properties": {"DefaultMoveType": 1}},
                {"name": "D", "owner": "n1", "priority": 500, "state": 3},
                {"name": "E", "owner": "n3"},
            ],
        }
    ],
}


def eventually(check: Callable[[], bool], seconds: float = 20.0, *, net: RunningEstate | None = None) -> bool:
    """Wait until a condition is true. With `net` the pending actions of the clock are complete, too."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    with net.simulation.clock.lock if net else contextlib.nullcontext():
        return True


def query(client: Client, wql: str, base: str = STANDARD) -> list[dict[str, str | None]]:
    """The instances of a query, by property. For an array the first item."""
    response = client.enumerate(wql, base + "*")
    assert response.status == 200, response.text
    found = []
    for item in response.items:
        values: dict[str, str | None] = {}
        for member in item:
            values.setdefault(member.tag.rpartition("}")[2], member.text)
        found.append(values)
    return found


def advanced(client: Client, adapter: str, keyword: str) -> dict[str, str | None]:
    """An advanced property."""
    where = f"Name='{adapter}' AND RegistryKeyword='{keyword}'"
    (found,) = query(client, f"SELECT * FROM {ADVANCED} WHERE {where}")
    return found


def set_advanced(
    client: Client, adapter: str, keyword: str, wanted: str, *, restart: bool = True, name: str = "RegistryValue"
) -> Response:
    """Write an advanced property like the client of Windows."""
    identity = str(advanced(client, adapter, keyword)["InstanceID"])
    body = client.instance(ADVANCED, STANDARD, InstanceID=identity)
    start, end = f"<p:{name}>", f"</p:{name}>"
    before, _mark, rest = body.partition(start)
    changed = before + start + wanted + end + rest.partition(end)[2]
    options = () if restart else (("wmi:NoRestart", "true"),)
    return client.put(ADVANCED, changed, (name,), STANDARD, options, InstanceID=identity)


def output(response: Response, name: str) -> str | None:
    """An out parameter."""
    assert response.status == 200, response.text
    return value(response.content, name)
