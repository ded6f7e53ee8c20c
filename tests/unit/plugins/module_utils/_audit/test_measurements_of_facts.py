# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures for the pictures of the page, as the evaluation has them: every entry of each row."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._audit.evaluation import evaluate
from audit_cases import NOW, Mapping, rule


def figures(hosts: Mapping, rules: t.Sequence[str], **more: t.Any) -> Mapping:
    facts = {"title": "lab", "hosts": hosts, **more}
    found: Mapping = evaluate([rule(name) for name in rules], facts, now=NOW)["pictures"]
    return found


def host(*kinds: str, **parts: t.Any) -> Mapping:
    return {"kinds": list(kinds), "reached": True, "why": None, **parts}


def cluster(name: str, *, windows: str = "2019", **more: t.Any) -> Mapping:
    return {"cluster": {"name": name, "nodes": [{"name": "hv01", "windows": windows}], **more}}


def path(**more: t.Any) -> Mapping:
    own = {"network": "LM", "source": "hv01", "target": "hv02", "mtu": 9000, "jumbo": "passes", "standard": "passes"}
    return {**own, "verdict": "passes", "msg": None, **more}


ROW = {
    "cluster": "HVC1", "network": "LM", "from": "hv01", "to": "hv02", "mtu": 9000, "wanted": 9000, "proved": True,
    "why": None,
}  # fmt: skip
OTHER_SIZE = "the path was tested with another size"


@pytest.mark.parametrize(
    ("tested", "expected"),
    [
        ({}, {}),
        ({"jumbo": "too_big", "verdict": "fails", "msg": "Too big."},
         {"mtu": 1500, "proved": False, "why": "Too big."}),
        ({"jumbo": "no_answer", "standard": "no_answer", "verdict": "unknown", "msg": "No."},
         {"mtu": None, "proved": None, "why": "No."}),
        ({"mtu": 4000}, {"mtu": 4000, "proved": None, "why": OTHER_SIZE}),
        ({"mtu": 4000, "msg": "Odd."}, {"mtu": 4000, "proved": None, "why": "Odd."}),
    ],
)  # fmt: skip
def test_each_tested_path(tested: Mapping, expected: Mapping) -> None:
    parts = {"cluster_info": cluster("HVC1"), "jumbo_path_info": {"paths": [path(**tested)]}}
    assert figures({"hv01": host("hyperv_host", **parts)}, ["jumbo-path"])["paths"] == [{**ROW, **expected}]


def test_a_host_without_paths_has_none() -> None:
    for parts in ({}, {"jumbo_path_info": {"unknown": "No."}}, {"jumbo_path_info": {"paths": []}}):
        assert (
            figures({"hv01": host("hyperv_host", cluster_info=cluster("HVC1"), **parts)}, ["jumbo-path"])["paths"] == []
        )


LIMITS = {"same_subnet_limit_seconds": None, "cross_subnet_limit_seconds": None}


@pytest.mark.parametrize(
    ("kind", "windows", "defaults"),
    [
        ("hyperv_host", "2019", (20, 20)),
        ("hyperv_host", "2016", (10, 20)),
        ("hyperv_host", "2012 R2", (10, 20)),
        ("hyperv_host", "2012", (5, 5)),
        ("dag_member", "2019", (20, 20)),
        ("dag_member", "2016", (10, 20)),
        ("dag_member", "2012 R2", None),  # it depends on an update
        ("dag_member", "2012", (5, 5)),
    ],
)
def test_each_heartbeat_has_the_default_of_its_windows(
    kind: str, windows: str, defaults: tuple[int, int] | None
) -> None:
    seconds = {"heartbeat_seconds": {"same_subnet": 7.5, "cross_subnet": 30.0}}
    found = figures(
        {"hv01": host(kind, cluster_info=cluster("C1", windows=windows, **seconds))}, ["dag-heartbeat-most"]
    )
    (row,) = found["heartbeats"]
    own = ("cluster", "dag", "windows", "same_subnet_seconds", "cross_subnet_seconds")
    assert {name: row[name] for name in own} == {
        "cluster": "C1", "dag": kind == "dag_member", "windows": windows, "same_subnet_seconds": 7.5,
        "cross_subnet_seconds": 30.0,
    }  # fmt: skip
    names = ("same_subnet_default_seconds", "cross_subnet_default_seconds")
    assert tuple(row.get(name) for name in names) == (defaults or (None, None))
    limits = {name: row[name] for name in LIMITS}
    assert (limits == LIMITS) is (kind == "hyperv_host")


def certificate(days: int, use: str = "current") -> Mapping:
    day = NOW.replace(month=NOW.month, day=NOW.day + days)
    return {"use": use, "not_after": day.isoformat()}


def test_each_certificate_in_use() -> None:
    trusts = [
        {"name": "Microsoft", "certificates": [certificate(9), certificate(1, "previous"), certificate(20, "next")]},
        {"name": "None", "certificates": None},
    ]
    forest = {"host": "dc1", "exchange_info": {"federation_trusts": trusts}}
    rows = figures({}, ["federation-days-left"], forest=forest)["certificates"]
    assert [(row["name"], row["use"], row["days_left"]) for row in rows] == [
        ("Microsoft", "current", 9), ("Microsoft", "next", 20),
    ]  # fmt: skip
    assert {row["not_after"] for row in rows} == {certificate(9)["not_after"], certificate(20)["not_after"]}
    assert {row["limit_days"] for row in rows} != {None}
    assert figures({}, ["federation-days-left"], forest={"host": "dc1"})["certificates"] == []
