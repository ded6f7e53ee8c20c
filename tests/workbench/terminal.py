# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the person in front of the terminal is told, and programs whose output is not for them."""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
import time
import typing as t

from .places import ROOT

if t.TYPE_CHECKING:
    import pathlib


class WorkbenchError(Exception):
    """What stands in the way; the message is a sentence that says what to do."""


_terminal = threading.Lock()
_INTERVAL = 10.0  # seconds between two remarks on a program that runs quietly
_LONGEST = 100  # characters of what it said last


def say(heading: str, *lines: str) -> None:
    """Tell the person in front of the terminal what goes on."""
    marks = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    with _terminal:
        print(f"{marks[0]}==> {heading}{marks[1]}", flush=True)
        for line in lines:
            print(line, flush=True)


def remark(text: str) -> None:
    """Tell how far something is that was told before."""
    with _terminal:
        print(f"    {text}", flush=True)


def readable(arguments: t.Iterable[str | pathlib.Path]) -> str:
    words = (str(argument).removeprefix(f"{ROOT}/") for argument in arguments)
    return shlex.join(words)


def quietly(arguments: t.Sequence[str | pathlib.Path]) -> str:
    """Run a program whose output matters only if it fails, and say from time to time that it still runs."""
    started = time.monotonic()
    with subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as one:
        while True:
            try:
                output = one.communicate(timeout=_INTERVAL)[0]
            except subprocess.TimeoutExpired as exc:
                lines = (exc.output or b"").decode("utf-8", "replace").split("\n")
                last = next((line.strip() for line in reversed(lines[:-1]) if line.strip()), "")
                remark(f"{time.monotonic() - started:.0f} s so far" + (f": {last[:_LONGEST]}" if last else ""))
            except BaseException:
                one.kill()
                raise
            else:
                break
    text = output.decode("utf-8", "replace").rstrip()
    if one.returncode:
        raise WorkbenchError(f"{readable(arguments)} failed:\n{text}")
    return text


def table(rows: t.Sequence[t.Sequence[str]]) -> str:
    """Rows under a heading, in columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
