# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: storage_problems
short_description: List what keeps Storage Spaces Direct from being healthy
description:
  - Lists the storage jobs that have not ended, and the virtual disks that are not healthy. A pool optimization is left
    out. The gate C(storage) of a rolling change judges by the same rules.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
positional: _input
options:
  _input:
    description: The value C(storage) of M(winha.cluster.cluster_health_info).
    type: raw
    required: true
seealso:
  - module: winha.cluster.cluster_health_info
"""

EXAMPLES = r"""
- name: Wait until Storage Spaces Direct is healthy
  winha.cluster.cluster_health_info:
    gather: [cluster]
  register: result
  until: result.health.storage | default(none) | winha.cluster.storage_problems == []
  retries: 60
  delay: 10
"""

RETURN = r"""
_value:
  description: One text for each problem.
  type: list
  elements: str
  sample: [the storage job Repair is running]
"""

import typing as t

from ..module_utils._change.plain import plain
from ..plugin_utils.filter_error import one_sentence


def storage_problems(value: object) -> list[str]:
    """The problems; a storage that was not read is one."""
    # A task that uses one filter loads the files of all, so what takes long to load waits until it is needed.
    from ..module_utils._change.cluster_gates import storage_problems as problems_of
    from ..module_utils._change.health import read_storage

    with one_sentence("storage_problems"):
        storage = read_storage(plain(value)) if isinstance(value, t.Mapping) else None
        if storage is None:
            return ["the storage jobs and virtual disks could not be read"]
        return list(problems_of(storage))


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """The filter by its name."""
        return {"storage_problems": storage_problems}
