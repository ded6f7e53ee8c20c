# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The computer itself: its Windows, its name, its last start. Private to this collection."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._wsman.errors import ResponseLost
from .version import WindowsVersion

if t.TYPE_CHECKING:
    from .._wsman.client import Client


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Computer:
    """A Windows machine; C(last_boot) is in UTC."""

    name: str
    windows: WindowsVersion
    last_boot: datetime.datetime | None


def read_computer(client: Client) -> Computer:
    """The computer, by one query."""
    operation = "reading the operating system"
    wql = "SELECT BuildNumber, CSName, LastBootUpTime FROM Win32_OperatingSystem"
    found = client.query("root/cimv2", wql, operation=operation)
    build = found[0].integer("BuildNumber") if found else None
    if build is None:
        raise ResponseLost(f"{operation} of {client.host} gave no build number")
    return Computer(
        name=found[0].text("CSName") or "",
        windows=WindowsVersion(build),
        last_boot=in_utc(found[0].datetime("LastBootUpTime")),
    )


def in_utc(moment: datetime.datetime | None) -> datetime.datetime | None:
    """A point in time in UTC; WMI's own are in UTC when they do not say where they are."""
    if moment is None:
        return None
    return moment.replace(tzinfo=datetime.UTC) if moment.tzinfo is None else moment.astimezone(datetime.UTC)


def iso(moment: datetime.datetime | None) -> str | None:
    """A point in time in UTC as results give it, to the second: C(2026-02-03T04:05:06Z)."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
