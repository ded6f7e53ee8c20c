# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of a task, as documented in the doc fragment C(connection). Private to this collection."""

from __future__ import annotations

import os
import pathlib
import typing as t

from ._wsman.client import Client, Transport
from ._wsman.connections import Visit
from ._wsman.transport import Endpoint, HttpTransport
from .errors import TaskError
from .session import Service
from .ticket import Kinit

if t.TYPE_CHECKING:
    from .session import Options, SessionFactory

# Of one visit. WinRM 2.0 (Windows Server 2008 R2) allows 15 operations of one account at a time.
_CONNECTIONS = 4
BUNDLE = "WINHA_CLUSTER_BUNDLE"  # the environment variable with the folder of a bundle

SPEC: dict[str, t.Any] = {
    "host": {"type": "str"},
    "port": {"type": "int", "default": 5986},
    "scheme": {"type": "str", "choices": ["https", "http"], "default": "https"},
    "path": {"type": "str", "default": "/wsman"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "transport": {
        "type": "str",
        "choices": ["kerberos", "ntlm", "credssp", "certificate", "basic"],
        "default": "kerberos",
    },
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path"},
    "message_encryption": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
    "proxy": {"type": "str"},
    "connect_timeout": {"type": "int", "default": 30},
    "operation_timeout": {"type": "int", "default": 60},
    "read_timeout": {"type": "int", "default": 70},
}


def endpoint_of(options: Options) -> Endpoint:
    """Make the endpoint from the options of a task."""
    transport_options = {
        "server_cert_validation": "validate" if options["validate_certs"] else "ignore",
        "ca_trust_path": options["ca_path"],
        "cert_pem": options["client_cert"],
        "cert_key_pem": options["client_key"],
        "message_encryption": options["message_encryption"],
        "proxy": options["proxy"],
        "service": "HTTP",
    }
    defaults = {"ca_trust_path": "legacy_requests", "proxy": "legacy_requests"}
    needs_kinit = options["transport"] == "kerberos" and options["password"]
    return Endpoint(
        host=without_brackets(options["host"]),
        port=options["port"],
        scheme=options["scheme"],
        path=options["path"],
        username=options["username"],
        password=options["password"],
        transports=(options["transport"],),
        connect_timeout=options["connect_timeout"],
        operation_timeout=options["operation_timeout"],
        read_timeout=options["read_timeout"],
        options={name: defaults.get(name) if value is None else value for name, value in transport_options.items()},
        kinit=Kinit() if needs_kinit else None,
    )


def without_brackets(host: str) -> str:
    """The host without the brackets that an IPv6 address has in a URL."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def session_factory(endpoint: Endpoint, name: str | None = None) -> SessionFactory:
    """Make a factory for sessions with an endpoint; C(name) is the name of the host in messages."""

    def open_session(*, read_only: bool) -> Client:
        warnings = list(endpoint.warnings)
        transport = _recorded(HttpTransport(endpoint, name=name), warnings)
        client = Client(transport, read_only=read_only, operation_timeout=endpoint.operation_timeout)
        client.warnings = warnings
        return client

    return open_session


def visit_factory(endpoint: Endpoint, name: str | None = None) -> SessionFactory:
    """Make a factory for sessions that only read, over several connections, and send no query twice."""

    def open_session(*, read_only: bool) -> Client:
        warnings = list(endpoint.warnings)
        client = Visit(
            endpoint, name=name, connections=_CONNECTIONS, tap=lambda transport: _recorded(transport, warnings)
        )
        client.warnings = warnings
        return client

    return open_session


def _recorded(transport: Transport, warnings: list[str]) -> Transport:
    """The transport; its messages are kept if the environment names the folder of a bundle."""
    path = os.environ.get(BUNDLE)
    if not path:
        return transport
    from ._bundle.tap import Tap  # noqa: PLC0415 - only tasks that record have to load it

    return Tap(transport, str(pathlib.Path(path).expanduser()), warnings)


def _endpoint_and_name(options: Options) -> tuple[Endpoint, str]:
    if not options["host"]:
        raise TaskError(
            "The option host is missing. The connection of this task is not winrm or psrp, so the task needs the name "
            "of the Windows host."
        )
    return endpoint_of(options), options["host"]


WINDOWS = Service(spec=SPEC, session_factory=lambda options: session_factory(*_endpoint_and_name(options)))
WINDOWS_VISIT = Service(spec=SPEC, session_factory=lambda options: visit_factory(*_endpoint_and_name(options)))
