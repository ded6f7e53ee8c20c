# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes to one clustered virtual machine that change nothing. Private to this collection.

The value that is written is the one that was read, and it is read again after each write.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._windows import properties, property_list, virtual_machine
from .._wsman.errors import AccessDenied, Fault, ResponseLost, ServerError, Unreachable, WriteRefused
from .point import CONFIRMED, DIFFERENT, NOT_ALLOWED, NOT_LOOKED_AT, Answer

if t.TYPE_CHECKING:
    from .._windows.virtual_machine import VirtualMachine
    from .._wsman.cim import Reference
    from .._wsman.client import Client

_STORED = 0x800713A0  # ERROR_RESOURCE_PROPERTIES_STORED: stored, and in effect when the resource is online again
_NAME, _WITHIN = "OfflineAction", "PrivateProperties"
_CODE = properties.RESOURCE_PRIVATE
_DEFAULT = 1
_NO_VALUE = "the virtual machine has no value of its own, so writing one would be a change"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The answers, and whether the value is another one than before; C(None) if it could not be read."""

    answers: tuple[Answer, ...]
    changed: bool | None


def write_unchanged(client: Client, machine: VirtualMachine) -> Written:
    """Validate the offline action, store the value that is there by the control code, and then by a Put.

    Raises C(ServerError) if the value could not be read at first.
    """
    reference = virtual_machine.reference_of(machine)
    before = _read(client, reference, f"reading the offline action of {machine.name}")
    answers = [_validate(client, reference, _DEFAULT if before is None else before)]
    if before is None:
        answers += [Answer(name, NOT_LOOKED_AT, _NO_VALUE) for name in ("write.control", "write.put")]
        return Written(answers=tuple(answers), changed=False)
    for name, write in (("write.control", _store), ("write.put", _put)):
        problem = write(client, reference, before)
        if isinstance(problem, WriteRefused):
            answers.append(Answer(name, NOT_LOOKED_AT, "check mode writes nothing"))
            continue
        try:
            now = _read(client, reference, f"reading back the offline action of {machine.name}")
        except ServerError as exc:
            answers.append(Answer(name, NOT_LOOKED_AT, f"the value could not be read back: {exc.detail}"))
            return Written(answers=tuple(answers), changed=None)
        if now != before:
            answers.append(Answer(name, DIFFERENT, f"{_NAME} was {before} and is now {now}"))
            return Written(answers=tuple(answers), changed=True)
        answers.append(_answer(name, problem, before))
    return Written(answers=tuple(answers), changed=False)


def other_action(action: str) -> str:
    """The action to which the offline action is changed and set back: another one that shuts down."""
    return "shut_down_forced" if action == "shut_down" else "shut_down"


def _read(client: Client, reference: Reference, operation: str) -> int | None:
    private = client.get(reference, operation=operation).embedded(_WITHIN)
    if private is None:
        raise ResponseLost("the response contains no private properties")
    return private.integer(_NAME)


def _validate(client: Client, reference: Reference, value: int) -> Answer:
    parameters: dict[str, t.Any] = {
        "ControlCode": _CODE.validate,
        "InputBuffer": list(property_list.encode({_NAME: value})),
    }
    try:
        client.invoke(reference, _CODE.method, parameters, query=True, operation="validating the offline action")
    except Unreachable:
        raise
    except ServerError as exc:
        return _answer("write.validate", exc, value)
    return Answer("write.validate", CONFIRMED, f"{_NAME} {value} is valid")


def _store(client: Client, reference: Reference, value: int) -> ServerError | None:
    operation = "storing the offline action that is there"
    return properties.send(client, reference, {_NAME: value}, _CODE, operation=operation)


def _put(client: Client, reference: Reference, _value: int) -> ServerError | None:
    operation = "putting the private properties that are there"
    try:
        return client.put(reference, lambda found: found, [_WITHIN], always=True, operation=operation).problem
    except Unreachable:
        raise
    except ServerError as exc:
        return exc


def _answer(name: str, problem: ServerError | None, value: int) -> Answer:
    if problem is None:
        return Answer(name, CONFIRMED, f"{_NAME} is still {value}")
    if isinstance(problem, AccessDenied):
        return Answer(name, NOT_ALLOWED, problem.detail)
    if isinstance(problem, Fault) and problem.hresult == _STORED:
        return Answer(name, CONFIRMED, f"{_NAME} is still {value}; the answer was 0x{_STORED:08X}, which is expected")
    return Answer(name, NOT_LOOKED_AT if isinstance(problem, ResponseLost) else DIFFERENT, problem.detail)
