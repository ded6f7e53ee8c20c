# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All points. Private to this collection; data."""

from __future__ import annotations

from . import (
    cluster_points,
    directory_points,
    host_points,
    hyperv_points,
    name_server_points,
    other_points,
    shell_points,
)
from .point import Point

ON_HOSTS = (*host_points.POINTS, *cluster_points.POINTS, *hyperv_points.POINTS)
IN_FORESTS = directory_points.POINTS
OF_NAME_SERVERS = name_server_points.POINTS
IN_SHELLS = shell_points.POINTS
NOT_READ_ONLY = (*other_points.WRITES, *other_points.BY_HAND)
ALL = (
    *ON_HOSTS,
    *(
        Point(id=one.id, assumes=one.assumes, source=one.source, basis=one.basis, part=part)
        for part, listed in (
            ("domain_controller", IN_FORESTS),
            ("dns_server", OF_NAME_SERVERS),
            ("exchange_server", IN_SHELLS),
        )
        for one in listed
    ),
    *NOT_READ_ONLY,
)
BY_ID = {point.id: point for point in ALL}
