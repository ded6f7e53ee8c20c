# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of an audit, as documents that rules read. Private to this collection; pure.

Facts are C({title, gathered, hosts: {name: {kinds, reached, cluster_info, ...}}, forests: [{exchange_info, ...}]}),
with a forest for each domain controller that was read. Each part has the results of the module with its name, or only
C(unknown) with a sentence.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..identity import cluster_key, distinct_names, home_of, node_key
from ..name_list import natural
from .channel_events import Blackouts
from .error import AuditError
from .version_range import RELEASES
from .wording import sentence

Document = dict[str, t.Any]
VERSION = 2  # facts of version 1 have no version, and one forest
HOST_PARTS = ("cluster_info", "host_info", "jumbo_path_info", "net_adapter")
FOREST_PARTS = ("exchange_info", "spn_info", "dns_name_info", "published_name_info")
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
    def alias_reason(self) -> str | None:
        """A sentence that the host is in the run under another name, too; C(None) if it is not."""
        other = self.document.get("same_as")
        return f"{self.name} is the same node as {other}, so it is judged only once." if other else None

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
    if facts.get("version", VERSION) != VERSION:
        raise AuditError(
            f"The facts have version {facts['version']!r}, and this version of winha.cluster reads version {VERSION}. "
            "Read the hosts again with this version."
        )


def in_order(hosts: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The hosts by name, so that equal facts are equal whatever the order in which hosts were read."""
    return {name: hosts[name] for name in sorted(hosts, key=lambda name: (natural(name), name))}


def hosts_of(facts: t.Mapping[str, t.Any], parameters: t.Mapping[str, t.Any]) -> list[Subject]:
    """The hosts of the run."""
    clusters = clusters_of(facts, parameters)
    aliases = _aliases(facts)
    found = []
    for name, host in facts["hosts"].items():
        document: Document = {**host, "host": name, "name": name, "parameters": parameters}
        document["same_as"] = aliases.get(name)
        cluster = _cluster_of(document, clusters)
        windows = _windows(host) or (_node_windows(cluster, document) if cluster else None)
        document["windows"] = windows
        found.append(
            Subject(scope="host", name=name, kinds=tuple(host.get("kinds") or ()), windows=windows, document=document)
        )
    return found


def _aliases(facts: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The names of nodes that are in the run under another name, too, with that name."""
    named: dict[tuple[str, str], list[str]] = {}
    for name, host in facts["hosts"].items():
        cluster, own = _cluster(host), _computer_name(host)
        if cluster is not None and cluster_key(cluster) and own:
            named.setdefault((cluster_key(cluster), node_key(own)), []).append(name)
    return {
        other: first
        for (_cluster_key, node), names in named.items()
        for first in [next((name for name in names if node_key(name) == node), names[0])]
        for other in names
        if other != first
    }


def clusters_of(facts: t.Mapping[str, t.Any], parameters: t.Mapping[str, t.Any]) -> list[Subject]:
    """The clusters, each from its first node that was read. Two domains can have clusters of the same name."""
    sources: dict[str, list[Document]] = {}
    for name, host in facts["hosts"].items():
        cluster = _cluster(host)
        if cluster is not None and cluster_key(cluster):
            sources.setdefault(cluster_key(cluster), []).append({**host, "host": name})
    first = [nodes[0]["cluster_info"]["cluster"] for nodes in sources.values()]
    names = distinct_names([(str(each.get("name") or each.get("fqdn")), cluster_key(each)) for each in first])
    blackouts = Blackouts(facts["hosts"])
    return [
        _cluster_subject(nodes, parameters, name, blackouts)
        for nodes, name in zip(sources.values(), names, strict=True)
    ]


def _cluster_subject(
    sources: t.Sequence[Document], parameters: t.Mapping[str, t.Any], name: str, blackouts: Blackouts
) -> Subject:
    first = {**sources[0], "cluster_info": {**sources[0]["cluster_info"], "cluster": _with_machine_names(sources)}}
    cluster = first["cluster_info"]["cluster"]
    nodes = cluster.get("nodes") or []
    releases = [node.get("windows") for node in nodes]
    known = [each for each in releases if each in RELEASES]
    oldest = min(known, key=RELEASES.index) if known and len(known) == len(releases) else _windows(first)
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
            "blackouts": blackouts.of_nodes(cluster, parameters.get("dag_virtual_machines") or {}),
        },
        unread_nodes=frozenset(node_key(str(node.get("name"))) for node in nodes)
        - {node_label(source) for source in sources},
    )


def _with_machine_names(sources: t.Sequence[Document]) -> dict[str, t.Any]:
    """The cluster with the names of its virtual machines in Hyper-V. Each node returned those that it runs."""
    cluster: dict[str, t.Any] = sources[0]["cluster_info"]["cluster"]
    rows = [row for source in sources for row in source["cluster_info"]["cluster"].get("virtual_machines") or []]
    rows += [row for source in sources for row in (source.get("host_info") or {}).get("virtual_machines") or []]
    known = {
        str(row["id"]).casefold(): row["name"]
        for row in rows
        if row.get("id") and row.get("name") and row.get("name_known", True)
    }
    machines = cluster.get("virtual_machines")
    if not isinstance(machines, list):
        return cluster
    named = [{**row, "name": known.get(str(row.get("id") or "").casefold(), row.get("name"))} for row in machines]
    names = [str(row["name"]).casefold() for row in named]
    unique = [
        row if names.count(name) == 1 or not row.get("resource") else {**row, "name": row["resource"]}
        for row, name in zip(named, names, strict=True)
    ]
    return {**cluster, "virtual_machines": unique}


def title_of(facts: t.Mapping[str, t.Any]) -> str:
    """The title of the report: the given one, else the name of the forest. Raises C(AuditError)."""
    check_facts(facts)
    forests = [facts.get("forest"), *(facts.get("forests") or ())]
    parts = [(forest.get("exchange_info") or {}) for forest in forests if isinstance(forest, dict)]
    names = [(part.get("organization") or {}).get("forest") for part in parts]
    return str(facts.get("title") or next(filter(None, names), "forest" if parts else ""))


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
        return next((each for each in clusters if _key(each) == cluster_key(own)), None)
    listing = {_key(each): each for each in clusters if node_label(host) in each.unread_nodes}
    return listing.get(home_of(str(host["host"]), listing) or "")


def _key(cluster: Subject) -> str:
    return cluster_key(cluster.document["cluster_info"]["cluster"])


def node_label(host: Document) -> str:
    """The node name of a host: its computer name, else its inventory name."""
    return node_key(_computer_name(host) or str(host["host"]))


def _computer_name(host: t.Mapping[str, t.Any]) -> str:
    found = (_cluster(host) or {}).get("node") or ((host.get("host_info") or {}).get("windows") or {}).get(
        "computer_name"
    )
    return str(found or "")


def _cluster(host: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    found = (host.get("cluster_info") or {}).get("cluster")
    return found if isinstance(found, dict) else None


def _windows(host: t.Mapping[str, t.Any]) -> str | None:
    return ((host.get("host_info") or {}).get("windows") or {}).get("release")


def _node_windows(cluster: Subject, host: Document) -> str | None:
    nodes = cluster.document["cluster_info"]["cluster"].get("nodes") or []
    return next((node.get("windows") for node in nodes if node_key(str(node.get("name"))) == node_label(host)), None)
