# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether Network ATC has an intent, from its service and its registry keys."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import orchestration, registry
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._windows.fake_host import FakeHost

SERVICE = r"SYSTEM\CurrentControlSet\Services\NetworkATC"


@pytest.mark.parametrize(
    ("services", "keys", "expected"),
    [
        ((), {}, False),
        ((), {SERVICE: ["Intents"], "Cluster": ["NetworkATC"]}, False),
        (("NetworkATC",), {}, False),
        (("NetworkATC",), {SERVICE: ["Parameters", "security", "TriggerInfo", "Enum"]}, False),
        (("NetworkATC",), {SERVICE: ["Parameters", "Intents"]}, True),
        (("NetworkATC",), {"Cluster": ["Nodes", "networkatcClusterIntents"]}, True),
        (("NetworkATC",), {"Cluster": ["Nodes", "Resources"]}, False),
    ],
)
def test_network_atc_has_an_intent(
    monkeypatch: pytest.MonkeyPatch, services: tuple[str, ...], keys: dict[str, list[str]], expected: bool
) -> None:
    monkeypatch.setattr(registry, "read_subkeys", lambda _client, key, *, operation: keys.get(key, []))
    host = FakeHost({}, services=services)
    assert orchestration.read_network_atc(t.cast("t.Any", host)) is expected
