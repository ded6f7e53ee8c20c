# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of channels in rules: what their absence proves, and the measured blackout of each DAG member."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._audit.channel_events import Blackouts, channel_events
from ansible_collections.winha.cluster.plugins.module_utils._audit.evaluation import evaluate
from audit_cases import NOW, Mapping, rule

WHOLE = {"complete": True, "reaches_back": True, "events_beyond": 0}


def saved(**more: t.Any) -> Mapping:
    return {"channels": {"saved_states": {"events": [], **WHOLE, **more}}, "unknown": []}


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({}, None),
        ({"complete": False, "compared": {"why": "They differ."}}, "was read completely. They differ."),
        ({"complete": None}, "Nothing shows"),
        ({"events_beyond": 1}, "Only the newest"),
        ({"events_beyond": None}, "Only the newest"),
        ({"reaches_back": False}, "newer than audit_event_days"),
        ({"reaches_back": None}, "could not be read"),
        ({"events": [{"id": 1}]}, "no topic"),
    ],
)
def test_the_absence_of_events_proves_something_only_if_all_were_read(more: Mapping, sentence: str | None) -> None:
    found = channel_events(saved(**more), "saved_states", "saved")
    assert found is not None
    assert found["events"] == []
    assert (found["unproved"] or "") == "" if sentence is None else sentence in found["unproved"]


def test_the_reason_is_that_of_this_channel() -> None:
    why = {f"channels.{name}.reaches_back": f"{name} is closed." for name in ("cluster", "saved_states", "databases")}
    host_info = {**saved(reaches_back=None), "unknown": [{"what": what, "why": text} for what, text in why.items()]}
    found = channel_events(host_info, "saved_states", "saved")
    assert found is not None
    assert found["unproved"] == "saved_states is closed."


def test_the_events_of_a_topic_in_short() -> None:
    values = {"a": "EX01", "b": "", "c": 0, "d": 1, "e": 2, "f": 3, "g": 4}
    events = [{"topic": "saved", "id": number, "time": "T", "data": values} for number in range(12)]
    others = [{"topic": "other", "id": 99}, {"topic": "saved", "id": 100}]
    found = channel_events(saved(events=[*others, *events]), "saved_states", "saved")
    assert found is not None
    assert [one["id"] for one in found["events"]] == [100, *range(12)]
    assert found["shown"] == ["unknown time event 100", *(f"T event {number} (EX01, 1, 2, 3)" for number in range(9))]
    assert found["unproved"] is None


@pytest.mark.parametrize("host_info", [None, {}, {"channels": None}, {"channels": {"saved_states": {"events": None}}}])
def test_a_channel_that_was_not_read_is_null(host_info: Mapping | None) -> None:
    assert channel_events(host_info, "saved_states", "saved") is None


def blackout(machine: str, seconds: float | None) -> Mapping:
    return {
        "time": "2026-02-03T04:05:06Z",
        "id": 20415,
        "topic": "blackout",
        "virtual_machine": machine,
        "blackout_seconds": seconds,
    }


def hyperv(cluster: str, *events: Mapping, machines: t.Sequence[str] = (), **more: t.Any) -> Mapping:
    log = {"events": list(events), **WHOLE, **more}
    nodes = [{"name": name} for name in ("hv1", "hv2", "hv3")] if cluster == "HVC1" else [{"name": "hx1"}]
    return {
        "kinds": ["hyperv_host"],
        "cluster_info": {"cluster": {"name": cluster, "fqdn": f"{cluster}.example.com", "nodes": nodes}},
        "host_info": {"channels": {"live_migrations": log}, "virtual_machines": [{"name": name} for name in machines]},
    }


def row(hosts: Mapping, node: str = "EX01", **names: str) -> Mapping:
    (found,) = Blackouts(hosts).of_nodes({"name": "DAG1", "nodes": [{"name": node}]}, names)
    return found


def test_the_longest_blackout_of_all_hosts_is_found_by_the_name_of_the_node() -> None:
    hosts = {
        "hv1": hyperv("HVC1", blackout("ex01", 1.5), blackout("EX02", 9)),
        "hv2": hyperv("HVC1", blackout("EX01", 3)),
    }
    found = row(hosts, "EX01")
    assert (found["seconds"], found["host"], found["count"], found["unproved"]) == (3, "hv2", 2, None)
    assert row(hosts, "node7", node7="EX02")["seconds"] == 9


def test_a_host_of_the_same_cluster_that_was_not_read_can_have_a_longer_blackout() -> None:
    known = {"hv1": hyperv("HVC1", blackout("EX01", 1.5))}
    assert row(known)["unproved"] is None
    down = {"kinds": ["hyperv_host"], "host_info": {"unknown": "It did not answer."}}
    refused = hyperv("HVC1")
    refused["host_info"] = {"channels": {}, "unknown": [{"what": "channels.live_migrations", "why": "It was refused."}]}
    for name, host, why in (("hv3.example.com", down, "It did not answer."), ("hv2", refused, "It was refused.")):
        assert why in row({**known, name: host})["unproved"]
    assert "completely" in row({**known, "hv2": hyperv("HVC1", complete=None)})["unproved"]
    # A host of another cluster does not matter.
    assert row({**known, "hx1": hyperv("HVX", complete=False), "lone": down})["unproved"] is None


def test_the_cluster_has_the_virtual_machines_of_a_node_that_was_not_read() -> None:
    node = hyperv("HVC1")
    node["cluster_info"]["cluster"]["virtual_machines"] = [{"name": "EX01", "id": "A", "owner_node": "hv2"}]
    down = {"kinds": ["hyperv_host"], "host_info": {"unknown": "It did not answer."}}
    found = row({"hv1": node, "hv2": down})
    assert found["unproved"] == "Live migrations can be missing. hv2: It did not answer."


def test_a_machine_without_a_measured_live_migration_is_unknown() -> None:
    assert "No live migration was logged" in row({"hv1": hyperv("HVC1", machines=["EX01"])})["unproved"]
    assert "parameter dag_virtual_machines" in row({"hv1": hyperv("HVC1", machines=["EX02"])})["unproved"]
    found = row({"hv1": hyperv("HVC1", blackout("EX01", None))})
    assert (found["seconds"], found["unproved"]) == (None, "An event has no valid blackout.")
    assert Blackouts({"ex01": {"kinds": ["dag_member"]}}).of_nodes({"nodes": [{"name": "EX01"}]}, {}) == []


def test_a_member_is_the_virtual_machine_whose_id_its_guest_operating_system_has() -> None:
    member = {"kinds": ["dag_member"], "cluster_info": {"cluster": {"name": "DAG1", "node": "mail1"}}}
    named, other = blackout("EX07", 2) | {"virtual_machine_id": "6F0C"}, blackout("mail1", 9)
    hosts = {"hv1": hyperv("HVC1", named, other)}

    def found(guest: Mapping | None, **names: str) -> Mapping:
        return row({**hosts, "mail1": {**member, "host_info": {"guest": guest}}}, "MAIL1", **names)

    known = found({"machine_id": "6f0c", "machine_name": "EX07"})
    assert (known["machine"], known["seconds"], known["unproved"]) == ("EX07", 2, None)
    assert found({"machine_id": "0000", "machine_name": "EX07"})["seconds"] is None
    assert found({"machine_id": None})["seconds"] == 9
    assert found(None) == {"node": "MAIL1", "not_applicable": "MAIL1 is not a virtual machine of Hyper-V."}
    assert found(None, mail1="EX07")["seconds"] == 2


def test_the_blackout_is_judged_against_the_heartbeat_of_the_dag() -> None:
    dag = {
        "kinds": ["dag_member"],
        "reached": True,
        "cluster_info": {
            "cluster": {
                "name": "DAG1",
                "nodes": [{"name": "EX01"}, {"name": "EX02"}, {"name": "mail3"}],
                "heartbeat_seconds": {"same_subnet": 5.0, "cross_subnet": 10.0},
            }
        },
    }
    hosts = {"hv1": hyperv("HVC1", blackout("EX01", 4.9), blackout("EX02", 5.5), blackout("Mail 3", 1)), "ex01": dag}
    found = evaluate(
        [rule("dag-blackout-measured")],
        {"title": "lab", "hosts": hosts},
        parameters={"dag_virtual_machines": {"mail3": "Mail 3"}},
        now=NOW,
    )["findings"]
    outcomes = [(one["host"], one["subject"], one["outcome"], one["found"]) for one in found]
    assert outcomes == [
        ("DAG1", "EX01", "pass", "4.9 s"),
        ("DAG1", "EX02", "fail", "5.5 s"),
        ("DAG1", "mail3", "pass", "1 s"),
    ]
