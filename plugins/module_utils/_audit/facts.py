# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of an estate, as the documents that rules read. Private to this collection; pure.

Facts are C({title, gathered, hosts: {name: {kinds, reached, why, cluster_info, ...}}, forest: {exchange_info, ...}}).
Each part has the results of the module of its name, or only C(unknown) with a sentence.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .audit_error import AuditError
from .version_range import RELEASES
from .wording import sentence

Document = dict[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One host, cluster or forest: what rules read of it, and under which name findings tell of it."""

    scope: str
    name: str
    kinds: tuple[str, ...]
    windows: str | None
    document: Document

    def missing(self, path: str) -> str | None:
        """Why what a rule needs is not there, as a sentence; C(None) if it is."""
        part, *rest = path.split(".")
        found = self.document.get(part)
        if not isinstance(found, dict):
            return f"{part} was not gathered."
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
    clusters = {node: cluster for cluster in clusters_of(facts, parameters) for node in _nodes(cluster)}
    found = []
    for name, host in facts["hosts"].items():
        cluster = clusters.get(short(name))
        document: Document = {**host, "host": name, "name": name, "parameters": parameters}
        told = _windows(host) or (_node_windows(cluster, name) if cluster else None)
        document["windows"] = told
        found.append(
            Subject(scope="host", name=name, kinds=tuple(host.get("kinds") or ()), windows=told, document=document)
        )
    return found


def clusters_of(facts: t.Mapping[str, t.Any], parameters: t.Mapping[str, t.Any]) -> list[Subject]:
    """The clusters, each from the first of its nodes that told about it."""
    found: dict[str, Subject] = {}
    for name, host in facts["hosts"].items():
        cluster = _cluster(host)
        key = str((cluster or {}).get("name") or "").casefold()
        if cluster is None or not key or key in found:
            continue
        releases = [node.get("windows") for node in cluster.get("nodes") or []]
        known = [each for each in releases if each in RELEASES]
        oldest = min(known, key=RELEASES.index) if known and len(known) == len(releases) else _windows(host)
        document = {
            "cluster_info": host["cluster_info"],
            "host": name,
            "name": cluster["name"],
            "windows": oldest,
            "parameters": parameters,
        }
        found[key] = Subject(
            scope="cluster",
            name=str(cluster["name"]),
            kinds=tuple(host.get("kinds") or ()),
            windows=oldest,
            document=document,
        )
    return list(found.values())


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
    known = {node for cluster in clusters for node in _nodes(cluster)}
    return [host for host in hosts if short(host.name) not in known and _cluster(host.document) is None]


def cluster_name(host: Subject, clusters: t.Iterable[Subject]) -> str | None:
    """The cluster of a host, by what it says itself, or by the nodes that the cluster names."""
    own = _cluster(host.document)
    if own is not None:
        return str(own.get("name"))
    return next((each.name for each in clusters if short(host.name) in _nodes(each)), None)


def short(name: str) -> str:
    """The first label of a name, as nodes are called."""
    return name.split(".", maxsplit=1)[0].casefold()


def _cluster(host: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    found = (host.get("cluster_info") or {}).get("cluster")
    return found if isinstance(found, dict) else None


def _nodes(cluster: Subject) -> list[str]:
    nodes = cluster.document["cluster_info"]["cluster"].get("nodes") or []
    return [short(str(node.get("name"))) for node in nodes] + [short(cluster.document["host"])]


def _windows(host: t.Mapping[str, t.Any]) -> str | None:
    return ((host.get("host_info") or {}).get("windows") or {}).get("release")


def _node_windows(cluster: Subject, host: str) -> str | None:
    nodes = cluster.document["cluster_info"]["cluster"].get("nodes") or []
    return next((node.get("windows") for node in nodes if short(str(node.get("name"))) == short(host)), None)
