# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of jumbo_path_info: paths that pass, fail or are unknown. The module only reads."""

from __future__ import annotations

import typing as t

import pytest
from rolling import NODES, adapter, host, migration, ours, reset, run_cases
from stage import CONNECTIONS, Run, Stage, Variables

JUMBO = "*JumboPacket"
LIVE = {"cluster_network": "LiveMigration"}
EVERYWHERE = ":".join(NODES)


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with migration(networks[5], tmp_path_factory.mktemp("paths")) as lab:
        yield lab


def jumbo(estate: Variables, *paths: Variables) -> None:
    """Set an MTU of 9000 on all live-migration adapters; some paths do not support it."""
    adapter(estate, "hv41", "LM")["values"] = {JUMBO: "9014"}
    for name in ("LM1", "LM2"):
        adapter(estate, "hv42", name)["values"] = {JUMBO: "9000"}
    for name in ("SLOT 3 Port 1", "SLOT 3 Port 2"):
        adapter(estate, "hv43", name)["values"] = {JUMBO: "9014"}
    host(estate, "hv43")["switches"][0]["vnics"][0]["values"] = {JUMBO: "9014"}
    adapter(estate, "hv44", "LM")["values"] = {JUMBO: "9014"}
    estate["clusters"][0]["paths"] = list(paths)


def matrix(run: Run) -> dict[tuple[str, str], str]:
    return {(row["source"], row["target"]): row["verdict"] for name in NODES for row in run.of(name).data["paths"]}


def others(verdicts: dict[tuple[str, str], str], *ends: str) -> set[str]:
    """The verdicts of all paths except between these two nodes."""
    return {verdict for pair, verdict in verdicts.items() if set(pair) != set(ends)}


@pytest.mark.matrix
@pytest.mark.parametrize("via", [CONNECTIONS[1], CONNECTIONS[2]], ids="-".join)
def test_all_paths_pass(estate: Stage, via: tuple[str, str]) -> None:
    lab = reset(estate, jumbo)
    run = lab.check(ours(EVERYWHERE, "jumbo_path_info", LIVE), via=via)
    assert run.rc == 0, run.output
    verdicts = matrix(run)
    assert len(verdicts) == 12
    assert set(verdicts.values()) == {"passes"}
    rows = run.of("hv41").data["paths"]
    assert {row["msg"] for row in rows} == {""}
    assert {(row["jumbo"], row["standard"], row["network"]) for row in rows} == {("passes", "passes", "LiveMigration")}
    assert [row["address"] for row in rows] == ["10.44.2.11", "10.44.2.12", "10.44.2.13"]
    assert not run.of("hv41").changed
    assert lab.writes() == []


def test_a_path_of_1500_fails_with_both_nodes_named(estate: Stage) -> None:
    lab = reset(
        estate, lambda found: jumbo(found, {"network": "LiveMigration", "between": ["hv42", "hv44"], "mtu": 1500})
    )
    run = lab.play(ours(EVERYWHERE, "jumbo_path_info", LIVE))
    verdicts = matrix(run)
    assert (verdicts["HV42", "HV44"], verdicts["HV44", "HV42"]) == ("fails", "fails")
    assert others(verdicts, "HV42", "HV44") == {"passes"}
    (row,) = [row for row in run.of("hv44").data["paths"] if row["target"] == "HV42"]
    assert (row["mtu"], row["jumbo"], row["standard"]) == (9000, "no_answer", "passes")
    assert row["msg"] == (
        "the path from HV44 to HV42 supports packets of 1500 bytes but not of 9000; check the switches in between and "
        "the adapters of HV42"
    )
    smaller = lab.play(ours("hv44", "jumbo_path_info", {**LIVE, "mtu": 1500}))
    assert {(row["mtu"], row["verdict"]) for row in smaller.of("hv44").data["paths"]} == {(1500, "passes")}
    assert lab.writes() == []


def test_a_filtered_echo_is_unknown(estate: Stage) -> None:
    lab = reset(
        estate,
        lambda found: jumbo(found, {"network": "LiveMigration", "between": ["hv41", "hv43"], "echo": "filtered"}),
    )
    run = lab.play(ours(EVERYWHERE, "jumbo_path_info", LIVE))
    verdicts = matrix(run)
    assert (verdicts["HV41", "HV43"], verdicts["HV43", "HV41"]) == ("unknown", "unknown")
    assert others(verdicts, "HV41", "HV43") == {"passes"}
    (row,) = [row for row in run.of("hv41").data["paths"] if row["target"] == "HV43"]
    assert (row["jumbo"], row["standard"]) == ("no_answer", "no_answer")
    assert (
        row["msg"] == "HV41 got no reply from HV43 at all; a firewall may block echo requests, so the result is unknown"
    )


def test_a_source_with_a_small_mtu_is_named(estate: Stage) -> None:
    def one_is_small(found: Variables) -> None:
        jumbo(found)
        adapter(found, "hv41", "LM")["values"] = {}

    run = reset(estate, one_is_small).play(ours(EVERYWHERE, "jumbo_path_info", LIVE))
    verdicts = matrix(run)
    assert {verdict for pair, verdict in verdicts.items() if "HV41" in pair} == {"fails"}
    assert {verdict for pair, verdict in verdicts.items() if "HV41" not in pair} == {"passes"}
    rows = run.of("hv41").data["paths"]
    assert {(row["jumbo"], row["standard"]) for row in rows} == {("too_big", "passes")}
    assert rows[0]["msg"] == "HV41 itself cannot send packets of 9000 bytes; check its adapters"
    (back,) = [row for row in run.of("hv42").data["paths"] if row["target"] == "HV41"]
    assert (back["jumbo"], back["standard"]) == ("no_answer", "passes")


def test_adapters_below_a_virtual_switch_count(estate: Stage) -> None:
    """The virtual adapter has a large MTU, an adapter below the switch does not: no reply."""

    def uplink_is_small(found: Variables) -> None:
        jumbo(found)
        adapter(found, "hv43", "SLOT 3 Port 2")["values"] = {}

    run = reset(estate, uplink_is_small).play(ours("hv43", "jumbo_path_info", LIVE))
    assert {row["jumbo"] for row in run.of("hv43").data["paths"]} == {"no_answer"}
    assert {row["verdict"] for row in run.of("hv43").data["paths"]} == {"fails"}


def test_the_tested_paths(estate: Stage) -> None:
    lab = reset(estate, jumbo)
    cases: dict[str, Variables] = {
        "live migration": {"timeout_ms": 500},
        "some": {"nodes": ["hv44", "HV42"], **LIVE},
        "none": {"nodes": [], **LIVE},
        "another network": {"cluster_network": "cluster", "mtu": 1500},
        "addresses": {"targets": ["10.44.2.13", "10.99.9.9", "hv44", "nowhere"]},
        "an unknown network": {"cluster_network": "Backup"},
        "an unknown node": {"nodes": ["hv44", "hv49"]},
        "too small": {"mtu": 575},
        "too large": {"mtu": 65536},
        "two ways": {"targets": ["10.44.2.13"], **LIVE},
    }
    found = run_cases(lab, "hv41", "jumbo_path_info", cases)

    def tried(case: str) -> list[tuple[str, str]]:
        assert found[case].status == "ok", found[case]
        return [(row["target"], row["network"]) for row in found[case].data["paths"]]

    three = ("HV42", "HV43", "HV44")
    both = [(name, network) for network in ("LiveMigration", "Cluster") for name in three]
    assert sorted(tried("live migration")) == sorted(both)
    assert tried("some") == [("HV42", "LiveMigration"), ("HV44", "LiveMigration")]
    assert tried("none") == []
    assert tried("another network") == [(name, "Cluster") for name in three]
    assert {row["verdict"] for row in found["another network"].data["paths"]} == {"passes"}
    rows = {row["target"]: row["verdict"] for row in found["addresses"].data["paths"]}
    assert rows == {"10.44.2.13": "passes", "10.99.9.9": "unknown", "hv44": "fails", "nowhere": "unknown"}
    assert found["an unknown network"].message == (
        "The cluster of hv41 has no network Backup; it has Cluster, LiveMigration, Management."
    )
    assert found["an unknown node"].message == "The cluster of hv41 has no node hv49; it has hv41, hv42, hv43, hv44."
    assert "mtu 575 is out of range" in found["too small"].message
    assert "mtu 65536 is out of range" in found["too large"].message
    assert "mutually exclusive" in found["two ways"].message
    asked = [entry.wql for entry in lab.journal() if entry.cls == "Win32_PingStatus" or "Win32_PingStatus" in entry.wql]
    assert any("Timeout=500" in wql and "BufferSize=8972" in wql and "NoFragmentation=TRUE" in wql for wql in asked)
    assert lab.writes() == []


def test_addresses_on_a_standalone_host(estate: Stage) -> None:
    lab = reset(estate)
    found = run_cases(lab, "lone1", "jumbo_path_info", {"given": {"targets": ["10.44.9.31"]}, "sought": {}})
    (row,) = found["given"].data["paths"]
    assert (row["source"], row["network"], row["verdict"]) == ("lone1", None, "fails")
    assert "lone1 is not a member of a failover cluster" in found["sought"].message
