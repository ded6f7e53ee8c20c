# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of spn for a name on several accounts. A test cannot create that: domain controllers refuse it."""

from __future__ import annotations

import pytest

pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory.account import Account
from ansible_collections.winha.cluster.plugins.module_utils._directory.forest import Holder
from ansible_collections.winha.cluster.plugins.module_utils._directory.spn import ServicePrincipalName
from ansible_collections.winha.cluster.plugins.module_utils.task import TaskError
from ansible_collections.winha.cluster.plugins.modules import spn

ASA, OLD, FAR = "CN=ASA,DC=corp,DC=test", "CN=Old,DC=corp,DC=test", "CN=Far,DC=child,DC=corp,DC=test"
MAIL = "http/mail.corp.test"


def state(own: tuple[str, ...], *holders: str, spns: tuple[str, ...] = (MAIL,)) -> spn.State:
    names = {name.key: name for name in map(ServicePrincipalName.parse, spns)}
    found = {key: tuple(Holder(dn, str(name)) for dn in holders) for key, name in names.items()}
    return spn.State(
        account=Account(dn=ASA, name="ASA$", principal_names=own), names=names, holders=found, collisions={}
    )


def planned(
    found: spn.State, wanted: str = "present", on_conflict: str = "move", classes: list[str] | None = None
) -> list[tuple[str, str, str]]:
    plan = spn.plan(found, {"state": wanted, "on_conflict": on_conflict, "service_classes": classes})
    return [(change.label, str(change.before), str(change.after)) for change in plan.changes]


def test_a_name_on_two_other_accounts_is_moved_from_both() -> None:
    assert planned(state((), OLD, "CN=Z,DC=corp,DC=test")) == [(MAIL, f"{OLD} and CN=Z,DC=corp,DC=test", ASA)]


def test_a_duplicate_is_deleted_from_the_other_account() -> None:
    assert planned(state((MAIL.upper(),), ASA.upper(), OLD)) == [(MAIL, f"{ASA} and {OLD}", ASA)]


def test_the_domain_controller_takes_precedence_over_an_outdated_catalog() -> None:
    assert planned(state((), ASA)) == [(MAIL, "none", ASA)]
    assert planned(state((MAIL,))) == []


@pytest.mark.parametrize("on_conflict", ["fail", "move"])
def test_a_name_is_never_moved_from_an_account_of_another_domain(on_conflict: str) -> None:
    with pytest.raises(TaskError, match=FAR):
        planned(state((), FAR), on_conflict=on_conflict)


def test_a_deleted_name_stays_on_other_accounts() -> None:
    assert planned(state((MAIL,), ASA, OLD), "absent") == [(MAIL, f"{ASA} and {OLD}", OLD)]
    other = "http/other.corp.test"
    assert planned(state((MAIL, other), ASA, spns=(other,)), "exact") == [(MAIL, ASA, "none")]


def test_exact_deletes_only_the_service_classes_that_it_manages() -> None:
    windows = ("HOST/HV01", "Hyper-V Replica Service/HV01", "TERMSRV/HV01")
    old = "HTTP/old.corp.test"
    found = state((*windows, old, MAIL))
    assert planned(found, "exact") == [(old, ASA, "none")]
    assert planned(found, "exact", classes=["hyper-v replica service"]) == [(windows[1], ASA, "none")]
    assert planned(found, "exact", classes=[]) == []
    every = [label for label, _before, _after in planned(found, "exact", classes=["*"])]
    assert every == sorted([*windows, old], key=str.lower)
