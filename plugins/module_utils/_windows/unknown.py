# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect parts that could not be read, with the reasons. Private to this collection."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import typing as t

from .._wsman.errors import ServerError, Unreachable

if t.TYPE_CHECKING:
    from .._wsman.client import Client

_T = t.TypeVar("_T")


@dataclasses.dataclass(frozen=True, slots=True)
class Unknown:
    """A part of the result that could not be read, and the reason as a sentence."""

    what: str
    why: str


def attempt_value(what: str, read: t.Callable[[str], _T], name: str, unknown: list[Unknown]) -> _T | None:
    """Read a property of an object; one that is not valid is C(None), with the reason in C(unknown)."""
    return attempt(what, lambda: read(name), unknown)


def attempt(what: str, read: t.Callable[[], _T], unknown: list[Unknown]) -> _T | None:
    """Return the result of C(read). If it fails, return C(None) and add the reason to C(unknown).

    Raises C(Unreachable), because further requests to the host would fail too.
    """
    try:
        return read()
    except Unreachable:
        raise
    except ServerError as exc:
        unknown.append(Unknown(what, str(exc)))
        return None


def attempt_each(
    client: Client, reads: t.Mapping[str, t.Callable[[list[Unknown]], _T]], unknown: list[Unknown]
) -> list[_T]:
    """Attempt each of C(reads), by what it reads, and return the results of those that succeed, in their order.

    Each gets a list of its own for details that could not be read. If the session has several connections, they are
    done at the same time. Raises C(Unreachable) like C(attempt).
    """

    def attempt_one(what: str) -> tuple[_T | None, list[Unknown]]:
        details: list[Unknown] = []
        return attempt(what, lambda: reads[what](details), details), details

    done = at_the_same_time(client, [functools.partial(attempt_one, what) for what in reads])
    for _found, details in done:
        unknown += details
    return [found for found, _details in done if found is not None]


def at_the_same_time(client: Client, calls: t.Sequence[t.Callable[[], _T]]) -> list[_T]:
    """The results of the calls, which are done one after another if the session has one connection."""
    if client.connections == 1 or len(calls) < 2:
        return [call() for call in calls]
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as threads:
        return [started.result() for started in [threads.submit(call) for call in calls]]
