# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of many names in one sentence."""

from __future__ import annotations

import pytest
from ansible_collections.winha.cluster.plugins.module_utils.name_list import folded, natural

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

FOLDED = {
    ("CAS1",): "CAS1",
    ("CAS2", "CAS1"): "CAS1 and CAS2",
    ("CAS3", "CAS1", "CAS2"): "CAS1 to CAS3",
    ("CAS10", "CAS9", "CAS8"): "CAS8 to CAS10",
    ("CAS08", "CAS09", "CAS10"): "CAS08 to CAS10",
    ("CAS1", "CAS02", "CAS3"): "CAS1, CAS02 and CAS3",
    ("CAS1", "CAS2", "CAS3", "CAS7", "MAIL", "CAS9", "CAS10", "CAS11"): "CAS1 to CAS3, CAS7, CAS9 to CAS11 and MAIL",
    ("cas1", "CAS2", "cas3"): "cas1 to cas3",
    ("EX1A", "EX2A", "EX3A"): "EX1A, EX2A and EX3A",
    ("HH-EX01", "HH-EX02", "B-EX03"): "B-EX03, HH-EX01 and HH-EX02",
    (): "",
}


@pytest.mark.parametrize("names", FOLDED)
def test_names_are_sorted_and_shown_as_ranges(names: tuple[str, ...]) -> None:
    assert folded(names) == FOLDED[names]


@hypothesis.given(st.lists(st.text(alphabet="Aa09-.", max_size=6)))
def test_the_order_is_unique(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=natural) == sorted(backwards, key=natural)
    assert folded(names) == folded(backwards)
