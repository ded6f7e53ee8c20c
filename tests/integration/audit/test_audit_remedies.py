# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""After the remedy of a finding, its rule passes."""

from __future__ import annotations

import typing as t

import pytest
import stage as staging
import yaml
from audited import audit

if t.TYPE_CHECKING:
    from pathlib import Path

NODES = ("hv41", "hv42")
# A machine of low priority, which a drain saves.
ALLOWED = {"migration_network_allow_saved": ["TEST01"]}
HEARTBEATS = {
    "SHORT": ("2012 R2", {"SameSubnetThreshold": 3, "CrossSubnetThreshold": 4}),
    "LONG": ("2012 R2", {"SameSubnetThreshold": 20, "CrossSubnetThreshold": 40}),
    "LONGER": ("2019", {"SameSubnetThreshold": 40, "CrossSubnetThreshold": 40}),
    "CROSSED": ("2016", {"SameSubnetDelay": 2000, "CrossSubnetDelay": 1000, "SameSubnetThreshold": 5}),
}


def description(network: str) -> staging.Variables:
    """The estate of the migration network, with virtual machines that are saved and DAGs with wrong heartbeats."""
    text = (staging.ESTATES / "migration.yml").read_text("utf-8").replace("127.22.0.", f"{network}.")
    estate: staging.Variables = yaml.safe_load(text) | {"restart_seconds": 0.4, "drain_seconds": 0.2}
    # Two nodes are enough: one with plain adapters, and one with a team.
    estate["hosts"] = [host for host in estate["hosts"] if host["name"] in NODES]
    (cluster,) = estate["clusters"]
    cluster["virtual_machines"] = [one for one in cluster["virtual_machines"] if one["owner"] in NODES]
    cluster["shared_volumes"] = [{"name": "Volume1", "owner": NODES[0]}]
    for number, machine in enumerate(cluster["virtual_machines"]):
        machine["private_properties"] = {"OfflineAction": number % 2}
    for number, (name, (windows, properties)) in enumerate(HEARTBEATS.items(), start=60):
        address = f"{network}.{number}"
        estate["hosts"].append(
            {
                "name": f"m-{name.lower()}",
                "address": address,
                "windows": windows,
                "groups": ["dag_members"],
                "cluster": name,
            }
        )
        networks = [{"name": "MapiDagNetwork", "subnet": f"{network}.0/24", "role": 3, "metric": 70384}]
        estate["clusters"].append(
            {"name": name, "fqdn": f"{name.lower()}.example.test", "networks": networks, "properties": properties}
        )
    return estate


@pytest.fixture(scope="module")
def lab(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[staging.Stage]:
    with staging.stage(description(networks[7]), tmp_path_factory.mktemp("remedies")) as found:
        yield found


def begin(lab: staging.Stage, change: t.Callable[[staging.Variables], object] = lambda estate: None) -> None:
    """Reset the estate to its description with a change."""
    estate = description(lab.estate.estate.host("hv41").address.rpartition(".")[0])
    change(estate)
    (lab.folder / "estate.yml").write_text(yaml.safe_dump(estate, sort_keys=False), "utf-8")
    lab.estate.reset()


# Values that are stored and not in effect until the adapters are restarted.
DEFERRED = {"winha.cluster.net_adapter": {"live_migration": True, "mtu": 9000, "restart": "defer"}}


@pytest.mark.slow
@pytest.mark.parametrize(
    "subjects",
    [
        {
            "vm-offline-action": 4,
            "dag-heartbeat-least": 2,
            "dag-heartbeat-most": 4,
            "dag-heartbeat-order": 1,
            "jumbo-adapter": 5,
        },
        pytest.param({"receive-buffers": 5}, marks=pytest.mark.long),
        pytest.param({"jumbo-in-effect": 5}, marks=pytest.mark.long),
    ],
    ids=", ".join,
)
def test_rules_pass_after_their_remedies(lab: staging.Stage, tmp_path: Path, subjects: dict[str, int]) -> None:
    begin(lab)
    if "jumbo-in-effect" in subjects:
        assert lab.play(staging.tasks(",".join(NODES), DEFERRED)).rc == 0
    before = audit(lab, tmp_path / "before")
    for rule, number in subjects.items():
        failing = before.of(rule, outcome="fail")
        assert len(failing) == number, [one["text"] for one in before.of(rule)]
        common = before.evaluation["remedies"][rule]
        single = [finding["remedy"] for finding in failing]
        assert len(common) < number or number == 1
        for remedy in single if rule == "jumbo-in-effect" else common:
            assert remedy["kind"] in ("task", "role")
            run = lab.play(remedy["text"], variables=ALLOWED)
            assert run.rc == 0, run.output
    after = audit(lab, tmp_path / "after", variables={"audit_compare_with": str(tmp_path / "before" / "audit.json")})
    for rule, number in subjects.items():
        assert after.of(rule, outcome="fail") == []
        assert after.of(rule, outcome="unknown") == []
        fixed = [one for one in after.evaluation["comparison"]["fixed"] if one["rule"] == rule]
        assert len(fixed) == number


def with_driver(driver: str, **more: t.Any) -> t.Callable[[staging.Variables], object]:
    """Give the live-migration adapter of the first node another driver."""

    def change(estate: staging.Variables) -> None:
        node = next(host for host in estate["hosts"] if host["name"] == NODES[0])
        next(adapter for adapter in node["adapters"] if adapter["name"] == "LM").update(driver=driver, **more)

    return change


@pytest.mark.slow
def test_a_driver_without_receive_buffers_is_reported_and_the_mtu_is_fixed(lab: staging.Stage, tmp_path: Path) -> None:
    begin(lab, with_driver("plain"))
    before = audit(lab, tmp_path / "before")
    (unknown,) = before.of("receive-buffers", outcome="unknown")
    assert (unknown["host"], unknown["subject"]) == (NODES[0], "LM")
    assert unknown["why_unknown"] == "its driver does not support *ReceiveBuffers."
    assert len(before.of("receive-buffers", outcome="fail")) == 4
    (small,) = before.of("jumbo-adapter", outcome="fail", host=NODES[0], subject="LM")
    run = lab.play(small["remedy"]["text"], variables=ALLOWED)
    assert run.rc == 0, run.output
    after = audit(lab, tmp_path / "after")
    assert after.outcomes("jumbo-adapter")[NODES[0], "LM"] == "pass"
    assert after.outcomes("jumbo-in-effect")[NODES[0], "LM"] == "pass"


@pytest.mark.slow
def test_a_remedy_sets_the_parameters_and_saved_facts_belong_to_them(lab: staging.Stage, tmp_path: Path) -> None:
    begin(lab)
    wanted = {"audit_parameters": {"mtu": 4074, "receive_buffers": 1024}}
    before = audit(lab, tmp_path / "one", variables=wanted)
    for rule in ("jumbo-adapter", "receive-buffers"):
        (finding,) = before.of(rule, outcome="fail", host=NODES[0], subject="LM")
        run = lab.play(finding["remedy"]["text"], variables=ALLOWED)
        assert run.rc == 0, run.output
    after = audit(lab, tmp_path / "two", variables=wanted)
    for rule, figure in (("jumbo-adapter", "an MTU of 4074"), ("receive-buffers", "1024")):
        (finding,) = after.of(rule, outcome="pass", host=NODES[0], subject="LM")
        assert finding["found"] == figure
    again = {"audit_gather": False, "audit_facts_file": str(tmp_path / "two" / "facts.json")}
    evaluated = audit(lab, tmp_path / "three", variables=again)
    assert {one["outcome"] for one in evaluated.of("receive-buffers")} == {"unknown"}
    assert {one["outcome"] for one in evaluated.of("jumbo-path")} == {"unknown"}
    assert evaluated.outcomes("jumbo-adapter")[NODES[0], "LM"] == "fail"
