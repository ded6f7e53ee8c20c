# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service principal names that one generation of Exchange needs. Private to this collection; no I/O."""

from __future__ import annotations

import itertools
import typing as t

from .._directory.spn import ServicePrincipalName
from ..name_list import folded, listed, natural
from .address import parse_address
from .published_names import FAMILIES, SCP, SERVICES

if t.TYPE_CHECKING:
    from .lead import Lead, Leads
    from .published_names import PublishedAddress, PublishedNames
    from .spn_overrides import Overrides

_RPC_CLASSES = ("exchangeMDB", "exchangeRFR", "exchangeAB")
_LEFT_OUT = "listed in leave_out"
_OWN_NAME = "the server's own name, not load balanced; its computer account has the SPN"
_EXTERNAL_AUTODISCOVER = "external Autodiscover only: internal clients use the service connection point"


class Draft:
    """The draft of the plan for one generation."""

    def __init__(self, published_names: PublishedNames, family: str, overrides: Overrides, leads: Leads) -> None:
        self.family = family
        self.servers = sorted(published_names.client_access(family), key=lambda server: natural(server.name))
        self.names: dict[str, tuple[ServicePrincipalName, list[str]]] = {}
        self.left_out: dict[str, str] = {}
        self.leads: dict[str, Lead] = {}
        self._published_names = published_names
        self._overrides = overrides
        self._all_leads = leads
        self._internal = [each for each in published_names.internal if each.server.family == family]
        self._counted = [each for each in self._internal if each.service in overrides.counted[family]]
        for host, published in _by_host(self._counted).items():
            self._add_host(host, ("http",), _reasons(published, "internal"))
        if family == "2010":
            for array in published_names.arrays:
                site = f" of site {array.site}" if array.site else ""
                self._add_host(array.address.host, _RPC_CLASSES, [f"CAS array {array.name}{site}"])
        for name in overrides.extra.get(family, ()):
            self._add_name(name, "listed in extra")

    @property
    def title(self) -> str:
        used = {server.generation for server in self.servers}
        return f"Exchange {listed([generation for generation in FAMILIES[self.family] if generation in used])}"

    def _add_host(self, host: str, service_classes: t.Iterable[str], reasons: t.Iterable[str]) -> None:
        if not host:
            return
        if host in self._overrides.leave_out:
            self.left_out[host] = _LEFT_OUT
        elif self._published_names.owner(host):
            self.left_out[host] = _OWN_NAME
        elif "http" in service_classes and (why := self._all_leads.outside(host)):
            self.left_out[host] = f"leads off the organization: it {why}"
        else:
            for service_class, reason in itertools.product(service_classes, reasons):
                name = ServicePrincipalName(service_class=service_class, host=host)
                if name.key in self._overrides.leave_out:
                    self.left_out[str(name)] = _LEFT_OUT
                else:
                    self._add_name(name, reason)

    def _add_name(self, name: ServicePrincipalName, reason: str) -> None:
        reasons = self.names.setdefault(name.key, (name, []))[1]
        if reason not in reasons:
            reasons.append(reason)

    @property
    def published_hosts(self) -> set[str]:
        """The hosts of internal URLs that count and are no server."""
        hosts = {each.host for each in self._counted if each.host}
        return {host for host in hosts if not self._published_names.owner(host)}

    @property
    def web_hosts(self) -> set[str]:
        return {name.host.lower() for name, _why in self.names.values() if name.service_class.lower() == "http"}

    def add_left_out(self, planned: t.Container[str]) -> None:
        """Add the reasons for all other host names; C(planned) has the hosts of all generations."""
        own_hosts = self.web_hosts
        for each in self._counted:
            if each.address.problem:
                self.left_out.setdefault(each.address.text, each.address.problem)
        for host, published in _by_host(self._internal).items():
            if host not in own_hosts and not self._published_names.owner(host):
                self.left_out.setdefault(host, f"internal URL of {_services(published)} only")
        for host in sorted({f"autodiscover.{domain}" for domain in self._published_names.domains}):
            if host not in planned and parse_address(host).host:
                self.left_out.setdefault(host, _EXTERNAL_AUTODISCOVER)
        external = [each for each in self._published_names.external if each.server.family == self.family]
        for host, published in _by_host(external).items():
            if host not in own_hosts and not self._published_names.owner(host):
                self.left_out.setdefault(host, f"external only: {listed(_reasons(published, 'external'))}")

    @property
    def ordered(self) -> list[ServicePrincipalName]:
        return sorted((name for name, _why in self.names.values()), key=_order)

    def result(self) -> dict[str, t.Any]:
        return {
            "generation": self.family,
            "title": self.title,
            "servers": [server.name for server in self.servers],
            "principal_names": [
                {"name": str(name), "reasons": self.names[name.key][1], **self._lead_row(name)} for name in self.ordered
            ],
            "left_out": [{"name": name, "reason": self.left_out[name]} for name in sorted(self.left_out, key=natural)],
        }

    def _lead_row(self, name: ServicePrincipalName) -> dict[str, t.Any]:
        found = self.leads.get(name.key)
        return {"lead": {"generation": found.family, "text": found.text}} if found else {}


def _order(name: ServicePrincipalName) -> tuple[t.Any, ...]:
    """Sort http first, then by host, with the service classes in Microsoft's order."""
    classes = ["http", *map(str.lower, _RPC_CLASSES)]
    own = name.service_class.lower()
    position = classes.index(own) if own in classes else len(classes)
    return (position > 0, natural(name.host), position, name.key)


def _by_host(published: t.Iterable[PublishedAddress]) -> dict[str, list[PublishedAddress]]:
    found: dict[str, list[PublishedAddress]] = {}
    for each in published:
        if each.host:
            found.setdefault(each.host, []).append(each)
    return found


def _reasons(published: t.Sequence[PublishedAddress], direction: str) -> list[str]:
    """The settings that contain a name. Services that the same servers publish are combined."""
    found: list[str] = []
    services: dict[tuple[str, ...], list[str]] = {}
    for service, title in SERVICES.items():
        servers = tuple(sorted({each.server.name for each in published if each.service == service}, key=natural))
        if not servers:
            continue
        if service == SCP:
            found.append(f"{direction} Autodiscover URI of {folded(servers)}")
        elif service == "outlook_anywhere" and direction == "internal":
            found.append(f"{direction} host name of Outlook Anywhere of {folded(servers)}")
        else:
            services.setdefault(servers, []).append(title)
    return [
        *(f"{direction} URL of {listed(names)} of {folded(servers)}" for servers, names in services.items()),
        *found,
    ]


def _services(published: t.Iterable[PublishedAddress]) -> str:
    used = {each.service for each in published}
    known = [name for service, name in SERVICES.items() if service in used]
    return listed([*known, *sorted(used - set(SERVICES))])
