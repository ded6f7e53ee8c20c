# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the value that is closest to the wanted one, for each kind of driver."""

from __future__ import annotations

import re

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import advanced_property as driver
from ansible_collections.winha.cluster.plugins.module_utils._windows.advanced_property import (
    PropertyDefinition,
    UnsupportedValueError,
)
from hypothesis import assume, given
from hypothesis import strategies as st

JUMBO, BUFFERS = "*JumboPacket", "*ReceiveBuffers"

# Frame sizes; the stored one is the smallest.
ENUM = PropertyDefinition(
    keyword=JUMBO, value="1514", choices=(("1514", "Disabled"), ("4088", "4088 Bytes"), ("9014", "9014 Bytes"))
)
LARGER_ENUM = PropertyDefinition(keyword=JUMBO, value="1514", choices=(*ENUM.choices, ("16128", "16128 Bytes")))
KILOBYTES = PropertyDefinition(
    keyword=JUMBO, value="1514", choices=(("1514", "Disabled"), ("4088", "4KB MTU"), ("9014", "9KB MTU"))
)
INDEX = PropertyDefinition(
    keyword=JUMBO, value="0", choices=(("0", "Disabled"), ("1", "4088 Bytes"), ("2", "9014 Bytes"))
)
COMMAS = PropertyDefinition(
    keyword=JUMBO, value="0", choices=(("0", "Disabled"), ("1", "4,088 Bytes"), ("2", "9,014 Bytes"))
)
NO_HEADER_INDEX = PropertyDefinition(keyword=JUMBO, value="0", choices=(("0", "1500"), ("1", "9000")))
NO_HEADER = PropertyDefinition(keyword=JUMBO, value="1500", lowest=600, highest=9600, default="1500")
HEADER = PropertyDefinition(keyword=JUMBO, value="1514", lowest=600, highest=9600, default="1514")
STEP = PropertyDefinition(keyword=JUMBO, value="1514", lowest=1514, highest=9014, step=500, default="1514")
ODD_STEP = PropertyDefinition(keyword=JUMBO, value="1514", lowest=1514, highest=9700, step=1000, default="1514")
SMALL = PropertyDefinition(keyword=JUMBO, value="1514", choices=ENUM.choices[:2])
VENDOR = PropertyDefinition(keyword="MaxFrameSize", value="1500", lowest=64, highest=9600, default="1500")
VENDOR_NO_DEFAULT = PropertyDefinition(keyword="MaxFrameSize", value="1500", lowest=64, highest=9600)
NO_DEFAULT = PropertyDefinition(keyword=JUMBO, value="1514", lowest=600, highest=9600)

MTUS = {
    "a list": (ENUM, 9000, "9014", 9000, False),
    "a list, off": (ENUM, 1500, "1514", 1500, False),
    "a list, in between": (ENUM, 2000, "4088", 4074, False),
    "a list, below the smallest": (ENUM, 576, "1514", 1500, False),
    "a list with a larger size": (LARGER_ENUM, 9000, "9014", 9000, False),
    "a list with a larger size, above 9000": (LARGER_ENUM, 9001, "16128", 16114, False),
    "a list with texts in kilobytes": (KILOBYTES, 9000, "9014", 9000, False),
    "an index": (INDEX, 9000, "2", 9000, False),
    "an index, off": (INDEX, 1500, "0", 1500, False),
    "an index, too large": (INDEX, 9001, "2", 9000, True),
    "an index with commas": (COMMAS, 9000, "2", 9000, False),
    "an index without the header": (NO_HEADER_INDEX, 9000, "1", 9000, False),
    "a range without the header": (NO_HEADER, 9000, "9000", 9000, False),
    "a range without the header, its end": (NO_HEADER, 9601, "9600", 9600, True),
    "a range with the header": (HEADER, 9000, "9014", 9000, False),
    "a range with the header, its end": (HEADER, 9587, "9600", 9586, True),
    "a range without a default": (NO_DEFAULT, 9000, "9014", 9000, False),
    "a range with a step": (STEP, 9000, "9014", 9000, False),
    "a range with a step, in between": (STEP, 1501, "2014", 2000, False),
    "a step that misses the end": (ODD_STEP, 9000, "9514", 9500, False),
    "a step that misses the end, beyond": (ODD_STEP, 9600, "9514", 9500, True),
    "a small list": (SMALL, 9000, "4088", 4074, True),
    "a vendor's keyword": (VENDOR, 9000, "9000", 9000, False),
    "a vendor's keyword without a default": (VENDOR_NO_DEFAULT, 9000, "9000", 9000, False),
}


@pytest.mark.parametrize("case", MTUS)
def test_the_target_of_an_mtu(case: str) -> None:
    definition, wanted, value, number, capped = MTUS[case]
    found = driver.mtu_target(definition, wanted)
    assert (found.keyword, found.value, found.number, found.capped) == (definition.keyword, value, number, capped)
    assert driver.mtu_of(definition, value) == number


@pytest.mark.parametrize(
    ("definition", "mtu"),
    [
        (ENUM, 1500),
        (KILOBYTES, 1500),
        (INDEX, 1500),
        (COMMAS, 1500),
        (NO_HEADER_INDEX, 1500),
        (NO_HEADER, 1500),
        (HEADER, 1500),
        (VENDOR, 1500),
        (PropertyDefinition(keyword=JUMBO, value="7", choices=INDEX.choices), None),
        (PropertyDefinition(keyword=JUMBO, value="", lowest=600, highest=9600), None),
        (PropertyDefinition(keyword=JUMBO, value="on", lowest=600, highest=9600), None),
    ],
)
def test_the_mtu_of_the_stored_value(definition: PropertyDefinition, mtu: int | None) -> None:
    assert driver.mtu_of(definition) == mtu


INDICES = ("1024", "2048", "4096", "8192", "16384", "32768")
RING = PropertyDefinition(
    keyword="ReceiveBuffers", value="4", choices=tuple((str(at), text) for at, text in enumerate(INDICES))
)
SMALL_RING = PropertyDefinition(
    keyword=BUFFERS, value="32", choices=tuple((text, text) for text in ("32", "64", "128"))
)


def range_of(lowest: int, highest: int, step: int = 1) -> PropertyDefinition:
    return PropertyDefinition(keyword=BUFFERS, value=str(lowest), lowest=lowest, highest=highest, step=step)


RINGS = {
    "1 Gb/s": (range_of(80, 2048, 8), 8192, "2048", 2048, True),
    "10 Gb/s": (range_of(80, 4096, 8), 8192, "4096", 4096, True),
    "enough": (range_of(256, 8192), 8192, "8192", 8192, False),
    "more than enough": (range_of(0, 16384), 8192, "8192", 8192, False),
    "a step below": (range_of(80, 4096, 8), 1003, "1000", 1000, True),
    "a step that misses the end": (range_of(80, 4090, 64), 8192, "4048", 4048, True),
    "below the smallest": (range_of(80, 2048, 8), 10, "80", 80, False),
    "an index": (RING, 8192, "3", 8192, False),
    "an index, in between": (RING, 8000, "2", 4096, True),
    "an index, beyond": (RING, 65536, "5", 32768, True),
    "an index, below the smallest": (RING, 512, "0", 1024, False),
    "a list of small numbers": (SMALL_RING, 8192, "128", 128, True),
    "the smallest of a list of small numbers": (SMALL_RING, 32, "32", 32, False),
}


@pytest.mark.parametrize("case", RINGS)
def test_the_target_of_receive_buffers(case: str) -> None:
    definition, wanted, value, number, capped = RINGS[case]
    found = driver.buffers_target(definition, wanted)
    assert (found.value, found.number, found.capped) == (value, number, capped)
    assert driver.buffers_of(definition, value) == number


@pytest.mark.parametrize(
    "definition",
    [
        PropertyDefinition(keyword=BUFFERS, value="512"),
        PropertyDefinition(keyword=BUFFERS, value="512", lowest=80),
        PropertyDefinition(keyword=BUFFERS, value="512", highest=4096),
        PropertyDefinition(keyword=BUFFERS, value="512", lowest=80, highest=0),
        PropertyDefinition(keyword=BUFFERS, value="0", choices=(("0", "Low"), ("1", "High"))),
    ],
    ids=["nothing", "no maximum", "no minimum", "a maximum below the minimum", "texts without numbers"],
)
def test_a_driver_without_valid_values_is_an_error(definition: PropertyDefinition) -> None:
    for choose in (driver.buffers_target, driver.mtu_target):
        if choose is driver.mtu_target and definition.choices:
            continue
        with pytest.raises(UnsupportedValueError, match=r"^the driver lists no valid values for \*ReceiveBuffers$"):
            choose(definition, 8192)


def test_texts_that_are_not_sizes_are_ignored() -> None:
    """Only the first text is a size. The driver may still support jumbo frames."""
    definition = PropertyDefinition(
        keyword=JUMBO, value="0", choices=(("0", "Disabled"), ("1", "4KB MTU"), ("2", "9KB MTU"))
    )
    assert driver.mtu_of(definition) == 1500
    assert driver.mtu_of(definition, "2") is None
    assert driver.mtu_target(definition, 1500).value == "0"
    with pytest.raises(UnsupportedValueError, match=r"0 \(Disabled\), 1 \(4KB MTU\), 2 \(9KB MTU\)"):
        driver.mtu_target(definition, 9000)


@pytest.mark.parametrize("value", ["", "-1", "2049", "79", "81", "many", "256 ", " 256", "0x100", "1e3", "²", "True"])
def test_a_value_outside_the_range_is_an_error(value: str) -> None:
    with pytest.raises(UnsupportedValueError, match=r"the driver supports 80 to 2048 in steps of 8$"):
        driver.verbatim_target(range_of(80, 2048, 8), value)


@pytest.mark.parametrize("value", ["", "9000", "1514 ", "Disabled", "01514"])
def test_a_value_outside_the_list_is_an_error(value: str) -> None:
    with pytest.raises(
        UnsupportedValueError, match=r"supports 1514 \(Disabled\), 4088 \(4088 Bytes\), 9014 \(9014 Bytes\)$"
    ):
        driver.verbatim_target(ENUM, value)


@pytest.mark.parametrize(
    ("definition", "value"),
    [(range_of(80, 2048, 8), "88"), (INDEX, "2"), (PropertyDefinition(keyword="NetworkAddress", value=""), "²")],
)
def test_a_supported_value_is_not_changed(definition: PropertyDefinition, value: str) -> None:
    found = driver.verbatim_target(definition, value)
    assert (found.keyword, found.value, found.capped) == (definition.keyword, value, False)


RANGES = st.builds(
    lambda lowest, size, step, default, keyword: PropertyDefinition(
        keyword=keyword, value=str(lowest), lowest=lowest, highest=lowest + size, step=step, default=default
    ),
    st.integers(0, 9600),
    st.integers(0, 20000),
    st.integers(1, 30000),
    st.sampled_from(["", "1500", "1514", "4096"]),
    st.sampled_from([JUMBO, BUFFERS, "MaxFrameSize"]),
)
SIZES = st.lists(st.integers(600, 20000), min_size=1, max_size=6, unique=True)
LISTS = SIZES.map(lambda sizes: tuple((str(size), f"{size} Bytes") for size in sizes))
INDEXED = SIZES.map(lambda sizes: tuple((str(at), f"{size:,} Bytes") for at, size in enumerate(sizes)))
CHOICES = st.builds(
    lambda choices, keyword: PropertyDefinition(keyword=keyword, value=choices[0][0], choices=choices),
    st.one_of(LISTS, INDEXED),
    st.sampled_from([JUMBO, "MaxFrameSize"]),
)
DEFINITIONS = st.one_of(RANGES, CHOICES)
WANTED = st.one_of(st.integers(0, 40000), st.sampled_from([1500, 9000, 8192]))


def supported(definition: PropertyDefinition, value: str) -> bool:
    """Whether the driver supports a value."""
    if definition.choices:
        return value in dict(definition.choices)
    assert definition.lowest is not None
    assert definition.highest is not None
    return int(value) in range(definition.lowest, definition.highest + 1, definition.step)


@pytest.mark.parametrize("kind", ["mtu", "buffers"])
@given(definition=DEFINITIONS, wanted=WANTED)
def test_the_target_is_supported_and_stable(kind: str, definition: PropertyDefinition, wanted: int) -> None:
    choose, meaning = (
        (driver.mtu_target, driver.mtu_of) if kind == "mtu" else (driver.buffers_target, driver.buffers_of)
    )
    found = choose(definition, wanted)
    assert supported(definition, found.value)
    assert meaning(definition, found.value) == found.number
    again = choose(definition, found.number)
    assert (again.value, again.number, again.capped) == (found.value, found.number, False)
    assert found.capped == (found.number < wanted)
    driver.verbatim_target(definition, found.value)


@given(definition=DEFINITIONS, wanted=WANTED)
def test_no_supported_value_is_closer(definition: PropertyDefinition, wanted: int) -> None:
    if definition.choices:
        values = [value for value, _text in definition.choices]
    else:
        assert definition.lowest is not None
        assert definition.highest is not None
        assume((definition.highest - definition.lowest) // definition.step < 500)
        values = [str(number) for number in range(definition.lowest, definition.highest + 1, definition.step)]
    sizes = sorted(t for t in (driver.mtu_of(definition, value) for value in values) if t is not None)
    enough = [size for size in sizes if size >= wanted]
    assert driver.mtu_target(definition, wanted).number == (enough[0] if enough else sizes[-1])
    counts = sorted(t for t in (driver.buffers_of(definition, value) for value in values) if t is not None)
    fewer = [count for count in counts if count <= wanted]
    assert driver.buffers_target(definition, wanted).number == (fewer[-1] if fewer else counts[0])


@given(definition=DEFINITIONS, value=st.one_of(st.text(max_size=6), st.integers(-5, 40000).map(str)))
def test_a_value_is_an_error_if_and_only_if_it_is_not_supported(definition: PropertyDefinition, value: str) -> None:
    readable = bool(definition.choices) or (value.isascii() and value.isdigit())
    if readable and supported(definition, value):
        assert driver.verbatim_target(definition, value).value == value
    else:
        with pytest.raises(UnsupportedValueError, match=f"^{re.escape(definition.keyword)} "):
            driver.verbatim_target(definition, value)
