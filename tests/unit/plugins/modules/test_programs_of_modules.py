# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each module as the program that Ansible starts on a host that is not Windows."""

from __future__ import annotations

import importlib
import pathlib
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils import task

NAMES = (
    "cluster_group", "cluster_health_info", "cluster_info", "cluster_node", "dns_name_info", "exchange_info",
    "heartbeat", "host_info", "jumbo_path_info", "net_adapter", "spn", "spn_info", "vm_offline_action", "vm_settings",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_program_runs_its_task_once_and_an_import_does_not(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    if name in ("exchange_info", "spn", "spn_info"):
        pytest.importorskip("ldap")
    started: list[t.Any] = []
    monkeypatch.setattr(task, "run_as_module", started.append)
    module = importlib.import_module(f"ansible_collections.winha.cluster.plugins.modules.{name}")
    importlib.reload(module)
    assert started == []
    # Without runpy, because the importer of ansible-test does not know programs.
    file = pathlib.Path(str(module.__file__))
    found: dict[str, t.Any] = {"__name__": "__main__"}
    exec(compile(file.read_bytes(), file, "exec", dont_inherit=True), found)
    assert started == [found["TASK"]]
