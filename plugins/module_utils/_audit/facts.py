# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of an audit, as documents that rules read. Private to this collection; pure.

Facts are C({title, gathered, hosts: {name: {kinds, reached, why, cluster_info, ...}}, forest: {exchange_info, ...}}).
Each part has the results of the module with its name, or only C(unknown) with a sentence.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from .error import AuditError
from .version_range import RELEASES
from .wording import sentence

Document = dict[str, t.Any]
# Parts that only nodes of a cluster have. On a standalone host the operator names the live-migration adapters.
CLUSTER_PARTS = ("cluster_info", "jumbo_path_info", "net_adapter")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One host, cluster or forest: the document that rules read, and the name in findings.

    C(unread_nodes) are the nodes of a cluster through which it was not read.
    """

    scope: str
    name: str
    kinds: tuple[str, ...]
    windows: str | None
    document: Document
    unread_nodes: frozenset[str] = frozenset()

    @property
    def standalone_reason(self) -> str | None:
        """A sentence that the host is in no cluster; C(None) if that is not known."""
        reason = self.document.get("standalone")
        return sentence(reason) if isinstance(reason, str) else None

    @property
    def unreachable_reason(self) -> str | None:
        """A sentence why the host could not be reached; C(None) if it was reached."""
        if self.document.get("reached") is not False:
            return None
        return sentence(str(self.document.get("why") or f"{self.name} did not answer"))

    def missing(self, path: str) -> str | None:
        """A sentence why a fact is missing; C(None) if it exists."""
        part, *rest = path.split(".")
        found = self.document.get(part)
        if not isinstance(found, dict):
            why = self.standalone_reason if part in CLUSTER_PARTS else None
            return why or self.unreachable_reason or f"{part} was not read."
        if isinstance(found.get("unknown"), str):
            return sentence(found["unknown"])
        key = ".".join(rest)
        for each in found.get("unknown") or []:
            what = each.get("what") if isinstance(each, dict) else None
            if isinstance(what, str) and (f"{key}.".startswith(f"{what}.") or what == part):
                return sentence(str(each.get("why") or f"{path} could not be read"))
        for name in rest:
            if not isinstance(found, dict):
                break
            found = found.get(name)
            if found is None:
                return f"{part} does not contain {key}."
        return None


def check_facts(facts: t.Any) -> None:
    """Check that these are facts. Raises C(AuditError)."""
    hosts = facts.get("hosts") if isinstance(facts, dict) else None
    if not isinstance(hosts, dict) or not all(isinstance(host, dict) for host in hosts.values()):
        raise AuditError("The input is not the facts of an audit: it must be a mapping with hosts, each a mapping.")


def hosts_of(facts: t.Mapping[str, t.Any], parameters: t.Mapping[str, t.Any]) -> list[Subject]:
    """The hosts of the run."""
    clusters = clusters_of(facts, parameters)
    found = []
    for name, host in facts["hosts"].items():
        document: Document = {**host, "host": name, "name": name, "parameters": parameters}
        cluster = _cluster_of(document, clusters)
        windows = _windows(host) or (_node_windows(cluster, document) if cluster else None)
        document["windows"] = windows
        found.append(
            Subject(scope="host", name=name, kinds=tuple(host.get("kinds") or ()), windows=windows, document=document)
        )
    return found


def clusters_of(facts: t.Mapping[str, t.Any], parameters: t.Mapping[str, t.Any]) -> list[Subject]:
    """The clusters, each from its first node that was read. Clusters of two domains can have the same name."""
    sources: dict[str, list[Document]] = {}
    for name, host in facts["hosts"].items():
        cluster = _cluster(host)
        if cluster is not None and _key(cluster):
            sources.setdefault(_key(cluster), []).append({**host, "host": name})
    names = [str(nodes[0]["cluster_info"]["cluster"].get("name")).casefold() for nodes in sources.values()]
    return [_cluster_subject(nodes, parameters, names) for nodes in sources.values()]


def _cluster_subject(
    sources: t.Sequence[Document], parameters: t.Mapping[str, t.Any], names: t.Sequence[str]
) -> Subject:
    first = sources[0]
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
        unread_nodes=frozenset(short_name(str(node.get("name"))) for node in nodes)
        - {node_label(source) for source in sources},
    )


def forest_of(facts: t.Mapping[str, t.Any], parameters: t.Mapping[str, t.Any]) -> Subject | None:
    """The forest; C(None) if no domain controller was read."""
    forest = facts.get("forest")
    if not isinstance(forest, dict):
        return None
    organization = (forest.get("exchange_info") or {}).get("organization") or {}
    name = str(organization.get("forest") or facts.get("title") or "forest")
    host = forest.get("host") or "localhost"
    document = {**forest, "host": host, "name": name, "parameters": parameters}
    return Subject(scope="forest", name=name, kinds=(), windows=None, document=document)


def hosts_without_cluster(hosts: t.Iterable[Subject], clusters: t.Sequence[Subject]) -> list[Subject]:
    """The hosts whose cluster is not known. Rules about clusters are unknown for them."""
    return [host for host in hosts if _cluster_of(host.document, clusters) is None]


def cluster_name(host: Subject, clusters: t.Iterable[Subject]) -> str | None:
    """The cluster of a host, from its own facts or from the nodes of the cluster."""
    found = _cluster_of(host.document, clusters)
    return found.name if found else None


def _cluster_of(host: Document, clusters: t.Iterable[Subject]) -> Subject | None:
    own = _cluster(host)
    if own is not None:
        return next((each for each in clusters if _key(each.document["cluster_info"]["cluster"]) == _key(own)), None)
    return next((each for each in clusters if node_label(host) in each.unread_nodes), None)


def node_label(host: Document) -> str:
    """The node name of a host: its computer name, else its inventory name."""
    computer_name = ((host.get("host_info") or {}).get("windows") or {}).get("computer_name")
    return short_name(str(computer_name or host["host"]))


def short_name(name: str) -> str:
    """The first label of a name, like a node name; an address stays as it is."""
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
    return next((node.get("windows") for node in nodes if short_name(str(node.get("name"))) == node_label(host)), None)
