# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The project for AWX: its objects through the modules of awx.awx, and its playbooks as the jobs of AWX run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import awx_api
import changing
import pytest
import yaml
from changing import FREE
from stage import PASSWORD, ROOT, Run, Stage, Variables, finished

PROJECT = ROOT / "extensions" / "awx"
AWX = ROOT / ".cache" / "ansible_collections" / "awx" / "awx"
SETTINGS: Variables = {
    "awx_project_url": "https://git.example.com/exchange.git",
    "awx_execution_environment_image": "registry.example.com/winha:1",
    "awx_windows_username": "svc-ansible@CORP.EXAMPLE.COM",
    "awx_windows_password": PASSWORD,
    "awx_directory_username": "svc-directory@CORP.EXAMPLE.COM",
    "awx_directory_password": PASSWORD,
    "awx_notification_type": "webhook",
    "awx_notification_configuration": {"url": "https://alerts.example.com/awx", "http_method": "POST", "headers": {}},
    "awx_operator_teams": ["operators"],
    "awx_approver_teams": ["approvers"],
    "awx_prefix": "Mail",
    "awx_results_folder": "/results",
    "awx_audit_slices": "3",
}


@pytest.fixture
def awx() -> awx_api.Awx:
    """An AWX as it is installed, with two teams."""
    files = [str(file.relative_to(PROJECT)) for file in PROJECT.rglob("*") if file.is_file()]
    own = awx_api.Awx(files, [name for name in files if awx_api.could_be_playbook(PROJECT / name)])
    for name in ("operators", "approvers"):
        own.keep("teams", {"name": name})
    return own


def set_up(address: str, variables: Variables) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CONTROLLER_"))}
    environment = kept | {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"),
        "ANSIBLE_CONFIG": str(ROOT / ".cache" / "ansible.cfg"),
        "ANSIBLE_HOME": str(ROOT / ".cache" / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_PIPELINING": "true",
        "CONTROLLER_HOST": address,
        "CONTROLLER_OAUTH_TOKEN": awx_api.TOKEN,
        "LC_ALL": "C.UTF-8",
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(PROJECT / "setup.yml")]
    command += ["-e", json.dumps(variables)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(
    not AWX.is_dir() and not os.environ.get("WINHA_AWX_REQUIRED"), reason="make integration installs awx.awx"
)
@pytest.mark.slow
def test_an_empty_awx_gets_all_objects_once(awx: awx_api.Awx) -> None:
    with awx_api.serving(awx) as address:
        refused = set_up(address, SETTINGS | {"awx_project_url": ""})
        assert refused.returncode == 2
        assert "Set awx_project_url" in refused.stdout
        assert awx.writes == []

        done = set_up(address, SETTINGS)
        assert done.returncode == 0, done.stdout + done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        awx.writes.clear()
        again = set_up(address, SETTINGS)
        assert again.returncode == 0, again.stdout + again.stderr
        assert awx.writes == []
    templates = awx.named("job_templates")
    assert {name: each["playbook"] for name, each in templates.items()} == {
        "Mail audit": "audit.yml",
        "Mail plan": "plan.yml",
        "Mail apply": "apply.yml",
        "Mail enforce in check mode": "enforce.yml",
        "Mail undo": "undo.yml",
        "Mail audit, a slice": "audit.yml",
        "Mail evaluation of slices": "evaluate.yml",
    }
    for name, each in templates.items():
        assert awx.names("job_templates", name, "credentials") == ["Mail Windows", "Mail directory"]
        assert awx.names("job_templates", name, "notification_templates_error") == ["Mail notification"]
        slices = 3 if name == "Mail audit, a slice" else 1
        assert (each["job_slice_count"], each["allow_simultaneous"]) == (slices, False)
    assert json.loads(templates["Mail audit"]["extra_vars"]) == {"audit_folder": "/results/audit"}
    started = {url.strip("/") for (url, kind), ids in awx.lists.items() if kind == "teams" and ids == [_team(awx)]}
    executes = {
        name: each["summary_fields"]["object_roles"]["execute_role"]["id"] in started
        for name, each in (templates | awx.named("workflow_job_templates")).items()
    }
    assert [name for name in executes if executes[name]] == [
        "Mail audit",
        "Mail plan",
        "Mail enforce in check mode",
        "Mail change",
    ]
    nodes = awx.named("workflow_job_template_nodes")
    assert {name: awx.names("workflow_job_template_nodes", name, "success_nodes") for name in nodes} == {
        "plan": ["approval"],
        "approval": ["apply"],
        "apply": ["audit"],
        "audit": [],
        "slices": [],
        "evaluation": [],
    }
    (approval,) = awx.objects["workflow_approval_templates"].values()
    assert nodes["approval"]["unified_job_template"] == approval["id"]
    assert approval["timeout"] == 43200
    (schedule,) = awx.objects["schedules"].values()
    assert schedule["unified_job_template"] == awx.named("workflow_job_templates")["Mail audit in slices"]["id"]
    assert awx.names("workflow_job_template_nodes", "slices", "always_nodes") == ["evaluation"]


def _team(awx: awx_api.Awx) -> int:
    return int(awx.named("teams")["operators"]["id"])


class Unsafe(str):
    """A text that is no template: AWX writes each variable of a job so, other than those of the template itself."""


class Dumper(yaml.SafeDumper):
    """Writes texts as AWX does."""


Dumper.add_representer(Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value)))


def unsafe(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {unsafe(key): unsafe(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [unsafe(inner) for inner in value]
    return Unsafe(value) if isinstance(value, str) else value


def job(lab: Stage, project: Path, playbook: str, variables: Variables) -> Run:
    """A job as AWX starts it: in the folder of the project, with the account of its machine credential."""
    credential = dict.fromkeys(("ansible_user", "ansible_password"))
    hosts = {name: dict(credential) for name in ("hv01", "hv02", "ex01", "ex02")}
    shown = {"ANSIBLE_SHOW_CUSTOM_STATS": "1"}
    command, environment, folder = lab.prepare(playbook, hosts=hosts, environment=shown)
    (folder / "extravars").write_text(yaml.dump(unsafe(variables), Dumper=Dumper), "utf-8")
    (folder / "password").write_text(PASSWORD, "utf-8")
    # With a terminal it is --ask-pass.
    command += ["-u", "Administrator", "--connection-password-file", str(folder / "password")]
    command += ["-e", f"@{folder / 'extravars'}"]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    return finished(done.returncode, done.stdout + done.stderr, folder)


@pytest.mark.matrix
@pytest.mark.slow
def test_the_jobs_of_the_workflow_hand_on_the_plan_and_the_record(networks: list[str], tmp_path: Path) -> None:
    """Without a folder that the jobs share: each has a copy of the project of its own."""

    def checkout(name: str) -> Path:
        return Path(shutil.copytree(PROJECT, tmp_path / name))

    answers = {"migration_network_allow_drain": "false", "migration_network_allow_gates": []}
    with changing.started(networks[5], tmp_path / "lab") as lab:
        before = lab.picture()
        planned = job(lab, checkout("plan"), "plan.yml", answers)
        assert planned.rc == 0, planned.output
        assert lab.writes() == []
        artifacts = changing.statistics(planned)

        applied = job(lab, checkout("apply"), "apply.yml", artifacts | answers)
        assert applied.rc == 0, applied.output
        assert changing.store(lab, before) == FREE

        record = json.dumps(changing.statistics(applied)["winha_cluster_record"], indent=4)
        undone = job(lab, checkout("undo"), "undo.yml", answers | {"undo_record": record})
        assert undone.rc == 0, undone.output
        assert changing.store(lab, before) == {}

        audited = job(lab, checkout("audit"), "audit.yml", {"audit_fail_on": "never", "audit_fail_on_unknown": "false"})
        assert audited.rc == 0, audited.output
