# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The remedy of a finding: a play that is ready to run, or manual steps. Private to this collection; pure."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import typing as t

# yaml is installed with ansible-core, but not in the import sanity test.
with contextlib.suppress(ImportError):
    import yaml

from .error import RuleError
from .wording import fill, placeholders

_KINDS = ("task", "role", "manual")
_WIDTH = 110  # characters of a line with many names
_ONLY_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A remedy: C(task) is one task, C(role) a role with C(vars), C(manual) a text.

    C(because) is why no task does a manual step. C({key}) is replaced by the value in the row of the finding; alone in
    a value, it keeps its type. The first of C(instead) whose C(when) is a key with a value in the row replaces the
    remedy.
    """

    kind: str
    body: t.Any
    variables: t.Mapping[str, t.Any]
    hosts: str
    when: str = ""
    because: str = ""
    instead: tuple[Remedy, ...] = ()

    @classmethod
    def parse(cls, name: str, value: t.Any) -> Remedy:
        """Read a remedy. Raises C(RuleError)."""
        return cls._parse(name, value, "instead")

    @classmethod
    def _parse(cls, name: str, value: t.Any, more: str) -> Remedy:
        known = {*_KINDS, "vars", "hosts", "because", more}
        if not isinstance(value, dict) or len(set(value) & set(_KINDS)) != 1 or set(value) - known:
            raise RuleError(
                name, "remedy", f"must have one of {', '.join(_KINDS)}, and may have vars, hosts, because and {more}"
            )
        (kind,) = set(value) & set(_KINDS)
        if not isinstance(value[kind], dict if kind == "task" else str):
            raise RuleError(name, "remedy", "a task must be a mapping, a role a name, a manual step text")
        others = value.get("instead") or []
        if not isinstance(others, list) or not all(isinstance(one, dict) and one.get("when") for one in others):
            raise RuleError(name, "remedy", "instead must be a list of remedies, each with the key when")
        return cls(
            kind=kind,
            body=value[kind],
            variables=value.get("vars") or {},
            hosts=str(value.get("hosts", "{host}")),
            when=str(value.get("when") or ""),
            because=" ".join(str(value.get("because") or "").split()),
            instead=tuple(cls._parse(name, other, "when") for other in others),
        )

    @property
    def by_hand(self) -> str:
        """The text of a manual step: why no task does it, and what to do."""
        return f"{self.because} {self.body}".strip()

    def of(self, row: t.Mapping[str, t.Any]) -> dict[str, str]:
        """The remedy of one finding, with its values filled in."""
        variant = self.variant(row)
        if variant.kind == "manual":
            return {"kind": "manual", "text": variant.steps(row)}
        return {"kind": variant.kind, "text": variant.dump([variant.play(row)])}

    def variant(self, row: t.Mapping[str, t.Any]) -> Remedy:
        """The remedy for this row: this one, or one of C(instead)."""
        return next((other for other in self.instead if row.get(other.when)), self)

    def steps(self, row: t.Mapping[str, t.Any]) -> str:
        """The manual steps with the values of a row."""
        return fill(self.by_hand, row).strip()

    def play(self, row: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The play with the values of a row."""
        play: dict[str, t.Any] = {"hosts": self.hosts, "gather_facts": False}
        if self.kind == "task":
            play["tasks"] = [self.body]
        else:
            play["roles"] = [{"role": self.body, **({"vars": self.variables} if self.variables else {})}]
        found: dict[str, t.Any] = _fill_values(play, row)
        return found

    @staticmethod
    def dump(plays: t.Sequence[t.Mapping[str, t.Any]], *, compact: bool = False) -> str:
        """Plays as YAML; C(compact) has the items of a list of names in one line."""
        return _dump(list(plays), compact=compact)

    def in_general(self) -> dict[str, str]:
        """The remedy without a finding, with C(<key>) in place of the values."""
        names = placeholders(_dump([self.body, self.because, self.variables, self.hosts]))
        return self.of({name: f"<{name}>" for name in names})


class Unsafe(str):
    """Text that Ansible must not template."""


def _dump(value: t.Any, *, compact: bool = False) -> str:
    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            """Indent the items of lists, as ansible-lint requires."""
            super().increase_indent(flow, False)

    Dumper.add_representer(Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value), style='"'))
    style: dict[str, t.Any] = {"default_flow_style": None, "width": _WIDTH} if compact else {"width": 1000}
    text: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=False, **style)
    return text


def _fill_values(value: t.Any, row: t.Mapping[str, t.Any]) -> t.Any:
    if isinstance(value, dict):
        return {_fill_values(key, row): _fill_values(each, row) for key, each in value.items()}
    if isinstance(value, list):
        return [_fill_values(each, row) for each in value]
    if not isinstance(value, str):
        return value
    only = _ONLY_PLACEHOLDER.fullmatch(value)
    if only and only[1] in row:
        return marked_unsafe(row[only[1]], value)
    return marked_unsafe(fill(value, row), value)


def marked_unsafe(found: t.Any, rule: str) -> t.Any:
    """A value for a dump, which replaces the text C(rule).

    Names come from servers: Ansible must not template a name when the remedy is pasted and run.
    """
    if isinstance(found, list):
        return [marked_unsafe(each, rule) for each in found]
    if isinstance(found, str) and found != rule and ("{{" in found or "{%" in found or "{#" in found):
        return Unsafe(found)
    return found
