# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JMESPath expressions over facts, with the functions of C(relations). Private to this collection; pure."""

from __future__ import annotations

import functools
import typing as t

from .._exchange import scope
from . import relations, votes
from .channel_events import channel_events
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

_ARRAY, _TEXT, _TEXT_ARRAY, _NUMBER = ["array", "null"], ["string"], ["array"], ["number", "null"]
_MAPPING, _OPTIONAL_TEXT = ["object"], ["string", "null"]
_ANY: list[str] = []  # an empty list of types means any type
_FUNCTIONS: dict[str, tuple[t.Callable[..., t.Any], tuple[list[str], ...]]] = {
    "along": (relations.along, (_ARRAY, _MAPPING)),
    "related": (relations.related, (_ARRAY, _TEXT, _ARRAY, _TEXT, _TEXT)),
    "grouped": (relations.grouped, (_ARRAY, _TEXT)),
    "matching": (relations.matching, (_ARRAY, _TEXT, _TEXT_ARRAY, _TEXT_ARRAY)),
    "distinct": (relations.distinct, (_ARRAY,)),
    "among": (relations.among, (_ANY, _ARRAY)),
    "chosen": (relations.chosen, (["object", "null"], _ANY)),
    "service_points": (scope.service_points, (_ARRAY, _ARRAY)),
    "scopes": (scope.scopes, (_ARRAY,)),
    "arrays_in_use": (relations.arrays_in_use, (_ARRAY, _ARRAY, _ARRAY)),
    "channel_events": (channel_events, (["object", "null"], _TEXT, _TEXT)),
    "account_named": (relations.account_named, (_ARRAY, _OPTIONAL_TEXT)),
    "at_version": (relations.at_version, (_OPTIONAL_TEXT, _TEXT)),
    "product": (relations.product, (_ARRAY,)),
    "is_odd": (relations.is_odd, (_NUMBER,)),
    "votes": (votes.total, (["object", "null"],)),
    "gigabits": (relations.gigabits, (_NUMBER,)),
    "exactly": (relations.exactly, (_OPTIONAL_TEXT,)),
}


class ExpressionError(ValueError):
    """An expression is invalid, or does not fit the facts; the message is a clause."""


@functools.lru_cache(maxsize=1024)
def compile_expression(text: str) -> t.Any:
    """Compile an expression. Raises C(ExpressionError), and C(AuditError) without the library jmespath."""
    if JMESPATH_IMPORT_ERROR is not None:
        raise AuditError(
            "The audit needs the Python library jmespath. Run pip install jmespath with the Python that runs Ansible, "
            "on the control node."
        ) from JMESPATH_IMPORT_ERROR
    try:
        return jmespath.compile(text)
    except (exceptions.JMESPathError, ValueError, RecursionError) as exc:
        raise ExpressionError(f"is not a JMESPath expression: {' '.join(str(exc).split())}") from exc


class Reader:
    """Evaluates expressions; C(days_until) counts from C(now)."""

    def __init__(self, now: datetime.datetime) -> None:
        if JMESPATH_IMPORT_ERROR is not None:
            compile_expression("@")
        known = {name: (function, types) for name, (function, types) in _FUNCTIONS.items()}
        known["days_until"] = (functools.partial(relations.days_between, now), (_OPTIONAL_TEXT,))
        self._options = jmespath.Options(custom_functions=_functions(known))

    def read(self, text: str, document: t.Any) -> t.Any:
        """The value of an expression. Raises C(ExpressionError)."""
        try:
            return compile_expression(text).search(document, self._options)
        except exceptions.JMESPathError as exc:
            raise ExpressionError(f"does not fit these facts: {' '.join(str(exc).split())}") from exc


def _functions(known: t.Mapping[str, tuple[t.Callable[..., t.Any], tuple[list[str], ...]]]) -> t.Any:
    """The functions of JMESPath and the additional ones, which get only their arguments."""
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
