# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The migration estate, a cluster with different adapters on each node, and helpers to read its state."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import typing as t
from pathlib import Path

import stage as staging
import yaml
from stage import Stage, Variables

if t.TYPE_CHECKING:
    from lab.journal import Entry

NODES = ("hv41", "hv42", "hv43", "hv44")
RESTART_SECONDS, DRAIN_SECONDS = 0.4, 0.2
ADVANCED = "MSFT_NetAdapterAdvancedPropertySettingData"

# The wanted values of the live-migration adapters of each node.
WANTED_VALUES = {
    "hv41": {"*JumboPacket": "9014", "*ReceiveBuffers": "4096"},
    "hv42": {"*JumboPacket": "9000", "*ReceiveBuffers": "8192"},
    "hv43": {"*JumboPacket": "9014", "*ReceiveBuffers": "4096"},
    "hv44": {"*JumboPacket": "9014", "*ReceiveBuffers": "2048"},
}

# State and NodeDrainStatus
DRAINED = (2, 2)
ACTIVE = (0, 0)


def description(network: str) -> Variables:
    """The estate with other addresses and shorter times."""
    text = (staging.ESTATES / "migration.yml").read_text("utf-8").replace("127.22.0.", f"{network}.")
    estate = t.cast("Variables", yaml.safe_load(text))
    return estate | {"restart_seconds": RESTART_SECONDS, "drain_seconds": DRAIN_SECONDS}


@contextlib.contextmanager
def migration(network: str, folder: Path) -> t.Iterator[Stage]:
    """Start the estate, and stop it at the end."""
    with staging.stage(description(network), folder) as lab:
        yield lab


def reset(lab: Stage, change: t.Callable[[Variables], object] = lambda estate: None) -> Stage:
    """Reset the estate to its file with a change; addresses and names stay."""
    network = lab.estate.estate.host("hv41").address.rpartition(".")[0]
    estate = description(network)
    change(estate)
    (lab.folder / "estate.yml").write_text(yaml.safe_dump(estate, sort_keys=False), "utf-8")
    lab.estate.reset()
    return lab


def host(estate: Variables, name: str) -> Variables:
    """A host in an estate file."""
    return next(t.cast("Variables", one) for one in estate["hosts"] if one["name"] == name)


def adapter(estate: Variables, owner: str, name: str) -> Variables:
    """An adapter in an estate file."""
    return next(t.cast("Variables", one) for one in host(estate, owner)["adapters"] if one["name"] == name)


def compliant(*names: str) -> t.Callable[[Variables], None]:
    """Make a change after which the live-migration adapters of these nodes are compliant."""

    def change(estate: Variables) -> None:
        for name in names:
            own = host(estate, name)
            for one in own["adapters"]:
                if one["name"] not in ("Management", "Heartbeat"):
                    one["values"] = WANTED_VALUES[name]
            for switch in own.get("switches", ()):
                switch["vnics"][0]["values"] = {"*JumboPacket": "9014"}

    return change


def one_each(estate: Variables) -> None:
    """Leave one virtual machine on each node, so that the nodes are in the order of the inventory."""
    kept = [one for one in estate["clusters"][0]["virtual_machines"] if one["name"].startswith("EX")]
    estate["clusters"][0]["virtual_machines"] = kept


def role(where: str = "migration", network: str | None = "LiveMigration", **variables: t.Any) -> str:
    """A playbook of the role with the permission to drain, and with short time limits."""
    usual = {"drain_timeout": 60, "reconnect_timeout": 20, "allow_drain": True, "allow_saved": ["TEST01"]}
    values: Variables = {f"migration_network_{name}": value for name, value in usual.items()}
    values |= {"migration_network_cluster_network": network, **variables}
    role_variables = {name: value for name, value in values.items() if value is not None}
    listed = [{"role": "winha.cluster.migration_network", "vars": role_variables}]
    return yaml.safe_dump([{"hosts": where, "gather_facts": False, "roles": listed}], sort_keys=False)


def ours(where: str, module: str, options: Variables | None = None, **keywords: t.Any) -> str:
    """A playbook of one task of this collection."""
    return staging.tasks(where, {f"winha.cluster.{module}": options or {}, **keywords})


def stored_value(lab: Stage, owner: str, name: str, keyword: str) -> str:
    """The stored value of an advanced property of an adapter."""
    (found,) = [
        one.values["RegistryValue"]
        for one in lab.estate.host(owner).all_instances()
        if one.cls.name == ADVANCED and (one.values["Name"], one.values["RegistryKeyword"]) == (name, keyword)
    ]
    (value,) = t.cast("list[str]", found)
    return value


def in_effect(lab: Stage, owner: str, name: str) -> int:
    """The MTU of an adapter that is in effect."""
    (found,) = [
        one.values["MtuSize"]
        for one in lab.estate.host(owner).all_instances()
        if one.cls.name == "MSFT_NetAdapter" and one.values["Name"] == name
    ]
    return t.cast("int", found)


def node(lab: Stage, name: str, cluster: str = "HVC4") -> tuple[t.Any, t.Any]:
    """State and NodeDrainStatus of a node."""
    found = lab.estate.cluster(cluster).named("MSCluster_Node", name)
    assert found is not None
    return found.values["State"], found.values["NodeDrainStatus"]


def nodes(lab: Stage) -> dict[str, tuple[t.Any, t.Any]]:
    return {name: node(lab, name) for name in NODES}


def put(lab: Stage, entry: Entry) -> tuple[str, str, str, t.Any]:
    """A write of an advanced property: host, adapter, keyword and stored value."""
    guid, _mark, keyword = entry.selectors["InstanceID"].partition("::")
    owner = lab.estate.estate.host(entry.host)
    (name,) = [one.name for one in owner.adapters if one.guid.casefold() == guid.strip("{}").casefold()]
    after = [change.after for change in entry.changes if change.property == "RegistryValue"]
    return entry.host, name, keyword, after[0][0] if after else None


def puts(lab: Stage) -> list[tuple[str, str, str, t.Any]]:
    """All writes of advanced properties."""
    return [put(lab, entry) for entry in lab.writes() if entry.operation == "Put"]


def events(lab: Stage, *methods: str) -> list[tuple[str, str]]:
    """The events with these methods: host and name."""
    return [(one.host, one.selectors["Name"]) for one in lab.estate.journal(events=True) if one.method in methods]


def restarts(lab: Stage) -> list[tuple[str, str]]:
    return events(lab, "AdapterRestart")


def drains(lab: Stage) -> list[str]:
    return [name for _owner, name in events(lab, "DrainStarted")]


def timeline_of(lab: Stage) -> list[tuple[str, str, str]]:
    """Pauses, resumes and restarts in order: event, host or node, and name."""
    entries = []
    for entry in lab.journal():
        if entry.operation == "Event" and entry.method in ("AdapterRestart", "AdapterUp"):
            entries.append((entry.method, entry.host, entry.selectors["Name"]))
        elif entry.write and entry.method in ("Pause", "Resume"):
            entries.append((entry.method, entry.selectors["Name"], ""))
    return entries


def assert_one_node_at_a_time(lab: Stage) -> list[str]:
    """Assert that nothing happens to other nodes between the pause and the resume of a node; return the order."""
    paused, order = "", []
    for what, owner, name in timeline_of(lab):
        if what == "Pause":
            assert paused == "", f"{owner} is drained while {paused} is paused"
            paused = owner
            order.append(owner)
        elif what == "Resume":
            assert owner == paused, f"{owner} is resumed while {paused or 'no node'} is paused"
            paused = ""
        else:
            assert owner == paused, f"{name} of {owner}: {what} while {paused or 'no node'} is paused"
    return order


def wait_for(condition: t.Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(json.JSONDecodeError):  # the last line of the journal is incomplete
            if condition():
                return
        assert time.monotonic() < deadline
        time.sleep(0.02)


def run_cases(lab: Stage, where: str, module: str, cases: t.Mapping[str, Variables]) -> dict[str, staging.Result]:
    """Run a task for each of these options in one play; return the results."""
    listed = [
        {"name": name, f"winha.cluster.{module}": options, "ignore_errors": True} for name, options in cases.items()
    ]
    run = lab.play(staging.tasks(where, *listed))
    return {result.task: result for result in run.results}


def settings(result: staging.Result) -> dict[tuple[str, str], tuple[t.Any, t.Any, str]]:
    """The settings in a result of net_adapter: before, now, and result."""
    return {
        (row["adapter"], row["setting"]): (row["before"], row["now"], row["result"])
        for row in result.data["settings"]
        if "now" in row
    }


def process_tree(pid: int) -> t.Iterator[int]:
    """A process and its descendants: the workers of ansible-core are in process groups of their own."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text("ascii").split():
                yield from process_tree(int(child))


def kill(lab: Stage, play: str, when: t.Callable[[], bool], **more: t.Any) -> None:
    """Start a run and kill all its processes when a condition is true."""
    command, environment, folder = lab.prepare(play, **more)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, env=environment, cwd=folder, stdout=quiet, stderr=quiet, start_new_session=True
    ) as process:
        wait_for(when)
        for pid in list(process_tree(process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
