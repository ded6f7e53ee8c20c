# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of which cluster and which node a name means."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._change.peers import peers_of
from ansible_collections.winha.cluster.plugins.module_utils.identity import (
    cluster_key,
    distinct_names,
    home_of,
    node_key,
)

Row = dict[str, t.Any]


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ({"name": "HVC1", "fqdn": "HVC1.a.test", "id": "11"}, "hvc1.a.test"),
        ({"name": "HVC1", "fqdn": "hvc1.a.test."}, "hvc1.a.test"),
        ({"name": "DAG1", "fqdn": "DAG1", "id": "AB"}, "ab"),
        ({"name": "DAG1", "fqdn": "DAG1", "id": None}, "dag1"),
        ({"name": "DAG1", "fqdn": "", "id": ""}, "dag1"),
        ({}, ""),
    ],
)
def test_what_identifies_a_cluster(cluster: Row, expected: str) -> None:
    assert cluster_key(cluster) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HV01.a.test", "hv01"),
        ("hypervisor-number-01", "hypervisor-numb"),
        ("10.0.0.1", "10.0.0.1"),
        ("FD00::0001", "fd00::1"),
    ],
)
def test_the_computer_name_of_a_host(name: str, expected: str) -> None:
    assert node_key(name) == expected


def test_clusters_of_one_name_are_shown_with_what_tells_them_apart() -> None:
    clusters = [("HVC1", "hvc1.a.test"), ("hvc1", "hvc1.b.test"), ("DAG1", "11"), ("DAG1", "22"), ("HVC2", "hvc2.a")]
    assert distinct_names(clusters) == ["hvc1.a.test", "hvc1.b.test", "DAG1 (11)", "DAG1 (22)", "HVC2"]


def test_the_cluster_of_a_host_that_was_not_read_is_the_one_in_its_domain() -> None:
    two = dict.fromkeys(["hvc1.a.test", "hvc1.b.test"])
    assert home_of("hv01.b.test", two) == "hvc1.b.test"
    assert home_of("hv01", two) is None
    assert home_of("hv01", {"hvc1.a.test": None}) == "hvc1.a.test"


def read(fqdn: str, node: str | None, *nodes: str, number: str | None = None, **machines: str) -> Row:
    name = fqdn.split(".", 1)[0].upper()
    listed = [{"name": each} for each in nodes]
    return {
        "cluster": {"name": name, "fqdn": fqdn, "id": number, "node": node, "nodes": listed, "machine_names": machines}
    }


def test_peers_are_the_hosts_of_one_cluster_and_not_of_one_name() -> None:
    found = peers_of(
        {
            "a1": read("hvc1.a.test", "HV01", "HV01", "HV02", ID1="EX01"),
            "b1": read("hvc1.b.test", "HV01", "HV01", "HV02", ID1="another EX01"),
            "a2": read("hvc1.a.test", "HV02", "HV01", "HV02", ID2="EX02"),
        }
    )
    assert found["a1"]["peers"] == found["a2"]["peers"] == ["a1", "a2"]
    assert found["b1"]["peers"] == ["b1"]
    assert found["a2"]["machine_names"] == {"ID1": "EX01", "ID2": "EX02"}
    assert found["b1"]["machine_names"] == {"ID1": "another EX01"}


def test_clusters_without_a_domain_are_told_apart_by_their_id() -> None:
    found = peers_of(
        {
            "a": read("DAG1", "EX01", "EX01", number="1"),
            "b": read("DAG1", "EX01", "EX01", number="2"),
            "c": read("DAG1", "EX02", "EX02", number="1"),
        }
    )
    assert [found[name]["peers"] for name in "abc"] == [["a", "c"], ["b"], ["a", "c"]]


def test_a_host_that_was_not_read_is_a_node_only_if_no_other_host_was_that_node() -> None:
    failed = {"failed": True, "msg": "no answer"}
    of_a = {"hv01.a.test": read("hvc1.a.test", "HV01", "HV01", "HV02")}
    found = peers_of({**of_a, "hv02.a.test": failed, "hv01.b.test": failed, "other": failed})
    assert {name: row["listed"] for name, row in found.items()} == {
        "hv01.a.test": True,
        "hv02.a.test": True,
        "hv01.b.test": False,
        "other": False,
    }
    assert found["hv02.a.test"]["peers"] == []
