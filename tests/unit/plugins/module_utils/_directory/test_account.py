# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kind of an account. The schema of the lab does not have all of these classes."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory.account import find_account
from ansible_collections.winha.cluster.plugins.module_utils._directory.distinguished_name import (
    dn_key,
    domain_of,
    is_same,
    name_of,
)
from ansible_collections.winha.cluster.plugins.module_utils._directory.entry import Entry
from ansible_collections.winha.cluster.plugins.module_utils.task import TaskError

BASE = "DC=corp,DC=example,DC=test"
COMPUTER = ("top", "person", "organizationalPerson", "user", "computer")


@dataclasses.dataclass(slots=True)
class Session:
    """A session that returns one account for each search."""

    classes: tuple[str, ...]
    host: str = "dc01"
    domain_dn: str = BASE
    more: t.Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def search(self, _base: str, _filter: str, attributes: t.Sequence[str], **_options: t.Any) -> t.Iterator[Entry]:
        """A domain controller returns only the attributes that are requested."""
        values = {"objectclass": self.classes, "samaccountname": ("ASA$",), **self.more}
        asked = {name.lower() for name in attributes}
        found = {name: tuple(map(str.encode, held)) for name, held in values.items() if name in asked}
        yield Entry(f"CN=ASA,{BASE}", found)


@pytest.mark.parametrize("identity", ["ASA", f"CN=ASA,{BASE}"])
@pytest.mark.parametrize(
    ("classes", "kind"),
    [
        (COMPUTER, "computer"),
        (COMPUTER[:-1], "user"),
        ((*COMPUTER[:-1], "inetOrgPerson"), "user"),
        ((*COMPUTER, "msDS-ManagedServiceAccount"), "managed_service_account"),
        ((*COMPUTER, "msDS-GroupManagedServiceAccount"), "group_managed_service_account"),
        ((*COMPUTER, "msDS-DelegatedManagedServiceAccount"), "delegated_managed_service_account"),
    ],
)
def test_the_most_specific_class_is_the_kind(identity: str, classes: tuple[str, ...], kind: str) -> None:
    assert find_account(t.cast("t.Any", Session(classes)), identity).kind == kind


@pytest.mark.parametrize("identity", ["ASA", f"CN=ASA,{BASE}"])
def test_an_unknown_class_is_not_the_kind_of_its_parent(identity: str) -> None:
    with pytest.raises(
        TaskError, match=r"is not a user or computer account, but an object of the class some-New-Class"
    ):
        find_account(t.cast("t.Any", Session((*COMPUTER, "some-New-Class"))), identity)


def test_distinguished_names_differ_in_spaces_and_case() -> None:
    assert is_same(f"CN=ASA,{BASE}", "cn = asa , dc=Corp, dc=example,dc=test")
    assert is_same("CN=Main\\, West,DC=x", "cn=main\\, west, DC=X")
    assert not is_same(f"CN=ASA,{BASE}", f"CN=ASA,OU=Exchange,{BASE}")
    assert domain_of("CN=A\\,DC=b, DC=Corp, DC=Example") == "corp.example"


def test_all_that_is_read_of_an_account() -> None:
    held = {
        "userprincipalname": ("asa@corp.example.test",),
        "useraccountcontrol": ("4096",),
        "msds-supportedencryptiontypes": ("24",),
        "pwdlastset": ("132223104000000000",),
        "serviceprincipalname": ("http/mail", "http/autodiscover"),
    }
    found = find_account(t.cast("t.Any", Session(COMPUTER, more=held)), "ASA")
    assert (found.dn, found.name, found.kind, found.object_class) == (f"CN=ASA,{BASE}", "ASA$", "computer", "computer")
    assert (found.user_principal_name, found.enabled) == ("asa@corp.example.test", True)
    assert (found.encryption_types, found.principal_names) == (24, ("http/mail", "http/autodiscover"))
    assert found.password_last_set == "2020-01-01T00:00:00Z"
    disabled = find_account(t.cast("t.Any", Session(COMPUTER, more={"useraccountcontrol": ("4098",)})), "ASA")
    assert (disabled.enabled, disabled.encryption_types, disabled.password_last_set) == (False, None, None)


@pytest.mark.parametrize(("flags", "enabled"), [("4096", True), ("4098", False), ("many", None), (None, None)])
def test_it_is_unknown_whether_an_account_is_enabled_if_that_was_not_returned(
    flags: str | None, enabled: bool | None
) -> None:
    more = {"useraccountcontrol": (flags,)} if flags else {}
    assert find_account(t.cast("t.Any", Session(COMPUTER, more=more)), "ASA").enabled is enabled


@pytest.mark.parametrize(
    ("time", "expected"),
    [("132537600000000000", "2020-12-30T00:00:00Z"), ("0", None), ("-1", None), ("9223372036854775807", None)],
)
def test_a_number_that_is_no_time_is_null(time: str, expected: str | None) -> None:
    account = find_account(t.cast("t.Any", Session(COMPUTER, more={"pwdlastset": (time,)})), "ASA")
    assert account.password_last_set == expected


def test_a_malformed_distinguished_name_has_one_part() -> None:
    assert name_of("Servers") == "Servers"
    assert dn_key("CN=x,,=") == dn_key("cn=X,,=") != dn_key("CN=x")


def test_a_received_value_does_not_break_the_message() -> None:
    error = TaskError("The account a\r\nb\x1b[31m is not there. Correct it.")
    assert str(error) == "The account a b [31m is not there. Correct it."
    assert len(str(TaskError("x" * 100_000))) <= 10_000
