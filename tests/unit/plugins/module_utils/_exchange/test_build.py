# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchange builds in the format of Active Directory and of version numbers."""

from __future__ import annotations

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._exchange.build import Build, BuildError

WRITTEN = {
    "Version 14.0 (Build 30639.21)": "14.0.639.21",
    "Version 14.1 (Build 30218.15)": "14.1.218.15",
    "Version 15.1 (Build 32507.006)": "15.1.2507.6",
    "version 15.2 (build 31118.007)": "15.2.1118.7",
    "Version 8.3 (Build 30083.6)": "8.3.83.6",
    "Version 15.2 (Build 30000.1)": "15.2.0.1",
    "14.3.513.0": "14.3.513.0",
    " 15.2.2562.17 ": "15.2.2562.17",
    "14.1.218": "14.1.218.0",
}
# Releases from the published list of build numbers, and the newest build of 2019 before SE took over its version.
GENERATIONS = {
    "8.3.83.6": "2007",
    "14.0.639.21": "2010",
    "14.3.513.0": "2010",
    "15.0.516.32": "2013",
    "15.1.225.42": "2016",
    "15.2.221.12": "2019",
    "15.2.2561.9999": "2019",
    "15.2.2562.17": "SE",
    "15.3.1.1": "",
    "16.0.1.1": "",
    "6.5.7638.1": "",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_a_build_is_written_with_dots(text: str) -> None:
    assert str(Build.parse(text)) == WRITTEN[text]


@pytest.mark.parametrize("text", GENERATIONS)
def test_a_build_belongs_to_a_generation(text: str) -> None:
    assert Build.parse(text).generation == GENERATIONS[text]


def test_builds_are_compared_as_numbers() -> None:
    texts = ["14.3.123.4", "Version 14.2 (Build 30309.002)", "15.0.516.32", "14.1.218.15", "14.2.247.5"]
    assert [texts.index(text) for text in sorted(texts, key=Build.parse)] == [3, 4, 1, 0, 2]
    assert Build.parse("Version 15.1 (Build 32507.006)") == Build.parse("15.1.2507.6")


def test_the_published_example_of_a_version_number() -> None:
    assert Build.from_version_number(0x738180DA) == Build.parse("14.1.218")


def test_a_version_number_may_contain_the_offset_of_30000() -> None:
    """30000 plus the newest builds fits into 15 bits."""
    assert Build.from_version_number(0x70000000 | 15 << 22 | 2 << 16 | 1 << 15 | 32562) == Build.parse("15.2.2562")


@pytest.mark.parametrize(
    "text",
    ["", "14", "14.1", "14.1.218.15.3", "Version 14.1", "14.1.x.2", "-14.1.218.15", "14.1.٢١٨.15", "Exchange 2010"],
)
def test_an_invalid_build_is_refused(text: str) -> None:
    with pytest.raises(BuildError, match="is not an Exchange build"):
        Build.parse(text)


@pytest.mark.parametrize("number", [0, 218, 0x70008000])
def test_a_version_number_without_a_major_version_is_refused(number: int) -> None:
    with pytest.raises(BuildError, match=str(number)):
        Build.from_version_number(number)
