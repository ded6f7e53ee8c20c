# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cmdlets that write: run them, and read what is there now whatever they answered. Private to this collection."""

from __future__ import annotations

import typing as t

from ..errors import ServerError
from ..plan import Applied

if t.TYPE_CHECKING:
    from .._psrp.values import Parameters

Values = t.Mapping[str, t.Any]


def with_controller(parameters: Parameters, controller: str | None) -> Parameters:
    """The parameters, with the domain controller from which the cmdlet reads and to which it writes."""
    return {**parameters, **({"DomainController": controller} if controller else {})}


def write_and_read(write: t.Callable[[], object], read: t.Callable[[], Values]) -> Applied:
    """Write, and return the values as read back. A failed or lost write is the reason why they differ.

    Raises C(ServerError) if the values could not be read; then that of the write, if it failed as well.
    """
    problem: ServerError | None = None
    try:
        write()
    except ServerError as exc:
        problem = exc
    try:
        values = read()
    except ServerError as exc:
        raise problem or exc from exc
    return Applied(values=values, reason=str(problem).rstrip(".") if problem else "")
