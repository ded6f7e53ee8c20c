# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small estate with something to change in each part, and what plans and records of it contain."""

from __future__ import annotations

import contextlib
import json
import re
import typing as t

import stage as staging
from ansible_collections.winha.cluster.plugins.module_utils._change.plan import digest_of
from lab.windows import adapter_state, registry
from stage import Run, Stage, Variables, changes, estate_file

if t.TYPE_CHECKING:
    from pathlib import Path

PLAN, APPLY, ENFORCE, UNDO = (f"winha.cluster.{name}" for name in ("plan", "apply", "enforce", "undo"))
PERMITTED = {"migration_network_allow_drain": True}
ADAPTER = "Live Migration"
Row = tuple[t.Any, ...]
SETTINGS: t.Sequence[Row] = (
    ("vm_offline_action", "hv01", "SQL01", "save", "shut_down", "nothing"),
    ("heartbeat", "ex01", "same_subnet_threshold", 5, 10, "nothing"),
    *(
        ("net_adapter", host, f"Live Migration {setting}", before, after, "node_drain")
        for host in ("hv01", "hv02")
        for setting, before, after in (("mtu", 1500, 9000), ("receive_buffers", 512, 4096))
    ),
)
# What these settings are in the store: owner, property, values before and after.
STORED: t.Mapping[tuple[str, str], Row] = {
    ("HVC1", "OfflineAction"): (1, 2),
    ("DAG1", "SameSubnetThreshold"): (5, 10),
    ("hv01", "*JumboPacket"): ("1514", "9014"),
    ("hv02", "*JumboPacket"): ("1514", "9014"),
    ("hv01", "*ReceiveBuffers"): ("512", "4096"),
    ("hv02", "*ReceiveBuffers"): ("512", "4096"),
}
# What follows from the registry of an adapter.
DERIVED = ("RegistryValue", "DisplayValue", "MtuSize", "NlMtu")
FREE = {key: STORED[key] for key in (("HVC1", "OfflineAction"), ("DAG1", "SameSubnetThreshold"))}


def description(network: str) -> Variables:
    """Two Hyper-V nodes with one virtual machine each, and a DAG of two members."""
    estate = estate_file(network)
    estate["hosts"] = [one for one in estate["hosts"] if one["name"] in ("hv01", "hv02", "ex01", "ex02")]
    estate["clusters"] = [one for one in estate["clusters"] if one["name"] in ("HVC1", "DAG1")]
    estate["clusters"][0]["virtual_machines"] = [
        {"name": "SQL01", "owner": "hv01", "private_properties": {"OfflineAction": 1, "ShutdownAction": 0}},
        {"name": "WEB01", "owner": "hv02", "private_properties": {"OfflineAction": 2, "ShutdownAction": 0}},
    ]
    return estate


@contextlib.contextmanager
def started(network: str, folder: Path) -> t.Iterator[Stage]:
    with staging.stage(description(network), folder) as lab:
        yield lab


def plan_of(folder: Path) -> Variables:
    """The plan in a folder."""
    return t.cast("Variables", json.loads((folder / "plan.json").read_text("utf-8")))


def saved(file: Path, plan: Variables) -> str:
    """Save a plan, with its digest; the name of the file."""
    file.write_text(json.dumps({**plan, "digest": digest_of(plan)}), "utf-8")
    return str(file)


def rows(changes_of_plan: t.Iterable[Variables]) -> list[Row]:
    """Changes of a plan as rows like those of SETTINGS, sorted."""
    names = ("module", "host", "label", "before", "after", "cost")
    return sorted((tuple(each[name] for name in names) for each in changes_of_plan), key=str)


def record_file(folder: Path) -> Path:
    """The only record in a folder."""
    (found,) = folder.glob("record-*.jsonl")
    return found


def record_of(file: Path) -> list[Variables]:
    """The lines of a record."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def confirmed(record: t.Iterable[Variables]) -> list[Variables]:
    """The lines of what was read back after it was written."""
    return [line for line in record if all(row.get("confirmed", True) for row in line["changes"])]


def written(record: t.Iterable[Variables]) -> list[Row]:
    """The changes that a record has as read back, without drains, as rows like those of SETTINGS without the cost."""
    return sorted(
        (
            (line["module"], line["host"], row["label"], row["before"], row["after"])
            for line in record
            for row in line["changes"]
            if line["module"] != "cluster_node" and row.get("confirmed", True)
        ),
        key=str,
    )


def statistics(run: Run) -> Variables:
    """What the run has kept with set_stats, from the output."""
    (text,) = re.findall(r"^\tRUN: (.*)$", run.output, re.MULTILINE)
    return t.cast("Variables", json.loads(text))


def store(lab: Stage, before: staging.Picture) -> dict[tuple[str, str], Row]:
    """The settings that differ from a picture, as STORED has them. Anything else that differs is here, too."""
    return {
        (owner, name.rpartition(".")[2]): values
        for (owner, _instance, name), values in changes(before, lab.picture()).items()
        if name not in DERIVED and any(values)  # a drain mark that was taken away is an empty text
    }


def set_threshold(lab: Stage, value: int) -> None:
    """Somebody else sets the heartbeat of the DAG."""
    found = lab.estate.cluster("DAG1").named("MSCluster_Cluster", "DAG1")
    assert found is not None
    lab.estate.cluster("DAG1").write(found, {"SameSubnetThreshold": value})


def set_adapter(lab: Stage, host: str, keyword: str, value: str) -> None:
    """Somebody else sets an advanced property of the adapter for live migration."""
    repository = lab.estate.host(host)
    (adapter,) = [one for one in lab.estate.estate.host(host).adapters if one.name == ADAPTER]
    registry.write_value(repository, adapter, keyword, value)
    adapter_state.update_advanced_properties(repository, adapter)


def pauses(lab: Stage) -> list[str]:
    """The nodes that were drained, in order."""
    return [entry.selectors["Name"] for entry in lab.writes() if entry.method == "Pause"]
