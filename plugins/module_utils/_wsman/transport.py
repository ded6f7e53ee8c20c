# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send messages to a host over HTTP with pywinrm. Private to this collection; the only module with a socket."""

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

MAX_RESPONSE = 4 * 1024 * 1024  # bytes: eight times the requested envelope size
_RESENDS = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Address and authentication of a WinRM listener. Times are in seconds.

    C(transports) are tried in order until one is accepted. C(options) are other options of
    C(winrm.transport.Transport). C(kinit) is set if a ticket must be requested with the password.
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
    """A session with one endpoint; the connection is kept open between messages."""

    def __init__(self, endpoint: Endpoint, *, name: str | None = None) -> None:
        self.host = name or endpoint.host
        self.url = endpoint.url
        self._endpoint = endpoint
        self._remaining_transports = list(endpoint.transports)
        self._winrm: t.Any = None
        self._accepted = False
        self._ticket: Ticket | None = None

    def send(self, message: str) -> bytes:
        """Send a message and return the response, which can be a SOAP fault. Raises the errors in C(.errors)."""
        if WINRM_IMPORT_ERROR is not None:
            raise RequestRefused(
                f"the Python library pywinrm is missing on this machine ({WINRM_IMPORT_ERROR})",
                advice="run pip install pywinrm",
            ) from WINRM_IMPORT_ERROR
        rejections = []
        while True:
            try:
                response = self._resend_after_drop(message)
            except CredentialsRefused as exc:
                rejections.append(exc.detail)
                if self._accepted or len(self._remaining_transports) < 2:
                    raise CredentialsRefused("; ".join(dict.fromkeys(rejections))) from exc
                self._remaining_transports.pop(0)
                continue
            self._accepted = True
            return response

    def addresses(self) -> frozenset[str]:
        """The IP addresses of the host name; empty if the name does not resolve."""
        try:
            found = socket.getaddrinfo(self._endpoint.host, self._endpoint.port, type=socket.SOCK_STREAM)
        except OSError:
            return frozenset()
        return frozenset(str(address[0]) for *_rest, address in found)

    def close(self) -> None:
        """Close the connection and delete its ticket."""
        if self._winrm is not None:
            self._winrm.close_session()
            self._winrm = None
        if self._ticket is not None:
            self._ticket.drop()
            self._ticket = None

    def _resend_after_drop(self, message: str) -> bytes:
        # After about two minutes without traffic, Windows returns HTTP 400 with an empty body for the next request. It
        # does not process this request (MS-WSMV <22>, pywinrm issue 377), so even a write can be sent again.
        for _resend in range(_RESENDS):
            try:
                return self._send_once(message)
            except _SessionDropped:
                self.close()
        try:
            return self._send_once(message)
        except _SessionDropped as exc:
            raise RequestRefused(f"the host closed the session {_RESENDS + 1} times (HTTP 400 without a body)") from exc

    def _send_once(self, message: str) -> bytes:
        try:
            if self._winrm is None:
                self._winrm = self._open(self._remaining_transports[0])
            return t.cast("bytes", self._winrm.send_message(message))
        except WinRMTransportError as exc:
            return _fault_body(exc.code, str(exc.response_text))
        except Exception as exc:
            # The security context of the connection may no longer match that of the server, and a ticket must not
            # exist longer than its session.
            opened = self._winrm is not None
            self.close()
            if isinstance(exc, UnicodeDecodeError) and isinstance(exc.__context__, requests.HTTPError):
                response = exc.__context__.response  # pywinrm decodes the body of an HTTP error as UTF-8
                return _fault_body(response.status_code, response.text)
            if isinstance(exc, ServerError):
                raise
            raise self._convert_error(exc, opened=opened) from exc

    def _convert_error(self, error: Exception, *, opened: bool) -> ServerError:
        if isinstance(error, InvalidCredentialsError):
            return CredentialsRefused(f"{error} (user {self._endpoint.username}, {self._remaining_transports[0]})")
        if isinstance(error, UnicodeEncodeError):
            return CredentialsRefused(
                "the user name or the password contains a character that Basic authentication does not support"
            )
        if isinstance(error, requests.exceptions.RequestException):
            return _convert_http_error(error, self._endpoint)
        if not opened and isinstance(error, WinRMError):
            return CredentialsRefused(str(error))
        # pywinrm and its decryption libraries raise various exceptions for invalid responses.
        return ResponseLost(f"the response could not be read ({type(error).__name__}: {error})")

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


def _fault_body(status: int, text: str) -> bytes:
    """Return the SOAP fault in the body of an HTTP error, or raise an error."""
    if text.lstrip().startswith("<") and "Envelope" in text:
        return text.encode()
    if status == http.HTTPStatus.BAD_REQUEST and not text.strip():
        raise _SessionDropped
    phrase = next((known.phrase for known in http.HTTPStatus if known.value == status), "")
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ResponseLost(f"HTTP {status} {phrase}".rstrip() + " without a SOAP fault")
    raise RequestRefused(f"HTTP {status} {phrase}".rstrip())


def _convert_http_error(error: Exception, endpoint: Endpoint) -> ServerError:
    """Convert an HTTP error: either no request was sent, or it is not known whether the request took effect."""
    causes = list(_causes(error))
    where = f"{endpoint.host} port {endpoint.port}"
    certificate = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        return CertificateRefused(f"the certificate of {where} could not be verified: {certificate.verify_message}")
    handshake = any("handshake operation timed out" in str(cause) for cause in causes)
    if handshake or any(isinstance(cause, requests.exceptions.ConnectTimeout) for cause in causes):
        return Unreachable(f"{where} did not accept the connection within {endpoint.connect_timeout:g} s")
    if any(isinstance(cause, urllib3.exceptions.ProxyError) for cause in causes):
        return Unreachable(f"the proxy did not connect to {where}: {error}")
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes):
        system = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), None)
        return Unreachable(f"{where} does not accept connections: {system or error}")
    if any(isinstance(cause, ssl.SSLError) and "WRONG_VERSION" in str(cause) for cause in causes):
        return Unreachable(f"{where} does not use TLS, so it is not an HTTPS listener")
    late = (requests.exceptions.Timeout, urllib3.exceptions.ReadTimeoutError)  # the second: while the body is read
    if any(isinstance(cause, late) for cause in causes):
        return TimedOut(f"no response within {endpoint.read_timeout:g} s")
    kerberos = next((cause for cause in causes if "kerberos" in type(cause).__module__.casefold()), None)
    if kerberos is not None:
        return CredentialsRefused(f"Kerberos: {kerberos}")
    return ResponseLost(f"the connection was closed before the response was complete ({causes[-1]})")


def _causes(error: BaseException | None) -> t.Iterator[BaseException]:
    """The error and all errors in it: requests stores causes in arguments and in C(reason)."""
    seen: set[int] = set()
    queue = [error]
    while queue:
        cause = queue.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
        queue += [one for one in inner if isinstance(one, BaseException)]


if WINRM_IMPORT_ERROR is None:

    class _BoundedAdapter(requests.adapters.HTTPAdapter):
        """Limits the size of responses and does not follow redirects, which would receive the credentials."""

        def send(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            response = super().send(request, *args, **kwargs)
            if response.is_redirect:
                response.close()
                raise RequestRefused(f"HTTP {response.status_code}, a redirect to {response.headers['location']}")
            read = response.raw.stream

            def bounded(*args: t.Any, **kwargs: t.Any) -> t.Iterator[bytes]:
                total = 0
                for chunk in read(*args, **kwargs):
                    total += len(chunk)
                    if total > MAX_RESPONSE:
                        response.close()
                        raise ResponseTooLarge(f"the response is larger than {MAX_RESPONSE // 1024 // 1024} MiB")
                    yield chunk

            t.cast("t.Any", response.raw).stream = bounded
            return response

    class _BoundedTransport(winrm.transport.Transport):
        """pywinrm's transport with limited responses; rejects unencrypted responses in an encrypted session."""

        def setup_encryption(self, session: t.Any) -> None:
            self._limit_responses(session)
            super().setup_encryption(session)

        def build_session(self) -> t.Any:
            known = self.session
            session = super().build_session()
            if known is None:
                self._limit_responses(session)
                session.trust_env = False  # pywinrm has read the environment; requests would read it for every message
            return session

        def _get_message_response_text(self, response: t.Any) -> bytes:
            # pywinrm accepts unencrypted responses, which an attacker on the network could have written.
            kind = response.headers.get("Content-Type", "")
            if self.encryption and f'protocol="{self.encryption.protocol_string.decode()}"' not in kind:
                raise ResponseLost(f"the response (HTTP {response.status_code}) is not encrypted, but this session is")
            return super()._get_message_response_text(response)

        def _limit_responses(self, session: t.Any) -> None:
            for prefix in ("http://", "https://"):
                if not isinstance(session.get_adapter(prefix), _BoundedAdapter):
                    session.mount(prefix, _BoundedAdapter())
