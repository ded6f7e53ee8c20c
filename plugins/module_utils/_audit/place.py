# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a finding belongs: its cluster, DAG, Exchange server and site. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ..identity import node_key
from ..name_list import natural
from .facts import cluster_name, node_label

if t.TYPE_CHECKING:
    from .facts import Subject
    from .judgement import Finding

Row = dict[str, t.Any]
KINDS = ("cluster", "dag", "site", "server")


@dataclasses.dataclass(frozen=True, slots=True)
class Places:
    """The places of a run: by host and cluster, and by the names of Exchange objects in lower case."""

    hosts: t.Mapping[str, Row]
    clusters: t.Mapping[str, Row]
    servers: t.Mapping[str, Row]
    objects: t.Mapping[str, Row]  # databases, CAS arrays and sites

    def of(self, finding: Finding) -> Row:
        """C(cluster), C(dag), C(server) and C(site) of a finding, those that are known.

        A finding about a virtual machine with the name of an Exchange server belongs to that server, too.
        """
        found = {**self.clusters.get(finding["host"], {})} if finding["scope"] == "cluster" else {}
        found |= self.hosts.get(finding["host"], {}) if finding["scope"] == "host" else {}
        about = tuple(_about(finding["subject"]))
        named = [self.servers[name] for name in about if name in self.servers]
        if not named and finding["scope"] == "forest":
            named = [self.objects[name] for name in about if name in self.objects]
        return {**named[0], **found} if named else found

    def listed(self) -> list[Row]:
        """A row for each place, with the site and the DAG of a server."""
        rows: list[Row] = []
        everything = [*self.hosts.values(), *self.clusters.values(), *self.servers.values(), *self.objects.values()]
        for kind in KINDS:
            names = {row[kind]: row for row in everything if row.get(kind)}
            rows += [
                {"kind": kind, "name": name, **({key: names[name].get(key) for key in ("dag", "site")}
                                                if kind == "server" else {})}
                for name in sorted(names, key=natural)
            ]  # fmt: skip
        return rows


def places(hosts: t.Sequence[Subject], clusters: t.Sequence[Subject], forest: Subject | None) -> Places:
    """The places of the facts of a run."""
    kinds = {each.name: "dag" if "dag_member" in each.kinds else "cluster" for each in clusters}
    exchange = (forest.document.get("exchange_info") or {}) if forest else {}
    servers = {
        node_key(str(server["name"])): _known(server=server["name"], site=server.get("site"), dag=server.get("dag"))
        for server in exchange.get("servers") or []
        if server.get("name")
    }
    by_host: dict[str, Row] = {}
    for host in hosts:
        cluster = cluster_name(host, clusters)
        own = {kinds[cluster]: cluster} if cluster else {}
        if "dag_member" in host.kinds:
            own = {**servers.setdefault(node_label(host.document), _known(server=_label(host), dag=cluster)), **own}
        by_host[host.name] = own
    return Places(by_host, {name: {kind: name} for name, kind in kinds.items()}, servers, _objects(exchange))


def _label(host: Subject) -> str:
    windows = (host.document.get("host_info") or {}).get("windows") or {}
    return str(windows.get("computer_name") or host.name.partition(".")[0])


def _objects(exchange: t.Mapping[str, t.Any]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for server in exchange.get("servers") or []:
        if server.get("site"):
            found[str(server["site"]).casefold()] = _known(site=server["site"])
    for array in exchange.get("client_access_arrays") or []:
        found[str(array.get("fqdn")).casefold()] = _known(site=array.get("site"))
    dags = {group.get("name") for group in exchange.get("database_availability_groups") or []}
    for database in exchange.get("databases") or []:
        dag = database.get("master") if database.get("master") in dags else None
        found[str(database.get("name")).casefold()] = _known(dag=dag, site=database.get("preferred_site"))
    return found


def _known(**values: t.Any) -> Row:
    return {key: str(value) for key, value in values.items() if value}


def _about(subject: str) -> t.Iterator[str]:
    r"""The names that a subject can begin with: C(EX01), C(EX01\owa), C(EX01 to EX02), C(DB 1)."""
    yield subject.casefold()
    yield node_key(subject)
    yield node_key(subject.partition("\\")[0])
    yield node_key(subject.partition(" ")[0])
