# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Storage Spaces Direct in the estate file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..checks import check_keys

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class StoragePool:
    """Storage Spaces Direct of a cluster: its virtual disks, its storage jobs, and how many seconds a resync takes."""

    virtual_disks: tuple[Mapping[str, Any], ...] = ()
    jobs: tuple[Mapping[str, Any], ...] = ()
    resync_seconds: float = 1.0


def storage_pool(where: str, data: Any) -> StoragePool:
    """Check the key `storage_spaces_direct` of a cluster."""
    where = f"storage_spaces_direct of {where}"
    body = check_keys(where, data, {"jobs", "resync_seconds"}, {"virtual_disks"})
    for disk in body["virtual_disks"]:
        check_keys(f"virtual disk of {where}", disk, {"health", "operational"}, {"name"})
    for job in body.get("jobs", ()):
        check_keys(f"storage job of {where}", job, {"state"}, {"name"})
    return StoragePool(
        tuple(body["virtual_disks"]), tuple(body.get("jobs", ())), float(body.get("resync_seconds", 1.0))
    )
