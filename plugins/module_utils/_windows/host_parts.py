# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a host for the module host_info, as plain values. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from . import channel_log, computer, event, guest, hotfix, hyperv, link, live_migration, processor

if t.TYPE_CHECKING:
    from .._wsman.client import Client
    from .unknown import Unknown

Part = dict[str, t.Any]


def adapters(client: Client, unknown: list[Unknown]) -> Part:
    """The network adapters."""
    return {"adapters": [dataclasses.asdict(one) for one in link.read_links(client, unknown)]}


def windows(found: computer.Computer) -> Part:
    """The Windows release."""
    return {
        "windows": {
            "release": found.windows.name,
            "build": found.windows.build,
            "computer_name": found.name,
            "last_boot": computer.iso(found.last_boot),
        }
    }


def hotfixes(client: Client) -> Part:
    """The installed updates."""
    found = hotfix.read_hotfixes(client)
    days = [one.installed_on.isoformat() if one.installed_on else None for one in found]
    return {"hotfixes": [{"id": one.id, "installed_on": day} for one, day in zip(found, days, strict=True)]}


def virtual_machines(client: Client, unknown: list[Unknown]) -> Part:
    """The virtual machines, and whether Hyper-V is installed."""
    try:
        machines = hyperv.read_virtual_machines(client, unknown)
    except hyperv.NoHyperV:
        return {"hyperv": False, "virtual_machines": []}
    return {"hyperv": True, "virtual_machines": [_virtual_machine(machine) for machine in machines]}


def _virtual_machine(machine: hyperv.VirtualMachine) -> dict[str, t.Any]:
    row = dataclasses.asdict(machine)
    settings = row.pop("settings") or dict.fromkeys(field.name for field in dataclasses.fields(hyperv.Settings))
    return row | settings


Log: t.TypeAlias = "t.Callable[[], event.SystemLog | None]"


def system_log(client: Client, options: t.Mapping[str, t.Any]) -> event.SystemLog | None:
    """The System log, read once if both C(events) and C(channels) need it."""
    ids = channel_log.system_ids(options["channels"])
    if not ids or not {"events", "channels"} <= set(options["gather"]):
        return None
    return event.read_log(client, ids.union(options["event_ids"]), days=options["event_days"])


def events(client: Client, options: t.Mapping[str, t.Any], unknown: list[Unknown], log: Log) -> Part:
    """The newest events of the System log with the C(event_ids) of the last C(event_days)."""
    days, limit = options["event_days"], options["event_limit"]
    return event.read_result(client, options["event_ids"], days=days, limit=limit, unknown=unknown, log=log())


def channels(client: Client, options: t.Mapping[str, t.Any], unknown: list[Unknown], log: Log) -> Part:
    """The events of the last C(event_days) in the event C(channels)."""
    names, wait = options["channels"], options["channel_wait"]
    days, limit = options["event_days"], options["event_limit"]
    found = channel_log.read_result(client, names, wait, days=days, limit=limit, unknown=unknown, log=log())
    return {"channels": found}


def processors(client: Client, own: computer.Computer) -> Part:
    """The processors of the host and of its virtual machines."""
    return {"processors": processor.read_processors(client, own.windows)}


def migration(client: Client, own: computer.Computer, unknown: list[Unknown]) -> Part:
    """The settings of live migration."""
    return {"live_migration": live_migration.read_live_migration(client, own.windows, unknown)}


def own_machine(client: Client) -> Part:
    """The virtual machine that the host is."""
    return {"guest": guest.read_guest(client)}
