# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request a Kerberos ticket with kinit for one session. Private to this collection.

Each ticket is in a folder of its own, in a folder that only this user can open. A lock shows that its process still
runs; the folders of processes that were killed are deleted when the next ticket is requested.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import typing as t

from .errors import CredentialsRefused, shorten

_ADVICE = "check the user name, the password, and that a KDC of the realm can be reached"
_FOLDER = "winha-krb5"
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
# Words of errors of MIT Kerberos and GSSAPI in lower case, the more specific first, and what to do.
_KERBEROS = (
    (
        ("server", "not found in kerberos database"),
        (
            "use the DNS name that the host has in the domain, not an address or an alias, or register the service "
            "principal name HTTP/<name> for its account"
        ),
    ),
    (("not found in kerberos database",), "check the user name and the realm: the domain has no such account"),
    (("clock skew",), "synchronize the clock of this machine with the domain"),
    (("password has expired",), "change the password of the account"),
    (("credentials have been revoked",), "check whether the account is disabled or locked out"),
    (("password incorrect",), "check the password"),
    (("preauthentication failed",), "check the password"),
    (("cannot find kdc",), "check the realm, in capital letters, and that krb5.conf or DNS lists its KDCs"),
    (("cannot contact any kdc",), "check that a KDC of the realm responds on port 88"),
    (("cannot resolve",), "check the realm, in capital letters, and that krb5.conf or DNS lists its KDCs"),
    (("did not match expectations",), "write the realm in capital letters"),
    (("encryption type",), "allow AES for the account, and check permitted_enctypes in krb5.conf"),
    (("ticket expired",), "run kinit, or set the user name and the password"),
    (("no kerberos credentials",), "run kinit, or set the user name and the password"),
    (("no credentials",), "run kinit, or set the user name and the password"),
    (("matching credential not found",), "run kinit, or set the user name and the password"),
)


def kerberos_advice(text: str) -> str | None:
    """What to do about an error of Kerberos; C(None) if its text is not known."""
    folded = text.casefold()
    return next((advice for words, advice in _KERBEROS if all(word in folded for word in words)), None)


@dataclasses.dataclass(frozen=True, slots=True)
class Ticket:
    """A credential cache file; C(KRB5CCNAME) contains its path until the ticket is dropped."""

    path: str
    previous_cache: str | None
    lock: int

    def drop(self) -> None:
        """Delete the cache and restore the previous C(KRB5CCNAME). A second call has no effect."""
        if self not in _tickets:
            return
        _tickets.remove(self)
        if self.previous_cache is None:
            os.environ.pop("KRB5CCNAME", None)
        else:
            os.environ["KRB5CCNAME"] = self.previous_cache
        shutil.rmtree(pathlib.Path(self.path).parent, ignore_errors=True)
        os.close(self.lock)
        if not _tickets:
            _restore_handlers()


# The tickets of this process, and its handlers of signals before the first of them.
_tickets: list[Ticket] = []
_handlers: dict[int, t.Any] = {}


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
        ticket = _new_ticket()
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
                env={**environment, "KRB5CCNAME": f"FILE:{ticket.path}"},
            )
        except OSError as exc:
            ticket.drop()
            raise CredentialsRefused(
                f"{self.command} could not be started: {exc.strerror}", advice="install kinit (Debian: krb5-user)"
            ) from exc
        try:
            error = _run_to_end(process, f"{password}\n", self.timeout).strip()
        except subprocess.TimeoutExpired as exc:
            ticket.drop()
            raise CredentialsRefused(
                f"{self.command} got no ticket for {principal} in {self.timeout:g} seconds", advice=_ADVICE
            ) from exc
        except BaseException:
            ticket.drop()
            raise
        if process.returncode != 0:
            ticket.drop()
            error = error.replace(password, "********") if password else error
            raise CredentialsRefused(
                f"{self.command} got no ticket for {principal}: {shorten(error, 300)}",
                advice=kerberos_advice(error) or _ADVICE,
            )
        os.environ["KRB5CCNAME"] = f"FILE:{ticket.path}"
        return ticket


def _new_ticket() -> Ticket:
    parent = _private_folder()
    _delete_left_tickets(parent)
    # The name without a dot appears when the lock is taken, so no other process deletes the folder before.
    folder = pathlib.Path(tempfile.mkdtemp(prefix=".", dir=parent))
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.close(os.open(folder / "cache", os.O_CREAT, 0o600))
    folder = folder.rename(parent / folder.name.removeprefix("."))
    ticket = Ticket(str(folder / "cache"), os.environ.get("KRB5CCNAME"), lock)
    if not _tickets:
        _install_handlers()
    _tickets.append(ticket)
    return ticket


def _private_folder() -> pathlib.Path:
    """The folder of the tickets of this user; a new one if somebody else could have made or can open that."""
    folder = pathlib.Path(tempfile.gettempdir()) / f"{_FOLDER}-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    is_own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder if is_own else pathlib.Path(tempfile.mkdtemp(prefix=f"{_FOLDER}-"))


def _delete_left_tickets(parent: pathlib.Path) -> None:
    """Delete the tickets of processes that no longer run: their locks are free."""
    for folder in parent.iterdir():
        if folder.name.startswith("."):
            continue
        with contextlib.suppress(OSError):  # in use, or deleted by another process
            lock = os.open(folder / "lock", os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _install_handlers() -> None:
    """Delete the tickets when this process is asked to end. Python allows that in the main thread only."""
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            before = signal.getsignal(number)
            if before not in (signal.SIG_IGN, None, _on_signal):
                _handlers[number] = before
                signal.signal(number, _on_signal)


def _restore_handlers() -> None:
    if threading.current_thread() is threading.main_thread():
        while _handlers:
            number, before = _handlers.popitem()
            signal.signal(number, before)


def _on_signal(number: int, _frame: t.Any) -> None:
    """Delete the tickets, and end as the process would have ended without them."""
    for ticket in tuple(_tickets):  # a ticket that is dropped leaves the list
        ticket.drop()
    _restore_handlers()
    os.kill(os.getpid(), number)


def _run_to_end(process: subprocess.Popen[str], input_text: str, timeout: float) -> str:
    """Run a process to its end and return its stderr; on an error, kill it and its children."""
    with process:
        try:
            return process.communicate(input_text, timeout)[1]
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
