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
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "connect_timeout": {"type": "int", "default": 30},
    "operation_timeout": {"type": "int", "default": 300},
}


def _session_factory(options: Options) -> SessionFactory:
    raise TaskError(f"{options['server']} cannot be reached yet.")


EXCHANGE = Service(spec=SPEC, session_factory=_session_factory)
