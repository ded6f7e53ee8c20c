# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each module returns and writes on the lab: in check mode, then in earnest, then again.

The expected results are in the folder results. C(WINHA_WRITE_RESULTS=1 pytest …) writes them anew; read what changed.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import typing as t

import pytest
from torture.cells import Stand, stand
from torture.estate import Picture, journal_since, journal_size, settle
from torture.variants import VARIANTS, Variant

RESULTS = pathlib.Path(__file__).parent / "results"
MORE = (
    Variant(name="vm_offline_action/patterns", host="tn2", options={
        "names": ["VM*"], "exclude": ["VM2", "vm4"], "action": "turn_off",
    }),
    Variant(name="vm_offline_action/unmatched", host="tn1", options={"names": ["VM1"], "exclude": ["none*"]}),
    Variant(name="cluster_group/owner", host="tn1", options={"names": ["VM3"], "possible_owners": ["tn1"]}),
    Variant(name="cluster_group/none", host="tn1", prepared_by="cluster_group/role", options={
        "names": ["VM*"], "anti_affinity_class_names": [], "priority": 2000,
    }),
    Variant(name="vm_settings/waits", host="ts1", options={
        "names": ["*"], "automatic_stop_action": "shut_down", "dynamic_memory": False,
    }),
    Variant(name="vm_settings/dynamic", host="ts1", prepared_by="vm_settings/off", options={
        "names": ["OFF1"], "dynamic_memory": True, "minimum_memory_mb": 1024, "maximum_memory_mb": 65536,
    }),
    Variant(name="net_adapter/settings", host="tn1", options={
        "adapters": ["LM", "Heartbeat"], "properties": {"*FlowControl": "0"}, "mtu": 9000, "on_unsupported": "report",
    }),
    Variant(name="net_adapter/network", host="tn1", options={
        "cluster_network": "LiveMigration", "mtu": 9000, "restart": "defer",
    }),
    Variant(name="net_adapter/pending", host="tn1", prepared_by="net_adapter/defer", options={
        "adapters": ["LM"], "mtu": 9000, "receive_buffers": 4096, "reconnect_timeout": 3,
    }),
    Variant(name="net_adapter/own", host="tn1", options={
        "adapter_properties": {"LM": {"*FlowControl": "0"}, "Heartbeat": {"*JumboPacket": "9014"}},
    }),
    Variant(name="net_adapter/live_migration", host="tn1", options={"live_migration": True, "receive_buffers": 100000}),
    Variant(name="cluster_info/some", host="tn1", options={"gather": ["networks", "nodes"]}),
    Variant(name="cluster_info/old", host="to1"),
    Variant(name="cluster_info/quorum", host="tn1", options={"gather": ["quorum", "placement"]}),
    Variant(name="cluster_info/quorum_old", host="to1", options={"gather": ["quorum", "placement"]}),
    Variant(name="cluster_health_info/old", host="to1"),
    Variant(name="host_info/some", host="tn1", options={"gather": ["adapters", "windows"]}),
    Variant(name="heartbeat/shorter", host="te1", options={"same_subnet_delay": 500}),
    Variant(name="jumbo_path_info/nodes", host="tn1", options={"nodes": ["TN2"], "mtu": 1500}),
)  # fmt: skip
ALL = {one.name: one for one in (*VARIANTS.values(), *MORE)}


@pytest.fixture(scope="module")
def lab() -> t.Iterator[Stand]:
    with stand() as found:
        yield found


def told(lab: Stand, value: t.Any) -> t.Any:
    """A value without what differs between two runs: addresses of the lab, and times."""
    if isinstance(value, dict):
        return {str(key): told(lab, inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [told(lab, inner) for inner in value]
    if isinstance(value, str):
        network = re.escape(lab.lab.estate.host("tn1").address.rpartition(".")[0])
        text = re.sub(rf"\b{network}\.", "127.0.0.", str(value))
        return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "2026-01-01T00:00:00Z", text)
    return value


def run(lab: Stand, variant: Variant, *, check_mode: bool) -> dict[str, t.Any]:
    """The result or the error of a task, how many requests it sent, and what it wrote."""
    before, size = Picture(lab.lab), journal_size(lab.lab)
    lab.tap.begin(None, 0, lasting=False)
    result, error = lab.call(variant, check_mode=check_mode)
    lab.tap.end()
    entries = journal_since(lab.lab, size)
    settle(lab.lab)
    assert before.differences(Picture(lab.lab)) == set() or not check_mode
    written = [
        f"{change.instance} {change.property}: {change.before} -> {change.after}"
        for entry in entries
        for change in entry.changes
    ]
    # A module that waits for an adapter or a drain asks as often as the machine gives it time to.
    waits = variant.module in ("cluster_node", "net_adapter", "vm_settings") and not check_mode
    requests = None if waits else sum(entry.operation != "Event" for entry in entries)
    return told(lab, {
        "result": result if error is None else {"error": str(error)},
        "requests": requests,
        "writes": [entry.method or entry.operation for entry in entries if entry.write],
        "written": sorted(written),
    })  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_a_module_returns_and_writes_what_is_expected(lab: Stand, name: str) -> None:
    variant = ALL[name]
    lab._prepared = ""
    lab._prepare(variant)
    found = {
        "check": run(lab, variant, check_mode=True),
        "first": run(lab, variant, check_mode=False),
        "second": run(lab, variant, check_mode=False),
    }
    lab._prepared = ""
    file = RESULTS / f"{name.replace('/', '-')}.json"
    if os.environ.get("WINHA_WRITE_RESULTS"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    expected = json.loads(file.read_text("utf-8"))
    for step, value in found.items():
        assert value == expected[step], step
    assert found["check"]["writes"] == []
    assert found["second"]["writes"] == []
