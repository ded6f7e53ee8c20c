# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the Windows version, the name and the last start of a host. Private to this collection."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._wsman.errors import ResponseLost, ServerError
from .columns import read_columns
from .version import WINDOWS_2012, WindowsVersion

if t.TYPE_CHECKING:
    from .._wsman.client import Client
    from .._wsman.errors import Fault


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Computer:
    """A Windows host; C(last_boot) is in UTC."""

    name: str
    windows: WindowsVersion
    last_boot: datetime.datetime | None


def read_computer(client: Client) -> Computer:
    """Read the computer with one query."""
    operation = "reading the operating system"
    columns = "BuildNumber, CSName, LastBootUpTime"
    found = read_columns(client, "root/cimv2", "Win32_OperatingSystem", columns, operation=operation)
    build = found[0].integer("BuildNumber") if found else None
    if build is None:
        raise ResponseLost(f"{operation} of {client.host} returned no build number")
    return Computer(
        name=found[0].text("CSName") or "",
        windows=WindowsVersion(build),
        last_boot=in_utc(found[0].datetime("LastBootUpTime")),
    )


def read_domain(client: Client) -> str | None:
    """Read the DNS name of the domain of a host; C(None) if it is not a member of one."""
    columns = "Domain, PartOfDomain"
    found = read_columns(client, "root/cimv2", "Win32_ComputerSystem", columns, operation="reading the domain")
    return found[0].text("Domain") if found and found[0].boolean("PartOfDomain") else None


def is_before_2012(client: Client, fault: Fault) -> bool:
    """Whether the build number is that of a version before Windows Server 2012, which lacks many WMI classes.

    C(fault) is why that matters. It is raised if the build number cannot be read.
    """
    try:
        return read_computer(client).windows < WINDOWS_2012
    except ServerError:
        raise fault from None


def in_utc(moment: datetime.datetime | None) -> datetime.datetime | None:
    """Convert to UTC; WMI times without a time zone are in UTC."""
    if moment is None:
        return None
    return moment.replace(tzinfo=datetime.UTC) if moment.tzinfo is None else moment.astimezone(datetime.UTC)


def iso(moment: datetime.datetime | None) -> str | None:
    """Format a UTC time for results, to the second: C(2026-02-03T04:05:06Z)."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
