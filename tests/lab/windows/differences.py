# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key `differs` of a host: how its answers differ from those of the lab. Nothing in the store is different."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..checks import check_choice, check_keys
from ..wire.values import Embedded
from .repository import Instance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..wire.values import Value
    from .classes import Class

_QUERIES = ("refused", "empty")


@dataclass(frozen=True, slots=True)
class Differences:
    """What is different in the answers of a host.

    * classes: those that are not there
    * columns: the properties that are not there, by class
    * values: the values of properties, by class or by class/name; a dot leads into an embedded object
    * gets: the properties that are null in the response to a Get, by class or class/name
    * answers: the out parameters by method, or by method and the text of a parameter: C(GetStringValue Name)
    * queries: what happens to a query with a text in it
    * references: whether a query of single columns with the keys returns references
    """

    classes: frozenset[str] = frozenset()
    columns: Mapping[str, Iterable[str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    gets: Mapping[str, Iterable[str]] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    queries: Mapping[str, str] = field(default_factory=dict)
    references: bool = True

    def of_class(self, cls: Class | None) -> Class | None:
        """The class as this host has it."""
        if cls is None or cls.name in self.classes:
            return None
        gone = {name.lower() for name in self.columns.get(cls.name, ())}
        if not gone:
            return cls
        return replace(cls, properties={name: item for name, item in cls.properties.items() if name not in gone})

    def of_instances(self, cls: Class, instances: list[Instance]) -> list[Instance]:
        """The instances as this host returns them."""
        if cls.name not in self.columns and not any(key.partition("/")[0] == cls.name for key in self.values):
            return instances
        return [self._instance(cls, item) for item in instances]

    def _instance(self, cls: Class, item: Instance) -> Instance:
        values = dict(item.values)
        for key in (cls.name, f"{cls.name}/{item.name}"):
            for path, value in self.values.get(key, {}).items():
                outer, dot, inner = path.partition(".")
                held = values.get(outer)
                if dot and isinstance(held, Embedded):
                    values[outer] = Embedded(held.class_name, {**held.members, inner: value})
                elif not dot:
                    values[outer] = value
        return Instance(cls, values)

    def of_get(self, item: Instance) -> Instance:
        """An instance as this host returns it alone."""
        keys = (item.cls.name, f"{item.cls.name}/{item.name}")
        gone = dict.fromkeys(name for key in keys for name in self.gets.get(key, ()))
        return Instance(item.cls, {**item.values, **gone}) if gone else item

    def of_answer(self, method: str, inputs: Mapping[str, Value]) -> dict[str, Any]:
        """The out parameters that differ."""
        texts = [value for value in inputs.values() if isinstance(value, str)]
        keys = [method, *(f"{method} {text}" for text in texts)]
        return {name: value for key in keys for name, value in self.answers.get(key, {}).items()}

    def of_query(self, text: str) -> str:
        """What happens to a query: nothing, refused or empty."""
        return next((outcome for part, outcome in self.queries.items() if part in text), "")


def differences(where: str, data: Any) -> Differences:
    """Read the key `differs` of a host."""
    keys = {"classes", "columns", "values", "gets", "answers", "queries", "references"}
    body = check_keys(f"differs of {where}", data, keys, set())
    for outcome in body.get("queries", {}).values():
        check_choice(f"queries of {where}", str(outcome), _QUERIES)
    return Differences(**{**body, "classes": frozenset(body.get("classes", ()))})
