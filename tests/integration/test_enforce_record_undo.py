# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enforce with and without permissions, its parts alone, its record, and an undo that may not do everything."""

from __future__ import annotations

import json
import typing as t

import changing
import pytest
from changing import ENFORCE, FREE, PERMITTED, SETTINGS, STORED, UNDO

if t.TYPE_CHECKING:
    from pathlib import Path

    from stage import Stage

LEFT = "set migration_network_allow_drain to true"
ADAPTERS = {key: value for key, value in STORED.items() if key not in FREE}
HEARTBEAT = {key: value for key, value in FREE.items() if key[0] == "DAG1"}
OFFLINE_ACTION = {key: value for key, value in FREE.items() if key[0] == "HVC1"}


@pytest.fixture(scope="module")
def estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with changing.started(networks[6], tmp_path_factory.mktemp("enforce")) as lab:
        yield lab


@pytest.fixture
def lab(estate: Stage) -> Stage:
    estate.estate.reset()
    return estate


@pytest.mark.matrix
@pytest.mark.slow
def test_without_permission_what_costs_nothing_is_done(lab: Stage, tmp_path: Path) -> None:
    before = lab.picture()
    variables = {"plan_folder": str(tmp_path)}
    checked = lab.check(ENFORCE, variables=variables)
    assert checked.rc == 0, checked.output
    assert "Left to do" in checked.output
    assert checked.output.index("Virtual machines that move") < checked.output.index("PLAY RECAP")
    run = lab.play(ENFORCE, variables=variables, environment={"ANSIBLE_SHOW_CUSTOM_STATS": "1"})
    assert run.rc == 0, run.output
    assert (changing.store(lab, before), changing.pauses(lab)) == (FREE, [])
    assert run.output.count(LEFT) >= 2
    record = changing.record_of(changing.record_file(tmp_path))
    assert changing.written(record) == sorted((row[:-1] for row in SETTINGS if row[-1] == "nothing"), key=str)
    kept = changing.statistics(run)
    assert kept["winha_cluster_record"] == changing.confirmed(record)
    assert kept["winha_cluster_record_left_out"] in (0, "0")
    plan = json.loads((tmp_path / "plan.json").read_text("utf-8"))
    assert [kept["winha_cluster_plan"][name] for name in ("digest", "summary", "cut")] == [
        plan["digest"],
        plan["summary"],
        {},
    ]


PARTS: t.Mapping[str, tuple[str, tuple[str, ...], t.Mapping[tuple[str, str], changing.Row]]] = {
    "all but migration_network": (ENFORCE, ("--skip-tags", "migration_network"), FREE),
    "tag heartbeat": (ENFORCE, ("--tags", "heartbeat"), HEARTBEAT),
    "tag offline_action": (ENFORCE, ("--tags", "offline_action"), OFFLINE_ACTION),
    "tag migration_network": (ENFORCE, ("--tags", "migration_network"), ADAPTERS),
    "tag kerberos": (ENFORCE, ("--tags", "kerberos"), {}),
    "heartbeat": ("winha.cluster.heartbeat", (), HEARTBEAT),
    "offline_action": ("winha.cluster.offline_action", (), OFFLINE_ACTION),
    "migration_network": ("winha.cluster.migration_network", (), ADAPTERS),
    "kerberos": ("winha.cluster.kerberos", (), {}),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=pytest.mark.long if part == "tag migration_network" else ()) for part in PARTS]
)
def test_one_part_alone(lab: Stage, tmp_path: Path, part: str) -> None:
    playbook, arguments, stored = PARTS[part]
    before = lab.picture()
    run = lab.play(playbook, *arguments, variables={**PERMITTED, "plan_folder": str(tmp_path)})
    assert run.rc == 0, run.output
    assert changing.store(lab, before) == stored
    assert changing.pauses(lab) == (["hv01", "hv02"] if stored == ADAPTERS else [])
    assert len(list(tmp_path.glob("record-*.jsonl"))) == (1 if stored else 0)


@pytest.mark.slow
def test_the_record_has_what_was_written_before_a_host_failed(lab: Stage, tmp_path: Path) -> None:
    for host in ("ex01", "ex02"):
        for operation in ("Put", "Invoke"):
            refusal = {"fault": 2150859010, "text": "Provider failure.", "hresult": 0x80041004}
            lab.estate.add_fault(host=host, operation=operation, action=refusal)
    run = lab.play(ENFORCE, variables={"plan_folder": str(tmp_path)}, environment={"ANSIBLE_SHOW_CUSTOM_STATS": "1"})
    assert run.rc == 2
    record = changing.record_of(changing.record_file(tmp_path))
    done = [row for row in changing.written(record) if row[3] != row[4]]
    assert done == [("vm_offline_action", "hv01", "SQL01", "save", "shut_down")]
    assert changing.statistics(run)["winha_cluster_record"] == changing.confirmed(record)


@pytest.mark.slow
def test_undo_leaves_alone_what_it_may_not_or_must_not_set(lab: Stage, tmp_path: Path) -> None:
    before = lab.picture()
    variables = {"plan_folder": str(tmp_path / "done")}
    run = lab.play(ENFORCE, variables={**PERMITTED, **variables})
    assert run.rc == 0, run.output
    assert changing.store(lab, before) == STORED
    changing.set_threshold(lab, 12)
    changing.set_adapter(lab, "hv01", "*JumboPacket", "4088")
    theirs = {("DAG1", "SameSubnetThreshold"): (5, 12), ("hv01", "*JumboPacket"): ("1514", "4088")}
    pauses = changing.pauses(lab)

    undo = {
        "plan_folder": str(tmp_path / "undone"),
        "undo_record": str(changing.record_file(tmp_path / "done")),
    }
    run = lab.play(UNDO, variables=undo)
    assert run.rc == 0, run.output
    kept = {key: value for key, value in ADAPTERS.items() if key not in theirs}
    assert (changing.store(lab, before), changing.pauses(lab)) == ({**kept, **theirs}, pauses)
    assert LEFT in run.output
    assert "same_subnet_threshold: the value is not the one that the run left, so it was not set back." in run.output
    assert "Live Migration *JumboPacket: the value is not the one that the run left" in run.output

    run = lab.play(UNDO, variables={**undo, **PERMITTED})
    assert run.rc == 0, run.output
    assert changing.store(lab, before) == theirs
    assert len(changing.pauses(lab)) == len(pauses) + 2
