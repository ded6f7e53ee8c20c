# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate of these tests, on addresses that no other test run uses."""

from __future__ import annotations

import os
import socket


def _reserve() -> tuple[socket.socket, str]:
    """Find addresses that no other test run uses. The open socket reserves them."""
    for number in range(250):
        net = f"127.31.{1 + (os.getpid() + number) % 250}"
        reservation = socket.socket()
        try:
            reservation.bind((f"{net}.1", 15985))
        except OSError:
            reservation.close()
        else:
            return reservation, net
    raise RuntimeError("all addresses for the tests of the lab are in use")


_RESERVATION, NET = _reserve()

ESTATE = {
    "name": "unit",
    "credentials": {"user": "Administrator", "password": "Lab-Passw0rd"},
    "listeners": {"http": 15985, "https": 15986},
    "hosts": [
        {"name": "hv01", "address": f"{NET}.11", "windows": 2022, "groups": ["hyperv_hosts"], "cluster": "HVC1"},
        {"name": "hv02", "address": f"{NET}.12", "windows": 2022, "groups": ["hyperv_hosts"], "cluster": "HVC1"},
        {
            "name": "old1",
            "address": f"{NET}.21",
            "windows": "2008 R2",
            "groups": ["dag"],
            "cluster": "OLD1",
            "event_search": "slow",
        },
        {
            "name": "lone",
            "address": f"{NET}.31",
            "windows": 2019,
            "first_page": "one_item",
            "channels": ["Empty"],
            "unreadable_channels": ["Closed"],
            "events": [
                {"event": 1672, "days_ago": 2, "data": {"NodeName": "hv09"}},
                {"event": 1135, "days_ago": 1, "strings": ["hv09"], "count": 3},
                {
                    "event": 20415,
                    "days_ago": 3,
                    "log": "Microsoft-Windows-Hyper-V-VMMS-Admin",
                    "source": "Microsoft-Windows-Hyper-V-VMMS",
                    "user_data": "VmlEventLog",
                    "data": {
                        "Parameter0": "EX01",
                        "Parameter1": "6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB",
                        "Parameter2": "0.5",
                    },
                },
                {"event": 1, "days_ago": 1, "log": "Closed"},
            ],
        },
        {"name": "shut", "address": f"{NET}.41", "windows": 2025, "http_401": True, "certificate": "expired"},
        {
            "name": "fake",
            "address": f"{NET}.42",
            "windows": 2025,
            "certificate": "other_ca",
            "projection": "refuse",
            "event_plugin": "denied",
        },
        {
            "name": "name",
            "address": f"{NET}.43",
            "windows": 2012,
            "certificate": "wrong_name",
            "projection": "no_embedded",
            "cluster": "NEW1",
        },
    ],
    "clusters": [
        {"name": "NEW1", "fqdn": "new1.example.test", "nodes": ["name", "gone"]},
        {
            "name": "HVC1",
            "fqdn": "hvc1.example.test",
            "networks": [{"name": "Management", "subnet": f"{NET}.0/24"}, {"name": "Live", "subnet": "10.1.1.0/24"}],
            "virtual_machine_type": {"MigrationExcludeNetworks": "one;two"},
            "virtual_machines": [
                {"name": "EX01", "private_properties": {"OfflineAction": 1, "ShutdownAction": 0}},
                {"name": "EX02", "private_properties": {"ShutdownAction": 0}},
                {"name": "EX07", "resource": "SCVMM EX07", "private_properties": {"OfflineAction": 2}},
                {"name": "vm{number:02}", "count": 30, "private_properties": {"OfflineAction": 3}},
            ],
            "shared_volumes": [{"name": "Volume1"}],
        },
        {
            "name": "OLD1",
            "fqdn": "old1.example.test",
            "networks": [{"name": "Cluster Network 1", "subnet": f"{NET}.0/24"}],
            "properties": {"SameSubnetThreshold": 7},
            "virtual_machines": [{"name": "EX01", "private_properties": {"OfflineAction": 1}}],
        },
    ],
}
