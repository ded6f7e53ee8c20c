# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make sessions from the winrm or psrp connection options of a host. Private to this collection.

Only public options of the connection plugins are used, so the same inventory works for both.
"""

from __future__ import annotations

import shlex
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.winha.cluster.plugins.module_utils._dns.service import DNS
from ansible_collections.winha.cluster.plugins.module_utils._wsman.transport import Endpoint
from ansible_collections.winha.cluster.plugins.module_utils.connection import (
    WINDOWS_VISIT,
    session_factory,
    visit_factory,
    without_brackets,
)
from ansible_collections.winha.cluster.plugins.module_utils.directory import DIRECTORY, has_servers_or_domain
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError, shorten
from ansible_collections.winha.cluster.plugins.module_utils.exchange_shell import EXCHANGE
from ansible_collections.winha.cluster.plugins.module_utils.ticket import Kinit

try:
    from winrm.transport import HAVE_KERBEROS
except ImportError:
    HAVE_KERBEROS = False

if t.TYPE_CHECKING:
    from ansible.plugins.connection import ConnectionBase
    from ansible_collections.winha.cluster.plugins.module_utils.session import Options, Service, SessionFactory

CONNECTIONS = ("winrm", "psrp")

# The ansible_winrm_* variables that the connection plugin passes to pywinrm's transport.
_WINRM_TEXT = (
    "realm",
    "service",
    "keytab",
    "ca_trust_path",
    "cert_pem",
    "cert_key_pem",
    "server_cert_validation",
    "kerberos_hostname_override",
    "message_encryption",
    "credssp_auth_mechanism",
    "proxy",
)
_WINRM_BOOLEAN = ("kerberos_delegation", "credssp_disable_tlsv1_2", "send_cbt")
_WINRM_NUMBER = ("credssp_minimum_version",)


def session_factory_for(service: Service, options: Options, connection: ConnectionBase, name: str) -> SessionFactory:
    """Make a session factory for the server in the options, or else for the host itself."""
    if service is DNS:
        return service.session_factory(options)
    if service is EXCHANGE:
        return service.session_factory(options if options["server"] else _as_exchange_server(options, connection))
    if service is DIRECTORY:
        return service.session_factory(options if has_servers_or_domain(options) else _use_host(options, connection))
    if options["host"]:
        return service.session_factory(options)
    factory = visit_factory if service is WINDOWS_VISIT else session_factory
    return factory(endpoint_of(connection), name)


def _use_host(options: Options, connection: ConnectionBase) -> Options:
    """Use the host as the domain controller, with its WinRM account if that is a domain account."""
    servers = [without_brackets(_option_reader(connection)("remote_addr") or "")]
    return {**options, "servers": servers, **_domain_account(options, connection)}


def _as_exchange_server(options: Options, connection: ConnectionBase) -> Options:
    """Use the host as the Exchange server, with its WinRM account if that is a domain account."""
    server = without_brackets(_option_reader(connection)("remote_addr") or "")
    return {**options, "server": server, **_domain_account(options, connection)}


def _domain_account(options: Options, connection: ConnectionBase) -> Options:
    """The WinRM account of the host for Kerberos, if it is a domain account with a password."""
    option = _option_reader(connection)
    user, password = option("remote_user"), option("remote_password")
    if options["authentication"] != "kerberos" or options["username"] or "@" not in (user or ""):
        return {}
    return {"username": user, "password": password}


def endpoint_of(connection: ConnectionBase) -> Endpoint:
    """Make the endpoint from the winrm or psrp variables of the host. Raises C(TaskError)."""
    try:
        return _from_winrm(connection) if connection.transport == "winrm" else _from_psrp(connection)
    except (ValueError, TypeError) as exc:
        raise TaskError(f"A connection variable of this host has a wrong type: {shorten(exc, 200)}.") from exc


def _from_winrm(connection: ConnectionBase) -> Endpoint:
    option = _option_reader(connection)
    extras = {
        name.removeprefix("ansible_winrm_"): value for name, value in (connection.get_option("_extras") or {}).items()
    }
    port = int(option("port") or 5986)
    scheme = option("scheme") or ("http" if port == 5985 else "https")
    username, password = option("remote_user"), option("remote_password")
    transports = tuple(str(one) for one in connection.get_option("transport") or () if one)
    if not transports:
        # As in the connection plugin since ansible-core 2.19: a UPN is a domain account, which uses Kerberos.
        by_scheme = "ssl" if scheme == "https" else "plaintext"
        transports = ("kerberos",) if "@" in (username or "") else (by_scheme,)
    mode = option("kerberos_mode") or ("managed" if password else "manual")
    transport_options: dict[str, t.Any] = {
        name: str(extras[name]) for name in _WINRM_TEXT if extras.get(name) is not None
    }
    transport_options |= {name: boolean(extras[name]) for name in _WINRM_BOOLEAN if extras.get(name) is not None}
    transport_options |= {name: int(extras[name]) for name in _WINRM_NUMBER if extras.get(name) is not None}
    limit = option("connection_timeout")
    operation = float(limit or extras.get("operation_timeout_sec") or 60)
    read = float(limit) + 10 if limit else float(extras.get("read_timeout_sec") or operation + 10)
    arguments = shlex.split(option("kinit_args") or "")
    if not arguments and transport_options.get("kerberos_delegation"):
        arguments = ["-f"]
    kinit = Kinit(
        command=option("kerberos_command") or "kinit",
        arguments=tuple(arguments),
        environment=tuple(str(name) for name in connection.get_option("kinit_env_vars") or ()),
    )
    return Endpoint(
        host=without_brackets(str(option("remote_addr"))),
        port=port,
        scheme=scheme,
        path=option("path") or "/wsman",
        username=username,
        password=password,
        transports=transports,
        connect_timeout=min(30.0, read),
        operation_timeout=operation,
        read_timeout=read,
        options={"service": "HTTP", **transport_options},
        kinit=kinit if "kerberos" in transports and mode == "managed" else None,
    )


def _from_psrp(connection: ConnectionBase) -> Endpoint:
    option = _option_reader(connection)
    port, scheme = option("port"), option("protocol")
    scheme = scheme or ("http" if port and int(port) == 5985 else "https")
    username, password = option("remote_user"), option("remote_password")
    auth = option("auth") or "negotiate"
    if connection.has_option("certificate_key_password") and option("certificate_key_password"):
        raise TaskError(
            "ansible_psrp_certificate_key_password is set, but winha.cluster can only use a certificate key without a "
            "password."
        )
    negotiated = ("kerberos", "ntlm") if HAVE_KERBEROS and ("@" in (username or "") or not password) else ("ntlm",)
    transports = negotiated if auth == "negotiate" else (auth,)
    proxy = option("proxy") or "legacy_requests"
    transport_options = {
        "server_cert_validation": option("cert_validation") or "validate",
        "ca_trust_path": option("ca_cert") or "legacy_requests",
        "cert_pem": option("certificate_pem"),
        "cert_key_pem": option("certificate_key_pem"),
        "message_encryption": option("message_encryption") or "auto",
        "proxy": None if boolean(connection.get_option("ignore_proxy") or False) else proxy,
        "service": option("negotiate_service") or "host",
        "kerberos_hostname_override": option("negotiate_hostname_override"),
        "kerberos_delegation": boolean(connection.get_option("negotiate_delegate") or False),
        "send_cbt": boolean(connection.get_option("negotiate_send_cbt")),
        "credssp_auth_mechanism": option("credssp_auth_mechanism") or "auto",
        "credssp_disable_tlsv1_2": boolean(connection.get_option("credssp_disable_tlsv1_2") or False),
        "credssp_minimum_version": int(option("credssp_minimum_version") or 2),
    }
    return Endpoint(
        host=without_brackets(str(option("remote_addr"))),
        port=int(port or (5986 if scheme == "https" else 5985)),
        scheme=scheme,
        path=option("path") or "wsman",
        username=username,
        password=password,
        transports=transports,
        connect_timeout=float(option("connection_timeout") or 30),
        operation_timeout=float(option("operation_timeout") or 20),
        read_timeout=float(option("read_timeout") or 30),
        options=transport_options,
        kinit=Kinit() if "kerberos" in transports and password else None,
    )


def _option_reader(connection: ConnectionBase) -> t.Callable[[str], str | None]:
    """Return a function that reads options as plain strings or None; C libraries reject Ansible's string types."""

    def option(name: str) -> str | None:
        value = connection.get_option(name)
        return None if value is None or value == "" else str(value)

    return option
