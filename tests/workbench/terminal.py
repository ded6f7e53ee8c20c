# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the person in front of the terminal is told, and programs whose output is not for them."""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
import typing as t

from .places import ROOT

if t.TYPE_CHECKING:
    import pathlib


class WorkbenchError(Exception):
    """What stands in the way; the message is a sentence that says what to do."""


_terminal = threading.Lock()


def say(heading: str, *lines: str) -> None:
    """Tell the person in front of the terminal what goes on."""
    marks = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    with _terminal:
        print(f"{marks[0]}==> {heading}{marks[1]}", flush=True)
        for line in lines:
            print(line, flush=True)


def readable(arguments: t.Iterable[str | pathlib.Path]) -> str:
    words = (str(argument).removeprefix(f"{ROOT}/") for argument in arguments)
    return shlex.join(words)


def quietly(arguments: t.Sequence[str | pathlib.Path]) -> None:
    """Run a program whose output matters only if it fails."""
    done = subprocess.run(arguments, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise WorkbenchError(f"{readable(arguments)} failed:\n{done.stdout.rstrip()}")


def table(rows: t.Sequence[t.Sequence[str]]) -> str:
    """Rows under a heading, in columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
