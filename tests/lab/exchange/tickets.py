# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP listeners of the endpoints: Kerberos tickets for the own name of each server, and encrypted messages."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..directory import DirectoryError
from ..endpoint import Listener
from .service import PowerShellHandler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..directory import DomainController
    from .service import ExchangeService

_PYTHON = "/usr/bin/python3"  # of the system, which has python3-gssapi
_PROGRAM = Path(__file__).parents[1] / "directory" / "sealed_listener.py"
_LIBRARY = "/usr/lib/python3/dist-packages/gssapi/raw"


class Tickets:
    """A process that checks the tickets, and a listener behind it for each server."""

    def __init__(self, controller: DomainController, state: Path, token: str, port: int) -> None:
        self._controller = controller
        self._state = state.resolve()
        self._token = token
        self._port = port
        self._listeners: list[Listener] = []
        self._process: subprocess.Popen[str] | None = None

    def start(self, services: Mapping[str, ExchangeService]) -> None:
        """Start the listeners. Without python3-gssapi there are none."""
        if not Path(_LIBRARY).exists():
            return
        settings: list[dict[str, Any]] = []
        for service in services.values():
            behind = Listener(service, "kerberos", 0, None, PowerShellHandler)
            behind.start()
            self._listeners.append(behind)
            settings.append(
                {
                    "address": service.address,
                    "port": self._port,
                    "behind": [service.address, behind.server_address[1]],
                    "password": self._token,
                    "path": "/PowerShell/",
                    "account": f"{service.name}$",
                    "spaced": True,
                    "journal": str(self._state / "exchange-messages.jsonl"),
                }
            )
        keys = self._controller.export_all_keys(self._state / "exchange.keytab")
        with (self._state / "exchange-tickets.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_PYTHON, str(_PROGRAM)],
                env={**self._controller.environment(), "KRB5_KTNAME": str(keys)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        if self._process.stdin is None or self._process.stdout is None:
            return
        self._process.stdin.write(json.dumps(settings) + "\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "listening\n":
            self.stop()
            raise DirectoryError(f"the listeners for tickets did not start: see {self._state}/exchange-tickets.log")

    def stop(self) -> None:
        """End the process and the listeners."""
        if self._process is not None:
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        for listener in self._listeners:
            listener.stop()
        self._listeners.clear()
