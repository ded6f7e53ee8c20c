# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a change of a virtual machine ends, and which memory it may have."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows import hyperv, vm_settings
from ansible_collections.winha.cluster.plugins.module_utils._windows.vm_settings import Machine, WantedMemoryError
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, Reference, new_instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import Fault, RequestRefused, ResponseLost
from fake_host import WMI, FakeHost, absent, named

V2 = hyperv.SECOND
SYSTEM = "Msvm_VirtualSystemSettingData"
OWN = "Microsoft:ID1"
MACHINE = Machine(name="EX01", id="ID1", state="off", settings={}, ids={SYSTEM: OWN})
JOB = Reference(resource_uri=f"{WMI}{V2}/Msvm_ConcreteJob", selectors=(("InstanceID", "1"),))


class Host(FakeHost):
    """A host that answers a change, then the reads of its job. The change is stored after some reads of the values."""

    def __init__(self, answer: t.Any, jobs: t.Sequence[t.Any] = (), stored_after: float = 0) -> None:
        super().__init__({(V2, "Msvm_VirtualSystemManagementService"): [{"Name": "vmms"}]})
        self.answer, self.jobs, self.stored_after = answer, list(jobs), stored_after
        self.calls, self.pauses = 0, 0

    def query(self, namespace: str, wql: str, *, operation: str) -> list[Instance]:
        if SYSTEM not in wql:
            return super().query(namespace, wql, operation=operation)
        self.stored_after -= 1
        row = {"InstanceID": OWN, "AutomaticShutdownAction": 3 if self.stored_after >= 0 else 4}
        return [Instance(new_instance(f"{WMI}{V2}/{SYSTEM}", row).element, named("", "x"))]

    def invoke(self, _target: Reference, method: str, parameters: t.Any, *, operation: str) -> Instance:
        del operation
        self.calls += 1
        assert (method, list(parameters)) == ("ModifySystemSettings", ["SystemSettings"])
        if isinstance(self.answer, Exception):
            raise self.answer
        return new_instance("u", self.answer)

    def get(self, reference: Reference, *, operation: str) -> Instance:
        del operation
        assert reference == JOB
        found = self.jobs.pop(0) if len(self.jobs) > 1 else self.jobs[0]
        if isinstance(found, Exception):
            raise found
        return new_instance("u", found)

    def pause(self, _seconds: float) -> None:
        self.pauses += 1


NEVER = float("inf")
STARTED = {"ReturnValue": 4096, "Job": JOB}
RUNNING = {"JobState": 4, "ErrorCode": 0}
ENDS: dict[str, tuple[Host, t.Any, str, int]] = {
    "at once": (Host({"ReturnValue": 0}), "shut_down", "", 0),
    "with a job": (Host(STARTED, [RUNNING, RUNNING, {"JobState": 7, "ErrorCode": 0}]), "shut_down", "", 2),
    "with warnings": (Host(STARTED, [{"JobState": 32768, "ErrorCode": 0}]), "shut_down", "", 0),
    "completed with an error": (
        Host(STARTED, [{"JobState": 7, "ErrorCode": 32773, "ErrorDescription": "Bad. "}], NEVER),
        "save", "its job failed: Bad (32773)", 0,
    ),
    "killed": (Host(STARTED, [{"JobState": 9, "ErrorCode": 0}], NEVER), "save", "its job failed: job state 9", 0),
    "refused": (
        Host({"ReturnValue": 32775}, (), NEVER),
        "save", "ModifySystemSettings returned 32775: the virtual machine is in the wrong state", 0,
    ),
    "unknown refusal": (Host({"ReturnValue": 9}, (), NEVER), "save", "ModifySystemSettings returned 9: it failed", 0),
    "not processed": (
        Host(RequestRefused("HTTP 413", advice="shorten"), (), NEVER),
        "save", "ModifySystemSettings returned: HTTP 413 (shorten)", 0,
    ),
    "job removed": (Host(STARTED, [absent()], 2), "shut_down", "its job was removed before its result was read", 2),
    "fault, and stored": (Host(Fault("Failure"), (), 3), "shut_down", "ModifySystemSettings returned: Failure", 3),
    "fault": (Host(Fault("Failure"), (), NEVER), "save", "ModifySystemSettings returned: Failure", 10),
    "lost, and stored": (Host(ResponseLost("cut"), (), 3), "shut_down", "ModifySystemSettings returned: cut", 3),
    "lost": (Host(ResponseLost("cut"), (), NEVER), None, "ModifySystemSettings returned: cut", 10),
    "no return value": (Host({}, (), NEVER), None, "ModifySystemSettings returned no return value", 10),
    "no job": (Host({"ReturnValue": 4096}, (), NEVER), None, "ModifySystemSettings returned no job", 10),
    "job not readable": (Host(STARTED, [ResponseLost("cut")], NEVER), None, "its job could not be read: cut", 10),
    "job without end": (Host(STARTED, [RUNNING], NEVER), None, "its job did not end within 120 s", 130),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDS)
def test_only_what_is_read_back_counts_and_nothing_is_sent_twice(case: str) -> None:
    host, value, reason, pauses = ENDS[case]
    found = vm_settings.write(t.cast("t.Any", host), MACHINE, {"automatic_stop_action": "shut_down"})
    assert found == ({"automatic_stop_action": value}, reason)
    assert (host.calls, host.pauses) == (1, pauses)


def test_a_windows_version_before_2012_is_told() -> None:
    systems = [{"ElementName": "EX01", "Name": "6F0C5CC1-2B4E-4B3F-9F7E-0123456789AB", "EnabledState": 2}]
    rows: dict[tuple[str, str], t.Any] = {(V2, ""): absent(), (hyperv.FIRST, "Msvm_ComputerSystem"): systems}
    with pytest.raises(vm_settings.BeforeWindows2012, match="hv01 runs a Windows version before Windows Server 2012"):
        vm_settings.read_machines(t.cast("t.Any", FakeHost(rows, build=7601)), memory=False)


def memory(*, dynamic: bool, sizes: tuple[int, int, int]) -> Machine:
    values = dict(zip(vm_settings.OF_MEMORY, (dynamic, *sizes), strict=True))
    return Machine(name="EX01", id="ID1", state="off", settings=values, ids={})


DYNAMIC, STATIC = memory(dynamic=True, sizes=(4096, 512, 8192)), memory(dynamic=False, sizes=(4096, 4096, 4096))
# Machine, options (dynamic, startup, minimum, maximum), what it is to have, whether that is only the startup memory.
MEMORIES: tuple[tuple[Machine, tuple[t.Any, ...], tuple[t.Any, ...], bool], ...] = (
    (DYNAMIC, (False, None, None, None), (False, 4096, 4096, 4096), True),
    (DYNAMIC, (False, 8192, None, None), (False, 8192, 8192, 8192), False),
    (DYNAMIC, (False, None, 8192, 8192), (False, 8192, 8192, 8192), False),  # as an undo has it
    (memory(dynamic=True, sizes=(64, 64, 64)), (False, None, None, None), (False, 64, 64, 64), False),
    (DYNAMIC, (None, 1024, None, None), (True, 1024, 512, 8192), False),
    (DYNAMIC, (None, None, 1024, 4096), (True, 4096, 1024, 4096), False),
    (STATIC, (False, None, None, None), (False, 4096, 4096, 4096), False),
    (STATIC, (None, 8192, None, None), (False, 8192, 8192, 8192), False),
    (STATIC, (True, None, 512, 16384), (True, 4096, 512, 16384), False),
)


@pytest.mark.parametrize(("machine", "options", "expected", "only_startup"), MEMORIES)
def test_the_wanted_memory_is_complete(
    machine: Machine, options: tuple[t.Any, ...], expected: tuple[t.Any, ...], only_startup: bool
) -> None:
    given = dict(zip(vm_settings.OF_MEMORY, options, strict=True))
    assert tuple(vm_settings.wanted_memory(machine, given)[name] for name in vm_settings.OF_MEMORY) == expected
    assert vm_settings.keeps_only_startup(machine, given) == only_startup


@pytest.mark.parametrize(
    ("machine", "options"),
    [
        (STATIC, (None, None, 512, None)),
        (STATIC, (None, 8192, 4096, 4096)),
        (DYNAMIC, (None, 256, None, None)),
        (DYNAMIC, (None, 16384, None, None)),
        (DYNAMIC, (None, None, 511, None)),
        (STATIC, (None, 30, None, None)),
    ],
)
def test_memory_that_windows_does_not_allow_is_refused(machine: Machine, options: tuple[t.Any, ...]) -> None:
    with pytest.raises(WantedMemoryError):
        vm_settings.wanted_memory(machine, dict(zip(vm_settings.OF_MEMORY, options, strict=True)))
