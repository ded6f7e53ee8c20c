# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twelve Client Access servers in two datacenters: from an installed organization to Kerberos for all names."""

from __future__ import annotations

import importlib.util
import json
import os
import typing as t

import pytest
import stage as staging
from audited import audit
from lab.directory import impediment

pytest.importorskip("psrpcore")

if t.TYPE_CHECKING:
    from pathlib import Path

ASA, PASSWORD = "EXCH-ASA$", "Asa-Passw0rd-2010"
PLAYBOOK = "winha.cluster.exchange"
ROLE = "winha.cluster.exchange_kerberos : "
SITES = ("one", "two")
WEB = {"Datacenter-One": "mail-one.corp.example.test", "Datacenter-Two": "mail-two.corp.example.test"}
ARRAYS = {"Datacenter-One": "outlook-one.corp.example.test", "Datacenter-Two": "outlook-two.corp.example.test"}
PLANNED = {
    *(f"http/{name}" for name in WEB.values()),
    *(f"{service}/{name}" for service in ("exchangeMDB", "exchangeRFR", "exchangeAB") for name in ARRAYS.values()),
}


def installed(network: str) -> staging.Variables:
    """The organization as setup leaves it: no CAS array, each server with its own name, and no credential."""
    description = staging.estate_file(network, "exchange")
    exchange = description["directory"]["exchange"]
    del exchange["autodiscover"], exchange["arrays"]
    for database, server in zip(exchange["databases"], ("EX1CAS1", "EX1CAS2", "EX2CAS1", "EX2CAS2"), strict=True):
        database["rpc_client_access"] = server
    servers = [one for one in exchange["servers"] if "client_access" in one["roles"]]
    for number, server in enumerate(servers, start=101):
        server["address"] = f"{network}.{number}"
    exchange["powershell"] = {"basic": True, "replication_seconds": 3}
    return description


@pytest.fixture(scope="module")
def exchange(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[staging.Stage]:
    if problem := impediment():
        if os.environ.get("WINHA_DIRECTORY_REQUIRED"):
            pytest.fail(problem)
        pytest.skip(problem)
    with staging.stage(installed(networks[7]), tmp_path_factory.mktemp("twelve")) as stage:
        yield stage


def connection(exchange: staging.Stage) -> staging.Variables:
    """The connection options of the endpoints."""
    return {
        "authentication": "basic",
        "tls": "https",
        "ca_path": str(exchange.estate.state / "ca.pem"),
        "username": f"Administrator@{exchange.estate.directory.realm}",
        "password": staging.PASSWORD,
    }


def arguments(exchange: staging.Stage, **variables: t.Any) -> dict[str, t.Any]:
    """The domain controller as a WinRM host, and the variables of both roles."""
    controller, shell = exchange.estate.directory, connection(exchange)
    return {
        "hosts": {
            "dc01": {
                "ansible_connection": "winrm",
                "ansible_host": controller.fqdn,
                "ansible_user": f"Administrator@{controller.realm}",
                "ansible_password": staging.PASSWORD,
            }
        },
        "groups": {"domain_controllers": ["dc01"]},
        "environment": controller.environment(exchange.folder / "nobody.ccache"),
        "variables": {
            "exchange_settings_arrays": ARRAYS,
            "exchange_settings_databases": True,
            "exchange_settings_autodiscover": WEB,
            "exchange_settings_shell": shell,
            "exchange_kerberos_shell": shell,
            "exchange_kerberos_accounts": {"2010": f"CORP\\{ASA}"},
            "exchange_kerberos_deploy_credential": True,
            "exchange_kerberos_passwords": {"2010": PASSWORD},
            "exchange_kerberos_dns_servers": [controller.address],
            **variables,
        },
    }


def spns(exchange: staging.Stage) -> set[str]:
    (found,) = exchange.estate.directory.ldbsearch(f"(sAMAccountName={ASA})", ["servicePrincipalName"])
    return set(found.all("servicePrincipalName"))


def assert_the_same_with_tickets(exchange: staging.Stage) -> None:
    """With Kerberos over HTTP instead of Basic over HTTPS nothing is to be changed either, and all is encrypted."""
    if not os.environ.get("WINHA_KERBEROS_REQUIRED") and not all(map(importlib.util.find_spec, ("gssapi", "krb5"))):
        return
    controller, endpoints = exchange.estate.directory, exchange.estate.exchange
    tickets = {"username": f"Administrator@{controller.realm}", "password": staging.PASSWORD}
    shells = {"exchange_settings_shell": tickets, "exchange_kerberos_shell": tickets}
    usn, writes = controller.highest_usn(), endpoints.journal(writes=True)
    run = exchange.play(PLAYBOOK, **arguments(exchange, exchange_kerberos_passwords={}, **shells))
    assert run.rc == 0, run.output
    assert (controller.highest_usn(), endpoints.journal(writes=True)) == (usn, writes)
    assert staging.PASSWORD not in run.output
    lines = (exchange.estate.state / "exchange-messages.jsonl").read_text("utf-8").splitlines()
    messages = {(one["user"], one["sealed"]) for one in map(json.loads, lines)}
    assert messages == {(f"Administrator@{controller.realm}", True)}


def assert_proved(exchange: staging.Stage, folder: Path) -> None:
    """The playbook prove looks at the domain controller, its DNS server and the endpoint of Exchange."""
    controller, endpoints = exchange.estate.directory, exchange.estate.exchange
    usn, writes = controller.highest_usn(), endpoints.journal(writes=True)
    more = arguments(
        exchange,
        prove_folder=str(folder),
        prove_exchange=connection(exchange) | {"server": f"ex1cas1.{exchange.estate.directory.description.domain}"},
        prove_dns_names=list(WEB.values()),
        prove_dns={"dns_servers": [controller.address]},
    )
    run = exchange.play("winha.cluster.prove", **more)
    assert run.rc == 0, run.output
    assert (controller.highest_usn(), endpoints.journal(writes=True)) == (usn, writes)
    (host,) = json.loads((folder / "prove.json").read_text("utf-8"))["hosts"]
    found = {one["point"]: one["answer"] for one in host["answers"]}
    assert {name for name, answer in found.items() if answer not in ("confirmed", "not_there")} <= {"dns.tickets"}
    assert {name.partition(".")[0] for name in found} == {"directory", "dns", "exchange", "shell"}


@pytest.mark.slow
def test_one_playbook_leads_from_an_installed_organization_to_kerberos(exchange: staging.Stage, tmp_path: Path) -> None:
    controller, endpoints = exchange.estate.directory, exchange.estate.exchange
    before = controller.highest_usn()
    checked = exchange.play(PLAYBOOK, "--check", "--diff", **arguments(exchange))
    assert checked.rc == 0, checked.output
    assert (controller.highest_usn(), endpoints.journal(writes=True)) == (before, [])

    # A server that does not take the credential: no name is registered.
    endpoints.add_fault(
        host="EX2CAS6", operation="Cmdlet", cls="Set-ClientAccessServer", action={"refuse": "System.IO.IOException"}
    )
    stopped = exchange.play(PLAYBOOK, **arguments(exchange))
    assert stopped.rc != 0
    assert "EX2CAS6" in stopped.output
    assert spns(exchange) == set()
    endpoints.clear_faults()

    applied = exchange.play(PLAYBOOK, **arguments(exchange))
    assert applied.rc == 0, applied.output
    organization = endpoints.organization
    servers = [one for one in organization.servers.values() if "client_access" in one.roles]
    assert [len(one.credentials) for one in servers] == [1] * 12
    assert all(organization.can_log_on(entry) for one in servers for entry in one.credentials)
    assert spns(exchange) == PLANNED
    assert endpoints.open_shells() == 0
    assert PASSWORD not in applied.output
    deployed = [entry.time for entry in endpoints.journal(writes=True) if "AlternateServiceAccountCredential" in
                entry.parameters]  # fmt: skip
    assert len(deployed) >= 12

    usn, writes = controller.highest_usn(), len(endpoints.journal(writes=True))
    again = exchange.play(PLAYBOOK, **arguments(exchange, exchange_kerberos_passwords={}))
    assert again.rc == 0, again.output
    assert (controller.highest_usn(), len(endpoints.journal(writes=True))) == (usn, writes)
    assert [one.task for one in again.results if one.changed] == []

    assert_the_same_with_tickets(exchange)
    assert_proved(exchange, tmp_path / "prove")
    keytab = controller.export_keytab(ASA, tmp_path / "asa.keytab")
    cache = tmp_path / "user.ccache"
    controller.kinit(f"reader@{controller.realm}", cache, password="Reader-Passw0rd")
    for spn in sorted(PLANNED):
        assert "keytab entry valid" in controller.kvno(spn, cache, keytab=keytab)

    own = {key: value for key, value in arguments(exchange).items() if key != "variables"}
    found = audit(
        exchange,
        tmp_path,
        variables={
            "audit_dns_servers": [controller.address],
            "audit_service_accounts": {"2010": ASA},
            "audit_parameters": {"credential_deployed": ["2010"]},
            "audit_array_ports": [],
        },
        **own,
    )
    failed = {
        (one["rule"], one["severity"], one["subject"])
        for one in found.evaluation["findings"]
        if one["outcome"] == "fail" and one["severity"] in ("error", "warning")
    }
    # The duplicates are of two accounts that do not belong to Exchange.
    assert failed == {("spn-duplicates", "error", "http/intranet.corp.example.test")}

    options = {
        "servers": [one.fqdn for one in servers],
        "account": f"CORP\\{ASA}",
        "state": "rolled",
        "directory": {
            "servers": [controller.fqdn], "username": f"Administrator@{controller.realm}", "password": staging.PASSWORD
        },
    }  # fmt: skip
    roll = {"winha.cluster.exchange_service_account": connection(exchange) | options}
    rolled = exchange.play(staging.tasks("dc01", roll), **own)
    assert rolled.rc == 0, rolled.output
    newest = [max(one.credentials, key=lambda entry: entry.added) for one in servers]
    (password,) = {organization.password(entry) for entry in newest}
    assert all(map(organization.can_log_on, newest))
    assert [len(one.credentials) for one in servers] == [2] * 12  # clients still have tickets for the old password
    assert password != PASSWORD
    assert password not in rolled.output
