# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the record of a run to the tasks that set the values back. Private to this collection; pure.

Each task has C(expected), the values as the run left them: what somebody changed since is not touched.
"""

from __future__ import annotations

import dataclasses
import glob
import typing as t

if t.TYPE_CHECKING:
    from .record import Entry

_ONCE = {
    "cluster_node": "Drains and resumes cannot be undone. The virtual machines went back to their nodes in the run.",
}
# A setting of the whole cluster is the same whichever node wrote it.
_OF_CLUSTER = ("heartbeat", "vm_offline_action", "cluster_group")

Mapping = t.Mapping[str, t.Any]
Row = dict[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting with its value before the first write of the run and after the last one, as recorded."""

    module: str
    host: str
    cluster: str
    options: Mapping
    label: str
    first: Mapping
    last: Mapping

    @property
    def before(self) -> t.Any:
        return self.first.get("before")

    @property
    def after(self) -> t.Any:
        return self.last.get("after")


def undo(entries: t.Iterable[Entry], clusters: t.Mapping[str, str]) -> Row:
    """C(tasks) by module, the C(changes) that they make, and what is C(left) with the reason.

    C(clusters) has the key of the cluster of each host, for entries that do not name it.
    """
    entries = [dataclasses.replace(one, cluster=one.cluster or clusters.get(one.host, "")) for one in entries]
    tasks: dict[str, list[Row]] = {module: [] for module in _TASKS}
    done: list[Setting] = []
    left: list[Row] = []
    for setting in collapsed(entries):
        why = _why_not(setting)
        if why:
            left.append(_left(setting, why))
        elif not _is_same(setting.before, setting.after):
            done.append(setting)
    for module, make in _TASKS.items():
        tasks[module] = make([setting for setting in done if setting.module == module])
    changes = [
        {
            "module": each.module,
            "host": each.host,
            "cluster": each.cluster,
            "label": each.label,
            "setting": each.last.get("setting"),
            "thing": each.last.get("thing"),
            "before": each.after,
            "after": each.before,
        }
        for each in done
    ]
    return {"tasks": tasks, "changes": changes, "left": _once(left)}


def collapsed(entries: t.Iterable[Entry]) -> list[Setting]:
    """Each setting once: the value before of its first write, and the value after of its last one."""
    found: dict[tuple[str, ...], Setting] = {}
    for entry in entries:
        for change in entry.changes:
            label = str(change["label"])
            key = (entry.module, _scope(entry, change), _kept(entry.module, label))
            first = found[key].first if key in found else change
            found[key] = Setting(
                module=entry.module,
                host=found[key].host if key in found else entry.host,
                cluster=entry.cluster,
                options=entry.options,
                label=label,
                first=first,
                last=change,
            )
    return list(found.values())


def _scope(entry: Entry, change: Mapping) -> str:
    if entry.module == "spn":
        return ""  # a name is on an account, whichever domain controller wrote it
    if entry.module == "vm_settings" and change.get("id"):
        return str(change["id"]).casefold()  # the virtual machine may have moved since
    return (entry.cluster if entry.module in _OF_CLUSTER and entry.cluster else entry.host).casefold()


def _kept(module: str, label: str) -> str:
    return label.casefold() if module == "spn" else label


def _why_not(setting: Setting) -> str:
    """Why a setting cannot be set back, as a sentence; empty if it can."""
    if setting.module in _ONCE:
        return _ONCE[setting.module]
    if setting.module not in _TASKS:
        return f"There is no undo for {setting.module}. The value before was {setting.before}."
    if setting.after is None:
        return "The run does not know the value after its write. Read the setting and set it back yourself."
    if setting.module == "net_adapter":
        if not setting.last.get("keyword"):
            return "The restart of an adapter cannot be undone."
        if setting.first.get("before_raw") is None:
            return "The driver's default was in effect before, and no value was stored. Reset the advanced property."
        return ""
    if setting.before is None:
        return "The value before is not known."
    if setting.last.get("setting") == "possible_owners" and any(str(node).endswith(")") for node in setting.before):
        return "The resources of the virtual machine had different possible owners before. Set them yourself."
    if setting.module == "spn" and len(setting.before) > 1:
        return f"The SPN was on {' and on '.join(setting.before)}. A duplicate SPN is not restored."
    return ""


def _is_same(one: t.Any, other: t.Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return sorted(str(each).casefold() for each in one) == sorted(str(each).casefold() for each in other)
    return bool(one == other)


def _offline_actions(settings: t.Sequence[Setting]) -> list[Row]:
    """A task for each cluster and action, with the ids of the virtual machines: somebody may have renamed one since."""
    groups: dict[tuple[str, str], list[Setting]] = {}
    for each in settings:
        groups.setdefault(((each.cluster or each.host).casefold(), str(each.before)), []).append(each)
    tasks = []
    for (_cluster, action), group in groups.items():
        names = [str(each.last.get("id") or glob.escape(each.label)) for each in group]
        expected = {str(each.last.get("id") or each.label): each.after for each in group}
        tasks.append(_task(group, {"action": action, "names": names, "allow_no_match": True, "expected": expected}))
    return tasks


def _of_things(settings: t.Sequence[Setting]) -> list[Row]:
    """A task for each virtual machine or clustered role, by its id: somebody may have renamed it since."""
    groups: dict[tuple[str, str], list[Setting]] = {}
    for each in settings:
        scope = "" if each.module == "vm_settings" and each.last.get("id") else each.cluster or each.host
        groups.setdefault((scope.casefold(), str(each.last.get("id") or each.last["thing"])), []).append(each)
    return [
        _task(
            group,
            {
                "names": [str(group[0].last.get("id") or glob.escape(str(group[0].last["thing"])))],
                "allow_no_match": True,
                **{str(each.last["setting"]): each.before for each in group},
                "expected": {_expected_label(each): each.after for each in group},
            },
        )
        for group in groups.values()
    ]


def _expected_label(setting: Setting) -> str:
    number = setting.last.get("id")
    return f"{number} {setting.last['setting']}" if number else setting.label


def _heartbeats(settings: t.Sequence[Setting]) -> list[Row]:
    """A task for each cluster; the values before are allowed as they were."""
    groups: dict[str, list[Setting]] = {}
    for each in settings:
        groups.setdefault((each.cluster or each.host).casefold(), []).append(each)
    return [
        _task(group, {**{each.label: each.before for each in group}, "max_seconds": 0, "allow_shorter": True})
        for group in groups.values()
    ]


def _adapters(settings: t.Sequence[Setting]) -> list[Row]:
    """A task for each host, with the raw registry values: these are exact whatever the driver makes of them."""
    groups: dict[str, list[Setting]] = {}
    for each in settings:
        groups.setdefault(each.host, []).append(each)
    tasks = []
    for group in groups.values():
        properties: dict[str, Row] = {}
        expected: Row = {}
        for each in group:
            adapter, keyword = str(each.last["thing"]), str(each.last["keyword"])
            properties.setdefault(adapter, {})[keyword] = each.first["before_raw"]
            expected[f"{adapter} {keyword}"] = each.last.get("after_raw")
        tasks.append(_task(group, {"adapter_properties": properties, "expected": expected}))
    return tasks


def _spns(settings: t.Sequence[Setting]) -> list[Row]:
    """A task for each account and state. A name that was moved is moved back in one task."""
    groups: dict[tuple[str, str, str], list[Setting]] = {}
    for each in settings:
        state = "present" if each.before else "absent"
        for account in each.before or each.after:
            groups.setdefault((each.host, str(account), state), []).append(each)
    return [
        _task(
            group,
            {
                "account": account,
                "spns": [each.label for each in group],
                "state": state,
                **({"on_conflict": "move"} if any(each.after for each in group) and state == "present" else {}),
            },
        )
        for (_host, account, state), group in groups.items()
    ]


_TASKS: t.Mapping[str, t.Callable[[t.Sequence[Setting]], list[Row]]] = {
    "vm_offline_action": _offline_actions,
    "cluster_group": _of_things,
    "vm_settings": _of_things,
    "heartbeat": _heartbeats,
    "net_adapter": _adapters,
    "spn": _spns,
}


def _task(group: t.Sequence[Setting], options: Row) -> Row:
    """One task with its host, cluster and options."""
    expected = {each.label: each.after for each in group}
    return {"host": group[0].host, "cluster": group[0].cluster, "options": {"expected": expected, **options}}


def _left(setting: Setting, why: str) -> Row:
    once = setting.module in _ONCE
    return {
        "module": setting.module,
        "host": "" if once else setting.host,
        "cluster": setting.cluster,
        "label": "" if once else setting.label,
        "reason": why,
    }


def _once(rows: t.Iterable[Row]) -> list[Row]:
    return list({tuple(row.values()): row for row in rows}.values())
