# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words for the numbers of Windows: every number of each class, and one that Windows does not document."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import (
    cluster,
    cluster_settings,
    clustered_role,
    hyperv,
    quorum,
    storage,
    vm_settings,
)
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, new_instance
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._windows.fake_host import (
    CIMV2,
    FakeHost,
    Rows,
    named,
)

CLUSTER, STORAGE = cluster.NAMESPACE, "root/microsoft/windows/storage"
Words = t.Mapping[t.Any, str]


def host(namespace: str, name: str, rows: Rows) -> t.Any:
    return FakeHost({(namespace, name): rows})


def nodes(column: str, numbers: t.Iterable[t.Any]) -> list[cluster.Node]:
    rows = [{"Name": f"N{place:02}", column: number} for place, number in enumerate(numbers)]
    return cluster.read_nodes(host(CLUSTER, "MSCluster_Node", rows))


def node_states(numbers: t.Iterable[t.Any]) -> list[str]:
    return [one.state for one in nodes("State", numbers)]


def drain_states(numbers: t.Iterable[t.Any]) -> list[str]:
    return [one.drain for one in nodes("NodeDrainStatus", numbers)]


def node_status(numbers: t.Iterable[t.Any]) -> list[str]:
    return [" ".join(one.status) for one in nodes("StatusInformation", numbers)]


def networks(column: str, numbers: t.Iterable[t.Any]) -> list[cluster.Network]:
    rows = [{"Name": f"N{place:02}", column: number} for place, number in enumerate(numbers)]
    return cluster.read_networks(host(CLUSTER, "MSCluster_Network", rows))


def network_states(numbers: t.Iterable[t.Any]) -> list[str]:
    return [one.state for one in networks("State", numbers)]


def network_roles(numbers: t.Iterable[t.Any]) -> list[str]:
    return [one.role for one in networks("Role", numbers)]


def role_states(numbers: t.Iterable[t.Any]) -> list[str]:
    rows = [{"Name": f"R{place:02}", "State": number} for place, number in enumerate(numbers)]
    return [one.state for one in clustered_role.read_roles(host(CLUSTER, "MSCluster_ResourceGroup", rows))]


def witness(**values: t.Any) -> dict[str, t.Any]:
    link = named("http://x/MSCluster_Resource", "W")
    found = host(CLUSTER, "MSCluster_ClusterToQuorumResource", [{"PartComponent": link}])
    found.alone["W"] = {"Name": "W", **values}
    own = new_instance("http://x/MSCluster_Cluster", {"QuorumTypeValue": 2})
    return t.cast("dict[str, t.Any]", quorum.read_quorum(found, own, [])["witness"])


def resource_states(numbers: t.Iterable[t.Any]) -> list[str]:
    return [witness(State=number, Type="Cloud Witness")["state"] for number in numbers]


def witness_kinds(kinds: t.Iterable[t.Any]) -> list[str]:
    return [witness(Type=kind)["type"] for kind in kinds]


def machine_states(numbers: t.Iterable[t.Any]) -> list[str]:
    rows = [
        {"ElementName": f"M{place:02}", "Name": f"AAAAAAAA-0000-4000-8000-{place:012}", "EnabledState": number}
        for place, number in enumerate(numbers)
    ]
    found = hyperv.read_names_and_states(host(hyperv.SECOND, "Msvm_ComputerSystem", rows))[1]
    assert [one.name for one in found] == [row["ElementName"] for row in rows]
    assert [one.id for one in found] == [row["Name"] for row in rows]
    return [one.state for one in found]


def job_states(numbers: t.Iterable[t.Any]) -> list[str]:
    rows = [{"Name": f"J{place:02}", "JobState": number, "PercentComplete": 7} for place, number in enumerate(numbers)]
    found = storage.read_jobs(host(STORAGE, "MSFT_StorageJob", rows[::-1]))
    assert [(one["name"], one["percent"]) for one in found] == [(row["Name"], 7) for row in rows]
    return [one["state"] for one in found]


def disk_health(numbers: t.Iterable[t.Any]) -> list[str]:
    rows = [
        {"FriendlyName": f"D{place:02}", "HealthStatus": number, "OperationalStatus": [2, place]}
        for place, number in enumerate(numbers)
    ]
    found = storage.read_virtual_disks(host(STORAGE, "MSFT_VirtualDisk", rows[::-1]))
    assert [(one["name"], one["operational"]) for one in found] == [
        (row["FriendlyName"], row["OperationalStatus"]) for row in rows
    ]
    return [one["health"] for one in found]


def balancer_modes(numbers: t.Iterable[t.Any]) -> list[str]:
    found = [new_instance("http://x/y", {"AutoBalancerMode": number}) for number in numbers]
    return [str(cluster_settings.settings_of(one, [])["auto_balancer"]) for one in found]


READERS: list[tuple[t.Callable[[t.Iterable[t.Any]], list[str]], Words]] = [
    (node_states, {0: "up", 1: "down", 2: "paused", 3: "joining", -1: "unknown (-1)", 9: "unknown (9)"}),
    (drain_states, {
        0: "not_started", 1: "in_progress", 2: "completed", 3: "failed", 9: "unknown (9)", None: "unknown",
    }),
    (node_status, {0: "", 1: "isolated", 2: "quarantined", 3: "isolated quarantined", 4: "", None: ""}),
    (network_states, {0: "unavailable", 1: "down", 2: "partitioned", 3: "up", 9: "unknown (9)"}),
    (network_roles, {0: "none", 1: "cluster", 2: "client", 3: "cluster_and_client", 9: "unknown (9)"}),
    (role_states, {0: "online", 1: "offline", 2: "failed", 3: "partial", 4: "pending", 9: "unknown (9)"}),
    (resource_states, {
        0: "inherited", 1: "initializing", 2: "online", 3: "offline", 4: "failed", 128: "pending",
        129: "online_pending", 130: "offline_pending", 9: "unknown (9)",
    }),
    (witness_kinds, {
        "File Share Witness": "file_share", "Cloud Witness": "cloud", "Physical Disk": "disk",
        "Other": "unknown (Other)",
    }),
    (machine_states, {
        2: "running", 3: "off", 4: "stopping", 6: "saved", 9: "paused", 10: "starting", 32768: "paused", 32769: "saved",
        32770: "starting", 32771: "checkpointing", 32773: "saving", 32774: "stopping", 32776: "pausing",
        32777: "resuming", 1: "unknown (1)",
    }),
    (job_states, {
        2: "new", 3: "starting", 4: "running", 5: "suspended", 6: "shutting_down", 7: "completed", 8: "terminated",
        9: "killed", 10: "exception", 11: "service", 12: "query_pending", 13: "unknown (13)",
    }),
    (disk_health, {0: "healthy", 1: "warning", 2: "unhealthy", 5: "unknown", 9: "unknown (9)"}),
    (balancer_modes, {0: "off", 1: "node_join", 2: "always", 9: "unknown (9)", None: "None"}),
]  # fmt: skip


@pytest.mark.parametrize(("read", "words"), READERS, ids=lambda value: getattr(value, "__name__", ""))
def test_each_number_has_its_word(read: t.Callable[[t.Iterable[t.Any]], list[str]], words: Words) -> None:
    assert read(words) == list(words.values())


def test_the_kind_of_each_clustered_role() -> None:
    """Types 1 to 5 are the cluster itself, its storage and its shared volumes; 111 is a virtual machine."""
    rows: list[dict[str, t.Any]] = [{"Name": f"R{number}", "GroupType": number} for number in (0, 1, 5, 6, 111)]
    rows += [{"Name": "R7", "GroupType": 7, "IsCore": "true"}, {"Name": "r8", "GroupType": None, "IsCore": "false"}]
    found = clustered_role.read_roles(host(CLUSTER, "MSCluster_ResourceGroup", rows))
    assert [(one.name, one.kind, one.identifies_cluster) for one in found] == [
        ("R0", "other", False), ("R1", "core", True), ("R111", "virtual_machine", False), ("R5", "core", False),
        ("R6", "other", False), ("R7", "core", False), ("r8", "other", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "moving"),
    [({"State": 4}, True), ({"State": 0, "StatusInformation": 4}, True), ({"StatusInformation": 6}, True),
     ({"State": 0, "StatusInformation": 3}, False), ({"State": 3}, False)],
)  # fmt: skip
def test_a_role_that_is_in_motion_or_queued_is_moving(values: dict[str, int], moving: bool) -> None:
    row = {"Name": "EX01", "Id": "{ABC}", "OwnerNode": "HV01", "Priority": 3000, "AntiAffinityClassNames": ["a", "b"]}
    (found,) = clustered_role.read_roles(host(CLUSTER, "MSCluster_ResourceGroup", [{**row, **values}]))
    assert (found.moving, found.id, found.owner, found.priority, found.anti_affinity) == (
        moving, "abc", "HV01", 3000, ("a", "b"),
    )  # fmt: skip


def test_the_settings_of_a_cluster() -> None:
    values = {
        "AutoBalancerMode": 1, "ResiliencyLevel": 2, "ResiliencyDefaultPeriod": 240, "QuarantineThreshold": 3,
        "QuarantineDuration": 7200, "DrainOnShutdown": 1, "ClusterEnforcedAntiAffinity": 0, "S2DEnabled": 1,
        "MaximumParallelMigrations": 4, "SetSMBBandwidthLimit": 1, "SMBBandwidthLimitFactor": 2550,
    }  # fmt: skip
    assert cluster_settings.settings_of(new_instance("http://x/y", values), []) == {
        "auto_balancer": "node_join", "resiliency_level": 2, "resiliency_seconds": 240, "quarantine_threshold": 3,
        "quarantine_duration": 7200, "drain_on_shutdown": True, "enforced_anti_affinity": False,
        "storage_spaces_direct": True, "parallel_migrations": 4, "smb_limit": True, "smb_percent": 25.5,
    }  # fmt: skip
    unknown: list[t.Any] = []
    found = cluster_settings.settings_of(new_instance("http://x/y", dict.fromkeys(values, "odd")), unknown)
    assert set(found.values()) == {None, False}
    assert [one.what.removeprefix("cluster.settings.") for one in unknown] == [
        "auto_balancer", "smb_percent", *(name for name in found if name not in ("auto_balancer", "smb_percent")),
    ]  # fmt: skip


def test_the_numbers_that_are_written_are_those_that_are_read() -> None:
    """Msvm_VirtualSystemSettingData: AutomaticShutdownAction and UserSnapshotType."""
    assert vm_settings.STOP_ACTION_NUMBERS == {"turn_off": 2, "save": 3, "shut_down": 4}
    assert vm_settings.CHECKPOINT_NUMBERS == {"disabled": 2, "production": 3, "production_only": 4, "standard": 5}


def test_the_witness_of_a_cluster_in_which_only_nodes_vote_is_not_read() -> None:
    found = FakeHost({(CIMV2, "x"): []})
    own = new_instance("http://x/y", {"QuorumTypeValue": 1, "DynamicQuorumEnabled": 1, "WitnessDynamicWeight": 0})
    assert quorum.read_quorum(t.cast("t.Any", found), own, []) == {
        "dynamic": True, "witness": {"type": "none", "name": None, "state": None, "path": None}, "witness_vote": 0,
    }  # fmt: skip
    assert found.asked == []


def test_the_share_of_a_witness_is_that_of_a_file_share_only() -> None:
    private = Instance(new_instance("http://x/y", {"SharePath": r"\\fs1\w"}).element)
    paths = {
        kind: witness(Type=kind, PrivateProperties=private)["path"] for kind in ("File Share Witness", "Cloud Witness")
    }
    assert paths == {"File Share Witness": r"\\fs1\w", "Cloud Witness": None}
    assert witness(Type="File Share Witness") == {"type": "file_share", "name": "W", "state": "unknown", "path": None}
