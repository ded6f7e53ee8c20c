# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every entry of what the clusters of a run are asked for: the rounds, the plan, its impact and its text.

The expected results are in the folder whole. C(WINHA_WRITE_RESULTS=1 pytest …) writes them anew; read what changed.
"""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._change.plan import make_plan
from ansible_collections.winha.cluster.plugins.module_utils._change.text import impact_rows, text_of
from change_samples import SATURDAY, cluster, host, node, role, roll

Row = dict[str, t.Any]
WHOLE = pathlib.Path(__file__).parent / "whole"
RESULTS = {
    "dag_heartbeat": ["dag_heartbeat_set"],
    "hyperv_cluster": ["hyperv_cluster_set", "hyperv_cluster_groups_set", "hyperv_cluster_vm_settings_set"],
    "migration_network": ["migration_network_plan"],
    "exchange_kerberos": ["exchange_kerberos_set"],
}
MARK = {"run": "r1", "started": "2026-11-28T22:00:00Z", "roles": ["EX01"]}
WAITING = {
    "label": "EX01 automatic_stop_action", "thing": "EX01", "id": "ID1", "setting": "automatic_stop_action",
    "wanted": "shut_down", "current": "save", "reason": "Shut it down", "waits_for": "shutdown",
}  # fmt: skip


def change(label: str, before: t.Any, after: t.Any) -> Row:
    return {"label": label, "setting": label, "thing": label, "before": before, "after": after}


def dag() -> Row:
    nodes = [{"name": name} for name in ("EX01", "EX02")]
    return {
        "inventory_hostname": "ex01",
        "dag_heartbeat_read": {"cluster": {"name": "DAG1", "fqdn": "dag1.example.test", "nodes": nodes}},
        "dag_heartbeat_set": {
            "changes": [change("same_subnet_threshold", 5, 10), change("same_subnet_delay", None, 1)]
        },
    }


def controller(**result: t.Any) -> Row:
    spn = change("http/mail.example.test", [], ["CN=ASA,DC=example,DC=test"])
    done = {"results": [{"changes": [spn]}, {"skipped": True}]}
    return {"inventory_hostname": "dc01", "exchange_kerberos_set": result or done}


def alone() -> Row:
    found = host("alone", {"computer": "ALONE", "cluster": None, "network_atc": False})
    found["migration_network_plan"]["connection_adapters"] = ["LM1"]
    return found


def mixed(drain: str = "live") -> list[Row]:
    """A cluster of two nodes with all kinds of changes, a standalone host, a DAG member and a domain controller."""
    hosts = cluster("HV01", "HV02", roles=[role("EX01", "HV01"), role("FILE01", "HV02", drain=drain)])
    hosts[0]["hyperv_cluster_set"] = {"changes": [change("EX01", "save", "shut_down")]}
    hosts[0]["hyperv_cluster_vm_settings_set"] = {"results": [{"changes": [], "left_alone": [WAITING]}]}
    return [*hosts, alone(), dag(), controller()]


def many_machines() -> list[Row]:
    """A cluster whose drain saves, shuts down and turns off more machines than a text names."""
    kinds = ("saved", "shut_down", "turned_off", "offline", None)
    roles = [role(f"VM{number:02}", "HV01", drain=kinds[number % 5]) for number in range(30)]
    return cluster("HV01", "HV02", "HV03", roles=roles)


def lost() -> list[Row]:
    """A cluster with a node that was not read, a role that failed, and a host that is not in the play any more."""
    hosts = [*cluster("HV01", nodes=[node("HV01"), node("HV02")]), host("hv02", None), alone(), dag()]
    hosts[0]["hyperv_cluster_read"] = {"cluster": {"name": "HVC1", "fqdn": "HVC1.example.test"}}
    hosts[-1]["dag_heartbeat_set"] = {"failed": True, "msg": "Access denied."}
    return [*hosts, controller(unreachable=True, msg="No connection.")]


def read_only() -> list[Row]:
    """Hosts of a cluster that only the role for clusters has read."""
    read = {"cluster": {"name": "HVC9", "fqdn": "hvc9.example.test"}}
    written = {"changes": [change("EX09", "save", "shut_down")]}
    return [{"inventory_hostname": "hv09", "hyperv_cluster_read": read, "hyperv_cluster_set": written}]


def drained() -> list[Row]:
    """A node that an earlier run left drained, in a cluster of three nodes with a DAG."""
    nodes = [node("HV01", state="paused", drain="completed", mark=MARK), node("HV02"), node("HV03")]
    roles = [role(f"EX0{number}", f"HV0{number % 3 + 1}", anti_affinity=["DAG"]) for number in (1, 2)]
    return cluster("HV01", "HV02", "HV03", nodes=nodes, roles=roles)


def equal_names() -> list[Row]:
    """Two clusters with one name in two domains, one of which is healthy."""
    east = cluster("HV01", "HV02", name="HVC1.east.test")
    west = cluster("HV11", "HV12", name="HVC1.west.test", networks=[{"name": "LM", "state": "down"}])
    return [*east, *west]


HOSTS: dict[str, tuple[t.Callable[[], list[Row]], Row]] = {
    "permitted": (mixed, {"allow_restart": True}),
    "not_permitted": (mixed, {"allow_drain": False}),
    "without_drains": (mixed, {"drain": False, "allow_restart": True}),
    "a_gate_fails": (lambda: mixed("saved"), {"allow_restart": True}),
    "a_gate_is_allowed": (lambda: mixed("saved"), {"allow_gates": ["virtual_machines_live"]}),
    "many_machines": (many_machines, {"allow_gates": ["virtual_machines_live"]}),
    "not_read": (lost, {}),
    "left_the_play": (mixed, {"playing": ["hv01", "alone"], "allow_restart": True}),
    "read_only": (read_only, {}),
    "drained": (drained, {"dag_members": [dag()]}),
    "equal_names": (equal_names, {}),
    "only_one": (mixed, {"only": ["hv02"], "allow_restart": True}),
    "outside_the_window": (mixed, {"maintenance_window": "Sun 22:00-Mon 04:00"}),
    "inside_the_window": (mixed, {"now": SATURDAY + datetime.timedelta(hours=1), "maintenance_window": "22:00-04:00"}),
    "nothing": (list, {}),
}


@pytest.mark.parametrize("name", HOSTS)
def test_the_whole_plan(name: str) -> None:
    make, options = HOSTS[name]
    hosts = make()
    found_by_adapters = [one for one in hosts if "migration_network_plan" in one or "migration_network_health" in one]
    rolling = roll(found_by_adapters, **options)
    plan = make_plan(hosts, rolling=rolling, created="2026-11-28T22:00:00Z", results=RESULTS)
    whole = {"rolling": rolling, "plan": plan, "impact": impact_rows(plan), "text": text_of(plan)}
    file = WHOLE / f"{name}.json"
    if os.environ.get("WINHA_WRITE_RESULTS"):
        file.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert json.loads(json.dumps(whole)) == json.loads(file.read_text("utf-8"))
