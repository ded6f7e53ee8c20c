# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the role migration_network: one node at a time, and errors before any drain."""

from __future__ import annotations

import typing as t

import fleet
import pytest
from lab.inventory import inventory
from rolling import (
    ACTIVE,
    NODES,
    adapter,
    assert_one_node_at_a_time,
    compliant,
    drains,
    in_effect,
    migration,
    nodes,
    one_each,
    puts,
    reset,
    restarts,
    role,
    timeline_of,
)

if t.TYPE_CHECKING:
    from stage import Run, Stage, Variables

ENFORCE = "winha.cluster.enforce"
JUMBO, BUFFERS = "*JumboPacket", "*ReceiveBuffers"
# host and adapter → MTU and receive buffers on the two live-migration networks
WANTED = {
    ("hv41", "Heartbeat"): (JUMBO, "9014", BUFFERS, "2048"),
    ("hv41", "LM"): (JUMBO, "9014", BUFFERS, "4096"),
    ("hv42", "Heartbeat"): (JUMBO, "9014", BUFFERS, "8192"),
    ("hv42", "LM1"): (JUMBO, "9000", BUFFERS, "8192"),
    ("hv42", "LM2"): (JUMBO, "9000", BUFFERS, "8192"),
    ("hv43", "Heartbeat"): (JUMBO, "2", BUFFERS, "2048"),
    ("hv43", "SLOT 3 Port 1"): (JUMBO, "9014", BUFFERS, "4096"),
    ("hv43", "SLOT 3 Port 2"): (JUMBO, "9014", BUFFERS, "4096"),
    ("hv43", "vEthernet (LiveMigration)"): (JUMBO, "9014"),
    ("hv44", "Heartbeat"): ("MaxFrameSize", "9000", "ReceiveBuffers", "3"),
    ("hv44", "LM"): (JUMBO, "9014", BUFFERS, "2048"),
}
PERMISSIONS = {"migration_network_allow_drain": True, "migration_network_allow_saved": ["TEST*"]}
RESTART = "migration_network_allow_restart"
LEFT = "{}, which is not permitted in this run: set {} to true to permit it."
ALL_ACTIVE = dict.fromkeys(NODES, ACTIVE)


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with migration(networks[5], tmp_path_factory.mktemp("role")) as lab:
        yield lab


@pytest.fixture
def lab(estate: Stage) -> Stage:
    return reset(estate)


def lines(run: Run) -> list[str]:
    """The lines of the matrix in the output, after the changes."""
    shown = [one.data["msg"] for one in run.results if one.task.endswith("Show the paths") and one.data.get("msg")][-1]
    return [" ".join(line.split()) for line in shown]


def left(run: Run) -> list[str]:
    """The sentences about what is left to do."""
    (shown,) = [one.data["msg"] for one in run.results if one.task.endswith("Show what is left to do")]
    return t.cast("list[str]", shown)


def messages(run: Run) -> list[str]:
    return [one.message for one in run.results if one.status in ("failed", "unreachable")]


@pytest.mark.slow
def test_enforce_brings_a_cluster_to_jumbo_frames_node_by_node(lab: Stage) -> None:
    checked = lab.check(ENFORCE)
    assert checked.rc == 0, checked.output
    assert "+vEthernet (LiveMigration) mtu: 9000\n" in checked.output
    assert lines(checked)[:2] == ["from \\ to HV41 HV42 HV43 HV44", "HV41 - fails fails fails"]
    assert "LiveMigration: HV41 itself cannot send packets of 9000 bytes; check its adapters" in lines(checked)
    before = fleet.owners(lab)
    run = lab.play(ENFORCE, "--diff", variables=PERMISSIONS)
    assert run.rc == 0, run.output
    # The nodes with the fewest virtual machines are first.
    assert assert_one_node_at_a_time(lab) == ["hv43", "hv44", "hv41", "hv42"]
    assert (fleet.owners(lab), fleet.marks(lab)) == (before, {})
    assert "All clustered roles are on the nodes where they were before." in run.output
    assert nodes(lab) == ALL_ACTIVE
    expected = [
        (*owner, *pair) for owner, values in WANTED.items() for pair in zip(values[::2], values[1::2], strict=True)
    ]
    assert sorted(puts(lab)) == sorted(expected)  # each once
    assert sorted(restarts(lab)) == sorted(WANTED)
    assert {in_effect(lab, *owner) for owner in WANTED} == {9000}
    assert {in_effect(lab, name, "Management") for name in NODES} == {1500}
    assert fleet.events(lab, "RoleMoved", "drain: saved") == ["TEST01"]
    assert lines(run)[1:] == [
        "HV41 - passes passes passes",
        "HV42 passes - passes passes",
        "HV43 passes passes - passes",
        "HV44 passes passes passes -",
    ]
    written = len(lab.writes())
    again = lab.play(ENFORCE, "--diff", variables=PERMISSIONS)
    assert again.rc == 0, again.output
    assert (len(lab.writes()), len(drains(lab)), len(restarts(lab))) == (written, 4, len(WANTED))
    # The plan itself is written on the controller each time.
    assert not [one for one in again.results if one.changed and not one.task.startswith("winha.cluster.plan : ")]
    assert "--- before: Network adapters" not in lab.check(ENFORCE).output


@pytest.mark.matrix
def test_without_permission_nothing_is_drained_and_what_is_left_is_shown(lab: Stage) -> None:
    run = lab.play(role(migration_network_allow_drain=False))
    assert run.rc == 0, run.output
    assert lab.writes() == []
    assert left(run) == [LEFT.format("hv41 to hv44 would be drained", "migration_network_allow_drain")]
    # The text "false" is false.
    run = lab.play(role(), "-e", "migration_network_drain=false")
    assert run.rc == 0, run.output
    assert lab.writes() == []
    assert left(run) == [LEFT.format("hv41 to hv44 would restart network adapters", RESTART)]


@pytest.mark.parametrize("keyword", ["serial: 1", "strategy: free", "strategy: host_pinned"])
def test_batches_and_hosts_without_a_common_order_are_refused(lab: Stage, keyword: str) -> None:
    run = lab.play(role().replace("gather_facts: false", f"gather_facts: false\n  {keyword}"))
    assert run.rc == 2
    assert messages(run)[0] == (
        "The role migration_network works on one node of each cluster at a time and has to see all of them. Remove "
        "serial from the play, and use the strategy linear. Nothing was written."
    )
    assert lab.writes() == []


def management(estate: Variables) -> None:
    """On two nodes, the adapter of the connection must change."""
    one_each(estate)
    adapter(estate, "hv43", "Management")["driver"] = "intel-1g"
    for name in ("hv42", "hv43"):
        adapter(estate, name, "Management")["values"] = {JUMBO: "9014", BUFFERS: "2048"}


@pytest.mark.slow
def test_each_restart_interrupts_the_connection(estate: Stage) -> None:
    lab = reset(estate, management)
    run = lab.play(role(network="Management"))
    assert run.rc == 0, run.output
    assert assert_one_node_at_a_time(lab) == ["hv41", "hv44"]
    assert [write[:3] for write in puts(lab)] == [
        (name, "Management", keyword) for name in ("hv41", "hv44") for keyword in (JUMBO, BUFFERS)
    ]
    cut = [entry.host for entry in lab.writes() if entry.operation == "Put" and entry.status == 0]
    assert cut == ["hv41", "hv44"]
    assert restarts(lab) == [("hv41", "Management"), ("hv44", "Management")]
    assert nodes(lab) == ALL_ACTIVE


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"migration_network_mtu": 99999}, "mtu 99999 is out of range"),
        ({"migration_network_mtu": "jumbo"}, "migration_network_mtu"),
        ({"migration_network_adapters": ["LM"], "migration_network_cluster_network": None}, "matches LM; it has"),
        ({"migration_network_cluster_network": "Live"}, "has no network Live; it has Cluster, LiveMigration, Man"),
        ({"migration_network_properties": {"*RSC": "1"}}, "its driver does not support *RSC"),
        ({"migration_network_on_unsupported": "fail"}, "its driver supports at most 4096"),
        (
            {"migration_network_on_unsupported": "hope"},
            'migration_network_on_unsupported is "hope", and it must be one of',
        ),
        ({"migration_network_cluster_network": None, "ambiguous": True}, "Live migration may use every network"),
    ],
    ids=["size", "no number", "an adapter", "a network", "a keyword", "less", "policy", "unclear"],
)
def test_errors_before_any_drain(estate: Stage, variables: Variables, said: str) -> None:
    def change(found: Variables) -> None:
        if variables.get("ambiguous"):
            del found["clusters"][0]["virtual_machine_type"]

    lab = reset(estate, change)
    run = lab.play(role(**{key: value for key, value in variables.items() if key != "ambiguous"}))
    assert run.rc == 2, run.output
    assert any(said in message for message in messages(run)), messages(run)
    assert lab.writes() == []
    assert nodes(lab) == ALL_ACTIVE


@pytest.mark.parametrize("how", ["does not answer", "is down", "is no node"])
def test_no_node_is_drained_while_another_is_not_up(lab: Stage, how: str) -> None:
    where, hosts = "migration", {}
    if how == "is no node":
        where = "hv41:lone1"
    elif how == "does not answer":
        hosts = {"hv43": {"ansible_port": 1}}
    else:
        found = lab.estate.cluster("HVC4").named("MSCluster_Node", "hv43")
        assert found is not None
        lab.estate.cluster("HVC4").write(found, {"State": 1})
    run = lab.play(role(where=where), hosts=hosts)
    assert run.rc != 0
    assert lab.writes() == []
    reason = {
        "does not answer": "hv43: ",
        "is down": "hv43 is down. Bring every node up first.",
        "is no node": "hv42 to hv44 are not hosts of this run. Include every node of the cluster in the run",
    }
    assert any(
        reason[how] in message and "Nothing was done on the nodes of HVC4" in message for message in messages(run)
    )
    assert [one for one in run.results if one.task.endswith("Drain the node")] == []


def test_a_node_that_was_drained_outside_of_the_play(estate: Stage) -> None:
    """It is not in the play, so the role must not resume it, and must not drain a second node."""
    lab = reset(estate, compliant("hv41", "hv42"))
    found = lab.estate.cluster("HVC4").named("MSCluster_Node", "hv44")
    assert found is not None
    lab.estate.cluster("HVC4").write(found, {"State": 2, "NodeDrainStatus": 2})
    run = lab.play(role(), "--limit", "hv41,hv42,hv43")
    assert run.rc == 2
    (message,) = messages(run)
    assert "hv44 is not a host of this run." in message
    assert "hv44 was paused by somebody else. Ask who did it" in message
    assert message.endswith("name the gate in migration_network_allow_gates: nodes_in_run, foreign_drain.")
    assert lab.writes() == []


def test_standalone_hosts_are_not_drained(estate: Stage) -> None:
    lab = reset(estate)
    # Without adapters they are skipped.
    run = lab.play(role(where="lone1:old1"))
    assert (run.rc, lab.writes()) == (0, []), run.output
    alone = role(where="lone1", network=None, migration_network_adapters=["LM"])
    assert lab.check(alone).rc == 0
    run = lab.play(alone)
    assert (run.rc, lab.writes()) == (0, []), run.output
    assert left(run) == [LEFT.format("lone1 would restart network adapters", RESTART)]
    alone = role(where="lone1", network=None, migration_network_adapters=["LM"], migration_network_allow_restart=True)
    run = lab.play(alone)
    assert run.rc == 0, run.output
    assert [write[1:] for write in puts(lab)] == [("LM", "MaxFrameSize", "9000"), ("LM", "ReceiveBuffers", "3")]
    assert timeline_of(lab) == [("AdapterRestart", "lone1", "LM"), ("AdapterUp", "lone1", "LM")]
    assert lab.play(alone).rc == 0
    assert len(lab.writes()) == 2


def test_a_compliant_cluster_is_not_changed_and_its_paths_are_shown(estate: Stage) -> None:
    def one_path_is_small(found: Variables) -> None:
        compliant(*NODES)(found)
        found["clusters"][0]["paths"] = [{"network": "LiveMigration", "between": ["hv41", "hv44"], "mtu": 1500}]

    lab = reset(estate, one_path_is_small)
    run = lab.play(role())
    assert run.rc == 0, run.output
    assert lab.writes() == []
    assert lines(run)[1] == "HV41 - passes passes fails"
    assert any(
        "the path from HV44 to HV41 supports packets of 1500 bytes but not of 9000" in line for line in lines(run)
    )


def test_a_host_with_another_name_in_the_inventory(estate: Stage) -> None:
    lab = reset(estate, compliant("hv42", "hv43", "hv44"))
    same = inventory(lab.estate.estate, lab.estate.state, "winrm", "http")["all"]["hosts"]["hv41"]
    run = lab.play(role(where="alpha:hv42:hv43:hv44"), hosts={"alpha": same})
    assert run.rc == 0, run.output
    assert assert_one_node_at_a_time(lab) == ["hv41"]
    (proof,) = [one for one in run.results if one.task.endswith("paths to the nodes that are done")]
    assert sorted((row["source"], row["target"], row["verdict"]) for row in proof.data["paths"]) == [
        ("HV41", f"HV4{number}", "passes") for number in (2, 3, 4)
    ]
