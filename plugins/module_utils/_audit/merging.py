# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the facts of several runs together, such as those of the slices of an AWX job. Private to this collection.

The result is the facts that one run over all hosts would have had, except for times. For a host that several runs have
read, the later facts are used, also when the host could not be read then. A host that is expected and in no run is a
host that could not be read.
"""

from __future__ import annotations

import datetime
import typing as t

from ..name_list import listed, natural
from .error import AuditError
from .facts import FOREST_PARTS, VERSION, check_facts, in_order

Facts = dict[str, t.Any]
_MOMENTS = ("gathered", "place")


def merged(
    runs: t.Sequence[tuple[str, t.Any]], *, expected: t.Mapping[str, t.Iterable[str]] | None = None, title: str = ""
) -> Facts:
    """The facts of all runs, each given with the name of its file. The input is not changed.

    C(expected) are the hosts of each kind, C(title) the title instead of those of the runs. The sentences in C(notes)
    are for the operator. Raises C(AuditError).
    """
    if not runs:
        raise AuditError("There are no facts to evaluate.")
    for name, facts in runs:
        _check(name, facts)
    chosen: dict[str, tuple[str, Facts]] = {}
    notes = [str(note) for _name, facts in runs for note in facts.get("notes") or ()]
    for name, facts in runs:
        for host in facts["hosts"]:
            if host not in chosen:
                chosen[host] = name, facts
                continue
            chosen[host], note = _choose(host, chosen[host], (name, facts))
            notes.append(note)
    hosts = {host: facts["hosts"][host] for host, (_name, facts) in chosen.items()}
    forests = [
        forest for host, (_name, facts) in chosen.items() for forest in facts["forests"] if forest["host"] == host
    ]
    gathered = min((_moment(host["gathered"]), host["gathered"]) for host in hosts.values())[1] if hosts else ""
    hosts |= _missing(hosts, expected or {}, [name for name, _facts in runs], gathered)
    found = {
        "version": VERSION,
        "title": title or _common("title", "audit_title", [(name, facts["title"]) for name, facts in runs]) or "",
        "gathered": gathered,
        "planned": _common("planned", "audit_planned", [(name, facts["planned"]) for name, facts in runs]) or {},
        "hosts": in_order(hosts),
        "forests": sorted(forests, key=lambda forest: (forest["place"], natural(forest["host"]), forest["host"])),
    }
    return found | ({"notes": notes} if notes else {})


def _check(name: str, facts: t.Any) -> None:
    """Raises C(AuditError) with the name of the file."""
    try:
        check_facts(facts)
    except AuditError as exc:
        raise AuditError(f"{name}: {exc}") from exc
    if "version" not in facts:
        raise AuditError(
            f"{name} has facts of version 1, and only facts of version {VERSION} can be evaluated together. Read its "
            "hosts again with this version of winha.cluster."
        )
    forests = facts.get("forests")
    is_whole = (
        isinstance(facts.get("title"), str)
        and isinstance(facts.get("planned"), dict)
        and isinstance(forests, list)
        and all(_is_whole_host(host) for host in facts["hosts"].values())
        and all(isinstance(forest, dict) and _is_whole_forest(forest, facts["hosts"]) for forest in forests)
    )
    if not is_whole:
        raise AuditError(f"{name} is damaged: it has not all facts of a run. Read its hosts again.")


def _is_whole_forest(forest: Facts, hosts: Facts) -> bool:
    return (
        forest.get("host") in hosts
        and isinstance(forest.get("place"), int)
        and all(isinstance(forest.get(part), dict) for part in FOREST_PARTS)
    )


def _choose(host: str, *places: tuple[str, Facts]) -> tuple[tuple[str, Facts], str]:
    """The run whose facts of a host are used, and a sentence about it. Raises C(AuditError)."""
    first, second = (_own(host, facts) for _name, facts in places)
    times = [_moment(facts["hosts"][host]["gathered"]) for _name, facts in places]
    names = listed([name for name, _facts in places])
    if first == second:
        return places[times[1] > times[0]], f"{host} is in {names} with the same facts."
    if times[0] == times[1]:
        raise AuditError(
            f"{host} is in {names} with different facts of the same time, {places[0][1]['hosts'][host]['gathered']}. "
            "Leave out the file that is wrong."
        )
    later = places[times[1] > times[0]]
    return later, f"{host} is in {names} with different facts. The later ones are used, those in {later[0]}."


def _own(host: str, facts: Facts) -> tuple[t.Any, ...]:
    """All facts that were read through a host, without times."""
    rows = [facts["hosts"][host], *(forest for forest in facts["forests"] if forest["host"] == host)]
    return tuple({key: value for key, value in row.items() if key not in _MOMENTS} for row in rows)


def _moment(text: str) -> datetime.datetime:
    """A time that can be compared. Raises C(ValueError)."""
    time = datetime.datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)


def _is_whole_host(host: Facts) -> bool:
    try:
        _moment(str(host.get("gathered")))
    except ValueError:
        return False
    return isinstance(host.get("kinds"), list)


def _missing(
    hosts: t.Container[str], expected: t.Mapping[str, t.Iterable[str]], names: t.Sequence[str], gathered: str
) -> Facts:
    """The facts of hosts that are in no run: they could not be read."""
    kinds: dict[str, list[str]] = {}
    for kind, members in expected.items():
        for host in members:
            kinds.setdefault(str(host), []).append(kind)
    return {
        host: {
            "gathered": gathered,
            "kinds": own,
            "asked": True,
            "reached": False,
            "why": f"The host is in the inventory, and not in {listed(names)}.",
            "standalone": None,
            "failed": [],
        }
        for host, own in kinds.items()
        if host not in hosts
    }


def _common(what: str, variable: str, values: t.Sequence[tuple[str, t.Any]]) -> t.Any:
    """The value that all runs have; an empty one does not count. Raises C(AuditError)."""
    given = [(name, value) for name, value in values if value]
    for name, value in given[1:]:
        if value != given[0][1]:
            raise AuditError(f"The {what} in {name} is not that in {given[0][0]}. Use one {variable} for all runs.")
    return given[0][1] if given else None
