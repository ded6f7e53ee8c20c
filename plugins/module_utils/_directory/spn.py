# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The syntax of service principal names, and which of them collide. Private to this collection; no I/O.

Sources: [MS-ADTS] 2.2.21 (the grammar), KB5008382 (aliases), the reference of C(sPNMappings).
"""

from __future__ import annotations

import dataclasses
import typing as t
import unicodedata

Aliases = t.Mapping[str, frozenset[str]]


class PrincipalNameError(ValueError):
    """A text is not a service principal name; the message is one sentence."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServicePrincipalName:
    """C(service class / host [: port or instance] [/ service name]), with the spelling as given.

    Two names are equal if their C(key) is equal: a directory is case-insensitive.
    """

    service_class: str
    host: str
    port: int | None = None
    instance: str = ""
    service_name: str = ""

    @classmethod
    def parse(cls, text: str) -> ServicePrincipalName:
        """Parse a service principal name. Raises C(PrincipalNameError)."""
        _check_characters(text)
        parts = text.split("/")
        if "://" in text:
            raise PrincipalNameError(
                f"'{text}' is a URL; use service class, slash and host, as in http/mail.example.com"
            )
        if len(parts) == 1:
            raise PrincipalNameError(f"'{text}' has no slash between service class and host, as in http/{text}")
        if len(parts) > 3:
            raise PrincipalNameError(
                f"'{text}' has {len(parts)} parts; the maximum is service class, host and service name"
            )
        for part, what in zip(parts, ("service class", "host", "service name"), strict=False):
            if not part:
                raise PrincipalNameError(f"'{text}' has an empty {what}")
            if part != part.strip():
                raise PrincipalNameError(f"'{text}' has a space at the beginning or the end of its {what}")
        # [MS-ADTS] 2.2.21 excludes no space, and Hyper-V registers service classes with spaces. A host has none.
        if " " in parts[1].partition(":")[0]:
            position = text.index(" ", text.index("/")) + 1
            raise PrincipalNameError(f"'{text}' has a space at position {position}, and a host has no spaces")
        if "@" in "/".join(parts[1:]):
            raise PrincipalNameError(
                f"'{text}' has an @; no client requests a service principal name with a realm, so leave out "
                f"@{text.rpartition('@')[2]}"
            )
        host, *suffix = parts[1].split(":")
        if len(suffix) > 1:
            raise PrincipalNameError(
                f"'{text}' has more than one colon after the host; only one port or instance is allowed"
            )
        if not host:
            raise PrincipalNameError(f"'{text}' has an empty host before the colon")
        port, instance = _parse_suffix(text, suffix[0]) if suffix else (None, "")
        service_name = parts[2] if parts[2:] else ""
        return cls(service_class=parts[0], host=host, port=port, instance=instance, service_name=service_name)

    @classmethod
    def stored(cls, text: str) -> ServicePrincipalName:
        """A name that an account already has, as it stands."""
        service_class, _slash, rest = text.partition("/")
        return cls(service_class=service_class, host=rest)

    def __str__(self) -> str:
        suffix = f":{self.instance or self.port}" if self.instance or self.port else ""
        return f"{self.service_class}/{self.host}{suffix}" + (f"/{self.service_name}" if self.service_name else "")

    @property
    def key(self) -> str:
        """The text that a directory compares."""
        return str(self).lower()


def read_aliases(values: t.Iterable[str]) -> Aliases:
    """Read the aliases of each service class, in lower case, from the values of C(sPNMappings).

    A value looks like C(host=alerter,http,www). The attribute is on C(CN=Directory Service,CN=Windows NT,CN=Services)
    in the configuration partition.
    """
    aliases: dict[str, frozenset[str]] = {}
    for value in values:
        service_class, _equals, rest = value.lower().partition("=")
        found = frozenset(alias.strip() for alias in rest.split(",")) - {""}
        aliases[service_class.strip()] = aliases.get(service_class.strip(), frozenset()) | found
    return aliases


def collisions(name: ServicePrincipalName, aliases: Aliases) -> tuple[ServicePrincipalName, ...]:
    """The names that must be on the same account as C(name), sorted.

    A service class and each of its aliases collide. Two aliases of one class do not collide: Kerberos looks up the
    exact name first.
    """
    own = name.service_class.lower()
    others = {service_class for service_class, known in aliases.items() if own in known} | aliases.get(own, frozenset())
    return tuple(dataclasses.replace(name, service_class=other) for other in sorted(others - {own}))


def _check_characters(text: str) -> None:
    if not text:
        raise PrincipalNameError("a service principal name is empty")
    for position, character in enumerate(text, start=1):
        code = f"U+{ord(character):04X}"
        if not character.isascii():
            called = f"{code}, {unicodedata.name(character, 'a character without a name')}"
            raise PrincipalNameError(f"{text!a} has a character beyond ASCII at position {position} ({called})")
        if not character.isprintable():
            raise PrincipalNameError(f"{text!a} has a control character at position {position} ({code})")
        if character == "*":
            raise PrincipalNameError(f"{text!a} has a wildcard; a service principal name contains exactly one host")


def _parse_suffix(text: str, suffix: str) -> tuple[int | None, str]:
    if not suffix:
        raise PrincipalNameError(f"'{text}' has a colon without a port or an instance after it")
    if not suffix.isdecimal():
        return None, suffix
    if suffix.startswith("0") or len(suffix) > 5 or int(suffix) > 65535:
        raise PrincipalNameError(f"'{text}' has the port {suffix}; valid ports are 1 to 65535, without leading zeros")
    return int(suffix), ""
