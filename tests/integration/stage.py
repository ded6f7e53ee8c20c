# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-playbook against an estate of the lab, and read the results and the changes."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import textwrap
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import preloaded
import yaml
from lab.inventory import inventory
from lab.running import RunningEstate, running
from lab.wire.values import Embedded

if t.TYPE_CHECKING:
    from lab.journal import Entry
    from lab.windows.repository import Repository

ROOT = Path(__file__).resolve().parents[2]
ESTATES = ROOT / "tests" / "lab" / "estates"
PASSWORD = "Lab-Passw0rd"
TIMEOUT = 600  # seconds for one run of ansible-playbook
CONNECTIONS = [(connection, listener) for connection in ("winrm", "psrp") for listener in ("http", "https")]
DEFECTS = ("Traceback", "MODULE FAILURE", "nexpected", "An unhandled exception", "object at 0x", "[WARNING]: Callback")

Variables = dict[str, t.Any]
Picture = dict[tuple[str, str, str], t.Any]


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one task on one host."""

    host: str
    task: str
    status: str
    item: bool
    data: Variables
    diff: t.Any = None

    @property
    def message(self) -> str:
        # ansible-core adds this prefix to the message of an unreachable host.
        return str(self.data.get("msg", "")).removeprefix("Task failed: ")

    @property
    def changed(self) -> bool:
        return bool(self.data.get("changed"))

    @property
    def actions(self) -> dict[str, tuple[str | None, str]]:
        """The offline action and the result of each virtual machine in a result of vm_offline_action."""
        return {row["name"]: (row["offline_action"], row["result"]) for row in self.data["virtual_machines"]}


@dataclass(frozen=True, slots=True)
class Run:
    """One run of ansible-playbook."""

    rc: int
    output: str
    results: tuple[Result, ...] = field(repr=False)

    def of(self, host: str, task: str | None = None) -> Result:
        """The only result of a host, or that of the task with this name."""
        (found,) = [
            one for one in self.results if one.host == host and not one.item and (task is None or one.task == task)
        ]
        return found

    def items(self, host: str, task: str) -> list[Result]:
        """The results of a loop."""
        return [one for one in self.results if one.item and (one.host, one.task) == (host, task)]


@dataclass(frozen=True, slots=True)
class Stage:
    """A running estate in a separate folder."""

    estate: RunningEstate
    folder: Path
    _numbers: t.Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    def prepare(
        self,
        playbook: str,
        *arguments: str,
        via: tuple[str, str] = ("winrm", "http"),
        hosts: t.Mapping[str, Variables] | None = None,
        groups: t.Mapping[str, t.Sequence[str]] | None = None,
        variables: Variables | None = None,
        environment: t.Mapping[str, str] | None = None,
    ) -> tuple[list[str], dict[str, str], Path]:
        """The command, its environment and the folder of its results.

        A playbook is YAML or the name of one in a collection. C(hosts) adds hosts, and variables to hosts; a variable
        that is None is removed. C(groups) adds groups.
        """
        folder = self.folder / f"run{next(self._numbers)}"
        folder.mkdir()
        # All estates of a session share these, so that they can share a process that has ansible-core loaded.
        settings, home = (self.folder.parent / name for name in ("ansible.cfg", "ansible"))
        settings.touch()
        everything = inventory(self.estate.estate, self.estate.state, *via)
        known = everything["all"]["hosts"]
        for name, own in (hosts or {}).items():
            known[name] = {key: value for key, value in (known.get(name, {}) | own).items() if value is not None}
        for group, members in (groups or {}).items():
            everything["all"]["children"][group] = {"hosts": {name: {} for name in members}}
        everything["all"]["vars"] = {"ansible_python_interpreter": sys.executable, **(variables or {})}
        (folder / "inventory.yml").write_text(yaml.dump(everything, Dumper=_Dumper), "utf-8")
        if "\n" in playbook:
            (folder / "play.yml").write_text(textwrap.dedent(playbook), "utf-8")
            playbook = str(folder / "play.yml")
        program = str(Path(sys.executable).parent / "ansible-playbook")
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "PYTHON", "PYTEST_", "REQUESTS_", "CURL_"))
            and not name.lower().endswith("_proxy")
        }
        run_environment = kept | {
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"),
            "ANSIBLE_CONFIG": str(settings),
            "ANSIBLE_FORKS": "10",
            "ANSIBLE_HOME": str(home),
            "ANSIBLE_NOCOLOR": "1",
            "LC_ALL": "C.UTF-8",
            "RECORD_FILE": str(folder / "results.jsonl"),
            **(environment or {}),
        }
        return [program, "-i", str(folder / "inventory.yml"), playbook, *arguments], run_environment, folder

    def play(self, playbook: str, *arguments: str, wrapper: t.Sequence[str] = (), **more: t.Any) -> Run:
        """Run a playbook to its end. Its output must contain no defect and no password."""
        command, environment, folder = self.prepare(playbook, *arguments, **more)
        if wrapper:
            done = subprocess.run(
                [*wrapper, *command],
                env=environment,
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=TIMEOUT,
            )
        else:
            done = preloaded.run(command, environment, folder, TIMEOUT)
        return finished(done.returncode, done.stdout + done.stderr, folder)

    def check(self, playbook: str, *arguments: str, **more: t.Any) -> Run:
        """Run in check mode with a diff, and assert that nothing is written or changed."""
        before, written = self.picture(), len(self.writes())
        run = self.play(playbook, "--check", "--diff", *arguments, **more)
        assert len(self.writes()) == written
        assert changes(before, self.picture()) == {}
        return run

    def task(self, host: str, module: str, options: Variables | None = None, *arguments: str, **more: t.Any) -> Run:
        """Run one task of this collection."""
        return self.play(tasks(host, {module: options or {}}), *arguments, **more)

    def journal(self, *, host: str | None = None) -> list[Entry]:
        return [entry for entry in self.estate.journal() if host in (None, entry.host)]

    def writes(self, *, host: str | None = None) -> list[Entry]:
        return [entry for entry in self.journal(host=host) if entry.write]

    def operations(self, *, host: str | None = None) -> list[str]:
        """The operations in order, an Invoke by its method; reads are in lower case."""
        return [
            name if entry.write else name.lower()
            for entry in self.journal(host=host)
            for name in [entry.method or entry.operation]
        ]

    def picture(self) -> Picture:
        """All property values of the clusters and hosts of the estate."""
        estate = self.estate.estate
        held: list[tuple[str, Repository]] = [(one.name, self.estate.cluster(one.name)) for one in estate.clusters]
        held += [(host.name, self.estate.host(host.name)) for host in estate.hosts]
        return {
            (owner, instance.name, name): value
            for owner, repository in held
            for instance in repository.all_instances()
            for property_name, held_value in instance.values.items()
            for name, value in _flat(property_name, held_value)
        }

    def actions(self, cluster: str) -> dict[str, int | None]:
        """The stored OfflineAction of each virtual machine by its resource; None if the property is absent."""
        resources = [
            one for one in self.estate.cluster(cluster).all_instances() if one.cls.name == "MSCluster_Resource"
        ]
        return {
            one.name: self.estate.private_properties(cluster, one.name).get("OfflineAction")
            for one in resources
            if one.values["Type"] == "Virtual Machine"
        }

    def heartbeat(self, cluster: str) -> tuple[t.Any, ...]:
        """Same-subnet delay and threshold, then cross-subnet delay and threshold."""
        found = self.estate.cluster(cluster).named("MSCluster_Cluster", cluster)
        assert found is not None
        names = ("SameSubnetDelay", "SameSubnetThreshold", "CrossSubnetDelay", "CrossSubnetThreshold")
        return tuple(found.values[name] for name in names)


def finished(rc: int, output: str, folder: Path) -> Run:
    """Make the run from its output and its result file."""
    file = folder / "results.jsonl"
    record = file.read_text("utf-8") if file.exists() else ""
    for word in (*DEFECTS, PASSWORD):
        assert word not in output, output
        assert word not in record, record
    return Run(rc, output, tuple(Result(**json.loads(line)) for line in record.splitlines()))


def tasks(host: str, *listed: Variables) -> str:
    """A playbook of these tasks; modules of this collection may have short names."""
    short_names = ("cluster_info", "heartbeat", "vm_offline_action")
    full = [{f"winha.cluster.{key}" if key in short_names else key: one[key] for key in one} for one in listed]
    return yaml.safe_dump([{"hosts": host, "gather_facts": False, "tasks": full}], sort_keys=False)


def changes(before: Picture, after: Picture) -> dict[tuple[str, str, str], tuple[t.Any, t.Any]]:
    """The changes: cluster or host, instance, property → before, after."""
    return {key: (before.get(key), after.get(key)) for key in before | after if before.get(key) != after.get(key)}


def estate_file(network: str, name: str = "demo") -> Variables:
    """An estate of the lab with other addresses."""
    text = (ESTATES / f"{name}.yml").read_text("utf-8")
    for own in ("127.20.0.", "127.21.0.", "127.30.0."):
        text = text.replace(own, f"{network}.")
    return t.cast("Variables", yaml.safe_load(text))


def private_clusters(network: str, hosts: t.Mapping[str, Variables], machines: int = 3) -> Variables:
    """An estate in which each host is the only node of a separate cluster, with virtual machines that are saved."""
    cluster_keys = ("put_private_properties", "put_missing_members", "virtual_machines")
    saved = [{"name": f"VM{number}", "private_properties": {"OfflineAction": 1}} for number in range(1, machines + 1)]
    estate: Variables = {
        "name": "private",
        "credentials": {"user": "Administrator", "password": PASSWORD},
        "hosts": [],
        "clusters": [],
    }
    for number, (name, switches) in enumerate(hosts.items(), start=11):
        own = {key: value for key, value in switches.items() if key not in cluster_keys}
        cluster = f"C-{name}"
        address = f"{network}.{number}"
        estate["hosts"].append({"name": name, "address": address, "windows": 2022, "cluster": cluster, **own})
        networks = [{"name": "Management", "subnet": f"{network}.0/24"}]
        described = {"name": cluster, "fqdn": f"{name}.example.test", "networks": networks, "virtual_machines": saved}
        estate["clusters"].append(described | {key: switches[key] for key in cluster_keys if key in switches})
    return estate


@contextlib.contextmanager
def stage(description: Variables, folder: Path) -> t.Iterator[Stage]:
    """Start an estate, and stop it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "estate.yml"
    source.write_text(yaml.safe_dump(description, sort_keys=False), "utf-8")
    with running(source, folder / "state") as estate:
        yield Stage(estate, folder)


def _flat(name: str, value: t.Any) -> t.Iterator[tuple[str, t.Any]]:
    if isinstance(value, Embedded):
        for member, inner in value.members.items():
            yield f"{name}.{member}", inner
    else:
        yield name, value


class Vaulted(str):
    """A value that is encrypted in the inventory."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(Vaulted, lambda dumper, value: dumper.represent_scalar("!vault", str(value), style="|"))
