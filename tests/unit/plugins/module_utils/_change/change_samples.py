# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts of a run reported, as the tests of a change need it."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._change.clusters import hosts_of
from ansible_collections.winha.cluster.plugins.module_utils._change.dag import dags_of
from ansible_collections.winha.cluster.plugins.module_utils._change.gate import read_options
from ansible_collections.winha.cluster.plugins.module_utils._change.health import read_health
from ansible_collections.winha.cluster.plugins.module_utils._change.rolling import Run, rolling_change

Row = dict[str, t.Any]
SATURDAY = datetime.datetime(2026, 11, 28, 23, 0)


def role(name: str, owner: str, **other: t.Any) -> Row:
    own = {"name": name, "type": "virtual_machine", "owner": owner, "state": "online", "anti_affinity": []}
    return {**own, "moving": False, "machine": name, "drain": "live", **other}


def node(name: str, **other: t.Any) -> Row:
    own = {"name": name, "state": "up", "drain": "not_started", "vote": 1, "dynamic_vote": 1}
    return {**own, "mark": None, "mark_unknown": "", **other}


def health(computer: str, *, cluster: str, nodes: t.Sequence[Row], roles: t.Sequence[Row] = (), **other: t.Any) -> Row:
    own = {
        "computer": computer,
        "cluster": {"name": cluster.split(".", 1)[0], "fqdn": cluster, "id": ""},
        "storage_spaces_direct": False,
        "nodes": list(nodes),
        "networks": [{"name": "Live Migration", "state": "up"}],
        "roles": list(roles),
        "storage": None,
        "updating": False,
        "network_atc": False,
        "quorum_lost_without": {computer: False},
        "unknown": [],
    }
    return {**own, **other}


def host(name: str, found: Row | None, *, changed: bool = True) -> Row:
    """The variables of a host; without health its tasks failed."""
    if found is None:
        return {"inventory_hostname": name, "migration_network_health": {"failed": True, "msg": "No connection."}}
    changes = [{"label": "LM1 mtu", "setting": "mtu", "thing": "LM1", "before": 1500, "after": 9000}]
    result = {"changed": changed, "restarts": ["LM1"] if changed else [], "changes": changes if changed else []}
    return {"inventory_hostname": name, "migration_network_health": {"health": found}, "migration_network_plan": result}


def cluster(
    *computers: str,
    name: str = "HVC1.example.test",
    roles: t.Sequence[Row] = (),
    nodes: t.Sequence[Row] = (),
    **other: t.Any,
) -> list[Row]:
    """The hosts of one cluster, each with the same view of it."""
    listed = nodes or [node(each) for each in computers]
    return [host(each.lower(), health(each, cluster=name, nodes=listed, roles=roles, **other)) for each in computers]


def roll(
    hosts: t.Sequence[Row],
    *,
    dag_members: t.Sequence[Row] = (),
    playing: t.Sequence[str] | None = None,
    earlier: Row | None = None,
    only: t.Sequence[str] | None = None,
    now: datetime.datetime = SATURDAY,
    **options: t.Any,
) -> Row:
    names = [each["inventory_hostname"] for each in hosts] if playing is None else playing
    variables = {"health": "migration_network_health", "changes": "migration_network_plan"}
    before = {name: read for name, value in (earlier or {}).items() if (read := read_health(value))}
    return rolling_change(
        Run(
            hosts=hosts_of(hosts, playing=names, **variables),
            options=read_options({"allow_drain": True, **options}),
            dags=dags_of(dag_members, "dag_heartbeat_read"),
            earlier=before,
            only=None if only is None else frozenset(only),
            now=now,
        )
    )
