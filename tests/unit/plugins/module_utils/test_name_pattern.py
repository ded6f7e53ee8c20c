# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of names that may be wildcards."""

from __future__ import annotations

import pytest
from ansible_collections.winha.cluster.plugins.module_utils.name_pattern import meant

NAMES = ["EX01", "EX1", "EX[01]", "LAN* 1", "LAN 21", "FILE01"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("ex01", {"EX01"}),
        ("EX[01]", {"EX[01]"}),
        ("EX[12]", {"EX1"}),
        ("LAN* 1", {"LAN* 1"}),
        ("LAN*1", {"LAN* 1", "LAN 21"}),
        ("EX??", {"EX01"}),
        ("*", set(NAMES)),
        ("nobody", set()),
    ],
)
def test_a_name_that_is_there_is_no_wildcard(pattern: str, expected: set[str]) -> None:
    assert meant(pattern, NAMES) == expected


def test_a_star_means_all_names_even_if_it_is_one() -> None:
    assert meant("*", ["*", "EX01"]) == {"*", "EX01"}
