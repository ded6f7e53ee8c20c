# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changed messages: real responses with other elements, values and bytes, read by the modules without a network."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import pathlib
import re
import time
import traceback
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.winha.cluster.plugins.module_utils import task as tasks
from ansible_collections.winha.cluster.plugins.module_utils._wsman import cim, document, envelope
from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client
from ansible_collections.winha.cluster.plugins.module_utils._wsman.faults import parse_fault
from ansible_collections.winha.cluster.plugins.module_utils.errors import ResponseLost, ServerError, TaskError
from hypothesis import strategies as st

from .cells import stand, task_of
from .variants import VARIANTS

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Transport

    from .variants import Variant

LONGEST_SECONDS = 10
LARGEST = 4 * 1024 * 1024  # bytes: the transport accepts no larger response
REAL = pathlib.Path(__file__).parents[1] / "unit" / "plugins" / "module_utils" / "_wsman" / "messages"
_ID = re.compile(rb"uuid:[0-9A-Fa-f-]{36}")
_VARIES = re.compile(  # what differs between two runs of a task
    rb"uuid:[0-9A-Fa-f-]{36}|<a:To>[^<]*</a:To>|<w:OperationTimeout>[^<]*<|\d{14}\.\d{6}[+-]\d{3}"
)
_PART = re.compile(rb"<[^>]*>|[^<]+")
_NAME = re.compile(rb"</?([\w:.-]+)")
ODD = (
    "", " ", "\n", "-1", "²", "٣", "1e3", "0x10", "9" * 30, "9" * 5000, "-99999999999999999999", "true", "NaN",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2024-13-45T99:00:00", "2024-01-01T00:00:00",
    "00000000000000.000000:000", "]]&gt;", "&#x10FFFF;", "&#xD;", "{", '{"run": 1, "started": [], "roles": {}}', "[]",
    "null", "a;b;;c", "{00000000-0000-0000-0000-000000000000}", "*", "%", "'", "\u202e", "ß", "İ", "x" * 20000,
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """A change of a message: what is done, where (a fraction of its length), and a text for it."""

    kind: str
    place: float
    text: str = ""


def _element(parts: list[bytes], at: int) -> int:
    """The end of the element that begins here."""
    name = _NAME.match(parts[at])
    depth = 0
    for end in range(at, len(parts)):
        part = parts[end]
        if name is None or not part.startswith((b"<" + name[1], b"</" + name[1])):
            continue
        depth += 0 if part.endswith(b"/>") else -1 if part.startswith(b"</") else 1
        if depth <= 0:
            return end + 1
    return at + 1


def _tags(parts: list[bytes], texts: bool = False) -> list[int]:
    """The places of the opening tags, or of the texts."""
    return [
        at for at, part in enumerate(parts) if (not part.startswith((b"</", b"<?")) if not texts else part[:1] != b"<")
    ]


def _with_value(parts: list[bytes], at: int, text: str) -> None:
    parts[at] = text.encode("utf-8", "surrogatepass")


def _with_nil(parts: list[bytes], at: int, _text: str) -> None:
    parts[at] = re.sub(rb"/?>$", rb' nil:nil="true" xmlns:nil="%s"/>' % document.XSI.encode(), parts[at])
    if not parts[at].startswith(b"</"):
        del parts[at + 1 : _element(parts, at)]


def _renamed(parts: list[bytes], at: int, text: str) -> None:
    end = _element(parts, at)
    for place in sorted({at, end - 1}):
        parts[place] = re.sub(
            rb"^(</?(?:\w+:)?)[\w.-]+", rb"\1" + (b"x" + text.encode()[:1].hex().encode()), parts[place]
        )


def _without_attribute(parts: list[bytes], at: int, _text: str) -> None:
    parts[at] = re.sub(rb'\s(?!xmlns)[\w:]+="[^"]*"', b"", parts[at], count=1)


def _deep(parts: list[bytes], at: int, text: str) -> None:
    depth = min(10 + len(text) * 400, 20000)
    parts.insert(at, b"<d>" * depth + b"</d>" * depth)


def _removed(parts: list[bytes], at: int, _text: str) -> None:
    del parts[at : _element(parts, at)]


def _doubled(parts: list[bytes], at: int, _text: str) -> None:
    end = _element(parts, at)
    parts[end:end] = parts[at:end]


def _emptied(parts: list[bytes], at: int, _text: str) -> None:
    del parts[at + 1 : _element(parts, at) - 1]


def _values(parts: list[bytes], at: int, text: str) -> None:
    for place in range(at, _element(parts, at)):
        if parts[place][:1] != b"<":
            _with_value(parts, place, text)


_ON_TAGS: t.Mapping[str, t.Callable[[list[bytes], int, str], None]] = {
    "remove": _removed,
    "double": _doubled,
    "empty": _emptied,
    "values": _values,
    "nil": _with_nil,
    "rename": _renamed,
    "attribute": _without_attribute,
    "deep": _deep,
}
_ON_BYTES: t.Mapping[str, t.Callable[[bytes, int, bytes], bytes]] = {
    "cut": lambda body, at, _text: body[:at],
    "insert": lambda body, at, text: body[:at] + text + body[at:],
    "overwrite": lambda body, at, text: body[:at] + text + body[at + len(text) :],
    "encoding": lambda body, _at, text: b'<?xml version="1.0" encoding="%s"?>' % text[:12] + body,
}
KINDS = (*["value"] * 5, *["values"] * 2, *_ON_TAGS, *_ON_BYTES)


def changed(body: bytes, changes: t.Iterable[Change]) -> bytes:
    """The message with these changes."""
    for change in changes:
        if change.kind in _ON_BYTES:
            text = change.text.encode("utf-8", "surrogatepass")
            body = _ON_BYTES[change.kind](body, int(change.place * len(body)), text)
            continue
        parts = _PART.findall(body)
        places = _tags(parts, texts=change.kind == "value")
        if places:
            at = places[min(int(change.place * len(places)), len(places) - 1)]
            _ON_TAGS.get(change.kind, _with_value)(parts, at, change.text)
        body = b"".join(parts)
    return body[:LARGEST]


@dataclasses.dataclass(frozen=True, slots=True)
class Conversation:
    """The requests of a task without their ids, and the responses of the lab."""

    variant: Variant
    responses: t.Mapping[bytes, bytes]


class Recorder:
    """A transport that keeps what it sends and receives."""

    def __init__(self, inner: Transport) -> None:
        self._inner, self.host, self.url = inner, inner.host, inner.url
        self.responses: dict[bytes, bytes] = {}

    def send(self, message: str) -> bytes:
        response = self._inner.send(message)
        self.responses.setdefault(_VARIES.sub(b"", message.encode()), response)
        return response

    def addresses(self) -> frozenset[str]:
        return self._inner.addresses()

    def close(self) -> None:
        self._inner.close()


class Player:
    """A transport with the responses of a conversation, one of them changed."""

    def __init__(self, conversation: Conversation, place: float, changes: t.Sequence[Change]) -> None:
        self.host, self.url = conversation.variant.host, ""
        self._responses = conversation.responses
        self._at = int(place * len(conversation.responses))
        self._changes = changes
        self._number = 0

    def send(self, message: str) -> bytes:
        response = self._responses.get(_VARIES.sub(b"", message.encode()))
        if response is None:
            raise ResponseLost("the response was not recorded")
        found = _ID.search(message.encode())
        response = re.sub(rb"(RelatesTo[^>]*>)[^<]*", rb"\1" + (found[0] if found else b""), response, count=1)
        self._number += 1
        return changed(response, self._changes) if self._number == self._at + 1 else response

    def addresses(self) -> frozenset[str]:
        return frozenset()

    def close(self) -> None:
        """Nothing is open."""


def _record(recorders: list[Recorder], inner: Transport) -> Recorder:
    recorders.append(Recorder(inner))
    return recorders[-1]


def conversations() -> list[Conversation]:
    """What each task receives when it reads and plans.

    Event channels are left out: a Pull is answered by what the ones before it have taken, and the query has the time.
    """
    found = []
    with stand() as of:
        for variant in VARIANTS.values():
            if "channels" in variant.options.get("gather", ()):
                continue
            recorders: list[Recorder] = []

            of.transport = functools.partial(_record, recorders)
            assert not of.usual(variant.name, check_mode=variant.writes).failed
            found.append(Conversation(variant, recorders[-1].responses))
    for conversation in found:
        run_with(conversation, 0, [])
    return found


def real_messages() -> dict[str, bytes]:
    """The messages in the tests that were captured from Windows and OMI, by the name of their file."""
    return {file.name: file.read_bytes() for file in REAL.glob("*.xml")}


texts = st.one_of(st.sampled_from(ODD), st.text(max_size=20), st.integers().map(str))
changes = st.lists(
    st.builds(Change, st.sampled_from(KINDS), st.floats(0, 0.999), texts), min_size=1, max_size=3
)  # fmt: skip


def run_with(conversation: Conversation, place: float, listed: t.Sequence[Change]) -> None:
    """Read and plan with these changes in one response."""
    task = task_of(conversation.variant)
    options = ArgumentSpecValidator(task.argument_spec, **task.rules).validate(dict(conversation.variant.options))

    def open_session(*, read_only: bool) -> Client:
        return Client(Player(conversation, place, listed), read_only=read_only, pause=lambda _seconds: None)

    tasks.run(task, open_session, options.validated_parameters, check_mode=True)


def read_by_task(conversation: Conversation, place: float, listed: t.Sequence[Change]) -> str:
    """What is wrong when a task reads a changed response; nothing if only typed errors end it."""
    return problem_of(lambda: run_with(conversation, place, listed), ServerError, TaskError)


def read_alone(message: bytes, listed: t.Sequence[Change]) -> str:
    """What is wrong when the parser and all accessors of values read a changed message."""

    def run() -> None:
        root = document.parse(changed(message, listed))
        related = root.find(f"{{{document.SOAP}}}Header/{{{document.ADDRESSING}}}RelatesTo")
        body = envelope.read_body(root, document.text_of(related))
        if body is not None and body.tag == f"{{{document.SOAP}}}Fault":
            str(parse_fault(body))
        for element in itertools.islice(root.iter(), 200):
            _read_values(cim.Instance(element))

    return problem_of(run, ServerError)


def _read_values(instance: cim.Instance) -> None:
    cim.read_reference(instance.element)
    for name in instance.names():
        for read in (
            instance.text, instance.integer, instance.boolean, instance.array, instance.datetime, instance.embedded,
            instance.reference_in,
        ):  # fmt: skip
            try:
                read(name)
            except ServerError as exc:
                str(exc)


def problem_of(run: t.Callable[[], None], *typed: type[Exception]) -> str:
    """What is wrong with how this ends; nothing if it ends in time, with one of these errors or none."""
    begin = time.monotonic()
    try:
        run()
    except typed as exc:
        str(exc)
    except Exception as exc:
        frames = traceback.extract_tb(exc.__traceback__)
        own = [frame for frame in frames if "/plugins/" in frame.filename] or frames
        place = f"{pathlib.Path(own[-1].filename).name} {own[-1].name}"
        return f"{type(exc).__name__} in {place} ({str(exc)[:200]})"
    seconds = time.monotonic() - begin
    return f"it took too long ({seconds:.1f} s)" if seconds > LONGEST_SECONDS else ""
