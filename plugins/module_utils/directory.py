# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options for Active Directory. Private to this collection; documented in C(doc_fragments/directory.py)."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.errors import AnsibleFallbackNotFound

from ._directory.access import DNS_IMPORT_ERROR, Access
from ._directory.ldap_errors import LDAP_IMPORT_ERROR
from ._directory.session import Directory
from .errors import TaskError
from .session import Service

if t.TYPE_CHECKING:
    from .session import Options, SessionFactory


def _not_empty(name: str) -> str:
    """An environment variable. A credential of AWX sets those without a value to an empty text."""
    if value := os.environ.get(name):
        return value
    raise AnsibleFallbackNotFound


def _from_environment(name: str) -> tuple[t.Any, list[str]]:
    return (_not_empty, [f"WINHA_DIRECTORY_{name}"])


SPEC: dict[str, t.Any] = {
    "domain": {"type": "str", "fallback": _from_environment("DOMAIN")},
    "servers": {"type": "list", "elements": "str", "fallback": _from_environment("SERVERS")},
    "global_catalogs": {"type": "list", "elements": "str"},
    "dns_servers": {"type": "list", "elements": "str"},
    "username": {"type": "str", "fallback": _from_environment("USERNAME")},
    "password": {"type": "str", "no_log": True, "fallback": _from_environment("PASSWORD")},
    "authentication": {"type": "str", "choices": ["kerberos", "simple"], "default": "kerberos"},
    "tls": {"type": "str", "choices": ["none", "start_tls", "ldaps"], "default": "none"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "connect_timeout": {"type": "int", "default": 10},
    "operation_timeout": {"type": "int", "default": 60},
}


def has_servers_or_domain(options: Options) -> bool:
    """Whether the options name domain controllers or a domain."""
    return bool(options["servers"] or options["domain"])


def _session_factory(options: Options) -> SessionFactory:
    if LDAP_IMPORT_ERROR is not None:
        raise TaskError(
            f"The Python library python-ldap is missing on this machine ({LDAP_IMPORT_ERROR}). Run pip install "
            "python-ldap, which needs the headers of OpenLDAP and Cyrus SASL."
        ) from LDAP_IMPORT_ERROR
    if not options["servers"] and options["domain"] and DNS_IMPORT_ERROR is not None:
        raise TaskError(
            f"The Python library dnspython is missing on this machine ({DNS_IMPORT_ERROR}), so the domain controllers "
            f"of {options['domain']} cannot be looked up. Run pip install dnspython, or set servers."
        ) from DNS_IMPORT_ERROR
    if not has_servers_or_domain(options):
        raise TaskError(
            "Neither servers nor domain is set. The host of this task has no winrm or psrp connection, so set servers "
            "to the domain controllers, or set domain."
        )
    if options["authentication"] == "simple":
        if options["tls"] == "none":
            raise TaskError(
                "A simple bind sends the password in clear text, so it needs TLS: set tls to ldaps or start_tls, or "
                "set authentication to kerberos."
            )
        if not (options["username"] and options["password"]):
            raise TaskError("A simple bind needs username and password; without a password it would be anonymous.")
    if options["authentication"] == "kerberos" and options["password"] and "\\" in (options["username"] or ""):
        raise TaskError(f"username is {options['username']}; for Kerberos, write it as name@REALM.")
    if options["password"] and not options["username"]:
        raise TaskError("password is set without username: set username, for Kerberos as name@REALM.")
    for name in ("connect_timeout", "operation_timeout"):
        if options[name] < 1:
            raise TaskError(f"{name} is {options[name]}; the minimum is 1 second.")
    access = Access(
        servers=tuple(options["servers"] or ()),
        domain=options["domain"] or "",
        catalogs=tuple(options["global_catalogs"] or ()),
        dns_servers=tuple(options["dns_servers"] or ()),
        username=options["username"],
        password=options["password"],
        authentication=options["authentication"],
        tls=options["tls"],
        validate_certs=options["validate_certs"],
        ca_path=options["ca_path"],
        connect_timeout=options["connect_timeout"],
        operation_timeout=options["operation_timeout"],
    )

    def open_session(*, read_only: bool) -> Directory:
        return Directory(access, read_only=read_only)

    return open_session


DIRECTORY = Service(spec=SPEC, session_factory=_session_factory)
