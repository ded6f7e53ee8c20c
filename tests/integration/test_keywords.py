# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of task and play keywords of Ansible."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from stage import PASSWORD, Stage, Vaulted, tasks

NO_TRUST = {"ansible_winrm_ca_trust_path": None, "ansible_psrp_ca_cert": None}
TWO: dict[str, t.Any] = {"names": ["EX01", "EX02"]}


@pytest.mark.matrix
@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_the_environment_applies_to_its_task_only(lab: Stage, connection: str) -> None:
    bundle = {"REQUESTS_CA_BUNDLE": str(lab.estate.state / "ca.pem")}
    info: dict[str, t.Any] = {"cluster_info": {"gather": []}, "ignore_unreachable": True}
    play = tasks(
        "hv01",
        {"name": "without", **info},
        {"name": "with", **info, "environment": bundle},
        {"name": "without again", **info},
        {
            "name": "missing",
            **info,
            "environment": {"REQUESTS_CA_BUNDLE": "/no/such.pem"},
            "ignore_errors": True,
        },
    )
    run = lab.play(play, via=(connection, "https"), hosts={"hv01": NO_TRUST})
    statuses = [run.of("hv01", name).status for name in ("without", "with", "without again")]
    assert statuses == ["unreachable", "ok", "unreachable"], run.output
    assert "could not be verified" in run.of("hv01", "without again").message
    assert run.of("hv01", "missing").status != "ok"
    assert "/no/such.pem" in run.of("hv01", "missing").message


@pytest.mark.matrix
def test_task_keywords(lab: Stage) -> None:
    """delegate_to, loops, until, check_mode, diff, no_log, register and when, in one play."""
    lab.estate.add_fault(host="ex11", operation="Enumerate", action={"fault": 1359, "text": "Busy."}, times=2)
    loop = {"loop": ["hv01", "ex01", "mgmt01"], "delegate_to": "{{ item }}"}
    found = "{{ looped.results | selectattr('cluster', 'defined') | map(attribute='cluster.name') }}"
    play = tasks(
        "mgmt01",
        {"name": "delegated", "cluster_info": {"gather": []}, "delegate_to": "hv02"},
        {"name": "looped", "cluster_info": {"gather": []}, **loop, "register": "looped", "ignore_errors": True},
        {"name": "seen", "ansible.builtin.debug": {"msg": found}},
        {
            "name": "tried again",
            "cluster_info": {"gather": []},
            "delegate_to": "ex11",
            "register": "again",
            "until": "again is success",
            "retries": 4,
            "delay": 0,
        },
        {
            "name": "only checked",
            "vm_offline_action": TWO,
            "delegate_to": "hv01",
            "check_mode": True,
            "register": "drift",
        },
        {"name": "left out", "vm_offline_action": TWO, "delegate_to": "hv01", "when": "drift is not changed"},
        {"name": "no diff", "vm_offline_action": TWO, "delegate_to": "hv01", "when": "drift is changed", "diff": False},
        {"name": "one by one", "vm_offline_action": {"names": ["{{ item }}"]}, "delegate_to": "hv01"}
        | {"loop": ["EX03", "EX04"]},
        {"name": "secret", "vm_offline_action": {"names": ["FILE01"]}, "delegate_to": "hv01", "no_log": True},
    )
    run = lab.play(play, "--diff", "-vv")
    assert run.rc == 0, run.output
    assert run.of("mgmt01", "delegated").data["cluster"]["name"] == "HVC1"
    items = run.items("mgmt01", "looped")
    assert [item.status for item in items] == ["ok", "ok", "failed"]
    assert "not a member of a failover cluster" in items[2].message
    assert run.of("mgmt01", "seen").data["msg"] == ["HVC1", "DAG1"]
    assert run.of("mgmt01", "tried again").data["attempts"] > 1
    assert run.of("mgmt01", "only checked").actions["EX01"] == ("shut_down", "would_change")
    assert run.of("mgmt01", "left out").status == "skipped"
    assert run.of("mgmt01", "no diff").diff is None
    assert run.of("mgmt01", "no diff").actions == {"EX01": ("shut_down", "changed"), "EX02": ("shut_down", "compliant")}
    assert [item.changed for item in run.items("mgmt01", "one by one")] == [True, True]
    assert set(run.of("mgmt01", "secret").data) == {"censored", "changed"}
    assert "FILE01" not in run.output
    changed = [change.instance.split()[-1] for entry in lab.writes() for change in entry.changes]
    assert changed == ["EX01", "EX03", "EX04", "FILE01"]
    assert {entry.host for entry in lab.writes()} == {"hv01"}
    assert {entry.operation for entry in lab.journal(host="mgmt01")} == {"Enumerate"}


def test_check_mode_of_a_task_overrides_that_of_the_run(lab: Stage) -> None:
    play = tasks(
        "hv01",
        {"name": "check mode", "vm_offline_action": {"names": ["EX01"]}},
        {"name": "done", "vm_offline_action": {"names": ["EX03"]}, "check_mode": False},
    )
    run = lab.play(play, "--check")
    assert (run.of("hv01", "check mode").changed, run.of("hv01", "done").changed) == (True, True)
    assert run.of("hv01", "check mode").diff is None
    assert [change.instance for entry in lab.writes() for change in entry.changes] == ["Virtual Machine EX03"]


def test_play_keywords(lab: Stage) -> None:
    """module_defaults, run_once, strategy free, tags, no gather_facts, serial."""
    play = """
        - hosts: hyperv_hosts:ex01
          strategy: ansible.builtin.free
          tags: first
          module_defaults:
            group/winha.cluster.all: {path: /wsman}
            winha.cluster.cluster_info: {gather: []}
          tasks:
            - {name: defaults, winha.cluster.cluster_info: }
        - hosts: hyperv_hosts
          serial: 1
          tags: second
          tasks:
            - {name: in turn, winha.cluster.vm_offline_action: {names: [EX01]}}
        - hosts: hyperv_hosts
          tags: second
          tasks:
            - {name: once, run_once: true, winha.cluster.vm_offline_action: {names: [EX03]}}
        - hosts: hyperv_hosts
          tags: third
          tasks:
            - {name: never, winha.cluster.vm_offline_action: {action: turn_off}}
    """
    run = lab.play(play, "--tags", "first,second", environment={"ANSIBLE_GATHERING": "explicit"})
    assert run.rc == 0, run.output
    for host in ("hv01", "hv02", "ex01"):
        assert "nodes" not in run.of(host, "defaults").data["cluster"]
    assert [run.of(host, "in turn").changed for host in ("hv01", "hv02")] == [True, False]
    assert [one.host for one in run.results if one.task == "once"] == ["hv01"]
    assert not [one for one in run.results if one.task == "never"]
    assert [change.instance for entry in lab.writes() for change in entry.changes] == [
        "Virtual Machine EX01",
        "Virtual Machine EX03",
    ]


@pytest.mark.matrix
def test_on_another_host_it_is_an_ordinary_module(lab: Stage) -> None:
    """Delegated to this machine, with the connection in module_defaults."""
    play = """
        - hosts: hv01
          gather_facts: false
          module_defaults:
            group/winha.cluster.all:
              host: "{{ ansible_host }}"
              ca_path: "{{ trust }}"
              username: "{{ ansible_user }}"
              password: "{{ ansible_password }}"
              transport: basic
          tasks:
            - {name: info, winha.cluster.cluster_info: {gather: []}, delegate_to: localhost}
            - {name: action, winha.cluster.vm_offline_action: , delegate_to: localhost}
            - name: heartbeat
              winha.cluster.heartbeat: {cross_subnet_threshold: 25, max_seconds: 0}
              delegate_to: localhost
            - {name: here, winha.cluster.vm_offline_action: {names: [EX01]}}
    """
    hosts = {"hv01": {"trust": str(lab.estate.state / "ca.pem"), "ansible_shell_type": "powershell"}}
    checked = lab.check(play, hosts=hosts)
    applied = lab.play(play, "--diff", "-vvv", hosts=hosts)
    assert applied.rc == 0, applied.output
    written = len(lab.writes())
    assert (written, set(lab.actions("HVC1").values()), lab.heartbeat("HVC1")[3]) == (8, {2}, 25)
    again = lab.play(play, "--diff", hosts=hosts)
    assert len(lab.writes()) == written
    for run in (checked, applied, again):
        assert run.rc == 0, run.output
        assert run.of("hv01", "info").data["cluster"]["name"] == "HVC1"
    for name in ("action", "heartbeat"):
        assert [run.of("hv01", name).changed for run in (checked, applied, again)] == [True, True, False]
        assert checked.of("hv01", name).diff == applied.of("hv01", name).diff
    assert "-EX03: turn_off\n" in applied.output
    assert {entry.listener for entry in lab.journal()} == {"https"}


@pytest.mark.matrix
@pytest.mark.parametrize("connection", ["winrm", "psrp"])
def test_passwords_are_never_shown(lab: Stage, connection: str) -> None:
    key = lab.folder / "vault"
    key.write_text("key of the vault\n", "utf-8")
    program = [str(Path(sys.executable).parent / "ansible-vault"), "encrypt_string", "--vault-password-file", str(key)]
    sealed = subprocess.run(
        [*program, PASSWORD],
        env=os.environ | {"ANSIBLE_HOME": str(lab.folder / "ansible")},
        capture_output=True,
        text=True,
        check=True,
    )
    vault = "\n".join(line.strip() for line in sealed.stdout.splitlines() if "!vault" not in line) + "\n"
    hosts = {
        "hv01": {"ansible_password": Vaulted(vault)},
        "hv02": {"ansible_password": "{{ secrets[inventory_hostname] }}", "secrets": {"hv02": PASSWORD}},
        "ex01": {"ansible_password": "{{ lookup('ansible.builtin.env', 'LAB_PASSWORD') }}"},
        "ex02": {"ansible_password": "{{ sealed }}", "sealed": Vaulted(vault)},
        "ex03": {"ansible_winrm_password": PASSWORD, "ansible_password": "Not-This-0ne"},
    }
    run = lab.play(
        tasks("hv01:hv02:ex01:ex02:ex03", {"cluster_info": {"gather": []}}),
        "--vault-password-file",
        str(key),
        "-vvvvv",
        via=(connection, "https"),
        hosts=hosts,
        environment={"LAB_PASSWORD": PASSWORD},
    )
    assert [run.of(host).status for host in hosts] == ["ok"] * 5, run.of("ex03").message
    assert {entry.status for entry in lab.journal()} == {200}


def test_connection_options_are_used_in_requests(lab: Stage) -> None:
    hosts = {
        "hv01": {
            "ansible_winrm_message_encryption": "auto",
            "ansible_winrm_service": "HTTP",
            "ansible_winrm_send_cbt": "true",
            "ansible_winrm_operation_timeout_sec": "30",
            "ansible_winrm_read_timeout_sec": 40,
            "ansible_winrm_transport": ["ntlm", "basic"],
        },
        "hv02": {"ansible_winrm_path": "wsman"},
        "ex01": {"ansible_winrm_transport": "plaintext"},
        "ex02": {"ansible_winrm_scheme": None, "ansible_winrm_transport": None},
        "ex03": {"ansible_winrm_connection_timeout": 5},
        "ex04": {"ansible_port": "{{ 5985 }}", "ansible_user": "ADMINISTRATOR"},
    }
    run = lab.play(tasks("all", {"cluster_info": {"gather": []}, "ignore_errors": True}), hosts=hosts)
    for host in hosts:
        assert run.of(host).status == "ok", run.of(host).message
