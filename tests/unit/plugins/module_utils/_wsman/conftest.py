# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the tests of the WS-Management client."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import UriStyle
from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.wire import Script

if t.TYPE_CHECKING:
    from collections.abc import Iterator

Talk = t.Callable[..., tuple[Client, Script]]


@pytest.fixture
def pauses() -> list[float]:
    """The pauses of the client in seconds."""
    return []


@pytest.fixture
def talk(pauses: list[float]) -> Iterator[Talk]:
    """A client and its script; all responses of the script must be used."""
    scripts = []

    def start(
        *responses: str | bytes | Exception,
        read_only: bool = False,
        uri_style: UriStyle = UriStyle.WINDOWS,
        timeout: float = 60,
    ) -> tuple[Client, Script]:
        script = Script(*responses)
        scripts.append(script)
        client = Client(
            script, read_only=read_only, uri_style=uri_style, pause=pauses.append, operation_timeout=timeout
        )
        return client, script

    yield start
    for script in scripts:
        assert not script.left, f"{len(script.left)} responses were not used"
