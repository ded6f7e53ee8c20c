# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the bytes of a property list against the layout in the specification."""

from __future__ import annotations

import struct
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows.property_list import PropertyListError, decode
from ansible_collections.winha.cluster.plugins.module_utils._windows.property_list import encode as property_list
from hypothesis import given
from hypothesis import strategies as st


def test_the_offline_action_is_encoded_in_56_bytes() -> None:
    assert property_list({"OfflineAction": 2}).hex() == (
        "01000000030004001c0000004f00660066006c0069006e00650041006300740069006f006e000000"
        "02000100040000000200000000000000"
    )


def test_a_threshold_is_encoded_in_68_bytes() -> None:
    assert property_list({"SameSubnetThreshold": 20}).hex() == (
        "01000000030004002800000053"
        "0061006d0065005300750062006e006500740054006800720065007300680"
        "06f006c0064000000020001000400000014000000"
        "00000000"
    )


def test_a_list_of_texts_ends_with_an_empty_text() -> None:
    assert property_list({"A": ["x", "yz"], "B": []}).hex(" ", 4) == (
        "02000000 03000400 04000000 41000000 05000100 0c000000 78000000 79007a00 00000000 00000000 "
        "03000400 04000000 42000000 05000100 02000000 00000000 00000000"
    )


@given(st.dictionaries(st.from_regex(r"[A-Za-z]{1,30}", fullmatch=True), st.integers(0, 2**32 - 1), max_size=5))
def test_the_encoded_list_contains_every_value(values: dict[str, int]) -> None:
    data = property_list(values)
    (total,) = struct.unpack_from("<I", data)
    at, found = 4, {}
    for _turn in range(total):
        syntax, size = struct.unpack_from("<II", data, at)
        assert syntax == 0x00040003
        name = data[at + 8 : at + 8 + size].decode("utf-16-le")
        assert name.endswith("\0")
        at += 8 + size + (-size % 4)
        syntax, size, value, end = struct.unpack_from("<IIII", data, at)
        assert (syntax, size, end) == (0x00010002, 4, 0)
        found[name.rstrip("\0")] = value
        at += 16
    assert at == len(data)
    assert found == values


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z]{1,30}", fullmatch=True),
        st.integers(0, 2**32 - 1) | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
        max_size=5,
    )
)
def test_what_was_encoded_is_decoded(values: dict[str, t.Any]) -> None:
    assert decode(property_list(values)) == values


def test_lists_and_later_values_are_passed_over() -> None:
    data = property_list({"A": ["x", "yz"], "B": 7})
    assert decode(data) == {"B": 7}
    more = struct.pack("<III", 0x00010002, 4, 9)  # a second value of B
    assert decode(data[:-4] + more + data[-4:]) == {"B": 9}
    short = struct.pack("<IIHxx", 0x00010002, 2, 9)  # two bytes are no DWORD
    assert decode(data[:-4] + short + data[-4:]) == {"B": 7}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\1\0\0",
        property_list({"A": 1})[:-4],  # without its end
        property_list({"A": 1})[:-6],
        struct.pack("<III", 1, 0x00010002, 0),  # a value without a name
        struct.pack("<III", 1, 0x00040003, 5) + b"A\0\0\0",  # a name that ends after the list
        struct.pack("<III", 1, 0x00040003, 4) + b"\x00\xd8\0\0" + b"\0\0\0\0",  # half a character
    ],
)
def test_other_bytes_are_no_property_list(data: bytes) -> None:
    with pytest.raises(PropertyListError):
        decode(data)


def test_a_name_that_ends_with_the_list_is_whole() -> None:
    whole = struct.pack("<III", 1, 0x00040003, 4) + b"A\0\0\0"
    assert decode(whole + b"\0\0\0\0") == {}
    with pytest.raises(PropertyListError, match="unpack_from"):
        decode(whole)
