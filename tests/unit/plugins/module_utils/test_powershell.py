# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of quoting names with any quotation marks."""

from __future__ import annotations

import pytest
from ansible_collections.winha.cluster.plugins.module_utils.powershell import quoted


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("DB 1", "'DB 1'"),
        ("DB O'Brien", "'DB O''Brien'"),
        ("DB O\u2019Brien", "'DB O\u2019\u2019Brien'"),
        ("a\u2018b\u201ac\u201bd", "'a\u2018\u2018b\u201a\u201ac\u201b\u201bd'"),
        ("$(x); y `z`\n| w", "'$(x); y `z` | w'"),
    ],
)
def test_a_name_is_quoted(name: str, word: str) -> None:
    assert quoted(name) == word
