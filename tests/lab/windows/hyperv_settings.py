# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of the settings of virtual machines (Msvm_VirtualSystemManagementService), and their jobs.

What a change replaced is kept beside the estate file: in the repository of the cluster, because a clustered virtual
machine takes its settings along, or in that of its host.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..identity import identity
from ..wire.embedded_text import EmbeddedTextError, parse
from ..wire.fault import invalid_parameter, provider_failed
from ..wire.values import Embedded
from .classes import Class, Property
from .repository import Instance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..estate import Host
    from ..wire.values import Value
    from .repository import Change, Repository
    from .request_context import RequestContext
    from .simulation import Simulation
    from .virtual_machines import MachineSettings

SERVICE, JOB = "Msvm_VirtualSystemManagementService", "Msvm_ConcreteJob"
STATE = Class(
    "Lab_VirtualMachine",
    "lab",
    {
        "id": Property("Id", "string", key=True),
        "name": Property("Name", "string"),
        "automaticshutdownaction": Property("AutomaticShutdownAction", "uint16"),
        "usersnapshottype": Property("UserSnapshotType", "uint16"),
        "dynamicmemoryenabled": Property("DynamicMemoryEnabled", "boolean"),
        "virtualquantity": Property("VirtualQuantity", "uint64"),
        "reservation": Property("Reservation", "uint64"),
        "limit": Property("Limit", "uint64"),
    },
)
_JOB_STARTED, _INVALID_PARAMETER, _INVALID_STATE = 4096, 32773, 32775
_RUNNING, _COMPLETED, _EXCEPTION = 4, 7, 10  # JobState
_ENABLED, _OFF = 2, 3  # EnabledState
_ERRORS = {
    _INVALID_STATE: "The operation cannot be performed while the object is in its current state.",
    _INVALID_PARAMETER: "One of the parameters is not valid.",
}
# By method: the class of the settings, and the properties that the lab can change.
_METHODS = {
    "modifysystemsettings": ("Msvm_VirtualSystemSettingData", ("AutomaticShutdownAction", "UserSnapshotType")),
    "modifyresourcesettings": (
        "Msvm_MemorySettingData",
        ("DynamicMemoryEnabled", "VirtualQuantity", "Reservation", "Limit"),
    ),
}
_LEAST_MEMORY = 32  # MB


def add(repository: Repository, machine: MachineSettings) -> None:
    """Add the settings of a virtual machine as the estate file has them."""
    startup, minimum, maximum = machine.memory
    values: dict[str, Value] = {
        "Id": machine.id,
        "Name": machine.name,
        "AutomaticShutdownAction": machine.automatic_shutdown_action,
        "UserSnapshotType": machine.user_snapshot_type,
        "DynamicMemoryEnabled": machine.dynamic_memory,
        "VirtualQuantity": startup,
        "Reservation": minimum,
        "Limit": maximum,
    }
    repository.place(Instance(STATE, values))


def current(repository: Repository | None, machine: MachineSettings) -> MachineSettings:
    """The settings of a virtual machine now."""
    found = repository.find(STATE, machine.id.lower()) if repository else None
    if found is None:
        return machine
    values: Mapping[str, object] = found.values
    return replace(
        machine,
        automatic_shutdown_action=values["AutomaticShutdownAction"],  # type: ignore[arg-type]
        user_snapshot_type=values["UserSnapshotType"],  # type: ignore[arg-type]
        dynamic_memory=values["DynamicMemoryEnabled"],  # type: ignore[arg-type]
        memory=(values["VirtualQuantity"], values["Reservation"], values["Limit"]),  # type: ignore[arg-type]
    )


def jobs(simulation: Simulation, host: Host, cls: Class) -> list[Instance]:
    """The jobs of a host."""
    return [
        Instance(cls, {item.name: values.get(item.name) for item in cls.properties.values()})
        for values in simulation.jobs.get(host.name, ())
    ]


def invoke(
    context: RequestContext, method: str, values: Mapping[str, Value], machines: Sequence[tuple[MachineSettings, int]]
) -> dict[str, Value]:
    """Run a method of the management service. A change ends with a job, unless the host answers at once."""
    if method not in _METHODS:
        raise provider_failed(0x80041055, f"The lab has no method {method} of {SERVICE}.")
    class_name, known = _METHODS[method]
    texts = values.get("SystemSettings" if method == "modifysystemsettings" else "ResourceSettings")
    if not texts:
        raise invalid_parameter("The settings are missing.", "ExecMethod")
    cls = context.repository.cls("root/virtualization/v2", class_name)
    assert cls is not None
    changes: list[tuple[str, dict[str, Value]]] = []
    for text in texts if isinstance(texts, list) else [texts]:
        try:
            sent = parse(str(text), cls)
        except (EmbeddedTextError, ValueError) as problem:
            raise invalid_parameter(f"{problem}.", "ExecMethod") from problem
        found = _machine_of(machines, str(sent.pop("InstanceID", "")), class_name)
        if found is None or not set(sent) <= set(known) or None in sent.values():
            return {"ReturnValue": _INVALID_PARAMETER, "Job": None}
        changes.append((found, sent))
    simulation, host = context.simulation, context.host
    assert simulation is not None
    assert host is not None
    if any(_problem(simulation, host, number, sent) == _INVALID_PARAMETER for number, sent in changes):
        return {"ReturnValue": _INVALID_PARAMETER, "Job": None}
    if host.settings_answer == "direct":
        refusal = next(filter(None, (_problem(simulation, host, *change) for change in changes)), 0)
        if not refusal:
            for number, sent in changes:
                context.changes += _store(simulation, host, number, sent)
        return {"ReturnValue": refusal, "Job": None}
    listed = simulation.jobs.setdefault(host.name, [])
    job: dict[str, Value] = {
        "InstanceID": identity(host.name, "job", str(len(listed))).upper(),
        "ElementName": "Modifying virtual machine settings",
        "JobState": _RUNNING,
        "PercentComplete": 10,
        "ErrorCode": 0,
        "DeleteOnCompletion": False,
    }
    listed.append(job)
    context.run_afterwards(
        partial(simulation.clock.call_later, host.job_seconds, partial(_finish, simulation, host, job, changes))
    )
    return {"ReturnValue": _JOB_STARTED, "Job": Embedded(JOB, {"InstanceID": job["InstanceID"]})}


def _finish(
    simulation: Simulation, host: Host, job: dict[str, Value], changes: Sequence[tuple[str, Mapping[str, Value]]]
) -> None:
    """End a job. The state of the virtual machine counts that it has now."""
    problem = next(filter(None, (_problem(simulation, host, *change) for change in changes)), 0)
    if problem:
        text = _ERRORS[problem]
        job |= {"JobState": _EXCEPTION, "ErrorCode": problem, "ErrorDescription": text, "PercentComplete": 100}
        return
    stored = [one for number, sent in changes for one in _store(simulation, host, number, sent)]
    job |= {"JobState": _COMPLETED, "PercentComplete": 100}
    simulation.record_event(host.name, "JobCompleted", JOB, str(job["InstanceID"]), changes=stored)


def _machine_of(machines: Sequence[tuple[MachineSettings, int]], instance_id: str, class_name: str) -> str | None:
    """The id of the virtual machine with these settings. Those of checkpoints and definitions cannot be changed."""
    memory = r"\4764334d-e001-4176-82ee-5594ec9b530e" if class_name == "Msvm_MemorySettingData" else ""
    ids = {f"Microsoft:{machine.id}{memory}".lower(): machine.id for machine, _state in machines}
    return ids.get(instance_id.lower())


def _held(simulation: Simulation, host: Host, number: str) -> tuple[Repository, Instance] | None:
    member = simulation.cluster_of(host)
    for repository in (*([member[1]] if member else []), simulation.hosts[host.name]):
        found = repository.find(STATE, number.lower())
        if found is not None:
            return repository, found
    return None


def _problem(simulation: Simulation, host: Host, number: str, sent: Mapping[str, Value]) -> int:
    """Why a change is refused, as the method returns it; 0 if it is not. It is strict where Windows is not known."""
    held = _held(simulation, host, number)
    states = {machine.id: state for machine, state in simulation.machines_on(host)}
    if held is None or number not in states:
        return _INVALID_PARAMETER
    before = held[1].values
    after = {**before, **sent}
    differing = {name for name, value in sent.items() if before.get(name) != value}
    if after["AutomaticShutdownAction"] not in (None, 2, 3, 4) or after["UserSnapshotType"] not in (2, 3, 4, 5):
        return _INVALID_PARAMETER
    quantity, least, most = (int(str(after[name])) for name in ("VirtualQuantity", "Reservation", "Limit"))
    if differing & {"DynamicMemoryEnabled", "VirtualQuantity", "Reservation", "Limit"}:
        fits = least <= quantity <= most if after["DynamicMemoryEnabled"] else least == quantity == most
        if not fits or min(quantity, least) < _LEAST_MEMORY or any(size % 2 for size in (quantity, least, most)):
            return _INVALID_PARAMETER
    allowed = {"UserSnapshotType"} if states[number] == _ENABLED else set()
    return 0 if states[number] == _OFF or differing <= allowed else _INVALID_STATE


def _store(simulation: Simulation, host: Host, number: str, sent: Mapping[str, Value]) -> list[Change]:
    held = _held(simulation, host, number)
    return list(held[0].write(held[1], sent)[1]) if held else []
