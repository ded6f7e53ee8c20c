# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchange build numbers and their generations. Private to this collection; no I/O.

Sources: the list of Exchange build numbers; for C(versionNumber) the ServerVersion element of Autodiscover, whose
published example is 738180DA for 14.1.218. Active Directory has service packs and cumulative updates, not rollups.
"""

from __future__ import annotations

import dataclasses
import re

_SERIAL_NUMBER = re.compile(
    r"\s*version\s+(\d{1,9})\.(\d{1,9})\s+\(build\s+(\d{1,9})\.(\d{1,9})\)\s*", re.ASCII | re.IGNORECASE
)
_DOTTED = re.compile(r"\s*(\d+)\.(\d+)\.(\d+)(?:\.(\d+))?\s*", re.ASCII)
_DIRECTORY_OFFSET = 30000  # added to the build in serialNumber

_GENERATIONS = {(8,): "2007", (14,): "2010", (15, 0): "2013", (15, 1): "2016", (15, 2): "2019"}
_FIRST_SUBSCRIPTION_EDITION = 2562  # build of 15.2, a version that SE shares with 2019


class BuildError(ValueError):
    """A text or number is not an Exchange build; the message is one sentence."""


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Build:
    """An Exchange build, sorted by release; its text looks like C(14.1.218.15)."""

    major: int
    minor: int
    build: int
    revision: int = 0

    @classmethod
    def parse(cls, text: str) -> Build:
        """Parse C(Version 14.1 (Build 30218.15)), the format in Active Directory, or C(14.1.218.15).

        The default revision is 0. Raises C(BuildError).
        """
        found = _SERIAL_NUMBER.fullmatch(text) or _DOTTED.fullmatch(text)
        if found is None:
            raise BuildError(f"{text!r} is not an Exchange build such as 14.1.218.15 or Version 14.1 (Build 30218.15)")
        major, minor, build, revision = (int(number or 0) for number in found.groups())
        return cls(major, minor, _without_offset(build), revision)

    @classmethod
    def from_version_number(cls, number: int) -> Build:
        """Parse the int32 C(versionNumber), which has no revision. Raises C(BuildError)."""
        bits = number & 0xFFFFFFFF
        major, minor, build = bits >> 22 & 0x3F, bits >> 16 & 0x3F, bits & 0x7FFF
        if not major:
            raise BuildError(f"the version number {number} contains no major version of Exchange")
        return cls(major, minor, _without_offset(build))

    def __str__(self) -> str:
        return ".".join(str(number) for number in dataclasses.astuple(self))

    @property
    def generation(self) -> str:
        """C(2007), C(2010), C(2013), C(2016), C(2019) or C(SE); empty for any other build."""
        known = _GENERATIONS.get((self.major,)) or _GENERATIONS.get((self.major, self.minor), "")
        return "SE" if known == "2019" and self.build >= _FIRST_SUBSCRIPTION_EDITION else known


def _without_offset(build: int) -> int:
    return build - _DIRECTORY_OFFSET if build >= _DIRECTORY_OFFSET else build
