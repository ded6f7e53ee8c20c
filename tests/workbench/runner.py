# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs parts side by side."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import os
import signal
import subprocess
import threading
import time
import typing as t

from .places import CACHE
from .terminal import WorkbenchError, readable, say

if t.TYPE_CHECKING:
    import pathlib

    from .parts import Part

LAST_LINES = 60  # of a part that failed, on the terminal
PATIENCE = 30.0  # seconds for a part to clean up after an interruption


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    part: Part
    failed: str
    seconds: float
    log: pathlib.Path

    def failure(self) -> list[str]:
        """What is told of a part that failed, with the last lines of its log."""
        end = self.log.read_text("utf-8", errors="replace").splitlines()[-LAST_LINES:]
        place = readable([self.log])
        return [f"{self.part.name} on {self.part.environment} failed: {self.failed}. See {place}, which ends:", *end]


class Runner:
    """Runs parts side by side."""

    def __init__(self, parts: t.Sequence[Part]) -> None:
        self._waiting = list(parts)
        self._results: list[Result] = []
        self._busy: set[str] = set()
        self._change = threading.Condition()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, workers: int) -> list[Result]:
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            work = [pool.submit(self._work) for worker in range(workers)]
            try:
                for one in work:
                    one.result()
            except BaseException:
                self._stop()
                raise
        return self._results

    def _stop(self) -> None:
        with self._change:
            self._stopped = True
            for process in self._running:
                tell(process, signal.SIGINT)
            self._change.notify_all()
            patience = threading.Timer(PATIENCE, self._kill)
            patience.daemon = True
            patience.start()

    def _kill(self) -> None:
        with self._change:
            for process in self._running:
                tell(process, signal.SIGKILL)

    def _take(self) -> Part | None:
        with self._change:
            while self._waiting and not self._stopped:
                for part in self._waiting:
                    if part.queue not in self._busy:
                        self._waiting.remove(part)
                        self._busy |= {part.queue} - {""}
                        return part
                self._change.wait()
            return None

    def _work(self) -> None:
        while part := self._take():
            started = time.monotonic()
            log = CACHE / "log" / f"{part.name} {part.environment.directory.name}.txt".replace(" ", "-")
            log.parent.mkdir(parents=True, exist_ok=True)
            failed = self._run(part, log)
            result = Result(part=part, failed=failed, seconds=time.monotonic() - started, log=log)
            with self._change:
                self._results.append(result)
                self._busy.discard(part.queue)
                self._change.notify_all()
            if failed and not self._stopped:
                say(*result.failure())
            elif not self._stopped:
                say(f"{part.name} on {part.environment}: passed in {result.seconds:.0f} s")

    def _run(self, part: Part, log: pathlib.Path) -> str:
        failures = []
        with log.open("wb") as output:
            try:
                part.environment.make()
                commands = part.commands(part.environment)
            except (OSError, WorkbenchError) as exc:
                output.write(f"{exc}\n".encode())
                return "it could not be set up"
            for command in commands:
                text = readable(command.arguments)
                output.write(f"$ {text}\n".encode())
                output.flush()
                process = subprocess.Popen(
                    command.arguments,
                    cwd=command.directory,
                    env={**part.environment.variables(), **command.variables},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # so that an interruption reaches it once, and through us
                )
                with self._change:
                    self._running.add(process)
                    if self._stopped:
                        tell(process, signal.SIGINT)
                status = process.wait()
                with self._change:
                    self._running.discard(process)
                    if self._stopped:
                        return "stopped"
                if status:
                    failures.append(text)
        return "; ".join(failures)


def tell(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a process and all that it started in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
