# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the alternate service accounts have, beside what is planned for them. Private to this collection; pure.

A name that another generation needs is never too much: clients use it, and only who gives it to the account of that
generation knows when it can go. It is moved from there, not deleted here.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .published_names import FAMILIES
from .spn_overrides import PlanError, check_choices

if t.TYPE_CHECKING:
    from .._directory.spn import ServicePrincipalName

Row = t.Mapping[str, t.Any]


def read_accounts(given: object) -> dict[str, Row] | None:
    """The accounts by generation; C(None) when none were given. Raises C(PlanError)."""
    if given is None:
        return None
    if isinstance(given, t.Mapping):
        accounts = dict(zip(check_choices("accounts", given, FAMILIES), given.values(), strict=True))
        if all(isinstance(row, t.Mapping) and isinstance(row.get("spns"), t.Sequence) for row in accounts.values()):
            return accounts
    raise PlanError("accounts is not a dictionary of what winha.cluster.spn_info returns of each account by generation")


def compare(
    account: Row | None, own: t.Sequence[ServicePrincipalName], others: t.Iterable[ServicePrincipalName]
) -> dict[str, t.Any]:
    """What an account lacks of its C(own) names, and what it has that nobody needs.

    C(others) are the names that other generations need.
    """
    has = {str(spn).lower(): str(spn) for spn in account["spns"]} if account else {}
    needed = {name.key for name in own}
    for name in others:
        needed.add(name.key)
        if name.service_class.lower() == "http":  # clients find the account that has host/ for it as well
            needed.add(dataclasses.replace(name, service_class="host").key)
    return {
        "account": account,
        "missing": [str(name) for name in own if name.key not in has],
        "surplus": [has[key] for key in sorted(set(has) - needed)],
    }
