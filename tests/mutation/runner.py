# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs pytest in copies of a process that has the libraries loaded. Most tests take less time than loading them."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import typing as t

LIBRARIES = (
    "ansible.inventory.manager", "ansible.parsing.dataloader", "ansible.playbook.play_context",
    "ansible.plugins.action", "ansible.plugins.loader", "ansible.template", "ansible.vars.manager", "dns.resolver",
    "hypothesis", "jmespath", "ldap", "pypsrp.powershell", "pytest", "requests", "winrm", "yaml",
)  # fmt: skip
ARGUMENTS = ("-q", "-x", "-p", "no:cacheprovider", "--no-header")
_POLL_SECONDS = 0.02


class Runner:
    """Runs the tests of one checkout."""

    def __init__(self, place: pathlib.Path) -> None:
        cache = place / ".cache"
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(cache), str(place / "tests")]),
            "ANSIBLE_COLLECTIONS_PATH": str(cache),
            "ANSIBLE_CONFIG": str(cache / "ansible.cfg"),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mutation.runner"], cwd=place, env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, names: t.Sequence[str], limit: float) -> str:
        """What failed; empty if all passed. What takes longer than C(limit) seconds has no end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([limit, *names]), file=self._process.stdin, flush=True)
        return str(json.loads(self._process.stdout.readline()))


def serve() -> t.Sequence[str] | None:
    """Copy this process for each line of standard input. A copy returns the names of its tests, the original None."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        limit, *names = json.loads(line)
        with tempfile.NamedTemporaryFile() as output:
            if (process := os.fork()) == 0:
                os.setsid()
                for number in (1, 2):
                    os.dup2(output.fileno(), number)
                return t.cast("list[str]", names)
            status = _end_of(process, time.monotonic() + limit)
            text = pathlib.Path(output.name).read_text("utf-8", errors="replace")
        print(json.dumps(_failed(status, text)), flush=True)
    return None


def _end_of(process: int, end: float) -> int | None:
    """The status of a process; C(None) if it has no end. What it has started ends with it."""
    try:
        while time.monotonic() < end:
            done, status = os.waitpid(process, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(_POLL_SECONDS)
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)


def _failed(status: int | None, text: str) -> str:
    if status == 0:
        return ""
    if status is None:
        return "no end"
    told = [line for line in text.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return told[0][:160] if told else f"status {status}"


if __name__ == "__main__":
    if (wanted := serve()) is not None:
        import pytest

        status = pytest.main([*ARGUMENTS, *wanted])
        sys.stdout.flush()
        os._exit(status)
