# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of errors in the inventory or a task: one sentence, and nothing is written."""

from __future__ import annotations

import re
import typing as t

import pytest
from stage import Result, Stage, Variables, private_clusters, stage, tasks

HTTPS: Variables = {"ansible_port": 5986, "ansible_winrm_scheme": "https", "ansible_psrp_protocol": "https"}
UNREACHABLE, FAILED = "unreachable", "failed"
HOSTS: dict[str, tuple[dict[str, t.Any], Variables, str, str]] = {
    # switches of the lab host, inventory variables, status, message
    "wrong-password": (
        {},
        {"ansible_password": "Not-This-0ne"},
        UNREACHABLE,
        r"the specified credentials were rejected by the server \(user Administrator, basic\)\. Check the user name",
    ),
    "wrong-user": ({}, {"ansible_user": "nobody"}, UNREACHABLE, r"rejected by the server \(user nobody, basic\)"),
    "no-basic": (
        {"http_401": True},
        {},
        UNREACHABLE,
        r"rejected by the server .*that the listener allows this authentication method",
    ),
    "closed-port": ({}, {"ansible_port": 1}, UNREACHABLE, r"port 1 does not accept connections: Connection refused"),
    "unknown-name": (
        {},
        {"ansible_host": "nowhere.invalid"},
        UNREACHABLE,
        r"nowhere\.invalid port \d+ does not accept",
    ),
    "wrong-path": (
        {},
        {"ansible_winrm_path": "/other", "ansible_psrp_path": "other"},
        FAILED,
        r"HTTP 404 Not Found\. Check that the port and the path are those of a WinRM listener\.",
    ),
    "https-to-http": (
        {},
        HTTPS | {"ansible_port": 5985},
        UNREACHABLE,
        "port 5985 does not use TLS, so it is not an HTTPS",
    ),
    "http-to-https": ({}, {"ansible_port": 5986}, FAILED, "the connection was closed before the response was complete"),
    "other-ca": (
        {"certificate": "other_ca"},
        HTTPS,
        UNREACHABLE,
        (
            r"the certificate of \S+ port 5986 could not be verified: unable to get local issuer certificate\. "
            r"Set ansible_winrm_ca_trust_path"
        ),
    ),
    "wrong-name": (
        {"certificate": "wrong_name"},
        HTTPS,
        UNREACHABLE,
        "could not be verified: .*mismatch, certificate",
    ),
    "expired": ({"certificate": "expired"}, HTTPS, UNREACHABLE, "could not be verified: certificate has expired"),
    "no-cluster": ({"windows": "2019"}, {}, FAILED, r"no-cluster is not a member of a failover cluster: "),
    "no-registration": (
        {"missing_namespaces": ["root/mscluster"]},
        {},
        FAILED,
        r"no-registration has the service ClusSvc .*, but not its WMI classes: .*\. Run mofcomp \S+ClusWMI\.mof on",
    ),
    "half-a-response": ({}, {}, FAILED, "the connection was closed before the response was complete"),
    "endless-response": (
        {},
        {},
        FAILED,
        r"the response is larger than 4 MiB\. The service on this port is probably not WinRM\.",
    ),
    "good": (
        {},
        HTTPS | {"ansible_winrm_server_cert_validation": "ignore", "ansible_psrp_cert_validation": "ignore"},
        "ok",
        "",
    ),
}
MODULES = ("cluster_info", "heartbeat", "vm_offline_action")
PLAY = tasks(
    "all",
    *(
        {"name": module, module: {"cross_subnet_threshold": 25, "max_seconds": 0} if module == "heartbeat" else {}}
        | {"ignore_errors": True, "ignore_unreachable": True}
        for module in MODULES
    ),
)
SHORT = {"ansible_winrm_operation_timeout_sec": 2, "ansible_winrm_read_timeout_sec": 4}


@pytest.fixture(scope="module", params=["winrm", "psrp"])
def results(
    networks: list[str], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> t.Iterator[dict[tuple[str, str], Result]]:
    via = (request.param, "http")
    description = private_clusters(networks[4], {name: switches for name, (switches, *_others) in HOSTS.items()})
    (lonely,) = [one for one in description["hosts"] if one["name"] == "no-cluster"]
    del lonely["cluster"]
    description["clusters"] = [one for one in description["clusters"] if one["name"] != "C-no-cluster"]
    with stage(description, tmp_path_factory.mktemp("bad")) as lab:
        trust = str(lab.estate.state / "ca.pem")
        common = {"ansible_winrm_ca_trust_path": trust, "ansible_psrp_ca_cert": trust} | SHORT
        for host, action in (("half-a-response", "truncate"), ("endless-response", "huge")):
            lab.estate.add_fault(host=host, operation="Enumerate", action=action)
        run = lab.play(PLAY, via=via, variables=common, hosts={name: one[1] for name, one in HOSTS.items()})
        assert "Not-This-0ne" not in run.output
        shown = " ".join(run.output.split())
        for words in ("Basic authentication over HTTP", "does not verify the certificates"):
            assert shown.count(f"winha.cluster connects with {words}") + shown.count(f"winha.cluster {words}") == 1
        assert not [entry for entry in lab.writes() if entry.host != "good"]
        yield {(one.host, one.task): one for one in run.results}


CASES = [pytest.param(name, module, id=f"{name} {module}") for name in HOSTS for module in MODULES]


@pytest.mark.parametrize(("name", "module"), CASES)
def test_a_failed_connection_is_reported(results: dict[tuple[str, str], Result], name: str, module: str) -> None:
    _switches, _variables, status, says = HOSTS[name]
    result = results[name, module]
    assert (result.status, not result.changed or name == "good") == (status, True), result.message
    assert re.search(says, result.message), result.message
    assert "\n" not in result.message
    assert result.message.count("failed: ") <= 1
    if status == UNREACHABLE:
        assert re.search(rf"Reading .* on {name} failed: ", result.message), result.message


TASKS: dict[str, tuple[Variables, str]] = {
    "unknown action": (
        {"vm_offline_action": {"action": "explode"}},
        "value of action must be one of: turn_off, save, shut_down, shut_down_forced, got: explode$",
    ),
    "unknown option": (
        {"vm_offline_action": {"vms": ["EX01"]}},
        r"^winha\.cluster\.vm_offline_action: unsupported options: vms\. Supported",
    ),
    "not a number": ({"heartbeat": {"same_subnet_delay": "soon"}}, "same_subnet_delay.* is of type .* int"),
    "unknown part": (
        {"cluster_info": {"gather": ["everything"]}},
        "value of gather must be one or more of: .*everything",
    ),
    "not a list": ({"vm_offline_action": {"names": {"EX01": 1}}}, "names.* type .*dict.* list"),
    "unknown machine": (
        {"vm_offline_action": {"names": ["EX99"]}},
        "^No clustered virtual machine .* hv01 matches EX99;",
    ),
    "become": (
        {"heartbeat": {}, "become": True},
        r"^winha\.cluster\.heartbeat does not support become, .* Set become: false",
    ),
    "async": ({"cluster_info": {}, "async": 30, "poll": 1}, "async"),
    "async without polling": ({"cluster_info": {}, "async": 30, "poll": 0}, "async"),
    "delegated without a host": (
        {"cluster_info": {}, "delegate_to": "localhost"},
        "^The option host is missing. The connection of this task is not winrm or psrp",
    ),
    "delegated with a wrong password": (
        {
            "cluster_info": {"host": "{{ ansible_host }}", "scheme": "http", "port": 5985, "transport": "basic"}
            | {"username": "Administrator", "password": "Not-This-0ne"},
            "delegate_to": "localhost",
        },
        r"^Reading the cluster on \S+ failed: .*rejected by the server \(user Administrator, basic\)",
    ),
    "a timeout that is no number": (
        {"cluster_info": {}, "vars": {"ansible_winrm_operation_timeout_sec": "soon"}},
        "^A connection variable of this host has a wrong type: .*soon",
    ),
    "by ssh": (
        {"cluster_info": {}, "vars": {"ansible_connection": "ssh", "ansible_shell_type": "powershell"}},
        (
            r"^winha\.cluster\.cluster_info needs ansible_connection winrm or psrp, or a host that does not run "
            r"Windows; the connection of this host is ssh\."
        ),
    ),
}


@pytest.mark.matrix
def test_an_invalid_task_is_reported(lab: Stage) -> None:
    listed = [{"name": name, **task, "ignore_errors": True} for name, (task, _says) in TASKS.items()]
    run = lab.play(tasks("hv01", *listed))
    assert "Not-This-0ne" not in run.output
    for name, (_task, says) in TASKS.items():
        result = run.of("hv01", name)
        assert (result.status, result.changed) == (FAILED, False), (name, result)
        assert re.search(says, result.message), (name, result.message)
        assert "\n" not in result.message
    assert lab.writes() == []


def test_a_certificate_key_with_a_password_is_an_error(lab: Stage) -> None:
    run = lab.task(
        "hv01",
        "cluster_info",
        via=("psrp", "https"),
        hosts={"hv01": {"ansible_psrp_certificate_key_password": "Not-This-0ne"}},
    )
    assert run.of("hv01").message.startswith("ansible_psrp_certificate_key_password is set, but winha.cluster can only")
    assert "Not-This-0ne" not in run.output
    assert lab.journal() == []


def test_an_endless_response_is_not_read_into_memory(lab: Stage) -> None:
    wrapper = ["bash", "-c", 'ulimit -v 600000; exec "$@"', "-"]
    too_large = "the response is larger than 4 MiB"
    # The response has a gigabyte; Ansible gets less memory than that.
    lab.estate.add_fault(operation="Enumerate", action="huge")
    run = lab.task("hv01", "vm_offline_action", {"names": ["EX01"]}, wrapper=wrapper)
    assert (run.of("hv01").status, run.of("hv01").changed) == ("failed", False)
    assert run.of("hv01").message.startswith(f"Reading the clustered virtual machines on hv01 failed: {too_large}")
    assert lab.writes() == []
    lab.estate.clear_faults()
    lab.estate.add_fault(operation="Get", action="huge")
    run = lab.task("ex01", "heartbeat", {"same_subnet_threshold": 10}, wrapper=wrapper)
    assert (run.of("ex01").status, run.of("ex01").changed) == ("failed", True)
    assert too_large in run.of("ex01").message
    lab.estate.clear_faults()
    lab.estate.add_fault(operation="Invoke", action="huge")
    run = lab.task("hv01", "vm_offline_action", {"names": ["EX01"]}, wrapper=wrapper)
    assert run.of("hv01").actions == {"EX01": ("shut_down", "changed")}
