# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Kerberos ticket of our own, fetched with kinit for one session. Private to this collection."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import tempfile

from .errors import CredentialsRefused

_ADVICE = "check the user name, the password, and that a KDC of the realm answers"


@dataclasses.dataclass(frozen=True, slots=True)
class Ticket:
    """A credential cache file that C(KRB5CCNAME) points to until it is dropped."""

    path: str
    former: str | None

    def drop(self) -> None:
        """Delete the cache and point C(KRB5CCNAME) where it pointed before."""
        if self.former is None:
            os.environ.pop("KRB5CCNAME", None)
        else:
            os.environ["KRB5CCNAME"] = self.former
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kinit:
    """How to call kinit: the command, its arguments before the principal, and the variables that it may see.

    C(timeout) is in seconds; kinit itself would ask a KDC that says nothing for minutes.
    """

    command: str = "kinit"
    arguments: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    timeout: float = 60

    def fetch(self, principal: str, password: str) -> Ticket:
        """A fresh ticket for the principal. Raises C(CredentialsRefused) with what kinit said."""
        handle, path = tempfile.mkstemp(prefix="winha_krb5cc_")
        os.close(handle)
        ticket = Ticket(path, os.environ.get("KRB5CCNAME"))
        passed = {name: os.environ[name] for name in ("PATH", "KRB5_CONFIG", *self.environment) if name in os.environ}
        try:
            # A session of its own keeps kinit from asking on the terminal instead of reading the password from us.
            process = subprocess.Popen(  # pylint: disable=ansible-bad-function  # in an action there is no run_command
                [self.command, *self.arguments, principal],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                env={**passed, "KRB5CCNAME": f"FILE:{path}"},
            )
        except OSError as exc:
            ticket.drop()
            raise CredentialsRefused(f"{self.command} could not be started: {exc.strerror}") from exc
        try:
            said = _heard(process, f"{password}\n", self.timeout).strip()
        except subprocess.TimeoutExpired as exc:
            ticket.drop()
            raise CredentialsRefused(
                f"{self.command} got no ticket for {principal} in {self.timeout:g} seconds", advice=_ADVICE
            ) from exc
        if process.returncode != 0:
            ticket.drop()
            said = said.replace(password, "********") if password else said
            raise CredentialsRefused(f"{self.command} got no ticket for {principal}: {said}", advice=_ADVICE)
        os.environ["KRB5CCNAME"] = f"FILE:{path}"
        return ticket


def _heard(process: subprocess.Popen[str], given: str, timeout: float) -> str:
    """What a process of a session of its own says at its end; with it goes what it started itself."""
    with process:
        try:
            return process.communicate(given, timeout)[1]
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
