# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process of one task looks only for its own garbage."""

from __future__ import annotations

import gc
import weakref

import pytest
from ansible_collections.winha.cluster.plugins.plugin_utils.worker import only_new_garbage


class Ring:
    """An object that only a garbage collection frees."""

    def __init__(self) -> None:
        self.itself = self


def test_garbage_from_before_stays_and_new_garbage_is_freed() -> None:
    def fail() -> None:
        own = weakref.ref(Ring())
        gc.collect()
        assert own() is None
        assert before() is not None
        raise ValueError("the task failed")

    gc.collect()
    before = weakref.ref(Ring())
    with pytest.raises(ValueError, match="the task failed"), only_new_garbage():
        fail()
    gc.collect()
    assert before() is None
