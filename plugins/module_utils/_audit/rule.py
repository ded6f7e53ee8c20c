# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule of the audit, read from YAML. Private to this collection; pure.

C(docs/rules.md) describes how to write a rule.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .condition import KINDS, Condition
from .error import RuleError
from .expression import ExpressionError, compile_expression
from .remedy import Remedy
from .version_range import VersionRange, dotted, release

SEVERITIES = ("error", "warning", "notice")
LAYERS = ("cluster", "virtual_machine", "network", "dag", "exchange", "directory", "dns", "federation")
SCOPES = ("host", "cluster", "forest")
HOST_KINDS = ("hyperv_host", "dag_member")
NONE_OUTCOMES = ("pass", "fail", "unknown", "not_applicable")
_TEXTS = ("id", "title", "layer", "severity", "question", "scope", "reads", "says", "why")
_KIND_NAMES = {
    ("hyperv_host",): "Hyper-V hosts",
    ("dag_member",): "DAG members",
    ("hyperv_host", "dag_member"): "Hyper-V hosts and DAG members",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Nothing:
    """The outcome of a rule without subjects."""

    outcome: str
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Applies:
    """The kinds of hosts and the versions that a rule applies to."""

    kinds: tuple[str, ...]
    windows: VersionRange | None
    exchange: VersionRange | None

    def description(self, scope: str) -> str:
        """The same in words."""
        kinds = _KIND_NAMES.get(self.kinds, "")
        if scope == "cluster":
            kinds = {"Hyper-V hosts": "Hyper-V clusters", "DAG members": "DAGs"}.get(kinds, "clusters")
        parts = [kinds] if kinds and scope != "forest" else ["the Exchange organization"]
        parts += [f"Windows Server {self.windows}"] if self.windows else []
        parts += [f"Exchange {self.exchange}"] if self.exchange else []
        return "; ".join(parts)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the audit.

    * C(title): the fault that the rule checks for
    * C(needs): paths of facts that must exist, else the outcome is unknown
    * C(reads): a JMESPath expression that returns a mapping for each subject, with C(subject), C(found), and the
      values for sentences and remedy. A C(found) of null is unknown, as is a row with a sentence C(unknown). A row
      with a sentence C(not_applicable) is not evaluated
    * C(holds): the condition that C(found) must meet
    * C(says): the sentence for a subject that fails
    * C(find_out): how to find out an unknown value
    """

    id: str
    title: str
    layer: str
    severity: str
    question: str
    scope: str
    applies: Applies
    needs: tuple[str, ...]
    reads: str
    holds: Condition
    expects: str
    says: str
    nothing: Nothing
    find_out: str
    parameters: t.Mapping[str, t.Any]
    why: str
    source: tuple[str, ...]
    remedy: Remedy

    @classmethod
    def parse(cls, entry: t.Any) -> Rule:
        """Read a rule. Raises C(RuleError), which names the rule and the key."""
        if not isinstance(entry, dict):
            raise RuleError("without id", "id", f"a rule must be a mapping, not {entry!r}")
        name = entry.get("id") or "without id"
        for key in sorted(set(entry) - _KEYS, key=str):
            raise RuleError(name, str(key), f"the key does not exist. Keys of a rule: {', '.join(sorted(_KEYS))}")
        for key in _TEXTS:
            if not isinstance(entry.get(key), str) or not entry[key].strip():
                raise RuleError(name, key, "text is required")
        for key, words in (("layer", LAYERS), ("severity", SEVERITIES), ("scope", SCOPES)):
            if entry[key] not in words:
                raise RuleError(name, key, f"{entry[key]} is not one of {', '.join(words)}")
        try:
            compile_expression(entry["reads"])
        except ExpressionError as exc:
            raise RuleError(name, "reads", str(exc)) from exc
        parameters = entry.get("parameters") or {}
        if not isinstance(parameters, dict):
            raise RuleError(name, "parameters", "must be a mapping of names and defaults")
        return cls(
            **{key: " ".join(entry[key].split()) for key in _TEXTS},
            applies=_applies(name, entry.get("applies") or {}, entry["scope"]),
            needs=tuple(_texts(name, "needs", entry.get("needs"))),
            holds=_condition(name, entry.get("holds"), parameters),
            expects=str(entry.get("expects") or ""),
            nothing=_nothing(name, entry.get("nothing")),
            find_out=" ".join(str(entry.get("find_out") or "").split()),
            parameters=parameters,
            source=tuple(_texts(name, "source", entry.get("source"))),
            remedy=Remedy.parse(name, entry.get("remedy")),
        )

    def as_report(self) -> dict[str, t.Any]:
        """The rule for the report."""
        return {
            **{key: getattr(self, key) for key in ("id", "title", "severity", "layer", "question", "why", "scope")},
            "source": list(self.source),
            "applies": self.applies.description(self.scope),
            "remedy": self.remedy.in_general(),
        }


_KEYS = {field.name for field in dataclasses.fields(Rule)}


def _texts(name: str, key: str, value: t.Any) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
        raise RuleError(name, key, "must be a list of texts with at least one item")
    return value


def _applies(name: str, value: t.Any, scope: str) -> Applies:
    if not isinstance(value, dict) or set(value) - {"kinds", "windows", "exchange"}:
        raise RuleError(name, "applies", "must be a mapping with kinds, windows or exchange")
    kinds = value.get("kinds") or []
    if (
        not isinstance(kinds, list)
        or not all(isinstance(kind, str) for kind in kinds)
        or set(kinds) - set(HOST_KINDS)
        or (scope != "forest" and not kinds)
    ):
        raise RuleError(name, "applies", f"kinds must be a list of {', '.join(HOST_KINDS)}")
    return Applies(
        kinds=tuple(kind for kind in HOST_KINDS if kind in kinds),
        windows=_range(name, value.get("windows"), release),
        exchange=_range(name, value.get("exchange"), dotted),
    )


def _range(name: str, value: t.Any, read: t.Any) -> VersionRange | None:
    try:
        return None if value is None else VersionRange.parse(str(value), read)
    except ValueError as exc:
        raise RuleError(name, "applies", str(exc)) from exc


def _condition(name: str, value: t.Any, parameters: t.Mapping[str, t.Any]) -> Condition:
    if not isinstance(value, dict) or len(value) != 1 or not set(value) <= set(KINDS):
        raise RuleError(name, "holds", f"must be one condition of {', '.join(KINDS)}")
    ((kind, operand),) = value.items()
    if isinstance(operand, dict):
        if len(operand) != 1 or not set(operand) <= {"parameter", "row"}:
            raise RuleError(name, "holds", "the operand must be a value, {parameter: name} or {row: key}")
        if not all(isinstance(key, str) for key in operand.values()):
            raise RuleError(name, "holds", "the name of a parameter or of a key in the row must be text")
        if "parameter" in operand and operand["parameter"] not in parameters:
            raise RuleError(name, "holds", f"{operand['parameter']} is not a parameter of the rule")
    return Condition(kind, operand)


def _nothing(name: str, value: t.Any) -> Nothing:
    if not isinstance(value, dict) or len(value) != 1 or not set(value) <= set(NONE_OUTCOMES):
        raise RuleError(name, "nothing", f"must be one of {', '.join(NONE_OUTCOMES)} with a sentence")
    ((outcome, text),) = value.items()
    return Nothing(outcome, " ".join(str(text).split()))
