# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keywords of network drivers, their values, and the MTU that follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = Path(__file__).parent / "drivers.yml"
KINDS = {"int": 1, "long": 2, "word": 3, "dword": 4, "enum": 5, "edit": 6}
_STANDARD_MTU = 1500


@dataclass(frozen=True, slots=True)
class Keyword:
    """One advanced property: a list of values with their texts, a range with a step, or free text."""

    name: str
    text: str
    kind: str
    default: str
    choices: Mapping[str, str]
    low: int = 0
    high: int = 0
    step: int = 1
    optional: bool = False

    @property
    def is_numeric(self) -> bool:
        """Whether the keyword has a range."""
        return self.kind not in {"enum", "edit"}

    def accepts(self, value: str) -> bool:
        """Whether the driver offers this value."""
        if self.kind == "edit":
            return True
        if self.kind == "enum":
            return value in self.choices
        if not (value.isascii() and value.isdigit()):
            return False
        return self.low <= int(value) <= self.high and (int(value) - self.low) % self.step == 0

    def display_value(self, value: str) -> str:
        """The display value of a registry value."""
        return self.choices.get(value, value)

    def registry_value(self, text: str) -> str | None:
        """The registry value of a display value. None if there is none."""
        if self.kind != "enum":
            return text
        return next((value for value, display in self.choices.items() if display == text), None)


@dataclass(frozen=True, slots=True)
class Driver:
    """One kind of adapter."""

    name: str
    description: str
    provider: str
    component: str
    address: str
    speed: int
    keywords: Mapping[str, Keyword]
    size: Mapping[str, Any]

    def keyword(self, name: str) -> Keyword | None:
        """The keyword of this name, in any case."""
        return next((item for key, item in self.keywords.items() if key.lower() == name.lower()), None)

    def mtu(self, values: Mapping[str, str]) -> int:
        """The MTU in bytes with these values. The driver uses the default instead of a value that it does not offer."""
        keyword = self.keyword(str(self.size.get("keyword", "")))
        if keyword is None:
            return _STANDARD_MTU
        value = values.get(keyword.name, keyword.default)
        if not keyword.accepts(value):
            value = keyword.default
        if "table" in self.size:
            return int(self.size["table"][value])
        return int(value) - int(self.size["less"])


def _keyword(name: str, body: Mapping[str, Any], highest: int | None) -> Keyword:
    choices = {str(value): str(text) for value, text in body.get("enum", {}).items()}
    high = int(body.get("max", 0))
    return Keyword(
        name,
        body["text"],
        body.get("kind", "enum" if choices else "int"),
        str(body["default"]),
        choices,
        int(body.get("min", 0)),
        high if highest is None else highest,
        int(body.get("step", 1)),
        bool(body.get("optional", False)),
    )


@cache
def _data() -> dict[str, Any]:
    loaded = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    loaded.pop("ordinary")
    return dict(loaded)


def names() -> tuple[str, ...]:
    """The names of all drivers."""
    return tuple(_data())


def driver(name: str, maximum: Mapping[str, int] | None = None) -> Driver:
    """A driver. `maximum` replaces the end of a range by keyword, as in another model of the same vendor."""
    body, maxima = _data()[name], maximum or {}
    return Driver(
        name,
        body["description"],
        body["provider"],
        body["component"],
        str(body["address"]),
        int(body["speed"]),
        {key: _keyword(key, item, maxima.get(key)) for key, item in sorted(body["keywords"].items())},
        body["mtu"],
    )
