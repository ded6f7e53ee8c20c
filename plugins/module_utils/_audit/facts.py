# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of an estate, as the documents that rules read. Private to this collection; pure.

Facts are C({title, gathered, hosts: {name: {kinds, reached, why, cluster_info, ...}}, forest: {exchange_info, ...}}).
Each part has the results of the module of its name, or only C(unknown) with a sentence.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from .error import AuditError
from .version_range import RELEASES
from .wording import sentence

Document = dict[str, t.Any]
# What only a member of a cluster has; the adapters for live migration of others are those that an operator names.
OF_CLUSTERS = ("cluster_info", "jumbo_path_info", "net_adapter")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One host, cluster or forest: what rules read of it, and under which name findings tell of it.

    Of a cluster, C(silent) are the nodes that it names and that did not tell of it themselves.
    """

    scope: str
    name: str
    kinds: tuple[str, ...]
    windows: str | None
    document: Document
    silent: frozenset[str] = frozenset()

    @property
    def alone(self) -> str | None:
        """That it is in no cluster, as a sentence; C(None) where that is not known."""
        told = self.document.get("standalone")
        return sentence(told) if isinstance(told, str) else None

    @property
    def away(self) -> str | None:
        """That it could not be reached, as a sentence; C(None) if something could be read of it."""
        if self.document.get("reached") is not False:
            return None
        return sentence(str(self.document.get("why") or f"{self.name} did not answer"))

    def missing(self, path: str) -> str | None:
        """Why what a rule needs is not there, as a sentence; C(None) if it is."""
        part, *rest = path.split(".")
        found = self.document.get(part)
        if not isinstance(found, dict):
            why = self.alone if part in OF_CLUSTERS else None
            return why or self.away or f"{part} was not gathered."
        if isinstance(found.get("unknown"), str):
            return sentence(found["unknown"])
        asked = ".".join(rest)
        for each in found.get("unknown") or []:
            what = each.get("what") if isinstance(each, dict) else None
            if isinstance(what, str) and (f"{asked}.".startswith(f"{what}.") or what == part):
                return sentence(str(each.get("why") or f"{path} could not be read"))
        for name in rest:
            if not isinstance(found, dict):
                break
            found = found.get(name)
            if found is None:
                return f"{part} does not tell {asked}."
        return None


def check(facts: t.Any) -> None:
    """Insist that these are facts. Raises C(AuditError)."""
    hosts = facts.get("hosts") if isinstance(facts, dict) else None
    if not isinstance(hosts, dict) or not all(isinstance(host, dict) for host in hosts.values()):
        raise AuditError("These are no facts of an audit: a mapping with hosts is needed, each a mapping.")


def hosts_of(facts: t.Mapping[str, t.Any], parameters: t.Mapping[str, t.Any]) -> list[Subject]:
    """The hosts but for the domain controllers, which are asked about the forest only."""
    clusters = clusters_of(facts, parameters)
    found = []
    for name, host in facts["hosts"].items():
        document: Document = {**host, "host": name, "name": name, "parameters": parameters}
        cluster = _cluster_of(document, clusters)
        told = _windows(host) or (_node_windows(cluster, document) if cluster else None)
        document["windows"] = told
        found.append(
            Subject(scope="host", name=name, kinds=tuple(host.get("kinds") or ()), windows=told, document=document)
        )
    return found


def clusters_of(facts: t.Mapping[str, t.Any], parameters: t.Mapping[str, t.Any]) -> list[Subject]:
    """The clusters, each from the first of its nodes that told about it; in two domains they may have one name."""
    tellers: dict[str, list[Document]] = {}
    for name, host in facts["hosts"].items():
        cluster = _cluster(host)
        if cluster is not None and _key(cluster):
            tellers.setdefault(_key(cluster), []).append({**host, "host": name})
    names = [str(told[0]["cluster_info"]["cluster"].get("name")).casefold() for told in tellers.values()]
    return [_told_cluster(told, parameters, names) for told in tellers.values()]


def _told_cluster(tellers: t.Sequence[Document], parameters: t.Mapping[str, t.Any], names: t.Sequence[str]) -> Subject:
    first = tellers[0]
    cluster = first["cluster_info"]["cluster"]
    nodes = cluster.get("nodes") or []
    releases = [node.get("windows") for node in nodes]
    known = [each for each in releases if each in RELEASES]
    oldest = min(known, key=RELEASES.index) if known and len(known) == len(releases) else _windows(first)
    name = str(cluster.get("name") or cluster.get("fqdn"))
    if names.count(name.casefold()) > 1:
        name = str(cluster.get("fqdn") or name)
    return Subject(
        scope="cluster",
        name=name,
        kinds=tuple(first.get("kinds") or ()),
        windows=oldest,
        document={
            "cluster_info": first["cluster_info"],
            "host": first["host"],
            "name": name,
            "windows": oldest,
            "parameters": parameters,
        },
        silent=frozenset(_short(str(node.get("name"))) for node in nodes) - {_label(told) for told in tellers},
    )


def forest_of(facts: t.Mapping[str, t.Any], parameters: t.Mapping[str, t.Any]) -> Subject | None:
    """The forest; C(None) if it was not asked for."""
    forest = facts.get("forest")
    if not isinstance(forest, dict):
        return None
    told = (forest.get("exchange_info") or {}).get("organization") or {}
    name = str(told.get("forest") or facts.get("title") or "forest")
    host = forest.get("host") or "localhost"
    document = {**forest, "host": host, "name": name, "parameters": parameters}
    return Subject(scope="forest", name=name, kinds=(), windows=None, document=document)


def orphans(hosts: t.Iterable[Subject], clusters: t.Sequence[Subject]) -> list[Subject]:
    """The hosts that no cluster is known of: what is asked of clusters is unknown for them."""
    return [host for host in hosts if _cluster_of(host.document, clusters) is None]


def cluster_name(host: Subject, clusters: t.Iterable[Subject]) -> str | None:
    """The cluster of a host, by what it says itself, or by the nodes that the cluster names."""
    found = _cluster_of(host.document, clusters)
    return found.name if found else None


def _cluster_of(host: Document, clusters: t.Iterable[Subject]) -> Subject | None:
    own = _cluster(host)
    if own is not None:
        return next((each for each in clusters if _key(each.document["cluster_info"]["cluster"]) == _key(own)), None)
    return next((each for each in clusters if _label(host) in each.silent), None)


def _label(host: Document) -> str:
    """What nodes call a host: the name that it has itself, or what the inventory has in its place."""
    told = ((host.get("host_info") or {}).get("windows") or {}).get("computer_name")
    return _short(str(told or host["host"]))


def _short(name: str) -> str:
    """The first label of a name, as nodes are called; an address has none."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.split(".", maxsplit=1)[0].casefold()


def _key(cluster: t.Mapping[str, t.Any]) -> str:
    return str(cluster.get("fqdn") or cluster.get("name") or "").casefold()


def _cluster(host: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    found = (host.get("cluster_info") or {}).get("cluster")
    return found if isinstance(found, dict) else None


def _windows(host: t.Mapping[str, t.Any]) -> str | None:
    return ((host.get("host_info") or {}).get("windows") or {}).get("release")


def _node_windows(cluster: Subject, host: Document) -> str | None:
    nodes = cluster.document["cluster_info"]["cluster"].get("nodes") or []
    return next((node.get("windows") for node in nodes if _short(str(node.get("name"))) == _label(host)), None)
