# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of a cmdlet as pypsrp sends them. Private to this collection; pure."""

from __future__ import annotations

import contextlib
import typing as t

from .values import Credential, Secret

if t.TYPE_CHECKING:
    from .values import Parameters, Value

with contextlib.suppress(ImportError):  # without it there is no session
    from pypsrp.complex_objects import ObjectMeta, PSCredential
    from pypsrp.serializer import TaggedValue

_LARGEST = 2**31
Serialize = t.Callable[..., t.Any]


def has_secret(value: t.Any) -> bool:
    """Whether the value has a text that must be encrypted, so the session needs a key."""
    if isinstance(value, (list, tuple)):
        return any(has_secret(item) for item in value)
    return isinstance(value, (Secret, Credential))


def secrets_in(parameters: Parameters) -> set[str]:
    """The texts that must not be in any message."""
    found: set[str] = set()
    queue: list[t.Any] = list(parameters.values())
    while queue:
        value = queue.pop()
        if isinstance(value, (list, tuple)):
            queue.extend(value)
        elif isinstance(value, Credential):
            found.add(value.password.text)
        elif isinstance(value, Secret):
            found.add(value.text)
    return found - {""}


def converted(value: Value, serialize: Serialize) -> t.Any:
    """The value as pypsrp takes it. C(serialize) is that of the pool, which has the key."""
    if value is None or isinstance(value, (bool, bytes)):
        return value
    if isinstance(value, int):
        return int(value) if -_LARGEST <= value < _LARGEST else TaggedValue("I64", int(value))
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Secret):
        return serialize(value.text, ObjectMeta("SS"))
    if isinstance(value, Credential):
        return t.cast("t.Any", PSCredential)(username=str(value.username), password=value.password.text)
    if isinstance(value, (list, tuple)):
        return [converted(item, serialize) for item in value]
    raise TypeError(f"a parameter is {type(value).__name__}")
