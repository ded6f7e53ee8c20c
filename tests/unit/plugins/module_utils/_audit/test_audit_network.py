# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Special cases of adapters and paths: drivers with limits, and facts that were read with other parameters."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.winha.cluster.plugins.module_utils._audit.evaluation import evaluate
from audit_cases import NOW, Mapping, facts_of, judged, rule

UNSUPPORTED = {"adapter": "LM", "result": "unsupported", "msg": "its driver does not support *ReceiveBuffers"}
PATH = {"source": "H", "target": "I", "address": "10.0.2.2", "standard": "passes", "network": "LM"}
PASSES = {**PATH, "mtu": 9000, "jumbo": "passes", "verdict": "passes", "msg": ""}
FAILS = {**PATH, "mtu": 9000, "jumbo": "no_answer", "verdict": "fails", "msg": "the path carries 1500"}
TEAM = {"adapters": [{"name": "LM", "status": "up", "speed": 20_000_000_000}], "unknown": []}


def on_adapters(name: str, *settings: Mapping, parameters: Mapping | None = None, **more: t.Any) -> list[Mapping]:
    known = {"host_info": {"unknown": [], "windows": {"release": "2022"}}}
    return judged(name, {**known, "net_adapter": {"settings": list(settings)}, "parameters": parameters, **more})


def buffers(adapter: str = "LM", **values: t.Any) -> Mapping:
    return {"adapter": adapter, "setting": "receive_buffers", "wanted": 8192, "before": 8192, "now": 8192, **values}


def size(adapter: str = "LM", **more: t.Any) -> Mapping:
    return {"adapter": adapter, "setting": "mtu", "wanted": 9000, "before": 1500, "now": 9000, "capped": False, **more}


@pytest.mark.parametrize(("wanted", "outcome"), [(8192, "pass"), (16384, "unknown"), (4096, "unknown")])
def test_buffers_are_unknown_if_the_driver_was_checked_for_another_number(wanted: int, outcome: str) -> None:
    (found,) = on_adapters("receive-buffers", buffers(), parameters={"receive_buffers": wanted})
    assert found["outcome"] == outcome
    if outcome == "unknown":
        reason = f"The driver was checked for 8192 buffers, not for {wanted}. Read the hosts again."
        assert found["why_unknown"] == reason


@pytest.mark.parametrize("tested", [PASSES, FAILS])
@pytest.mark.parametrize("wanted", [9600, 8000])
def test_a_path_is_unknown_if_it_was_tested_with_another_size(tested: Mapping, wanted: int) -> None:
    case = {"jumbo_path_info": {"paths": [tested]}, "parameters": {"mtu": wanted}}
    (found,) = judged("jumbo-path", case)
    assert found["why_unknown"] == f"The path was tested with 9000 bytes, not with {wanted}. Read the hosts again."
    assert f"ping -f -l {wanted - 28}" in found["text"]
    facts = facts_of("jumbo-path", {"jumbo_path_info": case["jumbo_path_info"]})
    evaluation = evaluate([rule("jumbo-path")], facts, parameters=case["parameters"], now=NOW)
    (path,) = evaluation["pictures"]["paths"]
    assert (path["proved"], path["wanted"]) == (None, wanted)
    assert path["mtu"] == (9000 if tested is PASSES else 1500)


@pytest.mark.parametrize("name", ["receive-buffers", "jumbo-adapter", "jumbo-in-effect"])
def test_only_the_adapter_of_a_driver_without_the_setting_is_unknown(name: str) -> None:
    setting = "receive_buffers" if name == "receive-buffers" else "mtu"
    good = buffers("LM2") if setting == "receive_buffers" else size("LM2", before=9000, in_effect=True)
    found = on_adapters(name, good, {**UNSUPPORTED, "setting": setting, "wanted": 8192})
    assert [(each["subject"], each["outcome"]) for each in found] == [("LM2", "pass"), ("LM", "unknown")]
    assert found[1]["why_unknown"] == "its driver does not support *ReceiveBuffers."


@pytest.mark.parametrize(("windows", "outcome"), [("2008 R2", "unknown"), ("2022", "pass")])
def test_the_bandwidth_of_a_possible_team_is_unknown(windows: str, outcome: str) -> None:
    """From 2012 on, only physical adapters are without buffers; before, a team looks like an adapter."""
    facts = {**TEAM, "windows": {"release": windows}}
    (found,) = on_adapters("migration-bandwidth", {**UNSUPPORTED, "setting": "receive_buffers"}, host_info=facts)
    assert found["outcome"] == outcome


@pytest.mark.parametrize("before", [1500, 4074])
def test_a_driver_with_a_lower_limit_has_a_manual_remedy(before: int) -> None:
    capped = size(before=before, now=4074, capped=True)
    (found,) = on_adapters("jumbo-adapter", capped)
    assert (found["outcome"], found["remedy"]["kind"]) == ("fail", "manual")
    assert "offers at most 4074 bytes" in found["remedy"]["text"]
    # The lower value can be the wanted value of the whole network.
    (found,) = on_adapters("jumbo-adapter", capped, parameters={"mtu": 4074})
    assert found["outcome"] == ("pass" if before == 4074 else "fail")
    assert before == 4074 or found["remedy"]["kind"] == "role"


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("jumbo-adapter", size(wanted=9600)),
        ("jumbo-in-effect", size(wanted=9600, before=9600, in_effect=False)),
        ("receive-buffers", buffers(wanted=16384, before=8192, now=16384)),
    ],
)
def test_a_remedy_sets_the_parameters_of_the_audit(name: str, setting: Mapping) -> None:
    (found,) = on_adapters(name, setting, parameters={"mtu": 9600, "receive_buffers": 16384})
    assert found["outcome"] == "fail"
    (play,) = yaml.safe_load(found["remedy"]["text"])
    assert play["hosts"] == "hyperv_hosts"  # the gates need all nodes of the cluster
    assert play["roles"][0]["vars"] == {
        "migration_network_only_hosts": [found["host"]],
        "migration_network_adapters": ["LM"],
        "migration_network_mtu": 9600,
        "migration_network_receive_buffers": 16384,
        "migration_network_on_unsupported": "report",
        "migration_network_allow_drain": True,
        "migration_network_allow_restart": True,
    }


@pytest.mark.parametrize(
    ("transport", "speeds", "outcomes"),
    [
        ("compression", (4, 4), {"fail"}),
        ("smb", (4, 4), {"pass"}),
        ("smb", (2, 2), {"fail"}),
        ("smb", (8, None), {"pass", "unknown"}),
    ],
)
def test_links_count_together_with_smb(transport: str, speeds: t.Any, outcomes: set[str]) -> None:
    links = [
        {"name": f"LM{number}", "status": "up", "speed": speed and speed * 1_000_000_000}
        for number, speed in enumerate(speeds)
    ]
    info = {"unknown": [], "windows": {"release": "2022"}, "live_migration": {"transport": transport}}
    settings = [{"adapter": link["name"], "setting": "receive_buffers"} for link in links]
    found = on_adapters("migration-bandwidth", *settings, host_info={**info, "adapters": links})
    assert {one["outcome"] for one in found} == outcomes
