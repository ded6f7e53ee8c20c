# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the result of a module says about each setting."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A setting in a result; C(before) and C(now) are null if they are unknown."""

    label: str
    before: t.Any
    now: t.Any
    result: str = ""


def rows_of(module: str, result: t.Mapping[str, t.Any]) -> list[Row]:
    """The settings in the result of a module."""
    return list(_READERS[module](result)) if module in _READERS else []


def _vm_offline_action(result: t.Mapping[str, t.Any]) -> t.Iterator[Row]:
    for one in result["virtual_machines"]:
        yield Row(one["name"], one["before"], one["offline_action"], one["result"])


def _heartbeat(result: t.Mapping[str, t.Any]) -> t.Iterator[Row]:
    for name, value in result["heartbeat"].items():
        yield Row(name, None, value)


def _net_adapter(result: t.Mapping[str, t.Any]) -> t.Iterator[Row]:
    for one in result["settings"]:
        if "now" in one:
            yield Row(f"{one['adapter']} {one['setting']}", one["before"], one["now"], one["result"])


def _settings(result: t.Mapping[str, t.Any]) -> t.Iterator[Row]:
    for one in result["settings"]:
        yield Row(f"{one['name']} {one['setting']}", one["before"], one["now"], one["result"])


def _cluster_node(result: t.Mapping[str, t.Any]) -> t.Iterator[Row]:
    yield Row(result["node"]["name"], result["node"]["before"], result["node"]["state"])
    for name, owner in result.get("owners", {}).items():
        yield Row(f"{name} owner", None, owner)


def _cluster_info(result: t.Mapping[str, t.Any]) -> t.Iterator[Row]:
    for one in result["cluster"].get("virtual_machines") or ():
        yield Row(one["name"], None, one["offline_action"])
        yield Row(f"{one['name']} owner", None, one["owner_node"])
    for name, value in result["cluster"]["heartbeat"].items():
        yield Row(name, None, value)


def _cluster_health_info(result: t.Mapping[str, t.Any]) -> t.Iterator[Row]:
    for one in result["health"].get("nodes") or ():
        yield Row(one["name"], None, one["state"])
    for one in result["health"].get("roles") or ():
        yield Row(f"{one['name']} owner", None, one["owner"])


def _host_info(result: t.Mapping[str, t.Any]) -> t.Iterator[Row]:
    for one in result.get("adapters") or ():
        yield Row(f"{one['name']} mtu", None, one["mtu"])


_READERS: t.Mapping[str, t.Callable[[t.Mapping[str, t.Any]], t.Iterator[Row]]] = {
    "vm_offline_action": _vm_offline_action,
    "heartbeat": _heartbeat,
    "net_adapter": _net_adapter,
    "cluster_group": _settings,
    "vm_settings": _settings,
    "cluster_node": _cluster_node,
    "cluster_info": _cluster_info,
    "cluster_health_info": _cluster_health_info,
    "host_info": _host_info,
}
