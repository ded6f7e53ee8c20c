# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""host_info refuses what cannot be meant, before anything is asked."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import AccessDenied, CredentialsRefused
from ansible_collections.winha.cluster.plugins.module_utils.task import TaskError
from ansible_collections.winha.cluster.plugins.modules import host_info

DEFAULTS = {name: option["default"] for name, option in host_info.SPEC.items()}


class Refusing:
    """A host that refuses everything."""

    host = "hv01"

    def __init__(self, refusal: Exception) -> None:
        self.refusal = refusal
        self.asked = 0

    def query(self, _namespace: str, _wql: str, *, operation: str) -> t.NoReturn:
        del operation
        self.asked += 1
        raise self.refusal

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
def test_what_cannot_be_meant(options: dict[str, t.Any], sentence: str) -> None:
    host = Refusing(AccessDenied("no"))
    with pytest.raises(TaskError, match=re.escape(sentence)):
        host_info.read(t.cast("t.Any", host), DEFAULTS | options)
    assert host.asked == 0


def test_a_host_that_cannot_be_reached_is_not_asked_twice() -> None:
    host = Refusing(CredentialsRefused("wrong"))
    with pytest.raises(CredentialsRefused):
        host_info.read(t.cast("t.Any", host), DEFAULTS)
    assert host.asked == 1


def test_when_nothing_can_be_read_each_reason_is_told_once() -> None:
    host = Refusing(AccessDenied("no"))
    with pytest.raises(TaskError) as caught:
        host_info.read(t.cast("t.Any", host), DEFAULTS | {"gather": ["windows", "hotfixes"]})
    assert str(caught.value).count("no (use an account") == 1


def test_nothing_asked_for_is_nothing_known() -> None:
    host = Refusing(AccessDenied("no"))
    assert host_info.read(t.cast("t.Any", host), DEFAULTS | {"gather": []}) == {"unknown": []}
    assert host.asked == 0
