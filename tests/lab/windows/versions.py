# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Windows versions of the lab and their differences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Version:
    """A release of Windows Server. A newer release has a higher `age`."""

    name: str
    age: int
    number: str
    build: str
    functional_level: int
    heartbeat: dict[str, int]
    max_envelope: int = 512_000
    max_operations: int = 1500
    dmtf_uris: bool = True

    def has(self, since: str) -> bool:
        """Whether this release is `since` or newer."""
        return self.age >= VERSIONS[since].age


def _heartbeat(same: int, cross: int, **more: int) -> dict[str, int]:
    return {
        "SameSubnetDelay": 1000,
        "SameSubnetThreshold": same,
        "CrossSubnetDelay": 1000,
        "CrossSubnetThreshold": cross,
        "PlumbAllCrossSubnetRoutes": 0,
        **more,
    }


_SITES = {"CrossSiteDelay": 1000, "CrossSiteThreshold": 20}

VERSIONS = {
    version.name: version
    for version in (
        Version(
            "2008 R2",
            1,
            "6.1.7601",
            "7601",
            7,
            _heartbeat(5, 5),
            max_envelope=153_600,
            max_operations=15,
            dmtf_uris=False,
        ),
        Version("2012", 2, "6.2.9200", "9200", 7, _heartbeat(5, 5, RouteHistoryLength=10)),
        Version("2012 R2", 3, "6.3.9600", "9600", 8, _heartbeat(5, 5, RouteHistoryLength=10)),
        Version("2016", 4, "10.0.14393", "14393", 9, _heartbeat(10, 20, RouteHistoryLength=10, **_SITES)),
        Version("2019", 5, "10.0.17763", "17763", 10, _heartbeat(20, 20, RouteHistoryLength=40, **_SITES)),
        Version("2022", 6, "10.0.20348", "20348", 11, _heartbeat(20, 20, RouteHistoryLength=40, **_SITES)),
        Version("2025", 7, "10.0.26100", "26100", 12, _heartbeat(20, 20, RouteHistoryLength=40, **_SITES)),
    )
}
