# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of runs that are killed between writes, and of parallel runs."""

from __future__ import annotations

import contextlib
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


def kill(lab: Stage, play: str, writes: int, *, with_workers: bool = True) -> None:
    """Start a run and kill it after this number of writes."""
    with begun(lab, play) as (process, _folder):
        wait_for(lambda: stored(lab) >= writes)
        killed = list(process_tree(process.pid)) if with_workers else [process.pid]
        for pid in killed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert len(killed) > 1 or not with_workers


# Each machine needs Get, Put, Get. A slow response stops the run after the n-th write, or before its response.
POINTS = [pytest.param(writes, "Get", id=f"before reading back {writes}") for writes in range(1, 6)]
POINTS += [pytest.param(writes, "Put", id=f"before the response to {writes}") for writes in (1, 4)]


@pytest.mark.parametrize(("writes", "held"), POINTS)
def test_the_next_run_finishes_a_killed_run(lab: Stage, writes: int, held: str) -> None:
    lab.estate.add_fault(operation=held, nth=2 * writes if held == "Get" else writes, action={"slow": 20})
    before = lab.picture()
    kill(lab, PLAY, writes)
    assert len(changes(before, lab.picture())) == stored(lab) == writes
    lab.estate.clear_faults()
    second = lab.play(PLAY)
    assert second.rc == 0, second.output
    assert stored(lab) == DRIFTED
    assert set(lab.actions("HVC1").values()) == {2}
    assert len(changes(before, lab.picture())) == DRIFTED
    assert [result for _action, result in second.of("hv01").actions.values()].count("changed") == DRIFTED - writes
    written = len(lab.writes())
    third = lab.play(PLAY)
    assert (third.rc, third.of("hv01").changed, len(lab.writes())) == (0, False, written)


def test_the_next_run_finishes_a_killed_heartbeat_run(lab: Stage) -> None:
    wanted = {"same_subnet_threshold": 8, "cross_subnet_threshold": 9}
    play = tasks("ex11", {"heartbeat": wanted})
    lab.estate.add_fault(operation="Get", nth=2, action={"slow": 20})
    kill(lab, play, 1)
    assert lab.heartbeat("DAG10") == (1000, 5, 1000, 9)
    lab.estate.clear_faults()
    assert lab.play(play).of("ex11").changed
    assert lab.heartbeat("DAG10") == (1000, 8, 1000, 9)
    assert not lab.play(play).of("ex11").changed
    assert len(lab.writes()) == 2


def test_the_next_run_works_together_with_an_orphaned_worker(lab: Stage) -> None:
    """Only the main process is killed, so its worker can continue while the next run starts."""
    lab.estate.add_fault(operation="Get", nth=4, action={"slow": 1})
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


@pytest.mark.matrix
def test_two_controllers_at_the_same_time(lab: Stage) -> None:
    lab.estate.add_fault(operation="Put", action={"slow": 1})
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
