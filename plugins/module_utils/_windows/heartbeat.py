# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heartbeat settings of a cluster: names, ranges and defaults by Windows version. Private to this collection.

Sources: the MSCS reference of the cluster common properties (ranges), TechNet dd197562 (2008 and 2008 R2), the defaults
that Microsoft published up to 2019, and KB3153887 (2012 R2). For 2022 and 2025 the defaults of 2019 are assumed.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .version import WINDOWS_2012, WindowsVersion

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance

_WINDOWS_2012_R2 = WindowsVersion(9600)
_WINDOWS_2016 = WindowsVersion(14393)
_WINDOWS_2019 = WindowsVersion(17763)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One heartbeat setting: option, cluster property and range; delays are in milliseconds."""

    option: str
    property: str
    lowest: int
    highest: int

    def range(self, version: WindowsVersion) -> tuple[int, int]:
        """The lowest and the highest value that this Windows version allows."""
        if self.option.endswith("_threshold") and version < WINDOWS_2012:
            return self.lowest, 10
        return self.lowest, self.highest


@dataclasses.dataclass(frozen=True, slots=True)
class Timeout:
    """A heartbeat timeout: delay times threshold, after which the cluster removes a node."""

    name: str

    @property
    def delay(self) -> str:
        return f"{self.name}_delay"

    @property
    def threshold(self) -> str:
        return f"{self.name}_threshold"

    def seconds(self, values: t.Mapping[str, int | None]) -> float | None:
        """The timeout in seconds; C(None) if the Windows version does not have its settings."""
        delay, threshold = values.get(self.delay), values.get(self.threshold)
        return None if delay is None or threshold is None else delay * threshold / 1000


SAME_SUBNET, CROSS_SUBNET, CROSS_SITE = Timeout("same_subnet"), Timeout("cross_subnet"), Timeout("cross_site")
TIMEOUTS = (SAME_SUBNET, CROSS_SUBNET, CROSS_SITE)

SETTINGS = {
    setting.option: setting
    for setting in (
        Setting(option="same_subnet_delay", property="SameSubnetDelay", lowest=250, highest=2000),
        Setting(option="same_subnet_threshold", property="SameSubnetThreshold", lowest=3, highest=120),
        Setting(option="cross_subnet_delay", property="CrossSubnetDelay", lowest=250, highest=4000),
        Setting(option="cross_subnet_threshold", property="CrossSubnetThreshold", lowest=3, highest=120),
        Setting(option="cross_site_delay", property="CrossSiteDelay", lowest=250, highest=4000),
        Setting(option="cross_site_threshold", property="CrossSiteThreshold", lowest=3, highest=120),
        Setting(option="route_history_length", property="RouteHistoryLength", lowest=0, highest=40),
    )
}


def values_of(cluster: Instance) -> dict[str, int | None]:
    """The heartbeat settings of C(MSCluster_Cluster) by option; C(None) if the Windows version lacks one."""
    return {option: cluster.integer(setting.property) for option, setting in SETTINGS.items()}


def seconds_of(values: t.Mapping[str, int | None]) -> dict[str, float | None]:
    """The heartbeat timeouts in seconds."""
    return {timeout.name: timeout.seconds(values) for timeout in TIMEOUTS}


@dataclasses.dataclass(frozen=True, slots=True)
class Default:
    """The default timeouts of a Windows version in seconds; each delay is 1000 ms."""

    same_subnet: int
    cross_subnet: int


def default_timeouts(version: WindowsVersion, *, longer: bool = False) -> Default:
    """The default timeouts. C(longer) is for 2012 R2 with KB3153887 or with clustered virtual machines."""
    if version >= _WINDOWS_2019:
        return Default(20, 20)
    if version >= _WINDOWS_2016 or (longer and version >= _WINDOWS_2012_R2):
        return Default(10, 20)
    return Default(5, 5)


def default_of(version: WindowsVersion) -> str:
    """Describe the default of a Windows version for a message."""
    default = default_timeouts(version)
    if version >= _WINDOWS_2019:
        assumed = "" if version.name == "2019" else ", assumed to be as in 2019"
        return f"{default.same_subnet} s for same-subnet and cross-subnet (1000 ms x {default.same_subnet}{assumed})"
    if version >= _WINDOWS_2016:
        return (
            f"{default.same_subnet} s for same-subnet (1000 ms x {default.same_subnet}) and up to "
            f"{default.cross_subnet} s for cross-subnet"
        )
    text = f"{default.same_subnet} s for same-subnet and cross-subnet (1000 ms x {default.same_subnet})"
    if version >= _WINDOWS_2012_R2:
        longer = default_timeouts(version, longer=True)
        text += f", or {longer.same_subnet} s and {longer.cross_subnet} s with KB3153887"
    return text
