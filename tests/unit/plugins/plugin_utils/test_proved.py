# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warning before the first write to a host of a release that no bundle has shown."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._prove import seen
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError, Unreachable
from ansible_collections.winha.cluster.plugins.plugin_utils import proved

SHOWN = {"one": {"2022": {"cluster.nodes": "confirmed"}, "2016": {}}}


class Host:
    """A host that knows its release, or cannot be read."""

    def __init__(self, build: int | None) -> None:
        self.host, self.build = "hv01", build

    def query(self, namespace: str, wql: str, *, operation: str) -> list[t.Any]:
        del namespace, wql, operation
        if self.build is None:
            raise Unreachable("gone")
        return [self]

    def integer(self, _name: str) -> int | None:
        return self.build

    def text(self, _name: str) -> str:
        return "HV01"

    def datetime(self, _name: str) -> None:
        return None


def warned(
    monkeypatch: pytest.MonkeyPatch, value: t.Any, build: int | None, bundles: t.Any, *, writes: bool
) -> list[str]:
    """The warnings of a task that writes twice, or that has a change in check mode."""
    monkeypatch.setattr(seen, "bundles", lambda: bundles)
    told: list[str] = []
    recorded: list[t.Any] = []
    warner = proved.Warner(value, reads_windows=True, warn=told.append)
    warner.watching(t.cast("t.Any", lambda **_options: Host(build)))(read_only=not writes)
    if writes:
        record = warner.before(recorded.append)
        record([{"label": "A"}])
        record([{"label": "B"}])
        assert recorded == [[{"label": "A"}], [{"label": "B"}]]
    else:
        warner.planned()
    return told


@pytest.mark.parametrize(
    ("value", "build", "bundles", "wanted"),
    [
        (None, 20348, {}, "with a real host. Before"),
        ("yes", 17763, SHOWN, "with Windows Server 2019. Before"),
        (True, 14393, SHOWN, "with Windows Server 2016. Before"),
        (None, None, SHOWN, "with a real host. Before"),
        (None, 20348, SHOWN, ""),
        ("false", 17763, SHOWN, ""),
        (False, 17763, {}, ""),
    ],
)
def test_a_write_to_a_release_that_no_bundle_has_shown_warns_once(
    monkeypatch: pytest.MonkeyPatch, value: t.Any, build: int | None, bundles: t.Any, wanted: str
) -> None:
    told = warned(monkeypatch, value, build, bundles, writes=True)
    assert [wanted in one for one in told] == ([True] if wanted else [])


@pytest.mark.parametrize(("value", "bundles", "number"), [(None, {}, 1), ("no", {}, 0), (None, SHOWN, 0)])
def test_check_mode_warns_as_long_as_there_is_no_bundle(
    monkeypatch: pytest.MonkeyPatch, value: t.Any, bundles: t.Any, number: int
) -> None:
    assert len(warned(monkeypatch, value, 17763, bundles, writes=False)) == number


def test_a_value_that_is_no_boolean_is_an_error() -> None:
    with pytest.raises(TaskError, match='winha_cluster_warn_unproved is "perhaps", and it must be true or false'):
        proved.Warner("perhaps", reads_windows=True, warn=print)
