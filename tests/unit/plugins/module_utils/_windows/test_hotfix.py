# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the formats of InstalledOn."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows.hotfix import day_of, read_hotfixes
from ansible_collections.winha.cluster.tests.unit.plugins.module_utils._windows.fake_host import CIMV2, FakeHost
from hypothesis import given
from hypothesis import strategies as st

FIRST, LAST = datetime.date(1990, 1, 1), datetime.date(2100, 12, 31)


@given(day=st.dates(FIRST, LAST))
def test_a_date_in_all_formats_of_windows(day: datetime.date) -> None:
    ticks = (day - datetime.date(1601, 1, 1)).days * 86400 * 10_000_000
    for text in (f"{day.month}/{day.day}/{day.year}", f"{day:%m/%d/%Y}", f"{day:%Y%m%d}", f"{ticks:016x}"):
        assert day_of(text) == day


@pytest.mark.parametrize(
    "text", ["", " ", "14.10.2025", "31/12/2025", "10/14/25", "2025-10-14", "0000", "ffffffffffffffff", "today"]
)
def test_other_formats_are_none(text: str) -> None:
    assert day_of(text) is None


def test_the_installed_hotfixes() -> None:
    """By number, each once with its first valid date; rows of files are not hotfixes."""
    rows = [
        {"HotFixID": "KB10", "InstalledOn": "10/14/2025"},
        {"HotFixID": "File 1", "InstalledOn": ""},
        {"HotFixID": " kb9 ", "InstalledOn": "14.10.2025"},
        {"HotFixID": "KB9", "InstalledOn": "20251015"},
    ]
    found = read_hotfixes(t.cast("t.Any", FakeHost({(CIMV2, "Win32_QuickFixEngineering"): rows})))
    assert [(one.id, one.installed_on) for one in found] == [
        ("KB9", datetime.date(2025, 10, 15)),
        ("KB10", datetime.date(2025, 10, 14)),
    ]
