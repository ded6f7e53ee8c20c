# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook winha.cluster.prove: what it reads and writes, and that each deviation is the answer to its point."""

from __future__ import annotations

import json
import typing as t

import deviations
import proving
import pytest
from ansible_collections.winha.cluster.plugins.module_utils._prove.point import (
    CONFIRMED,
    DIFFERENT,
    NOT_ALLOWED,
    NOT_THERE,
    Check,
    Rows,
)
from ansible_collections.winha.cluster.plugins.module_utils._prove.points import ON_HOSTS
from lab.bundle import estate_of_bundle
from stage import Stage, changes, stage

if t.TYPE_CHECKING:
    from pathlib import Path

NETWORK = "127.47.0"
PLAYBOOK = "winha.cluster.prove"
MACHINE = "T-2022"
# As on real hosts: the inventory of the lab silences the warning.
REAL = {name: {"winha_cluster_warn_unproved": None} for name in ("hv2022", "hv2025")}
WARNING = "No bundle has shown how this collection works with a real host."


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Stage]:
    with stage(proving.estate(NETWORK), tmp_path_factory.mktemp("prove")) as found:
        yield found


def last_folder(lab: Stage) -> Path:
    """The folder with the table of the last run."""
    return max(lab.folder.glob("run*"), key=lambda one: int(one.name.removeprefix("run"))) / "prove"


def last_document(lab: Stage) -> t.Any:
    return json.loads((last_folder(lab) / "prove.json").read_text("utf-8"))


def answers(document: t.Any, host: str) -> dict[str, tuple[str, str]]:
    (found,) = [one for one in document["hosts"] if one["host"] == host]
    return {one["point"]: (one["answer"], one["came"]) for one in found["answers"]}


def test_a_usual_host_of_each_release_is_confirmed_without_a_write(lab: Stage, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    run = lab.play(PLAYBOOK, variables={"winha_cluster_bundle": str(bundle)})
    assert run.rc == 0, run.output
    assert "not added to the bundle" not in run.output
    about = json.loads((bundle / "bundle.json").read_text("utf-8"))
    assert len(about["hosts"]) == 2 * len(proving.RELEASES)
    document = last_document(lab)
    assert [one["release"] for one in document["hosts"]] == [*proving.RELEASES, *proving.RELEASES]
    for host in document["hosts"]:
        assert len(host["answers"]) == len(ON_HOSTS)
        other = [one for one in host["answers"] if one["answer"] not in (CONFIRMED, NOT_THERE)]
        assert other == [], host["host"]
    assert lab.writes() == []
    assert document["numbers"][DIFFERENT] == 0
    assert "not looked at write.validate" in " ".join(run.output.split())
    page = (last_folder(lab) / "prove.html").read_text("utf-8")
    assert "Nothing is different from what this collection assumes" in page
    assert "cluster.fault_domain" in page


@pytest.mark.slow
def test_a_recorded_run_gives_the_same_answers_from_its_bundle(lab: Stage, tmp_path: Path) -> None:
    bundle = tmp_path / "kept" / "bundle"
    run = lab.play(PLAYBOOK, variables={"winha_cluster_bundle": str(bundle)})
    assert run.rc == 0, run.output
    recorded = {one["host"]: answers(last_document(lab), one["host"]) for one in last_document(lab)["hosts"]}
    stand_ins = json.loads(bundle.with_name("bundle.private.json").read_text("utf-8"))["stand_ins"]
    description = estate_of_bundle(bundle)
    for number, host in enumerate(description["hosts"], start=111):
        host["address"] = f"{NETWORK}.{number}"
    hosts = {kind: [stand_ins[name] for name in recorded if name.startswith(kind)] for kind in ("hv", "ex")}
    with stage(description, tmp_path / "replay") as replay:
        again = replay.play(PLAYBOOK, groups={"hyperv_hosts": hosts["hv"], "dag_members": hosts["ex"]})
        assert again.rc == 0, again.output
        document = last_document(replay)
    for name, expected in recorded.items():
        found = answers(document, stand_ins[name])
        assert {point: one[0] for point, one in found.items()} == {point: one[0] for point, one in expected.items()}


def test_each_deviation_is_different_in_just_its_point(lab: Stage) -> None:
    """Each batch of deviations gives exactly its points, see C(batches)."""
    kinds = {Rows: deviations.OF_CLASSES, Check: deviations.OF_CHECKS}
    for kind, known in kinds.items():
        assert set(known) == {one.id for one in ON_HOSTS if isinstance(one.look, kind)}
        for host in (deviations.HYPERV, deviations.DAG, deviations.OLD):
            names = [name for name, one in known.items() if one.on == host]
            for batch in deviations.batches(names):
                differs, keys, faults = deviations.joined(known[name] for name in batch)
                with proving.differing(lab.estate, host, differs, keys, faults) as client:
                    found = proving.look(client, dag_member=host == deviations.DAG)
                hidden = {point for name in batch for point in known[name].hides}
                expected = {name: known[name].answer for name in batch if name not in hidden}
                assert {name: one for name, one in found.items() if one in (DIFFERENT, NOT_ALLOWED)} == expected
    assert lab.writes() == []


@pytest.mark.parametrize(("name", "answer"), [("MSCluster_Node", NOT_ALLOWED), ("Msvm_ComputerSystem", NOT_ALLOWED)])
def test_a_class_that_the_account_may_not_read_is_not_allowed(lab: Stage, name: str, answer: str) -> None:
    action = {"fault": 5, "subcode": "w:AccessDenied"}
    with proving.differing(lab.estate, deviations.HYPERV, {}, {}, ()) as client:
        lab.estate.add_fault(**{"class": name}, host=deviations.HYPERV, operation="Enumerate", action=action)
        found = proving.look(client, dag_member=False)
    classes = {one.id: one.look for one in ON_HOSTS if isinstance(one.look, Rows) and one.is_of("2022")}
    assert {found[point] for point, look in classes.items() if look.class_name == name} == {answer}
    assert DIFFERENT not in found.values()


def machine_writes(lab: Stage, begin: int) -> list[tuple[str, str, str]]:
    return [
        (entry.host, entry.method or entry.operation, entry.selectors.get("Name", "")) for entry in lab.writes()[begin:]
    ]


def test_only_the_named_writes_are_sent_and_the_value_is_set_back(lab: Stage) -> None:
    limit = ("--limit", "hv2022,hv2025")
    own = ("-e", f"prove_virtual_machine={MACHINE.lower()}", "-e", "prove_change=true")
    before = lab.picture()
    checked = lab.check(PLAYBOOK, *limit, *own, hosts=REAL)
    assert checked.rc == 2
    assert WARNING not in " ".join(checked.output.split())  # nothing is to be changed
    assert "check mode writes nothing, so it was not used" in checked.output
    # The response to the change is lost after it took effect.
    control = {"host": "hv2022", "operation": "Invoke", "method": "ExecuteResourceControl"}
    lab.estate.add_fault(**control, action={"drop": "after"}, nth=3, times=1)
    run = lab.play(PLAYBOOK, *limit, *own, hosts=REAL)
    lab.estate.clear_faults()
    assert run.rc == 0, run.output
    assert " ".join(run.output.split()).count(WARNING) == 1
    resource = f"Virtual Machine {MACHINE}"
    assert machine_writes(lab, 0) == [
        ("hv2022", "ExecuteResourceControl", resource),  # the value that is there
        ("hv2022", "Put", resource),
        ("hv2022", "ExecuteResourceControl", resource),  # the change
        ("hv2022", "ExecuteResourceControl", resource),  # and back
    ]
    assert [bool(entry.changes) for entry in lab.writes()] == [False, False, True, True]
    assert changes(before, lab.picture()) == {}
    found = answers(last_document(lab), "hv2022")
    assert [found[f"write.{name}"][0] for name in ("validate", "control", "put", "change", "undo")] == [CONFIRMED] * 5
    assert found["write.undo"][1] == "shut_down is now save"
    assert len((last_folder(lab) / "record.jsonl").read_text("utf-8").splitlines()) == 4


def test_a_value_that_cannot_be_set_back_is_said_and_nothing_is_written_to_an_unclear_machine(lab: Stage) -> None:
    begin = len(lab.writes())
    shown = lab.task("hv2025", "winha.cluster.vm_offline_action", None, "--check", hosts=REAL)
    assert WARNING in " ".join(shown.output.split())
    unclear = lab.play(PLAYBOOK, "--limit", "hv2025", "-e", "prove_virtual_machine=none")
    assert unclear.rc == 2
    assert "prove_virtual_machine is none, which no host has." in unclear.output
    assert machine_writes(lab, begin) == []
    # Each write after the change fails.
    control = {"host": "hv2025", "operation": "Invoke", "method": "ExecuteResourceControl"}
    lab.estate.add_fault(**control, action={"fault": 1359}, nth=4)
    lab.estate.add_fault(host="hv2025", operation="Put", action={"fault": 1359}, nth=2)
    run = lab.play(PLAYBOOK, "--limit", "hv2025", "-e", "prove_virtual_machine=T-2025", "-e", '{"prove_change": "yes"}')
    lab.estate.clear_faults()
    assert run.rc == 2
    assert "The offline action of T-2025 was save before, and it is not known whether it is that again" in run.output
    assert lab.actions("HVC2025")["Virtual Machine T-2025"] == 2
