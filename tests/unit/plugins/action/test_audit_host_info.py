# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that an audit runs in one session: which, in which order, and each result for itself."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.action import audit_host_info
from ansible_collections.winha.cluster.plugins.module_utils._audit import visit
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import CredentialsRefused, Fault
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from ansible_collections.winha.cluster.plugins.module_utils.task import Outcome
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._windows.fake_host import CIMV2, FakeHost

OPTIONS: dict[str, t.Any] = {
    "gather": True, "parameters": {}, "migration_adapters": [], "event_days": 30, "event_limit": 200,
    "channels": True, "channel_wait": 2,
}  # fmt: skip
CLUSTER = "root/mscluster"
READ = {"host_info": {"gather": ["windows"]}, "cluster_info": {"gather": ["nodes"]}, "jumbo_path_info": {}}


def host(**more: t.Any) -> FakeHost:
    rows = {"MSCluster_Cluster": [{"Name": "HVC1", "Fqdn": "hvc1.example.com"}], "MSCluster_Node": [{"Name": "HV01"}]}
    return FakeHost({(CLUSTER, name): found for name, found in (rows | more).items()})


def read(client: FakeHost, **modules: t.Any) -> dict[str, t.Any]:
    return audit_host_info.read(t.cast("t.Any", client), {"modules": modules})


def test_each_result_is_that_of_the_module() -> None:
    found = read(host(), **READ)
    assert found["host_info"]["windows"]["release"] == "2019"
    assert found["cluster_info"]["cluster"]["nodes"][0]["name"] == "HV01"
    assert found["jumbo_path_info"] == {"paths": [], "unknown": []}
    reported = audit_host_info.report(found, Outcome())
    read_back = json.loads(reported["results"])
    assert read_back["cluster_info"]["cluster"]["nodes"][0]["name"] == "HV01"
    assert list(read_back) == list(READ)
    assert reported["warnings"] == []


def test_one_module_that_fails_does_not_cost_the_others() -> None:
    found = read(host(MSCluster_Cluster=Fault("The cluster is busy.")), **READ)
    assert found["host_info"]["windows"]["release"] == "2019"
    assert found["cluster_info"]["failed"] is True
    assert "The cluster is busy" in found["cluster_info"]["msg"]
    assert found["jumbo_path_info"] == {"skipped": True}
    reported = audit_host_info.report(found, Outcome())
    assert ("failed" in reported, reported["warnings"]) == (False, [found["cluster_info"]["msg"]])


def test_a_host_that_refuses_the_account_is_asked_once() -> None:
    client = host()
    client.rows[CIMV2, "Win32_OperatingSystem"] = CredentialsRefused("401")
    found = read(client, **READ)
    assert len(client.asked) == 1
    assert found["host_info"]["unreachable"] is True
    assert [found[name] for name in ("cluster_info", "jumbo_path_info")] == [{"skipped": True}] * 2
    reported = audit_host_info.report(found, Outcome())
    assert (reported["unreachable"], reported["msg"]) == (True, found["host_info"]["msg"])


def test_the_task_fails_if_every_module_fails() -> None:
    reported = audit_host_info.report(read(host(), host_info={"gather": ["nothing"]}), Outcome())
    assert reported["failed"] is True
    assert reported["msg"].startswith("winha.cluster.host_info: value of gather must be")


def test_a_module_that_is_not_known_is_refused() -> None:
    with pytest.raises(TaskError, match=r"modules has heartbeat; valid are host_info, cluster_info"):
        read(host(), heartbeat={}, host_info={})


def test_a_hyperv_host_is_read_with_all_modules_and_a_dag_member_with_two() -> None:
    found = visit.modules_for(["hyperv_host"], OPTIONS)
    assert list(found) == list(audit_host_info.MODULES)
    assert found["net_adapter"] == {
        "live_migration": True, "mtu": 9000, "receive_buffers": 8192, "on_unsupported": "report",
    }  # fmt: skip
    assert found["jumbo_path_info"] == {"mtu": 9000}
    assert list(visit.modules_for(["dag_member"], OPTIONS)) == ["host_info", "cluster_info"]
    both = visit.modules_for(["dag_member", "hyperv_host"], OPTIONS)
    assert {"adapters", "guest", "channels"} <= set(both["host_info"]["gather"])
    assert set(visit.OPTIONS) - set(OPTIONS) == {"migration_network"}  # is not there by default
    assert both["host_info"]["channels"] == ["cluster", "databases", "live_migrations", "saved_states"]
    assert "channels" not in visit.modules_for(["dag_member"], {**OPTIONS, "channels": False})["host_info"]["gather"]
    assert visit.modules_for(["domain_controller"], OPTIONS) == {}
    assert visit.modules_for(["hyperv_host"], {**OPTIONS, "gather": False}) == {}


def test_the_settings_of_the_audit_are_those_of_the_modules() -> None:
    given = {**OPTIONS, "parameters": {"mtu": 4000, "receive_buffers": 512}, "migration_network": "LM"}
    found = visit.modules_for(["hyperv_host"], given)
    assert (found["net_adapter"]["mtu"], found["net_adapter"]["receive_buffers"]) == (4000, 512)
    assert found["net_adapter"]["cluster_network"] == found["jumbo_path_info"]["cluster_network"] == "LM"
    named = visit.modules_for(["hyperv_host"], {**given, "migration_adapters": ["LM1"]})["net_adapter"]
    assert (named["adapters"], "cluster_network" in named, "live_migration" in named) == (["LM1"], False, False)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ({}, (True, False, False)),
        ({"host_info": {"failed": True}, "cluster_info": {}}, (True, True, True)),
        ({"host_info": {}, "cluster_info": {"failed": True}}, (True, True, False)),
        ({"host_info": {}, "cluster_info": {"unreachable": True}}, (True, False, False)),
        ({"host_info": {"unreachable": True}}, (False, False, False)),
    ],
)
def test_what_can_follow_a_result(results: dict[str, t.Any], expected: tuple[bool, ...]) -> None:
    named = {"adapters": ["LM1"]}
    found = [
        visit.can_follow(name, options, results)
        for name, options in (("cluster_info", {}), ("net_adapter", named), ("jumbo_path_info", {}))
    ]
    if not results:
        expected = (True, True, False)  # without a cluster_info the adapters are named anyway
    assert tuple(found) == expected
