# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured blackouts of live migrations, by virtual machine. Private to this collection; pure.

Hyper-V writes them to its channel Hyper-V-VMMS-Admin, as the events 20415 and 20417 of the host from which a virtual
machine was moved: Parameter0 is the virtual machine, Parameter1 its id, Parameter2 the blackout in seconds.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .relations import folded

if t.TYPE_CHECKING:
    from .facts import Subject

EVENTS = (20415, 20417)
_ID, _SECONDS = "Parameter1", "Parameter2"
_UNREADABLE = "Not all blackouts that Hyper-V logged could be read."


@dataclasses.dataclass(frozen=True, slots=True)
class Blackouts:
    """The longest blackout in seconds by the id of the virtual machine, and the ids with one that is not readable.

    C(is_doubtful) means that the virtual machine of an event is not known.
    """

    seconds: t.Mapping[str, float]
    unreadable: t.Collection[str]
    is_doubtful: bool

    def of(self, machine_id: t.Any) -> tuple[float | None, str | None]:
        """The longest measured blackout of a virtual machine, and why there can be a longer one."""
        key = folded(machine_id)
        doubt = _UNREADABLE if self.is_doubtful or key in self.unreadable else None
        return self.seconds.get(key), doubt


def measured(hosts: t.Iterable[Subject]) -> Blackouts:
    """The blackouts in C(host_info.channels), which has C(events) with C(id) and C(data) for each channel."""
    longest: dict[str, float] = {}
    unreadable: set[str] = set()
    is_doubtful = False
    for host in hosts:
        for event in _events(host):
            data, number = event.get("data"), event.get("id")
            if number is not None and number not in EVENTS:
                continue
            machine_id = data.get(_ID) if isinstance(data, dict) else None
            if number is None or not machine_id or not isinstance(data, dict):
                is_doubtful = True
                continue
            key, seconds = folded(str(machine_id).strip("{}")), _number(data.get(_SECONDS))
            if seconds is None:
                unreadable.add(key)
            else:
                longest[key] = max(longest.get(key, 0.0), seconds)
    return Blackouts(seconds=longest, unreadable=unreadable, is_doubtful=is_doubtful)


def _events(host: Subject) -> t.Iterator[dict[str, t.Any]]:
    channels = (host.document.get("host_info") or {}).get("channels")
    for channel in channels if isinstance(channels, list) else ():
        yield from channel.get("events") or ()


def _number(text: t.Any) -> float | None:
    """A number of an event, which has the decimal sign of the language of the host."""
    try:
        return float(str(text).strip().replace(",", "."))
    except ValueError:
        return None
