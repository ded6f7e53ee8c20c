# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of net_adapter: selected adapters, supported values, and errors before anything is written."""

from __future__ import annotations

import typing as t

import pytest
from rolling import adapter, host, in_effect, migration, ours, puts, reset, restarts, run_cases, settings, stored_value
from stage import CONNECTIONS, Result, Stage, Variables, tasks

JUMBO, BUFFERS = "*JumboPacket", "*ReceiveBuffers"
SETTINGS = {"mtu": 9000, "receive_buffers": 8192}


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with migration(networks[5], tmp_path_factory.mktemp("adapters")) as lab:
        yield lab


@pytest.fixture
def lab(estate: Stage) -> Stage:
    return reset(estate)


def one_adapter_of_each_make(estate: Variables) -> None:
    """Give the standalone host one adapter of each make."""
    listed = ["intel-1g", "intel-10g", "intel-index", "mellanox", "qlogic", "broadcom", "plain"]
    host(estate, "lone1")["adapters"][1:] = [
        *({"name": make, "driver": make} for make in listed),
        {"name": "smaller", "driver": "intel-10g", "maximum": {BUFFERS: 2048}},
    ]


# adapter: keyword and registry value of the MTU; keyword, registry value and number of receive buffers
NINE_THOUSAND = {
    "broadcom": (JUMBO, "9014", BUFFERS, "8192", 8192),
    "intel-10g": (JUMBO, "9014", BUFFERS, "4096", 4096),
    "intel-1g": (JUMBO, "9014", BUFFERS, "2048", 2048),
    "intel-index": (JUMBO, "2", BUFFERS, "2048", 2048),
    "mellanox": (JUMBO, "9000", BUFFERS, "8192", 8192),
    "qlogic": ("MaxFrameSize", "9000", "ReceiveBuffers", "3", 8192),
    "smaller": (JUMBO, "9014", BUFFERS, "2048", 2048),
}


@pytest.mark.matrix
@pytest.mark.parametrize("via", [CONNECTIONS[0], CONNECTIONS[3]], ids="-".join)
def test_each_make_gets_the_values_of_its_driver(estate: Stage, via: tuple[str, str]) -> None:
    lab = reset(estate, one_adapter_of_each_make)
    play = ours("lone1", "net_adapter", {"adapters": list(NINE_THOUSAND), **SETTINGS})
    checked = lab.check(play, via=via)
    assert checked.of("lone1").changed
    assert checked.of("lone1").data["restarts"] == list(NINE_THOUSAND)
    assert "-mellanox mtu: 1500\n" in checked.output
    assert "+intel-1g receive_buffers: 2048\n" in checked.output
    applied = lab.play(play, "--diff", via=via)
    assert applied.rc == 0, applied.output
    assert puts(lab) == [
        write
        for name, (size, mtu, ring, buffers, _count) in NINE_THOUSAND.items()
        for write in (("lone1", name, size, mtu), ("lone1", name, ring, buffers))
    ]
    assert restarts(lab) == [("lone1", name) for name in NINE_THOUSAND]
    found = settings(applied.of("lone1"))
    for name, (size, mtu, ring, buffers, count) in NINE_THOUSAND.items():
        assert (stored_value(lab, "lone1", name, size), stored_value(lab, "lone1", name, ring)) == (mtu, buffers)
        assert in_effect(lab, "lone1", name) == 9000
        assert found[name, "mtu"] == (1500, 9000, "changed")
        assert found[name, "receive_buffers"][1:] == (count, "changed")
    capped = {row["adapter"] for row in applied.of("lone1").data["settings"] if row["capped"]}
    assert capped == {"intel-1g", "intel-10g", "intel-index", "smaller"}
    assert applied.of("lone1").diff == checked.of("lone1").diff
    assert (applied.of("lone1").data["restarts"], applied.of("lone1").data["restart_required"]) == (
        list(NINE_THOUSAND),
        [],
    )
    again = lab.play(play, "--diff", via=via)
    assert not again.of("lone1").changed
    assert again.of("lone1").data["restarts"] == []
    assert (len(lab.writes()), len(restarts(lab))) == (14, 7)
    results = {row["adapter"]: row["result"] for row in again.of("lone1").data["settings"][1::2]}
    assert {name for name, result in results.items() if result == "capped"} == capped
    assert {name for name, result in results.items() if result == "compliant"} == set(NINE_THOUSAND) - capped


SELECTIONS: dict[str, tuple[str, Variables, list[str]]] = {
    "a name": ("hv41", {"adapters": ["lm"]}, ["LM"]),
    "wildcards": ("hv41", {"adapters": ["L?", "H*", "[m]anagement"]}, ["Heartbeat", "LM", "Management"]),
    "a cluster network": ("hv41", {"cluster_network": "livemigration"}, ["LM"]),
    "live migration": ("hv41", {"live_migration": True}, ["Heartbeat", "LM"]),
    "a team": ("hv42", {"adapters": ["LM Team"]}, ["LM1", "LM2"]),
    "a team's network": ("hv42", {"cluster_network": "LiveMigration"}, ["LM1", "LM2"]),
    "one team member": ("hv42", {"adapters": ["LM1"]}, ["LM1"]),
    "a switch": (
        "hv43",
        {"cluster_network": "LiveMigration"},
        ["SLOT 3 Port 1", "SLOT 3 Port 2", "vEthernet (LiveMigration)"],
    ),
    "a switch without its adapters": (
        "hv43",
        {"cluster_network": "LiveMigration", "underlying": False},
        ["vEthernet (LiveMigration)"],
    ),
    "live migration over a switch": (
        "hv43",
        {"live_migration": True},
        ["Heartbeat", "SLOT 3 Port 1", "SLOT 3 Port 2", "vEthernet (LiveMigration)"],
    ),
    "the adapter of the connection is last": ("hv44", {"adapters": ["*"]}, ["Heartbeat", "LM", "Management"]),
}


@pytest.fixture(scope="module")
def selected(estate: Stage) -> dict[str, Result]:
    lab = reset(estate)
    found: dict[str, Result] = {}
    for name in ("hv41", "hv42", "hv43", "hv44"):
        listed = {
            case: {**options, "mtu": 9000, "restart": "defer"}
            for case, (where, options, _expected) in SELECTIONS.items()
            if where == name
        }
        plays = [{"name": case, "winha.cluster.net_adapter": options} for case, options in listed.items()]
        found |= {result.task: result for result in lab.check(tasks(name, *plays)).results}
    return found


@pytest.mark.parametrize("case", SELECTIONS)
def test_the_options_select_these_adapters(selected: dict[str, Result], case: str) -> None:
    result = selected[case]
    assert result.status == "ok", result.message
    assert [row["adapter"] for row in result.data["settings"]] == SELECTIONS[case][2]
    assert {row["result"] for row in result.data["settings"]} == {"would_change"}


INVALID: dict[str, tuple[Variables, str]] = {
    "an MTU above the maximum": ({"adapters": ["LM"], "mtu": 99999}, "mtu 99999 is out of range"),
    "an MTU below the minimum": ({"adapters": ["LM"], "mtu": 575}, "mtu 575 is out of range"),
    "no buffers": ({"adapters": ["LM"], "receive_buffers": 0}, "receive_buffers 0 is out of range"),
    "an MTU that is not a number": ({"adapters": ["LM"], "mtu": "jumbo"}, "jumbo"),
    "an unknown keyword": (
        {"adapters": ["LM"], "mtu": 9000, "properties": {"*JumboFrame": "9014"}},
        "(Intel(R) Ethernet Converged Network Adapter X520-2): its driver does not support *JumboFrame",
    ),
    "an unsupported value": (
        {"adapters": ["LM"], "mtu": 9000, "properties": {"*RSS": "7"}},
        "*RSS 7 is not supported; the driver supports 0 (Disabled), 1 (Enabled). Nothing was written.",
    ),
    "an unknown adapter": (
        {"adapters": ["LM", "LM9", "X*"], **SETTINGS},
        "No network adapter of hv41 matches LM9, X*; it has Heartbeat, LM, Management.",
    ),
    "an unknown network": (
        {"cluster_network": "LiveMigratoin", **SETTINGS},
        "The cluster of hv41 has no network LiveMigratoin; it has Cluster, LiveMigration, Management.",
    ),
    "no selection": (SETTINGS, "No adapters are selected."),
    "an empty selection": ({"adapters": [], **SETTINGS}, "No adapters are selected."),
    "no setting": ({"adapters": ["LM"]}, "No setting is given. Set mtu, receive_buffers, or properties."),
    "two selections": ({"adapters": ["LM"], "cluster_network": "Cluster", **SETTINGS}, "mutually exclusive"),
    "one keyword twice": (
        {"adapters": ["LM"], "mtu": 9000, "properties": {JUMBO: "4088"}},
        "mtu and *JumboPacket are the same property of LM",
    ),
    "a value above the maximum": (
        {"adapters": ["LM"], **SETTINGS, "on_unsupported": "fail"},
        "X520-2): its driver supports at most 4096. Nothing was written.",
    ),
    "an unknown on_unsupported": (
        {"adapters": ["LM"], **SETTINGS, "on_unsupported": "hope"},
        "must be one of: cap, report, fail, ignore",
    ),
}


@pytest.fixture(scope="module")
def errors(estate: Stage) -> dict[str, Result]:
    lab = reset(estate)
    before = lab.picture()
    found = run_cases(lab, "hv41", "net_adapter", {case: options for case, (options, _message) in INVALID.items()})
    assert lab.picture() == before
    assert lab.writes() == []
    return found


@pytest.mark.parametrize("case", INVALID)
def test_invalid_options_fail_before_anything_is_written(errors: dict[str, Result], case: str) -> None:
    assert errors[case].status == "failed"
    assert INVALID[case][1] in errors[case].message
    assert not errors[case].changed


def test_live_migration_fails_if_it_may_use_all_networks(estate: Stage) -> None:
    lab = reset(estate, lambda found: found["clusters"][0].pop("virtual_machine_type"))
    run = lab.play(ours("hv41:lone1", "net_adapter", {"live_migration": True, **SETTINGS}))
    assert run.of("hv41").message.startswith("Live migration may use every network of the cluster of hv41 (Cluster, ")
    assert "lone1 is not a member of a failover cluster" in run.of("lone1").message
    assert lab.writes() == []


def test_a_setting_that_applies_to_no_adapter_is_an_error(lab: Stage) -> None:
    """A virtual adapter may lack a property, but at least one selected adapter must have the property."""
    vnic = {"adapters": ["vEthernet*"], "underlying": False}
    cases: dict[str, Variables] = {
        "a keyword": {**vnic, "properties": {"*Nonsense": "1"}},
        "a keyword and a size": {**vnic, "mtu": 9000, "properties": {"*Nonsense": "1"}},
        "buffers along with a size": {**vnic, **SETTINGS, "restart": "defer"},
    }
    found = run_cases(lab, "hv43", "net_adapter", cases)
    for case in ("a keyword", "a keyword and a size"):
        assert found[case].status == "failed", found[case]
        assert "*Nonsense" in found[case].message
    assert found["buffers along with a size"].status == "ok"
    assert [row[1:] for row in puts(lab)] == [("vEthernet (LiveMigration)", JUMBO, "9014")]
    team = {"adapters": ["LM Team"], "underlying": False, "mtu": 9000}
    assert lab.play(ours("hv42", "net_adapter", team)).of("hv42").status == "failed"


def test_ignore_skips_unsupported_settings(estate: Stage) -> None:
    lab = reset(estate, one_adapter_of_each_make)
    names = ["plain", "smaller"]
    options = {"adapters": names, "properties": {"*RSS": 0}, **SETTINGS}
    refused = lab.play(ours("lone1", "net_adapter", options)).of("lone1")
    assert "receive_buffers cannot be set on plain (Realtek PCIe GBE Family Controller): " in refused.message
    assert lab.writes() == []
    run = lab.play(ours("lone1", "net_adapter", {**options, "on_unsupported": "ignore"}))
    assert run.rc == 0, run.output
    expected = [(name, keyword, value) for name in names for keyword, value in ((JUMBO, "9014"), ("*RSS", "0"))]
    assert [row[1:] for row in puts(lab)] == expected
    unsupported = {
        row["adapter"]: row["msg"] for row in run.of("lone1").data["settings"] if row["result"] == "unsupported"
    }
    assert unsupported == {
        "plain": "its driver does not support *ReceiveBuffers",
        "smaller": "its driver supports at most 2048",
    }
    assert stored_value(lab, "lone1", "smaller", BUFFERS) == "512"


def test_report_skips_unsupported_keywords_and_sets_the_rest(estate: Stage) -> None:
    lab = reset(estate, one_adapter_of_each_make)
    play = ours("lone1", "net_adapter", {"adapters": ["plain", "smaller"], **SETTINGS, "on_unsupported": "report"})
    missing = {
        "adapter": "plain",
        "setting": "receive_buffers",
        "wanted": 8192,
        "result": "unsupported",
        "msg": "its driver does not support *ReceiveBuffers",
    }
    checked = lab.check(play).of("lone1")
    assert missing in checked.data["settings"]
    assert settings(checked)["smaller", "receive_buffers"] == (512, 2048, "would_change")
    assert {row["setting"]: row["wanted"] for row in checked.data["settings"]} == SETTINGS
    assert lab.writes() == []
    run = lab.play(play)
    assert run.rc == 0, run.output
    assert missing in run.of("lone1").data["settings"]
    assert [row[1:] for row in puts(lab)] == [
        ("plain", JUMBO, "9014"), ("smaller", JUMBO, "9014"), ("smaller", BUFFERS, "2048")
    ]  # fmt: skip
    assert not lab.play(play).of("lone1").changed


def test_report_does_not_fail_for_a_team_or_2008_r2(estate: Stage) -> None:
    """Windows Server 2008 R2 does not report whether an adapter is a team or virtual."""
    lab = reset(estate, lambda found: host(found, "old1")["adapters"][0].update(driver="plain"))
    options = {"adapters": ["*"], **SETTINGS, "on_unsupported": "report"}
    run = lab.check(ours("old1", "net_adapter", options))
    assert run.rc == 0, run.output
    rows = run.of("old1").data["settings"]
    unsupported = [(row["adapter"], row["setting"]) for row in rows if row["result"] == "unsupported"]
    assert unsupported == [("Local Area Connection", "receive_buffers")]
    assert {row["setting"] for row in rows if row["adapter"] == "Local Area Connection" and "before" in row} == {"mtu"}
    team = {"adapters": ["LM Team"], "underlying": False, **SETTINGS, "on_unsupported": "report"}
    assert lab.check(ours("hv42", "net_adapter", team)).of("hv42").data["settings"] == []


def test_properties_are_set_to_the_given_registry_values(lab: Stage) -> None:
    properties = {"*FlowControl": 0, "*RSS": "0", "NetworkAddress": "020000000041", "*ReceiveBuffers": 1024}
    play = ours("hv41", "net_adapter", {"adapters": ["LM"], "properties": properties})
    run = lab.play(play)
    assert run.rc == 0, run.output
    assert {(keyword, value) for _host, _name, keyword, value in puts(lab)} == {
        (keyword, str(value)) for keyword, value in properties.items()
    }
    assert restarts(lab) == [("hv41", "LM")]
    assert settings(run.of("hv41"))["LM", "*FlowControl"] == ("3", "0", "changed")
    assert not lab.play(play).of("hv41").changed
    assert len(lab.writes()) == len(properties)


def test_a_larger_stored_mtu_is_reduced(estate: Stage) -> None:
    lab = reset(estate, lambda found: adapter(found, "hv42", "LM1").update(values={JUMBO: "9216"}))
    cases = {str(mtu): {"adapters": ["LM1"], "mtu": mtu, "restart": "defer"} for mtu in (9216, 9000)}
    found = run_cases(lab, "hv42", "net_adapter", cases)
    assert not found["9216"].changed
    assert settings(found["9000"])["LM1", "mtu"] == (9216, 9000, "changed")
