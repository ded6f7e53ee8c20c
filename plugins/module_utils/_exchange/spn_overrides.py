# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The overrides for the plan of service principal names. Private to this collection."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from .._directory.spn import PrincipalNameError, ServicePrincipalName
from ..name_list import listed
from .address import parse_address
from .published_names import AUTODISCOVER_DIRECTORY, FAMILIES, SCP, SERVICES

_CHOICES = tuple(service for service in SERVICES if service != AUTODISCOVER_DIRECTORY)
_COUNTED = {
    "2010": ("owa", "ecp", "ews", "oab", SCP),
    "2013": ("owa", "ecp", "ews", "oab", "mapi", "outlook_anywhere", SCP),
}


class PlanError(ValueError):
    """An override is invalid; the message is one sentence."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """The overrides of the operator, checked by C(Overrides.read).

    The keys of C(leave_out) are hosts and service principal names in lower case, the values are the given texts.
    """

    generations: tuple[str, ...]
    counted: t.Mapping[str, tuple[str, ...]]
    extra: t.Mapping[str, tuple[ServicePrincipalName, ...]]
    leave_out: t.Mapping[str, str]

    @classmethod
    def read(
        cls,
        *,
        generations: t.Iterable[str] | None,
        services: t.Iterable[str] | None,
        extra: t.Mapping[str, t.Iterable[str]] | None,
        leave_out: t.Iterable[str] | None,
    ) -> Overrides:
        """Read and check the overrides; C(None) or empty is the default. Raises C(PlanError)."""
        if not isinstance(extra or {}, t.Mapping):
            raise PlanError("extra is not a dictionary of lists by generation")
        chosen = check_choices("generations", generations, FAMILIES) or tuple(FAMILIES)
        services_chosen = check_choices("services", services, _CHOICES)
        wanted = {
            check_choices("extra", [family], FAMILIES)[0]: tuple(
                _parse("extra", text) for text in _list("extra", names)
            )
            for family, names in (extra or {}).items()
        }
        excluded = {_exclusion_key(text): text for text in _list("leave_out", leave_out)}
        extra_names = [name for names in wanted.values() for name in names]
        for name in extra_names:
            if {name.key, name.host.lower()} & set(excluded):
                raise PlanError(f"{name} is both in extra and in leave_out")
        for family, other in itertools.combinations(wanted, 2):
            for key in sorted({name.key for name in wanted[family]} & {name.key for name in wanted[other]}):
                raise PlanError(f"{key} is in extra for {family} and for {other}, but only one account can have it")
        counted = {family: services_chosen or _COUNTED[family] for family in FAMILIES}
        return cls(generations=chosen, counted=counted, extra=wanted, leave_out=excluded)


def _list(option: str, given: t.Iterable[object] | None) -> list[str]:
    if isinstance(given, str) or not isinstance(given or [], t.Iterable):
        raise PlanError(f"{option} is not a list")
    return [str(text) for text in given or []]


def check_choices(option: str, given: t.Iterable[object] | None, choices: t.Iterable[str]) -> tuple[str, ...]:
    """Convert values to text (YAML reads generations as numbers) and check them. Raises C(PlanError)."""
    found = _list(option, given)
    for text in found:
        if text not in choices:
            raise PlanError(f"{option} contains {text!r}; valid values are {listed([*choices])}")
    return tuple(found)


def _exclusion_key(text: str) -> str:
    return _parse("leave_out", text).key if "/" in text or not parse_address(text).host else parse_address(text).host


def _parse(option: str, text: str) -> ServicePrincipalName:
    try:
        return ServicePrincipalName.parse(text)
    except PrincipalNameError as error:
        raise PlanError(f"{option}: {error}") from error
