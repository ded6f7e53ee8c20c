# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An estate in a process of its own: started, stopped and reset from outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from . import estate as estate_file
from .estate import EstateError
from .running import PortTakenError, RunningEstate, rewind

_PATIENCE = 30.0


class DaemonError(RuntimeError):
    """The estate cannot be started or stopped; the text says why."""


def _pid(state: Path) -> int | None:
    try:
        found = int((state / "lab.pid").read_text(encoding="utf-8"))
        os.kill(found, 0)
    except (OSError, ValueError):
        return None
    return found


def is_running(state: Path) -> bool:
    """Whether the estate of this folder is up."""
    return _pid(state) is not None


def serve(state: Path) -> int:
    """Run the estate of a state folder in this process until it is told to stop."""
    stopping, resetting = threading.Event(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    signal.signal(signal.SIGHUP, lambda *_: resetting.set())
    outcome = state / "lab.started"
    try:
        running = RunningEstate(None, state)
        running.start()
    except (EstateError, PortTakenError) as problem:
        outcome.write_text(json.dumps({"error": str(problem)}), encoding="utf-8")
        return 1
    outcome.write_text(json.dumps({"pid": os.getpid()}), encoding="utf-8")
    while not stopping.wait(0.05):
        if resetting.is_set():
            resetting.clear()
            token = (state / "reset.request").read_text(encoding="utf-8")
            try:
                running.reset()
                result = {"token": token}
            except EstateError as problem:
                result = {"token": token, "error": str(problem)}
            (state / "reset.result").write_text(json.dumps(result), encoding="utf-8")
    running.stop()
    (state / "lab.pid").unlink(missing_ok=True)
    return 0


def _wait(path: Path, process: subprocess.Popen[bytes] | None = None, token: str | None = None) -> dict[str, str]:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
            if token is None or found.get("token") == token:
                return found
        if process is not None and process.poll() is not None and not path.exists():
            raise DaemonError(f"the lab's process ended at once: see {path.with_name('lab.log')}")
        time.sleep(0.02)
    raise DaemonError("the lab's process did not answer in time")


def up(source: Path, state: Path) -> None:
    """Start an estate and wait until all of its endpoints answer."""
    if is_running(state):
        raise DaemonError(f"the estate of {state} is running already")
    RunningEstate(source, state).close()
    outcome = state / "lab.started"
    outcome.unlink(missing_ok=True)
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
    (state / "lab.pid").write_text(str(process.pid), encoding="utf-8")
    found = _wait(outcome, process)
    if "error" in found:
        process.wait()
        (state / "lab.pid").unlink(missing_ok=True)
        raise DaemonError(found["error"])
    estate = estate_file.load(state / "estate.yml")
    for host in estate.hosts:
        for port in (estate.http, estate.https):
            socket.create_connection((host.address, port), timeout=5).close()


def down(state: Path) -> None:
    """Stop an estate; its state stays."""
    pid = _pid(state)
    if pid is None:
        raise DaemonError(f"the estate of {state} is not running")
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        if _pid(state) is None:
            (state / "lab.pid").unlink(missing_ok=True)
            return
        time.sleep(0.02)
    raise DaemonError(f"process {pid} does not stop")


def reset(state: Path) -> None:
    """Go back to the estate file, running or not."""
    pid = _pid(state)
    if pid is None:
        rewind(state)
        return
    token = str(time.monotonic_ns())
    (state / "reset.request").write_text(token, encoding="utf-8")
    os.kill(pid, signal.SIGHUP)
    found = _wait(state / "reset.result", token=token)
    if "error" in found:
        raise DaemonError(found["error"])
