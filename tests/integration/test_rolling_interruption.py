# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rolling change that is killed at any step: the next run finishes it, because the mark is on the cluster."""

from __future__ import annotations

import typing as t

import fleet
import pytest
from rolling import kill, role, wait_for
from stage import Stage, stage

if t.TYPE_CHECKING:
    from stage import Variables

NAMES = ("HVA", "HVB", "HVC")
NODES = {"hva1", "hvb1", "hvc1"}


def machines(cluster: str) -> dict[int, list[Variables]]:
    return {1: [{"name": f"{cluster}-VM1-{number}"} for number in range(1, 4)]}


def description(network: str, seconds: t.Mapping[str, tuple[float, float]]) -> Variables:
    """Three clusters, whose first nodes are not as wanted, with the seconds of a drain and of a failback."""
    return fleet.estate(
        network,
        *(fleet.cluster(name, 2, differ={1}, machines=machines(name), seconds=seconds[name]) for name in NAMES),
    )


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    usual = dict.fromkeys(NAMES, (0.3, 0.3))
    with stage(description(networks[6], usual), tmp_path_factory.mktemp("interruption")) as lab:
        yield lab


def begin(lab: Stage, **seconds: tuple[float, float]) -> Stage:
    network = lab.estate.estate.hosts[0].address.rpartition(".")[0]
    return fleet.reset(lab, description(network, dict.fromkeys(NAMES, (0.3, 0.3)) | seconds))


def finish(lab: Stage, before: dict[str, str]) -> None:
    """Run again, as another machine does, and see that everything is as it should be."""
    run = lab.play(role(fleet.GROUP))
    assert run.rc == 0, run.output
    assert (fleet.owners(lab), fleet.marks(lab)) == (before, {})
    assert "All clustered roles are on the nodes where they were before." in run.output
    assert fleet.large(lab) == {host.name for host in lab.estate.estate.hosts}
    assert {trip.node for trip in fleet.check_trips(lab)} == NODES
    for name in NAMES:
        assert set(fleet.states(lab, name).values()) == {(0, 0)}
    paused = [entry.selectors["Name"] for entry in lab.writes() if entry.method == "Pause" and entry.status == 200]
    assert sorted(paused) == sorted(NODES)
    written = len(lab.writes())
    again = lab.play(role(fleet.GROUP))
    assert (again.rc, len(lab.writes())) == (0, written), again.output


@pytest.mark.slow
def test_a_run_that_is_killed_while_it_drains(estate: Stage) -> None:
    """hva1 has its mark and is not paused yet, hvb1 is half drained, hvc1 is drained."""
    lab = begin(estate, HVB=(20, 0.3))
    before = fleet.owners(lab)
    lab.estate.add_fault(host="hva1", method="Pause", action="time_out")  # not paused, and the run waits for it

    def is_moment() -> bool:
        moved = fleet.events(lab, "RoleMoved", "drain: live")
        return (
            {"hva1", "hvb1"} <= set(fleet.marks(lab))
            and any(name.startswith("HVB") for name in moved)
            and "hvc1" in fleet.events(lab, "DrainCompleted")
        )

    kill(lab, role(fleet.GROUP), is_moment)
    lab.estate.clear_faults()
    assert set(fleet.marks(lab)) == NODES
    assert [fleet.states(lab, name)[f"{name.lower()}1"] for name in NAMES] == [(0, 0), (2, 1), (2, 2)]
    finish(lab, before)


@pytest.mark.long
@pytest.mark.slow
def test_a_run_that_is_killed_while_adapters_restart(estate: Stage) -> None:
    lab = begin(estate)
    before = fleet.owners(lab)
    kill(lab, role(fleet.GROUP), lambda: bool(fleet.events(lab, "AdapterRestart")))
    assert set(fleet.marks(lab)) == NODES
    finish(lab, before)


@pytest.mark.slow
def test_a_run_that_is_killed_while_clustered_roles_come_back(estate: Stage) -> None:
    """hva1 is resumed and owns nothing yet, hvb1 owns some of its roles, hvc1 all of them and still has its mark."""
    lab = begin(estate, HVA=(0.3, 120), HVB=(0.3, 20))
    before = fleet.owners(lab)

    def hold() -> bool:
        """From the restart of its adapter on, hvc1 is slow to show its clustered roles."""
        if not fleet.events(lab, "AdapterUp"):
            return False
        lab.estate.add_fault(host="hvc1", cls="MSCluster_ResourceGroup", action={"slow": 9})
        return True

    held: list[bool] = []

    def is_moment() -> bool:
        if not held:
            held.extend([True] * hold())
            return False
        home = fleet.events(lab, "RoleMoved", "failback: live")
        return (
            "hva1" in fleet.events(lab, "NodeResumed")
            and any(name.startswith("HVB") for name in home)
            and sum(name.startswith("HVC") for name in home) == 3
        )

    kill(lab, role(fleet.GROUP), is_moment)
    lab.estate.clear_faults()
    assert set(fleet.marks(lab)) == NODES
    assert fleet.owners(lab, "HVC") == {name: owner for name, owner in before.items() if name.startswith("HVC")}
    assert fleet.owners(lab, "HVA") != {name: owner for name, owner in before.items() if name.startswith("HVA")}
    finish(lab, before)


@pytest.mark.slow
def test_clustered_roles_that_do_not_fail_back_are_live_migrated(estate: Stage) -> None:
    """The cluster has lost its list of roles to fail back, as when its service restarts."""
    lab = begin(estate)
    before = fleet.owners(lab)
    kill(lab, role(fleet.GROUP), lambda: set(fleet.events(lab, "DrainCompleted")) == NODES)
    lab.estate.simulation.drained_roles.clear()
    wait_for(lambda: set(fleet.marks(lab)) == NODES)
    finish(lab, before)
    moved = set(fleet.events(lab, "RoleMoved", "live move"))
    assert moved == {f"{name}-VM1-{number}" for name in NAMES for number in range(1, 4)}
