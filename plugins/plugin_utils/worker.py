# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process of one task, which ansible-core forks. Private to this collection."""

from __future__ import annotations

import contextlib
import gc
import typing as t


@contextlib.contextmanager
def only_new_garbage() -> t.Iterator[None]:
    """Leave the objects that are there already out of the garbage collections of Python.

    A garbage collection writes to each object that it looks at, so the forked process would copy all of the memory of
    ansible-playbook.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
