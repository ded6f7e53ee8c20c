# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of runs that are killed between writes, and of parallel runs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from stage import Run, Stage, changes, finished, tasks

PLAY = tasks("hv01", {"vm_offline_action": {}})
DRIFTED = 7


def process_tree(pid: int) -> t.Iterator[int]:
    """A process and its descendants: the workers of ansible-core are in process groups of their own."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text("ascii").split():
                yield from process_tree(int(child))


@contextlib.contextmanager
def begun(lab: Stage, play: str, **more: t.Any) -> t.Iterator[tuple[subprocess.Popen[str], Path]]:
    """A run in the background."""
    command, environment, folder = lab.prepare(play, **more)
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        yield process, folder


def wait_for(condition: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def stored(lab: Stage) -> int:
    return sum(bool(entry.changes) for entry in lab.writes())


def kill(lab: Stage, play: str, writes: int, *, with_workers: bool = True, **more: t.Any) -> None:
    """Start a run and kill it after this number of writes."""
    with begun(lab, play, **more) as (process, _folder):
        wait_for(lambda: stored(lab) >= writes)
        killed = list(process_tree(process.pid)) if with_workers else [process.pid]
        for pid in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert len(killed) > 1 or not with_workers


NO_CONTROL = {"fault": 2150859010, "hresult": 0x80041004, "text": "Provider failure."}
# All machines are written by the control code, one request each, and then read back together. A slow response stops the
# run before the response to the n-th write, or after the last write. Without the control code, each machine needs Get,
# Put, Get.
POINTS = [pytest.param(writes, "Invoke", writes, id=f"before the response to {writes}") for writes in (1, 4, 7)]
POINTS += [pytest.param(DRIFTED, "Enumerate", 2, id="before reading back")]
POINTS += [
    pytest.param(
        writes, "Get", 2 * writes, id=f"before reading back put {writes}", marks=[pytest.mark.long] * (writes == 2)
    )
    for writes in (1, 2, 5)
]
POINTS += [pytest.param(writes, "Put", writes, id=f"before the response to put {writes}") for writes in (1, 4)]


def last_rows(record: Path) -> dict[str, t.Any]:
    """The last row of each setting in a record. All lines are of one run, host and module."""
    lines = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    assert {(line["run"], line["host"], line["module"]) for line in lines} == {("r1", "hv01", "vm_offline_action")}
    return {row["label"]: row for line in lines for row in line["changes"]}


@pytest.mark.parametrize(("writes", "held", "nth"), POINTS)
def test_the_next_run_finishes_a_killed_run(lab: Stage, tmp_path: Path, writes: int, held: str, nth: int) -> None:
    if held in ("Get", "Put"):
        lab.estate.add_fault(operation="Invoke", action=NO_CONTROL)
    lab.estate.add_fault(operation=held, nth=nth, action={"slow": 20})
    before, actions = lab.picture(), lab.actions("HVC1")
    record = {"winha_cluster_record": str(tmp_path / "record.jsonl"), "winha_cluster_run": "r1"}
    kill(lab, PLAY, writes, variables=record)
    assert len(changes(before, lab.picture())) == stored(lab) == writes
    # What was written is in the record.
    written = {name for name, action in lab.actions("HVC1").items() if action != actions[name]}
    rows = last_rows(tmp_path / "record.jsonl")
    assert len(written) == writes
    assert written <= {f"Virtual Machine {label}" for label, row in rows.items() if row["after"] == "shut_down"} | {
        f"SCVMM {label}" for label, row in rows.items() if row["after"] == "shut_down"
    }
    lab.estate.clear_faults()
    second = lab.play(PLAY, variables=record)
    assert second.rc == 0, second.output
    assert stored(lab) == DRIFTED
    assert set(lab.actions("HVC1").values()) == {2}
    assert len(changes(before, lab.picture())) == DRIFTED
    assert [result for _action, result in second.of("hv01").actions.values()].count("changed") == DRIFTED - writes
    rows = last_rows(tmp_path / "record.jsonl")
    assert (len(rows), {row["after"] for row in rows.values()}) == (DRIFTED, {"shut_down"})
    count, size = len(lab.writes()), (tmp_path / "record.jsonl").stat().st_size
    third = lab.play(PLAY, variables=record)
    assert (third.rc, third.of("hv01").changed, len(lab.writes())) == (0, False, count)
    assert (tmp_path / "record.jsonl").stat().st_size == size


def test_the_record_has_the_values_as_read_back(lab: Stage, tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    variables = {"winha_cluster_record": str(file), "winha_cluster_run": "r1"}
    lab.check(PLAY, variables=variables)
    assert not file.exists()
    lab.estate.add_fault(operation="Enumerate", nth=2, action={"fault": 1359, "text": "Broken."})
    failed = lab.play(PLAY, variables=variables).of("hv01")
    assert failed.status == "failed"
    assert stored(lab) == DRIFTED
    first, second = (json.loads(line) for line in file.read_text("utf-8").splitlines())
    assert {row["confirmed"] for row in first["changes"]} == {False}
    assert {row["after"] for row in first["changes"]} == {"shut_down"}
    assert [row["after"] for row in second["changes"]] == [None] * DRIFTED
    assert failed.data["changes"] == second["changes"]
    lab.estate.reset()
    file.unlink()
    done = lab.play(PLAY, variables=variables).of("hv01")
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert lines[-1]["changes"] == done.data["changes"]
    assert [row | {"confirmed": False} for row in lines[-1]["changes"]] == lines[0]["changes"]
    assert (len(lines), file.stat().st_mode & 0o777) == (2, 0o600)


def test_the_next_run_finishes_a_killed_heartbeat_run(lab: Stage) -> None:
    wanted = {"same_subnet_threshold": 8, "cross_subnet_threshold": 9}
    play = tasks("ex11", {"heartbeat": wanted})
    lab.estate.add_fault(operation="Get", nth=1, action={"slow": 20})
    kill(lab, play, 1)
    assert lab.heartbeat("DAG10") == (1000, 5, 1000, 9)
    lab.estate.clear_faults()
    assert lab.play(play).of("ex11").changed
    assert lab.heartbeat("DAG10") == (1000, 8, 1000, 9)
    assert not lab.play(play).of("ex11").changed
    assert len(lab.writes()) == 2


def test_the_next_run_works_together_with_an_orphaned_worker(lab: Stage) -> None:
    """Only the main process is killed, so its worker can continue while the next run starts."""
    lab.estate.add_fault(operation="Invoke", nth=2, action={"slow": 1})
    kill(lab, PLAY, 2, with_workers=False)
    second = lab.play(PLAY)
    assert second.rc == 0, second.output
    wait_for(lambda: len(lab.journal()) == final_journal_length(lab))
    assert set(lab.actions("HVC1").values()) == {2}
    assert stored(lab) == DRIFTED
    assert not lab.play(PLAY).of("hv01").changed


def final_journal_length(lab: Stage) -> int:
    """The length of the journal when it has not changed for two seconds."""
    while True:
        length = len(lab.journal())
        time.sleep(2)
        if len(lab.journal()) == length:
            return length


def test_two_controllers_at_the_same_time(lab: Stage) -> None:
    lab.estate.add_fault(operation="Invoke", action={"slow": 1})
    before = lab.picture()
    with begun(lab, PLAY) as (one, first), begun(lab, PLAY.replace("hv01", "hv02")) as (other, second):
        runs: list[Run] = []
        for process, folder in ((one, first), (other, second)):
            output, _errors = process.communicate(timeout=100)
            runs.append(finished(process.returncode, output, folder))
    journal = lab.journal()
    last_write = max(number for number, entry in enumerate(journal) if entry.write)
    assert {entry.host for entry in journal[:last_write]} == {"hv01", "hv02"}  # both runs were active
    assert [run.rc for run in runs] == [0, 0], "\n".join(run.output for run in runs)
    assert len(changes(before, lab.picture())) == stored(lab) == DRIFTED
    assert set(lab.actions("HVC1").values()) == {2}
    lab.estate.clear_faults()
    assert not lab.play(PLAY).of("hv01").changed
