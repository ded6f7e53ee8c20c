# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.winha.cluster.plugins.module_utils.errors import (
    LONGEST_SENTENCE,
    TaskError,
    Unreachable,
    one_line,
    shorten,
)


def test_a_sentence_with_a_very_long_value_keeps_its_end() -> None:
    error = TaskError(f"Nothing was written: the SPN is on CN={'a' * 200_000}. Delete it from the other account.")
    assert len(str(error)) == LONGEST_SENTENCE
    assert str(error).startswith("Nothing was written: the SPN is on CN=aaa")
    assert str(error).endswith("aaa. Delete it from the other account.")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("As it is:  two spaces.", "As it is:  two spaces."),
        ("Two\r\nlines and a\x00 zero.", "Two lines and a zero."),
        ("x" * LONGEST_SENTENCE, "x" * LONGEST_SENTENCE),
    ],
)
def test_a_sentence_is_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_received_value_is_cut_at_its_end() -> None:
    assert shorten("a\tb " * 100, 10) == "a b a ..."
    assert shorten("a\tb", 10) == "a b"


def test_the_detail_of_an_error_is_cut_and_its_advice_is_not() -> None:
    error = Unreachable("b" * 2000)
    error.operation, error.host = "connecting", "hv01"
    assert str(error).startswith("Connecting on hv01 failed: bbb")
    assert str(error).endswith(" .... Check the address, the port, the firewall, and that WinRM is running.")
