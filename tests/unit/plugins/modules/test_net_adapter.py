# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan and the whole result of net_adapter, for adapters in each state."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import adapter_settings
from ansible_collections.winha.cluster.plugins.module_utils._windows.adapter import Adapter, AdapterProperty
from ansible_collections.winha.cluster.plugins.module_utils._windows.adapter_options import AdapterOptionsError
from ansible_collections.winha.cluster.plugins.module_utils._windows.advanced_property import (
    PropertyDefinition,
    Target,
)
from ansible_collections.winha.cluster.plugins.module_utils.task import Outcome, TaskError
from ansible_collections.winha.cluster.plugins.modules import net_adapter

Row = dict[str, t.Any]
NOTHING: Row = {"adapters": None, "cluster_network": None, "live_migration": False, "adapter_properties": {}}


def card(name: str, **other: t.Any) -> Adapter:
    own = {"name": name, "description": name, "guid": name, "index": 1, "mtu": 1500, "speed": 1, "hardware": True}
    return Adapter(**{**own, **other})


def mtu(of: Adapter, before: int = 1500, after: int = 9000, *, capped: bool = False) -> adapter_settings.AdapterSetting:
    """The MTU of an adapter whose driver counts the header."""
    definition = PropertyDefinition(keyword="*JumboPacket", value=str(before + 14), choices=(("1514", "1514"),))
    return adapter_settings.AdapterSetting(
        adapter=of,
        name="mtu",
        wanted=9000,
        driver_property=AdapterProperty(definition=definition, location=t.cast("t.Any", None)),
        target=Target(keyword="*JumboPacket", value=str(after + 14), number=after, capped=capped),
        before=before,
        after=after,
    )


def state(
    *settings: adapter_settings.AdapterSetting,
    others: t.Sequence[Adapter] = (),
    pending: t.Sequence[str] = (),
    connection: t.Sequence[str] = (),
    restart_now: bool = True,
    unsupported: t.Sequence[Row] = (),
) -> adapter_settings.State:
    adapters = tuple(dict.fromkeys([*(one.adapter for one in settings), *others]))
    return adapter_settings.State(
        adapters=adapters,
        settings=settings,
        unsupported=tuple(unsupported),
        pending=frozenset(pending),
        connection=frozenset(connection),
        restart_now=restart_now,
        reconnect_timeout=1,
    )


ONE, TWO = card("LM1"), card("LM2", up=False)
OFF = card("LM3", enabled=False)


@pytest.mark.parametrize(
    "given",
    [{"adapters": ["LM1"]}, {"cluster_network": "LM"}, {"live_migration": True}, {"adapter_properties": {"LM1": {}}}],
)
def test_each_way_to_select_is_one(monkeypatch: pytest.MonkeyPatch, given: Row) -> None:
    monkeypatch.setattr(adapter_settings, "read", lambda client, options: (client, options))
    assert net_adapter.read(t.cast("t.Any", "client"), NOTHING | given) == ("client", NOTHING | given)


def test_without_a_selection_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter_settings, "read", lambda _client, _options: pytest.fail("read"))
    with pytest.raises(
        TaskError, match=r"No adapters are selected\. Set adapters, cluster_network, or live_migration\."
    ):
        net_adapter.read(t.cast("t.Any", None), NOTHING)


def test_options_that_do_not_fit_the_adapters_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_client: t.Any, _options: t.Any) -> t.Any:
        raise AdapterOptionsError("No such adapter.")

    monkeypatch.setattr(adapter_settings, "read", read)
    with pytest.raises(TaskError, match=r"No such adapter\."):
        net_adapter.read(t.cast("t.Any", None), NOTHING | {"adapters": ["LM9"]})


PLANS: list[tuple[adapter_settings.State, str, list[list[Row]]]] = [
    (state(mtu(ONE), mtu(TWO, 9000)), "now", [[
        {"thing": "LM1", "setting": "mtu", "keyword": "*JumboPacket", "before_raw": "1514", "after_raw": "9014",
         "label": "LM1 mtu", "before": 1500, "after": 9000},
    ]]),
    (state(mtu(ONE, 9000), pending=["LM1"]), "now", [[
        {"thing": "LM1", "setting": "restart", "label": "LM1 restart", "before": "pending", "after": "done"},
    ]]),
    (state(mtu(ONE, 9000), pending=["LM1"]), "defer", []),
    (state(mtu(ONE, 9000), pending=["LM2"]), "now", []),
    (state(others=[ONE]), "now", []),
]  # fmt: skip


@pytest.mark.parametrize(("found", "restart", "expected"), PLANS)
def test_there_is_one_step_for_each_adapter_with_changes(
    found: adapter_settings.State, restart: str, expected: list[list[Row]]
) -> None:
    plan = net_adapter.plan(found, {"restart": restart})
    assert [[change.row() for change in step.changes] for step in plan.steps] == expected
    assert (plan.ordered, plan.title) == (True, "Network adapters")


def row(name: str, **other: t.Any) -> Row:
    own = {"adapter": name, "setting": "mtu", "wanted": 9000, "before": 1500, "now": 9000, "capped": False}
    return {**own, "in_effect": True, "result": "changed", **other}


UNSUPPORTED = {"adapter": "LM4", "setting": "mtu", "wanted": 9000, "result": "unsupported", "msg": "why"}
COMPLIANT = {"before": 9000, "result": "compliant", "in_effect": False}
FAILED = {"now": None, "result": "failed", "msg": "It failed."}
RESULTS: list[tuple[adapter_settings.State, Outcome, Row]] = [
    (state(mtu(ONE), connection=["LM1", "Other"]), Outcome(values={"LM1 mtu": 9000}),
     {"settings": [row("LM1")], "restarts": ["LM1"], "connection_adapters": ["LM1"]}),
    (state(mtu(ONE)), Outcome(values={"LM1 mtu": 9000}, check_mode=True),
     {"settings": [row("LM1", result="would_change")], "restarts": ["LM1"]}),
    (state(mtu(ONE), restart_now=False), Outcome(values={"LM1 mtu": 9000}),
     {"settings": [row("LM1")], "restart_required": ["LM1"]}),
    (state(mtu(ONE), restart_now=False), Outcome(),
     {"settings": [row("LM1", now=1500, result="compliant")]}),
    (state(mtu(ONE)), Outcome(failures={"LM1 mtu": "It failed."}),
     {"settings": [row("LM1", **FAILED)], "restart_required": ["LM1"]}),
    (state(mtu(ONE)), Outcome(values={"LM1 mtu": 1500}, failures={"LM1 mtu": "It failed."}),
     {"settings": [row("LM1", **FAILED | {"now": 1500})]}),
    (state(mtu(TWO), unsupported=[UNSUPPORTED]), Outcome(values={"LM2 mtu": 9000}),
     {"settings": [row("LM2"), UNSUPPORTED], "restarts": ["LM2"], "without_link": ["LM2"]}),
    (state(mtu(OFF), others=[TWO, ONE]), Outcome(values={"LM3 mtu": 9000}),
     {"settings": [row("LM3", in_effect=None)], "without_link": ["LM2", "LM3"]}),
    (state(mtu(ONE, 9000), pending=["LM1"]), Outcome(values={"LM1 restart": "done"}),
     {"settings": [row("LM1", **COMPLIANT)], "restarts": ["LM1"]}),
    (state(mtu(ONE, 9000), pending=["LM1"]), Outcome(values={"LM1 restart": "pending"}, failures={"LM1 restart": "x"}),
     {"settings": [row("LM1", **COMPLIANT)], "restart_required": ["LM1"]}),
    (state(mtu(ONE, 9000), pending=["LM1"], restart_now=False), Outcome(),
     {"settings": [row("LM1", **COMPLIANT)], "restart_required": ["LM1"]}),
    (state(mtu(ONE, 4000, 4000, capped=True), others=[card("LM0")]), Outcome(),
     {"settings": [row("LM1", before=4000, now=4000, capped=True, in_effect=False, result="capped")]}),
    (state(mtu(ONE, 1500, 4000, capped=True)), Outcome(values={"LM1 mtu": 4000}),
     {"settings": [row("LM1", now=4000, capped=True)], "restarts": ["LM1"]}),
]  # fmt: skip


@pytest.mark.parametrize(("found", "outcome", "expected"), RESULTS)
def test_the_result_has_each_setting_and_what_was_restarted(
    found: adapter_settings.State, outcome: Outcome, expected: Row
) -> None:
    empty: Row = {"restarts": [], "restart_required": [], "connection_adapters": []}
    assert net_adapter.report(found, outcome) == {**empty, **expected}


def test_a_step_writes_its_settings_or_restarts_its_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    found = state(mtu(ONE), mtu(TWO))
    pending = state(mtu(ONE, 9000), pending=["LM1"])
    asked: list[t.Any] = []

    def write(_client: t.Any, _state: t.Any, settings: t.Any) -> tuple[Row, str]:
        asked.append([one.label for one in settings])
        return {"LM1 mtu": 1500}, "it is refused"

    done = iter([(True, ""), (False, "it is refused")])

    def restart(_client: t.Any, _state: t.Any, name: str) -> tuple[bool, str]:
        asked.append(name)
        return next(done)

    monkeypatch.setattr(adapter_settings, "write", write)
    monkeypatch.setattr(adapter_settings, "restart", restart)
    client = t.cast("t.Any", None)
    first = net_adapter.plan(found, {"restart": "now"}).steps[0]
    applied = net_adapter.apply(client, found, first)
    assert (applied.values, applied.reason) == ({"LM1 mtu": 1500}, "it is refused")
    (step,) = net_adapter.plan(pending, {"restart": "now"}).steps
    applied = net_adapter.apply(client, pending, step)
    assert (applied.values, applied.reason) == ({"LM1 restart": "done"}, "")
    applied = net_adapter.apply(client, pending, step)
    assert (applied.values, applied.reason) == ({"LM1 restart": "pending"}, "it is refused")
    assert asked == [["LM1 mtu"], "LM1", "LM1"]
