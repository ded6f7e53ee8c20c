# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start, stop and reset an estate in a separate process."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

from .checks import EstateError
from .directory import DirectoryError
from .running import PortTakenError, RunningEstate, load_into, reset_folder

_TIMEOUT = 30.0
_TIMEOUT_OF_HOST = 0.2  # its certificate is made
# A new domain takes seconds, one with a hundred thousand accounts takes minutes.
_TIMEOUT_WITH_DIRECTORY = 1800.0
_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class DaemonError(RuntimeError):
    """The estate cannot be started or stopped."""


def _pid(state: Path) -> int | None:
    """The id of the process with the lock of a state folder. The id in the file alone may be from a crashed process."""
    try:
        with (state / "lab.pid").open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0)
    except FileNotFoundError:
        pass
    return None


def is_running(state: Path) -> bool:
    """Whether the estate of this folder is running."""
    return _pid(state) is not None


def _write(path: Path, **content: object) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)


def _reset(running: RunningEstate, state: Path) -> None:
    token = (state / "reset.request").read_text(encoding="utf-8")
    try:
        running.reset()
    except (DirectoryError, EstateError) as problem:
        _write(state / "reset.result", token=token, error=str(problem))
    else:
        _write(state / "reset.result", token=token)


def _lock(file: TextIO) -> None:
    # `is_running` in another process locks the file for a moment.
    for _attempt in range(20):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(0.02)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def serve(state: Path) -> int:
    """Run the estate of a state folder in this process until SIGTERM or SIGINT."""
    # The signals are blocked for sigwait: a signal handler could deadlock on a lock of the interrupted thread.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    started = state / "lab.started"
    with (state / "lab.pid").open("a+", encoding="utf-8") as lock:
        try:
            _lock(lock)
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            running = RunningEstate(None, state)
            running.start()
        except BlockingIOError:
            _write(started, error=f"the estate of {state} is already running", pid=os.getpid())
            return 1
        except (DirectoryError, EstateError, PortTakenError) as problem:
            _write(started, error=str(problem), pid=os.getpid())
            return 1
        _write(started, pid=os.getpid())
        while signal.sigwait(_SIGNALS) == signal.SIGHUP:
            _reset(running, state)
        running.stop()
    return 0


def _wait(
    path: Path,
    name: str,
    value: object,
    process: subprocess.Popen[bytes] | None = None,
    timeout: float = _TIMEOUT,
) -> dict[str, str]:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        ended = process is not None and process.poll() is not None
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
            if found.get(name) == value:
                return found
        if ended:
            raise DaemonError(f"the process of the lab exited at once: see {path.with_name('lab.log')}")
        time.sleep(0.02)
    raise DaemonError("the process of the lab did not answer within the time limit")


def up(source: Path, state: Path) -> None:
    """Start an estate and wait until all endpoints accept connections."""
    if is_running(state):
        raise DaemonError(f"the estate of {state} is already running")
    estate = load_into(source, state)
    folder = str(Path(__file__).parent.parent)
    search = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH", ""))))
    with (state / "lab.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", __package__ or "lab", "serve", "--state", str(state.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": search},
        )
    timeout = _TIMEOUT_WITH_DIRECTORY if estate.directory else _TIMEOUT + _TIMEOUT_OF_HOST * len(estate.hosts)
    found = _wait(state / "lab.started", "pid", process.pid, process, timeout)
    if "error" in found:
        process.wait()
        raise DaemonError(found["error"])
    for host in estate.hosts:
        for port in (estate.http, estate.https):
            socket.create_connection((host.address, port), timeout=5).close()


def down(state: Path) -> None:
    """Stop an estate. Its state is kept."""
    pid = _pid(state)
    if pid is None:
        raise DaemonError(f"the estate of {state} is not running")
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline:
        if _pid(state) is None:
            return
        time.sleep(0.02)
    raise DaemonError(f"process {pid} does not stop")


def reset(state: Path) -> None:
    """Reset an estate to its estate file, whether it is running or not."""
    pid = _pid(state)
    if pid is None:
        reset_folder(state)
        return
    token = str(time.monotonic_ns())
    (state / "reset.request").write_text(token, encoding="utf-8")
    os.kill(pid, signal.SIGHUP)
    found = _wait(state / "reset.result", "token", token)
    if "error" in found:
        raise DaemonError(found["error"])
