# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killed runs: the playbook enforce is killed at a random request, and the next run must finish its work."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import random
import sys
import tempfile
import time
import typing as t

from .estate import network

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "integration"))

import changing
import fleet
import rolling
import stage as staging

TIMES = {"restart_seconds": 0.3, "drain_seconds": 0.5, "failback_seconds": 0.5}
CLUSTER = "HVC1"


@dataclasses.dataclass(frozen=True, slots=True)
class Killed:
    """A run that was killed after this number of requests, and what is wrong after the next run."""

    request: int
    problems: tuple[str, ...]


@contextlib.contextmanager
def started() -> t.Iterator[staging.Stage]:
    """Start an estate with something to change in each part."""
    with (
        tempfile.TemporaryDirectory(prefix="kills") as folder,
        network() as prefix,
        staging.stage(changing.description(prefix) | TIMES, pathlib.Path(folder) / "estate") as lab,
    ):
        yield lab


def enforce(lab: staging.Stage) -> staging.Run:
    """Run enforce to its end, with the permission to drain."""
    return lab.play(changing.ENFORCE, variables=_variables(lab))


def _variables(lab: staging.Stage) -> dict[str, t.Any]:
    return {**changing.PERMITTED, "plan_folder": str(lab.folder / "plans")}


def kill_runs(seed: int, number: int, deadline: float) -> t.Iterator[Killed]:
    """Kill runs, each after another number of requests, until this time."""
    chance = random.Random(seed)
    with started() as lab:
        before = lab.picture()
        run = enforce(lab)
        length = len(lab.journal())
        yield Killed(0, tuple(what_is_wrong(lab, before, {}, run)))
        for _number in range(number):
            if time.monotonic() > deadline:
                return
            lab.estate.reset()
            before, owners = lab.picture(), fleet.owners(lab, CLUSTER)
            request = chance.randrange(1, length * 9 // 10)
            rolling.kill(lab, changing.ENFORCE, lambda: len(lab.journal()) >= request, variables=_variables(lab))  # noqa: B023
            yield Killed(request, tuple(what_is_wrong(lab, before, owners, enforce(lab))))


def what_is_wrong(
    lab: staging.Stage, before: staging.Picture, owners: t.Mapping[str, str], run: staging.Run
) -> t.Iterator[str]:
    """What the store shows after a run that should have finished everything."""
    if run.rc:
        yield f"exit code {run.rc}: {run.output[-2000:]}"
    stored = changing.store(lab, before)
    if stored != changing.STORED:
        pairs = {key: (changing.STORED.get(key), stored.get(key)) for key in {**changing.STORED, **stored}}
        wrong = {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
        yield f"wanted and stored: {wrong}"
    states = fleet.states(lab, CLUSTER)
    if set(states.values()) != {rolling.ACTIVE}:
        yield f"nodes are not active: {states}"
    if marks := fleet.marks(lab):
        yield f"drain marks are left: {marks}"
    if owners and (now := fleet.owners(lab, CLUSTER)) != owners:
        yield f"the owners were {dict(owners)} and are {now}"
