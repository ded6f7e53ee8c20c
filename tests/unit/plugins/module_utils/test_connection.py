# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the endpoint that the options of a task name."""

from __future__ import annotations

import pytest
from ansible_collections.winha.cluster.plugins.module_utils.connection import SPEC, endpoint_of


@pytest.mark.parametrize("host", ["fd00::1", "[fd00::1]"])
def test_an_ipv6_address_may_have_its_brackets(host: str) -> None:
    options = {name: option.get("default") for name, option in SPEC.items()}
    endpoint = endpoint_of({**options, "host": host})
    assert (endpoint.host, endpoint.url) == ("fd00::1", "https://[fd00::1]:5986/wsman")
