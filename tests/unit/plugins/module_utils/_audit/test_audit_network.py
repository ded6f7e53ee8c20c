# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adapters and paths that are no plain case: drivers that lack or limit a setting, and facts of another question."""

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
    return judged(name, {"net_adapter": {"settings": list(settings)}, "parameters": parameters, **more})


def buffers(adapter: str = "LM", **told: t.Any) -> Mapping:
    return {"adapter": adapter, "setting": "receive_buffers", "wanted": 8192, "before": 8192, "now": 8192, **told}


def size(adapter: str = "LM", **told: t.Any) -> Mapping:
    return {"adapter": adapter, "setting": "mtu", "wanted": 9000, "before": 1500, "now": 9000, "capped": False, **told}


@pytest.mark.parametrize(("asked", "outcome"), [(8192, "pass"), (16384, "unknown"), (4096, "unknown")])
def test_buffers_are_judged_by_what_the_driver_was_asked_about(asked: int, outcome: str) -> None:
    (found,) = on_adapters("receive-buffers", buffers(), parameters={"receive_buffers": asked})
    assert found["outcome"] == outcome
    if outcome == "unknown":
        assert found["why_unknown"] == f"It was asked about 8192 and not {asked}, so gather again."


@pytest.mark.parametrize("tried", [PASSES, FAILS])
@pytest.mark.parametrize("asked", [9600, 8000])
def test_a_path_is_judged_by_the_packet_that_was_sent(tried: Mapping, asked: int) -> None:
    case = {"jumbo_path_info": {"paths": [tried]}, "parameters": {"mtu": asked}}
    (found,) = judged("jumbo-path", case)
    assert found["why_unknown"] == f"It was tried with 9000 octets and not with {asked}, so gather again."
    assert f"ping -f -l {asked - 28}" in found["text"]
    facts = facts_of("jumbo-path", {"jumbo_path_info": case["jumbo_path_info"]})
    evaluation = evaluate([rule("jumbo-path")], facts, parameters=case["parameters"], now=NOW)
    (path,) = evaluation["pictures"]["paths"]
    assert (path["proved"], path["wanted"]) == (None, asked)
    assert path["mtu"] == (9000 if tried is PASSES else 1500)


@pytest.mark.parametrize("name", ["receive-buffers", "jumbo-adapter", "jumbo-in-effect"])
def test_a_driver_without_the_setting_costs_its_own_adapter_alone(name: str) -> None:
    setting = "receive_buffers" if name == "receive-buffers" else "mtu"
    good = buffers("LM2") if setting == "receive_buffers" else size("LM2", before=9000, in_effect=True)
    found = on_adapters(name, good, {**UNSUPPORTED, "setting": setting, "wanted": 8192})
    assert [(each["subject"], each["outcome"]) for each in found] == [("LM2", "pass"), ("LM", "unknown")]
    assert found[1]["why_unknown"] == "its driver does not support *ReceiveBuffers."


@pytest.mark.parametrize(("windows", "outcome"), [("2008 R2", "unknown"), ("2022", "pass")])
def test_what_may_be_a_team_has_no_known_bandwidth(windows: str, outcome: str) -> None:
    """From 2012 on only hardware is told without buffers; before, a team looks like an adapter."""
    told = {**TEAM, "windows": {"release": windows}}
    (found,) = on_adapters("migration-bandwidth", {**UNSUPPORTED, "setting": "receive_buffers"}, host_info=told)
    assert found["outcome"] == outcome


@pytest.mark.parametrize("before", [1500, 4074])
def test_a_driver_that_offers_less_is_not_mended_by_a_role(before: int) -> None:
    capped = size(before=before, now=4074, capped=True)
    (found,) = on_adapters("jumbo-adapter", capped)
    assert (found["outcome"], found["remedy"]["kind"]) == ("fail", "manual")
    assert "offers 4074 octets at most" in found["remedy"]["text"]
    # What all adapters of the network can do may be enough.
    (found,) = on_adapters("jumbo-adapter", capped, parameters={"mtu": 4074})
    assert found["outcome"] == ("pass" if before == 4074 else "fail")
    assert before == 4074 or found["remedy"]["kind"] == "role"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("jumbo-adapter", size(wanted=9600)),
        ("jumbo-in-effect", size(wanted=9600, before=9600, in_effect=False)),
        ("receive-buffers", buffers(wanted=16384, before=8192, now=16384)),
    ],
)
def test_a_remedy_sets_what_was_asked_for(name: str, told: Mapping) -> None:
    (found,) = on_adapters(name, told, parameters={"mtu": 9600, "receive_buffers": 16384})
    assert found["outcome"] == "fail"
    (play,) = yaml.safe_load(found["remedy"]["text"])
    assert play["roles"][0]["vars"] == {
        "migration_network_adapters": ["LM"],
        "migration_network_mtu": 9600,
        "migration_network_receive_buffers": 16384,
        "migration_network_on_unsupported": "report",
    }
