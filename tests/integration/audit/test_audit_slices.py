# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Slices of an audit on workers of ansible-runner, side by side, are evaluated as one run. Their nodes are in different
slices. What they found comes back as artifacts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import stage as staging
import yaml
from audited import EVALUATE, LAST, VALIDATE, Audited, audit

SLICES = (("hv51", "hv53", "ex52"), ("hv52", "old51", "ex51"))
FACTS = "winha_cluster_audit_facts_"


@dataclass(frozen=True, slots=True)
class Job:
    """What came back of a job: the folder of its artifacts, and its statistics."""

    folder: Path
    statistics: t.Mapping[str, t.Any]


@pytest.fixture(scope="module")
def lab(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[staging.Stage]:
    text = (staging.ESTATES / "audit.yml").read_text("utf-8").replace("127.23.0.", f"{networks[5]}.")
    description = yaml.safe_load(text.replace("10.50.2.0", "10.56.2.0"))
    with staging.stage(description, tmp_path_factory.mktemp("slices")) as found:
        yield found


def start(lab: staging.Stage, folder: Path, number: int, variables: t.Mapping[str, t.Any]) -> subprocess.Popen[str]:
    """Start a job on a worker with a folder of its own, and return the last program, which keeps what comes back.

    The inventory has only the hosts of its slice, as in AWX.
    """
    _command, environment, prepared = lab.prepare(VALIDATE)
    inventory = yaml.safe_load((prepared / "inventory.yml").read_text("utf-8"))
    own = SLICES[number]
    every = inventory["all"]["hosts"]
    inventory["all"]["hosts"] = {name: every[name] for name in own}
    for group in inventory["all"]["children"].values():
        group["hosts"] = {name: {} for name in group["hosts"] if name in own}
    private = folder / f"job{number}"
    for name, content in {
        "inventory/hosts.yml": inventory,
        "env/extravars": dict(variables),
        "env/envvars": {key: value for key, value in environment.items() if key.startswith("ANSIBLE_")
                        and "CALLBACK" not in key},
    }.items():  # fmt: skip
        (private / name).parent.mkdir(parents=True, exist_ok=True)
        (private / name).write_text(yaml.safe_dump(content), "utf-8")
    (private / "project").mkdir()
    (folder / f"worker{number}").mkdir()
    steps = (
        ["transmit", private, "-p", VALIDATE, "--ident", f"slice{number}"],
        ["worker", "--private-data-dir", folder / f"worker{number}"],
        ["process", private],
    )
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    process: subprocess.Popen[str] | None = None
    for step in steps:
        process = subprocess.Popen(
            [sys.executable, "-m", "ansible_runner", *step],
            cwd=folder,
            env=environment,
            stdin=process.stdout if process else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
    assert process is not None
    return process


@pytest.fixture(scope="module")
def jobs(lab: staging.Stage, tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    """Both slices, side by side."""
    lab.estate.reset()
    folder = tmp_path_factory.mktemp("jobs")
    variables = {"audit_title": "lab", "audit_fail_on": "never", "audit_facts_in_artifacts": "yes"}
    running = [start(lab, folder, number, variables) for number in range(len(SLICES))]
    outputs = [process.communicate(timeout=300)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], "\n".join(outputs)
    found = []
    for number in range(len(SLICES)):
        artifacts = folder / f"job{number}" / "artifacts"
        events = [json.loads(file.read_text("utf-8")) for file in (artifacts / "job_events").glob("*.json")]
        (statistics,) = (event["event_data"] for event in events if event["event"] == "playbook_on_stats")
        assert statistics["changed"] == {}
        assert set(statistics["ok"]) == {"localhost", *SLICES[number]}
        assert "[WARNING]: Could not match" not in (artifacts / "stdout").read_text("utf-8")
        found.append(Job(artifacts, statistics["artifact_data"]))
    return found


def without_times(folder: Path) -> str:
    """The evaluation without times. The lab also counts the times of events from when it is reset."""
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "", (folder / "audit.json").read_text("utf-8"))


def test_slices_on_workers_are_evaluated_as_one_run(lab: staging.Stage, jobs: list[Job], tmp_path: Path) -> None:
    lab.estate.reset()
    whole = audit(lab, tmp_path / "whole")
    assert whole.run.rc == 0, whole.run.output
    lab.estate.reset()
    # The facts of the first job are a file, those of the second one a variable, as AWX hands on artifacts.
    (name,) = (name for name in jobs[1].statistics if name.startswith(FACTS))
    assert name == f"{FACTS}slice1"
    variables = {"audit_facts_files": str(jobs[0].folder / "audit" / "f*.json"), name: jobs[1].statistics[name]}
    both = audit(lab, tmp_path / "both", "-e", json.dumps(variables), playbook=EVALUATE)
    assert both.run.rc == 0, both.run.output
    assert lab.journal() == []
    assert without_times(both.folder) == without_times(whole.folder)
    # Each slice alone has other findings, because the other nodes of its clusters are missing.
    assert all(without_times(job.folder / "audit") != without_times(whole.folder) for job in jobs)
    names = {path.name for path in whole.folder.iterdir()}
    assert all({path.name for path in (job.folder / "audit").iterdir()} == names for job in jobs)


def test_a_missing_slice_is_not_forgotten(lab: staging.Stage, jobs: list[Job], tmp_path: Path) -> None:
    facts = str(jobs[0].folder / "audit" / "facts.json")
    wanted = {"audit_fail_on": "error", "audit_facts_files": [facts], "audit_accepted": [everything_but("x")]}
    found = audit(lab, tmp_path, playbook=EVALUATE, variables=wanted)
    assert found.run.rc == 2
    assert found.run.of("localhost", LAST).message.endswith("3 hosts could not be read: ex51, hv52 and old51.")


def everything_but(subject: str) -> dict[str, str]:
    """Accepts findings, and no host that could not be read."""
    return {"rule": "*", "subject": f"[!{subject}]*", "reason": "a test", "until": "2099-12-31"}


def test_the_summary_and_the_findings_are_artifacts_of_the_job(jobs: list[Job]) -> None:
    for job in jobs:
        kept = job.statistics["winha_cluster_audit"]
        evaluation = Audited(t.cast("staging.Run", None), job.folder / "audit").evaluation
        assert kept["summary"] == evaluation["summary"]
        assert len(kept["findings"]) == evaluation["summary"]["fail"] + evaluation["summary"]["unknown"]
        assert kept["cut"] == {}
        assert kept["message"].startswith(f"{evaluation['summary']['fail']} failed findings")
