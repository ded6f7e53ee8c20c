# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role variables with their types. Private to this collection.

A variable comes as JSON or YAML, as text from C(-e name=text), or as text from an AWX survey. All of them are read as
the type that the argument spec of the role declares. The conversion is that of ansible-core, with what differs between
its releases decided here.
"""

from __future__ import annotations

import ast
import collections.abc
import json
import math
import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import ArgumentValueError

from .errors import TaskError

Option = t.Mapping[str, t.Any]

LONGEST_VALUE = 80
_NOUNS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "path": "a path",
    "list": "a list (JSON, or separated by commas)",
    "dict": "a mapping (JSON, or key=value)",
}
_KINDS = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a mapping"}
_WHOLE = re.compile(r"[+-]?[0-9]+(\.0+)?")


def plain(value: t.Any) -> t.Any:
    """The value in Python's own types, without Ansible's tags. Vault-encrypted texts are decrypted; keys are texts."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, collections.abc.Mapping):
        return {_text(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    return _text(value)


def _text(value: t.Any) -> str:
    # str(value) may return a subclass of str again.
    return str.__str__(value if isinstance(value, str) else str(value))


def typed(name: str, value: t.Any, option: Option, *, secret: bool = False) -> t.Any:
    """A plain value as the type of its option, or None when it counts as not given.

    Null is not given. An empty text is not given either, unless the option is a text that may be empty. Raises
    C(TaskError) with a sentence that names the variable, and shows the value unless it is secret.
    """
    kind = option.get("type", "str")
    may_be_empty = kind in ("str", "path") and "" in option.get("choices", [""])
    if value is None or (isinstance(value, str) and not value.strip() and not may_be_empty):
        return None
    hidden = secret or bool(option.get("no_log"))
    try:
        if kind != "list":
            return _with_own_types(name, _converted(value, option), option, hidden=hidden)
        items = _items(value, option)
    except ValueError as error:
        raise TaskError(f"{name} is {shown(value, hidden=hidden)}, and it must be {_wanted(error, option)}.") from None
    inner = {**option, "type": option.get("elements", "raw")}
    converted = []
    for item in items:
        try:
            found = _converted(item, inner)
        except ValueError as error:
            raise TaskError(
                f"{name} has {shown(item, hidden=hidden)}, and each of its items must be {_wanted(error, inner)}."
            ) from None
        converted.append(_with_own_types(name, found, inner, hidden=hidden))
    return converted


def _with_own_types(name: str, value: t.Any, option: Option, *, hidden: bool) -> t.Any:
    """The value; of a mapping whose keys have options, each key as the type of its option. Raises C(TaskError)."""
    options: t.Mapping[str, Option] | None = option.get("options")
    if not options:
        return value
    for key in value:
        if key not in options:
            raise TaskError(f"{name} has the key {key}, and its keys must be some of {', '.join(options)}.")
    found = {key: typed(f"{key} in {name}", value.get(key), one, secret=hidden) for key, one in options.items()}
    for key, one in options.items():
        if found[key] is None:
            if one.get("required"):
                raise TaskError(f"{name} has {shown(value, hidden=hidden)}, which has no {key}. Add it.")
            found[key] = one.get("default")
    return found


def shown(value: t.Any, *, hidden: bool = False) -> str:
    """A value in a sentence, on one line and at most 80 characters long."""
    if hidden:
        return f"{_KINDS.get(type(value), 'a value')} that is not shown here"
    line = " ".join(value.split()) if isinstance(value, str) else json.dumps(value)
    if len(line) > LONGEST_VALUE:
        line = line[: LONGEST_VALUE - 3] + "..."
    return f'"{line}"' if isinstance(value, str) else line


class _WrongTypeError(ValueError):
    """The value cannot be read as the type."""


class _NotAChoiceError(ValueError):
    """The type is right, and the value is none of the choices."""


def _converted(value: t.Any, option: Option) -> t.Any:
    """The value as the type of the option. Raises C(ValueError)."""
    reader = _READERS.get(option.get("type", "str"))
    spec = {key: option[key] for key in ("type", "choices") if key in option}
    result = ArgumentSpecValidator({"value": spec}).validate({"value": reader(value) if reader else value})
    if result.error_messages:
        raise _NotAChoiceError if isinstance(result.errors[0], ArgumentValueError) else _WrongTypeError
    return plain(result.validated_parameters["value"])


def _wanted(error: ValueError, option: Option) -> str:
    if isinstance(error, _NotAChoiceError):
        return f"one of {', '.join(str(choice) for choice in option['choices'])}"
    kind = option.get("type", "str")
    return _NOUNS.get(kind, f"of the type {kind}")


# What follows decides where ansible-core's releases differ, or take what is of another type. Each raises ValueError.
def _truth(value: t.Any) -> t.Any:
    return value.strip() if isinstance(value, str) else value


def _whole_number(value: t.Any) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        raise _WrongTypeError
    return int(value)


def _number(value: t.Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _WrongTypeError
    try:
        number = float(value)
    except OverflowError as error:
        raise _WrongTypeError from error
    if not math.isfinite(number):
        raise _WrongTypeError
    return number


def _string(value: t.Any) -> str:
    if value is None or isinstance(value, (list, dict)):
        raise _WrongTypeError
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _items(value: t.Any, option: Option) -> list[t.Any]:
    if isinstance(value, (bool, dict)):
        raise _WrongTypeError
    if not isinstance(value, str):
        return value if isinstance(value, list) else [value]
    text = value.strip()
    mappings = option.get("elements") == "dict"
    if mappings and text.startswith("{"):
        text = f"[{text}]"
    if text.startswith("[") and text.endswith("]"):
        parsed = _literal(text)
        if not isinstance(parsed, list):
            raise _WrongTypeError
        return parsed
    # An AWX survey of the type textarea gives one item in each line.
    parts = text.splitlines() if mappings else re.split(r"[,\r\n]", text)
    return [part.strip() for part in parts if part.strip()]


def _mapping(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return value
    if not isinstance(value, str):
        raise _WrongTypeError
    text = value.strip()
    if text.startswith("{"):
        parsed = _literal(text)
        if not isinstance(parsed, dict):
            raise _WrongTypeError
        return parsed
    return " ".join(text.splitlines())


def _literal(text: str) -> t.Any:
    """JSON, or what a template writes of a list or mapping. Raises C(ValueError)."""
    try:
        return plain(json.loads(text))
    except ValueError:
        try:
            return plain(ast.literal_eval(text))
        except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise _WrongTypeError from error


_READERS: t.Mapping[str, t.Callable[[t.Any], t.Any]] = {
    "bool": _truth,
    "int": _whole_number,
    "float": _number,
    "str": _string,
    "path": _string,
    "dict": _mapping,
}
