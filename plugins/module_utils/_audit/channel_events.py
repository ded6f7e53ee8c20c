# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of event channels for rules, and why their absence proves nothing. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ..identity import cluster_key, node_key
from .relations import folded

Row = dict[str, t.Any]
_MOST_SHOWN = 10
_MOST_VALUES = 4


def channel_events(host_info: Row | None, name: str, topic: str) -> Row | None:
    """The events of one topic of a channel: C(events), C(shown) in short, and a sentence C(unproved).

    The sentence is why an absence of such events proves nothing; C(None) if it does. The result is C(None) without the
    channel.
    """
    known = host_info or {}
    log = (known.get("channels") or {}).get(name)
    if not isinstance(log, dict) or not isinstance(log.get("events"), list):
        return None
    events = log["events"]
    found = [one for one in events if one.get("topic") == topic]
    back = f"channels.{name}.reaches_back"
    late = next((one.get("why") for one in known.get("unknown") or () if one.get("what") == back), None)
    unproved = incomplete(known, log) or _not_back(log, late)
    if any(not one.get("topic") for one in events):
        unproved = "The events of the channel have no topic."
    return {"events": found, "shown": [_short(one) for one in found[:_MOST_SHOWN]], "unproved": unproved}


def incomplete(host_info: Row, log: Row) -> str | None:
    """A sentence why events of a channel can be missing; C(None) if all of them were read."""
    if log.get("complete") is not True:
        logs = [one for one in (host_info.get("channels") or {}).values() if isinstance(one, dict)]
        reasons = [one["compared"]["why"] for one in logs if (one.get("compared") or {}).get("why")]
        return " ".join(["Nothing shows that the event channel was read completely.", *dict.fromkeys(reasons)])
    return None if log.get("events_beyond") == 0 else "Only the newest events were read."


def _not_back(log: Row, why: str | None) -> str | None:
    if log.get("reaches_back") is False:
        return "The oldest event of the channel is newer than audit_event_days."
    return None if log.get("reaches_back") is True else why or "The oldest event of the channel could not be read."


def _short(event: Row) -> str:
    values = [str(value) for value in (event.get("data") or {}).values() if value][:_MOST_VALUES]
    inner = f" ({', '.join(values)})" if values else ""
    return f"{event.get('time') or 'unknown time'} event {event.get('id')}{inner}"


class Blackouts:
    """The blackouts of live migrations of virtual machines, as the Hyper-V hosts of the run logged them.

    Virtual machines have two keys: their id, and their name.
    """

    def __init__(self, hosts: t.Mapping[str, Row]) -> None:
        self._hosts = {name: host for name, host in hosts.items() if "hyperv_host" in (host.get("kinds") or ())}
        self._guests: dict[tuple[str, str], Row] = {}
        self._events: dict[str, list[tuple[str, Row]]] = {}
        self._homes: dict[str, set[str]] = {}
        self._nodes: dict[str, set[str]] = {}
        for name, host in self._hosts.items():
            home = _home(name, host)
            cluster = (host.get("cluster_info") or {}).get("cluster") or {}
            self._nodes.setdefault(home, {node_key(name)}).update(
                node_key(str(node.get("name"))) for node in cluster.get("nodes") or ()
            )
            for machine in (host.get("host_info") or {}).get("virtual_machines") or ():
                for key in _keys(machine.get("id"), machine.get("name")):
                    self._homes.setdefault(key, set()).add(home)
            for event in (_log(host) or {}).get("events") or ():
                for key in _keys(event.get("virtual_machine_id"), event.get("virtual_machine")):
                    self._homes.setdefault(key, set()).add(home)
                    self._events.setdefault(key, []).append((name, event))
        for name, host in hosts.items():
            cluster = (host.get("cluster_info") or {}).get("cluster")
            if isinstance(cluster, dict) and "guest" in (host.get("host_info") or {}):
                node = node_key(str(cluster.get("node") or name))
                self._guests[cluster_key(cluster), node] = host["host_info"]

    def of_nodes(self, cluster: Row, names: t.Mapping[str, str]) -> list[Row]:
        """The longest blackout of each node of a cluster, with a sentence C(unproved) or C(not_applicable).

        A node is the virtual machine that C(names) gives it, else the one whose id its guest operating system has, else
        the one of the same name. C(unproved) is why a longer blackout is possible. There are no rows without a Hyper-V
        host.
        """
        known = {node_key(node): machine for node, machine in names.items()}
        nodes = [str(node.get("name")) for node in cluster.get("nodes") or ()] if self._hosts else []
        return [self._of_node(cluster_key(cluster), node, known.get(node_key(node))) for node in nodes]

    def _of_node(self, cluster: str, node: str, machine: str | None) -> Row:
        info = self._guests.get((cluster, node_key(node)), {})
        guest = info.get("guest")
        if machine is None and "guest" in info and guest is None:
            return {"node": node, "not_applicable": f"{node} is not a virtual machine of Hyper-V."}
        if machine is None and isinstance(guest, dict) and guest.get("machine_id"):
            return {"node": node, **self._row(f"id {folded(guest['machine_id'])}", guest.get("machine_name") or node)}
        return {"node": node, **self._row(f"name {node_key(machine or node)}", machine or node)}

    def _row(self, key: str, machine: str) -> Row:
        events = self._events.get(key, [])
        measured = [(event.get("blackout_seconds"), host, event) for host, event in events]
        valid = [each for each in measured if isinstance(each[0], (int, float))]
        longest = max(valid, key=lambda each: t.cast("float", each[0]), default=None)
        return {
            "machine": machine,
            "seconds": longest[0] if longest else None,
            "host": longest[1] if longest else None,
            "time": longest[2].get("time") if longest else None,
            "count": len(valid),
            "unproved": self._unproved(key, machine, all_valid=len(valid) == len(measured)),
        }

    def _unproved(self, key: str, machine: str, *, all_valid: bool) -> str | None:
        homes = self._homes.get(key)
        if not homes:
            return (
                f"No Hyper-V host of this run has a virtual machine {machine}. If it has another name, set the "
                "parameter dag_virtual_machines."
            )
        reasons = [
            f"{name}: {why}"
            for name, host in self._hosts.items()
            if _home(name, host) in homes or any(node_key(name) in self._nodes[home] for home in homes)
            if (why := _unread(host))
        ]
        if reasons:
            return "Live migrations can be missing. " + " ".join(dict.fromkeys(reasons))
        if not all_valid:
            return "An event has no valid blackout."
        return None if self._events.get(key) else "No live migration was logged within audit_event_days."


def _keys(number: object, name: object) -> list[str]:
    return ([f"id {folded(number)}"] if number else []) + ([f"name {node_key(str(name))}"] if name else [])


def _home(name: str, host: Row) -> str:
    """The cluster of a host; for a standalone host, and for one whose cluster is not known, the host itself."""
    cluster = (host.get("cluster_info") or {}).get("cluster")
    return (cluster_key(cluster) if isinstance(cluster, dict) else "") or f"host {name}"


def _log(host: Row) -> Row | None:
    channels = (host.get("host_info") or {}).get("channels")
    log = channels.get("live_migrations") if isinstance(channels, dict) else None
    return log if isinstance(log, dict) else None


def _unread(host: Row) -> str | None:
    log = _log(host)
    if log is not None:
        return incomplete(host.get("host_info") or {}, log)
    unknown = (host.get("host_info") or {}).get("unknown")
    if isinstance(unknown, str):
        return unknown
    return next(
        (str(one.get("why")) for one in unknown or () if "channels.live_migrations.".startswith(f"{one.get('what')}.")),
        "The event channel of live migrations was not read.",
    )
