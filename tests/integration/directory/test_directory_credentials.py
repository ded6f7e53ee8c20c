# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sources of options and credentials, and that credentials stay secret."""

from __future__ import annotations

import os
import shutil
import typing as t

import listeners
import pytest
import yaml
from domain_stage import DOMAIN, SECRET, Domain, tasks
from stage import PASSWORD

if t.TYPE_CHECKING:
    from pathlib import Path

PLACES = ["localhost", "dc"]
ASA_NAME = "http/sealed.corp.example.test"
OTHER_HOST = {"ansible_host": "nowhere.invalid", "ansible_user": "nobody", "ansible_password": "x"}
NO_TICKET = {"KRB5CCNAME": "FILE:/no/such/cache"}


def test_a_task_on_this_machine_needs_servers_or_domain(domain: Domain) -> None:
    result = domain.play(tasks("localhost", {"spn_info": {"accounts": ["krbtgt"]}})).of("localhost")
    assert result.status == "failed"
    assert result.message.startswith("Neither servers nor domain is set. ")


@pytest.mark.parametrize("host", PLACES)
def test_the_environment_of_the_task_sets_the_connection(domain: Domain, host: str) -> None:
    variables = {
        "WINHA_DIRECTORY_SERVERS": f"{domain.fqdn}:1,{domain.fqdn}",
        "WINHA_DIRECTORY_USERNAME": domain.administrator,
    }
    variables |= {"WINHA_DIRECTORY_PASSWORD": PASSWORD}
    asa = domain.add("ASA$")
    play = tasks(host, {"spn": {"account": "ASA$", "spns": [ASA_NAME]}, "environment": variables})
    result = domain.play(play, environment=NO_TICKET, hosts={"dc": OTHER_HOST}).of(host)
    assert (result.status, domain.names_of(asa)) == ("ok", {ASA_NAME}), result.message


@pytest.mark.parametrize("host", PLACES)
def test_the_environment_of_the_process_sets_the_connection(domain: Domain, host: str) -> None:
    variables = {"WINHA_DIRECTORY_DOMAIN": DOMAIN, "WINHA_DIRECTORY_USERNAME": "Administrator"}
    variables |= {"WINHA_DIRECTORY_PASSWORD": PASSWORD} | NO_TICKET
    asa = domain.add("ASA$")
    task = {"account": "ASA$", "spns": [ASA_NAME], "dns_servers": [domain.controller.address]}
    result = domain.play(tasks(host, {"spn": task}), environment=variables, hosts={"dc": OTHER_HOST}).of(host)
    assert (result.status, domain.names_of(asa)) == ("ok", {ASA_NAME}), result.message


@pytest.mark.parametrize("host", PLACES)
def test_module_defaults_set_the_connection(domain: Domain, host: str) -> None:
    defaults = {"servers": [domain.fqdn], "username": domain.administrator, "password": PASSWORD}
    asa = domain.add("ASA$")
    (play,) = yaml.safe_load(
        tasks(
            host,
            {"name": "write", "spn": {"account": "ASA$", "spns": [ASA_NAME]}},
            {"name": "read", "spn_info": {"accounts": ["ASA$"]}},
        )
    )
    play["module_defaults"] = {"group/winha.cluster.directory": defaults}
    run = domain.play(yaml.safe_dump([play]), environment=NO_TICKET, hosts={"dc": OTHER_HOST})
    assert (run.rc, domain.names_of(asa)) == (0, {ASA_NAME}), run.output
    assert run.of(host, "read").data["accounts"][0]["spns"] == [ASA_NAME]


@pytest.mark.parametrize("host", PLACES)
def test_all_traffic_is_encrypted(domain: Domain, host: str) -> None:
    """All traffic goes through a relay. Its data contains no name that was read or written."""
    asa = domain.add("ASA$")
    with (
        listeners.relay(domain.controller.address, 389) as ldap,
        listeners.relay(domain.controller.address, 3268) as gc,
    ):
        options = {
            "servers": [f"{domain.fqdn}:{ldap.port}"],
            "global_catalogs": [f"{domain.fqdn}:{gc.port}"],
            "account": "ASA$",
            "spns": [ASA_NAME],
        }
        result = domain.task("spn", options, host=host)
        assert result.changed, result.message
        assert domain.names_of(asa) == {ASA_NAME}
        for seen in (ldap.seen(), gc.seen()):
            assert len(seen) > 1000
            for word in ("sealed", "ASA", "servicePrincipalName", "OU=Tests", PASSWORD, "DC=corp"):
                for encoding in ("utf-8", "utf-16-le"):
                    assert word.lower().encode(encoding) not in seen.lower()


@pytest.mark.parametrize("host", PLACES)
def test_the_password_is_not_in_the_process_list_or_the_output(domain: Domain, tmp_path: Path, host: str) -> None:
    """A wrapper of kinit records all processes before it runs kinit."""
    domain.add("svc-delegate", password=SECRET)
    seen = tmp_path / "seen"
    real = shutil.which("kinit")
    kinit = tmp_path / "kinit"
    kinit.write_text(
        f'#!/bin/sh\ncat /proc/[0-9]*/cmdline /proc/[0-9]*/environ > {seen} 2>/dev/null\nexec {real} "$@"\n'
    )
    kinit.chmod(0o755)
    options = {
        "username": f"svc-delegate@{DOMAIN}",
        "password": SECRET,
        "accounts": ["krbtgt"],
        "servers": [domain.fqdn],
    }
    path = f"{tmp_path}:{os.environ['PATH']}"
    run = domain.play(
        domain.playbook("spn_info", options, host=host), "-vvvv", "--diff", environment={"PATH": path} | NO_TICKET
    )
    assert run.of(host).status == "ok", run.output
    assert f"svc-delegate@{DOMAIN.upper()}".encode() in seen.read_bytes()
    assert SECRET.encode() not in seen.read_bytes()
    for output in (run.output, str(run.of(host).data)):
        assert SECRET not in output


def test_the_ticket_is_deleted(domain: Domain, tmp_path: Path) -> None:
    options = {"username": domain.administrator, "password": PASSWORD, "accounts": ["krbtgt"], "servers": [domain.fqdn]}
    for host in PLACES:
        result = domain.task("spn_info", options, host=host, environment={"TMPDIR": str(tmp_path)} | NO_TICKET)
        assert result.status == "ok", result.message
    assert not list(tmp_path.glob("winha-krb5*/*"))
