# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One remedy for all findings of a rule: one play, one script, or one text. Private to this collection; pure."""

from __future__ import annotations

import copy
import re
import typing as t

from ..name_list import folded
from .remedy import Unsafe, marked_unsafe
from .wording import as_text, fill, placeholders

if t.TYPE_CHECKING:
    from .remedy import Remedy

Row = t.Mapping[str, t.Any]
Play = dict[str, t.Any]
_Path = tuple[t.Any, ...]
_MOST = 8  # names in a text
_COMMAND = re.compile(r"(.*?)\b[Rr]un ((?:on|in) [^:]+): ((?:\(?[A-Z][a-z]+-[A-Z]|\{cmdlet\}).*)", re.DOTALL)
_PROSE = re.compile(r"\. [A-Z]|; (?:then|wait) ")  # in a command that is not only a command


def joint_remedies(findings: t.Sequence[tuple[Remedy, Row]]) -> list[dict[str, t.Any]]:
    """The remedies of the findings of one rule, each with the number of its findings.

    Findings of one kind have one remedy. Another kind is, for example, a host with another release.
    """
    by_kind: dict[int, tuple[Remedy, list[Row]]] = {}
    for remedy, row in findings:
        variant = remedy.variant(row)
        by_kind.setdefault(id(variant), (variant, []))[1].append(row)
    return [
        {**(_steps(variant, rows) if variant.kind == "manual" else _plays(variant, rows)), "findings": len(rows),
         "hosts": list(dict.fromkeys(str(row["name"]) for row in rows))}
        for variant, rows in by_kind.values()
    ]  # fmt: skip


def _plays(variant: Remedy, rows: t.Sequence[Row]) -> dict[str, str]:
    bodies: dict[str, list[Play]] = {}
    name = str(variant.body.get("name") or "") if variant.kind == "task" else ""
    common = marked_unsafe(fill(name, _merged(name, rows)), name)
    for row in rows:
        play = variant.play(row)
        if name:
            play["tasks"][0]["name"] = common
        bodies.setdefault(str(play.pop("hosts")), []).append(play)
    by_host = [(hosts, body) for hosts, found in bodies.items() for body in _with_joined_lists(found)]
    joined: list[tuple[list[str], Play]] = []
    for hosts, body in by_host:
        same = next((each for each in joined if each[1] == body and hosts not in each[0]), None)
        same[0].append(hosts) if same else joined.append(([hosts], body))
    plays = [_by_host(joined)] if variant.kind == "task" and _differ_in_lists(joined) else [
        {"hosts": hosts[0] if len(hosts) == 1 else hosts, **body} for hosts, body in joined
    ]  # fmt: skip
    return {"kind": variant.kind, "text": variant.dump(plays, compact=len(rows) > 1)}


def _with_joined_lists(bodies: t.Sequence[Play]) -> list[Play]:
    """The bodies, in which those that differ only in the items of one list are joined."""
    found = [each for place, each in enumerate(bodies) if each not in bodies[:place]]
    while len(found) > 1:
        attempts = [_joined_at(path, found) for path in _lists(found[0])]
        best = min(attempts, key=len, default=found)
        if len(best) == len(found):
            break
        found = best
    return found


def _joined_at(path: _Path, bodies: t.Sequence[Play]) -> list[Play]:
    joined: list[tuple[Play, Play]] = []  # without the list, and with it
    for body in bodies:
        if not isinstance(_at(body, path), list):
            joined.append((body, body))
            continue
        rest = _with(body, path, [])
        same = next((each for each in joined if each[0] == rest), None)
        if same is None:
            joined.append((rest, copy.deepcopy(body)))
        else:
            items = _at(same[1], path)
            items += [item for item in _at(body, path) if item not in items]
    return [each for _rest, each in joined]


def _differ_in_lists(joined: t.Sequence[tuple[list[str], Play]]) -> bool:
    """Whether there are several hosts with bodies that differ only in lists of plain names."""
    hosts = [host for hosts, _body in joined for host in hosts]
    if len(joined) < 2 or len(hosts) != len(set(hosts)):
        return False
    paths = _lists(joined[0][1])
    emptied = [_emptied(body, paths) for _hosts, body in joined]
    items = [item for _hosts, body in joined for path in paths for item in _at(body, path) or []]
    plain = all(isinstance(item, str) and not isinstance(item, Unsafe) for item in items)
    return plain and all(each == emptied[0] for each in emptied)


def _by_host(joined: t.Sequence[tuple[list[str], Play]]) -> Play:
    """One play, with the lists that differ as variables by host."""
    play = copy.deepcopy(joined[0][1])
    variables: dict[str, t.Any] = {}
    for path in _lists(joined[0][1]):
        values = {host: _at(body, path) for hosts, body in joined for host in hosts}
        if any(value != _at(play, path) for value in values.values()):
            name = f"{path[-1]}_by_host"
            variables[name] = values
            play = _with(play, path, f"{{{{ {name}[inventory_hostname] }}}}")
    hosts = [host for hosts, _body in joined for host in hosts]
    settings = {key: play.pop(key) for key in ("gather_facts",) if key in play}
    return {"hosts": hosts, **settings, "vars": variables, **play}


def _lists(value: t.Any, path: _Path = ()) -> list[_Path]:
    """The paths of the lists of names in a body."""
    if isinstance(value, list) and not any(isinstance(each, (dict, list)) for each in value):
        return [path]
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, each in steps for found in _lists(each, (*path, key))]


def _at(value: t.Any, path: _Path) -> t.Any:
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _with(body: Play, path: _Path, value: t.Any) -> Play:
    changed = copy.deepcopy(body)
    _at(changed, path[:-1])[path[-1]] = value
    return changed


def _emptied(body: Play, paths: t.Iterable[_Path]) -> Play:
    for path in paths:
        if isinstance(_at(body, path), list):
            body = _with(body, path, [])
    return body


def _steps(variant: Remedy, rows: t.Sequence[Row]) -> dict[str, str]:
    """The steps of one finding, or one script for all, or one text with all names."""
    texts = dict.fromkeys(variant.steps(row) for row in rows)
    if len(texts) == 1:
        return {"kind": "manual", "text": next(iter(texts))}
    command = _COMMAND.fullmatch(variant.body)
    if command is None or _PROSE.search(command[3]):
        return {"kind": "manual", "text": fill(variant.by_hand, _merged(variant.by_hand, rows)).strip()}
    before, place, line = command.groups()
    by_place: dict[str, dict[str, None]] = {}
    for row in rows:
        by_place.setdefault(" ".join(fill(place, row).split()), {})[fill(line, row).strip()] = None
    intro = [" ".join(fill(before, _merged(before, rows)).split())] if before.strip() else []
    blocks = ["\n".join([f"# {where[0].upper()}{where[1:]}:", *lines])
              for where, lines in by_place.items()]  # fmt: skip
    return {"kind": "script", "text": "\n\n".join([*(f"# {text}" for text in intro), *blocks])}


def _merged(text: str, rows: t.Sequence[Row]) -> dict[str, str]:
    """The values of all rows for one text: names are listed, and values in commands become C(<key>)."""
    found = {}
    for key in placeholders(text):
        values = list(dict.fromkeys(as_text(row[key]) for row in rows if key in row))
        if len(values) == 1:
            found[key] = values[0]
        elif f"{{{key}:ps}}" in text:
            found[key] = f"<{key}>"
        elif values:
            more = f" and {len(values) - _MOST} more" if len(values) > _MOST else ""
            found[key] = folded(values[:_MOST]) + more
    return found
