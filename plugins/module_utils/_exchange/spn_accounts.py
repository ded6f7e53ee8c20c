# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the alternate service accounts with the plan. Private to this collection; no I/O.

A name that another generation needs is never surplus, because clients use it. It is moved when it is registered on the
account of that generation.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .published_names import FAMILIES
from .spn_overrides import PlanError, check_choices

if t.TYPE_CHECKING:
    from .._directory.spn import ServicePrincipalName

Row = t.Mapping[str, t.Any]
_PLANNED_CLASSES = {"http", "exchangemdb", "exchangerfr", "exchangeab"}


def read_accounts(given: object) -> dict[str, Row] | None:
    """Read the accounts by generation; C(None) if they are not given. Raises C(PlanError)."""
    if given is None:
        return None
    if isinstance(given, t.Mapping):
        accounts = dict(zip(check_choices("accounts", given, FAMILIES), given.values(), strict=True))
        if all(isinstance(row, t.Mapping) and isinstance(row.get("spns"), t.Sequence) for row in accounts.values()):
            return accounts
    raise PlanError("accounts is not a dictionary of accounts, as winha.cluster.spn_info returns them, by generation")


def compare(
    account: Row | None, own: t.Sequence[ServicePrincipalName], others: t.Iterable[ServicePrincipalName]
) -> dict[str, t.Any]:
    """Compare the names of an account with its C(own) planned names and those of C(others), the other generations.

    C(missing) are the planned names that it does not have. C(surplus) are its names that no generation needs, of the
    service classes that a plan has: names of other classes belong to Windows or to another service.
    """
    has = {str(spn).lower(): str(spn) for spn in account["spns"]} if account else {}
    needed = {name.key for name in own}
    for name in others:
        needed.add(name.key)
        if name.service_class.lower() == "http":  # host/ is equivalent to http/
            needed.add(dataclasses.replace(name, service_class="host").key)
    managed = _PLANNED_CLASSES | {name.service_class.lower() for name in own}
    surplus = [key for key in sorted(set(has) - needed) if key.partition("/")[0] in managed]
    return {
        "account": account,
        "missing": [str(name) for name in own if name.key not in has],
        "surplus": [has[key] for key in surplus],
    }
