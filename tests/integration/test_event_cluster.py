# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook that the rulebook starts: it finds the cluster of the host in an event, and only reads."""

from __future__ import annotations

import json
import typing as t

import pytest

if t.TYPE_CHECKING:
    from stage import Run, Stage

DOWN = {"ansible_port": 1}


def find(lab: Stage, name: t.Any, **more: t.Any) -> Run:
    return lab.play("winha.cluster.event_cluster", "--limit", "all", "-e", json.dumps({"event_host": name}), **more)


def returned(run: Run) -> tuple[str, set[str]]:
    """The cluster and its hosts."""
    assert run.rc == 0, run.output
    (result,) = [one for one in run.results if one.task == "Return the cluster and its hosts"]
    data = result.data["ansible_stats"]["data"]
    return data["audit_cluster"], set(data["meta"]["hosts"])


@pytest.mark.matrix
def test_the_cluster_of_a_host_is_found(lab: Stage) -> None:
    assert returned(find(lab, "HV02")) == ("hvc1.example.test", {"hv01", "hv02"})
    assert {entry.host for entry in lab.journal()} == {"hv02"}
    assert lab.writes() == []
    lab.estate.reset()
    # By its address, and a node of another domain with the same name is not one of this cluster.
    names = {"ex01.a.example": {"ansible_host": "127.0.0.9"}, "ex02.a.example": {}, "ex02.b.example": {}}
    hosts = {name: {**lab_host(lab, name.partition(".")[0]), **own} for name, own in names.items()}
    hosts["ex01.a.example"]["ansible_host"] = lab.estate.estate.host("ex01").address
    run = find(lab, hosts["ex01.a.example"]["ansible_host"], hosts=hosts, groups={"dag_members": list(names)})
    assert returned(run)[1] == {"ex01.a.example", "ex02.a.example"}


def lab_host(lab: Stage, name: str) -> dict[str, t.Any]:
    """The connection variables of a host of the estate."""
    host = lab.estate.estate.host(name)
    return {
        "ansible_host": host.address,
        "ansible_port": lab.estate.estate.http,
        "ansible_user": host.user,
        "ansible_password": host.password,
        "ansible_connection": "winrm",
        "ansible_winrm_transport": "basic",
        "ansible_winrm_scheme": "http",
    }


def test_a_host_that_does_not_respond_is_audited_alone(lab: Stage) -> None:
    assert returned(find(lab, "hv01", hosts={"hv01": DOWN})) == ("hv01", {"hv01"})


@pytest.mark.parametrize("name", ["hv01,hv02", "hv01\n", ["hv01"]])
def test_what_is_not_the_name_of_a_host_is_refused(lab: Stage, name: t.Any) -> None:
    run = find(lab, name)
    assert run.rc == 2
    assert "event_host is not the name of a host. Set it to the name of the host" in " ".join(run.output.split())
    assert lab.journal() == []


def test_a_name_without_a_host_or_with_several_is_refused(lab: Stage) -> None:
    none = find(lab, "hv99")
    assert none.rc == 2
    assert "No host in the groups hyperv_hosts and dag_members has the name hv99." in none.output
    names = ["ex01.a.example", "ex01.b.example"]
    several = find(lab, "ex01", hosts=dict.fromkeys(names, DOWN), groups={"dag_members": names})
    assert several.rc == 2
    assert "have the name ex01. Let the alerting system send the FQDN." in several.output
    assert lab.journal() == []
