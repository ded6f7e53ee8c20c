# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What mends a finding: a play that is ready to run, or what to do by hand. Private to this collection; pure."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import typing as t

# It comes with ansible-core; only a test that looks at imports alone goes without.
with contextlib.suppress(ImportError):
    import yaml

from .error import RuleError
from .wording import blanks, filled

_KINDS = ("task", "role", "manual")
_WHOLE = re.compile(r"\{(\w+)\}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A remedy: C(task) is one task, C(role) a role with C(vars), C(manual) a text.

    C({key}) in it stands for what the row of the finding has; alone in a value, it keeps its kind. Where the row has
    something for the C(when) of one of C(instead), that one takes its place.
    """

    kind: str
    body: t.Any
    variables: t.Mapping[str, t.Any]
    hosts: str
    when: str = ""
    instead: tuple[Remedy, ...] = ()

    @classmethod
    def parse(cls, name: str, value: t.Any) -> Remedy:
        """Read a remedy. Raises C(RuleError)."""
        return cls._parse(name, value, "instead")

    @classmethod
    def _parse(cls, name: str, value: t.Any, more: str) -> Remedy:
        known = {*_KINDS, "vars", "hosts", more}
        if not isinstance(value, dict) or len(set(value) & set(_KINDS)) != 1 or set(value) - known:
            raise RuleError(
                name, "remedy", f"must have one of {', '.join(_KINDS)}, and may have vars, hosts and {more}"
            )
        (kind,) = set(value) & set(_KINDS)
        if not isinstance(value[kind], dict if kind == "task" else str):
            raise RuleError(name, "remedy", "a task is a mapping, a role a name, a manual step a text")
        others = value.get("instead") or []
        if not isinstance(others, list) or not all(isinstance(one, dict) and one.get("when") for one in others):
            raise RuleError(name, "remedy", "instead must be a list of remedies, each with when, a key of the row")
        return cls(
            kind=kind,
            body=value[kind],
            variables=value.get("vars") or {},
            hosts=str(value.get("hosts", "{host}")),
            when=str(value.get("when") or ""),
            instead=tuple(cls._parse(name, other, "when") for other in others),
        )

    def of(self, row: t.Mapping[str, t.Any]) -> dict[str, str]:
        """The remedy of one finding, with the names filled in: what the report shows."""
        for other in self.instead:
            if row.get(other.when):
                return other.of(row)
        if self.kind == "manual":
            return {"kind": self.kind, "text": filled(self.body, row).strip()}
        play: dict[str, t.Any] = {"hosts": self.hosts, "gather_facts": False}
        if self.kind == "task":
            play["tasks"] = [self.body]
        else:
            play["roles"] = [{"role": self.body, **({"vars": self.variables} if self.variables else {})}]
        return {"kind": self.kind, "text": _dumped([_filled(play, row)])}

    def in_general(self) -> dict[str, str]:
        """The same without a finding: what is filled in stands there as C(<key>)."""
        names = blanks(_dumped([self.body, self.variables, self.hosts]))
        return self.of({name: f"<{name}>" for name in names})


class _Unsafe(str):
    """Text that Ansible must not take for a template."""


def _dumped(value: t.Any) -> str:
    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            """Indent the items of lists, as ansible-lint likes it."""
            super().increase_indent(flow, False)

    Dumper.add_representer(_Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value), style='"'))
    text: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=False, width=1000)
    return text


def _filled(value: t.Any, row: t.Mapping[str, t.Any]) -> t.Any:
    if isinstance(value, dict):
        return {_filled(key, row): _filled(each, row) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, row) for each in value]
    if not isinstance(value, str):
        return value
    whole = _WHOLE.fullmatch(value)
    if whole and whole[1] in row:
        return _guarded(row[whole[1]], value)
    return _guarded(filled(value, row), value)


def _guarded(found: t.Any, rule: str) -> t.Any:
    """Names come from servers: one that looks like a template must stay what it is when it is pasted and run."""
    if isinstance(found, list):
        return [_guarded(each, rule) for each in found]
    if isinstance(found, str) and found != rule and ("{{" in found or "{%" in found or "{#" in found):
        return _Unsafe(found)
    return found
