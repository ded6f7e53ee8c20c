# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request a Kerberos ticket with kinit for one session. Private to this collection."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import tempfile

from .errors import CredentialsRefused

_ADVICE = "check the user name, the password, and that a KDC of the realm can be reached"


@dataclasses.dataclass(frozen=True, slots=True)
class Ticket:
    """A credential cache file; C(KRB5CCNAME) contains its path until the ticket is dropped."""

    path: str
    previous_cache: str | None

    def drop(self) -> None:
        """Delete the cache and restore the previous C(KRB5CCNAME)."""
        if self.previous_cache is None:
            os.environ.pop("KRB5CCNAME", None)
        else:
            os.environ["KRB5CCNAME"] = self.previous_cache
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kinit:
    """The kinit command, its arguments before the principal, and the environment variables that it gets.

    C(timeout) is in seconds; without it, kinit waits for minutes if a KDC does not respond.
    """

    command: str = "kinit"
    arguments: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    timeout: float = 60

    def fetch(self, principal: str, password: str) -> Ticket:
        """Request a ticket for the principal. Raises C(CredentialsRefused) with the error text of kinit."""
        handle, path = tempfile.mkstemp(prefix="winha_krb5cc_")
        os.close(handle)
        ticket = Ticket(path, os.environ.get("KRB5CCNAME"))
        environment = {
            name: os.environ[name] for name in ("PATH", "KRB5_CONFIG", *self.environment) if name in os.environ
        }
        try:
            # Without a new session, kinit would read the password from the terminal instead of stdin.
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function  # in an action there is no run_command
                [self.command, *self.arguments, principal],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                env={**environment, "KRB5CCNAME": f"FILE:{path}"},
            )
        except OSError as exc:
            ticket.drop()
            raise CredentialsRefused(f"{self.command} could not be started: {exc.strerror}") from exc
        try:
            error = _run_to_end(process, f"{password}\n", self.timeout).strip()
        except subprocess.TimeoutExpired as exc:
            ticket.drop()
            raise CredentialsRefused(
                f"{self.command} got no ticket for {principal} in {self.timeout:g} seconds", advice=_ADVICE
            ) from exc
        if process.returncode != 0:
            ticket.drop()
            error = error.replace(password, "********") if password else error
            raise CredentialsRefused(f"{self.command} got no ticket for {principal}: {error}", advice=_ADVICE)
        os.environ["KRB5CCNAME"] = f"FILE:{path}"
        return ticket


def _run_to_end(process: subprocess.Popen[str], input_text: str, timeout: float) -> str:
    """Run a process to its end and return its stderr; on an error, kill it and its children."""
    with process:
        try:
            return process.communicate(input_text, timeout)[1]
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
