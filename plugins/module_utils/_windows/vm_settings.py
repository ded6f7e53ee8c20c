# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of virtual machines that Hyper-V keeps, and how they are changed. Private to this collection.

Sources: Microsoft, Msvm_VirtualSystemSettingData, Msvm_MemorySettingData and Msvm_VirtualSystemManagementService
(HyperV_v2, Windows Server 2012 and later). A change has only the changed properties. It can end at once or with a job.
The response to a change does not count, only the values that are read back.
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from .._wsman.embedded_text import instance_text
from .._wsman.errors import (
    AccessDenied,
    NotFound,
    Redirected,
    RequestRefused,
    ResponseLost,
    ServerError,
    ServiceUnavailable,
    Unreachable,
)
from . import disk, hyperv
from .columns import read_columns

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance, Reference
    from .._wsman.client import Client

_SERVICE = "Msvm_VirtualSystemManagementService"
_SYSTEM, _MEMORY = "Msvm_VirtualSystemSettingData", "Msvm_MemorySettingData"
STOP_ACTION_NUMBERS = {name: number for number, name in hyperv.STOP_ACTIONS[hyperv.SECOND].items()}
CHECKPOINT_NUMBERS = {name: number for number, name in hyperv.CHECKPOINT_TYPES.items()}
# By setting: the class, the property and its CIM type.
_PROPERTIES = {
    "automatic_stop_action": (_SYSTEM, "AutomaticShutdownAction", "uint16"),
    "checkpoint_type": (_SYSTEM, "UserSnapshotType", "uint16"),
    "dynamic_memory": (_MEMORY, "DynamicMemoryEnabled", "boolean"),
    "startup_memory_mb": (_MEMORY, "VirtualQuantity", "uint64"),
    "minimum_memory_mb": (_MEMORY, "Reservation", "uint64"),
    "maximum_memory_mb": (_MEMORY, "Limit", "uint64"),
}
OF_SYSTEM = ("automatic_stop_action", "checkpoint_type")
OF_MEMORY = ("dynamic_memory", "startup_memory_mb", "minimum_memory_mb", "maximum_memory_mb")
# Windows changes the others only while the virtual machine is off.
WHILE_RUNNING = ("checkpoint_type",)
LEAST_MEMORY_MB = 32
_DONE, _STARTED = 0, 4096
_REFUSALS = {
    4: "a parameter is not valid",
    5: "the virtual machine is in the wrong state",
    32769: "access is denied",
    32770: "it is not supported",
    32773: "a parameter is not valid",
    32774: "the system is in use",
    32775: "the virtual machine is in the wrong state",
    32777: "the system is not available",
    32778: "there is not enough memory",
}
_ENDED, _SUCCEEDED = (7, 8, 9, 10, 32768), (7, 32768)  # JobState
_JOB_POLLS, _LOST_POLLS = 120, 10
_PAUSE = 1.0  # seconds


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A virtual machine with its settings by name; C(None) is not read, or not supported by the Windows version.

    C(ids) are the ids of its two settings objects by class. C(problem) is a sentence why it cannot be changed.
    """

    name: str
    id: str
    state: str
    settings: t.Mapping[str, t.Any]
    ids: t.Mapping[str, str]
    problem: str = ""

    @property
    def resource(self) -> str:
        return ""

    @property
    def group(self) -> str:
        return ""

    @property
    def owner_node(self) -> str | None:
        return None

    @property
    def name_known(self) -> bool:
        return True

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)


class _End(enum.Enum):
    """Whether a change is known to have ended. After a fault that is likely, but no proof."""

    KNOWN = "known"
    LIKELY = "likely"
    LOST = "lost"


class WantedMemoryError(Exception):
    """The wanted memory is none that Windows allows. The message is a clause."""


class BeforeWindows2012(ServerError):
    """Hyper-V before Windows Server 2012 has other classes and methods."""


def read_machines(client: Client, *, memory: bool) -> tuple[Machine, ...]:
    """Read the virtual machines on this host with two queries, or with three if C(memory) is wanted.

    Raises C(BeforeWindows2012), and C(hyperv.NoHyperV) if Hyper-V is not installed.
    """
    namespace, found = hyperv.read_names_and_states(client)
    if namespace != hyperv.SECOND:
        raise BeforeWindows2012(f"{client.host} runs a Windows version before Windows Server 2012")
    systems = _systems(client)
    memories = _memories(client) if memory else {}
    counts = [machine.name.casefold() for machine in found]
    return tuple(
        _machine(
            f"{one.name} ({one.id})" if counts.count(one.name.casefold()) > 1 else one.name,
            one,
            systems.get(one.id),
            memories.get(one.id),
            memory=memory,
        )
        for one in sorted(found, key=lambda one: (one.name.casefold(), one.id))
    )


def wanted_memory(machine: Machine, wanted: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """All memory settings that a virtual machine is to have.

    Without dynamic memory, minimum and maximum are the startup memory. Raises C(WantedMemoryError).
    """
    found = {name: machine.settings[name] if wanted[name] is None else wanted[name] for name in OF_MEMORY}
    least, most = wanted["minimum_memory_mb"], wanted["maximum_memory_mb"]
    if not found["dynamic_memory"]:
        if wanted["startup_memory_mb"] is None and least is not None and least == most:
            found["startup_memory_mb"] = least
        startup = found["startup_memory_mb"]
        if any(value not in (None, startup) for value in (least, most)):
            raise WantedMemoryError("without dynamic memory, minimum and maximum are the startup memory")
        found |= {"minimum_memory_mb": startup, "maximum_memory_mb": startup}
    sizes = [found[name] for name in ("minimum_memory_mb", "startup_memory_mb", "maximum_memory_mb")]
    if None in sizes:
        return found
    if sizes != sorted(sizes):
        raise WantedMemoryError(
            f"minimum, startup and maximum would be {sizes[0]}, {sizes[1]} and {sizes[2]} MB, and none may be below "
            "the one before"
        )
    if any(size % 2 or size < LEAST_MEMORY_MB for size in sizes):
        raise WantedMemoryError(f"each size must be an even number of MB, and at least {LEAST_MEMORY_MB}")
    return found


def keeps_only_startup(machine: Machine, wanted: t.Mapping[str, t.Any]) -> bool:
    """Whether dynamic memory would be switched off without saying how much memory the virtual machine then has."""
    given = [wanted[name] for name in ("startup_memory_mb", "minimum_memory_mb", "maximum_memory_mb")]
    now = [machine.settings[name] for name in ("minimum_memory_mb", "maximum_memory_mb")]
    switched = machine.settings["dynamic_memory"] and wanted["dynamic_memory"] is False
    return bool(switched and given == [None] * 3 and now[0] != now[1])


def write(client: Client, machine: Machine, values: t.Mapping[str, t.Any]) -> tuple[t.Mapping[str, t.Any], str]:
    """Change settings of one class by one request. Returns them as read back, and why they are not as wanted.

    A value is C(None) if it is not known: the response or the end of the job was lost, so the change may still come.
    Raises C(ServerError) if the values could not be read back.
    """
    class_name = _PROPERTIES[next(iter(values))][0]
    operation = f"setting {', '.join(values)} of {machine.name}"
    operation_of_service = "reading the management service of Hyper-V"
    services = client.query(hyperv.SECOND, f"SELECT * FROM {_SERVICE}", operation=operation_of_service)  # noqa: S608
    reference = next((one.reference for one in services if one.reference), None)
    if reference is None:
        raise ServerError(f"{client.host} returned no management service of Hyper-V", advice="check its service vmms")
    text = instance_text(
        class_name,
        {
            "InstanceID": ("string", machine.ids[class_name]),
            **{_PROPERTIES[name][1]: (_PROPERTIES[name][2], _number(name, value)) for name, value in values.items()},
        },
    )
    method, parameter = ("ModifySystemSettings", text) if class_name == _SYSTEM else ("ModifyResourceSettings", [text])
    name = "SystemSettings" if class_name == _SYSTEM else "ResourceSettings"
    reason, end = _invoke(client, reference, method, {name: parameter}, operation)
    now = _read_back(client, machine, class_name, values, operation)
    for _poll in range(0 if end is _End.KNOWN else _LOST_POLLS):
        if now == values:
            break
        client.pause(_PAUSE)
        now = _read_back(client, machine, class_name, values, operation)
    if now is None:
        return dict.fromkeys(values), f"{machine.name} is no longer on {client.host}"
    if now != values and end is _End.LOST:
        return {name: value if now[name] == value else None for name, value in values.items()}, reason
    return now, reason


def _invoke(
    client: Client, reference: Reference, method: str, parameters: t.Mapping[str, t.Any], operation: str
) -> tuple[str, _End]:
    """Call a method once and wait for its job. Returns the error, and what is known about the end of the change."""
    try:
        answer = client.invoke(reference, method, parameters, operation=operation)
        code, job = answer.integer("ReturnValue"), answer.reference_in("Job")
    except Unreachable:
        raise
    except ServerError as exc:
        lost = isinstance(exc, (ResponseLost, Redirected, ServiceUnavailable))
        known = isinstance(exc, (AccessDenied, RequestRefused))
        end = _End.LOST if lost else _End.KNOWN if known else _End.LIKELY
        return f"{method} returned: {exc.detail}{f' ({exc.advice})' if exc.advice and not lost else ''}", end
    if code == _DONE:
        return "", _End.KNOWN
    if code == _STARTED and job is not None:
        return _wait(client, job, operation)
    if code is None or code == _STARTED:
        return f"{method} returned no {'return value' if code is None else 'job'}", _End.LOST
    return f"{method} returned {code}: {_REFUSALS.get(code, 'it failed')}", _End.KNOWN


def _wait(client: Client, job: Reference, operation: str) -> tuple[str, _End]:
    """Wait until a job has ended. Returns its error, and what is known about its end."""
    for _poll in range(_JOB_POLLS):
        try:
            found = client.get(job, operation=f"reading the job of {operation}")
            state, error = found.integer("JobState"), found.integer("ErrorCode")
        except NotFound:
            return "its job was removed before its result was read", _End.LIKELY
        except Unreachable:
            raise
        except ServerError as exc:
            return f"its job could not be read: {exc.detail}", _End.LOST
        if state in _ENDED:
            if state in _SUCCEEDED and not error:
                return "", _End.KNOWN
            text = (found.text("ErrorDescription") or "").strip().rstrip(".") or f"job state {state}"
            return f"its job failed: {text}{f' ({error})' if error else ''}", _End.KNOWN
        client.pause(_PAUSE)
    return f"its job did not end within {_JOB_POLLS * _PAUSE:g} s", _End.LOST


def _read_back(
    client: Client, machine: Machine, class_name: str, values: t.Iterable[str], operation: str
) -> dict[str, t.Any] | None:
    """The settings now; C(None) if the virtual machine is no longer on this host."""
    where = f" WHERE InstanceID='{_quoted(machine.ids[class_name])}'"
    columns = ", ".join(
        dict.fromkeys(["InstanceID", *(row[1] for row in _PROPERTIES.values() if row[0] == class_name)])
    )
    found = read_columns(client, hyperv.SECOND, class_name, columns, where, operation=f"reading back after {operation}")
    wanted = machine.ids[class_name].casefold()
    item = next((one for one in found if (one.text("InstanceID") or "").casefold() == wanted), None)
    return None if item is None else {name: _value(item, name) for name in values}


def _systems(client: Client) -> dict[str, Instance]:
    columns = "AutomaticShutdownAction, InstanceID, UserSnapshotType, VirtualSystemIdentifier, VirtualSystemType"
    found = read_columns(
        client, hyperv.SECOND, _SYSTEM, columns, operation="reading the settings of the virtual machines"
    )
    return {
        (item.text("VirtualSystemIdentifier") or "").upper(): item
        for item in found
        if item.text("VirtualSystemType") == hyperv.REALIZED
    }


def _memories(client: Client) -> dict[str, Instance]:
    columns = "DynamicMemoryEnabled, InstanceID, Limit, Reservation, VirtualQuantity"
    found = read_columns(
        client, hyperv.SECOND, _MEMORY, columns, operation="reading the memory of the virtual machines"
    )
    return {disk.owner_of(item).upper(): item for item in found}


def _machine(
    name: str, found: hyperv.VirtualMachine, system: Instance | None, memory_of: Instance | None, *, memory: bool
) -> Machine:
    parts = [(OF_SYSTEM, system, _SYSTEM)] + ([(OF_MEMORY, memory_of, _MEMORY)] if memory else [])
    settings: dict[str, t.Any] = {}
    ids = {}
    problem = ""
    for names, item, class_name in parts:
        if item is None or not item.text("InstanceID"):
            problem = f"Hyper-V returned no {'memory' if class_name == _MEMORY else 'settings'} for {name}."
            continue
        ids[class_name] = item.text("InstanceID") or ""
        try:
            settings |= {setting: _value(item, setting) for setting in names}
        except ResponseLost as exc:
            problem = str(exc)
    return Machine(name=name, id=found.id, state=found.state, settings=settings, ids=ids, problem=problem)


def _value(item: Instance, setting: str) -> t.Any:
    name = _PROPERTIES[setting][1]
    if setting == "dynamic_memory":
        return item.boolean(name)
    number = item.integer(name)
    if setting not in OF_SYSTEM or number is None:
        return number
    names = hyperv.STOP_ACTIONS[hyperv.SECOND] if setting == "automatic_stop_action" else hyperv.CHECKPOINT_TYPES
    return names.get(number, f"unknown ({number})")


def _number(setting: str, value: t.Any) -> t.Any:
    if setting == "automatic_stop_action":
        return STOP_ACTION_NUMBERS[value]
    return CHECKPOINT_NUMBERS[value] if setting == "checkpoint_type" else value


def _quoted(text: str) -> str:
    """A text in a condition of WQL."""
    return text.replace("\\", "\\\\").replace("'", "\\'")
