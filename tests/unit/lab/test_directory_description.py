# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key `directory` of an estate file, without a domain controller."""

from __future__ import annotations

from typing import Any

import pytest
from directory_estate import description
from lab.checks import EstateError
from lab.directory import ldif, parse, schema
from lab.estate import parse as parse_estate

_CREDENTIALS = {"password": "Lab-Passw0rd"}


def _described(**more: Any) -> Any:
    return parse(description("127.33.0", **more), _CREDENTIALS)


def _exchange(**more: Any) -> dict[str, Any]:
    return {**description("127.33.0")["exchange"], **more}


def test_the_default_names_come_from_the_domain() -> None:
    found = _described()
    assert (found.netbios, found.realm, found.fqdn) == ("CORP", "CORP.EXAMPLE.TEST", "dc01.corp.example.test")
    assert found.base_dn == "DC=corp,DC=example,DC=test"
    assert found.relay == "127.33.0.6"


def test_accounts_with_a_count_have_numbers() -> None:
    found = [account for account in _described().accounts if account.name.startswith("PC")]
    assert len(found) == 20
    assert (found[6].name, found[6].spns, found[6].dns_name) == ("PC007$", ("HOST/PC007",), "PC007.x")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"address": "192.0.2.1"}, "not a loopback address"),
        ({"realm": "X"}, "unknown key realm"),
        ({"certificate": "rotten"}, "rotten, not one of good"),
        ({"accounts": [{"name": "a", "kind": "group"}]}, "group, not one of user"),
        ({"accounts": [{"name": "a"}, {"name": "A"}]}, "two accounts have the name a"),
        ({"accounts": [{"name": "a", "spn_writers": ["b"]}]}, "SPN writer b, which is not in the estate file"),
        ({"accounts": [{"name": "a", "encryption_types": ["aes512"]}]}, "aes512, not one of"),
        ({"exchange": _exchange(servers=[{"name": "a", "roles": [], "site": "Moon"}])}, "a is in site Moon"),
        ({"exchange": _exchange(version="14.1")}, "not four numbers"),
        ({"exchange": _exchange(urls=[{"servers": ["CAS9"], "owa": "x"}])}, "names the server CAS9"),
        ({"exchange": _exchange(dags=[{"name": "D", "members": ["MBX9"]}])}, "member MBX9"),
        (
            {"exchange": _exchange(databases=[{"name": "D", "copies": ["MBX1"], "rpc_client_access": "x"}])},
            "rpc_client_access of database D is x",
        ),
        (
            {"exchange": _exchange(databases=[{"name": "D", "copies": ["MBX9"], "rpc_client_access": "CAS1"}])},
            "copy on MBX9",
        ),
    ],
)
def test_an_invalid_directory_is_refused(more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(EstateError, match=sentence):
        _described(**more)


def test_an_estate_may_have_a_directory() -> None:
    file = {"name": "x", "credentials": {"user": "u", "password": "p"}, "hosts": []}
    assert parse_estate(file).directory is None
    found = parse_estate({**file, "directory": description("127.33.0")}).directory
    assert found is not None
    assert found.password == "p"


def test_ldif_survives_a_round_trip() -> None:
    values: dict[str, Any] = {"a": ["plain", " space", "trailing ", "ümlaut", ""], "b": b"\0\xff", "c": 7, "d": None}
    (found,) = ldif.parse(ldif.entry("CN=Straße,DC=x", values))
    assert found.dn == "CN=Straße,DC=x"
    assert found.all("A") == ["plain", " space", "trailing ", "ümlaut", ""]
    assert found.raw("b") == (b"\0\xff",)
    assert found.one("c") == "7"
    with pytest.raises(KeyError, match="0 values of d"):
        found.one("d")


def test_folded_ldif_is_read() -> None:
    (found,) = ldif.parse("# record 1\ndn: CN=a,\n DC=x\nv: on\n e\n\n# Referral\nref: ldap://x\n\n# 1 entries\n")
    assert (found.dn, found.one("v")) == ("CN=a,DC=x", "one")


def test_schema_names_have_the_format_of_microsoft() -> None:
    names = ("msExchMDBCopy", "msExchOWAVirtualDirectory", "msExchFedTokenIssuerURI", "heuristics")
    assert [schema.common_name(name) for name in names] == [
        "ms-Exch-MDB-Copy",
        "ms-Exch-OWA-Virtual-Directory",
        "ms-Exch-Fed-Token-Issuer-URI",
        "Heuristics",
    ]


def test_every_attribute_of_a_class_is_in_the_schema() -> None:
    base = "CN=Schema,DC=x"
    made = {entry.one("lDAPDisplayName") for entry in ldif.parse("".join(schema.attributes(base)))}
    own = {"versionNumber", "networkAddress", "legacyExchangeDN", "objectVersion", "garbageCollPeriod"}
    numbers: list[str] = []
    for entry in ldif.parse("".join(schema.classes(base))):
        assert set(entry.all("mayContain") + entry.all("mustContain")) <= made | own, entry.dn
        numbers.append(entry.one("governsID"))
    assert len(set(numbers)) == len(numbers)
