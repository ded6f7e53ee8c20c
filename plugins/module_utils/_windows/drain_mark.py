# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark on a node that this collection drained. Private to this collection.

The mark is a private property of the node, so it is in the cluster database and every node has it. It shows a later
run, also one from another control node, that the drain is ours, and which clustered roles the node owned before it.
Source: Microsoft, MsCS (private properties of a node, CLUSCTL_NODE_GET_PRIVATE_PROPERTIES and _SET_PRIVATE_PROPERTIES).
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .._wsman.errors import ResponseLost, ServerError
from . import property_list

if t.TYPE_CHECKING:
    from .._wsman.cim import Reference
    from .._wsman.client import Client

NAME = "WinhaDrain"
_READ = 0x04000081
_WRITE = 0x04400086


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Who drained the node, when (UTC, ISO 8601), and the clustered roles that it owned then."""

    run: str
    started: str
    roles: tuple[str, ...] = ()

    def text(self) -> str:
        return json.dumps(dataclasses.asdict(self), separators=(",", ":"))


def read(client: Client, node: Reference, name: str) -> Mark | None:
    """The mark of a node; C(None) if it has none. Raises C(ServerError)."""
    operation = f"reading the drain mark of {name}"
    answer = client.invoke(node, "ExecuteNodeControl", {"ControlCode": _READ}, query=True, operation=operation)
    try:
        octets = bytes(answer.integers("OutputBuffer") or ())
    except ValueError as exc:
        raise ResponseLost(f"{operation} returned a number that is not a byte") from exc
    if not octets:
        return None
    try:
        text = property_list.decode(octets).get(NAME) or ""
    except property_list.PropertyListError as exc:
        raise ResponseLost(f"{operation} returned no property list: {exc}") from exc
    return _mark(str(text)) if text else None


def write(client: Client, node: Reference, name: str, mark: Mark | None) -> str:
    """Set the mark, or remove it with C(None). Return the error if there was one; the caller reads the mark back."""
    values = {NAME: mark.text() if mark else ""}
    parameters: dict[str, t.Any] = {"ControlCode": _WRITE, "InputBuffer": list(property_list.encode(values))}
    operation = f"{'setting' if mark else 'removing'} the drain mark of {name}"
    try:
        client.invoke(node, "ExecuteNodeControl", parameters, operation=operation)
    except ServerError as exc:
        return exc.detail
    return ""


def _mark(text: str) -> Mark:
    """A mark that cannot be read is still ours: it has no roles then."""
    try:
        data = json.loads(text)
        return Mark(
            run=str(data["run"]), started=str(data["started"]), roles=tuple(str(role) for role in data["roles"])
        )
    except (ValueError, KeyError, TypeError):
        return Mark(run="unknown", started="")
