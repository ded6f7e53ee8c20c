# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults in the entries, the values and the pages of a search."""

from __future__ import annotations

import copy
import functools
import itertools
import re
import typing as t

from . import ber
from .faults import SEARCH, message, register
from .proxy import CONTROLS, ENTRY, PAGED, REFERENCE, Exchange, Request

if t.TYPE_CHECKING:
    from .ber import Element

NAMES = "servicePrincipalName"
# Attributes without which a result can be wrong, of accounts, of the rootDSE and of Exchange.
ATTRIBUTES = (
    NAMES, "objectClass", "sAMAccountName", "userAccountControl", "pwdLastSet", "msDS-SupportedEncryptionTypes",
    "userPrincipalName", "sPNMappings", "defaultNamingContext", "dnsHostName", "configurationNamingContext",
    "rootDomainNamingContext", "isGlobalCatalogReady", "nCName", "legacyExchangeDN", "versionNumber", "networkAddress",
    "msExchServerSite", "msExchCurrentServerRoles", "msExchMDBAvailabilityGroupLink", "msExchOwningServer",
    "msExchHostServerLink", "msExchMasterServerOrAvailabilityGroup", "msExchActivationPreference", "keywords",
    "serviceBindingInformation", "msExchInternalHostName", "msExchInternalAuthenticationMethods",
    "msExchAcceptedDomainFlags", "msExchFedOrgCertificate",
)  # fmt: skip
_DN = re.compile(rb"(CN|DC|OU)=", re.IGNORECASE)
_numbers = itertools.count(1)


def _has_entries(request: Request) -> bool:
    return request.entries > 0


def _has(name: str, request: Request) -> bool:
    return name.casefold() in {one.casefold() for one in request.attributes}


def _is_paged(request: Request) -> bool:
    return request.paged


def _entries(name: str, change: t.Callable[[Exchange], None], **kind: t.Any) -> None:
    message(name, change, on=SEARCH, **{"applies": _has_entries, **kind})


def _attributes(to: Exchange, name: str = "") -> t.Iterator[Element]:
    """The attributes of all entries, or one of them. An attribute is a name and a set of values."""
    for entry in to.entries:
        for attribute in entry.parts[1].parts:
            if not name or attribute.parts[0].octets.decode().casefold() == name.casefold():
                yield attribute


# --- the entries ---


def _keep(which: t.Callable[[int, int], bool], to: Exchange) -> None:
    kept = iter(range(len(to.entries)))
    size = len(to.entries)
    to.messages = [one for one in to.messages if one.parts[1].tag != ENTRY or which(next(kept), size)]


def _double(to: Exchange) -> None:
    to.messages = [one for one in to.messages for _copy in range(1 + (one.parts[1].tag == ENTRY))]


def _dn(value: bytes, to: Exchange) -> None:
    for entry in to.entries:
        entry.value = [ber.octets(value), *entry.parts[1:]]


def _references(to: Exchange) -> None:
    found = to.answer(ber.sequence(ber.octets(to.referral), tag=REFERENCE))
    to.messages = [found, *to.messages[:-1], found, to.messages[-1]]


def _only_references(to: Exchange) -> None:
    _keep(lambda _number, _size: False, to)
    _references(to)


def _no_attributes(to: Exchange) -> None:
    for entry in to.entries:
        entry.parts[1].value = []


def _intermediate(to: Exchange) -> None:
    to.messages.insert(0, to.answer(ber.sequence(ber.octets("1.2.3", 0x80), tag=0x79)))


_entries("no_entries", functools.partial(_keep, lambda _number, _size: False), lies=True)
_entries("first_entry_missing", functools.partial(_keep, lambda number, _size: number > 0), lies=True)
_entries("last_entry_missing", functools.partial(_keep, lambda number, size: number < size - 1), lies=True)
_entries("entries_twice", _double)
_entries("reference", _references, harmless=True, applies=lambda _request: True)
_entries("only_references", _only_references, lies=True)
_entries("intermediate", _intermediate)
_entries("no_attributes", _no_attributes, lies=True)
for _name, _value in {
    "dn_empty": b"", "dn_malformed": b"=,=\\,+;", "dn_not_utf8": b"CN=\xff,DC=corp", "dn_null": b"CN=a\x00b,DC=corp",
    "dn_long": b"CN=" + b"a" * 200_000 + b",DC=corp,DC=test", "dn_elsewhere": b"CN=x,DC=elsewhere,DC=test",
    "dn_deep": b",".join([b"CN=a"] * 20_000), "dn_lines": b"CN=a\r\nb,DC=corp",
}.items():  # fmt: skip
    _entries(_name, functools.partial(_dn, _value), lies=True, adds=True)


# --- the values ---


def _values(change: t.Callable[[bytes], bytes], to: Exchange) -> None:
    for attribute in _attributes(to):
        attribute.parts[1].value = [ber.octets(change(one.octets)) for one in attribute.parts[1].parts]


def _where(wanted: t.Callable[[bytes], t.Any], value: bytes, to: Exchange) -> None:
    _values(lambda old: value if wanted(old) else old, to)


def _is_number(value: bytes) -> bool:
    return value.lstrip(b"-").isdigit()


def _without(name: str, to: Exchange) -> None:
    for entry in to.entries:
        entry.parts[1].value = [
            one for one in entry.parts[1].parts if one.parts[0].octets.decode().casefold() != name.casefold()
        ]


def _emptied(name: str, to: Exchange) -> None:
    for attribute in _attributes(to, name):
        attribute.parts[1].value = []


def _blank(name: str, to: Exchange) -> None:
    for attribute in _attributes(to, name):
        attribute.parts[1].value = [ber.octets(b"")]


def _halves(to: Exchange) -> None:
    """The values of an attribute as two attributes of the same name."""
    for entry in to.entries:
        doubled = []
        for one in entry.parts[1].parts:
            name, values = one.parts
            middle = len(values.parts) // 2
            doubled += [ber.sequence(name, ber.sequence(*half, tag=0x31))
                        for half in (values.parts[:middle], values.parts[middle:]) if half]  # fmt: skip
        entry.parts[1].value = doubled


def _other_case(to: Exchange) -> None:
    for attribute in _attributes(to):
        attribute.parts[0] = ber.octets(attribute.parts[0].octets.swapcase())


def _more_values(to: Exchange) -> None:
    for attribute in _attributes(to, NAMES):
        attribute.parts[1].value = [*attribute.parts[1].parts, *(ber.octets(f"x/{n}") for n in range(50_000))]


def _single_value(to: Exchange) -> None:
    for attribute in _attributes(to):
        attribute.value = [attribute.parts[0], ber.octets(b"no set")]


for _name in ATTRIBUTES:
    _has_it = functools.partial(_has, _name)
    _entries(f"without_{_name}", functools.partial(_without, _name), lies=True, applies=_has_it)
    _entries(f"empty_{_name}", functools.partial(_emptied, _name), lies=True, applies=_has_it)
    _entries(f"blank_{_name}", functools.partial(_blank, _name), lies=True, applies=_has_it)
for _name, _value in {
    "numbers_words": b"many", "numbers_blank": b" ", "numbers_long": b"9" * 5000, "numbers_negative": b"-9" + b"9" * 25,
    "numbers_large": b"9223372036854775807", "numbers_low": b"-9223372036854775808", "numbers_more": b"9" * 20,
    "numbers_superscript": "²".encode(), "numbers_hexadecimal": b"0x10", "numbers_underscore": b"1_0",
}.items():  # fmt: skip
    _entries(_name, functools.partial(_where, _is_number, _value), lies=True, adds=True)
for _name, _value in {
    "names_malformed": b"CN=x,,=\\", "names_not_utf8": b"CN=\xff\xfe,DC=corp", "names_empty": b"",
    "names_long": b"CN=" + b"a" * 200_000, "names_null": b"CN=\x00", "names_no_name": b"Servers",
}.items():  # fmt: skip
    _entries(_name, functools.partial(_where, _DN.match, _value), lies=True, adds=True)
_entries("values_not_utf8", functools.partial(_values, lambda old: old + b"\xff\xfe\xc0\x80"), lies=True, adds=True)
_entries("values_control", functools.partial(_values, lambda old: old + b"\r\n\x1b[31m\x00"), lies=True, adds=True)
_entries("values_long", functools.partial(_values, lambda old: old + b"a" * 20_000), lies=True, adds=True)
_entries("values_many", _more_values, lies=True, adds=True, applies=functools.partial(_has, NAMES))
_entries("values_in_halves", _halves, lies=True)  # python-ldap keeps the last half, and such a response is not valid
_entries("names_in_other_case", _other_case, harmless=True)
_entries("no_set", _single_value, lies=True)


# --- ranges of values ([MS-ADTS] 3.1.1.3.1.3.3) ---


def _ranged(option: bytes, values: slice, to: Exchange) -> None:
    """Return a part of the values, with a range. The next part comes from the domain controller."""
    for attribute in _attributes(to, NAMES):
        attribute.parts[0] = ber.octets(attribute.parts[0].octets + option)
        attribute.parts[1].value = attribute.parts[1].parts[values]


def _as_windows(to: Exchange) -> None:
    """Windows also returns the attribute without values."""
    for entry in to.entries:
        plain = [ber.sequence(one.parts[0], ber.sequence(tag=0x31)) for one in entry.parts[1].parts if _is_names(one)]
        entry.parts[1].value = [*plain, *entry.parts[1].parts]
    _ranged_last(to)


def _is_names(attribute: Element) -> bool:
    return attribute.parts[0].octets.lower() == NAMES.lower().encode()


def _ranged_last(to: Exchange) -> None:
    for attribute in _attributes(to, NAMES):
        if attribute.parts[1].parts:
            attribute.parts[0] = ber.octets(attribute.parts[0].octets + b";range=0-0")
            attribute.parts[1].value = attribute.parts[1].parts[:1]


def _endless_range(to: Exchange) -> None:
    """Each part has one value and says that there are more."""
    for entry in to.entries:
        for attribute in entry.parts[1].parts:
            plain = attribute.parts[0].octets.partition(b";")[0]
            number = next(_numbers)
            attribute.value = [
                ber.octets(plain + b";range=%d-%d" % (number, number)),
                ber.sequence(ber.octets(f"x/{number}"), tag=0x31),
            ]


_name_range = functools.partial(_entries, applies=functools.partial(_has, NAMES))
_name_range("range_first", functools.partial(_ranged, b";range=0-0", slice(0, 1)), harmless=True)
_name_range("range_as_windows", _as_windows, harmless=True)
_name_range("range_all", functools.partial(_ranged, b";range=0-*", slice(None)), harmless=True)
_name_range("range_capitals", functools.partial(_ranged, b";Range=0-*", slice(None)), harmless=True)
_name_range("range_none", functools.partial(_ranged, b";range=0-1499", slice(0, 0)), lies=True)
_name_range("range_beyond", functools.partial(_ranged, b";range=0-99999999999999999999", slice(None)))
_name_range("range_malformed", functools.partial(_ranged, b";range=x-y", slice(None)))
_name_range("range_superscript", functools.partial(_ranged, ";range=0-²".encode(), slice(None)))
_name_range("range_backwards", functools.partial(_ranged, b";range=5-1", slice(None)), lies=True, adds=True)
_name_range("range_other_option", functools.partial(_ranged, b";binary", slice(None)), lies=True)
_name_range("range_endless", _endless_range, lies=True, adds=True)


# --- pages (RFC 2696) ---


def _paged(data: t.Callable[[], bytes], to: Exchange) -> None:
    """Set the value of the control of the last message."""
    last = to.messages[-1]
    control = ber.sequence(ber.octets(PAGED), ber.octets(data()))
    to.messages[-1] = ber.sequence(*last.parts[:2], ber.sequence(control, tag=CONTROLS))


def _control(size: int, cookie: bytes) -> bytes:
    return ber.sequence(ber.integer(size), ber.octets(cookie)).encode()


def _from_the_beginning(request: Element) -> None:
    """Ask for the first page."""
    for part in request.parts[2:]:
        for control in part.parts:
            if control.parts[0].octets == PAGED:
                control.parts[-1].value = _control(1000, b"")


def _new_page(to: Exchange) -> None:
    """A page with entries that no other page has."""
    if to.entries:
        found = copy.deepcopy(next(one for one in to.messages if one.parts[1].tag == ENTRY))
        entry = found.parts[1]
        entry.value = [ber.octets(b"CN=%d," % next(_numbers) + entry.parts[0].octets), *entry.parts[1:]]
        to.messages = [found, to.messages[-1]]
    _paged(lambda: _control(0, b"%d" % next(_numbers)), to)


def _empty_page(to: Exchange) -> None:
    _keep(lambda _number, _size: False, to)
    _paged(lambda: _control(0, b"more"), to)


_page = functools.partial(_entries, applies=_is_paged)
_page("pages_without_end", _new_page, lies=True, adds=True, ask=_from_the_beginning)
_page("empty_pages_without_end", _empty_page, lies=True, ask=_from_the_beginning)
_page("same_cookie", functools.partial(_paged, lambda: _control(0, b"again")), ask=_from_the_beginning)
_page("new_cookie", functools.partial(_paged, lambda: _control(0, b"%d" % next(_numbers))), ask=_from_the_beginning)
_page("long_cookie", functools.partial(_paged, lambda: _control(0, b"c" * 100_000)), ask=_from_the_beginning)
_page("unknown_cookie", functools.partial(_paged, lambda: _control(0, b"gone")))
_page("huge_size", functools.partial(_paged, lambda: _control((1 << 31) - 1, b"")), harmless=True)
_page("larger_size", functools.partial(_paged, lambda: _control(1 << 70, b"")))
_page("negative_size", functools.partial(_paged, lambda: _control(-5, b"")))
_page("no_control_value", functools.partial(_paged, lambda: b""))
_page("control_is_text", functools.partial(_paged, lambda: b"many pages"))
_page("control_is_cut", functools.partial(_paged, lambda: _control(0, b"again")[:-3]))
register("no_control", lambda to: to.send([*to.messages[:-1], ber.sequence(*to.messages[-1].parts[:2])]),
         on=SEARCH, effects=[True], harmless=True, applies=_is_paged)  # fmt: skip
