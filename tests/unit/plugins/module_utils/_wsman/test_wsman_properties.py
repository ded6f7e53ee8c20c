# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties that hold for any value and any response."""

from __future__ import annotations

import contextlib
import datetime
import typing as t
from xml.etree.ElementTree import Element

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import (
    Instance,
    Reference,
    encode,
    new_instance,
    read_reference,
)
from ansible_collections.winha.cluster.plugins.module_utils._wsman.client import Client
from ansible_collections.winha.cluster.plugins.module_utils._wsman.document import REPLACEMENT, parse, serialize
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import ResponseLost, ServerError, Unreachable
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._wsman.wire import (
    RESOURCE,
    Script,
    W,
    answer,
    body,
    facts,
    fault,
    header,
    instance,
    item,
    page,
    read,
)

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")


def given(*strategies: t.Any) -> t.Callable[[t.Callable[..., None]], t.Callable[..., None]]:
    """Settings of Hypothesis without the time limit, for slow machines."""
    return lambda test: hypothesis.settings(deadline=None)(hypothesis.given(*strategies)(test))


TAG = f"{{{RESOURCE}}}Value"
# The characters that XML allows (XML 1.0, 2.2), without U+FFFE and U+FFFF.
TEXT = st.text(
    st.one_of(
        st.sampled_from("\t\n\r<>&\"']x \xa0\x85\u2028"),
        st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"),
    )
)
REFERENCES = st.recursive(
    st.builds(
        lambda uri, selectors: Reference(resource_uri=uri.strip(), selectors=tuple(selectors)),
        st.from_regex(r"[a-z]{1,9}:[!-~]{0,20}", fullmatch=True),
        st.lists(st.tuples(TEXT, TEXT), max_size=3),
    ),
    lambda inner: st.builds(
        lambda selectors: Reference(resource_uri=RESOURCE, selectors=tuple(selectors)),
        st.lists(st.tuples(TEXT, inner), max_size=2),
    ),
    max_leaves=4,
)
WELL_FORMED = [
    instance("<p:A>1</p:A><p:B xsi:nil='true'/>"),
    page(item("vm1"), context="1"),
    page(item("vm1"), end=True, pulled=True),
    fault("w:InternalError", detail="<x Code='1'>0x80041002</x>"),
    answer(""),
]


def carried(value: t.Any) -> Instance:
    """A parsed object with this property."""
    element = Element(f"{{{RESOURCE}}}X")
    element.extend(encode(TAG, value))
    return Instance(parse(serialize(element).encode()))


YEARS = datetime.datetime(1601, 1, 1), datetime.datetime(9998, 12, 31)


@given(TEXT)
def test_a_text_is_unchanged(value: str) -> None:
    assert carried(value).text("Value") == value


@given(st.lists(TEXT, min_size=1))
def test_an_array_of_texts_is_unchanged(value: list[str]) -> None:
    assert carried(value).array("Value") == tuple(value)


@given(st.integers(-(2**63), 2**64 - 1))
def test_a_number_is_unchanged(value: int) -> None:
    assert carried(value).integer("Value") == value


@given(st.one_of(st.none(), st.booleans()))
def test_a_boolean_is_unchanged(value: bool | None) -> None:
    assert carried(value).boolean("Value") is value


@given(st.binary(min_size=1))
def test_bytes_are_unchanged(value: bytes) -> None:
    assert bytes(carried(value).integers("Value") or ()) == value


@given(st.datetimes(*YEARS, timezones=st.just(datetime.UTC)))
def test_a_date_and_time_is_unchanged(value: datetime.datetime) -> None:
    assert carried(value).datetime("Value") == value


@given(REFERENCES)
def test_a_reference_is_unchanged(value: Reference) -> None:
    assert carried(value).reference_in("Value") == value
    (element,) = encode(TAG, value)
    assert read_reference(element) == value


@given(st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True), TEXT, max_size=5))
def test_an_object_is_unchanged(properties: dict[str, str]) -> None:
    inner = carried(new_instance(f"{RESOURCE}_Inner", properties)).embedded("Value")
    assert inner is not None
    assert {child.tag: child.text or "" for child in inner.element} == {
        f"{{{RESOURCE}_Inner}}{name}": value for name, value in properties.items()
    }


@given(st.lists(st.tuples(TEXT, TEXT), max_size=4))
def test_selectors_are_unchanged(selectors: list[tuple[str, str]]) -> None:
    script = Script(instance(""))
    Client(script).get(Reference(resource_uri=RESOURCE, selectors=tuple(selectors)), operation="reading")
    found = header(script.sent[0]).iterfind(f"{W}SelectorSet/{W}Selector")
    assert [(one.get("Name"), one.text or "") for one in found] == selectors


@given(TEXT.filter(bool))
def test_a_query_is_unchanged(wql: str) -> None:
    script = Script(page(end=True))
    Client(script).query("root/cimv2", wql, operation="asking")
    assert body(script.sent[0]).findtext(f"{W}Filter") == wql


@given(TEXT, TEXT, TEXT)
def test_an_edit_changes_nothing_else(untouched: str, before: str, after: str) -> None:
    hypothesis.assume(REPLACEMENT not in untouched + before)
    given_object = new_instance(RESOURCE, {"Untouched": untouched, "Edited": before, "Octets": b"\x01\x02"})
    got = answer(serialize(given_object.element))
    script = Script(*[got] * (1 if before == after else 3))
    written = Client(script).put(
        Reference(resource_uri=RESOURCE),
        lambda old: old.with_property("Edited", after),
        ["Edited"],
        operation="editing",
    )
    assert written.sent is (before != after)
    if written.sent:
        expected = body(read(got))
        expected[1].text = after or None
        assert facts(body(script.sent[1])) == facts(expected)


@given(st.binary())
def test_bytes_are_xml_or_a_lost_response(octets: bytes) -> None:
    try:
        root = parse(octets)
    except ResponseLost:
        return
    assert isinstance(root, Element)


@given(st.sampled_from(WELL_FORMED), st.data())
def test_a_damaged_response_raises_only_errors_of_the_client(text: str, data: t.Any) -> None:
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, min(len(text), at + 60)))
    damaged = text[:at] + data.draw(st.one_of(st.text(max_size=8), st.just(""))) + text[until:]
    reads: list[t.Callable[[Client], object]] = [
        lambda client: client.get(Reference(resource_uri=RESOURCE), operation="reading"),
        lambda client: client.query("root/cimv2", "x", operation="asking"),
    ]
    for ask in reads:
        script = Script(*[damaged.encode("utf-8", "replace")] * 9)
        with contextlib.suppress(ServerError):
            ask(Client(Related(script), pause=lambda _seconds: None))
        assert script.sent


class Related:
    """Returns the bytes of a script as responses to the current message, and then closes the connection."""

    host, url = Script.host, Script.url

    def __init__(self, script: Script) -> None:
        self._script = script

    def send(self, message: str) -> bytes:
        if not self._script.left:
            raise Unreachable("that was all")
        number = message.partition("<a:MessageID>")[2].partition("<")[0]
        return self._script.send(message).replace(b"to be replaced", number.encode())
