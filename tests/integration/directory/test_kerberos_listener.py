# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with Kerberos over HTTP: real tickets, and all messages encrypted."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import typing as t
from dataclasses import dataclass

import pytest
import stage as staging
from domain_stage import DOMAIN, SECRET, Domain
from lab.directory import impediment
from stage import PASSWORD, ROOT, Run, Variables, tasks

if t.TYPE_CHECKING:
    from pathlib import Path

HOST, PORT, OPERATOR = "hv01", 5995, "svc-operator"
PYTHON = "/usr/bin/python3"
PROGRAM = ROOT / "tests" / "lab" / "directory" / "sealed_listener.py"
READ = tasks(HOST, {"cluster_info": {"gather": []}})
# The same sign-in with the variables of both connection plugins.
CONNECTIONS: dict[str, Variables] = {
    "winrm": {
        "ansible_connection": "winrm",
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": "kerberos",
    },
    "psrp": {
        "ansible_connection": "psrp",
        "ansible_psrp_protocol": "http",
        "ansible_psrp_auth": "kerberos",
        "ansible_psrp_cert_validation": None,
        "ansible_psrp_ca_cert": None,
    },
}


@dataclass(frozen=True, slots=True)
class KerberosListener:
    """The domain, a host of the lab behind a listener that only accepts Kerberos, and its journal."""

    domain: Domain
    hosts: Path
    journal: Path

    def play(self, playbook: str, *arguments: str, cache: Path | None = None, via: str = "winrm", **own: t.Any) -> Run:
        access: Variables = {
            "ansible_host": f"{HOST}.{DOMAIN}",
            "ansible_port": PORT,
            "ansible_user": f"{OPERATOR}@{self.domain.controller.realm}",
            "ansible_password": SECRET,
            **CONNECTIONS[via],
            **own,
        }
        environment = self.domain.controller.environment(cache) | {"NSS_WRAPPER_HOSTS": str(self.hosts)}
        run = self.domain.stage.play(playbook, *arguments, hosts={HOST: access}, environment=environment)
        assert SECRET not in run.output
        return run

    def messages(self) -> list[dict[str, t.Any]]:
        """The user of each message, and whether it was encrypted."""
        lines = self.journal.read_text("utf-8").splitlines() if self.journal.exists() else []
        return [json.loads(line) for line in lines]


def missing_packages() -> str | None:
    """The packages that the client or the listener needs and that are missing."""
    if importlib.util.find_spec("kerberos") is None:
        return "the Python library pykerberos is missing"
    usable = subprocess.run([PYTHON, "-c", "import gssapi.raw"], capture_output=True, check=False).returncode == 0
    return None if usable else "the Debian package python3-gssapi is missing"


@pytest.fixture(scope="module")
def only_listener(address: str, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[KerberosListener]:
    if problem := impediment() or missing_packages():
        if os.environ.get("WINHA_DIRECTORY_REQUIRED"):
            pytest.fail(problem)
        pytest.skip(problem)
    network = address.rpartition(".")[0]
    description = staging.estate_file(network, "demo")
    description["directory"] = {"domain": DOMAIN, "address": f"{network}.205"}
    folder = tmp_path_factory.mktemp("kerberos")
    with staging.stage(description, folder) as stage:
        controller = stage.estate.directory
        domain = Domain(stage, controller, folder / "administrator.ccache")
        domain.clean()
        domain.add(OPERATOR)
        # A host registers HOST. HTTP, which clients use, is an alias of it.
        domain.add(f"{HOST}$", f"HOST/{HOST}.{DOMAIN}")
        hosts = folder / "hosts"
        hosts.write_text(f"{(controller.folder / 'hosts').read_text('utf-8')}{network}.206 {HOST}.{DOMAIN}\n", "utf-8")
        behind = stage.estate.estate.host(HOST)
        settings = {
            "address": f"{network}.206",
            "port": PORT,
            "behind": [behind.address, stage.estate.estate.http],
            "user": behind.user,
            "password": PASSWORD,
            "journal": str(folder / "journal.jsonl"),
        }
        keys = controller.export_keytab(f"{HOST}$", folder / "host.keytab")
        with subprocess.Popen(
            [PYTHON, str(PROGRAM)],
            env={**controller.environment(), "KRB5_KTNAME": str(keys)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            t.cast("t.Any", process.stdin).write(json.dumps(settings) + "\n")
            t.cast("t.Any", process.stdin).flush()
            assert t.cast("t.Any", process.stdout).readline() == "listening\n"
            yield KerberosListener(domain, hosts, folder / "journal.jsonl")
            t.cast("t.Any", process.stdin).close()


@pytest.fixture
def listener(only_listener: KerberosListener) -> KerberosListener:
    only_listener.journal.unlink(missing_ok=True)
    return only_listener


@pytest.mark.parametrize(("via", "machine"), [("winrm", "EX01"), ("psrp", "EX03")])
def test_a_ticket_is_fetched_and_every_message_is_encrypted(listener: KerberosListener, via: str, machine: str) -> None:
    stage = listener.domain.stage
    play = tasks(HOST, {"vm_offline_action": {"names": [machine]}})
    seen, written = len(stage.journal()), len(stage.writes())
    checked = listener.play(play, "--check", "--diff", via=via)
    assert (checked.rc, checked.of(HOST).changed) == (0, True), checked.output
    assert len(stage.writes()) == written
    run = listener.play(play, via=via)
    assert run.rc == 0, run.output
    assert stage.actions("HVC1")[f"Virtual Machine {machine}"] == 2
    again = listener.play(play, via=via)
    assert (again.rc, again.of(HOST).changed, len(stage.writes())) == (0, False, written + 1)
    messages = listener.messages()
    assert len(messages) == len(stage.journal()) - seen
    assert {one["user"] for one in messages} == {f"{OPERATOR}@{listener.domain.controller.realm}"}
    assert all(one["sealed"] for one in messages)


def test_an_existing_ticket_is_used_without_a_password(listener: KerberosListener, tmp_path: Path) -> None:
    cache = tmp_path / "ticket"
    controller = listener.domain.controller
    controller.kinit(f"{OPERATOR}@{controller.realm}", cache, password=SECRET)
    run = listener.play(READ, cache=cache, ansible_password=None)
    assert run.rc == 0, run.output
    assert {one["user"] for one in listener.messages()} == {f"{OPERATOR}@{controller.realm}"}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"ansible_password": "Not-This-0ne"}, "kinit: Password incorrect"),
        ({"ansible_user": f"nobody@{DOMAIN.upper()}"}, "not found in Kerberos database"),
        ({"ansible_password": None}, "Kerberos"),
    ],
    ids=["wrong password", "unknown user", "no ticket"],
)
def test_a_failed_sign_in_has_its_reason(
    listener: KerberosListener, tmp_path: Path, own: Variables, expected: str
) -> None:
    run = listener.play(READ, cache=tmp_path / "none", **own)
    result = run.of(HOST)
    assert result.status in {"failed", "unreachable"}
    assert expected in result.message, result.message
    assert "\n" not in result.message
    assert listener.messages() == []
