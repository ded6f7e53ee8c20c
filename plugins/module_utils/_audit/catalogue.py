# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a run: those of the collection, those of the operator, and what he overrides. Private; pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .error import AuditError, RuleError
from .rule import Rule


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The rules in their order, and the parameters that all of them share."""

    rules: tuple[Rule, ...]
    parameters: t.Mapping[str, t.Any]


def catalogue(
    entries: t.Iterable[t.Any],
    overrides: t.Mapping[str, t.Any] | None = None,
    parameters: t.Mapping[str, t.Any] | None = None,
) -> Catalogue:
    """Read the rules. A rule whose id was there before takes its place; an override replaces single keys by id.

    C(enabled: false) in an override takes a rule out. Raises C(AuditError), for a wrong rule C(RuleError).
    """
    by_id: dict[str, dict[str, t.Any]] = {}
    for entry in entries:
        name = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            raise RuleError("without id", "id", "is needed, as text")
        by_id[name] = dict(entry)
    out: set[str] = set()
    for name, override in (overrides or {}).items():
        if name not in by_id:
            raise AuditError(f"An override names the rule {name}, and there is none. There are {', '.join(by_id)}.")
        if not isinstance(override, dict):
            raise RuleError(name, "override", "must be a mapping of keys of a rule")
        changed = {key: value for key, value in override.items() if key != "enabled"}
        by_id[name] = by_id[name] | changed
        if override.get("enabled", True) is False:
            out.add(name)
    every = tuple(Rule.parse(entry) for entry in by_id.values())
    # Whoever takes a rule out may go on giving its parameters.
    known = _parameters(every, parameters or {})
    return Catalogue(rules=tuple(rule for rule in every if rule.id not in out), parameters=known)


def _parameters(rules: t.Iterable[Rule], given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    known: dict[str, t.Any] = {}
    for rule in rules:
        for name, default in rule.parameters.items():
            if known.setdefault(name, default) != default:
                raise RuleError(rule.id, "parameters", f"{name} has another default in another rule")
    for name, value in given.items():
        if name not in known:
            raise AuditError(f"No rule has the parameter {name}. There are {', '.join(sorted(known))}.")
        default = known[name]
        if default is not None and not isinstance(value, (int, float) if _counts(default) else type(default)):
            raise AuditError(f"The parameter {name} is {value!r}, and should be like {default!r}.")
    return known | {name: _merged(known[name], value) for name, value in given.items()}


def _merged(default: t.Any, value: t.Any) -> t.Any:
    """A mapping is added to its default, so that one release can be changed alone."""
    return default | value if isinstance(default, dict) and isinstance(value, dict) else value


def _counts(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
