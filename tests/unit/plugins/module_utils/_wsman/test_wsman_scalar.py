# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers, booleans and dates are read strictly: what CIM does not have is not a value."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows.computer import in_utc
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import new_instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import ResponseLost
from ansible_collections.winha.cluster.plugins.module_utils._wsman.scalar import (
    read_boolean,
    read_date_time,
    read_integer,
)

URI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_X"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1_000",
        "1.0",
        "0x10",
        "1e3",
        "\u0661\u0662",
        "\u00b2",
        "1 2",
        "9" * 21,
        "9" * 5000,
        str(2**64),
        str(-(2**63) - 1),
    ],
)
def test_text_that_is_no_number(text: str) -> None:
    assert read_integer(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (" 5\n", 5),
        ("+5", 5),
        ("-2147024891", -2147024891),
        ("007", 7),
        (str(2**64 - 1), 2**64 - 1),
        (str(-(2**63)), -(2**63)),
    ],
)
def test_numbers(text: str, number: int) -> None:
    assert read_integer(text) == number


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("FALSE", False), (" True ", True), ("yes", None), ("1", None), ("", None)]
)
def test_booleans(text: str, value: bool | None) -> None:
    assert read_boolean(text) is value


@pytest.mark.parametrize(
    "text",
    [
        "2026-W01-1",
        "20260102T030405",
        "2026-01-02",
        "2026-01-02 03:04:05",
        "2026-13-02T03:04:05Z",
        "2026-01-02T03:04:05+2",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "\u0662026-01-02T03:04:05Z",
        "2026-01-02T03:04:05." + "1" * 5000,
    ],
)
def test_text_that_is_no_date(text: str) -> None:
    assert read_date_time(text) is None


@pytest.mark.parametrize("text", ["1601-01-01T00:00:00+14:00", "9998-12-31T23:59:59.1234567-14:00"])
def test_each_date_can_be_converted_to_utc(text: str) -> None:
    found = in_utc(read_date_time(text))
    assert found is not None
    assert found.tzinfo is datetime.UTC


def test_a_long_wrong_value_is_cut_in_the_message() -> None:
    found = new_instance(URI, {"Number": "x" * 100_000, "Flag": "\x1bsoon\n", "Octets": ["1", "two"]})
    reads: dict[str, t.Callable[[], object]] = {
        "should be a number": lambda: found.integer("Number"),
        "should be true or false and is 'soon'": lambda: found.boolean("Flag"),
        "should be a number and is 'two'": lambda: found.integers("Octets"),
        "should be a date": lambda: found.datetime("Number"),
    }
    for words, read in reads.items():
        with pytest.raises(ResponseLost, match=words) as caught:
            read()
        assert len(str(caught.value)) < 250
