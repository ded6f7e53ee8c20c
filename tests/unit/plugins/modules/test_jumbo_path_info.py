# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that could not be tested are unknown, and the others keep their results."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import Fault
from ansible_collections.winha.cluster.plugins.modules import jumbo_path_info
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._windows.fake_host import CIMV2, FakeHost

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance


class Pinging(FakeHost):
    """A host whose provider of echo requests fails for one address."""

    def query(self, namespace: str, wql: str, *, operation: str) -> list[Instance]:
        if "192.0.2.2" in wql:
            raise Fault("broken", hresult=0x80041001)
        return super().query(namespace, wql, operation=operation)


def read(*targets: str) -> dict[str, t.Any]:
    host = Pinging({(CIMV2, "Win32_PingStatus"): [{"StatusCode": 0}]})
    options = {"mtu": 9000, "targets": list(targets), "cluster_network": None, "nodes": None, "timeout_ms": 1}
    return jumbo_path_info.read(t.cast("t.Any", host), options)


def test_one_path_that_could_not_be_tested_costs_only_itself() -> None:
    found = read("192.0.2.1", "192.0.2.2", "192.0.2.3")
    assert [row["verdict"] for row in found["paths"]] == ["passes", "unknown", "passes"]
    assert found["paths"][1]["msg"].startswith("broken")
    assert [one["what"] for one in found["unknown"]] == ["the path from hv01 to 192.0.2.2"]


def test_the_task_fails_if_no_path_could_be_tested() -> None:
    with pytest.raises(task.TaskError, match="broken"):
        read("192.0.2.2")
