# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit of an Exchange organization on a real domain controller, and the remedies that write there."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

import pytest
import stage as staging
from audited import VALIDATE, Audited, audit
from lab.directory import impediment

if t.TYPE_CHECKING:
    from pathlib import Path

ASA = "EXCH-ASA$"
FOREST = "corp.example.test"
ONE, TWO = "outlook-one.corp.example.test", "outlook-two.corp.example.test"
VIRTUAL = {ONE: ["10.1.0.51"], TWO: ["10.1.0.51"]}
KNOWN: dict[str, t.Any] = {
    "audit_service_accounts": {"2010": ASA},
    "audit_parameters": {"credential_deployed": ["2010"], "virtual_addresses": VIRTUAL},
    # The addresses are not on this machine, so the ports are not tested.
    "audit_array_ports": [],
}


@dataclass(frozen=True, slots=True)
class Forest:
    """The organization of the lab, and the arguments of a play."""

    stage: staging.Stage

    @property
    def controller(self) -> t.Any:
        return self.stage.estate.directory

    def arguments(self, **hosts: staging.Variables) -> dict[str, t.Any]:
        """The domain controller dc01 with a WinRM connection, and the environment of a run."""
        found = {
            "ansible_connection": "winrm",
            "ansible_host": self.controller.fqdn,
            "ansible_user": f"Administrator@{self.controller.realm}",
            "ansible_password": staging.PASSWORD,
        }
        return {
            "hosts": {"dc01": found, **{name: found | own for name, own in hosts.items()}},
            "groups": {"domain_controllers": [*hosts, "dc01"]},
            "environment": self.controller.environment(self.stage.folder / "nobody.ccache"),
        }

    def audit(self, folder: Path, *, hosts: dict[str, staging.Variables] | None = None, **variables: t.Any) -> Audited:
        own = {"audit_dns_servers": [self.controller.address]} | KNOWN | variables
        return audit(self.stage, folder, variables=own, **self.arguments(**(hosts or {})))

    def holders(self, spn: str) -> list[str]:
        """The accounts with a name, read with the tool of the domain controller."""
        return [str(entry.dn) for entry in self.controller.ldbsearch(f"(servicePrincipalName={spn})", ["cn"])]


@pytest.fixture(scope="module")
def only_forest(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Forest]:
    if problem := impediment():
        if os.environ.get("WINHA_DIRECTORY_REQUIRED"):
            pytest.fail(problem)
        pytest.skip(problem)
    description = staging.estate_file(networks[6], "exchange")
    with staging.stage(description, tmp_path_factory.mktemp("forest")) as stage:
        yield Forest(stage)


@pytest.fixture
def forest(only_forest: Forest) -> Forest:
    only_forest.controller.reset()
    return only_forest


def test_the_audit_finds_the_faults_of_the_organization(forest: Forest, tmp_path: Path) -> None:
    before = forest.controller.highest_usn()
    found = forest.audit(tmp_path)
    assert found.run.rc == 0
    assert forest.controller.highest_usn() == before
    assert set(found.outcomes("spn-registered").values()) == {"fail"}
    assert len(found.of("spn-registered")) == 9
    assert found.outcomes("spn-encryption") == {(FOREST, ASA): "pass"}
    assert found.outcomes("spn-duplicates") == {(FOREST, "http/intranet.corp.example.test"): "fail"}
    assert failed_subjects(found, "autodiscover-own-name") == {"EX1CAS6"}
    assert failed_subjects(found, "autodiscover-one-name") == {"Datacenter-One"}
    assert failed_subjects(found, "database-endpoint") == {"DB4"}
    assert (
        failed_subjects(found, "exchange-live-migration-build") == failed_subjects(found, "federation-valid") == set()
    )
    assert len(failed_subjects(found, "profile-update")) == 12
    assert found.outcomes("array-resolves") == {(FOREST, ONE): "pass", (FOREST, TWO): "pass"}
    assert found.outcomes("array-known-address") == {(FOREST, ONE): "pass", (FOREST, TWO): "fail"}
    assert found.outcomes("array-ttl") == {(FOREST, ONE): "pass", (FOREST, TWO): "fail"}
    assert {one["name"] for one in found.evaluation["pictures"]["certificates"]} == {"Microsoft Federation Gateway"}


def failed_subjects(found: Audited, rule: str) -> set[str]:
    return {one["subject"] for one in found.of(rule, outcome="fail")}


def test_check_mode_has_the_same_findings(forest: Forest, tmp_path: Path) -> None:
    before = forest.controller.highest_usn()
    found = forest.audit(tmp_path / "run")
    variables = {"audit_folder": str(tmp_path / "check"), "audit_fail_on": "never"}
    own = variables | {"audit_dns_servers": [forest.controller.address]} | KNOWN
    forest.stage.play(VALIDATE, "--check", "--diff", variables=own, **forest.arguments())
    checked = Audited(found.run, tmp_path / "check")
    assert checked.outcomes("spn-registered") == found.outcomes("spn-registered")
    assert checked.outcomes("database-endpoint") == found.outcomes("database-endpoint")
    assert forest.controller.highest_usn() == before


def test_the_forest_is_unknown_if_the_controller_refuses_the_account(forest: Forest, tmp_path: Path) -> None:
    access = {"servers": [forest.controller.fqdn], "username": f"Administrator@{forest.controller.realm}"}
    found = forest.audit(tmp_path, audit_directory=access | {"password": "Not-This-0ne"})
    assert found.run.rc == 0
    assert {one["outcome"] for one in found.evaluation["findings"]} == {"unknown"}
    reasons = {one["why_unknown"] for one in found.of("database-endpoint")}
    assert len(reasons) == 1
    assert forest.controller.fqdn in reasons.pop()


def test_the_next_controller_is_read_if_one_is_unreachable(forest: Forest, tmp_path: Path) -> None:
    found = forest.audit(tmp_path, hosts={"dc00": {"ansible_host": "dc00.corp.example.test"}})
    reached = {host["name"]: host["reached"] for host in found.evaluation["hosts"]}
    assert reached == {"dc00": False, "dc01": True}
    assert failed_subjects(found, "database-endpoint") == {"DB4"}


def test_the_accounts_can_be_set_as_a_parameter_of_rules(forest: Forest, tmp_path: Path) -> None:
    parameters = KNOWN["audit_parameters"] | {"service_accounts": {"2010": ASA}}
    found = forest.audit(tmp_path, audit_service_accounts={}, audit_parameters=parameters)
    assert found.outcomes("spn-encryption") == {(FOREST, ASA): "pass"}
    assert {row["text"] for row in found.of("spn-account")} == {"None of the planned names is registered."}


def test_the_accounts_are_read_without_the_rules_about_names(forest: Forest, tmp_path: Path) -> None:
    disabled = {rule: {"enabled": False} for rule in ("spn-registered", "spn-account")}
    found = forest.audit(tmp_path, audit_rule_overrides=disabled, audit_parameters={})
    assert found.run.rc == 0, found.run.output
    assert found.outcomes("spn-encryption") == {(FOREST, ASA): "pass"}


@pytest.mark.slow
def test_the_remedy_registers_the_names(forest: Forest, tmp_path: Path) -> None:
    before = forest.audit(tmp_path / "before")
    remedies = {one["remedy"]["text"] for one in before.of("spn-registered", outcome="fail")}
    assert len(remedies) == 1
    run = forest.stage.play(remedies.pop(), **forest.arguments())
    assert run.rc == 0, run.output
    after = forest.audit(tmp_path / "after")
    assert set(after.outcomes("spn-registered").values()) == {"pass"}
    assert set(after.outcomes("spn-account").values()) == {"pass"}


@pytest.mark.slow
def test_the_remedy_registers_nothing_if_the_credential_is_not_deployed(forest: Forest, tmp_path: Path) -> None:
    before = forest.audit(tmp_path, audit_parameters={})
    run = forest.stage.play(before.of("spn-registered")[0]["remedy"]["text"], **forest.arguments())
    assert run.rc == 2
    assert "exchange_kerberos_credential_deployed" in run.output
    assert forest.holders("http/mail-one.corp.example.test") == []


@pytest.mark.slow
def test_the_remedy_moves_a_name_to_the_right_account(forest: Forest, tmp_path: Path) -> None:
    name = "http/mail-one.corp.example.test"
    give = {"winha.cluster.spn": {"account": "svc-intranet", "spns": [name]}}
    assert forest.stage.play(staging.tasks("dc01", give), **forest.arguments()).rc == 0
    (finding,) = forest.audit(tmp_path / "before").of("spn-account", outcome="fail")
    assert finding["subject"] == name
    run = forest.stage.play(finding["remedy"]["text"], **forest.arguments())
    assert run.rc == 0, run.output
    assert [dn.split(",")[0] for dn in forest.holders(name)] == ["CN=EXCH-ASA"]
    assert forest.audit(tmp_path / "after").outcomes("spn-account") == {(FOREST, name): "pass"}
