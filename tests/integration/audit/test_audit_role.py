# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role audit writes only on the controller, and an unreachable host does not affect the findings of others."""

from __future__ import annotations

import importlib.util
import json
import stat
import typing as t
from xml.etree import ElementTree

import pytest
import stage as staging
import yaml
from ansible_collections.winha.cluster.plugins.module_utils.name_list import folded
from audited import LAST, VALIDATE, Audited, audit

if t.TYPE_CHECKING:
    from pathlib import Path

DOWN = {"ansible_port": 5999}
TIMED_OUT = {"fault": 2150858793, "subcode": "w:TimedOut", "text": "The operation took too long."}
REPORTS = {"audit.html", "audit.json", "audit.md", "audit.xml", "facts.json"}


@pytest.fixture(scope="module")
def only_estate(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[staging.Stage]:
    text = (staging.ESTATES / "audit.yml").read_text("utf-8").replace("127.23.0.", f"{networks[6]}.")
    with staging.stage(yaml.safe_load(text.replace("10.50.2.0", "10.56.2.0")), tmp_path_factory.mktemp("audit")) as lab:
        yield lab


@pytest.fixture
def lab(only_estate: staging.Stage) -> staging.Stage:
    only_estate.estate.reset()
    return only_estate


@pytest.fixture(scope="module")
def healthy(only_estate: staging.Stage, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """One run with all hosts reachable."""
    only_estate.estate.reset()
    return audit(only_estate, tmp_path_factory.mktemp("healthy"))


def test_the_audit_finds_faults_on_every_layer(healthy: Audited) -> None:
    assert healthy.outcomes("vm-offline-action") == {
        ("HVC5", "EX01"): "pass",
        ("HVC5", "EX02"): "fail",
        ("HVC5", "EX03"): "pass",
        ("HVC5", "FILE01"): "fail",
        ("hv53", ""): "not_applicable",
        ("old51", ""): "not_applicable",
    }
    assert healthy.outcomes("vm-disks")["hv52", "EX02"] == "fail"
    assert healthy.outcomes("jumbo-adapter")["hv52", "LM"] == "fail"
    assert set(healthy.outcomes("jumbo-path").values()) == {"fail", "not_applicable"}
    assert healthy.outcomes("receive-buffers")["hv51", "LM"] == "pass"
    assert healthy.outcomes("nodes-removed") == {
        ("hv51", "event 1135"): "fail",
        ("hv52", "event 1135"): "pass",
        ("hv53", "event 1135"): "not_applicable",
        ("old51", "event 1135"): "fail",
        ("ex51", "event 1135"): "fail",
        ("ex52", "event 1135"): "unknown",
    }
    ex52 = healthy.of("nodes-removed", host="ex52")[0]
    assert "The oldest event in the System log is newer than audit_event_days." in ex52["why_unknown"]
    assert healthy.outcomes("dag-blackout-measured") == {("DAG5", "ex51"): "fail", ("DAG5", "ex52"): "unknown"}
    assert "was 23.4 s, logged on hv52" in healthy.of("dag-blackout-measured", subject="ex51")[0]["text"]
    assert healthy.outcomes("drains-failed") == {
        ("hv51", "drains"): "fail",
        ("hv52", "drains"): "pass",
        ("hv53", "drains"): "not_applicable",
        ("old51", ""): "not_applicable",
    }
    saved = {host: outcome for (host, _subject), outcome in healthy.outcomes("vm-saved-lately").items()}
    assert saved == {"hv51": "fail", "hv52": "pass", "hv53": "unknown", "old51": "not_applicable"}
    # The channel of ex52 is refused, and WMI has no old entry of it.
    quarantined = {host: outcome for (host, _subject), outcome in healthy.outcomes("nodes-quarantined").items()}
    assert (quarantined["hv51"], quarantined["ex51"], quarantined["ex52"]) == ("pass", "pass", "unknown")
    assert healthy.outcomes("hotfixes")["old51", "KB2550886"] == "pass"
    assert healthy.outcomes("hotfixes")["old51", "KB2520235"] == "fail"
    assert set(healthy.outcomes("dag-heartbeat-most").values()) == {"pass"}
    # The members of the DAG are found as virtual machines of the Hyper-V cluster by their ids.
    assert healthy.outcomes("dag-members-apart") == {("DAG5", "ex51"): "fail", ("DAG5", "ex52"): "fail"}
    assert healthy.outcomes("dag-host-loss") == {("DAG5", ""): "pass"}
    (witness,) = healthy.of("dag-witness-apart")
    assert "file01.example.test is the virtual machine FILE01 on HVC5." in witness["text"]
    assert healthy.outcomes("vm-processors")["hv52", "processors"] == "fail"
    assert healthy.outcomes("migration-smb-direct")["hv52", "SMB Direct"] == "pass"
    assert healthy.outcomes("receive-buffers")["hv52", "LM"] == "not_applicable"
    assert healthy.outcomes("quorum-one-loss")["HVC5", "votes"] == "pass"
    assert healthy.outcomes("auto-balancer")["HVC5", "balancer"] == "fail"


def test_the_audit_writes_all_reports_and_only_the_owner_reads_the_facts(healthy: Audited) -> None:
    assert {path.name for path in healthy.folder.iterdir()} == REPORTS | {"history"}
    assert stat.S_IMODE((healthy.folder / "facts.json").stat().st_mode) == 0o600
    assert staging.PASSWORD not in (healthy.folder / "facts.json").read_text("utf-8")


def test_check_mode_has_the_same_findings_and_no_run_writes_to_a_host(
    lab: staging.Stage, healthy: Audited, tmp_path: Path
) -> None:
    variables = {"audit_folder": str(tmp_path / "audit"), "audit_title": "lab", "audit_fail_on": "never"}
    lab.check(VALIDATE, variables=variables)
    again = Audited(lab.play(VALIDATE, variables=variables), tmp_path / "audit")
    assert lab.writes() == []
    assert outcomes(again) == outcomes(healthy)


def outcomes(found: Audited) -> list[tuple[str, str, str, str]]:
    return sorted((one["rule"], one["host"], one["subject"], one["outcome"]) for one in found.evaluation["findings"])


def test_unreachable_hosts_are_unknown_and_the_other_findings_are_complete(
    lab: staging.Stage, healthy: Audited, tmp_path: Path
) -> None:
    lab.estate.add_fault(host="hv51", operation="Enumerate", action=TIMED_OUT, **{"class": "Win32_NTLogEvent"})
    address = lab.estate.estate.hosts[0].address  # which has no LDAP
    away = {"ansible_connection": "winrm", "ansible_host": address, "ansible_user": "x", "ansible_password": "x"}
    hosts = {"hv52": DOWN, "ex51": {"ansible_password": "Not-This-0ne"}, "dc59": away}
    found = audit(lab, tmp_path, hosts=hosts, groups={"domain_controllers": ["dc59"]})
    assert found.run.rc == 0
    # Without python-ldap, nobody knows whether it can be reached.
    unread = {"dc59"} if importlib.util.find_spec("ldap") else set()
    assert_reports_agree(found, away={"hv52", "ex51"} | unread, partly={"hv51"} | {"dc59"} - unread)
    hosts_by_name = {host["name"]: host for host in found.evaluation["hosts"]}
    assert {name for name, host in hosts_by_name.items() if not host["reached"]} == {"hv52", "ex51"} | unread
    assert "rejected by the server" in hosts_by_name["ex51"]["why"]
    assert hosts_by_name["hv52"]["cluster"] == "HVC5"
    # The cluster and the DAG are read through the nodes that answer.
    assert found.outcomes("vm-offline-action") == healthy.outcomes("vm-offline-action")
    assert found.outcomes("dag-heartbeat-least") == healthy.outcomes("dag-heartbeat-least")
    # Through its cluster the release of hv52 is known, so a rule for older releases does not apply to it.
    lost = [one for one in found.evaluation["findings"] if one["host"] in ("hv52", "ex51")]
    assert {one["outcome"] for one in lost if one["rule"] != "receive-buffers-before-2016"} == {"unknown"}
    (events,) = found.of("nodes-removed", host="hv51")
    assert events["outcome"] == "unknown"
    assert "hv51" in events["why_unknown"]
    untouched = ("hv53", "old51", "ex52")
    assert [one for one in outcomes(found) if one[1] in untouched] == [
        one for one in outcomes(healthy) if one[1] in untouched
    ]


def assert_reports_agree(found: Audited, *, away: set[str], partly: set[str]) -> None:
    """The last line and all reports name the same hosts that could not be read, and those not read completely."""
    assert {row["host"] for row in found.evaluation["unread"] if not row["what"]} == away
    assert {row["host"] for row in found.evaluation["unread"] if row["what"]} == partly
    assert found.evaluation["summary"]["unread"] == len(away | partly)
    line = found.run.of("localhost", LAST).message
    assert line.endswith(f"{len(away)} hosts could not be read: {folded(away)}.")
    hosts = "host" if len(partly) == 1 else "hosts"
    assert f"{len(partly)} {hosts} could not be read completely: {folded(partly)}." in line
    cases = ElementTree.parse(found.folder / "audit.xml").iter("testcase")
    unread = {case.get("name") for case in cases if case.find("error[@type='unread']") is not None}
    assert unread == {f"{name}: read the host" for name in away | partly}
    page = (found.folder / "audit.html").read_text("utf-8").partition('id="filter"')[0]
    text = (found.folder / "audit.md").read_text("utf-8").partition("## Fix first")[0]
    for top in (page, text):
        assert f"{len(away)} hosts could not be read" in top
        assert f"{len(partly)} {hosts} could not be read completely" in top
        assert all(name in top for name in away | partly)


def test_saved_facts_are_evaluated_without_a_request(lab: staging.Stage, healthy: Audited, tmp_path: Path) -> None:
    again = audit(
        lab,
        tmp_path,
        variables={
            "audit_gather": False,
            "audit_facts_file": str(healthy.folder / "facts.json"),
            "audit_compare_with": str(healthy.folder / "audit.json"),
            "audit_parameters": {"excluded_virtual_machines": ["EX02"], "offline_seconds": 4},
            "audit_rule_overrides": {"vm-disks": {"enabled": False}},
            "audit_rules": [own_rule()],
            "audit_accepted": [
                {"rule": "hotfixes", "host": "old51", "reason": "replaced by a rollup", "until": "2099-12-31"}
            ],
        },
    )
    assert lab.journal() == []
    assert again.outcomes("vm-offline-action")["HVC5", "FILE01"] == "fail"
    assert ("HVC5", "EX02") not in again.outcomes("vm-offline-action")
    assert again.outcomes("vm-disks") == {}
    assert set(again.outcomes("dag-heartbeat-outlasts-migration").values()) == {"pass"}
    assert again.outcomes("hotfixes")["old51", "KB2520235"] == "accepted"
    assert again.outcomes("nodes-up") == {
        ("HVC5", "hv51"): "pass",
        ("HVC5", "hv52"): "pass",
        ("hv53", ""): "not_applicable",
        ("old51", ""): "not_applicable",
    }
    fixed = {(one["rule"], one["subject"]) for one in again.evaluation["comparison"]["fixed"]}
    # Nobody has seen that the virtual machine is right.
    assert fixed == {("dag-heartbeat-outlasts-migration", "same subnet")} & fixed
    unseen = {(one["rule"], one["subject"]) for one in again.evaluation["comparison"]["unseen"]}
    assert ("vm-offline-action", "EX02") in unseen
    assert ("vm-disks", "EX02") in unseen
    assert ("hotfixes", "KB2520235") not in fixed | unseen
    left_out = " ".join(again.evaluation["left_out"])
    assert "(parameter excluded_virtual_machines): EX02." in left_out
    assert "1 rule is disabled (audit_rule_overrides): vm-disks." in left_out
    assert left_out in again.run.output


def own_rule() -> dict[str, t.Any]:
    return {
        "id": "nodes-up", "title": "Node is down", "layer": "cluster", "severity": "error", "question": "Are they?",
        "scope": "cluster", "applies": {"kinds": ["hyperv_host"]}, "needs": ["cluster_info.cluster.nodes"],
        "reads": "cluster_info.cluster.nodes[].{subject: name, found: state}", "nothing": {"unknown": "No node."},
        "holds": {"equals": "up"}, "says": "{subject} is {found}.", "why": "A test.", "source": ["us"],
        "remedy": {"manual": "Start {subject}."},
    }  # fmt: skip


@pytest.mark.parametrize(("threshold", "rc"), [("error", 2), ("warning", 2), ("notice", 2), ("never", 0)])
def test_the_exit_status_depends_on_the_severity_and_the_reports_are_written(
    lab: staging.Stage, healthy: Audited, tmp_path: Path, threshold: str, rc: int
) -> None:
    known = {"audit_gather": False, "audit_facts_file": str(healthy.folder / "facts.json"), "audit_fail_on": threshold}
    history = tmp_path / "history"
    history.mkdir()
    old = {**healthy.evaluation, "gathered": "2020-01-01T00:00:00Z", "evaluated": "2020-01-01T00:01:00Z"}
    for place in ("2020-01-01T000000Z.json", "2019-01-01T000000Z.json"):
        (history / place).write_text(json.dumps(old), "utf-8")
    found = audit(lab, tmp_path, variables={**known, "audit_history_keep": 2})
    assert found.run.rc == rc
    # The run before is compared, and only two runs are kept.
    kept = [file.name for file in sorted(history.iterdir())]
    assert kept == ["2020-01-01T000000Z.json", f"{healthy.evaluation['gathered'].replace(':', '')}.json"]
    assert found.evaluation["comparison"]["earlier"] == old["evaluated"]
    assert (found.evaluation["comparison"]["new"], len(found.evaluation["runs"])) == (0, 2)
    assert {path.name for path in tmp_path.iterdir()} >= REPORTS - {"facts.json"}
    assert str(tmp_path) in found.run.output
    accepted = audit(lab, tmp_path, variables={**known, "audit_accepted": [everything()]})
    assert accepted.run.rc == 0


def test_a_run_in_which_no_host_lets_us_in_fails_unless_that_is_accepted(lab: staging.Stage, tmp_path: Path) -> None:
    hosts = {host.name: {"ansible_password": "Not-This-0ne"} for host in lab.estate.estate.hosts}
    found = audit(lab, tmp_path, "--limit", "dag_members", variables={"audit_fail_on": "error"}, hosts=hosts)
    assert {one["outcome"] for one in found.evaluation["findings"]} == {"unknown"}
    assert found.run.rc == 2
    (last,) = (result for result in found.run.results if result.task == LAST)
    assert "0 failed findings" in last.message
    assert last.message.endswith("2 hosts could not be read: ex51 and ex52.")
    kept = {"audit_gather": False}
    for accepted, variables in (
        ([everything()], {"audit_fail_on": "notice", "audit_fail_on_unknown": True}),
        ([], {"audit_fail_on": "never"}),
        ([], {"audit_fail_on": "error", "audit_fail_on_unread": "false"}),
    ):
        assert audit(lab, tmp_path, variables={**kept, **variables, "audit_accepted": accepted}).run.rc == 0
    unknown = {**kept, "audit_fail_on": "error", "audit_fail_on_unread": False, "audit_fail_on_unknown": True}
    assert audit(lab, tmp_path, variables=unknown).run.rc == 2


def test_skipped_rules_are_reported(lab: staging.Stage, healthy: Audited, tmp_path: Path) -> None:
    """The estate has no domain controller, and this run has no Hyper-V host."""
    rules = {rule["id"]: rule["layer"] for rule in healthy.evaluation["rules"]}
    found = audit(lab, tmp_path, "--limit", "ex52", variables={"audit_fail_on": "error"})
    judged = {one["rule"] for one in found.evaluation["findings"]}
    assert "exchange" not in {rules[name] for name in judged}
    assert found.evaluation["summary"]["unasked"] == len(set(rules) - judged)
    assert f"{len(set(rules) - judged)} rules skipped: no matching hosts in this run" in found.run.output.replace(
        "\n", " "
    )
    for name in ("audit.md", "audit.html"):
        assert "All rules passed" not in (tmp_path / name).read_text("utf-8")


def test_only_domain_controllers_of_the_play_are_read(lab: staging.Stage, tmp_path: Path) -> None:
    """The third host of a group is read if the play is limited to it; here it has no directory, which is reported."""
    wanted = {"audit_domain_controllers": "standalone", "audit_domain_controllers_asked": 1}
    found = audit(lab, tmp_path, "--limit", "old51", variables=wanted)
    (named,) = {one["host"] for one in found.of("cas-array")}
    assert {one["outcome"] for one in found.of("cas-array")} == {"unknown"}
    assert json.loads((tmp_path / "facts.json").read_text("utf-8"))["forests"][0]["host"] == "old51", named


def everything() -> dict[str, str]:
    return {"rule": "*", "reason": "a test", "until": "2099-12-31"}


def test_an_invalid_rule_is_refused_with_one_sentence(lab: staging.Stage, healthy: Audited, tmp_path: Path) -> None:
    known = {"audit_gather": False, "audit_facts_file": str(healthy.folder / "facts.json")}
    found = audit(lab, tmp_path, variables={**known, "audit_rules": [own_rule() | {"holds": {"like": "x"}}]})
    assert found.run.rc == 2
    (sentence,) = [line for line in found.run.output.splitlines() if line.startswith("[ERROR]: Task failed")]
    assert sentence.count("Rule nodes-up, key holds: must be one condition") == 1


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("audit_rule_overrides", {"vm-disk": {"enabled": False}}, "names the rule vm-disk, which does not exist"),
        ("audit_compare_with", "gone.json", "gone.json, which cannot be read."),
        ("audit_directory", {"server": ["dc1"]}, "audit_directory contains server, which does not exist"),
    ],
)
def test_a_mistake_in_the_settings_ends_the_audit_before_a_host_is_read(
    lab: staging.Stage, tmp_path: Path, name: str, value: t.Any, sentence: str
) -> None:
    found = audit(lab, tmp_path, variables={name: value})
    assert found.run.rc == 2
    (failed,) = (result for result in found.run.results if result.status == "failed")
    assert sentence in failed.message
    assert lab.journal() == []
    assert not (tmp_path / "facts.json").exists()


def test_names_from_servers_are_not_templated(lab: staging.Stage, healthy: Audited, tmp_path: Path) -> None:
    facts = json.loads((healthy.folder / "facts.json").read_text("utf-8"))
    proof = tmp_path / "proof"
    name = "{{ lookup('pipe', 'touch " + str(proof) + "') }}<script>"
    for host in facts["hosts"].values():
        for machine in host.get("host_info", {}).get("virtual_machines") or []:
            machine["name"] = name
    (tmp_path / "facts.json").write_text(json.dumps(facts), "utf-8")
    found = audit(lab, tmp_path, variables={"audit_gather": False})
    assert {one["subject"] for one in found.of("vm-automatic-stop") if one["outcome"] == "fail"} == {name}
    assert not proof.exists()
    assert (
        "<script>"
        not in (tmp_path / "audit.html").read_text("utf-8").partition("<body")[2].partition(name[:9])[2][:200]
    )
