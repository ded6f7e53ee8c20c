# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What two echo requests say about a path."""

from __future__ import annotations

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows.path import Path

# A standard echo that passes is what makes silence about the large one mean something.
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
def test_a_verdict(jumbo: str, standard: str) -> None:
    found = Path(jumbo=jumbo, standard=standard)
    assert found.verdict == VERDICTS[jumbo, standard]
    reason = found.reason("HV01", "HV02", 9000)
    assert bool(reason) == (found.verdict != "passes")
    if reason:
        assert "HV01" in reason


def test_the_reason_names_where_to_look() -> None:
    switch = Path(jumbo="no_answer", standard="passes").reason("HV01", "HV02", 9000)
    assert "the path from HV01 to HV02 carries 1500 octets and not 9000" in switch
    assert "switches" in switch
    own = Path(jumbo="too_big", standard="passes").reason("HV01", "HV02", 9000)
    assert own == "HV01 itself sends no packet of 9000 octets there; look at its adapters"
    assert "nothing is known" in Path(jumbo="no_answer", standard="no_answer").reason("HV01", "HV02", 9000)


def test_a_large_echo_that_was_not_sent_is_no_silence_of_the_other_end() -> None:
    """The standard one was answered, so it would be wrong to say that the other end does not answer at all."""
    reason = Path(jumbo="unknown", standard="passes").reason("HV01", "HV02", 9000)
    assert "does not answer HV01 at all" not in reason
    assert "HV01" in reason
    assert "HV02" in reason
