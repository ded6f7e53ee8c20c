# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rolling change: owners afterwards are those before, clusters side by side, DAG members apart."""

from __future__ import annotations

import contextlib
import itertools
import threading
import typing as t

import fleet
import pytest
from fleet import Trip
from rolling import role, wait_for
from stage import Stage, Variables, stage

HOME = "All clustered roles are on the nodes where they were before."


@contextlib.contextmanager
def running(description: Variables, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with stage(description, tmp_path_factory.mktemp("fleet")) as lab:
        yield lab


def meets(one: t.Iterable[Trip], other: t.Iterable[Trip]) -> bool:
    return any(first.meets(second) for first, second in itertools.product(one, other))


@pytest.mark.slow
def test_owners_are_as_before_in_clusters_of_2_4_and_8_nodes_side_by_side(
    networks: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The failback of the 4 nodes is longer than their drain. HVA1 and HVB1 carry members of one DAG."""
    description = fleet.estate(
        networks[6],
        fleet.cluster("HVA", 2, machines={1: [{"name": "EX01"}]}, seconds=(2, 0.3)),
        fleet.cluster(
            "HVB", 4, machines={1: [{"name": "EX02"}], 2: [{"name": "B2"}, {"name": "B3"}]}, seconds=(0.5, 3)
        ),
        fleet.cluster("HVC", 8, seconds=(0.2, 0.2)),
    )
    with running(description, tmp_path_factory) as lab:
        before = fleet.owners(lab)
        groups = {"dag_members": ["ex01", "ex02"]}
        run = lab.play(role(fleet.GROUP), groups=groups)
        assert run.rc == 0, run.output
        assert HOME in run.output
        assert fleet.owners(lab) == before
        assert fleet.marks(lab) == {}
        assert fleet.large(lab) == {host.name for host in lab.estate.estate.hosts}
        trips = fleet.check_trips(lab)
        assert sorted(trip.node for trip in trips) == sorted(host.name for host in lab.estate.estate.hosts)
        of = {name: [trip for trip in trips if trip.cluster == name] for name in ("HVA", "HVB", "HVC")}
        for one, other in itertools.combinations(of.values(), 2):
            assert meets(one, other)
        # The node with the member of the DAG waits, and the next of its cluster goes first.
        assert [trip.node for trip in of["HVA"]] == ["hva2", "hva1"]
        first, second = fleet.away(lab, "EX01"), fleet.away(lab, "EX02")
        assert first
        assert second
        assert not meets(first, second)
        assert set(fleet.events(lab, "RoleMoved", "drain: ")) >= set(before)
        assert fleet.events(lab, "RoleMoved", "drain: saved") == []
        written = len(lab.writes())
        again = lab.play(role(fleet.GROUP), groups=groups)
        assert again.rc == 0, again.output
        assert len(lab.writes()) == written
        assert not [one for one in again.results if one.changed]


@pytest.mark.slow
def test_storage_spaces_direct_is_judged_before_the_pause_and_after_the_resync(
    networks: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The drain itself degrades the virtual disks. In HVB the resync takes longer than allowed."""
    disks = {"virtual_disks": [{"name": "Volume1"}], "jobs": [{"name": "Pool optimization"}]}
    description = fleet.estate(
        networks[6],
        fleet.cluster("HVA", 2, storage_spaces_direct=disks | {"resync_seconds": 1}),
        fleet.cluster("HVB", 2, storage_spaces_direct=disks | {"resync_seconds": 600}),
    )
    with running(description, tmp_path_factory) as lab:
        before = fleet.owners(lab)
        run = lab.play(role(fleet.GROUP, migration_network_resync_timeout=4))
        assert run.rc == 2, run.output
        trips = fleet.check_trips(lab)
        assert {trip.node for trip in trips} == {"hva1", "hva2", "hvb1"}
        assert fleet.large(lab) == {"hva1", "hva2", "hvb1"}
        assert (fleet.owners(lab), fleet.marks(lab)) == (before, {})
        told = [entry for entry in lab.journal() if entry.host.startswith("hva")]
        kinds = [
            entry.method
            for entry in told
            if entry.method in ("StorageMaintenance", "ResyncCompleted") or (entry.write and entry.method == "Pause")
        ]
        assert kinds == ["Pause", "StorageMaintenance", "ResyncCompleted"] * 2
        found = [one.message for one in run.results if one.status == "failed" and one.host == "hvb1"]
        assert found, run.output
        message = found[-1]
        assert 'hvb1 failed in "Wait until Storage Spaces Direct is in sync": ' in message
        assert "the storage job Repair is running" in message
        assert "The node is active again. " in message
        # The next run stops, too, as long as the job runs.
        written = len(lab.writes())
        again = lab.play(role(fleet.GROUP))
        assert again.rc == 2
        (message,) = [one.message for one in again.results if one.status == "failed"]
        assert message.startswith("Nothing was done on the nodes of HVB, because a gate does not pass. ")
        assert "the storage job Repair is running" in message
        assert len(lab.writes()) == written


@pytest.mark.slow
def test_a_gate_that_fails_between_two_nodes_stops_before_the_next(
    networks: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Somebody pauses the third node of HVA while the first is away. HVB goes on."""
    description = fleet.estate(networks[6], fleet.cluster("HVA", 3), fleet.cluster("HVB", 2))
    with running(description, tmp_path_factory) as lab:
        before = fleet.owners(lab)

        def pause() -> None:
            wait_for(lambda: "hva1" in fleet.events(lab, "DrainCompleted"))
            fleet.set_node(lab, "HVA", "hva3", 2, 0)

        watcher = threading.Thread(target=pause)
        watcher.start()
        run = lab.play(role(fleet.GROUP))
        watcher.join()
        assert run.rc == 2, run.output
        assert [trip.node for trip in fleet.check_trips(lab) if trip.cluster == "HVA"] == ["hva1"]
        assert fleet.large(lab) == {"hva1", "hvb1", "hvb2"}, run.output
        assert (fleet.owners(lab), fleet.marks(lab)) == (before, {})
        (message,) = [one.message for one in run.results if one.status == "failed" and one.host == "hva2"][-1:]
        assert "hva3 was paused by somebody else." in message
        assert "Nothing was done on this node." in message
        assert lab.writes(host="hva2") == lab.writes(host="hva3") == []
