# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bundle as a host: it answers a request by what the request asks, not by its bytes."""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from .checks import EstateError
from .windows.versions import VERSIONS
from .wire.soap import N, local, parse, text

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FORMAT = 1
MESSAGES, ABOUT = "messages.jsonl", "bundle.json"
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9:]{5})?|[0-9]{14}\.[0-9*]{6}[-+:][0-9]{3}")
_QUERY = re.compile(r"select (?P<columns>.*?) from (?P<rest>.*)", re.DOTALL)
_RELATES_TO = re.compile(r"(<(?:[\w.-]+:)?RelatesTo\b[^>]*>)[^<]*(</)")
_MESSAGE_ID = re.compile(r"<(?:[\w.-]+:)?MessageID\b[^>]*>\s*([^<\s]*)\s*</")
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A line of a bundle."""

    host: str
    operation: str
    namespace: str
    cls: str
    method: str
    query: str
    instances: int
    fault: str
    error: str
    seconds: float
    request: str
    response: str | None


@dataclass(frozen=True, slots=True)
class Bundle:
    """The messages of a bundle, and the Windows release of each host."""

    messages: tuple[Message, ...]
    releases: Mapping[str, str]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The stand-ins of the hosts, in the order in which they were recorded."""
        return tuple(dict.fromkeys(message.host for message in self.messages))

    def of(self, host: str) -> tuple[Message, ...]:
        """The messages of a host. Raises EstateError if the bundle does not have it."""
        found = tuple(message for message in self.messages if message.host.lower() == host.lower())
        if not found:
            raise EstateError(f"the bundle has no host {host}; it has {', '.join(self.hosts)}")
        return found


def load(path: Path) -> Bundle:
    """Read a bundle: its folder, or a file with some of its messages."""
    folder = path if path.is_dir() else path.parent
    try:
        about = json.loads((folder / ABOUT).read_text("utf-8")) if path.is_dir() else {}
        lines = (path / MESSAGES if path.is_dir() else path).read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
    except (OSError, ValueError) as problem:
        raise EstateError(f"{path} is not a bundle: {problem}") from problem
    if path.is_dir() and about.get("winha_bundle") != FORMAT:
        raise EstateError(f"{path} is a bundle of version {about.get('winha_bundle')}; this lab reads version {FORMAT}")
    hosts = about.get("hosts", {})
    releases = {name: str(known.get("release") or "") for name, known in hosts.items()}
    releases |= {row["host"]: row["release"] for row in rows if row.get("release")}
    return Bundle(tuple(_message(row) for row in rows), releases)


def _message(row: dict[str, Any]) -> Message:
    """A line of a bundle."""
    names = [one.name for one in fields(Message) if one.name != "cls"]
    return Message(cls=row["class"], **{name: row[name] for name in names})


class Unknown(KeyError):
    """The bundle has no answer to a request."""


class Replay:
    """The answers of one host. Equal requests get the recorded answers in their order, and then the last one again."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self._answers: dict[Key, list[Message]] = defaultdict(list)
        self._given: dict[Key, int] = defaultdict(int)
        self._lock = threading.Lock()
        for message in messages:
            self._answers[key_of(parse(message.request.encode()))].append(message)

    def message(self, root: ET.Element) -> Message:
        """The recorded message for a request. Raises Unknown."""
        wanted = key_of(root)
        with self._lock:
            known = wanted if wanted in self._answers else self._wider(wanted)
            number = self._given[known]
            self._given[known] += 1
        found = self._answers[known]
        return found[min(number, len(found) - 1)]

    def answer(self, request: bytes) -> bytes | None:
        """The response to a request; None where the recorded one was lost. Raises Unknown."""
        root = parse(request)
        response = self.message(root).response
        return None if response is None else related(response, message_id(root)).encode()

    def _wider(self, wanted: Key) -> Key:
        """A recorded query of the same rows with at least these columns, and with the references if they are asked."""
        asked = _QUERY.fullmatch(wanted[-1]) if wanted[0] == "Enumerate" else None
        for known in self._answers if asked else ():
            same = known[:3] == wanted[:3] and (known[3] == wanted[3] or not wanted[3])
            found = _QUERY.fullmatch(known[-1]) if same else None
            if asked and found and found["rest"] == asked["rest"]:
                columns = {one.strip() for one in found["columns"].split(",")}
                if columns == {"*"} or columns >= {one.strip() for one in asked["columns"].split(",")}:
                    return known
        raise Unknown(describe(wanted))


def related(response: str, identifier: str) -> str:
    """The response to the message with this id."""
    return _RELATES_TO.sub(lambda found: f"{found[1]}{identifier}{found[2]}", response)


def message_id(root: ET.Element) -> str:
    """The id of a request."""
    return next((text(one) for one in root.iter() if local(one.tag) == "MessageID"), "")


def describe(key: Key) -> str:
    """What a request asks, for an operator."""
    return " ".join(part for part in key if part)


def key_of(root: ET.Element) -> Key:
    """What a request asks: the operation, the class, the selectors, and the query or the parameters."""
    header = {local(one.tag): one for part in root if local(part.tag) == "Header" for one in part}
    body = next((one for part in root if local(part.tag) == "Body" for one in part), None)
    action = text(header.get("Action"))
    operation = action.rpartition("/")[2]
    uri = text(header.get("ResourceURI")).lower()
    selectors = ",".join(sorted(_selectors(header.get("SelectorSet"))))
    if operation == "Enumerate" and body is not None:
        query = next((text(one) for one in body.iter() if local(one.tag) == "Filter"), "")
        mode = next((text(one) for one in body.iter() if local(one.tag) == "EnumerationMode"), "")
        return operation, uri, selectors, mode.lower(), _query(query)
    if operation in {"Pull", "Release"} and body is not None:
        context = next((text(one) for one in body.iter() if one.tag == f"{{{N}}}EnumerationContext"), "")
        return operation, uri, context.lower()
    if operation == "Subscribe" and body is not None:
        return operation, uri, " ".join(_select(one) for one in body.iter() if local(one.tag) == "Select")
    if operation == "Unsubscribe":
        return operation, uri, text(header.get("Identifier")).lower()
    return operation, uri, selectors, ";".join(_values(body))


def _select(element: ET.Element) -> str:
    return f"{(element.get('Path') or '').lower()}: {_normalized(element.text or '')}"


def _normalized(value: str) -> str:
    """A text without the differences between two runs: case, white space, and the time of now."""
    return " ".join(_TIME.sub("(time)", value).lower().split())


def _query(text_of_query: str) -> str:
    return re.sub(r"\s*([,=<>()])\s*", r"\1", _normalized(text_of_query))


def _selectors(element: ET.Element | None) -> Iterator[str]:
    for one in element if element is not None else ():
        value = "".join(one.itertext()) if len(one) else one.text or ""
        yield f"{(one.get('Name') or '').lower()}={' '.join(value.split()).lower()}"


def _values(body: ET.Element | None) -> Iterator[str]:
    """The names and values in the body, without those of addresses of SOAP."""
    for one in body.iter() if body is not None else ():
        value = _normalized(one.text or "")
        if value:
            yield f"{local(one.tag).lower()}={value}"


def estate_of_bundle(path: Path) -> dict[str, Any]:
    """The estate file with the hosts of a bundle."""
    found = load(path)
    hosts = [
        {
            "name": host,
            "address": f"127.0.{8 + number // 200}.{11 + number % 200}",
            "windows": found.releases.get(host) if found.releases.get(host) in VERSIONS else "2019",
            "groups": ["hyperv_hosts"],
            "bundle": str(path.resolve()),
        }
        for number, host in enumerate(found.hosts)
    ]
    credentials = {"user": "Administrator", "password": "Lab-Passw0rd"}
    return {"name": "bundle", "credentials": credentials, "hosts": hosts}
