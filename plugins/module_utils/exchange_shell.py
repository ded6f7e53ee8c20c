# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options for Exchange's PowerShell endpoint. Private to this collection.

Documented in C(doc_fragments/exchange_shell.py).
"""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.errors import AnsibleFallbackNotFound

from ._psrp.access import Access
from ._psrp.connection import PSRP_IMPORT_ERROR
from ._psrp.shell import ExchangeShell
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
    return (_not_empty, [f"WINHA_EXCHANGE_{name}"])


SPEC: dict[str, t.Any] = {
    "server": {"type": "str", "fallback": _from_environment("SERVER")},
    "username": {"type": "str", "fallback": _from_environment("USERNAME")},
    "password": {"type": "str", "no_log": True, "fallback": _from_environment("PASSWORD")},
    "authentication": {"type": "str", "choices": ["kerberos", "basic"], "default": "kerberos"},
    "tls": {"type": "str", "choices": ["none", "https"], "default": "none"},
    "port": {"type": "int"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "connect_timeout": {"type": "int", "default": 30},
    "operation_timeout": {"type": "int", "default": 300},
}


def _session_factory(options: Options) -> SessionFactory:
    if PSRP_IMPORT_ERROR is not None:
        raise TaskError(
            f"A Python library for PSRP is missing on this machine ({PSRP_IMPORT_ERROR}). Run pip install pywinrm "
            '"pypsrp[kerberos]".'
        ) from PSRP_IMPORT_ERROR
    if not options["server"]:
        raise TaskError("server is not set. Set it to the FQDN of an Exchange server.")
    if options["authentication"] == "basic":
        if options["tls"] != "https":
            raise TaskError(
                "Basic authentication sends the password in clear text, so it needs TLS: set tls to https, or set "
                "authentication to kerberos."
            )
        if not (options["username"] and options["password"]):
            raise TaskError("Basic authentication needs username and password.")
    if options["password"] and not options["username"]:
        raise TaskError("password is set without username: set username as name@REALM.")
    if options["authentication"] == "kerberos" and options["password"] and "\\" in options["username"]:
        raise TaskError(f"username is {options['username']}; for Kerberos, write it as name@REALM.")
    for name in ("connect_timeout", "operation_timeout"):
        if options[name] < 1:
            raise TaskError(f"{name} is {options[name]}; the minimum is 1 second.")
    access = Access(**{name: options[name] for name in SPEC})

    def open_session(*, read_only: bool) -> ExchangeShell:
        return ExchangeShell(access, read_only=read_only)

    return open_session


EXCHANGE = Service(spec=SPEC, session_factory=_session_factory)
