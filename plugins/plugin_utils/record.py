# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a run on the controller: each write with the value before and after, one line of JSON a step.

The play names the file in the variable C(winha_cluster_record). A line is on disk before the next step begins, so a run
that is killed leaves what it has written.
"""

from __future__ import annotations

import datetime
import fcntl
import os
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._change.record import Entry, line_of

FILE = "winha_cluster_record"
RUN = "winha_cluster_run"


def recorder(
    path: str, run: str, *, host: str, module: str, options: t.Mapping[str, t.Any]
) -> t.Callable[[list[dict[str, t.Any]]], None]:
    """A function that appends changes to the file. C(options) identify what the module changes."""

    def record(changes: list[dict[str, t.Any]]) -> None:
        if not changes:
            return
        entry = Entry(
            run=run,
            time=datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            host=host,
            module=module,
            cluster="",
            options=options,
            changes=tuple(changes),
        )
        os.makedirs(os.path.dirname(path) or ".", mode=0o750, exist_ok=True)  # noqa: PTH103, PTH120 - path is text
        # Several hosts append to one file at the same time.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(line_of(entry))
            file.flush()
            os.fsync(file.fileno())

    return record
