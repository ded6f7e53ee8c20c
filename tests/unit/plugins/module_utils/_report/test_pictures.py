# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures on the page, by themselves: places, lengths in percent, words, limits and the order of rows."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._report import pictures
from ansible_collections.winha.cluster.plugins.module_utils._report.evaluation import Run
from ansible_collections.winha.cluster.plugins.module_utils._report.measurement import Certificate, Heartbeat, Path
from ansible_collections.winha.cluster.plugins.module_utils._report.trend import trend


def path(sender: str, receiver: str, proved: bool | None = True, **more: t.Any) -> Path:
    own: dict[str, t.Any] = {"cluster": "HVC1", "network": "LM", "mtu": 9000, "wanted": 9000, "why": ""}
    return Path(sender=sender, receiver=receiver, proved=proved, **{**own, **more})


def test_no_host_has_a_path_to_itself() -> None:
    found = [path("hv10", "hv2"), path("hv2", "hv10", proved=False, wanted=1500), path("hv2", "hv1", proved=None)]
    (mesh,) = pictures.meshes(found)
    assert (mesh.hosts, mesh.wanted, mesh.large) == (("hv1", "hv2", "hv10"), 9000, True)
    margin = 29 + 10  # four characters of 7.2 units
    assert (mesh.margin, mesh.side, mesh.width) == (margin, 44, margin + 3 * 44 + 2)
    assert [((square.x - margin) // 44, (square.y - margin) // 44, square.kind) for square in mesh.squares] == [
        (1, 0, "untested"), (2, 0, "untested"), (0, 1, "unknown"), (2, 1, "fails"), (0, 2, "untested"),
        (1, 2, "passes"),
    ]  # fmt: skip
    assert {(square.x - margin) % 44 for square in mesh.squares} == {0}
    assert [mesh.of(kind) for kind in ("passes", "fails", "unknown", "untested")] == [*((one,) for one in found), ()]


@pytest.mark.parametrize(("number", "side"), [(2, 44), (16, 44), (17, 14)])
def test_many_hosts_have_small_squares(number: int, side: int) -> None:
    (mesh,) = pictures.meshes(path("h0", f"h{each}") for each in range(1, number))
    assert (len(mesh.hosts), mesh.side, mesh.large) == (number, side, side == 44)


@pytest.mark.parametrize(("length", "margin"), [(1, 17), (26, 197), (27, 197), (60, 197)])
def test_a_long_name_has_no_more_room_than_its_label(length: int, margin: int) -> None:
    (mesh,) = pictures.meshes([path("a" * length, "b")])
    assert mesh.margin == margin


def test_each_network_of_each_cluster_has_its_own_picture() -> None:
    found = pictures.meshes([path("b", "a", network="Z"), path("b", "a", cluster="A"), path("b", "a"), path("a", "b")])
    assert [(one.cluster, one.network, len(one.hosts)) for one in found] == [
        ("A", "LM", 2), ("HVC1", "LM", 2), ("HVC1", "Z", 2),
    ]  # fmt: skip


NOTHING: dict[str, t.Any] = dict.fromkeys(
    (
        "same_subnet", "cross_subnet", "same_subnet_default", "cross_subnet_default", "same_subnet_limit",
        "cross_subnet_limit", "offline",
    )
)  # fmt: skip


def beat(cluster: str, *, dag: bool = False, **more: float) -> Heartbeat:
    return Heartbeat(cluster=cluster, dag=dag, windows="2019", **{**NOTHING, **more})


@pytest.mark.parametrize("name", NOTHING)
def test_the_scale_has_room_for_each_value(name: str) -> None:
    assert pictures.scale([beat("A", **{name: 20.0}), beat("B")]) == 25
    assert pictures.scale([beat("A", **{name: 19.0})]) == 20
    assert pictures.scale([beat("A", **{name: 1.0})]) == 10
    assert pictures.scale([]) == 10


def test_the_bars_of_clusters() -> None:
    same = {"same_subnet": 10.0, "cross_subnet": 20.0, "same_subnet_limit": 5.0, "cross_subnet_limit": 20.0}
    rows = pictures.heartbeat_rows(
        [beat("HVC10", **same), beat("HVC2", **same), beat("DAG", dag=True, same_subnet=20.0, offline=20.0), beat("X")]
    )
    assert [row.clusters for row in rows] == [("DAG",), ("HVC2", "HVC10")]
    dag, both = rows
    assert [dataclasses.astuple(one) for one in dag.bars] == [(20.0, None, None, 80.0, None), (None,) * 5]
    assert [dataclasses.astuple(one) for one in both.bars] == [
        (10.0, 5.0, None, 40.0, 20.0), (20.0, 20.0, None, 80.0, 80.0),
    ]  # fmt: skip
    assert [one.over for row in rows for one in row.bars] == [False, False, True, False]
    assert (dag.offline, dag.exceeds_timeout, both.offline, both.exceeds_timeout) == (80.0, True, None, False)


@pytest.mark.parametrize(
    ("offline", "same", "exceeds"),
    [(10.0, 10.0, True), (10.1, 10.0, True), (9.9, 10.0, False), (None, 10.0, False), (10.0, None, False)],
)
def test_a_blackout_that_is_not_shorter_than_the_timeout(
    offline: float | None, same: float | None, exceeds: bool
) -> None:
    (row,) = pictures.heartbeat_rows(
        [dataclasses.replace(beat("A", cross_subnet=1.0), offline=offline, same_subnet=same)]
    )
    assert row.exceeds_timeout is exceeds


def test_clusters_without_a_timeout_are_named() -> None:
    found = [beat("C", offline=1.0), beat("B", cross_subnet=1.0), beat("A"), beat("D", same_subnet=1.0)]
    assert pictures.unknown_heartbeats(found) == "A and C"


@pytest.mark.parametrize(
    ("days", "kind", "words", "percent"),
    [
        (None, "unknown", "unknown", 0.0),
        (-2, "expired", "expired 2 days ago", 0.0),
        (-1, "expired", "expired 1 day ago", 0.0),
        (0, "soon", "0 days left", 0.0),
        (1, "soon", "1 day left", 0.27),
        (2, "soon", "2 days left", 0.55),
        (29, "soon", "29 days left", 7.95),
        (30, "later", "30 days left", 8.22),
        (365, "later", "365 days left", 100.0),
        (366, "later", "366 days left", 100.0),
    ],
)
def test_the_days_of_a_certificate(days: int | None, kind: str, words: str, percent: float) -> None:
    certificate = Certificate(name="a", use="current", not_after="x", days_left=days, limit_days=30)
    (row,) = pictures.certificate_rows([certificate])
    assert (row.kind, row.words, row.percent, row.limit) == (kind, words, percent, 8.22)
    assert pictures.certificate_rows([dataclasses.replace(certificate, limit_days=400)])[0].limit == 100.0


def test_the_certificate_that_expires_first_is_first() -> None:
    days = {"c": None, "b": 9, "a": 9, "d": -1}
    rows = [Certificate(name=name, use="", not_after="", days_left=left, limit_days=30) for name, left in days.items()]
    assert [row.certificate.name for row in pictures.certificate_rows(rows)] == ["d", "a", "b", "c"]


def run(hosts: int, error: int, warning: int, unknown: int) -> Run:
    counts = {"error": error, "warning": warning, "unknown": unknown}
    return Run(gathered="2026-11-30", hosts=hosts, unread=0, counts=counts)


def test_the_picture_of_the_runs() -> None:
    runs = [run(3, 4, 2, 0), run(4, 2, 0, 0), run(4, 0, 1, 0)]
    found = trend(runs)
    assert found is not None
    assert (found.runs, found.before, found.different) == (tuple(runs), runs[1], (0,))
    assert [(line.kind, line.last, line.path) for line in found.lines] == [
        ("error", 0, "8,12 136,56 264,100"),
        ("warning", 1, "8,56 136,100 264,78"),
        ("unknown", 0, "8,100 136,100 264,100"),
    ]
    assert [line.label for line in found.lines] == [104.0, 78.0, 91.0]
    assert trend(runs[:1]) is None
    flat = trend([run(1, 0, 0, 0)] * 2)
    assert flat is not None
    assert [(line.path, line.label) for line in flat.lines] == [
        ("8,100 264,100", label) for label in (104.0, 91.0, 78.0)
    ]
