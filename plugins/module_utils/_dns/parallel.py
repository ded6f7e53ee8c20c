# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run network requests in parallel. Private to this collection."""

from __future__ import annotations

import concurrent.futures
import typing as t

_MAX_WORKERS = 16

_T = t.TypeVar("_T")
_R = t.TypeVar("_R")


def in_parallel(work: t.Callable[[_T], _R], items: t.Sequence[_T]) -> list[_R]:
    """Call C(work) for each item, up to 16 at a time, and return the results in the order of the items."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=_MAX_WORKERS) as pool:
        return list(pool.map(work, items))
