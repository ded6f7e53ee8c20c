# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session with one Exchange server, over pypsrp. Private to this collection; all PSRP traffic goes here.

A pipeline is one cmdlet with typed parameters. No script is sent.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
import typing as t

from .._wsman.watch import Watch
from ..errors import CredentialsRefused, ResponseLost, TimedOut, Unreachable
from . import failures, parameters
from .clixml import read_object
from .errors import Redirected, Throttled
from .values import PsObject

if t.TYPE_CHECKING:
    from .access import Access
    from .values import Parameters

try:
    from pypsrp.complex_objects import PSInvocationState
    from pypsrp.powershell import PowerShell, RunspacePool
    from pypsrp.serializer import Serializer
    from pypsrp.wsman import SelectorSet, WSMan

    from .._wsman.transport import BoundedAdapter  # without pywinrm there is none
except ImportError as exc:
    PSRP_IMPORT_ERROR: ImportError | None = exc
else:
    PSRP_IMPORT_ERROR = None
    # Without a handler, Python prints the errors that pypsrp logs.
    logging.getLogger("pypsrp").addHandler(logging.NullHandler())

    class _OutputAsText(Serializer):
        """Leaves the output of cmdlets as CLIXML, because pypsrp does not read lists of the types of Exchange."""

        def deserialize(self, element: t.Any, metadata: t.Any = None, clear: bool = True) -> t.Any:
            if metadata is None and clear and isinstance(element, str):
                return element
            return super().deserialize(element, metadata, clear)


_CONFIGURATION = "Microsoft.Exchange"
_RECEIVE = 20  # seconds: Exchange answers by then that there is nothing yet
_SPARE = 10  # seconds between the timeout of an operation and that of its HTTP request
_CLOSE = 15
_MOST_OBJECTS = 100_000


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a cmdlet returned."""

    objects: list[PsObject]
    warnings: tuple[str, ...]


class Connection:
    """A runspace pool on one server. C(close) ends it, also after errors."""

    def __init__(self, access: Access, server: str) -> None:
        self.server = server
        self._access = access
        self._watch = Watch()
        self._wsman: t.Any = None
        self._pool: t.Any = None
        self._opened = False

    def run(self, cmdlet: str, given: Parameters, *, timeout: float) -> Answer:
        """Run a cmdlet once. Raises C(ServerError); C(ResponseLost) if it is not known whether it ran."""
        end = time.monotonic() + timeout
        if not self._opened:
            self._open(min(timeout, self._access.connect_timeout + _RECEIVE + _SPARE))
        try:
            if any(parameters.has_secret(value) for value in given.values()):
                self._exchange_keys(timeout)
            return self._invoke(cmdlet, given, end)
        except _SessionGone:
            # Exchange ends an idle session. It did not process the request.
            self._forget()
            self._open(max(end - time.monotonic(), 1))
            if any(parameters.has_secret(value) for value in given.values()):
                self._exchange_keys(timeout)
            try:
                return self._invoke(cmdlet, given, end)
            except _SessionGone as exc:
                raise Unreachable(f"{self._where} ends each session at once", advice=failures.NO_CONNECTION) from exc

    @property
    def _where(self) -> str:
        return f"{self.server} port {self._access.actual_port}"

    def _open(self, timeout: float) -> None:
        with self._errors(ran=False, timeout=timeout):
            self._wsman = self._transport()
            self._pool = RunspacePool(self._wsman, configuration_name=_CONFIGURATION)
            reader = _OutputAsText()
            self._pool._serializer = self._pool._fragmenter.serializer = reader
            self._pool.open()
            self._opened = True

    def _transport(self) -> t.Any:
        access = self._access
        kerberos = access.authentication == "kerberos"
        wsman = t.cast("t.Any", WSMan)(
            self.server,
            port=access.actual_port,
            ssl=access.tls == "https",
            path=access.path,
            auth=access.authentication,
            # Without a user name, the ticket in the cache is used.
            username=None if kerberos else access.username,
            password=None if kerberos else access.password,
            cert_validation=(access.ca_path or True) if access.validate_certs else False,
            encryption="auto",
            operation_timeout=_RECEIVE,
            connection_timeout=access.connect_timeout,
            read_timeout=_RECEIVE + _SPARE,
            no_proxy=True,
            negotiate_service="http",
            negotiate_delegate=False,
        )
        # The session of requests is made here, so that it follows no redirect and its answers are checked.
        session = wsman.transport.session = wsman.transport._build_session()
        session.trust_env = False
        for prefix in ("http://", "https://"):
            session.mount(prefix, BoundedAdapter(self._watch))
        session.hooks["response"].append(_encrypted_only(wsman.transport))
        return wsman

    def _exchange_keys(self, timeout: float) -> None:
        with self._errors(ran=False, timeout=min(timeout, 3 * _RECEIVE)):
            self._pool.exchange_keys()

    def _invoke(self, cmdlet: str, given: Parameters, end: float) -> Answer:
        shell = PowerShell(self._pool)
        shell.add_cmdlet(cmdlet)
        for name, value in given.items():
            shell.add_parameter(name, parameters.converted(value, self._pool.serialize))
        seconds = max(end - time.monotonic(), 1)
        with self._errors(ran=False, timeout=seconds, sends_cmdlet=True):
            shell.begin_invoke()
        with self._errors(ran=True, timeout=seconds):
            while shell.state == PSInvocationState.RUNNING:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimedOut(f"{cmdlet} did not end in time")
                shell.poll_invoke(timeout=max(1, min(_RECEIVE, int(left))))
                if len(shell.output) > _MOST_OBJECTS:
                    raise ResponseLost(f"{cmdlet} returned more than {_MOST_OBJECTS} objects")
        with contextlib.suppress(Exception), self._watch.limit(_CLOSE):  # the pipeline has ended, and so will the pool
            shell.close()
        return self._answer(shell, cmdlet, given)

    def _answer(self, shell: t.Any, cmdlet: str, given: Parameters) -> Answer:
        secrets = sorted(parameters.secrets_in(given), key=len, reverse=True)

        def mask(text: str) -> str:
            for secret in secrets:
                text = text.replace(secret, "********")
            return text

        found = [read_object(text) for text in shell.output if isinstance(text, str) and text.strip()]
        objects = [one if isinstance(one, PsObject) else PsObject(text=str(one)) for one in found if one is not None]
        if shell.streams.error:
            raise failures.from_records(shell.streams.error, cmdlet=cmdlet, objects=objects, mask=mask)
        if shell.state != PSInvocationState.COMPLETED:
            raise ResponseLost(f"{cmdlet} was stopped")
        return Answer(objects, tuple(mask(str(record.message)) for record in shell.streams.warning))

    @contextlib.contextmanager
    def _errors(self, *, ran: bool, timeout: float, sends_cmdlet: bool = False) -> t.Iterator[None]:
        """Convert the errors of the libraries, and end the connection when the time is up."""
        try:
            with self._watch.limit(timeout):
                yield
        except Exception as exc:
            if sends_cmdlet and failures.is_gone(exc):
                raise _SessionGone from exc
            sent = self._watch.connected
            if self._watch.expired:
                lost = ran or (sends_cmdlet and sent)
                seconds = f"no response within {timeout:.0f} s"
                self._forget(sent=sent)
                raise (
                    TimedOut(seconds)
                    if lost
                    else Unreachable(f"{self._where}: {seconds}", advice=failures.NO_CONNECTION)
                ) from exc
            may_have_run = ran or (sends_cmdlet and sent and not failures.is_refusal(exc))
            error = failures.convert_error(
                exc,
                self._where,
                sent=sent,
                ran=may_have_run,
                connect_timeout=self._access.connect_timeout,
            )
            self._forget(sent=sent and not isinstance(error, (CredentialsRefused, Redirected, Throttled)))
            raise error from exc

    def _forget(self, *, sent: bool = True) -> None:
        """Leave the connection. Its security context no longer matches that of the server."""
        pool, self._opened = self._pool, False
        if pool is not None and sent:
            self._delete(pool)
        self._pool = self._wsman = None
        self._watch.forget()

    def _delete(self, pool: t.Any) -> None:
        """End the shell on the server, on a new connection. There may be one whose creation had no response."""
        with contextlib.suppress(Exception):
            self._wsman.transport.close()
            self._wsman = self._transport()
            selectors = SelectorSet()
            selectors.add_option("ShellId", pool.id)
            with self._watch.limit(_CLOSE):
                self._wsman.delete(pool.shell.resource_uri, selector_set=selectors)
        with contextlib.suppress(Exception):
            self._wsman.transport.close()

    def close(self) -> None:
        """End the session on the server, and the connection."""
        if self._opened:
            self._opened = False
            try:
                with self._watch.limit(_CLOSE):
                    self._pool.close()
            except Exception:
                self._delete(self._pool)
        if self._wsman is not None:
            with contextlib.suppress(Exception):
                self._wsman.transport.close()
        self._pool = self._wsman = None
        self._watch.forget()
        self._watch.stop()


class _SessionGone(Exception):
    """Exchange has ended the session before it got the cmdlet."""


def _encrypted_only(transport: t.Any) -> t.Callable[..., None]:
    """Reject a plain response in an encrypted session: anybody on the network could have written it."""

    def check(response: t.Any, **_options: t.Any) -> None:
        kind = response.headers.get("content-type", "")
        if transport.encryption is not None and not kind.startswith("multipart/"):
            raise ResponseLost(f"the response (HTTP {response.status_code}) is not encrypted, but this session is")

    return check
