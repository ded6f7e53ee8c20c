# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JMESPath expressions over facts, with the functions of C(relations). Private to this collection; pure."""

from __future__ import annotations

import functools
import typing as t

from . import relations
from .error import AuditError

if t.TYPE_CHECKING:
    import datetime

try:
    import jmespath
    from jmespath import exceptions, functions
except ImportError as exc:
    JMESPATH_IMPORT_ERROR: ImportError | None = exc
else:
    JMESPATH_IMPORT_ERROR = None

_ROWS, _TEXT, _TEXTS, _NUMBER = ["array", "null"], ["string"], ["array"], ["number", "null"]
_MAPPING, _PERHAPS = ["object"], ["string", "null"]
_ANY: list[str] = []  # without types, whatever it is
_FUNCTIONS: dict[str, tuple[t.Callable[..., t.Any], tuple[list[str], ...]]] = {
    "along": (relations.along, (_ROWS, _MAPPING)),
    "related": (relations.related, (_ROWS, _TEXT, _ROWS, _TEXT, _TEXT)),
    "grouped": (relations.grouped, (_ROWS, _TEXT)),
    "matching": (relations.matching, (_ROWS, _TEXT, _TEXTS, _TEXTS)),
    "distinct": (relations.distinct, (_ROWS,)),
    "among": (relations.among, (_ANY, _ROWS)),
    "chosen": (relations.chosen, (["object", "null"], _ANY)),
    "account_named": (relations.account_named, (_ROWS, _PERHAPS)),
    "at_version": (relations.at_version, (_PERHAPS, _TEXT)),
    "product": (relations.product, (_ROWS,)),
    "gigabits": (relations.gigabits, (_NUMBER,)),
    "exactly": (relations.exactly, (_PERHAPS,)),
}


class ExpressionError(ValueError):
    """An expression cannot be read, or does not fit what it was given; the message is a clause."""


@functools.lru_cache(maxsize=1024)
def compiled(text: str) -> t.Any:
    """Read an expression. Raises C(ExpressionError), and C(AuditError) without the library jmespath."""
    if JMESPATH_IMPORT_ERROR is not None:
        raise AuditError(
            "The audit needs the Python library jmespath on the machine that evaluates. Install it with pip install "
            "jmespath, into the Python that runs Ansible."
        ) from JMESPATH_IMPORT_ERROR
    try:
        return jmespath.compile(text)
    except exceptions.JMESPathError as exc:
        raise ExpressionError(f"is no JMESPath expression: {' '.join(str(exc).split())}") from exc


class Reader:
    """Evaluates expressions; C(now) is what C(days_until) counts from."""

    def __init__(self, now: datetime.datetime) -> None:
        if JMESPATH_IMPORT_ERROR is not None:
            compiled("@")
        known = {name: (function, types) for name, (function, types) in _FUNCTIONS.items()}
        known["days_until"] = (functools.partial(relations.days_between, now), (_PERHAPS,))
        self._options = jmespath.Options(custom_functions=_functions(known))

    def read(self, text: str, document: t.Any) -> t.Any:
        """What an expression finds. Raises C(ExpressionError)."""
        try:
            return compiled(text).search(document, self._options)
        except exceptions.JMESPathError as exc:
            raise ExpressionError(f"does not fit these facts: {' '.join(str(exc).split())}") from exc


def _functions(known: t.Mapping[str, tuple[t.Callable[..., t.Any], tuple[list[str], ...]]]) -> t.Any:
    """The functions of JMESPath and these. A function sees the values that it takes and nothing of the interpreter."""
    found = functions.Functions()
    found.FUNCTION_TABLE = {
        **found.FUNCTION_TABLE,
        **{
            name: {"function": _without_self(function), "signature": [{"types": types} for types in signature]}
            for name, (function, signature) in known.items()
        },
    }
    return found


def _without_self(function: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
    return lambda _functions, *values: function(*values)
