# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An estate of Hyper-V clusters and DAGs with four nodes each, of any size, with findings on some of them."""

from __future__ import annotations

import typing as t

NODES = 4
PORT = 5985
_NETWORK = 127 << 24 | 60 << 16  # loopback; each cluster has 256 addresses
_HOTFIXES = tuple(f"KB50{number:05}" for number in range(31361, 31361 + 8 * 997, 997))
Description = dict[str, t.Any]


def estate(hosts: int) -> Description:
    """The estate file for the lab. C(hosts) must be a multiple of eight."""
    pairs = range(hosts // (2 * NODES))
    clusters = [cluster for pair in pairs for cluster in (_hyperv(pair), _dag(pair))]
    return {
        "name": "audit-benchmark",
        "credentials": {"user": "Administrator", "password": "Lab-Passw0rd"},
        "listeners": {"http": PORT},
        "hosts": [host for cluster in clusters for host in cluster.pop("hosts")],
        "clusters": clusters,
    }


def _hyperv(pair: int) -> Description:
    """A Hyper-V cluster with 10 to 20 virtual machines. Some have findings, each fourth cluster on its adapters."""
    name, base = f"HVC{pair:02}", _NETWORK + 512 * pair
    nodes = [f"hv{pair:02}{node}" for node in range(1, NODES + 1)]
    drifted = {} if pair % 4 else {"*JumboPacket": "1514"}
    adapters: list[Description] = [
        {"name": "Management", "driver": "intel-1g", "network": "Management"},
        {"name": "LM", "driver": "intel-10g", "network": "LiveMigration"},
        {"name": "Storage A", "driver": "mellanox", "address": "10.9.0.1", "prefix": 24},
        {"name": "Storage B", "driver": "mellanox", "address": "10.9.1.1", "prefix": 24},
    ]
    live = {"*JumboPacket": "9014", "*ReceiveBuffers": "4096", **drifted}
    identity = f"5f1c7f0e-2f0b-4d3c-9a55-6f3f3f9f{pair:02x}"
    machines: list[Description] = [
        {
            "name": f"EX{pair:02}{number:02}",
            "owner": nodes[number % NODES],
            "private_properties": {"OfflineAction": 2 if number else 1},
            "automatic_shutdown_action": 4 if number % 5 else 3,
            "user_snapshot_type": 2,
            "dynamic_memory": number == 1,
            "disks": [rf"C:\ClusterStorage\Volume1\EX{number:02}\Disk{disk}.vhdx" for disk in range(3)],
        }
        for number in range(10 + pair % 11)
    ]
    return {
        "name": name,
        "fqdn": f"{name.lower()}.example.test",
        "hosts": [
            {
                **_host(node, base + 10 + number, name, "2022", "hyperv_hosts"),
                "adapters": [{**each, **({"values": live} if each["name"] == "LM" else {})} for each in adapters],
            }
            for number, node in enumerate(nodes, start=1)
        ],
        "networks": [
            {"name": "Management", "subnet": f"{_address(base)}/24", "role": 3, "metric": 70384, "id": identity + "01"},
            {"name": "LiveMigration", "subnet": "10.50.2.0/24", "role": 1, "metric": 30241, "id": identity + "02"},
        ],
        "virtual_machine_type": {"MigrationExcludeNetworks": identity + "01", "MigrationNetworkOrder": identity + "02"},
        "virtual_machines": machines,
        "shared_volumes": [{"name": "Volume1", "owner": nodes[0]}],
    }


def _dag(pair: int) -> Description:
    name, base = f"DAG{pair:02}", _NETWORK + 512 * pair + 256
    adapter = {"name": "MAPI", "driver": "hyperv", "network": "MapiDagNetwork"}
    return {
        "name": name,
        "fqdn": f"{name.lower()}.example.test",
        "hosts": [
            {
                **_host(f"ex{pair:02}{number}", base + 10 + number, name, "2019", "dag_members"),
                "adapters": [adapter],
            }
            for number in range(1, NODES + 1)
        ],
        "networks": [{"name": "MapiDagNetwork", "subnet": f"{_address(base)}/24", "role": 3, "metric": 70384}],
        "properties": {"SameSubnetThreshold": 20 if pair % 3 else 40},
    }


def _host(name: str, address: int, cluster: str, windows: str, group: str) -> Description:
    event = {"message": "A cluster node or resource failed.\r\n\r\nSee the cluster's log.", "strings": ["somebody"]}
    return {
        "name": name,
        "address": _address(address),
        "windows": windows,
        "groups": [group],
        "cluster": cluster,
        "hotfixes": list(_HOTFIXES),
        "events": [
            {"event": 1135, "days_ago": 3, "count": 4, "hours_apart": 20, **event},
            {"event": 1069, "days_ago": 1, "count": 10, "hours_apart": 7, **event},
        ],
    }


def _address(number: int) -> str:
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
