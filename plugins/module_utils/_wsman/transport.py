# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send messages to a host over HTTP with pywinrm. Private to this collection."""

from __future__ import annotations

import dataclasses
import pathlib
import socket
import typing as t

from ..errors import shorten
from .errors import (
    CertificateRefused,
    CredentialsRefused,
    Redirected,
    RequestRefused,
    ResponseLost,
    ResponseTooLarge,
    ServerError,
    TimedOut,
    Unreachable,
)
from .http_errors import SessionDropped, convert_http_error, fault_body
from .watch import Watch, watched_pools

if t.TYPE_CHECKING:
    from ..ticket import Kinit, Ticket

try:
    import requests
    import requests.adapters
    import requests.exceptions
    import winrm.transport
    from winrm.exceptions import InvalidCredentialsError, WinRMError, WinRMTransportError
except ImportError as exc:
    WINRM_IMPORT_ERROR: ImportError | None = exc
else:
    WINRM_IMPORT_ERROR = None

MAX_RESPONSE = 4 * 1024 * 1024  # bytes: eight times the requested envelope size
_RESENDS = 2
_ERROR = 400  # the first HTTP status that is an error


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

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is not secure. The sentences have no host name, so that Ansible shows each once in a run."""
        found = []
        if self.scheme == "http" and {"basic", "plaintext"} & set(self.transports):
            found.append(
                "winha.cluster connects with Basic authentication over HTTP, which sends the password and all messages "
                "unencrypted. Use HTTPS, or Kerberos or NTLM."
            )
        elif self.scheme == "http" and self.options.get("message_encryption") == "never":
            found.append(
                "winha.cluster connects over HTTP without message encryption. Use HTTPS, or set message encryption to "
                "auto."
            )
        if self.scheme == "https" and self.options.get("server_cert_validation") == "ignore":
            found.append(
                "winha.cluster does not verify the certificates of the WinRM listeners, so a wrong host can get the "
                "password. Set the file of the CA certificates and verify them."
            )
        return tuple(found)


class HttpTransport:
    """A session with one endpoint; the connection is kept open between messages."""

    def __init__(self, endpoint: Endpoint, *, name: str | None = None) -> None:
        self.host = name or endpoint.host
        self.url = endpoint.url
        self._endpoint = endpoint
        self._remaining_transports = list(endpoint.transports)
        self._winrm: t.Any = None
        self._accepted = False
        self._watch = Watch()
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
        self._watch.forget()
        self._watch.stop()
        if self._ticket is not None:
            self._ticket.drop()
            self._ticket = None

    def _resend_after_drop(self, message: str) -> bytes:
        # After about two minutes without traffic, Windows returns HTTP 400 with an empty body for the next request. It
        # does not process this request (MS-WSMV <22>, pywinrm issue 377), so even a write can be sent again.
        for _resend in range(_RESENDS):
            try:
                return self._send_once(message)
            except SessionDropped:
                self.close()
        try:
            return self._send_once(message)
        except SessionDropped as exc:
            raise RequestRefused(f"the host closed the session {_RESENDS + 1} times (HTTP 400 without a body)") from exc

    def _send_once(self, message: str) -> bytes:
        try:
            return self._exchange(message)
        except WinRMTransportError as exc:
            return fault_body(exc.code, str(exc.response_text), encrypted=self._is_encrypted())
        except Exception as exc:
            # The security context of the connection may no longer match that of the server, and a ticket must not
            # exist longer than its session.
            opened = self._winrm is not None
            sent = opened and self._watch.connected
            self.close()
            if isinstance(exc, ServerError):
                raise
            raise self._convert_error(exc, opened=opened, sent=sent) from exc

    def _exchange(self, message: str) -> bytes:
        end = self._endpoint
        with self._watch.limit(end.connect_timeout + 2 * end.read_timeout):
            if self._winrm is None:
                self._winrm = self._open(self._remaining_transports[0])
            response = t.cast("bytes", self._winrm.send_message(message))
        if self._watch.expired:
            raise TimeoutError  # an incomplete response can look complete
        return response

    def _convert_error(self, error: Exception, *, opened: bool, sent: bool) -> ServerError:
        end = self._endpoint
        if isinstance(error, InvalidCredentialsError):
            return CredentialsRefused(f"{error} (user {end.username}, {self._remaining_transports[0]})")
        if isinstance(error, UnicodeEncodeError):
            return CredentialsRefused(
                "the user name or the password contains a character that Basic authentication does not support"
            )
        if self._watch.expired:
            seconds = f"{end.connect_timeout + 2 * end.read_timeout:g} s"
            if sent:
                return TimedOut(f"no complete response within {seconds}")
            return Unreachable(f"{end.host} port {end.port} did not accept the connection within {seconds}")
        if isinstance(error, requests.exceptions.RequestException):
            where = f"{end.host} port {end.port}"
            converted = convert_http_error(error, where, sent=sent, connect_timeout=end.connect_timeout)
            late = isinstance(converted, TimedOut)
            return TimedOut(f"no response within {end.read_timeout:g} s") if late else converted
        if not opened and isinstance(error, WinRMError):
            return CredentialsRefused(str(error))
        if not sent:
            return Unreachable(f"the connection could not be opened ({type(error).__name__}: {shorten(error, 200)})")
        # pywinrm and its decryption libraries raise various exceptions for invalid responses.
        return ResponseLost(f"the response could not be read ({type(error).__name__}: {shorten(error, 200)})")

    def _is_encrypted(self) -> bool:
        return self._endpoint.scheme == "https" or bool(self._winrm and self._winrm.encryption)

    def _open(self, transport: str) -> t.Any:
        end = self._endpoint
        if transport == "kerberos" and end.kinit is not None:
            self._ticket = end.kinit.fetch(end.username or "", end.password or "")
        _check_files(end)
        opened = _BoundedTransport(
            self._watch,
            endpoint=end.url,
            auth_method=t.cast("t.Any", transport),
            username=end.username,
            password=end.password,
            read_timeout_sec=t.cast("t.Any", (end.connect_timeout, end.read_timeout)),  # requests takes both
            **end.options,
        )
        opened.build_session()
        return opened


def _check_files(endpoint: Endpoint) -> None:
    """Check that the files of certificates exist, because the error of requests does not say what to do."""
    options = endpoint.options
    checked: list[tuple[t.Any, str, str | None]] = []
    if endpoint.scheme == "https" and options.get("server_cert_validation") != "ignore":
        checked = [(options.get("ca_trust_path"), "the CA certificates", None)]
    advice = "correct the path of the client certificate or of its key"
    checked += [(options.get(name), "the client certificate", advice) for name in ("cert_pem", "cert_key_pem")]
    for path, what, do in checked:
        if path and path != "legacy_requests" and not pathlib.Path(str(path)).exists():
            raise CertificateRefused(f"the file of {what}, {path}, does not exist on this machine", advice=do)


if WINRM_IMPORT_ERROR is None:

    class _BoundedAdapter(requests.adapters.HTTPAdapter):
        """Limits the size of responses and does not follow redirects, which would receive the credentials."""

        def __init__(self, watch: Watch) -> None:
            self._pools = watched_pools(watch)
            super().__init__()

        def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = self._pools

        def proxy_manager_for(self, proxy: t.Any, **kwargs: t.Any) -> t.Any:
            manager = super().proxy_manager_for(proxy, **kwargs)
            manager.pool_classes_by_scheme = self._pools
            return manager

        def send(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            response = super().send(request, *args, **kwargs)
            if response.is_redirect:
                response.close()
                raise Redirected(f"HTTP {response.status_code}, a redirect to {response.headers['location']}")
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

        def __init__(self, watch: Watch, **settings: t.Any) -> None:
            self._watch = watch
            super().__init__(**settings)

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
            body = super()._get_message_response_text(response)
            # pywinrm decodes the body of an error strictly.
            return body.decode("utf-8", "replace").encode() if response.status_code >= _ERROR else body

        def _limit_responses(self, session: t.Any) -> None:
            for prefix in ("http://", "https://"):
                if not isinstance(session.get_adapter(prefix), _BoundedAdapter):
                    session.mount(prefix, _BoundedAdapter(self._watch))
