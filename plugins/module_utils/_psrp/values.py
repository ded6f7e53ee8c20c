# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters and objects of cmdlets as plain values. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import ResponseLost


@dataclasses.dataclass(frozen=True, slots=True)
class Secret:
    """A text that is sent as a SecureString, encrypted with the key of the session. It is in no repr."""

    text: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Credential:
    """A user name and a password, sent as a PSCredential."""

    username: str
    password: Secret


# A parameter: None is $null, True also sets a switch, bytes are a byte array, a sequence is an array.
# An identity, a URI and a value of an enumeration are texts.
Value: t.TypeAlias = "bool | int | str | bytes | Secret | Credential | t.Sequence[Value] | None"
Parameters: t.TypeAlias = t.Mapping[str, "Value"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PsObject:
    """An object that a cmdlet returned.

    C(type_names) has the name of the type first, without the prefix "Deserialized.". C(text) is what the object is as
    text, its ToString(). The values of C(properties) are None, bool, int, float, str, bytes, datetime, C(PsObject), and
    tuples and mappings of these. A SecureString is C(None): no secret is read.
    """

    type_names: tuple[str, ...] = ()
    properties: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    text: str = ""

    def get(self, name: str) -> t.Any:
        """The value of a property, in any case of letters; C(None) if it is null or does not exist."""
        return self.properties.get(self._spelled(name) or name)

    def value(self, name: str) -> t.Any:
        """The value of a property. Raises C(ResponseLost) if the object does not have the property."""
        spelled = self._spelled(name)
        if spelled is None:
            kind = self.type_names[0] if self.type_names else "unknown type"
            raise ResponseLost(f"an object of {kind} has no property {name}")
        return self.properties[spelled]

    def has(self, name: str) -> bool:
        """Whether the object has the property."""
        return self._spelled(name) is not None

    def _spelled(self, name: str) -> str | None:
        if name in self.properties:
            return name
        return next((key for key in self.properties if key.lower() == name.lower()), None)
