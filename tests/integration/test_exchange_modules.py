# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules for Exchange's own settings against the PowerShell endpoints of the lab: check mode, apply, again."""

from __future__ import annotations

import threading
import typing as t
from pathlib import Path

import pytest
import stage as staging
import yaml
from rolling import kill

pytest.importorskip("psrpcore")

SECRET, USER_SECRET = "Asa-Passw0rd-2010", "Cmdlet-Passw0rd"
ASA = "CORP\\EXCH-ASA$"
URI = "https://mail.corp.example.test/autodiscover/autodiscover.xml"
OUTLOOK = "outlook.corp.example.test"


def estate(network: str) -> staging.Variables:
    """Two servers of 2010 and one of 2016, each by its address. The role of the reader has no cmdlets that write."""
    servers = [
        {"name": name, "fqdn": f"{network}.{number}", "address": f"{network}.{number}", "site": site, "roles": roles,
         "version": version}
        for name, number, site, roles, version in (
            ("EX1", 21, "One", ["client_access", "mailbox"], "14.3.123.4"),
            ("EX2", 22, "One", ["client_access"], "14.3.123.4"),
            ("EX3", 23, "Two", ["client_access", "mailbox"], "15.1.2507.6"),
        )
    ]  # fmt: skip
    exchange = {
        "organization": "Example",
        "servers": servers,
        "databases": [{"name": "DB1", "copies": ["EX1"], "rpc_client_access": "EX2"}],
        "federation_trusts": [
            {"name": "Microsoft Federation Gateway", "application": "FYDIBOHF25SPDLT.example.test",
             "certificate": {"days": 20}}
        ],
        "accepted_domains": [{"name": "example.test", "default": True}],
        "powershell": {
            "basic": True,
            "roles": {"Reading": {"Get-ClientAccessServer": "*", "Get-ClientAccessService": "*"}},
            "accounts": [
                {"user": "svc-exchange@corp.example.test", "password": USER_SECRET},
                {"user": "reader@corp.example.test", "password": USER_SECRET, "roles": ["Reading"]},
            ],
        },
    }  # fmt: skip
    return {
        "name": "modules",
        "credentials": {"user": "Administrator", "password": staging.PASSWORD},
        "hosts": [],
        "directory": {
            "domain": "corp.example.test",
            "address": f"{network}.5",
            "simulated": True,
            "sites": [{"name": "One", "subnets": ["10.1.0.0/16"]}, {"name": "Two", "subnets": ["10.2.0.0/16"]}],
            "accounts": [{"name": "EXCH-ASA", "kind": "computer", "password": SECRET, "container": "OU=Exchange"}],
            "exchange": exchange,
        },
    }


@pytest.fixture(scope="module")
def exchange(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[staging.Stage]:
    with staging.stage(estate(networks[2]), tmp_path_factory.mktemp("modules")) as stage:
        yield stage


class Watch:
    """Looks for secrets in the command lines of all processes while a playbook runs."""

    def __init__(self, *secrets: str) -> None:
        self.found: list[str] = []
        self._secrets = [secret.encode() for secret in secrets]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = file.read_bytes()
                except OSError:  # the process has ended
                    continue
                if any(secret in line for secret in self._secrets):
                    self.found.append(line.decode(errors="replace"))


def playbook(network: str, tasks: list[staging.Variables]) -> str:
    """A playbook with the connection of the endpoints as defaults. Passwords come from the environment."""
    connection = {
        "authentication": "basic",
        "tls": "https",
        "ca_path": "{{ authority }}",
        "server": f"{network}.21",
        "username": "svc-exchange@corp.example.test",
        "password": "{{ lookup('env', 'SHELL_SECRET') }}",
    }
    play = {
        "hosts": "ex1",
        "gather_facts": False,
        "module_defaults": {"group/winha.cluster.exchange": connection},
        "tasks": tasks,
    }
    return yaml.safe_dump([play], sort_keys=False)


def surroundings(exchange: staging.Stage) -> dict[str, t.Any]:
    """The inventory, the variables and the environment of a run."""
    network = exchange.estate.estate.directory.address.rpartition(".")[0]
    return {
        "hosts": {"ex1": {"ansible_connection": "winrm", "ansible_host": f"{network}.21"}},
        "variables": {"authority": str(exchange.estate.state / "ca.pem")},
        "environment": {
            "ANSIBLE_LOG_PATH": str(exchange.folder / "ansible.log"),
            "SHELL_SECRET": USER_SECRET,
            "ASA_SECRET": SECRET,
        },
    }


def run(exchange: staging.Stage, tasks: list[staging.Variables], *arguments: str) -> staging.Run:
    network = exchange.estate.estate.directory.address.rpartition(".")[0]
    return exchange.play(playbook(network, tasks), *arguments, **surroundings(exchange))


def in_three(name: str, module: str, options: staging.Variables) -> list[staging.Variables]:
    """A task in check mode, in earnest, and again."""
    task = {f"winha.cluster.{module}": options}
    return [
        {"name": f"{name} check", **task, "check_mode": True, "diff": True},
        {"name": f"{name} apply", **task, "diff": True},
        {"name": f"{name} again", **task},
    ]


def written(exchange: staging.Stage) -> list[str]:
    return [entry.cmdlet for entry in exchange.estate.exchange.journal(writes=True) if not entry.error]


@pytest.mark.matrix
@pytest.mark.slow
def test_each_module_checks_applies_and_is_idempotent(exchange: staging.Stage) -> None:
    network = exchange.estate.estate.directory.address.rpartition(".")[0]
    asa = {"account": ASA, "servers": [f"{network}.21", f"{network}.22"]}
    secret = {"credential_password": "{{ lookup('env', 'ASA_SECRET') }}"}
    federation = "exchange_federation_certificate"
    tasks = [
        *in_three("autodiscover", "exchange_autodiscover", {
            "servers": ["EX1", "EX2"], "internal_uri": URI, "site_scope": ["One", "Two"],
        }),
        *in_three("modern", "exchange_autodiscover", {
            "server": f"{network}.23", "servers": ["EX3"], "internal_uri": URI,
        }),
        *in_three("array", "exchange_client_access_array", {"name": "Outlook", "fqdn": OUTLOOK, "site": "One"}),
        *in_three("database", "exchange_database_endpoint", {
            "databases": ["DB1"], "rpc_client_access_server": OUTLOOK,
        }),
        *in_three("credential", "exchange_service_account", asa | secret),
        *in_three("prepared", federation, {}),
        *in_three("published", federation, {"state": "published", "proof_is_in_dns": True}),
        # As an ordinary module, in a process of its own.
        {"name": "elsewhere", "winha.cluster.exchange_service_account": asa | secret, "delegate_to": "localhost"},
    ]  # fmt: skip
    with Watch(SECRET, USER_SECRET) as watch:
        done = run(exchange, tasks, "-vvv")
    assert done.rc == 0, done.output
    for name in ("autodiscover", "modern", "array", "database", "credential", "prepared", "published"):
        check, apply, again = (done.of("ex1", f"{name} {step}") for step in ("check", "apply", "again"))
        assert (check.changed, apply.changed, again.changed) == (True, True, False), name
        assert check.diff == apply.diff, name
        assert (check.data["changes"], again.data["changes"]) == (apply.data["changes"], []), name
    assert done.of("ex1", "credential again").data["deployed"] is True
    assert done.of("ex1", "prepared apply").data["proofs"]
    assert written(exchange) == [
        "Set-ClientAccessServer", "Set-ClientAccessServer", "Set-ClientAccessService", "New-ClientAccessArray",
        "Set-MailboxDatabase", "Set-ClientAccessServer", "Set-ClientAccessServer", "New-ExchangeCertificate",
        "Set-FederationTrust", "Set-FederationTrust",
    ]  # fmt: skip
    assert exchange.estate.exchange.open_shells() == 0
    organization = exchange.estate.exchange.organization
    assert [(one.url, one.sites) for one in organization.servers["EX2"].points] == [(URI, ["One", "Two"])]
    assert [one.user for name in ("EX1", "EX2") for one in organization.servers[name].credentials] == [ASA] * 2

    assert watch.found == []
    check_texts(exchange, done)


def check_texts(exchange: staging.Stage, done: staging.Run) -> None:
    """No output, result, log, fact cache or journal has a password or a certificate."""
    home = exchange.folder.parent / "ansible"
    kept = [*exchange.folder.glob("run*/*"), *home.glob("**/*"), exchange.folder / "ansible.log"]
    texts = {str(file): file.read_text("utf-8", errors="replace") for file in kept if file.is_file()}
    assert str(exchange.folder / "ansible.log") in texts
    texts |= {"output": done.output, "journal": "".join(map(str, exchange.estate.exchange.journal()))}
    found = {name for name, text in texts.items() if any(word in text for word in (SECRET, USER_SECRET, "BEGIN CERT"))}
    assert found == set()


def test_refusals_are_sentences(exchange: staging.Stage) -> None:
    network = exchange.estate.estate.directory.address.rpartition(".")[0]
    reader = {"username": "reader@corp.example.test"}
    refused = {
        "other version": ("exchange_autodiscover", {"servers": ["EX3"], "internal_uri": f"{URI}?"}, "version"),
        "no role": (
            "exchange_autodiscover", {"servers": ["EX1"], "internal_uri": f"{URI}?", **reader},
            "add the account to a role group",
        ),
        "no array in 2016": (
            "exchange_client_access_array",
            {"server": f"{network}.23", "name": "Outlook", "state": "absent"},
            "set server to a server of Exchange 2010",
        ),
        "wrong password": (
            "exchange_autodiscover", {"servers": ["EX1"], "internal_uri": URI, "password": "Wrong-Passw0rd"},
            "check the user name and the password",
        ),
        "not a server": (
            "exchange_service_account", {"account": ASA, "servers": [f"{network}.21"], "state": "absent", **reader},
            "EX1",
        ),
    }  # fmt: skip
    before = len(written(exchange))
    done = run(
        exchange,
        [
            {"name": name, f"winha.cluster.{module}": options, "ignore_errors": True, "ignore_unreachable": True}
            for name, (module, options, _sentence) in refused.items()
        ],
    )
    for name, (_module, _options, sentence) in refused.items():
        assert sentence.lower() in done.of("ex1", name).message.lower(), (name, done.of("ex1", name).data)
    assert len(written(exchange)) == before
    assert exchange.estate.exchange.open_shells() == 0
    check_texts(exchange, done)


# The writes of each module in their order.
KILLED: dict[str, tuple[staging.Variables, list[str]]] = {
    "exchange_autodiscover": (
        {"servers": ["EX1", "EX2"], "internal_uri": URI},
        ["Set-ClientAccessServer", "Set-ClientAccessServer"],
    ),
    "exchange_client_access_array": ({"name": "Outlook", "fqdn": OUTLOOK, "site": "One"}, ["New-ClientAccessArray"]),
    "exchange_database_endpoint": ({"databases": ["DB1"]}, ["Set-MailboxDatabase"]),
    "exchange_federation_certificate": ({}, ["New-ExchangeCertificate", "Set-FederationTrust"]),
    "exchange_service_account": (
        {"account": ASA, "credential_password": "{{ lookup('env', 'ASA_SECRET') }}"},
        ["Set-ClientAccessServer", "Set-ClientAccessServer"],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("module", KILLED)
def test_the_next_run_finishes_a_run_that_was_killed_between_two_writes(exchange: staging.Stage, module: str) -> None:
    exchange.estate.reset()
    endpoints = exchange.estate.exchange
    network = exchange.estate.estate.directory.address.rpartition(".")[0]
    options, writes = KILLED[module]
    own = {
        "exchange_database_endpoint": {"rpc_client_access_server": f"{network}.21"},
        "exchange_service_account": {"servers": [f"{network}.21", f"{network}.22"]},
    }
    tasks = [{f"winha.cluster.{module}": options | own.get(module, {})}]
    checked = run(exchange, tasks, "--check")
    assert checked.of("ex1").changed, checked.output
    reads = sum(entry.operation == "Cmdlet" for entry in endpoints.journal())
    exchange.estate.reset()

    # The cmdlet after the first write is slow, so the run is killed between that write and the next.
    endpoints.add_fault(operation="Cmdlet", nth=reads + 2, action={"slow": 5})
    kill(
        exchange,
        playbook(network, tasks),
        lambda: len(written(exchange)) == 1,
        **surroundings(exchange),
    )
    endpoints.clear_faults()
    assert written(exchange) == writes[:1]

    done = run(exchange, tasks)
    assert done.rc == 0, done.output
    assert written(exchange) == writes
    assert done.of("ex1").changed == (len(writes) > 1)
    again = run(exchange, tasks)
    assert (again.rc, again.of("ex1").changed, written(exchange)) == (0, False, writes), again.output
    check_texts(exchange, again)
