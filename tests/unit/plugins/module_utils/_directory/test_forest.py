# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The searches of the forest for names: the filters, whose answer counts, and the order of what is found."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory import forest
from ansible_collections.winha.cluster.plugins.module_utils._directory.entry import Entry
from ansible_collections.winha.cluster.plugins.module_utils._directory.forest import Accounts, Holder
from ansible_collections.winha.cluster.plugins.module_utils._directory.spn import ServicePrincipalName

SPN = "servicePrincipalName"
OWN, CHILD, OTHER = "DC=corp,DC=test", "DC=child,DC=corp,DC=test", "DC=xcorp,DC=test"


def entry(dn: str, *names: str) -> Entry:
    return Entry(dn, {SPN.lower(): tuple(name.encode() for name in names)})


@dataclasses.dataclass(slots=True)
class Session:
    """A session with the entries of a global catalog, and those of the own domain controller."""

    catalog: t.Sequence[Entry] = ()
    own: t.Sequence[Entry] = ()
    is_own_catalog: bool = True
    asked: list[t.Any] = dataclasses.field(default_factory=list)
    domain_dn: str = OWN
    configuration_dn: str = f"CN=Configuration,{OWN}"

    def search(self, base: str, filter_: str, attributes: t.Any, **more: t.Any) -> t.Iterator[Entry]:
        self.asked.append((base, filter_, attributes, more))
        yield from self.own

    def search_forest(self, filter_: str, attributes: t.Any, **more: t.Any) -> t.Iterator[Entry]:
        self.asked.append(("forest", filter_, attributes, more))
        yield from self.catalog


def session(*catalog: Entry, **more: t.Any) -> t.Any:
    return Session(catalog, **more)


def test_the_aliases_are_read_where_windows_has_them() -> None:
    found = Session(own=[Entry("x", {"spnmappings": (b"host=http,www",)})])
    aliases = forest.read_host_aliases(t.cast("t.Any", found))
    assert found.asked == [
        (f"CN=Directory Service,CN=Windows NT,CN=Services,CN=Configuration,{OWN}", "(objectClass=*)", ["sPNMappings"],
         {"scope": "base", "operation": "reading the equivalent service classes"}),
    ]  # fmt: skip
    name = ServicePrincipalName.parse("http/x")
    assert {key: [one.key for one in found] for key, found in forest.colliding_names([name], aliases).items()} == {
        "http/x": ["host/x"]
    }


OPERATION = {"operation": "searching the forest for the service principal names"}


def test_the_accounts_of_names_are_found_in_the_catalog() -> None:
    found = session(entry("CN=b", "HTTP/x", "http/unasked"), entry("CN=A", "http/X"))
    assert forest.find_holders(found, ["http/x", "http/(y)"]) == {
        "http/(y)": (),
        "http/x": (Holder("CN=A", "http/X"), Holder("CN=b", "HTTP/x")),
    }
    filter_ = rf"(|({SPN}=http/\28y\29)({SPN}=http/x))"
    assert found.asked == [("forest", filter_, [SPN], OPERATION)]


def test_the_own_domain_controller_counts_for_its_own_domain() -> None:
    """A catalog on another server gets changes later. A child domain and one with a similar name are other domains."""
    catalog = [entry(f"CN=old,{OWN}", "http/x"), *(entry(f"CN=far,{each}", "http/x") for each in (CHILD, OTHER))]
    found = session(*catalog, own=[entry(f"CN=new,{OWN}", "http/x")], is_own_catalog=False)
    names = [one.dn for one in forest.find_holders(found, ["http/x"])["http/x"]]
    assert names == [f"CN=far,{CHILD}", f"CN=far,{OTHER}", f"CN=new,{OWN}"]
    assert found.asked[1] == (OWN, f"(|({SPN}=http/x))", [SPN], OPERATION)


@pytest.mark.parametrize(("number", "searches"), [(0, 0), (1, 1), (100, 1), (101, 2), (200, 2), (201, 3)])
def test_no_search_has_more_than_100_names(number: int, searches: int) -> None:
    found = session()
    keys = [f"http/{each:03}" for each in range(number)]
    assert forest.find_holders(found, keys) == dict.fromkeys(keys, ())
    assert len(found.asked) == searches
    assert sum(asked[1].count(f"({SPN}=") for asked in found.asked) == number


@pytest.mark.parametrize(
    ("patterns", "filter_", "expected"),
    [
        (["http/*"], f"(|({SPN}=http/*))", ["http/a", "HTTP/b"]),
        (["http/**a"], f"(|({SPN}=http/*a))", ["http/a"]),
        (["http/a", "imap/*"], f"(|({SPN}=http/a)({SPN}=imap/*))", ["http/a", "imap/a"]),
        (["http/(*"], rf"(|({SPN}=http/\28*))", []),
        (["http/."], f"(|({SPN}=http/.))", []),
        (["*"], f"(|({SPN}=*))", ["http/a", "HTTP/b", "imap/a"]),
    ],
)
def test_a_search_with_asterisks(patterns: list[str], filter_: str, expected: list[str]) -> None:
    found = session(entry("CN=Z", "imap/a", "HTTP/b"), entry("CN=A", "http/a"))
    assert [one.spn for one in forest.find_matching(found, patterns)] == expected
    assert found.asked == [("forest", filter_, [SPN], {"operation": f"searching for {', '.join(patterns)}"})]


def test_what_is_found_is_sorted_by_name_and_account() -> None:
    found = session(entry("CN=b", "http/x", "HTTP/A"), entry("CN=A", "HTTP/X"))
    assert [(one.spn, one.dn) for one in forest.find_matching(found, ["*"])] == [
        ("HTTP/A", "CN=b"), ("HTTP/X", "CN=A"), ("http/x", "CN=b"),
    ]  # fmt: skip


def test_duplicates_of_the_forest() -> None:
    """The krbtgt accounts of all domains have one name by design."""
    found = session(
        entry("CN=b", "http/x", "HTTP/Y", "http/y", "kadmin/changepw"),
        entry("CN=a", "HTTP/X", "http/z", "Kadmin/ChangePw"),
        entry("CN=c", "http/x"),
    )
    assert forest.find_duplicates(found) == forest.Duplicates(
        found={"http/x": ("CN=a", "CN=b", "CN=c")}, accounts=3, names=5
    )
    assert found.asked == [("forest", f"({SPN}=*)", [SPN], {"operation": "searching the forest for duplicates"})]


def test_accounts_in_words() -> None:
    assert str(Accounts()) == "none"
    assert str(Accounts(["CN=a", "CN=b"])) == "CN=a and CN=b"
    assert Accounts(["CN=a", "CN=b"]).without("CN=a") == Accounts(["CN=b"])
