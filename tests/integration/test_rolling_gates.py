# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gates of a rolling change: each stops its cluster without a write, each may be allowed by name, others go on."""

from __future__ import annotations

import datetime
import typing as t

import fleet
import pytest
from rolling import role
from stage import Run, Stage, Variables, stage

STOPPED = "Skip the clusters whose gates do not all pass"
JOB = {"virtual_disks": [{"name": "Volume1"}], "jobs": [{"name": "Repair of Volume1"}]}
PAIR = [{"name": "PAIR1", "anti_affinity": ["DAG1"]}, {"name": "PAIR2", "anti_affinity": ["DAG1"]}]
LOW = [{"name": "LOW1", "priority": 1000}]
# cluster → the gate that does not pass, and a part of its reason. Node 1 of each is not as wanted.
GATES = {
    "HVFAILED": ("nodes_in_run", "hvfailed2: "),
    "HVUNREACHED": ("nodes_in_run", "hvunreached2: "),
    "HVDOWN": ("nodes_up", "hvdown3 is down. Bring every node up first."),
    "HVNET": ("networks_up", "Cluster is partitioned. Check the adapters and cables of the nodes first."),
    "HVFOREIGN": ("foreign_drain", "hvforeign3 was paused by somebody else."),
    "HVQUORUM": ("quorum", "The cluster would lose quorum without hvquorum1. Check the votes and the witness."),
    "HVLIVE": ("virtual_machines_live", "A drain of hvlive1 would leave LOW1 saved to disk: raise the priority"),
    "HVDAG": ("dag_members_apart", "PAIR1 and PAIR2 are members of one DAG, and both are on hvdag1: move one"),
    "HVSTORAGE": ("storage", "the storage job Repair of Volume1 is running. Wait until no storage job runs"),
    "HVUPDATE": ("updating", "A Cluster-Aware Updating run is in progress on HVUPDATE2. Wait until it ends"),
    "HVATC": ("network_atc", "Network ATC has an intent on hvatc1 and would set the adapters back."),
}
HALVES = (
    ("nodes_in_run", "networks_up", "quorum", "dag_members_apart", "updating"),
    ("nodes_up", "foreign_drain", "virtual_machines_live", "storage", "network_atc"),
)
HOSTS: t.Mapping[str, Variables] = {
    "hvfailed2": {"migration_network_mtu": 99999},
    "hvunreached2": {"ansible_port": 1},
}


def description(network: str) -> Variables:
    one: t.Any = {1}
    return fleet.estate(
        network,
        fleet.cluster("HVWELL", 2, differ=one),
        fleet.cluster("HVFAILED", 2, differ=one),
        fleet.cluster("HVUNREACHED", 2, differ=one),
        fleet.cluster("HVDOWN", 3, differ=one, machines={3: []}),
        fleet.cluster("HVNET", 2, differ=one),
        fleet.cluster("HVFOREIGN", 3, differ={1, 3}, machines={3: []}),
        fleet.cluster("HVQUORUM", 2, differ=one, witness="none"),
        fleet.cluster("HVLIVE", 2, differ=one, machines={1: LOW}),
        fleet.cluster("HVDAG", 2, differ=one, machines={1: PAIR}),
        fleet.cluster("HVSTORAGE", 2, differ=one, storage_spaces_direct=JOB),
        fleet.cluster("HVUPDATE", 2, differ=one, hosts={2: {"updating": True}}),
        fleet.cluster("HVATC", 2, differ=one, hosts={1: {"network_atc": ["Migration"]}}),
    )


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with stage(description(networks[7]), tmp_path_factory.mktemp("gates")) as lab:
        yield lab


@pytest.fixture
def lab(estate: Stage) -> Stage:
    network = estate.estate.estate.hosts[0].address.rpartition(".")[0]
    fleet.reset(estate, description(network))
    fleet.set_node(estate, "HVDOWN", "hvdown3", 1, 0)
    fleet.set_node(estate, "HVFOREIGN", "hvforeign3", 2, 2)
    estate.estate.simulation.disable(estate.estate.estate.host("hvnet2"), "Heartbeat")
    return estate


def written_on(lab: Stage) -> set[str]:
    return {entry.host.rstrip("0123456789").upper() for entry in lab.writes()}


def stopped(run: Run) -> dict[str, str]:
    """The message of each cluster that was stopped."""
    found = [one for one in run.results if one.task.endswith(STOPPED) and one.status == "failed"]
    return {one.host.rstrip("0123456789").upper(): one.message for one in found}


@pytest.mark.slow
@pytest.mark.parametrize("allowed", HALVES, ids=["first half", "second half"])
def test_a_gate_stops_its_cluster_and_is_allowed_by_name(lab: Stage, allowed: tuple[str, ...]) -> None:
    """With half of the gates allowed: clusters of the others are not written to, and everything else is done."""
    before = fleet.owners(lab)
    going = {"HVWELL", *(name for name, (gate, _reason) in GATES.items() if gate in allowed)}
    play = role(fleet.GROUP, migration_network_allow_gates=list(allowed), migration_network_path_required=False)
    run = lab.play(play, hosts=HOSTS)
    assert run.rc != 0
    messages = stopped(run)
    assert set(messages) == set(GATES) - going, run.output
    for name, message in messages.items():
        gate, reason = GATES[name]
        assert message.startswith(f"Nothing was done on the nodes of {name}, because a gate does not pass. "), message
        assert reason in message
        assert message.endswith(f"To continue all the same, name the gate in migration_network_allow_gates: {gate}.")
    assert written_on(lab) == going, run.output
    trips = fleet.check_trips(lab) if "foreign_drain" not in allowed else fleet.trips(lab)
    assert {trip.node for trip in trips} == {f"{name.lower()}1" for name in going}
    # What somebody else drained is changed but stays drained.
    foreign = {"hvforeign3"} if "foreign_drain" in allowed else set()
    assert fleet.large(lab) >= {f"{name.lower()}1" for name in going} | foreign
    assert fleet.large(lab) & {f"{name.lower()}1" for name in messages} == set()
    assert fleet.states(lab, "HVFOREIGN")["hvforeign3"] == (2, 2)
    assert (fleet.owners(lab), fleet.marks(lab)) == (before, {})


def window(begin: int, end: int) -> str:
    """A maintenance window that begins and ends these hours from now."""
    now = datetime.datetime.now()
    return "-".join(f"{now + datetime.timedelta(hours=hours):%H:%M}" for hours in (begin, end))


@pytest.mark.slow
def test_the_maintenance_window_stops_the_run_and_may_be_allowed(lab: Stage) -> None:
    later = window(2, 3)
    closed = {"migration_network_maintenance_window": later}
    run = lab.play(role("hvwell1:hvwell2", **closed))
    assert run.rc == 2
    assert f"outside the maintenance window {later}. Run this again when it is open." in stopped(run)["HVWELL"]
    assert lab.writes() == []
    run = lab.play(role("hvwell1:hvwell2", **closed, migration_network_allow_gates=["maintenance_window"]))
    assert run.rc == 0, run.output
    assert fleet.large(lab) >= {"hvwell1"}
    fleet.check_trips(lab)


def test_an_open_maintenance_window_stops_nothing(lab: Stage) -> None:
    run = lab.play(role("hvwell1:hvwell2", migration_network_maintenance_window=window(-1, 2)))
    assert run.rc == 0, run.output
    assert [trip.node for trip in fleet.check_trips(lab)] == ["hvwell1"]


def test_a_gate_that_does_not_exist_is_refused(lab: Stage) -> None:
    run = lab.play(role("hvwell1:hvwell2", migration_network_allow_gates=["luck"]))
    assert run.rc == 2
    assert "migration_network_allow_gates" in run.output
    assert lab.writes() == []
