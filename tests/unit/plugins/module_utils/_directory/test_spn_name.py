# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The syntax of service principal names."""

from __future__ import annotations

import string

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._directory.spn import (
    PrincipalNameError,
    ServicePrincipalName,
    collisions,
    read_aliases,
)

hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")

# As a new forest has it, abridged; and a second value, which an administrator may add.
MAPPINGS = ["host=alerter,appmgmt,cifs,http,rpc,www", "Gate=Http"]

WRONG = {
    "": "is empty",
    "mail.example.com": "has no slash",
    "/mail.example.com": "an empty service class",
    "http/": "an empty host",
    "http//mail.example.com": "an empty host",
    "ldap/dc1.example.com/": "an empty service name",
    "a/b/c/d": "has 4 parts",
    "https://mail.example.com/owa": "is a URL",
    "http/:443": "an empty host before the colon",
    "http/mail.example.com:": "without a port or an instance",
    "http/mail.example.com:0": "the port 0;",
    "http/mail.example.com:65536": "the port 65536;",
    "http/mail.example.com:99999999999999999999": "the port 9",
    f"http/mail.example.com:{'9' * 5000}": "the port 9",
    "http/mail.example.com:0443": "the port 0443;",
    "http/[fe80::1]": "more than one colon",
    "http/*.example.com": "a wildcard",
    "http/mail example.com": "a space at position 10",
    " http/mail.example.com": "a space at the beginning or the end of its service class",
    "http/mail.example.com ": "a space at the beginning or the end of its host",
    "http /mail.example.com": "a space at the beginning or the end of its service class",
    "http/mail.example.com@EXAMPLE.COM": "no client requests .* with a realm, so leave out @EXAMPLE.COM",
    "ldap/dc1.example.com/example.com@EXAMPLE.COM": "so leave out @EXAMPLE.COM",
    "http/mail.example.com\n": r"a control character at position 22 \(U\+000A\)",
    "http/mail\x7f.example.com": r"\(U\+007F\)",
    "http/m\N{ZERO WIDTH SPACE}ail.example.com": r"position 7 \(U\+200B, ZERO WIDTH SPACE\)",
    "http/m\N{CYRILLIC SMALL LETTER A}il.example.com": r"\(U\+0430, CYRILLIC SMALL LETTER A\)",
    "http/mail.example.com\U000e0154": r"\(U\+E0154, VARIATION SELECTOR-101\)",
    "http/mail\ud800.example.com": r"\(U\+D800, a character without a name\)",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: ascii(text[:40]))
def test_each_error_has_its_own_message(text: str) -> None:
    with pytest.raises(PrincipalNameError, match=WRONG[text]) as caught:
        ServicePrincipalName.parse(text)
    assert str(caught.value).isprintable()
    assert str(caught.value).isascii()


def test_a_name_is_split_into_its_parts() -> None:
    """The example of [MS-ADTS], a database with a port, and a database with an instance."""
    domain = ServicePrincipalName.parse("ldap/dc-01.fabrikam.com/fabrikam.com")
    assert (domain.service_class, domain.host, domain.service_name) == ("ldap", "dc-01.fabrikam.com", "fabrikam.com")
    port = ServicePrincipalName.parse("MSSQLSvc/sql.example.com:1433")
    assert (port.host, port.port, port.instance) == ("sql.example.com", 1433, "")
    replica = ServicePrincipalName.parse("Hyper-V Replica Service/hv01.example.com")
    assert (replica.service_class, replica.host) == ("Hyper-V Replica Service", "hv01.example.com")
    instance = ServicePrincipalName.parse("MSSQLSvc/sql.example.com:14x33")
    assert (instance.host, instance.port, instance.instance) == ("sql.example.com", None, "14x33")


def test_names_are_case_insensitive() -> None:
    one, other = map(ServicePrincipalName.parse, ("HTTP/Mail.Example.Com", "http/mail.example.com"))
    assert one.key == other.key
    assert str(one) == "HTTP/Mail.Example.Com"


PART = st.text(alphabet=sorted(set(string.printable) - set(string.whitespace) - set("*/:@")), min_size=1, max_size=20)
SERVICE_CLASS = st.lists(PART, min_size=1, max_size=3).map(" ".join)
INSTANCE = PART.filter(lambda text: not text.isdecimal())
SUFFIX = st.one_of(st.just(""), st.integers(1, 65535).map(":{}".format), INSTANCE.map(":{}".format))
NAME = st.tuples(SERVICE_CLASS, PART, SUFFIX, st.one_of(st.just(""), PART.map("/{}".format))).map(
    lambda parts: f"{parts[0]}/{parts[1]}{parts[2]}{parts[3]}"
)


@hypothesis.given(NAME)
def test_any_valid_name_keeps_its_spelling(text: str) -> None:
    name = ServicePrincipalName.parse(text)
    assert str(name) == text
    assert ServicePrincipalName.parse(name.key).key == name.key


@hypothesis.given(st.text(max_size=40))
def test_any_text_is_a_valid_name_or_has_an_error_message(text: str) -> None:
    """The message has only printable characters, so it shows invisible ones by their code."""
    try:
        found = str(ServicePrincipalName.parse(text))
    except PrincipalNameError as error:
        found, text = str(error), "".join(filter(str.isprintable, str(error)))
    assert found == text


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("http/x", ["gate/x", "host/x"]),
        ("HTTP/X:81", ["gate/X:81", "host/X:81"]),
        ("cifs/x", ["host/x"]),
        ("host/x", ["alerter/x", "appmgmt/x", "cifs/x", "http/x", "rpc/x", "www/x"]),
        ("exchangeMDB/x", []),
    ],
)
def test_a_service_class_and_its_aliases_collide(name: str, others: list[str]) -> None:
    found = collisions(ServicePrincipalName.parse(name), read_aliases(MAPPINGS))
    assert [str(other) for other in found] == others


@hypothesis.given(
    st.sampled_from(["host", "http", "cifs", "gate", "smtp"]), st.sampled_from(["host", "http", "cifs", "gate"])
)
def test_collisions_are_mutual(one: str, other: str) -> None:
    aliases = read_aliases(MAPPINGS)
    names = {text: ServicePrincipalName.parse(f"{text}/x") for text in (one, other)}
    assert (names[other] in collisions(names[one], aliases)) == (names[one] in collisions(names[other], aliases))


def test_malformed_mappings_are_ignored() -> None:
    aliases = read_aliases(["", "host", "host=", "host= http , ,host"])
    assert [str(other) for other in collisions(ServicePrincipalName.parse("host/x"), aliases)] == ["http/x"]
