# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Windows Server release of a host. Private to this collection."""

from __future__ import annotations

import dataclasses

# The first build of each Windows Server release, newest first.
RELEASES = (
    (26100, "2025"),
    (20348, "2022"),
    (17763, "2019"),
    (14393, "2016"),
    (9600, "2012 R2"),
    (9200, "2012"),
    (7600, "2008 R2"),
    (6001, "2008"),
)


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class WindowsVersion:
    """A Windows Server release by its build number, e.g. 14393 for 2016."""

    build: int

    @property
    def name(self) -> str:
        """The name of the release, e.g. C(2008 R2); a build in between belongs to the release before it."""
        return next((name for first, name in RELEASES if self.build >= first), "older than 2008")


WINDOWS_2012 = WindowsVersion(9200)
