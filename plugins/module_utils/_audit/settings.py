# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the settings of an audit before a host is contacted. Private to this collection; pure."""

from __future__ import annotations

import ipaddress
import typing as t

from .._directory.access import Server
from .._exchange.published_names import FAMILIES
from .._exchange.spn_overrides import PlanError
from .._exchange.spn_plan import plan
from ..errors import ServerError
from .error import AuditError
from .evaluation import evaluate

if t.TYPE_CHECKING:
    import datetime

Options = t.Mapping[str, t.Any]
_PLANNED = ("generations", "services", "extra", "leave_out")
_GROUPS = ("hyperv_hosts", "dag_members", "domain_controllers")  # the default of each is its own name
_LEAST = {"domain_controllers_asked": 1, "event_days": 1, "event_limit": 1, "history_keep": 0}


def check_settings(
    options: Options,
    rules: t.Any,
    *,
    parameters: t.Any = None,
    before: t.Any = None,
    groups: t.Container[str] | None = None,
    now: datetime.datetime,
) -> None:
    """Check the options of the role audit, without its prefix. Raises C(AuditError) with the name of the variable.

    C(groups) are those of the inventory. A group with the default name may be missing.
    """
    evaluate(
        rules,
        {"hosts": {}},
        parameters=parameters,
        overrides=options.get("rule_overrides"),
        accepted=options.get("accepted"),
        before=before,
        now=now,
    )
    for name, least in _LEAST.items():
        if options.get(name, least) < least:
            raise AuditError(f"audit_{name} is {options[name]}; the minimum is {least}.")
    for name in _GROUPS:
        group = options.get(name, name)
        if groups is not None and group != name and group not in groups:
            raise AuditError(f"audit_{name} is {group}, which is no group of the inventory.")
    for port in options.get("array_ports") or ():
        if not 0 < port < 65536:
            raise AuditError(f"audit_array_ports contains {port}; valid TCP ports are 1 to 65535.")
    for server in options.get("dns_servers") or ():
        _check_address(server)
    _check_accounts((parameters or {}).get("service_accounts") or {})
    _check_planned(options.get("planned") or {})


def _check_address(text: str) -> None:
    try:
        ipaddress.ip_address(Server.parse(str(text)).host)
    except (ServerError, ValueError) as exc:
        raise AuditError(f"audit_dns_servers contains {text!r}, which is not an IP address.") from exc


def _check_accounts(accounts: Options) -> None:
    for generation, account in accounts.items():
        if str(generation) not in FAMILIES:
            raise AuditError(
                f"audit_service_accounts contains the generation {generation}; valid generations are "
                f"{' and '.join(FAMILIES)} (2013 to SE)."
            )
        if not isinstance(account, str) or not account.strip():
            raise AuditError(f"audit_service_accounts has no account for the generation {generation}.")


def _check_planned(planned: Options) -> None:
    for name in planned:
        if name not in _PLANNED:
            raise AuditError(
                f"audit_planned contains {name}, which does not exist. Its keys are {', '.join(_PLANNED)}."
            )
    try:
        plan({"servers": []}, **planned)
    except PlanError as exc:
        raise AuditError(f"audit_planned: {exc}.") from exc
