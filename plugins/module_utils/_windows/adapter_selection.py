# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which network adapters the module options select. Private to this collection."""

from __future__ import annotations

import typing as t

from ..identity import node_key
from ..name_pattern import meant
from . import cluster
from .adapter_options import AdapterOptionsError

if t.TYPE_CHECKING:
    from .._wsman.client import Client
    from .adapter import Adapter


def select(client: Client, options: t.Mapping[str, t.Any], adapters: t.Sequence[Adapter]) -> list[Adapter]:
    """Select adapters by name, cluster network or live migration. Raises C(AdapterOptionsError)."""
    if options["adapter_properties"]:
        selected = _by_name(client, [str(name) for name in options["adapter_properties"]], adapters, wildcards=False)
    elif options["adapters"]:
        selected = _by_name(client, [str(pattern) for pattern in options["adapters"]], adapters, wildcards=True)
    else:
        return _by_network(client, options["cluster_network"], adapters)
    absent = [adapter.name for adapter in selected if not adapter.present]
    if absent:
        raise AdapterOptionsError(
            f"{', '.join(absent)} was removed from {client.host}, which has only its settings left. Do not select it. "
            "Nothing was written."
        )
    return selected


def _by_name(
    client: Client, patterns: t.Sequence[str], adapters: t.Sequence[Adapter], *, wildcards: bool
) -> list[Adapter]:
    """The adapters that the names and wildcards mean. Wildcards do not mean hidden adapters."""
    shown = {adapter.name for adapter in adapters if not adapter.hidden}
    hidden = {adapter.name for adapter in adapters} - shown
    found: dict[str, set[str]] = {}
    for pattern in patterns:
        exact = [name for name in (*shown, *hidden) if name.casefold() == pattern.casefold() and pattern != "*"]
        found[pattern] = set(exact[:1]) or (meant(pattern, shown) if wildcards else set())
    unmatched = [pattern for pattern in patterns if not found[pattern]]
    if unmatched:
        known = ", ".join(adapter.name for adapter in adapters if adapter.name in shown) or "none"
        raise AdapterOptionsError(
            f"No network adapter of {client.host} matches {', '.join(unmatched)}; it has {known}."
            + (" Hidden adapters are selected only by their full names." if hidden else "")
        )
    names = {name for each in found.values() for name in each}
    return [adapter for adapter in adapters if adapter.name in names and adapter.hidden == (adapter.name in hidden)]


def _by_network(client: Client, name: str | None, adapters: t.Sequence[Adapter]) -> list[Adapter]:
    networks = cluster.read_networks(client)
    selected_networks = cluster.read_selected_networks(client, networks, name)
    if len(selected_networks) == len(networks) > 1:
        # A cluster allows all networks by default, but the management adapter is not a live-migration adapter.
        raise AdapterOptionsError(
            f"Live migration may use every network of the cluster of {client.host} "
            f"({', '.join(sorted(selected_networks))}), so the adapters cannot be selected by live_migration. "
            "Exclude the other networks in the live migration settings of the cluster, or set cluster_network."
        )
    node = node_key(cluster.read_own_node_name(client))
    guids = {
        interface.adapter_id
        for interface in cluster.read_interfaces(client)
        if node_key(interface.node) == node and interface.network in selected_networks
    }
    selected = [adapter for adapter in adapters if adapter.guid in guids and adapter.present and not adapter.hidden]
    if not selected:
        raise AdapterOptionsError(f"{client.host} has no adapter on {', '.join(sorted(selected_networks))}.")
    return selected
