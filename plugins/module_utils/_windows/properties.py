# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing properties of cluster objects, and making sure of it. Private to this collection.

Two ways lead to the same registry values below C(HKLM\\Cluster): a Put of the WMI instance, and a control code with a
property list, which does not pass through the provider's dynamic classes. Neither has been seen on a real host by us;
the answers to both are distrusted, only what is read afterwards counts.
"""

from __future__ import annotations

import dataclasses
import struct
import typing as t

from .._wsman.errors import AccessDenied, ResponseLost, ServerError, Unreachable

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance, Reference
    from .._wsman.client import Client

# MS-CMRP 2.2.3.10
_SYNTAX_NAME = 0x00040003
_SYNTAX_DWORD = 0x00010002
_ENDMARK = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ControlCode:
    """A method that takes control codes, with the code that checks a property list and the one that stores it."""

    method: str
    validate: int
    store: int


# MS-CMRP, tables of control codes. The codes that store carry the modify bit 0x00400000.
RESOURCE_PRIVATE = ControlCode(method="ExecuteResourceControl", validate=0x01000089, store=0x01400086)
CLUSTER_COMMON = ControlCode(method="ExecuteClusterControl", validate=0x07000061, store=0x0740005E)


def property_list(values: t.Mapping[str, int]) -> bytes:
    """A PROPERTY_LIST of DWORD values (MS-CMRP 2.2.3.10), little-endian, names in UTF-16 with their NUL."""
    parts = [struct.pack("<I", len(values))]
    for name, value in values.items():
        encoded = f"{name}\0".encode("utf-16-le")
        padding = b"\0" * (-len(encoded) % 4)  # not counted in the size
        parts.append(struct.pack("<II", _SYNTAX_NAME, len(encoded)) + encoded + padding)
        parts.append(struct.pack("<IIII", _SYNTAX_DWORD, 4, value, _ENDMARK))
    return b"".join(parts)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The instance as read back, and what was answered to each attempt if the values are not all in it."""

    instance: Instance
    reason: str = ""


def store(
    client: Client,
    reference: Reference,
    values: t.Mapping[str, int],
    code: ControlCode,
    *,
    within: str = "",
    operation: str,
) -> Stored:
    """Bring the properties to these values; C(within) names an embedded object that holds them.

    Sends Get, Put, Get; a Put whose answer got lost is sent once more if the Get shows that it had no effect; a Put
    that did not stick is followed by the control code, once its validating twin agrees, and another Get. Raises
    C(ServerError) only when what is true now could not be read.
    """
    prefix = f"{within}." if within else ""

    def change(instance: Instance) -> Instance:
        for name, value in _left(instance, values, within).items():
            instance = instance.replaced(prefix + name, value)
        return instance

    answers: list[str] = []
    for _attempt in range(2):
        written = client.put(reference, change, [within] if within else values, operation=operation)
        left = _left(written.instance, values, within)
        if not left:
            return Stored(instance=written.instance)
        answers.append(f"the Put was answered with: {_words(written.problem)}")
        if isinstance(written.problem, AccessDenied):
            return Stored(instance=written.instance, reason=answers[-1])
        if not isinstance(written.problem, ResponseLost):
            break
    parameters = {"InputBuffer": property_list(left)}
    problem: ServerError | None = None
    try:
        client.invoke(reference, code.method, {"ControlCode": code.validate, **parameters}, query=True, operation=operation)
        client.invoke(reference, code.method, {"ControlCode": code.store, **parameters}, operation=operation)
    except Unreachable:
        raise
    except ServerError as exc:
        problem = exc
    answers.append(f"the control code with: {_words(problem)}")
    instance = client.get(reference, operation=f"reading back after {operation}")
    if not _left(instance, values, within):
        return Stored(instance=instance)
    advice = "set it once with the cluster's own tools and see what they say"
    return Stored(instance=instance, reason=f"{', '.join(dict.fromkeys(answers))}; {advice}")


def _words(problem: ServerError | None) -> str:
    if problem is None:
        return "yes"
    return f"{problem.detail} ({problem.advice})" if problem.advice else problem.detail


def _left(instance: Instance, values: t.Mapping[str, int], within: str) -> dict[str, int]:
    holder = instance.embedded(within) if within else instance
    return {name: value for name, value in values.items() if holder is None or holder.integer(name) != value}
