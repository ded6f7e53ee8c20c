# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts from registered results: plain values, or a sentence with the reason."""

from __future__ import annotations

import datetime
import json
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._audit.completion import completed
from ansible_collections.winha.cluster.plugins.module_utils._audit.gathering import facts_of, plain
from ansible_collections.winha.cluster.plugins.module_utils._windows.cluster import NOT_CLUSTERED

GROUPS = {"hyperv_host": "hyperv_hosts", "dag_member": "dag_members", "domain_controller": "domain_controllers"}
ALONE = f"h {NOT_CLUSTERED}: There is no namespace root/mscluster on this host."


def gathered(*hosts: dict[str, t.Any]) -> dict[str, t.Any]:
    """The facts as rules read them."""
    now = "2026-03-01T12:00:00Z"
    return completed(facts_of(hosts, groups=GROUPS, prefix="audit_", title="lab", gathered=now, planned={}))


def host(group: str, name: str = "h", **registered: t.Any) -> dict[str, t.Any]:
    found = {f"audit_{part}": result for part, result in registered.items()}
    return {"inventory_hostname": name, "group_names": [group], **found}


def test_dates_become_text_and_other_types_stay() -> None:
    values = {"until": datetime.date(2027, 1, 31), "on": True, "many": 3, "half": 0.5, "none": None}
    assert plain(values) == {"until": "2027-01-31", "on": True, "many": 3, "half": 0.5, "none": None}


def test_keys_of_ansible_are_removed_from_results() -> None:
    result = {"changed": False, "failed": False, "cluster": {"name": "HVC1"}, "warnings": ["x"]}
    found = gathered(host("hyperv_hosts", cluster_info=result))["hosts"]["h"]
    assert found["cluster_info"] == {"cluster": {"name": "HVC1"}}
    assert (found["kinds"], found["reached"], found["standalone"]) == (["hyperv_host"], True, None)
    assert found["net_adapter"] == {"unknown": "net_adapter was not read on h."}


def test_one_task_for_all_modules_gives_the_same_facts_as_one_for_each() -> None:
    results: dict[str, t.Any] = {
        "host_info": {"windows": {"release": "2022"}, "unknown": [{"what": "events", "why": "No."}]},
        "cluster_info": {"failed": True, "msg": "It timed out"},
        "net_adapter": {"skipped": True},
        "jumbo_path_info": {"skipped": True},
    }
    visited = {"changed": False, "warnings": ["It timed out"], "results": json.dumps(results)}
    alone = gathered(host("hyperv_hosts", **results))
    assert gathered(host("hyperv_hosts", host_results=visited)) == alone
    assert alone["hosts"]["h"]["cluster_info"] == {"unknown": "It timed out."}


def test_a_task_that_failed_before_it_read_is_the_reason_of_all_parts() -> None:
    found = gathered(host("dag_members", host_results={"failed": True, "msg": "audit_event_days is many"}))["hosts"][
        "h"
    ]
    assert found["host_info"] == found["cluster_info"] == {"unknown": "audit_event_days is many."}
    found = gathered(host("dag_members", host_results={"results": "{", "changed": False}))["hosts"]["h"]
    assert found["host_info"] == {"unknown": "The result of audit_host_info is not JSON."}


def test_a_host_of_which_nothing_is_read_has_no_results() -> None:
    skipped = gathered(host("domain_controllers", host_results={"skipped": True, "changed": False}))
    assert skipped == gathered(host("domain_controllers"))


def test_a_failed_task_leaves_its_message() -> None:
    found = gathered(host("dag_members", cluster_info={"failed": True, "msg": "It timed out"}))["hosts"]["h"]
    assert found["cluster_info"] == {"unknown": "It timed out."}
    assert found["failed"] == ["cluster_info", "host_info"]
    assert set(found) >= {"kinds", "reached", "why", "standalone"}
    assert {name for name in found if name.endswith("_info")} == {"cluster_info", "host_info"}


def test_all_parts_of_an_unreachable_host_have_the_reason() -> None:
    away = {"unreachable": True, "msg": "No answer."}
    skipped = {"skipped": True, "changed": False}
    found = gathered(host("hyperv_hosts", host_info=away, cluster_info=skipped))["hosts"]["h"]
    assert (found["reached"], found["why"]) == (False, "No answer.")
    assert found["host_info"] == found["cluster_info"] == found["net_adapter"] == {"unknown": "No answer."}


def test_a_standalone_host_is_recognized() -> None:
    found = gathered(host("hyperv_hosts", cluster_info={"failed": True, "msg": ALONE}))["hosts"]["h"]
    assert found["standalone"] == "h is not a member of a failover cluster."
    assert found["cluster_info"] == {"unknown": found["standalone"]}
    assert found["host_info"] == {"unknown": "host_info was not read on h."}


def test_skipped_parts_of_a_standalone_host_have_that_reason() -> None:
    results = {"cluster_info": {"failed": True, "msg": ALONE}, "jumbo_path_info": {"skipped": True}}
    found = gathered(host("hyperv_hosts", **results, net_adapter={"failed": True, "msg": "No."}))["hosts"]["h"]
    assert (found["jumbo_path_info"], found["net_adapter"]) == ({"unknown": found["standalone"]}, {"unknown": "No."})


def test_a_dag_member_without_a_cluster_contradicts_the_inventory() -> None:
    found = gathered(host("dag_members", cluster_info={"failed": True, "msg": ALONE}))["hosts"]["h"]
    assert found["standalone"] is None
    assert found["cluster_info"] == {
        "unknown": "h is a DAG member in the inventory, but h is not a member of a failover cluster."
    }


def test_a_host_that_a_cluster_lists_is_not_standalone() -> None:
    cluster = {"cluster": {"name": "HVC1", "nodes": [{"name": "HV01"}, {"name": "HV02"}]}}
    found = gathered(
        host("hyperv_hosts", "hv02.example.com", cluster_info={"failed": True, "msg": ALONE}),
        host("hyperv_hosts", "hv01.example.com", cluster_info=cluster),
        host("hyperv_hosts", "hv03.example.com", cluster_info={"failed": True, "msg": ALONE}),
    )["hosts"]
    node, alone = found["hv02.example.com"], found["hv03.example.com"]
    assert node["standalone"] is None
    assert "cluster_info" in node["failed"]
    assert "cluster_info" not in alone["failed"]
    why = "HVC1 lists hv02.example.com as a node, but hv02.example.com is not a member of a failover cluster."
    assert node["cluster_info"] == node["net_adapter"] == {"unknown": why}
    assert alone["standalone"] == "hv03.example.com is not a member of a failover cluster."


def test_a_host_whose_connection_was_lost_later_counts_as_reached() -> None:
    lost = {"unreachable": True, "msg": "No answer."}
    found = gathered(host("hyperv_hosts", host_info={"events": []}, jumbo_path_info=lost))["hosts"]["h"]
    assert (found["reached"], found["why"]) == (True, None)
    assert (found["host_info"], found["jumbo_path_info"]) == ({"events": []}, {"unknown": "No answer."})


def test_the_first_controller_with_the_exchange_organization_is_used() -> None:
    organization = {"organization": {"name": "X", "forest": "example.com"}, "servers": [], "client_access_arrays": []}
    found = gathered(
        host("domain_controllers", "dc1", exchange_info={"failed": True, "msg": "No."}),
        host("domain_controllers", "dc2", exchange_info=organization, dns_name_info={"skipped": True}),
    )["forest"]
    assert found["host"] == "dc2"
    assert found["dns_name_info"] == {"names": []}
    assert found["principal_plan"]["generations"] == []


def test_each_part_of_the_forest_is_from_the_controller_that_returned_most_of_it() -> None:
    duplicates = {"duplicates": [{"spn": "http/x", "accounts": ["CN=A", "CN=B"]}], "unknown": []}
    lost = {"duplicates": None, "unknown": [{"what": "duplicates", "why": "It timed out."}]}
    away = {"unreachable": True, "msg": "No answer."}
    no_exchange = {"failed": True, "msg": "The forest has no Exchange organization."}
    found = gathered(
        host("domain_controllers", "dc1", exchange_info=away, spn_info={"skipped": True}),
        host("domain_controllers", "dc2", exchange_info=no_exchange, spn_info=lost),
        host("domain_controllers", "dc3", exchange_info=no_exchange, spn_info=duplicates),
    )["forest"]
    assert found["spn_info"] == duplicates
    assert found["host"] == "dc1"
    assert found["exchange_info"] == {"unknown": "No answer."}


def test_a_forest_that_could_not_be_read_has_the_reason() -> None:
    found = gathered(host("domain_controllers", "dc1", exchange_info={"failed": True, "msg": "No."}))["forest"]
    assert found["exchange_info"] == found["principal_plan"] == {"unknown": "No."}


def test_without_domain_controllers_there_is_no_forest() -> None:
    assert "forest" not in gathered(host("hyperv_hosts"))
