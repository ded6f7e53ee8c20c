# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of the cells: a module with options, what they ask for, and how the store shows it."""

from __future__ import annotations

import dataclasses
import json
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .estate import Picture

RUN = "torture"
HEADER = 14  # bytes of the Ethernet header in the value of an Intel driver
ADVANCED = "MSFT_NetAdapterAdvancedPropertySettingData"
ACTIONS = {0: "turn_off", 1: "save", 2: "shut_down", 3: "shut_down_forced"}
NODE_STATES = {0: "up", 1: "down", 2: "paused", 3: "joining"}
State = dict[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A module with options on one host.

    C(wanted): the values that the options ask for, by the label of the change. C(state): the values in the store, by
    the same labels. C(refuses): a method of the lab that has no effect, so that the module goes another way.
    C(prepared_by): the name of the variant that runs before.
    """

    name: str
    host: str
    options: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    wanted: Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    state: Callable[[Picture], State] = lambda _picture: {}
    refuses: str = ""
    prepared_by: str = ""

    @property
    def module(self) -> str:
        """The name of the module."""
        return self.name.partition("/")[0]

    @property
    def writes(self) -> bool:
        """Whether the module writes."""
        return bool(self.wanted)


def offline_actions(picture: Picture) -> State:
    """The offline action of each virtual machine."""
    return {
        name.removeprefix("Virtual Machine "): ACTIONS[values["PrivateProperties.OfflineAction"]]
        for name, values in picture.instances("TC", "MSCluster_Resource").items()
        if values["Type"] == "Virtual Machine"
    }


def heartbeat(cluster: str) -> Callable[[Picture], State]:
    """The heartbeat settings of a cluster."""
    names = {
        "same_subnet_delay": "SameSubnetDelay",
        "same_subnet_threshold": "SameSubnetThreshold",
        "cross_subnet_delay": "CrossSubnetDelay",
        "cross_subnet_threshold": "CrossSubnetThreshold",
    }

    def state(picture: Picture) -> State:
        values = picture.instances(cluster, "MSCluster_Cluster")[cluster]
        return {option: values[name] for option, name in names.items()}

    return state


def clustered_machines(picture: Picture) -> State:
    """The offline action and the owner node of each virtual machine, and the heartbeat of the cluster."""
    owners = {label: value for label, value in node(picture).items() if label.endswith(" owner")}
    return offline_actions(picture) | owners | heartbeat("TC")(picture)


def cluster_health(picture: Picture) -> State:
    """The state of each node, and the owner node of each virtual machine."""
    nodes = picture.instances("TC", "MSCluster_Node")
    owners = {label: value for label, value in node(picture).items() if label.endswith(" owner")}
    return {name: NODE_STATES[values["State"]] for name, values in nodes.items()} | owners


def host_adapters(picture: Picture) -> State:
    """The MTU of each adapter of tn1 that is in effect."""
    return {f"{name} mtu": one["MtuSize"] for name, one in picture.instances("tn1", "MSFT_NetAdapter").items()}


def node(picture: Picture) -> State:
    """The node tn1 with its drain mark, and the owner of each virtual machine."""
    values = picture.instances("TC", "MSCluster_Node")["tn1"]
    paused = {1: "draining", 2: "drained"}.get(values["NodeDrainStatus"], "paused")
    mark = values.get("PrivateProperties.WinhaDrain") or ""
    groups = picture.instances("TC", "MSCluster_ResourceGroup")
    owners = {f"{name} owner": groups[name]["OwnerNode"] for name in ("VM1", "VM2", "VM3", "VM4")}
    return {
        "tn1": paused if values["State"] == 2 else "active",
        "drain mark": json.loads(mark)["run"] if mark else "none",
        **owners,
    }


def adapter(host: str, name: str) -> Callable[[Picture], State]:
    """The stored MTU and receive buffers of an adapter, as the driver uses them after a restart."""

    def state(picture: Picture) -> State:
        found = {
            one["RegistryKeyword"]: one["RegistryValue"][0]
            for one in picture.by_key(host, ADVANCED).values()
            if one["Name"] == name
        } or registry_values(picture, host)
        return {
            f"{name} mtu": int(found["*JumboPacket"]) - HEADER,
            f"{name} receive_buffers": int(found["*ReceiveBuffers"]),
        }

    return state


def registry_values(picture: Picture, host: str) -> State:
    """The values of the second adapter in the registry, for Windows Server 2008 R2."""
    (values,) = [one for key, one in picture.by_key(host, "Lab_RegistryKey").items() if key.endswith("\\0002")]
    return {name.removeprefix("Values."): value for name, value in values.items()}


def cluster_groups(picture: Picture) -> State:
    """The settings of the clustered roles VM1 and VM3."""
    groups, owners = (picture.instances("TC", name) for name in ("MSCluster_ResourceGroup", "Lab_PossibleOwners"))
    resources = picture.instances("TC", "MSCluster_Resource")
    state: State = {}
    for name in ("VM1", "VM3"):
        listed = [owners[f"Virtual Machine {kind}{name}"]["NodeNames"] for kind in ("", "Configuration ")]
        move_type = resources[f"Virtual Machine {name}"].get("PrivateProperties.DefaultMoveType")
        state |= {
            f"{name} priority": groups[name]["Priority"],
            f"{name} anti_affinity_class_names": list(groups[name]["AntiAffinityClassNames"] or []),
            f"{name} possible_owners": [
                node if all(node in one for one in listed) else f"{node} (not all resources)"
                for node in sorted({node for one in listed for node in one})
            ],
            f"{name} default_move_type": {4: "live_migration"}.get(move_type, "by_priority"),
        }
    return state


def machine_settings(picture: Picture) -> State:
    """The settings of the virtual machines of ts1 and ts2."""
    state: State = {}
    machines = (picture.instances(host, "Lab_VirtualMachine") for host in ("ts1", "ts2"))
    for name, values in (row for host in machines for row in host.items()):
        stop, kind = values["AutomaticShutdownAction"], values["UserSnapshotType"]
        state |= {
            f"{name} automatic_stop_action": {None: "save", 2: "turn_off", 3: "save", 4: "shut_down"}[stop],
            f"{name} checkpoint_type": {2: "disabled", 3: "production", 4: "production_only", 5: "standard"}[kind],
            f"{name} dynamic_memory": values["DynamicMemoryEnabled"],
            f"{name} startup_memory_mb": values["VirtualQuantity"],
            f"{name} minimum_memory_mb": values["Reservation"],
            f"{name} maximum_memory_mb": values["Limit"],
        }
    return state


def _adapter_variant(kind: str, host: str, name: str, **options: t.Any) -> Variant:
    buffers = 4096 if "LM" in name or name.endswith("2") else 2048
    usual = {"adapters": [name], "mtu": 9000, "receive_buffers": buffers, "reconnect_timeout": 3}
    return Variant(
        name=f"net_adapter/{kind}",
        host=host,
        options=usual | options,
        wanted={f"{name} mtu": 9000, f"{name} receive_buffers": buffers},
        state=adapter(host, name),
    )


_SHUT_DOWN = dict.fromkeys(("VM1", "VM2", "VM3", "VM4"), "shut_down")
_LISTED = (
    Variant(name="cluster_info/all", host="tn1", state=clustered_machines),
    Variant(
        name="cluster_info/machines", host="tn2", options={"gather": ["virtual_machines"]}, state=clustered_machines,
    ),
    Variant(name="host_info/all", host="tn1", state=host_adapters),
    Variant(name="host_info/old", host="to1"),
    Variant(
        name="host_info/system_channel", host="tn1",
        options={"gather": ["channels"], "channels": ["cluster"], "event_days": 7, "channel_wait": 1},
    ),
    Variant(
        name="host_info/channels", host="tn1",
        options={"gather": ["channels"], "channels": ["live_migrations", "saved_states"], "channel_wait": 1},
    ),
    Variant(name="cluster_health_info/all", host="tn1", state=cluster_health),
    Variant(name="jumbo_path_info/network", host="tn1", options={"cluster_network": "LiveMigration"}),
    Variant(name="jumbo_path_info/targets", host="tn1", options={"targets": ["10.44.2.11", "10.44.2.99"]}),
    Variant(name="vm_offline_action/all", host="tn1", wanted=_SHUT_DOWN, state=offline_actions),
    Variant(
        name="vm_offline_action/one", host="tn2", options={"names": ["VM2"]}, wanted={"VM2": "shut_down"},
        state=offline_actions,
    ),
    Variant(
        name="vm_offline_action/put", host="tn1", wanted=_SHUT_DOWN, state=offline_actions,
        refuses="ExecuteResourceControl",
    ),
    Variant(
        name="heartbeat/one", host="te1", options={"same_subnet_threshold": 10}, wanted={"same_subnet_threshold": 10},
        state=heartbeat("TD"),
    ),
    Variant(
        name="heartbeat/steps",
        host="te1",
        options={
            "same_subnet_delay": 2000, "same_subnet_threshold": 4, "cross_subnet_delay": 2000,
            "cross_subnet_threshold": 5, "allow_shorter": True,
        },
        wanted={
            "same_subnet_delay": 2000, "same_subnet_threshold": 4, "cross_subnet_delay": 2000,
            "cross_subnet_threshold": 5,
        },
        state=heartbeat("TD"),
    ),
    Variant(
        name="heartbeat/old", host="to1", options={"same_subnet_threshold": 10, "cross_subnet_threshold": 10},
        wanted={"same_subnet_threshold": 10, "cross_subnet_threshold": 10}, state=heartbeat("TO"),
    ),
    Variant(
        name="heartbeat/put", host="te1", options={"same_subnet_threshold": 10}, wanted={"same_subnet_threshold": 10},
        state=heartbeat("TD"), refuses="ExecuteClusterControl",
    ),
    Variant(
        name="cluster_node/drain", host="tn1", options={"state": "drained", "timeout": 3}, wanted={"tn1": "drained"},
        state=node,
    ),
    Variant(
        name="cluster_node/drain_with_mark", host="tn1", options={"state": "drained", "timeout": 3, "mark": RUN},
        wanted={"tn1": "drained", "drain mark": RUN}, state=node,
    ),
    Variant(
        name="cluster_node/resume", host="tn1", options={"state": "active", "timeout": 3, "mark": RUN},
        wanted={"tn1": "active", "drain mark": "none", "VM1 owner": "tn1", "VM2 owner": "tn1"},
        state=node, prepared_by="cluster_node/drain_with_mark",
    ),
    Variant(
        name="cluster_group/role",
        host="tn1",
        options={"names": ["VM1", "VM3"], "priority": 3000, "anti_affinity_class_names": ["DAG1"]},
        wanted={
            f"{name} {setting}": value
            for name in ("VM1", "VM3")
            for setting, value in (("priority", 3000), ("anti_affinity_class_names", ["DAG1"]))
        },
        state=cluster_groups,
    ),
    Variant(
        name="cluster_group/machine",
        host="tn1",
        options={"names": ["VM1"], "possible_owners": ["TN1"], "default_move_type": "live_migration"},
        wanted={"VM1 possible_owners": ["tn1"], "VM1 default_move_type": "live_migration"},
        state=cluster_groups,
    ),
    Variant(
        name="cluster_group/put", host="tn1", options={"names": ["VM1"], "priority": 1000},
        wanted={"VM1 priority": 1000}, state=cluster_groups, refuses="ExecuteGroupControl",
    ),
    Variant(
        name="vm_settings/off",
        host="ts1",
        options={
            "names": ["OFF1"], "automatic_stop_action": "shut_down", "checkpoint_type": "disabled",
            "dynamic_memory": False, "startup_memory_mb": 32768,
        },
        wanted={
            "OFF1 automatic_stop_action": "shut_down", "OFF1 checkpoint_type": "disabled", "OFF1 dynamic_memory": False,
            "OFF1 startup_memory_mb": 32768, "OFF1 minimum_memory_mb": 32768, "OFF1 maximum_memory_mb": 32768,
        },
        state=machine_settings,
    ),
    Variant(
        name="vm_settings/running", host="ts1", options={"names": ["*1"], "checkpoint_type": "disabled"},
        wanted={"OFF1 checkpoint_type": "disabled", "RUN1 checkpoint_type": "disabled"}, state=machine_settings,
    ),
    Variant(
        name="vm_settings/direct", host="ts2", options={"names": ["OFF2"], "automatic_stop_action": "turn_off"},
        wanted={"OFF2 automatic_stop_action": "turn_off"}, state=machine_settings,
    ),
    _adapter_variant("restart", "tn1", "LM"),
    _adapter_variant("defer", "tn1", "LM", restart="defer"),
    _adapter_variant("connection", "tn1", "Management"),
    _adapter_variant("old", "to1", "Local Area Connection 2"),
)  # fmt: skip
VARIANTS = {one.name: one for one in _LISTED}
