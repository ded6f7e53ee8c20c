# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as text for a terminal: the impact first, then the gates that do not pass, then the changes.

Private to this collection; pure.
"""

from __future__ import annotations

import typing as t

from .plan import HOWS

Mapping = t.Mapping[str, t.Any]
_SIZE = 20  # virtual machines that a line names
_COSTS = {
    "nothing": "no interruption",
    "vm_shutdown": "VM shutdown",
    "adapter_restart": "adapter restart",
    "node_drain": "node drain",
    "host_restart": "host restart",
}
_HOWS = {"shut_down": "shut down", "turned_off": "turned off"}


def text_of(plan: Mapping) -> list[str]:
    """The lines of the text."""
    lines = [_headline(plan), "", *_impact(plan)]
    for title, part in (("Gates that do not pass", _gates), ("Changes", _changes), ("Left to do", _left),
                        ("Not read", _unread)):  # fmt: skip
        found = part(plan)
        lines += ["", title, *(f"  {line}" for line in found)] if found else []
    return [_printable(line).rstrip() for line in lines]


def how_words(how: str) -> str:
    """What happens to a virtual machine, in words."""
    return _HOWS.get(how, how)


def impact_rows(plan: Mapping) -> list[dict[str, t.Any]]:
    """A row for each cluster, standalone host, and for other hosts together: changes, cost, rounds and machines."""
    known = {row["key"]: row for row in plan["clusters"]}
    scopes = [*known, *dict.fromkeys(each["host"] for each in _all(plan) if each["cluster"] not in known)]
    rows = []
    for scope in scopes:
        cluster = known.get(scope)
        mine = [each for each in _all(plan) if (each["cluster"] if cluster else each["host"]) == scope
                and (cluster is not None or each["cluster"] not in known)]  # fmt: skip
        gates = cluster["gates"] if cluster else []
        waiting = [gate for gate in gates if gate["outcome"] != "pass" and not gate["allowed"]]
        order = cluster["order"] if cluster else []
        rows.append({
            "name": cluster["name"] if cluster else scope,
            "key": scope,
            "kind": cluster["kind"] if cluster else "host",
            "changes": len(mine),
            "cost": _cost(mine),
            "order": order,
            "machines": _machines(cluster["moves"] if cluster else []),
            "gates": _verdict(gates, waiting),
            "stopped": bool(waiting),
        })  # fmt: skip
    return rows


def _all(plan: Mapping) -> list[Mapping]:
    return [*plan["changes"], *plan["left"]]


def _cost(changes: t.Sequence[Mapping]) -> str:
    """The costs of changes, each with the number of the hosts or adapters that it concerns."""
    words = []
    for cost, title in _COSTS.items():
        mine = [each for each in changes if each["cost"] == cost]
        things = {(each["host"], each["thing"] if cost in ("adapter_restart", "vm_shutdown") else "") for each in mine}
        if mine and cost != "nothing":
            words.append(_many(len(things), title))
    if any(each["management"] for each in changes):
        words.append("interrupts Ansible's connection")
    return ", ".join(words) or (_COSTS["nothing"] if changes else "-")


def _machines(moves: t.Sequence[Mapping]) -> str:
    counts = {how: sum(move["how"] == how for move in moves) for how in (*HOWS, "offline", "unknown")}
    return ", ".join(f"{count} {how_words(how)}" for how, count in counts.items() if count) or "-"


def _verdict(gates: t.Sequence[Mapping], waiting: t.Sequence[Mapping]) -> str:
    if waiting:
        return f"{len(waiting)} of {len(gates)} {'does' if len(waiting) == 1 else 'do'} not pass"
    allowed = sum(gate["outcome"] != "pass" for gate in gates)
    if allowed:
        verb = "does not pass, but is" if allowed == 1 else "do not pass, but are"
        return f"{allowed} of {len(gates)} {verb} allowed"
    return "pass" if gates else "-"


def _headline(plan: Mapping) -> str:
    summary = plan["summary"]
    if not summary["changes"] and not summary["left"]:
        return "Nothing to change."
    words = [f"{_many(summary['changes'], 'change')} on {_many(summary['hosts'], 'host')}"]
    for part, word in (("drains", "node drain"), ("restarts", "restart")):
        words += [_many(summary[part], word)] if summary[part] else []
    words += [f"{_many(summary['left'], 'change')} not permitted in this run"] if summary["left"] else []
    words += [f"{_many(summary['forbidden'], 'change')} stopped by a gate"] if summary["forbidden"] else []
    return f"{'; '.join(words)}."


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _impact(plan: Mapping) -> list[str]:
    head = ("Cluster or host", "Changes", "Cost", "Virtual machines that move", "Order", "Gates")
    rows = [
        (row["name"], str(row["changes"]), row["cost"], row["machines"],
         ", then ".join(" + ".join(hosts) for hosts in row["order"]) or "-", row["gates"])
        for row in impact_rows(plan)
    ]  # fmt: skip
    lines = _table([head, *rows])
    return [lines[0], "-" * len(lines[0]), *lines[1:], *_hurt(plan)] if rows else []


def _hurt(plan: Mapping) -> list[str]:
    """The virtual machines that do not move live, by name."""
    found = [
        f"{cluster['name']}: {move['machine']} on {move['node']}: {how_words(move['how'])}"
        for cluster in plan["clusters"]
        for move in cluster["moves"]
        if move["how"] not in ("live", "offline")
    ]
    more = [f"and {len(found) - _SIZE} more"] if len(found) > _SIZE else []
    return (
        ["", "Virtual machines that are not live migrated", *(f"  {each}" for each in (*found[:_SIZE], *more))]
        if found
        else []
    )


def _gates(plan: Mapping) -> list[str]:
    """The gates that do not pass, and those that the operator allowed."""
    return [
        f"{row['name']}: {gate['gate']} {'allowed' if gate['allowed'] else gate['outcome']}: {gate['reason']}"
        for row in plan["clusters"]
        for gate in row["gates"]
        if gate["outcome"] != "pass"
    ]


def _changes(plan: Mapping) -> list[str]:
    changes = plan["changes"]
    return _table([(_place(plan, each), each["label"], _step(each), _COSTS[each["cost"]]) for each in changes])


def _left(plan: Mapping) -> list[str]:
    return [f"{_place(plan, each)}: {each['label']}: {_step(each)}. {each['reason']}" for each in plan["left"]]


def _step(change: Mapping) -> str:
    return f"{_shown(change['before'])} -> {_shown(change['after'])}"


def _unread(plan: Mapping) -> list[str]:
    return [f"{each['host']}: {each['reason']}" for each in plan["unread"]]


def _place(plan: Mapping, change: Mapping) -> str:
    """The host of a change, or the cluster where the setting is the cluster's."""
    if change["module"] in ("net_adapter", "spn", "vm_settings") or not change["cluster"]:
        return str(change["host"])
    return next((str(row["name"]) for row in plan["clusters"] if row["key"] == change["cluster"]), change["cluster"])


def _shown(value: t.Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(str(each) for each in value) or "none"
    return "not set" if value is None else str(value)


def _table(rows: t.Sequence[t.Sequence[str]]) -> list[str]:
    """The rows with aligned columns."""
    safe = [[" ".join(_printable(cell).split()) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in safe) for at in range(len(safe[0]))] if safe else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in safe]


def _printable(text: str) -> str:
    """The text without control characters: no value starts a line of its own."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
