# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of clusters, nodes and virtual machines with the same or with several names in the facts of an audit."""

from __future__ import annotations

import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._audit.evaluation import evaluate
from audit_cases import NOW, Mapping, rule

ACTION, STOP = rule("vm-offline-action"), rule("vm-automatic-stop")


def machine(number: int, name: str, **other: t.Any) -> Mapping:
    own = {"id": f"ID-{number}", "name": name, "resource": f"Virtual Machine {number}", "offline_action": "save"}
    return {"name_known": False, **own, **other}


def node(
    name: str, *machines: Mapping, fqdn: str = "HVC1", number: str | None = None, runs: Mapping | None = None
) -> Mapping:
    """A host with what its node returned; C(runs) are the names in Hyper-V by id."""
    nodes = [{"name": each, "windows": "2022"} for each in ("HV01", "HV02")]
    found = {"name": "HVC1", "fqdn": fqdn, "id": number, "node": name, "nodes": nodes}
    rows = [{"id": each, "name": now, "automatic_stop_action": "shut_down"} for each, now in (runs or {}).items()]
    return {
        "kinds": ["hyperv_host"],
        "reached": True,
        "cluster_info": {"cluster": {**found, "virtual_machines": list(machines)}},
        "host_info": {"windows": {"release": "2022", "computer_name": name}, "virtual_machines": rows},
    }


def findings(hosts: Mapping, *, of: Mapping = ACTION, **more: t.Any) -> list[tuple[str, str, str]]:
    facts = {"title": "lab", "hosts": hosts}
    found: list[Mapping] = evaluate([of], facts, now=NOW, **more)["findings"]
    return [(each["host"], each["subject"], each["outcome"]) for each in found]


def test_clusters_without_a_domain_are_told_apart_by_their_ids() -> None:
    hosts = {
        "a": node("HV01", machine(1, "EX01"), number="1"),
        "b": node("HV01", machine(1, "EX01", offline_action="shut_down"), number="2"),
        "c": node("HV02", number="1"),
    }
    assert findings(hosts) == [("HVC1 (1)", "EX01", "fail"), ("HVC1 (2)", "EX01", "pass")]


def test_a_virtual_machine_has_the_name_that_its_node_returned() -> None:
    machines = machine(1, "Template"), machine(2, "EX09"), machine(3, "EX03")
    hosts = {
        "hv01": node("HV01", *machines),
        "hv02": node("HV02", *machines, runs={"id-1": "EX01", "ID-2": "FILE01"}),
    }
    wanted = {"virtual_machines": ["EX*"]}
    assert findings(hosts, parameters=wanted) == [("HVC1", "EX01", "fail"), ("HVC1", "EX03", "fail")]
    # A cluster can have two virtual machines of one name; these have the names of their resources.
    hosts["hv02"] = node("HV02", *machines, runs={"ID-1": "EX03"})
    assert [subject for _host, subject, _outcome in findings(hosts)] == [
        "Virtual Machine 1",
        "EX09",
        "Virtual Machine 3",
    ]


def test_the_remedy_names_a_machine_of_another_node_by_its_id() -> None:
    hosts = {"hv01": node("HV01", machine(1, "Template"), machine(2, "EX [2]", name_known=True))}
    hosts["hv02"] = node("HV02", runs={"ID-1": "EX01"})
    found = evaluate([ACTION], {"title": "lab", "hosts": hosts}, now=NOW)["findings"]
    assert "- ID-1" in found[0]["remedy"]["text"]
    assert "EX [[]2]" in found[1]["remedy"]["text"]


def test_a_node_under_two_names_is_judged_once() -> None:
    one = node("HV01", fqdn="hvc1.a.test", runs={"ID-1": "EX01"})
    hosts = {"hvc1.a.test": one, "hv01.a.test": one, "hv01.b.test": node("HV01", fqdn="hvc1.b.test")}
    assert [each for each in findings(hosts, of=STOP) if each[1]] == [("hv01.a.test", "EX01", "pass")]
    assert ("hvc1.a.test", "", "not_applicable") in findings(hosts, of=STOP)


def test_an_unread_host_belongs_to_the_cluster_in_its_domain_or_to_none() -> None:
    lost = {"kinds": ["hyperv_host"], "reached": False, "why": "No answer."}
    hosts = {
        "hv01.a.test": node("HV01", fqdn="hvc1.a.test"),
        "hv01.b.test": node("HV01", fqdn="hvc1.b.test"),
        "hv02.b.test": lost,
        "hv02": lost,
    }
    found = evaluate([ACTION], {"title": "lab", "hosts": hosts}, now=NOW)["hosts"]
    assert [each["cluster"] for each in found] == ["hvc1.a.test", "hvc1.b.test", "hvc1.b.test", None]


def test_names_and_accepted_findings_that_match_nothing_are_told() -> None:
    hosts = {"hv01": node("HV01", machine(1, "EX01"))}
    accepted = {"rule": "vm-*", "host": "HVC1", "subject": "EX01", "reason": "known", "until": "2099-01-01"}
    given = {"virtual_machines": ["EX*", "EX99"], "excluded_virtual_machines": ["FILE*"]}
    found = evaluate(
        [ACTION],
        {"title": "lab", "hosts": hosts},
        parameters=given,
        accepted=[accepted, {**accepted, "host": "HVC2"}],
        now=NOW,
    )
    assert found["unmatched"] == [
        "The parameter virtual_machines has EX99, which matches no virtual machine that was read.",
        "The parameter excluded_virtual_machines has FILE*, which matches no virtual machine that was read.",
        "The accepted finding (rule vm-*, host HVC2, subject EX01) matches no finding.",
    ]


def test_an_accepted_name_with_brackets_is_that_name() -> None:
    hosts = {"hv01": node("HV01", machine(1, "EX [1]"), machine(2, "EX 1"))}
    accepted = [{"rule": "*", "host": "HVC1", "subject": "EX [1]", "reason": "known", "until": "2099-01-01"}]
    assert findings(hosts, accepted=accepted) == [("HVC1", "EX [1]", "accepted"), ("HVC1", "EX 1", "fail")]
