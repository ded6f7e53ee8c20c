# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a run, with the overrides and parameters of the operator. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .error import AuditError, RuleError
from .rule import Rule


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The rules in their order, and their common parameters. C(changed) are the ids of rules with an override."""

    rules: tuple[Rule, ...]
    parameters: t.Mapping[str, t.Any]
    disabled: tuple[str, ...]
    changed: tuple[str, ...]


def catalogue(
    entries: t.Iterable[t.Any],
    overrides: t.Mapping[str, t.Any] | None = None,
    parameters: t.Mapping[str, t.Any] | None = None,
) -> Catalogue:
    """Read the rules. A later rule replaces an earlier one with its id; an override replaces keys by id.

    C(enabled: false) in an override disables a rule. Raises C(AuditError), for an invalid rule C(RuleError).
    """
    by_id: dict[str, dict[str, t.Any]] = {}
    if not isinstance(entries, (list, tuple)):
        raise AuditError(f"The rules must be a list of mappings, each with a dash. Found: {_kind(entries)}.")
    for entry in entries:
        name = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            raise RuleError("without id", "id", "text is required")
        by_id[name] = dict(entry)
    disabled: set[str] = set()
    given = _mapping("overrides (audit_rule_overrides)", overrides)
    for name, override in given.items():
        if name not in by_id:
            raise AuditError(
                f"An override (audit_rule_overrides) names the rule {name}, which does not exist. Known rules: "
                f"{', '.join(by_id)}."
            )
        if not isinstance(override, dict):
            raise RuleError(
                name, "override", f"must be a mapping of rule keys, such as {{enabled: false}}, not {_kind(override)}"
            )
        if not isinstance(override.get("enabled", True), bool):
            raise RuleError(name, "override", f"enabled must be true or false, not {override['enabled']!r}")
        changed = {key: value for key, value in override.items() if key != "enabled"}
        by_id[name] = by_id[name] | changed
        if override.get("enabled", True) is False:
            disabled.add(name)
    parsed = tuple(Rule.parse(entry) for entry in by_id.values())
    # The parameters of a disabled rule may still be set.
    known = _parameters(parsed, _mapping("parameters (audit_parameters)", parameters))
    return Catalogue(
        rules=tuple(rule for rule in parsed if rule.id not in disabled),
        parameters=known,
        disabled=tuple(rule.id for rule in parsed if rule.id in disabled),
        changed=tuple(name for name in given if name not in disabled),
    )


def _parameters(rules: t.Iterable[Rule], given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    known: dict[str, t.Any] = {}
    for rule in rules:
        for name, default in rule.parameters.items():
            if known.setdefault(name, default) != default:
                raise RuleError(rule.id, "parameters", f"{name} has a different default in another rule")
    for name, value in given.items():
        if name not in known:
            raise AuditError(
                f"No rule has the parameter {name} (audit_parameters). Known parameters: {', '.join(sorted(known))}."
            )
        default = known[name]
        if default is not None and not isinstance(value, (int, float) if _is_number(default) else type(default)):
            raise AuditError(f"The parameter {name} is {value!r}. It must have the type of its default {default!r}.")
    return known | {name: _merge(known[name], value) for name, value in given.items()}


def _mapping(name: str, value: t.Any) -> t.Mapping[str, t.Any]:
    if not isinstance(value or {}, dict):
        raise AuditError(f"{name} must be a mapping, not {_kind(value)}.")
    return value or {}


def _kind(value: t.Any) -> str:
    words = {list: "a list", dict: "a mapping", str: "text", bool: "true or false", type(None): "nothing"}
    return words.get(type(value), "a number")


def _merge(default: t.Any, value: t.Any) -> t.Any:
    """A mapping is merged into its default, so that the value of one release can be changed."""
    return default | value if isinstance(default, dict) and isinstance(value, dict) else value


def _is_number(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
