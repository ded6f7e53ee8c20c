# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What prove_exchange_info answers about the PowerShell endpoint of Exchange, and to each deviation."""

from __future__ import annotations

import typing as t

import pytest
import stage as staging
from ansible_collections.winha.cluster.plugins.module_utils._prove.point import (
    CONFIRMED,
    DIFFERENT,
    NOT_ALLOWED,
    NOT_LOOKED_AT,
    NOT_THERE,
)
from ansible_collections.winha.cluster.plugins.module_utils._prove.points import IN_SHELLS
from test_exchange_modules import ASA, OUTLOOK, USER_SECRET, estate, run, written

pytest.importorskip("psrpcore")

POINTS = [one.id for one in IN_SHELLS]
# On a server of Exchange 2010: which cmdlet deviates in what, and from which call on.
DEVIATIONS: dict[str, tuple[str, staging.Variables, int]] = {
    "shell.server": ("Get-ExchangeServer", {"without": "AdminDisplayVersion"}, 1),
    "shell.client_access": ("Get-ClientAccessServer", {"without": "AutoDiscoverSiteScope"}, 1),
    "shell.credentials": ("Get-ClientAccessServer", {"without": "AlternateServiceAccountConfiguration"}, 2),
    "shell.databases": ("Get-MailboxDatabase", {"without": "RpcClientAccessServer"}, 1),
    "shell.client_access_arrays": ("Get-ClientAccessArray", {"without": "Fqdn"}, 1),
    "shell.federation_trusts": ("Get-FederationTrust", {"without": "OrgNextCertificate"}, 1),
    "shell.federated_domains": ("Get-FederatedOrganizationIdentifier", {"without": "Domains"}, 1),
    "shell.certificates": ("Get-ExchangeCertificate", {"without": "NotAfter"}, 1),
    "shell.missing_object": ("Get-MailboxDatabase", {"refuse": "System.ArgumentException"}, 2),
    "shell.missing_cmdlet": ("Get-WinhaNone", {"refuse": "System.ArgumentException"}, 1),
    "shell.missing_parameter": ("Get-MailboxDatabase", {"refuse": "System.ArgumentException"}, 3),
}


@pytest.fixture(scope="module")
def exchange(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[staging.Stage]:
    """The organization with a CAS array and a credential."""
    description = estate(networks[2])
    description["directory"]["exchange"]["arrays"] = [{"name": "Outlook", "fqdn": OUTLOOK, "site": "One"}]
    with staging.stage(description, tmp_path_factory.mktemp("endpoints")) as stage:
        secret = "{{ lookup('env', 'ASA_SECRET') }}"
        options = {"account": ASA, "servers": [f"{networks[2]}.21"], "credential_password": secret}
        assert run(stage, [{"winha.cluster.exchange_service_account": options}]).rc == 0
        yield stage


def answers(exchange: staging.Stage, **options: t.Any) -> dict[str, str]:
    done = run(exchange, [{"winha.cluster.prove_exchange_info": options}])
    assert done.rc == 0, done.output
    found = done.of("ex1").data["answers"]
    assert [one["point"] for one in found] == POINTS
    assert not done.of("ex1").changed
    assert exchange.estate.exchange.open_shells() == 0
    return {one["point"]: one["answer"] for one in found}


def test_servers_of_two_versions_are_confirmed_without_a_write(exchange: staging.Stage) -> None:
    network = exchange.estate.estate.directory.address.rpartition(".")[0]
    before = written(exchange)
    assert answers(exchange) == dict.fromkeys(POINTS, CONFIRMED)
    modern = answers(exchange, server=f"{network}.23")
    # No array since 2013, and no credential on this server.
    assert modern.pop("shell.client_access_arrays") == NOT_THERE
    assert set(modern.values()) == {CONFIRMED}
    assert written(exchange) == before


def test_each_deviation_is_different_in_just_its_point(exchange: staging.Stage) -> None:
    assert list(DEVIATIONS) == POINTS
    for point, (cmdlet, action, nth) in DEVIATIONS.items():
        exchange.estate.exchange.add_fault(operation="Cmdlet", **{"class": cmdlet}, action=action, nth=nth, times=1)
        try:
            found = answers(exchange)
        finally:
            exchange.estate.exchange.clear_faults()
        assert {name: one for name, one in found.items() if one != CONFIRMED} == {point: DIFFERENT}


def test_one_fault_costs_only_what_comes_after_it(exchange: staging.Stage) -> None:
    fault = {"operation": "Command", "nth": 6, "action": {"fault": 2150859002}}
    exchange.estate.exchange.add_fault(**fault)
    try:
        found = answers(exchange)
    finally:
        exchange.estate.exchange.clear_faults()
    values = [found[point] for point in POINTS]
    assert values[0] == CONFIRMED
    assert values[-1] == NOT_LOOKED_AT
    assert set(values) == {CONFIRMED, NOT_LOOKED_AT}


def test_a_server_that_shows_no_credentials_is_left_out(exchange: staging.Stage) -> None:
    servers = exchange.estate.exchange.organization.servers
    servers["EX2"].reachable = False
    try:
        assert answers(exchange)["shell.credentials"] == CONFIRMED
    finally:
        servers["EX2"].reachable = True


def test_a_name_that_is_no_server_is_no_deviation(exchange: staging.Stage) -> None:
    cmdlet = {"operation": "Cmdlet", "class": "Get-ExchangeServer"}
    missing = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"
    exchange.estate.exchange.add_fault(**cmdlet, action={"refuse": missing}, times=1)
    try:
        assert answers(exchange)["shell.server"] == NOT_LOOKED_AT
    finally:
        exchange.estate.exchange.clear_faults()


def test_what_the_account_may_not_run_is_not_allowed(exchange: staging.Stage) -> None:
    found = answers(exchange, username="reader@corp.example.test", password=USER_SECRET)
    allowed = {"shell.client_access", "shell.credentials", "shell.missing_cmdlet"}
    assert {name for name, one in found.items() if one == CONFIRMED} == allowed
    assert found["shell.client_access_arrays"] == NOT_THERE
    assert {found[name] for name in POINTS if name not in allowed | {"shell.client_access_arrays"}} == {NOT_ALLOWED}
