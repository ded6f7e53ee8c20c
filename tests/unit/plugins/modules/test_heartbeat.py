# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the heartbeat plan with any values."""

from __future__ import annotations

import itertools
import re
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import cluster, computer, properties
from ansible_collections.winha.cluster.plugins.module_utils._windows.version import WindowsVersion
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, Reference, new_instance
from ansible_collections.winha.cluster.plugins.module_utils.task import Outcome, TaskError
from ansible_collections.winha.cluster.plugins.modules import heartbeat
from hypothesis import given
from hypothesis import strategies as st

URI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/mscluster/MSCluster_Cluster"
UNSET: dict[str, int | None] = dict.fromkeys(heartbeat.settings.SETTINGS)
W2008R2, W2012R2, W2016, W2019 = (WindowsVersion(build) for build in (7601, 9600, 14393, 17763))


def state(version: WindowsVersion, **values: int) -> heartbeat.State:
    return heartbeat.State(cluster=new_instance(URI, {"Name": "DAG1"}), version=version, values={**UNSET, **values})


def options(max_seconds: int = 10, *, allow_shorter: bool = False, **wanted: int) -> dict[str, int | None]:
    return {**UNSET, "max_seconds": max_seconds, "allow_shorter": allow_shorter, **wanted}


def timeouts(values: t.Mapping[str, int | None]) -> dict[str, float]:
    return {name: seconds for name, seconds in heartbeat.settings.seconds_of(values).items() if seconds is not None}


def ordered(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(numbers, numbers).map(lambda two: (min(two), max(two)))


pairs = st.builds(
    lambda delays, thresholds: {
        "same_subnet_delay": delays[0],
        "cross_subnet_delay": delays[1],
        "same_subnet_threshold": thresholds[0],
        "cross_subnet_threshold": thresholds[1],
    },
    ordered(st.integers(250, 2000)),
    ordered(st.integers(3, 120)),
)


def in_order(values: dict[str, int | None]) -> bool:
    return all(values[f"same_subnet_{part}"] <= values[f"cross_subnet_{part}"] for part in ("delay", "threshold"))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (7601, "5 s for same-subnet and cross-subnet (1000 ms x 5)"),
        (9200, "5 s for same-subnet and cross-subnet (1000 ms x 5)"),
        (9600, "5 s for same-subnet and cross-subnet (1000 ms x 5), or 10 s and 20 s with KB3153887"),
        (14393, "10 s for same-subnet (1000 ms x 10) and up to 20 s for cross-subnet"),
        (17763, "20 s for same-subnet and cross-subnet (1000 ms x 20)"),
        (20348, "20 s for same-subnet and cross-subnet (1000 ms x 20, assumed to be as in 2019)"),
    ],
)
def test_the_default_of_each_version(build: int, expected: str) -> None:
    assert heartbeat.settings.default_of(WindowsVersion(build)) == expected


@given(before=pairs, wanted=pairs)
def test_a_step_keeps_the_order_of_pairs_in_any_write_order(before: dict[str, int], wanted: dict[str, int]) -> None:
    found = state(W2016, **before)
    plan = heartbeat.plan(found, options(max_seconds=0, allow_shorter=True, **wanted))
    assert len(plan.steps) <= 3
    now: dict[str, int | None] = dict(found.values)
    for step in plan.steps:
        for order in itertools.permutations(step.changes):
            trial = dict(now)
            for change in order:
                assert trial[change.label] == change.before
                trial[change.label] = change.after
                assert in_order(trial)
        now |= {change.label: change.after for change in step.changes}
        for name, seconds in timeouts(now).items():  # a run that ends here leaves no shorter timeout
            assert seconds >= min(timeouts(before)[name], timeouts(wanted)[name])
    assert {name: now[name] for name in wanted} == wanted


@given(before=pairs, wanted=pairs)
def test_no_timeout_becomes_shorter_unless_allowed(before: dict[str, int], wanted: dict[str, int]) -> None:
    found = state(W2016, **before)
    plan = heartbeat.plan(found, options(max_seconds=0, **wanted))
    now: dict[str, int | None] = dict(found.values)
    for step in plan.steps:
        for change in step.changes:
            now[change.label] = change.after
        assert in_order(now)
        assert all(seconds >= timeouts(before)[name] for name, seconds in timeouts(now).items())
    alone = {str(row["label"]): row for row in plan.left_alone}
    assert {name for name in wanted if now[name] != wanted[name]} == set(alone)
    for name, row in alone.items():
        assert (row["wanted"], row["current"]) == (wanted[name], before[name])
    if all(timeouts(wanted)[name] >= seconds for name, seconds in timeouts(before).items()):
        assert not alone


def test_the_longer_defaults_of_2012_r2_with_kb3153887_are_left_alone() -> None:
    default = heartbeat.settings.default_timeouts(W2012R2, longer=True)
    before = {
        "same_subnet_delay": 1000,
        "same_subnet_threshold": default.same_subnet,
        "cross_subnet_delay": 1000,
        "cross_subnet_threshold": default.cross_subnet,
    }
    plan = heartbeat.plan(state(W2012R2, **before), options(same_subnet_threshold=10, cross_subnet_threshold=10))
    assert plan.changes == ()
    assert plan.left_alone == (
        {
            "label": "cross_subnet_threshold",
            "wanted": 10,
            "current": 20,
            "reason": "the cross_subnet timeout would become shorter: 10 s instead of 20 s. "
            "Set allow_shorter to permit this",
        },
    )


@given(values=pairs)
def test_compliant_values_are_not_written(values: dict[str, int]) -> None:
    assert not heartbeat.plan(state(W2016, **values), options(max_seconds=0, **values)).changes


@pytest.mark.parametrize(
    ("version", "wanted", "sentence"),
    [
        (
            W2016,
            {"same_subnet_threshold": 2},
            "same_subnet_threshold 2 is out of range: Windows Server 2016 allows 3 to 120",
        ),
        (W2008R2, {"same_subnet_threshold": 11}, "Windows Server 2008 R2 allows 3 to 10"),
        (W2016, {"same_subnet_delay": 200}, "allows 250 to 2000 ms"),
        (W2016, {"cross_subnet_delay": 4001}, "allows 250 to 4000 ms"),
        (W2012R2, {"cross_site_threshold": 10}, "The cluster DAG1 does not have the setting cross_site_threshold"),
        (W2008R2, {"route_history_length": 10}, "The cluster DAG1 does not have the setting route_history_length"),
        (W2016, {"same_subnet_threshold": 15}, "would be higher than cross_subnet_threshold 10"),
        (
            W2016,
            {"same_subnet_threshold": 15, "cross_subnet_threshold": 15},
            "is 15 s, more than max_seconds (10). The Exchange team recommends at most 10 s",
        ),
        (W2019, {"cross_subnet_threshold": 15}, "the default of Windows Server 2019 is 20 s"),
        (W2016, {"cross_subnet_delay": 2000}, "cross_subnet_delay 2000 ms x cross_subnet_threshold 10 is 20 s"),
    ],
)
def test_invalid_values_are_an_error(version: WindowsVersion, wanted: dict[str, int], sentence: str) -> None:
    current = {
        "same_subnet_delay": 1000,
        "same_subnet_threshold": 5,
        "cross_subnet_delay": 1000,
        "cross_subnet_threshold": 10,
    }
    if version >= W2012R2:
        current["route_history_length"] = 10
    if version >= W2016:
        current |= {"cross_site_delay": 1000, "cross_site_threshold": 20}
    with pytest.raises(TaskError, match=re.escape(sentence)):
        heartbeat.plan(state(version, **current), options(**wanted))


def test_a_default_above_the_limit_is_not_changed_unless_it_is_set() -> None:
    found = state(
        W2019,
        same_subnet_delay=1000,
        same_subnet_threshold=20,
        cross_subnet_delay=1000,
        cross_subnet_threshold=20,
        route_history_length=20,
    )
    plan = heartbeat.plan(found, options(route_history_length=40))
    assert [(change.label, change.after) for change in plan.changes] == [("route_history_length", 40)]


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (3790, "older than 2008"),
        (6003, "2008"),
        (7601, "2008 R2"),
        (9200, "2012"),
        (9600, "2012 R2"),
        (14393, "2016"),
        (17763, "2019"),
        (20348, "2022"),
        (25398, "2022"),
        (26100, "2025"),
    ],
)
def test_the_name_of_a_build(build: int, name: str) -> None:
    assert WindowsVersion(build).name == name


CLIENT = t.cast("t.Any", "a client")
REFERENCE = Reference(resource_uri=URI)
STORED = {"SameSubnetDelay": 1000, "CrossSubnetDelay": 1000, "SameSubnetThreshold": 5, "CrossSubnetThreshold": 10}


def named_cluster(reference: Reference | None = REFERENCE, **values: int) -> Instance:
    return Instance(new_instance(URI, {"Name": "DAG1", **STORED, **values}).element, reference)


def test_a_step_is_written_with_the_names_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[t.Any] = []

    def send_and_store(*given: t.Any, operation: str) -> t.Any:
        asked.extend([*given, operation])
        return properties.StoreResult(instance=named_cluster(CrossSubnetDelay=2000), reason="why")

    monkeypatch.setattr(properties, "send_and_store", send_and_store)
    before = heartbeat.State(
        cluster=named_cluster(), version=W2012R2, values=heartbeat.settings.values_of(named_cluster())
    )
    (step,) = heartbeat.plan(before, options(40, cross_subnet_delay=2000, cross_subnet_threshold=20)).steps
    applied = heartbeat.apply(CLIENT, before, step)
    values = {"CrossSubnetDelay": 2000, "CrossSubnetThreshold": 20}
    operation = asked.pop()
    assert asked == [CLIENT, REFERENCE, values, properties.CLUSTER_COMMON]
    assert set(operation.removeprefix("setting ").removesuffix(" of DAG1").split(", ")) == {
        "cross_subnet_delay", "cross_subnet_threshold",
    }  # fmt: skip
    assert (applied.values, applied.reason) == ({"cross_subnet_delay": 2000, "cross_subnet_threshold": 10}, "why")
    lost = heartbeat.State(cluster=named_cluster(None), version=W2012R2, values=before.values)
    with pytest.raises(cluster.NotClustered, match="the response contains no reference of the cluster DAG1"):
        heartbeat.apply(CLIENT, lost, step)


@pytest.mark.parametrize("wanted", [{}, {"cross_subnet_delay": 2000}])
def test_the_version_of_windows_is_read_only_for_a_wanted_value(
    monkeypatch: pytest.MonkeyPatch, wanted: dict[str, int]
) -> None:
    monkeypatch.setattr(cluster, "read_cluster", lambda _client: named_cluster())
    found = t.cast("t.Any", lambda _client: t.cast("t.Any", type("Computer", (), {"windows": W2016})))
    monkeypatch.setattr(computer, "read_computer", found if wanted else lambda _client: pytest.fail("read"))
    read = heartbeat.read(CLIENT, options(**wanted))
    assert read.version == (W2016 if wanted else None)
    assert {name: value for name, value in read.values.items() if value is not None} == {
        "same_subnet_delay": 1000, "cross_subnet_delay": 1000, "same_subnet_threshold": 5, "cross_subnet_threshold": 10,
    }  # fmt: skip


def test_the_whole_result() -> None:
    values = heartbeat.settings.values_of(named_cluster())
    before = heartbeat.State(cluster=named_cluster(), version=W2019, values=values)
    unset = {name: None for name, seconds in heartbeat.settings.seconds_of(values).items() if seconds is None}
    assert heartbeat.report(before, Outcome(values={"same_subnet_threshold": 10})) == {
        "cluster": "DAG1",
        "windows": "2019",
        "heartbeat": {**values, "same_subnet_threshold": 10},
        "seconds_before": {"same_subnet": 5.0, "cross_subnet": 10.0, **unset},
        "seconds_after": {"same_subnet": 10.0, "cross_subnet": 10.0, **unset},
    }
    alone = heartbeat.State(cluster=named_cluster(), version=None, values=values)
    assert "windows" not in heartbeat.report(alone, Outcome())
