# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of heartbeat for each Windows version: results, requests and errors."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

import pytest
from stage import CONNECTIONS, Result, Stage, changes, private_clusters, stage, tasks

if t.TYPE_CHECKING:
    from lab.journal import Entry

OPTIONS = {
    "same_subnet_delay": "SameSubnetDelay",
    "same_subnet_threshold": "SameSubnetThreshold",
    "cross_subnet_delay": "CrossSubnetDelay",
    "cross_subnet_threshold": "CrossSubnetThreshold",
    "cross_site_delay": "CrossSiteDelay",
    "cross_site_threshold": "CrossSiteThreshold",
    "route_history_length": "RouteHistoryLength",
}
TASK = {
    "heartbeat": {
        name: f"{{{{ wanted.{name} | default(omit) }}}}" for name in (*OPTIONS, "max_seconds", "allow_shorter")
    }
}
READ, STEP = ["enumerate", "enumerate"], ["ExecuteClusterControl", "get"]


@pytest.mark.matrix
@pytest.mark.parametrize("via", [CONNECTIONS[0], CONNECTIONS[3]], ids="-".join)
def test_only_different_values_are_written(lab: Stage, via: tuple[str, str]) -> None:
    wanted = {"same_subnet_delay": 1000, "same_subnet_threshold": 10, "cross_subnet_threshold": 10}
    wanted["allow_shorter"] = True
    play = tasks("ex02", {"heartbeat": wanted})
    before = lab.picture()
    checked = lab.check(play, via=via)
    applied = lab.play(play, "--diff", via=via)
    assert changes(before, lab.picture()) == {
        ("DAG1", "DAG1", "SameSubnetThreshold"): (5, 10),
        ("DAG1", "DAG1", "CrossSubnetThreshold"): (20, 10),
    }
    again = lab.play(play, "--diff", via=via)
    assert lab.operations() == [*READ, *READ, *STEP, *READ]
    assert (checked.rc, applied.rc, again.rc) == (0, 0, 0)
    results = [run.of("ex02") for run in (checked, applied, again)]
    assert [result.changed for result in results] == [True, True, False]
    assert applied.of("ex02").diff == checked.of("ex02").diff
    assert sorted(applied.of("ex02").diff["before"].splitlines()) == [
        "cross_subnet_threshold: 20",
        "same_subnet_threshold: 5",
    ]
    assert "-same_subnet_threshold: 5\n" in checked.output
    assert "+same_subnet_threshold: 10\n" in checked.output
    assert again.of("ex02").diff is None
    for result in results:
        assert result.data["seconds_after"] == {"same_subnet": 10.0, "cross_subnet": 10.0, "cross_site": 20.0}
        assert result.data["heartbeat"] == {
            "same_subnet_delay": 1000,
            "same_subnet_threshold": 10,
            "cross_subnet_delay": 1000,
            "cross_subnet_threshold": 10,
            "cross_site_delay": 1000,
            "cross_site_threshold": 20,
            "route_history_length": 10,
        }
        assert (result.data["cluster"], result.data["windows"]) == ("DAG1", "2016")
        assert "left_alone" not in result.data
    rows = [
        {"label": label, "thing": "DAG1", "setting": label, "before": old, "after": 10}
        for label, old in (("same_subnet_threshold", 5), ("cross_subnet_threshold", 20))
    ]
    assert [result.data["changes"] for result in results] == [rows, rows, []]
    befores = [result.data["seconds_before"]["same_subnet"] for result in results]
    assert befores == [5.0, 5.0, 10.0]


@dataclass(frozen=True)
class Case:
    """A Windows version with heartbeat settings, the wanted values, the error, the writes, and what is left alone."""

    windows: str
    wanted: dict[str, int]
    says: str = ""
    writes: int = 1
    left: tuple[str, ...] = ()
    found: tuple[int, int, int, int] | None = None
    seconds: tuple[float, float] | None = None


def pair(same: int, cross: int, part: str = "threshold") -> dict[str, int]:
    return {f"same_subnet_{part}": same, f"cross_subnet_{part}": cross}


SHORTER = {"allow_shorter": True}
CASES = {
    "no values": Case("2016", {}, writes=0, seconds=(10.0, 20.0)),
    "everything": Case(
        "2019",
        {**pair(500, 1000, "delay"), **pair(8, 10), "cross_site_delay": 2000, "cross_site_threshold": 5}
        | {"route_history_length": 20, **SHORTER},
        writes=2,
        seconds=(4.0, 10.0),
    ),
    "everything of 2008 R2": Case("2008 R2", {**pair(1000, 1000, "delay"), **pair(10, 10)}, writes=2),
    "everything of 2012 R2": Case("2012 R2", {**pair(10, 10), "route_history_length": 20}, writes=2),
    "history alone": Case("2016", {"route_history_length": 20}),
    "sites alone": Case("2016", {"cross_site_delay": 500, **SHORTER}, seconds=(10.0, 20.0)),
    "raise both": Case("2012", pair(8, 10), writes=2, seconds=(8.0, 10.0)),
    "raise both to the same": Case("2012", pair(10, 10), writes=2),
    "lower both": Case("2019", {**pair(5, 8), **SHORTER}, writes=2),
    "lower both below the other": Case("2016", {**pair(5, 6), **SHORTER}, writes=2),
    "cross the two": Case("2012", {**pair(3, 8), **SHORTER}),
    "raise the threshold, lower the delay": Case(
        "2012", {**pair(500, 500, "delay"), **pair(10, 12)}, writes=3, seconds=(5.0, 6.0)
    ),
    "one second for the other delays": Case(
        "2012", {"cross_subnet_delay": 2000}, found=(2000, 5, 2000, 5), writes=0, seconds=(10.0, 10.0)
    ),
    "limit of fifteen": Case(
        "2016", {**pair(15, 15), "max_seconds": 15, **SHORTER}, writes=1, found=(1000, 15, 1000, 20)
    ),
    "no limit": Case("2016", {**pair(1500, 1500, "delay"), "max_seconds": 0}, writes=2, seconds=(15.0, 30.0)),
    "existing value above the limit": Case("2019", {"route_history_length": 30}, seconds=(20.0, 20.0)),
    "as it is, above the advice": Case("2019", {"route_history_length": 40}, writes=0),
    "a longer default stays": Case("2019", pair(10, 10), left=tuple(pair(0, 0)), writes=0, seconds=(20.0, 20.0)),
    "2012 R2 with KB3153887": Case(
        "2012 R2",
        pair(10, 10),
        left=("cross_subnet_threshold",),
        writes=0,
        found=(1000, 10, 1000, 20),
        seconds=(10.0, 20.0),
    ),
    "one becomes longer, the other stays": Case(
        "2012 R2", pair(10, 10), left=("cross_subnet_threshold",), found=(1000, 5, 1000, 20), seconds=(10.0, 20.0)
    ),
    "the pair would be in the wrong order": Case(
        "2016",
        {"same_subnet_delay": 1000, "cross_subnet_delay": 1500, "cross_subnet_threshold": 40, "max_seconds": 0},
        left=("same_subnet_delay", "cross_subnet_delay", "cross_subnet_threshold"),
        writes=0,
        found=(2000, 10, 2000, 20),
    ),
    # Errors before anything is written
    "fifteen seconds": Case(
        "2016",
        pair(15, 15),
        r"15 s, more than max_seconds \(10\).*default of Windows Server 2016 is 10 s .*20 s",
    ),
    "fifteen by the delay": Case(
        "2012 R2",
        {**pair(1500, 1500, "delay"), **pair(10, 10)},
        "15 s, more .* of Windows Server 2012 R2 is 5 s",
    ),
    "twenty on 2022": Case(
        "2022", {"cross_subnet_threshold": 20}, r"20 s, more than max_seconds \(10\).*Windows Server 2022 is 20 s"
    ),
    "delay as stored": Case("2019", {"same_subnet_delay": 1000}, r"20 s, more than max_seconds \(10\)"),
    "sites too": Case("2016", {"cross_site_threshold": 20}, "20 s, more than max_seconds"),
    "two": Case("2016", {"same_subnet_threshold": 2}, "same_subnet_threshold 2 is out of range: .* allows 3 to 120"),
    "a hundred and more": Case("2016", {"cross_subnet_threshold": 121, "max_seconds": 0}, "121 .* allows 3 to 120"),
    "eleven on 2008 R2": Case("2008 R2", pair(10, 11), "cross_subnet_threshold 11 .*2008 R2 allows 3 to 10"),
    "delay too short": Case("2016", {"same_subnet_delay": 249}, "249 ms is out of range: .* allows 250 to 2000 ms"),
    "delay too long": Case("2016", {"same_subnet_delay": 2001}, "2001 ms is out of range: .* allows 250 to 2000 ms"),
    "cross delay too long": Case("2016", {"cross_subnet_delay": 4001, "max_seconds": 0}, "4001 ms .* 250 to 4000 ms"),
    "history too long": Case("2016", {"route_history_length": 41}, "route_history_length 41 is out .* allows 0 to 40"),
    "negative": Case("2016", {"route_history_length": -1}, "route_history_length -1 is out of range"),
    "no sites on 2012": Case(
        "2012", {"cross_site_threshold": 10}, "does not have the setting cross_site_threshold .*2012"
    ),
    "no sites on 2008 R2": Case(
        "2008 R2", {"cross_site_delay": 1000}, "does not have the setting cross_site_delay .*2008 R2"
    ),
    "no history on 2008 R2": Case(
        "2008 R2", {"route_history_length": 10}, "does not have the setting route_history_length"
    ),
    "same above cross": Case(
        "2016", pair(10, 5), "same_subnet_threshold 10 would be higher than cross_subnet_threshold 5"
    ),
    "same above the stored cross": Case(
        "2012", {"same_subnet_threshold": 6}, "6 would be higher than cross_subnet_threshold 5"
    ),
    "cross below the stored same": Case(
        "2016", {"cross_subnet_threshold": 5}, "threshold 10 would be higher than .* 5"
    ),
    "delay above": Case("2016", pair(1000, 500, "delay"), "subnet_delay 1000 would be higher than cross_subnet_delay"),
    "some good, one bad": Case("2016", {**pair(9, 9), "route_history_length": 99}, "99 is out of range"),
}
NAMES = {case: f"h{number}" for number, case in enumerate(CASES, start=1)}


@dataclass(frozen=True)
class CaseResult:
    """The results of a case in its three runs."""

    before: dict[str, t.Any]
    now: dict[str, t.Any]
    checked: Result
    applied: Result
    again: Result
    journal: list[Entry]


@pytest.fixture(scope="module")
def results(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, CaseResult]:
    hosts = {NAMES[name]: {"windows": case.windows} for name, case in CASES.items()}
    description = private_clusters(networks[3], hosts, machines=0)
    for case, cluster in zip(CASES.values(), description["clusters"], strict=True):
        if case.found:
            names = list(OPTIONS.values())[:4]
            cluster["properties"] = dict(zip(names, case.found, strict=True))
    play = tasks(
        "all",
        {"name": "check", **TASK, "check_mode": True, "diff": True, "ignore_errors": True},
        {"name": "apply", **TASK, "diff": True, "ignore_errors": True},
        {"name": "again", **TASK, "diff": True, "ignore_errors": True},
    )
    wanted = {NAMES[name]: {"wanted": case.wanted} for name, case in CASES.items()}
    with stage(description, tmp_path_factory.mktemp("heartbeat")) as lab:

        def values(host: str) -> dict[str, t.Any]:
            found = lab.estate.cluster(f"C-{host}").named("MSCluster_Cluster", f"C-{host}")
            assert found is not None
            return {option: found.values.get(name) for option, name in OPTIONS.items()}

        before = {host: values(host) for host in hosts}
        run = lab.play(play, hosts=wanted)
        return {
            case: CaseResult(
                before[host],
                values(host),
                *(run.of(host, name) for name in ("check", "apply", "again")),
                lab.journal(host=host),
            )
            for case, host in NAMES.items()
        }


def ordered(values: t.Mapping[str, t.Any]) -> bool:
    return all(values[f"same_subnet_{part}"] <= values[f"cross_subnet_{part}"] for part in ("delay", "threshold"))


def seconds(values: t.Mapping[str, t.Any]) -> dict[str, int]:
    return {
        name: values[f"{name}_delay"] * values[f"{name}_threshold"]
        for name in ("same_subnet", "cross_subnet", "cross_site")
        if values[f"{name}_delay"] is not None
    }


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.says])
def test_the_cluster_becomes_compliant(results: dict[str, CaseResult], name: str) -> None:
    case, outcome = CASES[name], results[name]
    settings = {option: value for option, value in case.wanted.items() if option in OPTIONS}
    assert [one.status for one in (outcome.checked, outcome.applied, outcome.again)] == ["ok"] * 3, (
        outcome.applied.message
    )
    left = {option: settings.pop(option) for option in case.left}
    assert outcome.now == outcome.before | settings
    names = [entry.method or entry.operation for entry in outcome.journal]
    words = [name if entry.write else name.lower() for name, entry in zip(names, outcome.journal, strict=True)]
    read = READ if case.wanted else READ[:1]  # without a value, the Windows version is not read
    assert words == [*read, *read, *STEP * case.writes, *read]
    assert outcome.checked.changed == outcome.applied.changed == bool(case.writes)
    assert not outcome.again.changed
    assert outcome.checked.diff == outcome.applied.diff
    for result in (outcome.checked, outcome.applied, outcome.again):
        rows = result.data.get("left_alone", [])
        assert {row["label"]: (row["wanted"], row["current"]) for row in rows} == {
            option: (value, outcome.before[option]) for option, value in left.items()
        }
        assert all(row["reason"] for row in rows)
    assert outcome.applied.data["heartbeat"] == outcome.checked.data["heartbeat"] == outcome.now
    if case.seconds:
        after = outcome.applied.data["seconds_after"]
        assert (after["same_subnet"], after["cross_subnet"]) == case.seconds
        assert outcome.checked.data["seconds_after"] == after
    # The same-subnet value is never higher than the cross-subnet value.
    words_of = {name: option for option, name in OPTIONS.items()}
    state = dict(outcome.before)
    assert ordered(state)
    least = {name: min(seconds(state)[name], seconds(outcome.now)[name]) for name in seconds(state)}
    for entry in outcome.journal:
        for change in entry.changes:
            assert state[words_of[change.property]] == change.before
            state[words_of[change.property]] = change.after
        assert ordered(state)
        # A run that ends here leaves no timeout that is shorter than before and after.
        assert all(seconds(state)[name] >= least[name] for name in least)
    assert state == outcome.now


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.says])
def test_invalid_values_are_reported_and_nothing_is_written(results: dict[str, CaseResult], name: str) -> None:
    case, outcome = CASES[name], results[name]
    assert outcome.now == outcome.before
    assert not [entry for entry in outcome.journal if entry.write]
    for result in (outcome.checked, outcome.applied):
        assert (result.status, result.changed, result.diff) == ("failed", False, None)
        assert re.search(case.says, result.message), result.message
        assert "\n" not in result.message
        assert "does not have the setting" in result.message or "Nothing was written." in result.message


REFUSAL = {"fault": 2150859010, "hresult": 0x80041004, "text": "Provider failure."}
DENIED = {"fault": 5, "hresult": 0x80070005, "text": "Access is denied.", "subcode": "w:AccessDenied"}
# The lab records no write if a rule replaces the method.
REFUSED, PUT = ["executeclustercontrol", "get"], ["get", "Put", "get"]
TROUBLES: dict[str, tuple[list[dict[str, t.Any]], str, tuple[int, ...], list[str]]] = {
    "no control code": (
        [{"operation": "Invoke", "action": REFUSAL}],
        "ok",
        (1000, 8, 1000, 9),
        [*REFUSED, *PUT] * 2,
    ),
    "stored but faulted": ([{"operation": "Invoke", "action": "stored_5024"}], "ok", (1000, 8, 1000, 9), STEP * 2),
    "first write lost before": (
        [{"operation": "Invoke", "action": {"drop": "before"}, "times": 1}],
        "ok",
        (1000, 8, 1000, 9),
        [*REFUSED, *PUT, *STEP],
    ),
    "the put is refused once, and then the control code works": (
        [{"operation": operation, "action": REFUSAL, "times": 1} for operation in ("Invoke", "Put")],
        "ok",
        (1000, 8, 1000, 9),
        [*REFUSED, *PUT, "executeclustercontrol", *STEP, *STEP],
    ),
    "second write lost after": (
        [{"operation": "Invoke", "action": {"drop": "after"}, "nth": 2}],
        "ok",
        (1000, 8, 1000, 9),
        STEP * 2,
    ),
    "the put is lost too": (
        [
            {"operation": "Invoke", "action": REFUSAL, "times": 1},
            {"operation": "Put", "action": {"drop": "before"}, "times": 1},
        ],
        "ok",
        (1000, 8, 1000, 9),
        [*REFUSED, *PUT, *PUT, *STEP],
    ),
    # The second step depends on the first, so it is not written.
    "neither way": (
        [{"operation": operation, "action": REFUSAL} for operation in ("Put", "Invoke")],
        "failed",
        (1000, 5, 1000, 5),
        [*REFUSED, *PUT, *REFUSED],
    ),
    "the second step fails": (
        [{"operation": operation, "action": REFUSAL, "nth": nth} for operation, nth in (("Put", 1), ("Invoke", 2))],
        "failed",
        (1000, 5, 1000, 9),
        [*STEP, *REFUSED, *PUT, *REFUSED],
    ),
    # No other way can succeed.
    "not allowed": ([{"operation": "Invoke", "action": DENIED}], "failed", (1000, 5, 1000, 5), REFUSED),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_faulty_provider(lab: Stage, trouble: str) -> None:
    rules, status, stored, wire = TROUBLES[trouble]
    for rule in rules:
        lab.estate.add_fault(**rule)
    play = tasks("ex11", {"heartbeat": pair(8, 9)})
    result = lab.play(play).of("ex11")
    assert (result.status, result.changed) == (status, stored != (1000, 5, 1000, 5)), result.message
    assert lab.heartbeat("DAG10") == stored
    assert lab.operations() == [*READ, *wire]
    if status == "failed":
        done = "0 of 2" if stored[3] == 5 else "1 of 2"
        assert f"Heartbeat of DAG10 on ex11: {done} changes are in effect" in result.message
        error = r"Access is denied.*\(use an account" if trouble == "not allowed" else r"Provider failure \[0x"
        assert re.search(error, result.message), result.message
        assert ("was not written, because an earlier step failed" in result.message) == (done == "0 of 2")
        values = result.data["heartbeat"]
        assert (values["same_subnet_threshold"], values["cross_subnet_threshold"]) == (stored[1], stored[3])
        assert result.data["seconds_after"]["cross_subnet"] == stored[3]
