# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The image that make ee builds: its libraries, and an audit in a container of ansible-runner, with Kerberos."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import test_kerberos_listener as kerberos
import yaml
from domain_stage import DOMAIN, SECRET
from test_kerberos_listener import CONNECTIONS, HOST, OPERATOR, PORT

listener, only_listener = kerberos.listener, kerberos.only_listener

IMAGE = os.environ["WINHA_IMAGE"]
USER = 1000
# The container has the network of this machine, so it reaches the lab. The limits of this machine may be lower than
# the ones that podman sets by default.
OPTIONS = ["--network=host", "--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096"]
LIBRARIES = "winrm, requests_credssp, requests_ntlm, kerberos, ldap, ldap.sasl, dns.resolver, jmespath, cryptography"


def in_image(*command: str) -> str:
    """What a command writes in a container, as a user who is not root."""
    arguments = ["podman", "run", "--rm", *OPTIONS, f"--user={USER}", IMAGE, *command]
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def test_all_libraries_load_for_a_user_who_is_not_root() -> None:
    assert in_image("python3", "-c", f"import os, {LIBRARIES}; print(os.getuid())") == f"{USER}\n"


def test_kinit_is_there_and_no_compiler() -> None:
    found = in_image("sh", "-c", "which kinit gcc python3 || true").split()
    assert [Path(one).name for one in found] == ["kinit", "python3"]


def test_an_audit_in_a_container_signs_in_with_kerberos(listener: kerberos.KerberosListener, tmp_path: Path) -> None:
    controller = listener.domain.controller
    for name in ("project", "inventory", "env", "artifacts"):
        (tmp_path / name).mkdir()
    (tmp_path / "project" / "krb5.conf").write_text(controller.krb5_conf.read_text("utf-8"), "utf-8")
    host: dict[str, t.Any] = {
        "ansible_host": f"{HOST}.{DOMAIN}",
        "ansible_port": PORT,
        "ansible_user": f"{OPERATOR}@{controller.realm}",
        "ansible_password": SECRET,
        **CONNECTIONS["winrm"],
    }
    inventory = {"hyperv_hosts": {"hosts": {HOST: host}}}
    (tmp_path / "inventory" / "hosts.yml").write_text(yaml.safe_dump(inventory), "utf-8")
    variables = {"audit_folder": "/runner/artifacts/audit", "audit_fail_on": "never"}
    (tmp_path / "env" / "extravars").write_text(yaml.safe_dump(variables), "utf-8")
    (tmp_path / "env" / "envvars").write_text(yaml.safe_dump({"KRB5_CONFIG": "/runner/project/krb5.conf"}), "utf-8")
    addresses = [line.split() for line in listener.hosts.read_text("utf-8").splitlines()]
    # As on the execution nodes of AWX: the folders belong to the user who started the runner.
    options = [
        *OPTIONS,
        "--user=root",
        *(f"--add-host={name}:{address}" for address, *names in addresses for name in names),
    ]
    runner = str(Path(sys.executable).parent / "ansible-runner")
    arguments = [runner, "run", str(tmp_path), "--playbook", "winha.cluster.validate", "--process-isolation"]
    arguments += ["--process-isolation-executable", "podman", "--container-image", IMAGE]
    arguments += [f"--container-option={option}" for option in options]
    before = len(listener.domain.stage.journal())
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    report = json.loads((tmp_path / "artifacts" / "audit" / "audit.json").read_text("utf-8"))
    assert report["findings"]
    read = listener.domain.stage.journal()[before:]
    assert read
    assert not [entry for entry in read if entry.write]
    messages = listener.messages()
    assert len(messages) == len(read)
    assert {(one["user"], one["sealed"]) for one in messages} == {(f"{OPERATOR}@{controller.realm}", True)}


@pytest.mark.parametrize("package", ["python-ldap", "pykerberos"])
def test_the_libraries_that_are_built_find_all_that_they_load(package: str) -> None:
    """A library that is missing would only be seen when the module is imported."""
    script = (
        "import importlib.metadata as m, subprocess; "
        f"files = [f.locate() for f in m.distribution('{package}').files if f.suffix == '.so']; assert files; "
        "print(*[subprocess.run(['ldd', f], capture_output=True, text=True, check=True).stdout for f in files])"
    )
    assert "not found" not in in_image("python3", "-c", script)
