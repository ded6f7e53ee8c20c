# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the role migration_network after failures: a node stays down, a path fails, or the run is killed."""

from __future__ import annotations

import dataclasses
import threading
import time
import typing as t

import fleet
import pytest
from rolling import (
    ACTIVE,
    DRAINED,
    NODES,
    adapter,
    assert_one_node_at_a_time,
    compliant,
    drains,
    events,
    host,
    in_effect,
    kill,
    migration,
    node,
    nodes,
    one_each,
    ours,
    puts,
    reset,
    restarts,
    role,
    timeline_of,
    wait_for,
)

if t.TYPE_CHECKING:
    from stage import Run, Stage, Variables

ALL_ACTIVE = dict.fromkeys(NODES, ACTIVE)


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with migration(networks[5], tmp_path_factory.mktemp("recovery")) as lab:
        yield lab


def last_message(run: Run, host: str) -> str:
    """The message that the run ends with on a host."""
    found = [one.message for one in run.results if one.status in ("failed", "unreachable") and one.host == host]
    assert found, run.output
    return found[-1]


def drain_with_mark(lab: Stage, name: str) -> None:
    """Drain a node as an earlier run does."""
    options = {"state": "drained", "mark": "earlier", "timeout": 60, "allow_saved": ["TEST01"]}
    run = lab.play(ours(name, "cluster_node", options))
    assert run.rc == 0, run.output


def repair(lab: Stage, name: str) -> None:
    """Repair and restart a host whose adapters stay down, as an operator does."""
    simulation = lab.estate.simulation
    for machine in lab.estate._machines:
        if machine.host.name == name:
            machine.host = dataclasses.replace(machine.host, after_restart="comes_back")
            simulation.reboot(machine.host)
    wait_for(lambda: (name, name) in events(lab, "Booted"))


@pytest.mark.slow
@pytest.mark.parametrize("network", ["LiveMigration", pytest.param("Management", marks=pytest.mark.long)])
def test_a_node_that_stays_down_ends_the_run_and_the_next_run_continues(estate: Stage, network: str) -> None:
    """On the management network the host is unreachable; on the other its adapter is down."""

    def change(found: Variables) -> None:
        one_each(found)
        host(found, "hv42")["after_restart"] = "stays_down"
        compliant("hv41", "hv43")(found)
        adapter(found, "hv43", "Management")["driver"] = "intel-1g"
        for name in ("hv41", "hv43"):
            adapter(found, name, "Management")["values"] = {"*JumboPacket": "9014", "*ReceiveBuffers": "2048"}

    lab = reset(estate, change)
    play = role(network=network, migration_network_reconnect_timeout=3)
    run = lab.play(play)
    assert run.rc == 2, run.output
    assert {name for name, _adapter in restarts(lab)} == {"hv42"}
    assert {entry.host for entry in lab.writes()} == {"hv42"}
    assert drains(lab) == ["hv42"]
    assert nodes(lab) == ALL_ACTIVE | {"hv42": DRAINED}
    message = last_message(run, "hv42")
    for part in (
        'hv42 failed in "Set the adapters": ',
        "The node is drained: ",
        "The other nodes of HVC4 that come after it were not touched.",
        "run this again: it continues where it stopped.",
    ):
        assert part in message, message
    # While it is down, the other nodes are not changed.
    written = len(lab.writes())
    assert lab.play(role(network=network, migration_network_reconnect_timeout=1)).rc != 0
    assert {entry.host for entry in lab.writes()[written:]} <= {"hv42"}
    assert nodes(lab) == ALL_ACTIVE | {"hv42": DRAINED}
    repair(lab, "hv42")
    run = lab.play(role(network=network))
    assert run.rc == 0, run.output
    assert [name for what, name, _adapter in timeline_of(lab) if what in ("Pause", "Resume")] == ["hv42"] * 2 + [
        "hv44"
    ] * 2
    assert drains(lab) == ["hv42", "hv44"]
    assert nodes(lab) == ALL_ACTIVE
    members = ("LM1", "LM2") if network == "LiveMigration" else ("Management",)
    assert {in_effect(lab, "hv42", name) for name in members} == {9000}
    assert len(puts(lab)) == len({write[:3] for write in puts(lab)})
    quiet = lab.play(role(network=network))
    assert not [one for one in quiet.results if one.changed]


def test_a_node_that_an_earlier_run_left_drained_is_first(estate: Stage) -> None:
    lab = reset(estate, compliant("hv41", "hv43"))
    home = fleet.owners(lab)
    drain_with_mark(lab, "hv44")
    run = lab.play(role())
    assert run.rc == 0, run.output
    timeline = [(what, name) for what, name, _adapter in timeline_of(lab) if what != "AdapterUp"]
    assert timeline == [
        ("Pause", "hv44"),
        ("AdapterRestart", "hv44"),
        ("Resume", "hv44"),
        ("Pause", "hv42"),
        ("AdapterRestart", "hv42"),
        ("AdapterRestart", "hv42"),
        ("Resume", "hv42"),
    ]
    assert nodes(lab) == ALL_ACTIVE
    assert (fleet.owners(lab), fleet.marks(lab)) == (home, {})


def test_a_compliant_node_that_was_left_drained_is_only_resumed(estate: Stage) -> None:
    lab = reset(estate, compliant(*NODES))
    home = fleet.owners(lab)
    drain_with_mark(lab, "hv42")
    run = lab.play(role(), "-e", "migration_network_drain=false")
    assert run.rc == 0, run.output
    assert timeline_of(lab) == [("Pause", "hv42", ""), ("Resume", "hv42", "")]
    assert (fleet.owners(lab), fleet.marks(lab), puts(lab)) == (home, {}, [])


def test_a_compliant_node_that_somebody_else_drained_stays_drained(estate: Stage) -> None:
    lab = reset(estate, compliant(*NODES))
    fleet.set_node(lab, "HVC4", "hv42", *DRAINED)
    run = lab.play(role())
    assert run.rc == 0, run.output
    assert (lab.writes(), node(lab, "hv42")) == ([], DRAINED)


@pytest.mark.long
def test_the_next_run_finishes_a_run_that_was_killed_while_a_team_restarts(estate: Stage) -> None:
    """Other moments are in test_rolling_interruption.py."""

    def change(found: Variables) -> None:
        one_each(found)
        compliant("hv41", "hv43")(found)

    lab = reset(estate, change)
    home = fleet.owners(lab)
    kill(lab, role(), lambda: bool(events(lab, "AdapterRestart")))
    assert node(lab, "hv42")[0] == 2
    assert {name for name in NODES if node(lab, name) != ACTIVE} == {"hv42"}
    run = lab.play(role())
    assert run.rc == 0, run.output
    assert assert_one_node_at_a_time(lab) == drains(lab) == ["hv42", "hv44"]
    assert nodes(lab) == ALL_ACTIVE
    assert (fleet.owners(lab), fleet.marks(lab)) == (home, {})
    assert len(puts(lab)) == len(set(puts(lab))) == 6
    assert sorted(restarts(lab)) == [("hv42", "LM1"), ("hv42", "LM2"), ("hv44", "LM")]
    assert {in_effect(lab, name, "LM") for name in ("hv41", "hv44")} == {9000}
    quiet = lab.play(role())
    assert not [one for one in quiet.results if one.changed]


@pytest.mark.slow
def test_a_path_of_1500_ends_the_run_with_both_nodes_named(estate: Stage) -> None:
    def change(found: Variables) -> None:
        one_each(found)
        compliant("hv41", "hv44")(found)
        found["clusters"][0]["paths"] = [{"network": "LiveMigration", "between": ["hv41", "hv42"], "mtu": 1500}]

    lab = reset(estate, change)
    run = lab.play(role())
    assert run.rc == 2, run.output
    assert "the path from HV42 to HV41 supports packets of 1500 bytes but not of 9000" in last_message(run, "hv42")
    assert "The node is active again. The other nodes of HVC4 that come after it were not" in last_message(run, "hv42")
    assert "hv42: it has left the play" in last_message(run, "hv43")
    assert drains(lab) == ["hv42"]
    assert nodes(lab) == ALL_ACTIVE  # it was resumed before the path test
    assert {entry.host for entry in lab.writes()} == {"hv42"}
    run = lab.play(role(migration_network_path_required=False))
    assert run.rc == 0, run.output
    assert drains(lab) == ["hv42", "hv43"]


def test_a_filtered_echo_does_not_end_the_run(estate: Stage) -> None:
    def change(found: Variables) -> None:
        compliant("hv41", "hv42", "hv44")(found)
        found["clusters"][0]["paths"] = [{"network": "LiveMigration", "echo": "filtered"}]

    lab = reset(estate, change)
    run = lab.play(role())
    assert run.rc == 0, run.output
    assert "HV43 unknown unknown - unknown" in " ".join(run.output.split())
    assert drains(lab) == ["hv43"]


@pytest.mark.slow
@pytest.mark.parametrize("how", [pytest.param("hangs", marks=pytest.mark.long), "fails"])
def test_a_failed_drain_ends_the_run(estate: Stage, how: str) -> None:
    def change(found: Variables) -> None:
        one_each(found)
        compliant("hv41", "hv43")(found)
        host(found, "hv42")["drain"] = how

    lab = reset(estate, change)
    run = lab.play(role(migration_network_drain_timeout=2))
    assert run.rc == 2
    message = last_message(run, "hv42")
    assert 'hv42 failed in "Drain the node": ' in message
    assert ("draining" if how == "hangs" else "paused") in message
    assert (drains(lab), puts(lab), restarts(lab)) == (["hv42"], [], [])
    # The next run fails at the same node.
    assert lab.play(role(migration_network_drain_timeout=2)).rc == 2
    assert (set(drains(lab)), puts(lab), restarts(lab)) == ({"hv42"}, [], [])


def test_no_node_is_drained_while_a_network_is_not_up(estate: Stage) -> None:
    """The role waits for all networks after each node, so it would never resume the first node."""
    lab = reset(estate, compliant("hv41", "hv43"))
    lab.estate.simulation.disable(lab.estate.estate.host("hv44"), "Heartbeat")
    run = lab.play(role())
    assert run.rc == 2, run.output
    sentence = "because a gate does not pass. Cluster is partitioned. Check the adapters and cables"
    assert sentence in last_message(run, "hv42")
    assert sentence in last_message(run, "hv44")
    assert lab.writes() == []
    assert lab.check(role()).rc == 0


def test_the_error_names_a_network_that_stays_down(estate: Stage) -> None:
    """A cable is removed during the run."""

    def change(found: Variables) -> None:
        one_each(found)
        compliant("hv41", "hv43")(found)

    lab = reset(estate, change)

    def remove_cable() -> None:
        wait_for(lambda: bool(drains(lab)))
        lab.estate.simulation.disable(lab.estate.estate.host("hv44"), "Heartbeat")

    watcher = threading.Thread(target=remove_cable)
    watcher.start()
    run = lab.play(role(migration_network_reconnect_timeout=3))
    watcher.join()
    assert run.rc == 2
    assert (
        'hv42 failed in "Wait until the nodes and the cluster networks are up": Cluster is partitioned. '
        "The node is drained: "
    ) in last_message(run, "hv42")
    assert drains(lab) == ["hv42"]


@pytest.mark.slow
def test_the_role_waits_for_a_node_that_is_down_for_a_moment(estate: Stage) -> None:
    """The host becomes unreachable again after its adapter was up and the task ended."""
    lab = reset(estate, compliant("hv41", "hv42", "hv43"))
    listeners = lab.estate.simulation.listeners["hv44"]

    def disconnect() -> None:
        wait_for(lambda: bool(events(lab, "AdapterUp")))
        lab.estate.add_fault(host="hv44", operation="Enumerate", action={"slow": 2})
        wait_for(lambda: any(entry.rule == "slow" for entry in lab.journal(host="hv44")))
        for listener in listeners:
            listener.suspend()
        lab.estate.clear_faults()
        time.sleep(5)
        for listener in listeners:
            listener.resume()

    watcher = threading.Thread(target=disconnect)
    watcher.start()
    run = lab.play(role(migration_network_reconnect_timeout=20))
    watcher.join()
    assert run.rc == 0, run.output
    assert assert_one_node_at_a_time(lab) == ["hv44"]
    assert nodes(lab) == ALL_ACTIVE
    assert [write[1] for write in puts(lab)] == ["LM", "LM"]
