# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Windows a host runs, and what that means for us. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._wsman.errors import AnswerLost

if t.TYPE_CHECKING:
    from .._wsman.client import Client

# The first build of each Windows Server release, newest first.
_RELEASES = (
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
        """The year as people say it, e.g. C(2008 R2); builds in between count as the release before them."""
        return next((name for first, name in _RELEASES if self.build >= first), "older than 2008")


def read_version(client: Client) -> WindowsVersion:
    """The Windows version of the host, by one query."""
    doing = "reading the Windows version"
    found = client.query("root/cimv2", "SELECT Version, BuildNumber FROM Win32_OperatingSystem", doing=doing)
    build = found[0].integer("BuildNumber") if found else None
    if build is None:
        raise AnswerLost(f"{doing} of {client.host} gave no build number")
    return WindowsVersion(build)
