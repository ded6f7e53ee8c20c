# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the verdict about a path from two echo requests."""

from __future__ import annotations

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows.path import Path

# No reply to the large echo request is a failure only if the standard one passes.
VERDICTS = {
    ("passes", "passes"): "passes",
    ("passes", "too_big"): "passes",
    ("passes", "no_answer"): "passes",
    ("passes", "unknown"): "passes",
    ("too_big", "passes"): "fails",
    ("too_big", "too_big"): "fails",
    ("too_big", "no_answer"): "fails",
    ("too_big", "unknown"): "fails",
    ("no_answer", "passes"): "fails",
    ("no_answer", "too_big"): "unknown",
    ("no_answer", "no_answer"): "unknown",
    ("no_answer", "unknown"): "unknown",
    ("unknown", "passes"): "unknown",
    ("unknown", "too_big"): "unknown",
    ("unknown", "no_answer"): "unknown",
    ("unknown", "unknown"): "unknown",
}


@pytest.mark.parametrize(("jumbo", "standard"), VERDICTS)
def test_the_verdict_of_two_results(jumbo: str, standard: str) -> None:
    found = Path(jumbo=jumbo, standard=standard)
    assert found.verdict == VERDICTS[jumbo, standard]
    reason = found.reason("HV01", "HV02", 9000)
    assert bool(reason) == (found.verdict != "passes")
    if reason:
        assert "HV01" in reason


def test_the_reason_names_what_to_check() -> None:
    switch = Path(jumbo="no_answer", standard="passes").reason("HV01", "HV02", 9000)
    assert "the path from HV01 to HV02 supports packets of 1500 bytes but not of 9000" in switch
    assert "switches" in switch
    own = Path(jumbo="too_big", standard="passes").reason("HV01", "HV02", 9000)
    assert own == "HV01 itself cannot send packets of 9000 bytes; check its adapters"
    assert "the result is unknown" in Path(jumbo="no_answer", standard="no_answer").reason("HV01", "HV02", 9000)


def test_an_unknown_large_result_is_not_reported_as_no_reply() -> None:
    """The standard echo request got a reply, so the reason must not be that the target does not reply."""
    reason = Path(jumbo="unknown", standard="passes").reason("HV01", "HV02", 9000)
    assert "got no reply" not in reason
    assert "HV01" in reason
    assert "HV02" in reason
