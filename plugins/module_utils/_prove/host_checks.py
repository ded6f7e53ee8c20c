# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to look at what the collection assumes about every Windows host. Private to this collection."""

from __future__ import annotations

import concurrent.futures
import datetime
import time
import typing as t

from .._windows import adapter, channel, channel_log, event, hotfix, registry
from .._windows import guest as guest_of
from .._windows.computer import in_utc
from .._wsman import subscription
from .._wsman.cim import Reference, UriStyle
from .._wsman.errors import AccessDenied, Fault, Missing, NotFound, QueryRefused, ServerError
from .._wsman.faults import is_time_out
from .point import Different, Nothing

if t.TYPE_CHECKING:
    from .._windows.unknown import Unknown
    from .._wsman.cim import Instance
    from .._wsman.client import Client
    from .point import Seen

_CIMV2 = "root/cimv2"
# Names of what no host has. None is a part of another one, so that the search of a bundle tells them apart.
_NO_VALUE, _NO_SERVICE, _NO_CHANNEL = "WinhaNone", "WinhaNobody", "WinhaNoChannel"
_NO_CLASS, _NO_NAMESPACE, _NO_COLUMN = "Winha_NoClass", "root/winhanowhere", "WinhaNoColumn"
_DAYS, _WAIT = 3, 5  # how far back to look, and the seconds that a Pull waits for events
_SLOW = 30.0  # seconds
_KEY = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_LOOPBACK = ("127.0.0.1", "127.0.0.2")
_TEXT = 80


def hotfix_dates(_client: Client, seen: Seen) -> str:
    """Whether the dates of all updates can be read."""
    texts = [text for row in seen.rows["windows.hotfixes"] if (text := row.text("InstalledOn"))]
    if not texts:
        raise Nothing("no update has a date")
    other = [text for text in texts if hotfix.day_of(text) is None]
    if other:
        raise Different(f"InstalledOn is {other[0][:_TEXT]}")
    return f"{len(texts)} dates"


def guids_of(rows: t.Iterable[Instance], name: str) -> set[str]:
    """The GUIDs in a column. A row without one counts for nothing."""
    return {adapter.guid_in(row.text(name)) for row in rows} - {""}


def adapter_guids(_client: Client, seen: Seen) -> str:
    """Whether advanced properties belong to an adapter by its GUID."""
    adapters = seen.rows["windows.adapters"]
    known = guids_of(adapters, "InterfaceGuid")
    if not adapters:
        raise Nothing("the host has no adapter in MSFT_NetAdapter")
    if len(known) < len(adapters):
        raise Different("an adapter has no InterfaceGuid of its own")
    for row in seen.rows["windows.advanced_properties"]:
        if adapter.guid_in(row.text("InstanceID")) not in known:
            raise Different(f"the InstanceID {(row.text('InstanceID') or '')[:_TEXT]} has no GUID of an adapter")
    return f"{len(known)} adapters"


def team_ids(_client: Client, seen: Seen) -> str:
    """Whether teams and members have the GUIDs of adapters."""
    known = guids_of(seen.rows["windows.adapters"], "InterfaceGuid")
    rows = seen.rows["windows.teams"] + seen.rows["windows.team_members"]
    if not rows:
        raise Nothing("the host has no team")
    other = [row for row in rows if adapter.guid_in(row.text("InstanceID")) not in known]
    if other:
        raise Different(f"the InstanceID {(other[0].text('InstanceID') or '')[:_TEXT]} has no GUID of an adapter")
    return f"{len(rows)} rows"


def _echoes(client: Client, addresses: t.Sequence[str]) -> dict[str, int | None]:
    condition = " OR ".join(f"Address='{address}'" for address in addresses)
    wql = (
        f"SELECT * FROM Win32_PingStatus WHERE ({condition}) AND BufferSize=32 "  # noqa: S608 (constants)
        "AND NoFragmentation=TRUE AND Timeout=1000"
    )
    rows = client.query(_CIMV2, wql, operation="sending an echo request to itself")
    replied = [row for row in rows if row.text("ProtocolAddress") or row.integer("StatusCode") != 0]
    return {row.text("Address") or "": row.integer("StatusCode") for row in replied}


def echo(client: Client, _seen: Seen) -> str:
    """Whether the host replies to itself."""
    found = _echoes(client, _LOOPBACK[:1])
    if found != {_LOOPBACK[0]: 0}:
        raise Different(f"the codes are {found}")
    return "code 0"


def echo_several(client: Client, _seen: Seen) -> str:
    """Whether one query has a row for each address."""
    found = _echoes(client, _LOOPBACK)
    if found != dict.fromkeys(_LOOPBACK, 0):
        raise Different(f"the codes are {found}")
    return "a row for each address"


def registry_value(client: Client, seen: Seen) -> str:
    """Whether the registry has the build number that WMI has."""
    found = registry.read_value(client, registry.RegistryValue(_KEY, "CurrentBuildNumber"))
    if found != str(seen.release.build):
        raise Different(f"CurrentBuildNumber is {found}, and the build number of WMI is {seen.release.build}")
    return f"CurrentBuildNumber {found}"


def registry_missing(client: Client, _seen: Seen) -> str:
    """Whether a value that is not there gives none."""
    found = registry.read_value(client, registry.RegistryValue(_KEY, _NO_VALUE))
    if found is not None:
        raise Different(f"the value {_NO_VALUE} is {found[:_TEXT]}")
    return "no value"


def registry_names(client: Client, _seen: Seen) -> str:
    """Whether the names of subkeys and values come."""
    above, _mark, name = _KEY.rpartition("\\")
    for method, key, wanted in (("EnumKey", above, name), ("EnumValues", _KEY, "CurrentBuildNumber")):
        if wanted not in registry.read_names(client, method, key):
            raise Different(f"{method} of {key} does not return {wanted}")
    return "subkeys and values"


def _since() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.UTC) - datetime.timedelta(days=_DAYS)


def system_log(client: Client, seen: Seen) -> str:
    """Whether the System log has entries of the event that Windows writes each day, with all values."""
    found = event.read_events(client, channel.UPTIME.ids, since=_since(), limit=_DAYS)
    if found.unreadable:
        raise Different(f"{found.unreadable} entries have no valid time or id")
    started = seen.rows["windows.operating_system"][0].datetime("LastBootUpTime")
    if not found.newest:
        if started is not None and (in_utc(started) or started) > _since():
            raise Nothing(f"the host was started in the last {_DAYS} days and has no event {channel.UPTIME.ids[0]} yet")
        raise Different(f"no event {channel.UPTIME.ids[0]} in {_DAYS} days")
    if found.newest[0].source.casefold() != channel.UPTIME.source.casefold():
        raise Different(f"the source is {found.newest[0].source[:_TEXT]}")
    return f"{len(found.newest)} entries"


def older_entry(client: Client, _seen: Seen) -> str:
    """Whether the query for an older entry ends soon."""
    began = time.monotonic()
    try:
        found = event.reaches_back(client, _since())
    except ServerError as exc:
        if is_time_out(exc):
            raise Different(f"no answer: {exc.detail}") from exc
        raise
    seconds = time.monotonic() - began
    if seconds > _SLOW:
        raise Different(f"it took {seconds:.0f} s")
    return f"{'an older entry' if found else 'no older entry'} in {seconds:.1f} s"


def system_channel(client: Client, _seen: Seen) -> str:
    """Whether both ways to read the System log return the same."""
    unknown: list[Unknown] = []
    found = channel_log.read_channels(client, ["cluster"], days=_DAYS, wait=_WAIT, unknown=unknown)
    compared = found["cluster"].compared
    if compared is None or compared.channel is None:
        read_other_channel("cluster")(client, _seen)  # for its own error; the comparison has only a sentence
    if compared is None or compared.same is None:
        raise Nothing(compared.why if compared and compared.why else "nothing could be compared")
    if not compared.same:
        raise Different(compared.why or "different events")
    return f"{compared.channel} events both ways"


def read_other_channel(name: str) -> t.Callable[[Client, Seen], str]:
    """A look at whether an event channel can be read."""

    def look(client: Client, _seen: Seen) -> str:
        until = datetime.datetime.now(tz=datetime.UTC).replace(microsecond=0)
        wanted = channel.CHANNELS[name]
        found = channel.read_channel(client, wanted, since=_since(), until=until, wait=_WAIT)
        if found.unreadable:
            raise Different(f"{found.unreadable} events have no valid time or id")
        unnamed = [one for one in found.events if one.topic in ("blackout", "saved") and not one.virtual_machine]
        if unnamed:
            raise Different(f"event {unnamed[0].id} names no virtual machine; it has {', '.join(unnamed[0].data)}")
        return f"{len(found.events)} events in {_DAYS} days"

    return look


def missing_channel(client: Client, _seen: Seen) -> str:
    """Which fault a subscription to a channel that is not there gives."""
    query = subscription.Query(channel=_NO_CHANNEL, selects=("*",))
    reading = subscription.Reading(operation="looking for a fault", wait=_WAIT, first_only=True)
    try:
        subscription.read_events(client, query, reading)
    except AccessDenied:
        raise
    except Fault as exc:
        return _told(exc)
    raise Different("no fault")


def references(client: Client, _seen: Seen) -> str:
    """Whether a projection with the key has references."""
    wql = "SELECT Name, Model FROM Win32_ComputerSystem"
    rows = client.query(_CIMV2, wql, operation="looking for references")
    if not rows or any(row.reference is None for row in rows):
        raise Different("no reference" if rows else "no instance")
    again = client.get(t.cast("Reference", rows[0].reference), operation="reading a reference back")
    if again.text("Name") != rows[0].text("Name"):
        raise Different(f"the reference leads to {again.text('Name')}")
    return "references"


def missing_class(client: Client, _seen: Seen) -> str:
    """Which fault a class that is not there gives."""
    return _fault_for(client, _CIMV2, _NO_CLASS, (Missing.CLASS, Missing.CLASS_OR_NAMESPACE, Missing.SOMETHING))


def missing_namespace(client: Client, _seen: Seen) -> str:
    """Which fault a namespace that is not there gives."""
    meant = (Missing.NAMESPACE, Missing.CLASS_OR_NAMESPACE, Missing.SOMETHING)
    return _fault_for(client, _NO_NAMESPACE, "Win32_Service", meant)


def _fault_for(client: Client, namespace: str, name: str, meant: t.Container[Missing]) -> str:
    try:
        rows = client.query(namespace, f"SELECT * FROM {name}", operation="looking for a fault")  # noqa: S608
    except AccessDenied:
        raise
    except NotFound as exc:
        if exc.missing not in meant:
            raise Different(f"the fault means a missing {exc.missing.value}: {_told(exc)}") from exc
        return _told(exc)
    except Fault as exc:
        raise Different(_told(exc)) from exc
    raise Different(f"no fault, and {len(rows)} instances")


def missing_instance(client: Client, _seen: Seen) -> str:
    """Which fault an instance that is not there gives."""
    uri = f"{UriStyle.WINDOWS.value}{_CIMV2}/Win32_Service"
    reference = Reference(resource_uri=uri, selectors=(("Name", _NO_SERVICE),))
    try:
        client.get(reference, operation="looking for a fault")
    except AccessDenied:
        raise
    except NotFound as exc:
        if exc.missing not in (Missing.INSTANCE, Missing.SOMETHING):
            raise Different(f"the fault means a missing {exc.missing.value}: {_told(exc)}") from exc
        return _told(exc)
    except Fault as exc:
        raise Different(_told(exc)) from exc
    raise Different("no fault")


def missing_column(client: Client, _seen: Seen) -> str:
    """Which fault a query of a column that is not there gives."""
    wql = f"SELECT {_NO_COLUMN} FROM Win32_OperatingSystem"  # noqa: S608 (constants)
    try:
        client.query(_CIMV2, wql, operation="looking for a fault")
    except AccessDenied:
        raise
    except QueryRefused as exc:
        return _told(exc)
    except Fault as exc:
        raise Different(_told(exc)) from exc
    raise Different("no fault")


def _told(fault: Fault) -> str:
    numbers = (f"code {fault.code}", f"HRESULT 0x{fault.hresult or 0:08X}", f"CIM status {fault.cim_status}")
    known = (fault.code, fault.hresult, fault.cim_status)
    parts = [fault.subcode, *(text for text, number in zip(numbers, known, strict=True) if number is not None)]
    return ", ".join(part for part in parts if part) or fault.detail


def several_connections(client: Client, _seen: Seen) -> str:
    """Whether four queries at the same time are answered."""
    names = ("Winmgmt", "W32Time", "RpcSs", "Dhcp")
    wql = "SELECT Name FROM Win32_Service WHERE Name='{}'"

    def ask(name: str) -> list[Instance]:
        return client.query(_CIMV2, wql.format(name), operation="asking at the same time")

    with concurrent.futures.ThreadPoolExecutor(len(names)) as threads:
        found = list(threads.map(ask, names))
    if not found[0]:
        raise Different("the service Winmgmt was not returned")
    return f"{len(names)} answers"


def guest(client: Client, seen: Seen) -> str:
    """Whether a virtual machine knows its name, id and host."""
    found = guest_of.read_guest(client)
    if found is None:
        raise Nothing(f"the model is {(seen.rows['windows.computer_system'][0].text('Model') or '')[:_TEXT]}")
    missing = [name for name, value in found.items() if not value]
    if missing:
        raise Different(f"no value for {', '.join(missing)}; Data Exchange may be off")
    return "name, id and host"
