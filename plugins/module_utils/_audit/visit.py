# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit reads of a host: modules, with their options. Private to this collection; pure.

A result of a module is what Ansible would register for a task of its own.
"""

from __future__ import annotations

import typing as t

Options = t.Mapping[str, t.Any]
Result = dict[str, t.Any]

# Only what a rule needs is read: the parts of host_info, those of cluster_info, and event channels, by kind of host.
_HOST_PARTS = {
    "hyperv_host": ("windows", "hotfixes", "events", "adapters", "virtual_machines", "processors", "live_migration"),
    "dag_member": ("windows", "hotfixes", "events", "guest"),
}
_CLUSTER_PARTS = {
    "hyperv_host": ("nodes", "quorum", "virtual_machines", "placement"),
    "dag_member": ("nodes", "quorum"),
}
# The options of the role audit that decide what is read.
OPTIONS = (
    "gather", "channels", "event_days", "event_limit", "channel_wait", "parameters", "migration_adapters",
    "migration_network",
)  # fmt: skip
_CHANNELS = {"hyperv_host": ("cluster", "live_migrations", "saved_states"), "dag_member": ("cluster", "databases")}


def modules_for(kinds: t.Iterable[str], options: Options) -> dict[str, Result]:
    """The modules that read a host of these kinds, with their options. C(options) are those of the role audit."""
    kinds = [kind for kind in kinds if kind in _HOST_PARTS]
    if not kinds or not options["gather"]:
        return {}
    channels = ["channels"] if options["channels"] else []
    modules: dict[str, Result] = {
        "host_info": {
            "gather": _united(_HOST_PARTS, kinds) + channels,
            "event_days": options["event_days"],
            "event_limit": options["event_limit"],
            "channels": _united(_CHANNELS, kinds),
            "channel_wait": options["channel_wait"],
        },
        "cluster_info": {"gather": _united(_CLUSTER_PARTS, kinds)},
    }
    if "hyperv_host" in kinds:
        modules |= _of_live_migration(options)
    return modules


def _of_live_migration(options: Options) -> dict[str, Result]:
    parameters, adapters = options["parameters"], options["migration_adapters"]
    network = {"cluster_network": options["migration_network"]} if options.get("migration_network") else {}
    mtu = parameters.get("mtu", 9000)
    return {
        "net_adapter": {
            **({"adapters": adapters} if adapters else network or {"live_migration": True}),
            "mtu": mtu,
            "receive_buffers": parameters.get("receive_buffers", 8192),
            "on_unsupported": "report",
        },
        "jumbo_path_info": {"mtu": mtu, **network},
    }


def _united(parts: t.Mapping[str, t.Sequence[str]], kinds: t.Iterable[str]) -> list[str]:
    return list(dict.fromkeys(part for kind in kinds for part in parts[kind]))


def can_follow(module: str, options: Options, results: t.Mapping[str, Result]) -> bool:
    """Whether a module can be run after these results: it may need a host that answers, or a cluster."""
    if module == "host_info":
        return True
    if results.get("host_info", {}).get("unreachable"):
        return False
    cluster = results.get("cluster_info", {"skipped": True})
    if module == "net_adapter" and options.get("adapters"):
        return not cluster.get("unreachable")
    return module == "cluster_info" or is_success(cluster)


def is_success(result: Result) -> bool:
    """Whether the module has read what it should."""
    return not any(result.get(key) for key in ("failed", "unreachable", "skipped"))
