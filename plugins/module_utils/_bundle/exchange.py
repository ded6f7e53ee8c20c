# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request with its response, and what they are about. Private to this collection."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import typing as t
from xml.etree.ElementTree import Element, ParseError, fromstring

_FROM = re.compile(r"\bFROM\s+(\w+)|AssocClass\s*=\s*(\w+)", re.IGNORECASE)
_WMI = re.compile(r"/wmi/(?P<namespace>.+)/(?P<name>[\w*]+)$", re.IGNORECASE)
_OPERATIONS = {"Get", "Put", "Create", "Delete", "Enumerate", "Pull", "Release", "Subscribe", "Unsubscribe"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its response; C(response) is C(None) if there is none, and C(error) is why."""

    request: str
    response: str | None
    error: str = ""
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a request and its response are about: the keys of a line of the bundle."""

    operation: str
    namespace: str = ""
    cim_class: str = ""
    method: str = ""
    query: str = ""
    instances: int = 0
    fault: str = ""


def rows_of(exchanges: t.Iterable[Exchange]) -> list[Row]:
    """What the messages of one session are about. A Pull has the class and the query of its Enumerate."""
    rows: list[Row] = []
    begun: dict[str, Row] = {}  # by the context of the enumeration
    repeated: set[str] = {""}
    for exchange in exchanges:
        row = row_of(exchange)
        context = _enumeration(exchange.request)
        known = begun.get(context) if row.operation == "Pull" and context not in repeated else None
        if known:
            row = dataclasses.replace(row, cim_class=known.cim_class, query=known.query)
        if row.operation in {"Enumerate", "Pull"}:
            context = _enumeration(exchange.response)
            if row.operation == "Enumerate" and begun.get(context):
                repeated.add(context)  # not known which of them a Pull continues
            begun[context] = row
        rows.append(row)
    return rows


def _enumeration(message: str | None) -> str:
    root = _parsed(message)
    found = (one for one in root.iter() if local_name(one) == "EnumerationContext") if root is not None else ()
    return next((_text(one) for one in found), "")


def row_of(exchange: Exchange) -> Row:
    """What a request and its response are about."""
    root = _parsed(exchange.request)
    header, body = _child(root, "Header"), _child(root, "Body")
    action, uri = _text(_child(header, "Action")), _text(_child(header, "ResourceURI"))
    operation = action.rpartition("/")[2]
    found = _WMI.search(uri)
    namespace, cim_class = (found["namespace"], found["name"]) if found else ("", uri.rpartition("/")[2])
    method = ""
    if operation not in _OPERATIONS:
        operation, method = "Invoke", operation
    query = ""
    for element in body.iter() if body is not None else ():
        name = local_name(element)
        if name == "Filter":
            query = " ".join((element.text or "").split())
        elif name == "Select":
            query = f"{query} {element.get('Path')}: {' '.join((element.text or '').split())}".strip()
    if cim_class == "*" or (query and not namespace):
        queried = _FROM.search(query)
        cim_class = (queried[1] or queried[2]) if queried else cim_class
    instances, fault = _result(exchange.response)
    return Row(
        operation=operation,
        namespace=namespace,
        cim_class=cim_class,
        method=method,
        query=query,
        instances=instances,
        fault=fault,
    )


def parameters_of(exchange: Exchange) -> dict[str, str]:
    """The parameters of an Invoke that are texts or numbers, by name in lower case."""
    body = _child(_parsed(exchange.request), "Body")
    first = next(iter(body), None) if body is not None else None
    return {local_name(one).lower(): one.text or "" for one in first} if first is not None else {}


def local_name(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def line_of(host: str, row: Row, exchange: Exchange) -> str:
    """A line of the file with the messages."""
    data: dict[str, t.Any] = {
        "host": host,
        "operation": row.operation,
        "namespace": row.namespace,
        "class": row.cim_class,
        "method": row.method,
        "query": row.query,
        "instances": row.instances,
        "fault": row.fault,
        "error": exchange.error,
        "seconds": round(exchange.seconds, 3),
        "request": exchange.request,
        "response": exchange.response,
    }
    return json.dumps(data, ensure_ascii=False) + "\n"


def _result(response: str | None) -> tuple[int, str]:
    body = _child(_parsed(response), "Body") if response is not None else None
    first = next(iter(body), None) if body is not None else None
    if first is None:
        return 0, ""
    name = local_name(first)
    if name == "Fault":
        codes = [one.get("Code") for one in first.iter() if local_name(one) == "WSManFault" and one.get("Code")]
        values = [one.text or "" for one in first.iter() if local_name(one) == "Value"]
        subcode = values[-1].strip().rpartition(":")[2] if values else ""
        return 0, f"{codes[-1] if codes else ''} {subcode}".strip() or "unknown"
    lists = [one for one in first if local_name(one) == "Items"]
    if name in {"EnumerateResponse", "PullResponse", "SubscribeResponse"}:
        return sum(len(one) for one in lists), ""
    return 1, ""


def _parsed(text: str | None) -> Element | None:
    with contextlib.suppress(ParseError, ValueError):
        return fromstring(text or "")  # noqa: S314 - a document type was refused before
    return None


def _child(element: Element | None, name: str) -> Element | None:
    return next((one for one in element if local_name(one) == name), None) if element is not None else None


def _text(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""
