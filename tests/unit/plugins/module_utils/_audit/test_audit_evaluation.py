# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluations with unreachable hosts, accepted findings, an earlier evaluation, and hostile names."""

from __future__ import annotations

import copy
import datetime
import typing as t

import pytest
import yaml
from ansible_collections.winha.cluster.plugins.module_utils._audit.error import AuditError
from ansible_collections.winha.cluster.plugins.module_utils._audit.evaluation import evaluate
from ansible_collections.winha.cluster.plugins.module_utils._report.formats import FORMATS, render
from audit_cases import NOW, Mapping, cases, facts_of, judged, rule, rules
from rules_table import GUIDE, guide_with_table

RULE = "vm-offline-action"
HOSTS = {"kinds": ["hyperv_host"]}
ACCEPTED = {"rule": "vm-*", "host": "hvc1", "subject": "EX0?", "reason": "moves on Friday", "until": "2026-03-01"}


def cluster(*names: str, action: str = "save", nodes: t.Sequence[str] = ("hv01", "hv02")) -> Mapping:
    machines = [{"name": name, "offline_action": action, "priority": 3000} for name in names]
    rows = [{"name": node, "windows": "2022"} for node in nodes]
    return {"cluster_info": {"cluster": {"name": "HVC1", "nodes": rows, "virtual_machines": machines}}}


def host(**parts: t.Any) -> Mapping:
    return {"kinds": ["hyperv_host"], "reached": True, "why": None, **parts}


def run(hosts: Mapping, *names: str, **more: t.Any) -> Mapping:
    """The evaluation of some rules, by default of the rule about the offline action."""
    chosen = [rule(name) for name in names or (RULE,)]
    return evaluate(chosen, {"title": "lab", "hosts": hosts}, **({"now": NOW} | more))


def outcomes(evaluation: Mapping) -> list[tuple[str, str, str]]:
    return [(each["host"], each["subject"], each["outcome"]) for each in evaluation["findings"]]


def test_a_cluster_is_evaluated_once_through_a_node_that_answers() -> None:
    away = host(reached=False, why="hv01 does not answer.", cluster_info={"unknown": "hv01 does not answer."})
    found = run({"hv01.example.com": away, "hv02.example.com": host(**cluster("EX01")), "hv03": host(**cluster("X"))})
    assert outcomes(found) == [("HVC1", "EX01", "fail")]
    assert [each["cluster"] for each in found["hosts"]] == ["HVC1", "HVC1", "HVC1"]


def test_an_unreachable_host_is_unknown_and_the_other_hosts_are_evaluated() -> None:
    away = host(reached=False, why="lone does not answer. Check the firewall.")
    found = run({"lone": away, "hv02": host(**cluster("EX01"))}, RULE, "vm-automatic-stop")
    assert outcomes(found) == [
        ("HVC1", "EX01", "fail"),
        ("lone", "", "unknown"),
        ("lone", "", "unknown"),
        ("hv02", "", "unknown"),
    ]
    assert found["findings"][1]["why_unknown"] == "lone does not answer. Check the firewall."
    assert found["summary"]["unknown"] == 3


ALONE = "lone is not a member of a failover cluster."
LATE = "The operation timed out."


def alone(**parts: t.Any) -> Mapping:
    """The facts of a standalone host."""
    return host(standalone=ALONE, cluster_info={"unknown": ALONE}, jumbo_path_info={"unknown": ALONE}, **parts)


def test_missing_facts_of_a_standalone_host_are_unknown() -> None:
    late = {"unknown": [{"what": what, "why": LATE} for what in ("virtual_machines", "hotfixes")], "windows": {}}
    found = run({"lone": alone(host_info=late, net_adapter={"unknown": ALONE})}, *LONE)
    assert {each["rule"]: each["outcome"] for each in found["findings"]} == {
        "vm-automatic-stop": "unknown",
        "hotfixes": "unknown",
        "jumbo-adapter": "not_applicable",
        "jumbo-path": "not_applicable",
        "vm-offline-action": "not_applicable",
    }
    named = run({"lone": alone(host_info=late, net_adapter={"unknown": "No adapter is like LM*."})}, "jumbo-adapter")
    assert [each["why_unknown"] for each in named["findings"]] == ["No adapter is like LM*."]


LONE = ("vm-automatic-stop", "hotfixes", "jumbo-adapter", "jumbo-path", "vm-offline-action")


def test_facts_that_were_read_before_the_connection_was_lost_are_evaluated() -> None:
    read = {"unknown": [], "virtual_machines": [{"name": "EX01", "automatic_stop_action": "save"}]}
    lost = host(reached=False, why=LATE, host_info=read, jumbo_path_info={"unknown": LATE}, **cluster("EX01"))
    found = run({"hv01": lost}, "vm-automatic-stop", "jumbo-path")
    assert outcomes(found) == [("hv01", "EX01", "fail"), ("hv01", "", "unknown")]
    assert found["findings"][1]["why_unknown"] == LATE


@pytest.mark.parametrize("name", ["nodes-removed", "quorum-lost", "resources-failed"])
def test_events_of_a_host_that_may_have_been_removed_from_its_cluster_are_evaluated(name: str) -> None:
    many = {"unknown": [], "events": [], "events_beyond": 1, "events_reach_back": True}
    assert [each["outcome"] for each in run({"lone": alone(host_info=many)}, name)["findings"]] == ["unknown"]


@pytest.mark.parametrize("name", ["nodes-removed", "quorum-lost", "resources-failed"])
@pytest.mark.parametrize("back", [False, None])
def test_a_log_that_is_too_short_is_unknown(name: str, back: bool | None) -> None:
    short = {"unknown": [], "events": [], "events_beyond": 0, "events_reach_back": back}
    (found,) = run({"hv01": host(host_info=short)}, name)["findings"]
    assert (found["outcome"], "The oldest event in the System log" in found["why_unknown"]) == ("unknown", True)


def test_hosts_with_addresses_as_inventory_names_are_not_confused() -> None:
    away = host(cluster_info={"unknown": "No."})
    found = run({"10.0.0.11": host(**cluster("EX01")), "10.0.0.21": away})
    assert outcomes(found) == [("HVC1", "EX01", "fail"), ("10.0.0.21", "", "unknown")]
    assert [each["cluster"] for each in found["hosts"]] == ["HVC1", None]


def test_a_host_is_matched_by_its_computer_name() -> None:
    named = host(cluster_info={"unknown": "No."}, host_info={"windows": {"computer_name": "HV02", "release": None}})
    found = run({"10.0.0.11": host(**cluster("EX01")), "10.0.0.12": named})
    assert outcomes(found) == [("HVC1", "EX01", "fail")]
    assert [(each["cluster"], each["windows"]) for each in found["hosts"]] == [("HVC1", None), ("HVC1", "2022")]


def test_clusters_with_the_same_name_in_two_domains_are_separate() -> None:
    east, west = cluster("EX01", action="shut_down"), cluster("EX02")
    east["cluster_info"]["cluster"]["fqdn"] = "hvc1.east.example.com"
    west["cluster_info"]["cluster"]["fqdn"] = "hvc1.west.example.com"
    hosts = {
        "hv01.east.example.com": host(**east),
        "hv01.west.example.com": host(**west),
        "hv01.north.example.com": host(reached=False, why="No answer."),
    }
    found = run(hosts)
    assert outcomes(found) == [
        ("hvc1.east.example.com", "EX01", "pass"),
        ("hvc1.west.example.com", "EX02", "fail"),
        ("hv01.north.example.com", "", "unknown"),
    ]
    names = ["hvc1.east.example.com", "hvc1.west.example.com", None]
    assert [each["cluster"] for each in found["hosts"]] == names


def test_a_cluster_without_a_name_is_unknown() -> None:
    nameless = cluster("EX01")
    nameless["cluster_info"]["cluster"]["name"] = None
    assert outcomes(run({"hv01": host(**nameless)})) == [("hv01", "", "unknown")]


def test_a_remedy_runs_on_the_host_that_was_read() -> None:
    found = run({"hv02.example.com": host(**cluster("EX01"))})
    (play,) = yaml.safe_load(found["findings"][0]["remedy"]["text"])
    assert play["hosts"] == "hv02.example.com"
    assert play["tasks"][0]["winha.cluster.vm_offline_action"] == {"action": "shut_down", "names": ["EX01"]}


def test_an_accepted_finding_does_not_count_until_its_end_date() -> None:
    hosts = {"hv01": host(**cluster("EX01", "FILE01"))}
    found = run(hosts, accepted=[ACCEPTED])
    assert outcomes(found) == [("HVC1", "EX01", "accepted"), ("HVC1", "FILE01", "fail")]
    assert found["findings"][0]["accepted"] == {"reason": "moves on Friday", "until": "2026-03-01"}
    late = run(hosts, accepted=[ACCEPTED], now=NOW + datetime.timedelta(days=1))
    assert outcomes(late)[0] == ("HVC1", "EX01", "fail")
    assert "accepted until 2026-03-01 (moves on Friday)" in late["findings"][0]["text"]


def test_a_passed_finding_is_not_accepted() -> None:
    assert outcomes(run({"h": host(**cluster("EX01", action="shut_down"))}, accepted=[ACCEPTED]))[0][2] == "pass"


def test_findings_are_new_open_or_fixed_compared_with_an_earlier_evaluation() -> None:
    before = run({"hv01": host(**cluster("EX01", "EX02", "EX03"))})
    now = cluster("EX01", "EX04")
    now["cluster_info"]["cluster"]["virtual_machines"].append({"name": "EX02", "offline_action": "shut_down"})
    found = run({"hv01": host(**now)}, before=before)
    assert {each["subject"]: each["status"] for each in found["findings"]} == {
        "EX01": "open",
        "EX04": "new",
        "EX02": None,
    }
    assert (found["comparison"]["new"], found["comparison"]["open"]) == (1, 1)
    assert [(each["subject"], each["status"]) for each in found["comparison"]["fixed"]] == [
        ("EX02", "fixed"),
    ]
    # Nobody has seen that EX03 is right.
    assert [(each["subject"], each["status"]) for each in found["comparison"]["unseen"]] == [("EX03", "unseen")]


def node(*machines: str, action: str = "save", **parts: t.Any) -> Mapping:
    rows = [{"name": name, "automatic_stop_action": action} for name in machines]
    return host(host_info={"virtual_machines": rows}, **cluster(), **parts)


def moved(before: Mapping, now: Mapping) -> tuple[dict[tuple[str, str], str], list[str]]:
    """The status of the failed findings, and the fixed subjects."""
    found = run(now, "vm-automatic-stop", before=run(before, "vm-automatic-stop"))
    status = {(each["host"], each["subject"]): each["status"] for each in found["findings"] if each["status"]}
    return status, [each["subject"] for each in found["comparison"]["fixed"]]


def test_the_finding_of_a_moved_virtual_machine_stays_open() -> None:
    before = {"hv01": node("EX01", "LOCAL"), "hv02": node("LOCAL")}
    status, fixed = moved(before, {"hv01": node("LOCAL"), "hv02": node("EX01", "LOCAL")})
    assert (set(status.values()), fixed) == ({"open"}, [])
    assert moved(
        {"hv01": node("EX01"), "hv02": node()}, {"hv01": node(), "hv02": node("EX01", action="shut_down")}
    ) == (
        {},
        ["EX01"],
    )


def test_a_virtual_machine_that_may_be_on_an_unreachable_host_is_not_fixed() -> None:
    before = {"hv01": node("EX01"), "hv02": node()}
    away = host(reached=False, why="No answer.")
    assert moved(before, {"hv01": node(), "hv02": away}) == ({}, [])
    assert moved(before, {"hv01": node()}) == ({}, [])
    assert moved(before, {"hv01": node(), "hv02": node()}) == ({}, [])
    assert moved(before, {"hv01": away, "hv02": node("EX01")}) == ({("hv02", "EX01"): "open"}, [])


def test_virtual_machines_with_the_same_name_on_two_hosts_are_different() -> None:
    both = {"hv01": node("LOCAL"), "hv02": node("LOCAL")}
    assert moved({"hv01": node("LOCAL"), "hv02": node()}, both)[0] == {
        ("hv01", "LOCAL"): "open",
        ("hv02", "LOCAL"): "new",
    }
    fixed = {"hv01": node(), "hv02": node("LOCAL")}
    assert moved({"hv01": node("LOCAL"), "hv02": node("LOCAL", action="shut_down")}, fixed)[0] == {
        ("hv02", "LOCAL"): "new"
    }
    lone = host(host_info=node("EX01")["host_info"], standalone=ALONE)
    assert moved({"a": lone}, {"b": lone}) == ({("b", "EX01"): "new"}, [])


def test_a_finding_that_became_unknown_is_not_fixed() -> None:
    before = run({"hv01": host(**cluster("EX01"))})
    unknown = cluster("EX01")
    unknown["cluster_info"]["cluster"]["virtual_machines"] = None
    assert run({"hv01": host(**unknown)}, before=before)["comparison"]["fixed"] == []
    assert run({}, before=before)["comparison"]["fixed"] == []
    assert run({"hv01": host(**cluster("EX01"))}, before=before, accepted=[ACCEPTED])["comparison"]["fixed"] == []


def test_equal_facts_give_equal_evaluations_and_are_not_changed() -> None:
    facts = {"title": "lab", "hosts": {"hv01": host(**cluster("EX01"))}}
    kept = copy.deepcopy(facts)
    assert evaluate(rules(), facts, now=NOW) == evaluate(rules(), facts, now=NOW)
    assert facts == kept


def wrong(**changes: t.Any) -> Mapping:
    return {**rule(RULE), **changes}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rules": [wrong(reads="a[")]}, "Rule vm-offline-action, key reads: is not a JMESPath expression"),
        ({"rules": [wrong(severity="fatal")]}, "Rule vm-offline-action, key severity: fatal is not one of error"),
        ({"rules": [wrong(colour="red")]}, "Rule vm-offline-action, key colour: the key does not exist"),
        ({"rules": [wrong(holds={"like": "x"})]}, "Rule vm-offline-action, key holds: must be one condition"),
        ({"rules": [wrong(holds={"equals": {"parameter": "x"}})]}, "key holds: x is not a parameter of the rule"),
        ({"rules": [wrong(applies={"kinds": [], "windows": "2012"})]}, "applies: kinds must be a list of hyperv_host"),
        ({"rules": [wrong(applies=HOSTS | {"windows": "2012"})]}, "'2012' is not a bound like '>= 2012'"),
        ({"rules": [wrong(applies=HOSTS | {"windows": ">= 95"})]}, "'95' is not a known version"),
        ({"rules": [wrong(reads="name")]}, "key reads: must return a list of mappings, each with a subject"),
        ({"rules": [wrong(remedy={"task": "x"})]}, "key remedy: a task must be a mapping, a role a name"),
        ({"rules": [wrong(remedy={"manual": "x", "instead": [{"manual": "y"}]})]}, "remedies, each with the key when"),
        ({"rules": [wrong(remedy={"manual": "x", "when": "y"})]}, "and may have vars, hosts, because and instead"),
        ({"rules": [{"title": "x"}]}, "Rule without id, key id: text is required"),
        ({"overrides": {"vm-x": {}}}, "(audit_rule_overrides) names the rule vm-x, which does not exist."),
        ({"overrides": {RULE: {"needs": "x"}}}, "Rule vm-offline-action, key needs: must be a list of texts"),
        ({"parameters": {"mut": 1}}, "No rule has the parameter mut (audit_parameters)."),
        ({"parameters": {"virtual_machines": "EX*"}}, "is 'EX*'. It must have the type of its default ['*']."),
        ({"accepted": [{"rule": RULE, "until": "2027-01-01"}]}, "(rule vm-offline-action) needs the key reason."),
        ({"accepted": [{**ACCEPTED, "until": "soon"}]}, "has until soon, which is not a date like 2027-01-31."),
        ({"accepted": [{**ACCEPTED, "rule": "x"}]}, "names the rule x, which does not exist."),
        ({"facts": {"hosts": ["hv01"]}}, "The input is not the facts of an audit"),
        ({"before": {"version": 2}}, "is not an evaluation of an audit"),
    ],
)  # fmt: skip
def test_invalid_input_is_refused_with_a_sentence_that_names_it(given: Mapping, message: str) -> None:
    known = {"rules": [rule(RULE)], "facts": {"hosts": {"hv01": host(**cluster("EX01"))}}, "now": NOW} | given
    with pytest.raises(AuditError) as caught:
        evaluate(**known)
    assert message in str(caught.value)
    assert str(caught.value).endswith(".")


def test_an_override_disables_a_rule_or_changes_its_keys() -> None:
    hosts = {"hv01": host(**cluster("EX01"))}
    disabled = run(hosts, overrides={RULE: {"enabled": False}}, parameters={"virtual_machines": ["EX*"]})
    assert disabled["findings"] == []
    found = run(hosts, overrides={RULE: {"severity": "notice"}}, parameters={"offline_actions": ["save"]})
    assert (found["rules"][0]["severity"], outcomes(found)[0][2]) == ("notice", "pass")


def test_a_parameter_can_change_the_value_of_one_release() -> None:
    more = {"parameters": {"same_subnet_seconds_at_most": {"2019": 5}}}
    limited = {**cases()["dag-heartbeat-most"]["pass"], **more}
    assert [each["outcome"] for each in judged("dag-heartbeat-most", limited)] == ["fail", "pass"]


HOSTILE = [
    "{{ lookup('pipe', 'id') }}",
    "'; Remove-Item C:\\ -Recurse; '",
    "\u2019; Remove-Item C:\\ \u2019",
    "a\n- hosts: all",
    "<script>alert(1)</script>",
    "#}{% x %}",
    "*",
    "[ab]?",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name_in_a_play(name: str) -> None:
    class Loader(yaml.SafeLoader):
        """Marks text that Ansible must not template."""

    Loader.add_constructor("!unsafe", lambda loader, node: ("unsafe", loader.construct_scalar(node)))
    found = run({"hv01": host(**cluster(name))})
    (play,) = yaml.load(found["findings"][0]["remedy"]["text"], Loader)
    (task,) = play["tasks"]
    (pattern,) = task["winha.cluster.vm_offline_action"]["names"]
    if "{{" in name or "{%" in name:
        assert pattern[0] == "unsafe"
        pattern = pattern[1]
    assert pattern.replace("[*]", "*").replace("[?]", "?").replace("[[]", "[") == name


def test_an_evaluation_can_be_rendered_in_all_formats() -> None:
    hosts, forest = {}, {}
    for name, found in cases().items():
        parts = facts_of(
            name, {key: value for key, value in found["fail"].items() if key not in ("parameters", "override")}
        )
        hosts |= {f"H-{name}": each for each in parts["hosts"].values()}
        forest |= parts.get("forest", {})
    evaluation = evaluate(rules(), {"title": "lab", "hosts": hosts, "forest": forest}, now=NOW)
    assert len({each["rule"] for each in evaluation["findings"] if each["outcome"] == "fail"}) >= 15
    assert all(render(evaluation, form) for form in FORMATS)


def test_the_table_of_the_guide_is_current() -> None:
    assert GUIDE.read_text("utf-8") == guide_with_table()


def test_the_example_rule_of_the_guide_works() -> None:
    text = GUIDE.read_text("utf-8").partition("## How to write a rule")[2].partition("```yaml\n")[2].partition("```")[0]
    (entry,) = yaml.safe_load(text)["audit_rules"]
    parts = cluster("EX01")
    parts["cluster_info"]["cluster"]["nodes"][1]["state"] = "down"
    parts["cluster_info"]["cluster"]["nodes"][0]["state"] = "up"
    found = evaluate([entry], {"hosts": {"hv01": host(**parts)}}, now=NOW)
    assert outcomes(found) == [("HVC1", "hv01", "pass"), ("HVC1", "hv02", "fail")]
