# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of invalid options and failing hosts in host_info."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import AccessDenied, CredentialsRefused
from ansible_collections.winha.cluster.plugins.module_utils.task import TaskError
from ansible_collections.winha.cluster.plugins.modules import host_info

DEFAULTS = {name: option["default"] for name, option in host_info.SPEC.items()}


class FailingHost:
    """A host on which every query fails."""

    host = "hv01"
    connections = 1

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.queries = 0

    def query(self, _namespace: str, _wql: str, *, operation: str) -> t.NoReturn:
        del operation
        self.queries += 1
        raise self.error

    pages = query


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"event_days": 0}, "event_days 0 is out of range: valid values are 1 to 366"),
        ({"event_days": 367}, "event_days 367 is out of range"),
        ({"event_limit": -1}, "event_limit -1 is out of range: valid values are 0 to 1000"),
        ({"event_limit": 1001}, "event_limit 1001 is out of range"),
        ({"event_ids": []}, "event_ids must contain event ids, which are numbers from 0 to 65535, but is empty"),
        ({"event_ids": [1135, 65536]}, "but is 65536"),
        ({"event_ids": [-1]}, "but is -1"),
    ],
)
def test_invalid_options_fail_before_any_query(options: dict[str, t.Any], sentence: str) -> None:
    host = FailingHost(AccessDenied("no"))
    with pytest.raises(TaskError, match=re.escape(sentence)):
        host_info.read(t.cast("t.Any", host), DEFAULTS | options)
    assert host.queries == 0


def test_an_unreachable_host_is_queried_once() -> None:
    host = FailingHost(CredentialsRefused("wrong"))
    with pytest.raises(CredentialsRefused):
        host_info.read(t.cast("t.Any", host), DEFAULTS)
    assert host.queries == 1


def test_the_error_has_each_reason_once() -> None:
    host = FailingHost(AccessDenied("no"))
    with pytest.raises(TaskError) as caught:
        host_info.read(t.cast("t.Any", host), DEFAULTS | {"gather": ["windows", "hotfixes"]})
    assert str(caught.value).count("no. Use an account") == 1


def test_no_parts_are_read_if_none_are_requested() -> None:
    host = FailingHost(AccessDenied("no"))
    assert host_info.read(t.cast("t.Any", host), DEFAULTS | {"gather": []}) == {"unknown": []}
    assert host.queries == 0
