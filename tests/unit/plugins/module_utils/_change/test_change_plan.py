# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan document, its text and page, and whether an approved plan covers the current one."""

from __future__ import annotations

import copy
import html.parser
import json
import re
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._change.approval import objections, obsolete
from ansible_collections.winha.cluster.plugins.module_utils._change.plan import digest_of, make_plan, read_plan
from ansible_collections.winha.cluster.plugins.module_utils._change.text import impact_rows, text_of
from ansible_collections.winha.cluster.plugins.module_utils._report.plan_page import plan_page
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from change_samples import cluster, host, role, roll

RESULTS = {
    "dag_heartbeat": ["dag_heartbeat_set"],
    "hyperv_cluster": ["hyperv_cluster_set", "hyperv_cluster_groups_set", "hyperv_cluster_vm_settings_set"],
    "migration_network": ["migration_network_plan"],
    "exchange_kerberos": ["exchange_kerberos_set"],
}
CREATED = "2026-11-28T22:00:00Z"
Row = dict[str, t.Any]


def change(label: str, before: t.Any, after: t.Any) -> Row:
    return {"label": label, "setting": label, "thing": label, "before": before, "after": after}


def estate(**roles: t.Any) -> list[Row]:
    """A Hyper-V cluster, a standalone host, a DAG member and a domain controller."""
    hosts = cluster("HV01", "HV02", roles=[role("EX01", "HV01"), role("FILE01", "HV02", **roles)])
    hosts[0]["hyperv_cluster_set"] = {"changes": [change("EX01", "save", "shut_down")]}
    alone = host("alone", {"computer": "ALONE", "cluster": None, "network_atc": False})
    alone["migration_network_plan"]["connection_adapters"] = ["LM1"]
    dag = {
        "inventory_hostname": "ex01",
        "dag_heartbeat_read": {"cluster": {"name": "DAG1", "nodes": [{"name": "EX01"}]}},
        "dag_heartbeat_set": {"changes": [change("same_subnet_threshold", 5, 10)]},
    }
    spn = change("http/mail.example.test", [], ["CN=ASA,DC=example,DC=test"])
    controller = {
        "inventory_hostname": "dc01",
        "exchange_kerberos_set": {"results": [{"changes": [spn]}, {"skipped": True}]},
    }
    return [*hosts, alone, dag, controller]


def plan_of(hosts: list[Row], **options: t.Any) -> Row:
    hyperv = [each for each in hosts if "migration_network_plan" in each or "migration_network_health" in each]
    return make_plan(hosts, rolling=roll(hyperv, **options), created=CREATED, results=RESULTS)


def signed(plan: Row) -> Row:
    return {**plan, "digest": digest_of(plan)}


def test_a_plan_has_every_change_with_its_cost() -> None:
    plan = plan_of(estate(), allow_restart=True)
    assert [
        (row["module"], row["host"], row["cluster"], row["cost"], row["management"]) for row in plan["changes"]
    ] == [
        ("vm_offline_action", "hv01", "hvc1.example.test", "nothing", False),
        ("heartbeat", "ex01", "dag1", "nothing", False),
        ("spn", "dc01", "", "nothing", False),
        ("net_adapter", "alone", "alone", "adapter_restart", True),
        ("net_adapter", "hv01", "hvc1.example.test", "node_drain", False),
        ("net_adapter", "hv02", "hvc1.example.test", "node_drain", False),
    ]
    assert [(row["kind"], row["key"], row["order"]) for row in plan["clusters"]] == [
        ("hyperv", "hvc1.example.test", [["hv01"], ["hv02"]]),
        ("standalone", "alone", [["alone"]]),
        ("dag", "dag1", []),
    ]
    summary = plan["summary"]
    assert (summary["changes"], summary["left"], summary["drains"], summary["restarts"]) == (6, 0, 2, 1)
    assert summary["machines_moved"] == {"live": 2, "saved": 0, "shut_down": 0, "turned_off": 0}
    assert (summary["gates"]["fail"], summary["forbidden"]) == (0, 0)


def test_what_is_not_permitted_is_left_with_the_reason() -> None:
    plan = plan_of(estate(), allow_drain=False)
    assert [(row["host"], row["reason"]) for row in plan["left"]] == [
        ("alone", "It restarts the adapter; set migration_network_allow_restart to true to permit it."),
        ("hv01", "It drains the node; set migration_network_allow_drain to true to permit it."),
        ("hv02", "It drains the node; set migration_network_allow_drain to true to permit it."),
    ]
    assert plan["summary"]["machines_moved"]["live"] == 0


WAITING = {
    "label": "EX01 automatic_stop_action",
    "thing": "EX01",
    "id": "ID1",
    "setting": "automatic_stop_action",
    "wanted": "shut_down",
    "current": "save",
    "reason": "Shut it down",
    "waits_for": "shutdown",
}


def test_what_waits_for_a_shutdown_is_left_and_is_approved_with_the_plan() -> None:
    hosts = estate()
    moved = {key: WAITING[key] for key in ("label", "thing", "id", "setting")}
    hosts[0]["hyperv_cluster_groups_set"] = {"results": [{"changes": [change("EX01 priority", 1000, 3000)]}]}
    hosts[0]["hyperv_cluster_vm_settings_set"] = {"results": [{"changes": [], "left_alone": [WAITING]}]}
    before = plan_of(hosts)
    assert [row["module"] for row in before["changes"][:2]] == ["vm_offline_action", "cluster_group"]
    (left,) = [row for row in before["left"] if row["cost"] == "vm_shutdown"]
    assert (left["module"], left["before"], left["after"], left["reason"]) == (
        "vm_settings", "save", "shut_down", "Shut it down.",
    )  # fmt: skip
    assert before["summary"]["forbidden"] == 0
    assert "1 VM shutdown" in "\n".join(text_of(before))
    # It was shut down, and the cluster moved it to the other node.
    del hosts[0]["hyperv_cluster_vm_settings_set"]
    done = {"changes": [{**moved, "before": "save", "after": "shut_down"}]}
    hosts[1]["hyperv_cluster_vm_settings_set"] = {"results": [done]}
    after = plan_of(hosts)
    assert [row["cost"] for row in after["changes"] if row["module"] == "vm_settings"] == ["nothing"]
    assert objections(before, after, now=CREATED, max_age=1) == []
    done["changes"][0]["before"] = "turn_off"
    assert "is now turn_off" in objections(before, plan_of(hosts), now=CREATED, max_age=1)[0]


def test_a_gate_that_does_not_pass_forbids_the_changes_that_cost_something() -> None:
    plan = plan_of(estate(drain="saved"))
    assert (plan["summary"]["gates"]["fail"], plan["summary"]["forbidden"]) == (1, 2)
    allowed = plan_of(estate(drain="saved"), allow_gates=["virtual_machines_live"])
    assert (allowed["summary"]["gates"]["allowed"], allowed["summary"]["forbidden"]) == (1, 0)


def test_a_role_that_failed_on_a_host_is_told() -> None:
    hosts = estate()
    hosts[3]["dag_heartbeat_set"] = {"failed": True, "msg": "Access denied."}
    assert plan_of(hosts)["unread"] == [{"host": "ex01", "reason": "Access denied."}]


def test_the_same_setting_told_by_two_hosts_is_one_change() -> None:
    hosts = estate()
    hosts[1]["hyperv_cluster_set"] = hosts[0]["hyperv_cluster_set"]
    assert sum(row["module"] == "vm_offline_action" for row in plan_of(hosts)["changes"]) == 1


def test_a_plan_survives_its_file() -> None:
    plan = plan_of(estate())
    assert read_plan(json.dumps(plan, indent=4)) == plan
    assert read_plan(plan) == plan


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("no plan", "not a plan of winha.cluster"),
        ([], "not a plan of winha.cluster"),
        ({"winha_plan": 1}, "not a plan of winha.cluster"),
        ({"winha_plan": 2, "digest": ""}, "version 2"),
        ({"winha_plan": 1, "digest": "0"}, "altered"),
    ],
)
def test_what_is_no_plan_is_refused(value: object, sentence: str) -> None:
    with pytest.raises(TaskError, match=sentence):
        read_plan(value)


def judged(approved: object, current: Row, hours: int = 1) -> list[str]:
    return objections(approved, current, now=f"2026-11-28T{22 + hours}:00:00Z", max_age=1)


def test_an_approved_plan_covers_itself() -> None:
    plan = plan_of(estate(), allow_restart=True)
    assert judged(json.dumps(plan), plan) == []


def test_a_change_that_is_no_longer_needed_is_no_objection() -> None:
    approved, hosts = plan_of(estate()), estate()
    del hosts[0]["hyperv_cluster_set"]
    current = plan_of(hosts)
    assert judged(approved, current) == []
    assert obsolete(approved, current) == ["hvc1.example.test: EX01 is approved and no longer needed."]


def test_another_node_may_write_a_setting_of_the_cluster() -> None:
    hosts = estate()
    hosts[1]["hyperv_cluster_set"] = hosts[0].pop("hyperv_cluster_set")
    assert judged(plan_of(estate()), plan_of(hosts)) == []


def test_a_plan_that_was_altered_covers_nothing() -> None:
    plan = plan_of(estate())
    altered = copy.deepcopy(plan)
    altered["changes"][0]["after"] = "turn_off"
    (found,) = judged(altered, plan)
    assert found == (
        "The approved plan cannot be used. The plan was altered after it was made: its digest is another one. "
        "Make a new plan."
    )


@pytest.mark.parametrize(
    ("created", "sentence"),
    [
        (
            "2026-11-28T20:00:00Z",
            "The approved plan is 3.0 hours old, and at most 1 hours are allowed. Make a new plan.",
        ),
        (
            "2026-11-29T20:00:00Z",
            "The approved plan was made at 2026-11-29T20:00:00Z, in the future. Correct the clock.",
        ),
        ("soon", "The approved plan has no date of creation that can be read: soon. Make a new plan."),
    ],
)
def test_the_age_of_a_plan_counts(created: str, sentence: str) -> None:
    plan = plan_of(estate())
    assert judged(signed({**plan, "created": created}), plan) == [sentence]


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("before", "hvc1.example.test: EX01 is now save, and the approved plan has turn_off."),
        ("after", "hvc1.example.test: EX01 is to be set shut_down, and the approved plan has turn_off."),
    ],
)
def test_another_value_is_an_objection(part: str, sentence: str) -> None:
    plan = plan_of(estate())
    approved = copy.deepcopy(plan)
    approved["changes"][0][part] = "turn_off"
    assert judged(signed(approved), plan) == [sentence]


def test_a_change_beyond_the_plan_is_an_objection() -> None:
    plan = plan_of(estate())
    approved = {**plan, "changes": plan["changes"][1:]}
    assert judged(signed(approved), plan) == ["hvc1.example.test: EX01 is not in the approved plan: save -> shut_down."]


def test_a_drain_that_the_plan_only_listed_as_left_is_an_objection() -> None:
    found = judged(plan_of(estate(), allow_drain=False), plan_of(estate()))
    assert found == [
        "hv01: LM1 mtu was not permitted in the approved plan: 1500 -> 9000.",
        "hv02: LM1 mtu was not permitted in the approved plan: 1500 -> 9000.",
    ]


def test_a_gate_that_does_not_pass_is_an_objection_even_if_the_plan_had_it() -> None:
    plan = plan_of(estate(drain="saved"))
    (found,) = judged(plan, plan)
    assert found.startswith(
        "HVC1: the gate virtual_machines_live does not pass. A drain of HV02 would leave FILE01 saved"
    )


def test_a_gate_that_is_allowed_only_now_is_an_objection() -> None:
    now = plan_of(estate(drain="saved"), allow_gates=["virtual_machines_live"])
    assert judged(plan_of(estate()), now) == [
        "HVC1: the gate virtual_machines_live is allowed now, but not in the approved plan.",
        "HVC1: a drain of HV02 has another effect on FILE01 than approved: saved.",
    ]
    assert judged(now, now) == []


def test_a_gate_does_not_stop_what_costs_nothing() -> None:
    plan = plan_of(estate(drain="saved"), allow_drain=False)
    assert judged(plan, plan) == []


def test_the_text_has_the_impact_first() -> None:
    lines = text_of(plan_of(estate(drain="saved")))
    assert lines[0] == (
        "5 changes on 4 hosts; 2 node drains; 1 change not permitted in this run; 2 changes stopped by a gate."
    )
    assert [re.split(r"  +", line) for line in lines[2:8]] == [
        ["Cluster or host", "Changes", "Cost", "Virtual machines that move", "Order", "Gates"],
        ["-" * len(lines[3])],
        ["HVC1", "3", "2 node drains", "1 live, 1 saved", "hv01, then hv02", "1 of 15 does not pass"],
        ["ALONE", "1", "1 adapter restart, interrupts Ansible's connection", "-", "-", "pass"],
        ["DAG1", "1", "no interruption", "-", "-", "-"],
        ["dc01", "1", "no interruption", "-", "-", "-"],
    ]
    titles = [line for line in lines if line and not line.startswith((" ", "-"))]
    assert titles[-4:] == [
        "Virtual machines that are not live migrated", "Gates that do not pass", "Changes", "Left to do"
    ]  # fmt: skip
    rows = [re.split(r"  +", line.strip()) for line in lines]
    assert ["dc01", "http/mail.example.test", "none -> CN=ASA,DC=example,DC=test", "no interruption"] in rows


def test_a_gate_that_does_not_pass_but_is_allowed_is_not_called_passed() -> None:
    lines = text_of(plan_of(estate(drain="saved"), allow_gates=["virtual_machines_live"]))
    assert re.split(r"  +", lines[4])[::5] == ["HVC1", "1 of 15 does not pass, but is allowed"]


def test_without_a_change_the_text_says_so() -> None:
    assert text_of(plan_of([]))[0] == "Nothing to change."


def test_no_value_starts_a_line_of_its_own() -> None:
    hosts = estate()
    hosts[0]["hyperv_cluster_set"]["changes"][0]["before"] = "save\nHVC9  pass\x1b[2K"
    assert not any("\n" in line or "\x1b" in line or line.startswith("HVC9") for line in text_of(plan_of(hosts)))


class Page(html.parser.HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page(hosts: list[Row], title: str = "Production", **options: t.Any) -> Page:
    plan = plan_of(hosts, **options)
    return Page(plan_page(plan, impact_rows(plan), title))


def test_the_page_shows_every_change_gate_and_machine() -> None:
    text = " ".join(" ".join(page(estate(drain="saved")).words).split())
    for words in ("A gate stops 2 changes", "1 change not permitted in this run", "same_subnet_threshold", "FILE01",
                  "saved to disk", "virtual_machines_live fails: A drain of HV02", "http/mail.example.test",
                  "CN=ASA,DC=example,DC=test", "hv01 , then hv02", "interrupts Ansible's connection"):  # fmt: skip
        assert words in text


def test_a_page_without_changes_says_so() -> None:
    text = " ".join(" ".join(page([]).words).split())
    assert "Nothing to change" in text
    assert "No change is planned." in text


def test_the_page_runs_no_script_and_loads_nothing() -> None:
    found = page(estate())
    tags = {tag for tag, _attributes in found.elements}
    assert tags & {"script", "img", "iframe", "object", "form"} == set()
    (policy,) = (own["content"] for tag, own in found.elements if tag == "meta" and own.get("http-equiv"))
    assert "default-src 'none'" in str(policy)
    assert "script-src 'none'" in str(policy)
    ids = {own.get("id") for _tag, own in found.elements}
    links = [own["href"] for tag, own in found.elements if tag == "a"]
    assert [link for link in links if str(link)[1:] not in ids] == []


def test_a_name_adds_no_element_to_the_page() -> None:
    hosts = estate()
    hosts[0]["hyperv_cluster_set"]["changes"][0] |= {"label": "<script>x</script>", "before": '"><img src=x>\u202e'}
    found = page(hosts, "<b onclick=x>")
    assert {tag for tag, _own in found.elements} & {"script", "img"} == set()
    assert not any(name.startswith("on") for _tag, own in found.elements for name in own)
    assert "\\u202e" in " ".join(found.words)
