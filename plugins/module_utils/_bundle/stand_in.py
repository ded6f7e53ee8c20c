# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for real words, addresses and identifiers. Private to this collection.

A word is what is between spaces and punctuation, so a name that is a part of another text stays a part of it. Words
that differ only in case have stand-ins that differ only in case.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import random
import re
import typing as t

# Without vowels, so that no stand-in is a word of a language.
_LETTERS = "bcdfghjklmnpqrstvwxz"
_SHORTEST = 4  # a shorter stand-in would too often be the name of something else
_HEXADECIMAL = re.compile(r"(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{8,}")
_MICROSOFT_MAC = "00155d"  # of the virtual adapters of Hyper-V
_HARMLESS_MACS = {"0" * 12, "f" * 12}
_WELL_KNOWN_PART = 1000  # parts of a SID below this are Microsoft's

Network: t.TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"
# What these networks have in common says nothing: private, loopback, link-local.
_COMMON: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16")
) + tuple(ipaddress.ip_network(text) for text in ("fe80::/64", "fc00::/7"))
_HARMLESS_ADDRESSES = {"0.0.0.0", "127.0.0.1", "::", "::1"}  # noqa: S104 - nothing is bound


class StandIns:
    """The stand-ins of one bundle. C(known) are those of earlier messages, by real value in lower case."""

    def __init__(self, key: bytes, known: t.Mapping[str, str] | None = None) -> None:
        self._key = key
        self.by_real: dict[str, str] = dict(known or {})
        self.issued = {text.casefold() for text in self.by_real.values()}

    def word(self, real: str) -> str:
        """The stand-in of a word, in the same case: of digits, hexadecimal digits, or letters."""
        folded = real.casefold()
        made = self.by_real.get(folded)
        if made is None:
            made = self._keep(folded, self._new_word(folded))
        return _in_case_of(real, made)

    def guid(self, real: str) -> str:
        """The stand-in of a GUID."""
        folded = real.lower()
        if not folded.strip("0-"):
            return real
        made = self.by_real.get(folded)
        if made is None:
            digits = hashlib.sha256(self._digest(f"guid {folded}")).hexdigest()
            made = self._keep(folded, f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}")
        return made.upper() if real.upper() == real else made

    def mac(self, real: str) -> str:
        """The stand-in of a MAC address, with the same separators."""
        digits = re.sub("[^0-9a-f]", "", real.lower())
        if digits in _HARMLESS_MACS:
            return real
        made = self.by_real.get(digits)
        if made is None:
            made = self._keep(digits, self._new_mac(digits))
        made = made.upper() if real.upper() == real else made
        left = iter(made)
        return "".join(next(left) if mark.isalnum() else mark for mark in real)

    def sid(self, real: str) -> str:
        """The stand-in of a SID. Those of Microsoft stay."""
        head, parts = real.split("-")[:3], real.split("-")[3:]
        if len(parts) <= 2 and all(int(part) < _WELL_KNOWN_PART for part in parts):
            return real
        return "-".join([*head, *(self._sid_part(part) for part in parts)])

    def address(self, real: str) -> str | None:
        """The stand-in of an IP address; C(None) if the text is none. Addresses of one subnet stay in one subnet."""
        try:
            found = ipaddress.ip_address(real.partition("%")[0])
        except ValueError:
            return None
        if str(found) in _HARMLESS_ADDRESSES or found.is_multicast or _is_mask(found):
            return real
        made = self.by_real.get(str(found))
        if made is None:
            made = self._keep(str(found), self._new_address(found))
        return made + real[len(real.partition("%")[0]) :]

    def _keep(self, real: str, made: str) -> str:
        self.by_real[real] = made
        self.issued.add(made.casefold())
        return made

    def _digest(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), "sha256").digest()

    def _random(self, text: str) -> random.Random:
        return random.Random(self._digest(text))  # noqa: S311 - the seed is the secret

    def _new_word(self, folded: str) -> str:
        alphabet, first = _LETTERS, _LETTERS
        if folded.isascii() and folded.isdecimal():
            alphabet, first = "0123456789", "123456789"
        elif _HEXADECIMAL.fullmatch(folded):
            alphabet, first = "0123456789abcdef", "abcdef"
        for attempt in range(10_000):
            chance = self._random(f"word {attempt} {folded}")
            length = max(_SHORTEST, len(folded)) + attempt // 20
            made = chance.choice(first) + "".join(chance.choice(alphabet) for _number in range(length - 1))
            if made not in self.issued and made not in self.by_real and not self._contains_real(made):
                return made
        raise RuntimeError("there is no stand-in left")

    def _contains_real(self, made: str) -> bool:
        if len(made) > 3 * _SHORTEST:
            return False  # cannot be avoided in a long text, and proves nothing
        return any(
            made[begin:end] in self.by_real
            for begin in range(len(made))
            for end in range(begin + _SHORTEST, len(made) + 1)
        )

    def _new_mac(self, digits: str) -> str:
        if digits.isdecimal():
            return self._new_word(digits)
        tail = self._digest(f"mac {digits}").hex()
        if digits.startswith(_MICROSOFT_MAC):
            return _MICROSOFT_MAC + tail[:6]
        return f"{digits[0]}{'26ae'[int(tail[0], 16) % 4]}{tail[1:11]}"

    def _sid_part(self, part: str) -> str:
        if int(part) < _WELL_KNOWN_PART:
            return part
        made = self.by_real.get(part)
        if made is None:
            made = self._keep(part, str(self._random(f"sid {part}").randrange(1_000_000_000, 4_000_000_000)))
        return made

    def _new_address(self, found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
        """Flip each bit depending on the bits before it, so that equal prefixes stay equal."""
        width = found.max_prefixlen
        common = next((one.prefixlen for one in _COMMON if found in one), 3)
        bits = f"{int(found):0{width}b}"
        made = bits[:common]
        for position in range(common, width):
            flip = self._digest(f"bit {width} {bits[:position]}")[0] & 1
            made += str(int(bits[position]) ^ flip)
        if made == bits:
            made = made[:-1] + str(1 - int(made[-1]))
        return str(type(found)(int(made, 2)))


def _is_mask(found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    bits = f"{int(found):0{found.max_prefixlen}b}"
    return bits.startswith("1111") and "01" not in bits


def _in_case_of(real: str, made: str) -> str:
    if real.isupper():
        return made.upper()
    return made.capitalize() if real[:1].isupper() else made
