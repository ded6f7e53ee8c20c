# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a host: HTTP through pywinrm. Private to this collection; the only place that has a socket."""

from __future__ import annotations

import dataclasses
import http
import socket
import ssl
import typing as t

from .errors import (
    CertificateRefused,
    CredentialsRefused,
    RequestRefused,
    ResponseLost,
    ResponseTooLarge,
    ServerError,
    TimedOut,
    Unreachable,
)

if t.TYPE_CHECKING:
    from ..ticket import Kinit, Ticket

try:
    import requests
    import requests.adapters
    import requests.exceptions
    import urllib3.exceptions
    import winrm.transport
    from winrm.exceptions import InvalidCredentialsError, WinRMError, WinRMTransportError
except ImportError as exc:
    WINRM_IMPORT_ERROR: ImportError | None = exc
else:
    WINRM_IMPORT_ERROR = None

LARGEST_ANSWER = 4 * 1024 * 1024  # octets: eight times the envelope that we ask for
_RESENDS = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a host listens and how to prove who we are. Times are in seconds.

    C(transports) are tried in their order until one is accepted. C(options) are further options of
    C(winrm.transport.Transport), by its names. C(kinit) is given when a ticket must be fetched with the password.
    """

    host: str
    port: int = 5986
    scheme: str = "https"
    path: str = "/wsman"
    username: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    transports: tuple[str, ...] = ("ssl",)
    connect_timeout: float = 30
    operation_timeout: float = 60
    read_timeout: float = 70
    options: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict, repr=False)
    kinit: Kinit | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}/{self.path.lstrip('/')}"


class HttpTransport:
    """One session with one endpoint; the connection is kept between messages."""

    def __init__(self, endpoint: Endpoint, *, name: str | None = None) -> None:
        self.host = name or endpoint.host
        self.url = endpoint.url
        self._endpoint = endpoint
        self._left = list(endpoint.transports)
        self._winrm: t.Any = None
        self._accepted = False
        self._ticket: Ticket | None = None

    def send(self, message: str) -> bytes:
        """The answer to a message. Raises what C(.errors) lists; a SOAP fault is an answer."""
        if WINRM_IMPORT_ERROR is not None:
            raise RequestRefused(
                f"the Python library pywinrm is missing on this machine ({WINRM_IMPORT_ERROR})",
                advice="pip install pywinrm",
            ) from WINRM_IMPORT_ERROR
        refusals = []
        while True:
            try:
                answer = self._resend_after_drop(message)
            except CredentialsRefused as exc:
                refusals.append(exc.detail)
                if self._accepted or len(self._left) < 2:
                    raise CredentialsRefused("; ".join(dict.fromkeys(refusals))) from exc
                self._left.pop(0)
                continue
            self._accepted = True
            return answer

    def addresses(self) -> frozenset[str]:
        """The IP addresses that the host's name stands for here; none if it does not resolve."""
        try:
            found = socket.getaddrinfo(self._endpoint.host, self._endpoint.port, type=socket.SOCK_STREAM)
        except OSError:
            return frozenset()
        return frozenset(str(address[0]) for *_rest, address in found)

    def close(self) -> None:
        """Close the connection and drop the ticket that was fetched for it."""
        if self._winrm is not None:
            self._winrm.close_session()
            self._winrm = None
        if self._ticket is not None:
            self._ticket.drop()
            self._ticket = None

    def _resend_after_drop(self, message: str) -> bytes:
        # After some two minutes without traffic Windows forgets a connection and answers its next request with HTTP
        # 400 and an empty body, before WS-Management sees it (MS-WSMV <22>, pywinrm issue 377): so even a write may
        # go again.
        for _resend in range(_RESENDS):
            try:
                return self._send_once(message)
            except _SessionDropped:
                self.close()
        try:
            return self._send_once(message)
        except _SessionDropped as exc:
            raise RequestRefused(f"HTTP 400 without a word, {_RESENDS + 1} times over") from exc

    def _send_once(self, message: str) -> bytes:
        try:
            if self._winrm is None:
                self._winrm = self._open(self._left[0])
            return t.cast("bytes", self._winrm.send_message(message))
        except WinRMTransportError as exc:
            return _answer_of(exc.code, str(exc.response_text))
        except Exception as exc:
            # Whatever happened, the connection's security context is now out of step with the server's, or there is
            # none; and a ticket must not outlive the session that it was fetched for.
            opened = self._winrm is not None
            self.close()
            if isinstance(exc, UnicodeDecodeError) and isinstance(exc.__context__, requests.HTTPError):
                response = exc.__context__.response  # the body of an HTTP error, which pywinrm takes for UTF-8
                return _answer_of(response.status_code, response.text)
            if isinstance(exc, ServerError):
                raise
            raise self._translated(exc, opened=opened) from exc

    def _translated(self, error: Exception, *, opened: bool) -> ServerError:
        if isinstance(error, InvalidCredentialsError):
            return CredentialsRefused(f"{error} (user {self._endpoint.username}, {self._left[0]})")
        if isinstance(error, UnicodeEncodeError):
            return CredentialsRefused("the user name or the password has a character that Basic cannot carry")
        if isinstance(error, requests.exceptions.RequestException):
            return _translated(error, self._endpoint)
        if not opened and isinstance(error, WinRMError):
            return CredentialsRefused(str(error))
        # pywinrm and what it decrypts with raise whatever an odd answer makes them stumble over.
        return ResponseLost(f"the answer could not be read ({type(error).__name__}: {error})")

    def _open(self, transport: str) -> t.Any:
        end = self._endpoint
        if transport == "kerberos" and end.kinit is not None:
            self._ticket = end.kinit.fetch(end.username or "", end.password or "")
        opened = _BoundedTransport(
            endpoint=end.url,
            auth_method=t.cast("t.Any", transport),
            username=end.username,
            password=end.password,
            read_timeout_sec=t.cast("t.Any", (end.connect_timeout, end.read_timeout)),  # requests takes both
            **end.options,
        )
        opened.build_session()
        return opened


class _SessionDropped(Exception):
    """HTTP 400 with an empty body."""


def _answer_of(status: int, text: str) -> bytes:
    """What an HTTP error stands for: a SOAP fault is an answer like any other."""
    if text.lstrip().startswith("<") and "Envelope" in text:
        return text.encode()
    if status == http.HTTPStatus.BAD_REQUEST and not text.strip():
        raise _SessionDropped
    phrase = next((known.phrase for known in http.HTTPStatus if known.value == status), "")
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ResponseLost(f"HTTP {status} {phrase}".rstrip() + " without a SOAP fault")
    raise RequestRefused(f"HTTP {status} {phrase}".rstrip())


def _translated(error: Exception, endpoint: Endpoint) -> ServerError:
    """What a broken HTTP exchange means: nothing sent, or sent and not known what became of it."""
    causes = list(_causes(error))
    where = f"{endpoint.host} port {endpoint.port}"
    certificate = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        return CertificateRefused(f"the certificate of {where} does not verify: {certificate.verify_message}")
    handshake = any("handshake operation timed out" in str(cause) for cause in causes)
    if handshake or any(isinstance(cause, requests.exceptions.ConnectTimeout) for cause in causes):
        return Unreachable(f"{where} did not take the connection within {endpoint.connect_timeout:g} s")
    if any(isinstance(cause, urllib3.exceptions.ProxyError) for cause in causes):
        return Unreachable(f"the proxy did not connect us to {where}: {error}")
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes):
        system = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), None)
        return Unreachable(f"{where} does not take connections: {system or error}")
    if any(isinstance(cause, ssl.SSLError) and "WRONG_VERSION" in str(cause) for cause in causes):
        return Unreachable(f"{where} does not speak TLS, so it is no HTTPS listener")
    late = (requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError)  # the latter within the answer's body
    if any(isinstance(cause, late) for cause in causes):
        return TimedOut(f"no answer within {endpoint.read_timeout:g} s")
    kerberos = next((cause for cause in causes if "kerberos" in type(cause).__module__.casefold()), None)
    if kerberos is not None:
        return CredentialsRefused(f"Kerberos: {kerberos}")
    return ResponseLost(f"the connection broke before the answer was whole ({causes[-1]})")


def _causes(error: BaseException | None) -> t.Iterator[BaseException]:
    """The error and all that it wraps: requests hides what happened in arguments and in C(reason)."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        cause = waiting.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
        waiting += [one for one in inner if isinstance(one, BaseException)]


if WINRM_IMPORT_ERROR is None:

    class _BoundedAdapter(requests.adapters.HTTPAdapter):
        """Reads no more of an answer than an answer can have, and goes nowhere else with our credentials."""

        def send(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            response = super().send(request, *args, **kwargs)
            if response.is_redirect:
                response.close()
                raise RequestRefused(f"HTTP {response.status_code}, a redirection to {response.headers['location']}")
            read = response.raw.stream

            def bounded(*args: t.Any, **kwargs: t.Any) -> t.Iterator[bytes]:
                total = 0
                for chunk in read(*args, **kwargs):
                    total += len(chunk)
                    if total > LARGEST_ANSWER:
                        response.close()
                        raise ResponseTooLarge(f"the answer is larger than {LARGEST_ANSWER // 1024 // 1024} MiB")
                    yield chunk

            t.cast("t.Any", response.raw).stream = bounded
            return response

    class _BoundedTransport(winrm.transport.Transport):
        """pywinrm's transport, bounded before its first message, and strict about what is sealed."""

        def setup_encryption(self, session: t.Any) -> None:
            self._bound(session)
            super().setup_encryption(session)

        def build_session(self) -> t.Any:
            known = self.session
            session = super().build_session()
            if known is None:
                self._bound(session)
                session.trust_env = False  # pywinrm has just taken what counts; requests would look at every message
            return session

        def _get_message_response_text(self, response: t.Any) -> bytes:
            # pywinrm reads what is not sealed as it stands, and then anybody on the way could have written it.
            kind = response.headers.get("Content-Type", "")
            if self.encryption and f'protocol="{self.encryption.protocol_string.decode()}"' not in kind:
                raise ResponseLost(f"the answer, HTTP {response.status_code}, is not sealed as this session is")
            return super()._get_message_response_text(response)

        def _bound(self, session: t.Any) -> None:
            for prefix in ("http://", "https://"):
                if not isinstance(session.get_adapter(prefix), _BoundedAdapter):
                    session.mount(prefix, _BoundedAdapter())
