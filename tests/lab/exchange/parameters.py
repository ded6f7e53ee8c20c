# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parameters of cmdlets: which there are, and the conversion of their values as PowerShell does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from psrpcore.types import PSCredential, PSObject, PSSecureString

from . import refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Credential:
    """A PSCredential. The password is in no repr and in no journal."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Credential({self.user!r})"


class _NotConvertible(ValueError):
    """The value has no conversion to the type."""


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str):
        raise _NotConvertible
    return str(value)


def _uri(value: Any) -> str:
    # [uri] takes relative addresses too; the cmdlets refuse them.
    text = _text(value)
    try:
        urlsplit(text)
    except ValueError as problem:
        raise _NotConvertible from problem
    return text


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _NotConvertible
    return bool(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _NotConvertible
    return int(value)


def _octets(value: Any) -> bytes:
    if not isinstance(value, bytes | bytearray):
        raise _NotConvertible
    return bytes(value)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(item) for item in (value if isinstance(value, list) else [value]))


def _credentials(value: Any) -> tuple[Credential, ...]:
    return tuple(_credential(item) for item in (value if isinstance(value, list) else [value]))


def _credential(value: Any) -> Credential:
    # A deserialized PSCredential is one again, anything else is not.
    if not isinstance(value, PSCredential) or not isinstance(value.Password, PSSecureString):
        raise _NotConvertible
    return Credential(str(value.UserName), str(value.Password.decrypt()))


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of parameters: its name in .NET, and the conversion. `nothing` is what null becomes, if `nullable`."""

    name: str
    convert: Callable[[Any], Any]
    nothing: Any = None
    nullable: bool = True


TEXT = Kind("System.String", _text)
IDENTITY = Kind("Microsoft.Exchange.Configuration.Tasks.ADIdParameter", _text)
URI = Kind("System.Uri", _uri)
BOOLEAN = Kind("System.Boolean", _boolean, nullable=False)
INTEGER = Kind("System.Int32", _integer, nullable=False)
SWITCH = Kind("System.Management.Automation.SwitchParameter", _boolean, nothing=True)
TEXTS = Kind("Microsoft.Exchange.Data.MultiValuedProperty`1[System.String]", _texts, nothing=())
OCTETS = Kind("System.Byte[]", _octets)
CREDENTIALS = Kind("System.Management.Automation.PSCredential[]", _credentials, nothing=())


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter. `sets` are the parameter sets that have it; empty if all have it."""

    name: str
    kind: Kind
    mandatory: bool = False
    sets: tuple[str, ...] = ()


# Of every cmdlet of Exchange that writes, and of every cmdlet.
WRITING = (Parameter("Confirm", SWITCH), Parameter("WhatIf", SWITCH), Parameter("DomainController", TEXT))
READING = (Parameter("DomainController", TEXT),)
COMMON = (Parameter("ErrorAction", TEXT), Parameter("WarningAction", TEXT), Parameter("Verbose", SWITCH))


def shown(value: Any) -> str:
    """A value in an error, without passwords."""
    if isinstance(value, PSObject) and not isinstance(value, str | int | bytes | bytearray | list):
        return str(value.PSObject.type_names[0])
    return str(value)


def bind(
    cmdlet: str, known: Iterable[Parameter], given: Iterable[tuple[str | None, Any]]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The values by the name of the parameter, and the parameter sets that fit. Raises Refusal."""
    parameters: Mapping[str, Parameter] = {item.name.lower(): item for item in known}
    bound: dict[str, Any] = {}
    for name, value in given:
        if not name:
            raise refusals.positional(cmdlet)
        parameter = parameters.get(str(name).removeprefix("-").removesuffix(":").lower())
        if parameter is None:
            raise refusals.unknown_parameter(cmdlet, str(name))
        if parameter.name in bound:
            raise refusals.twice(cmdlet, parameter.name)
        if value is None:
            if parameter.mandatory:
                raise refusals.null_argument(cmdlet, parameter.name)
            if not parameter.kind.nullable:
                raise refusals.wrong_type(cmdlet, parameter.name, "", parameter.kind.name)
            bound[parameter.name] = parameter.kind.nothing
            continue
        try:
            bound[parameter.name] = parameter.kind.convert(value)
        except _NotConvertible:
            raise refusals.wrong_type(cmdlet, parameter.name, shown(value), parameter.kind.name) from None
    return bound, _sets(cmdlet, parameters.values(), bound)


def _sets(cmdlet: str, parameters: Iterable[Parameter], bound: Mapping[str, Any]) -> tuple[str, ...]:
    listed = list(parameters)
    names = list(dict.fromkeys(one for item in listed for one in item.sets)) or [""]
    fitting = [
        name for name in names if all(not item.sets or name in item.sets for item in listed if item.name in bound)
    ]
    if not fitting:
        raise refusals.several_sets(cmdlet)
    lacking = {
        name: [
            item.name
            for item in listed
            if item.mandatory and item.name not in bound and (not item.sets or name in item.sets)
        ]
        for name in fitting
    }
    complete = tuple(name for name in fitting if not lacking[name])
    if not complete:
        raise refusals.missing_parameters(cmdlet, lacking[fitting[0]])
    return complete
