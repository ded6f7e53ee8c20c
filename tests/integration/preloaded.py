# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-playbook in a copy of a process that has its libraries and ansible-core loaded.

Most of the CPU time of ansible-playbook with one task is the import of libraries and of ansible-core. ansible-core
reads its settings while it is imported, so each copy is made of a process with the same environment variables. Of this
collection nothing is run before.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    import types

LIBRARIES = (
    "asyncio", "cryptography.hazmat.backends", "cryptography.hazmat.primitives.ciphers", "cryptography.x509",
    "dns.message", "dns.resolver", "email.message", "http.client", "jinja2.ext", "jinja2.nativetypes", "ldap",
    "multiprocessing.queues", "multiprocessing.synchronize", "pypsrp.powershell", "requests", "requests_ntlm",
    "resolvelib", "spnego", "winrm", "xml.etree.ElementTree", "yaml",
)  # fmt: skip
COLLECTION = "ansible_collections/winha/cluster"
PROGRAM = "ansible.cli.playbook"
# What differs between runs, and is not read before a run begins.
_OF_A_RUN = ("RECORD_FILE", "LAB_")
_MOST_SERVERS = 3

_seen: set[frozenset[tuple[str, str]]] = set()
_servers: dict[frozenset[tuple[str, str]], Server] = {}
_running = threading.Lock()


def run(
    command: t.Sequence[str], environment: t.Mapping[str, str], folder: Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a program of this Python to its end, in its own process if it is the first with its environment."""
    key = frozenset(item for item in environment.items() if not item[0].startswith(_OF_A_RUN))
    is_known = key in _seen
    _seen.add(key)
    if not (is_known and (key in _servers or len(_servers) < _MOST_SERVERS) and _running.acquire(blocking=False)):
        return subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=timeout
        )
    try:
        if key not in _servers:
            _servers[key] = Server(dict(key))
        return _servers[key].run(command, environment, folder, timeout)
    except BaseException:
        if key in _servers:
            _servers.pop(key).process.kill()
        raise
    finally:
        _running.release()


class Server:
    """A process that has the libraries, and makes a copy of itself for each run."""

    def __init__(self, environment: t.Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(
        self, command: t.Sequence[str], environment: t.Mapping[str, str], folder: Path, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        out, err = folder / "stdout", folder / "stderr"
        request = {"command": list(command), "environment": dict(environment), "folder": str(folder)}
        self.process.stdin.write(f"{json.dumps({**request, 'out': str(out), 'err': str(err)})}\n")
        self.process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(timeout):
                raise subprocess.TimeoutExpired(command, timeout)
        status = json.loads(self.process.stdout.readline())
        return subprocess.CompletedProcess(command, status, out.read_text("utf-8"), err.read_text("utf-8"))


def serve() -> dict[str, t.Any] | None:
    """Copy this process for each line of standard input. A copy returns its request, the original None."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    importlib.import_module(PROGRAM)
    compile_once()
    gc.freeze()
    for line in sys.stdin:
        if (process := os.fork()) == 0:
            return t.cast("dict[str, t.Any]", json.loads(line))
        _process, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return None


def compile_once() -> None:
    """Compile the files of this collection for all copies. ansible-core compiles them in each run."""
    finder = importlib.import_module("ansible.utils.collection_loader._collection_finder")
    compiled = {
        (path.read_bytes(), str(path)): compile(path.read_bytes(), str(path), "exec", 0, dont_inherit=True)
        for folder in os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(os.pathsep)
        for path in Path(folder, COLLECTION, "plugins").glob("**/*.py")
    }

    def known(source: bytes, filename: str, mode: str, flags: int, *, dont_inherit: bool) -> types.CodeType:
        return compiled.get((source, filename)) or compile(source, filename, mode, flags, dont_inherit)

    finder.compile = known  # type: ignore[attr-defined]


def become(request: t.Mapping[str, t.Any]) -> None:
    """Take the place of a new process that runs the command."""
    for number, (path, mode) in enumerate(
        (
            (os.devnull, os.O_RDONLY),
            (request["out"], os.O_WRONLY | os.O_CREAT),
            (request["err"], os.O_WRONLY | os.O_CREAT),
        )
    ):
        descriptor = os.open(path, mode, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    program = request["command"][0]
    sys.argv[:] = request["command"]
    sys.path[0] = str(Path(program).parent)
    # ansible-core makes this folder while it is imported, and removes it at the end of each run.
    Path(importlib.import_module("ansible.constants").DEFAULT_LOCAL_TMP).mkdir(parents=True, exist_ok=True)
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    if (wanted := serve()) is not None:
        become(wanted)
