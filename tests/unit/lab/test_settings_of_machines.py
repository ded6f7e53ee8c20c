# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The methods that change settings of virtual machines, their jobs, and the possible owners of resources."""

from __future__ import annotations

import time
from xml.sax.saxutils import escape

import pytest
from lab.windows import possible_owners
from raw_client import WMI, value

V2 = WMI + "root/virtualization/v2/"
SYSTEM, MEMORY = "Msvm_VirtualSystemSettingData", "Msvm_MemorySettingData"
SERVICE, JOB = "Msvm_VirtualSystemManagementService", "Msvm_ConcreteJob"
MEMORY_ID = r"\4764334d-e001-4176-82ee-5594ec9b530e"
TYPES = {"InstanceID": "string", "DynamicMemoryEnabled": "boolean", "VirtualQuantity": "uint64",
         "Reservation": "uint64", "Limit": "uint64"}  # fmt: skip
STOPPED, REFUSED = 32775, 32773


def machine_id(lab, name="EX01"):
    return next(one.settings.id for one in lab.estate.cluster("HVC1").virtual_machines if one.name == name)


def instance(cls, **properties):
    """An INSTANCE, written without the code under test."""
    inner = "".join(
        f'<PROPERTY NAME="{name}" TYPE="{TYPES.get(name, "uint16")}"><VALUE>{escape(str(text))}</VALUE></PROPERTY>'
        for name, text in properties.items()
    )
    return f'<INSTANCE CLASSNAME="{cls}">{inner}</INSTANCE>'


def modify(client, text, *, memory=False):
    method, name = (
        ("ModifyResourceSettings", "ResourceSettings") if memory else ("ModifySystemSettings", "SystemSettings")
    )
    body = f"<p:{name}>{escape(text)}</p:{name}>"
    return client.invoke(SERVICE, method, body, base=V2, CreationClassName=SERVICE)


def job_of(client, response):
    """The job of a response at its end."""
    assert value(response.content, "ReturnValue") == "4096", response.text
    number = response.text.partition('Name="InstanceID">')[2].partition("<")[0]
    for _attempt in range(50):
        found = client.get(JOB, base=V2, InstanceID=number)
        if value(found.content, "JobState") != "4":
            return {name: value(found.content, name) for name in ("JobState", "ErrorCode", "ErrorDescription")}
        time.sleep(0.02)
    raise AssertionError("the job did not end")


def settings_of(client, number, cls=SYSTEM):
    found = client.get(cls, base=V2, InstanceID=f"Microsoft:{number}{MEMORY_ID if cls == MEMORY else ''}")
    names = ("AutomaticShutdownAction", "UserSnapshotType", "DynamicMemoryEnabled", "VirtualQuantity", "Limit")
    return {name: text for name in names if (text := value(found.content, name)) is not None}


def stop(lab, name="EX01"):
    repository = lab.cluster("HVC1")
    repository.write(repository.named("MSCluster_Resource", f"Virtual Machine {name}"), {"State": 3})


def test_a_change_ends_with_a_job_and_is_kept(lab, hv01):
    number = machine_id(lab)
    stop(lab)
    text = instance(SYSTEM, InstanceID=f"Microsoft:{number}", AutomaticShutdownAction=4, UserSnapshotType=2)
    response = modify(hv01, text)
    assert settings_of(hv01, number)["AutomaticShutdownAction"] == "3"
    assert job_of(hv01, response) == {"JobState": "7", "ErrorCode": "0", "ErrorDescription": None}
    assert settings_of(hv01, number) == {"AutomaticShutdownAction": "4", "UserSnapshotType": "2"}
    own = f"Microsoft:{number}{MEMORY_ID}"
    sizes = {"DynamicMemoryEnabled": "TRUE", "VirtualQuantity": 4096, "Reservation": 512, "Limit": 8192}
    assert job_of(hv01, modify(hv01, instance(MEMORY, InstanceID=own, **sizes), memory=True))["JobState"] == "7"
    assert settings_of(hv01, number, MEMORY) == {
        "DynamicMemoryEnabled": "true", "VirtualQuantity": "4096", "Limit": "8192",
    }  # fmt: skip
    lab.reset()
    assert settings_of(hv01, number)["AutomaticShutdownAction"] == "3"


def test_what_a_running_machine_does_not_allow_fails_in_the_job(lab, hv01):
    own = f"Microsoft:{machine_id(lab)}"
    failed = job_of(hv01, modify(hv01, instance(SYSTEM, InstanceID=own, AutomaticShutdownAction=4)))
    assert (failed["JobState"], failed["ErrorCode"]) == ("10", str(STOPPED))
    memory = instance(MEMORY, InstanceID=own + MEMORY_ID, VirtualQuantity=2048, Reservation=2048, Limit=2048)
    assert job_of(hv01, modify(hv01, memory, memory=True))["ErrorCode"] == str(STOPPED)
    assert job_of(hv01, modify(hv01, instance(SYSTEM, InstanceID=own, UserSnapshotType=2)))["JobState"] == "7"


WRONG = {
    "no id": ("", {"AutomaticShutdownAction": 4}),
    "of a definition": (rf"Definition{MEMORY_ID}\Default", {"AutomaticShutdownAction": 4}),
    "of another node": ("{vm02}", {"AutomaticShutdownAction": 4}),
    "out of range": ("{EX01}", {"AutomaticShutdownAction": 1}),
    "not changed by the lab": ("{EX01}", {"AutomaticStartupAction": 4}),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_parameter_is_refused_at_once(lab, hv01, case):
    stop(lab)
    number, values = WRONG[case]
    for name in ("EX01", "vm02"):
        number = number.replace(f"{{{name}}}", machine_id(lab, name))
    given = {"InstanceID": f"Microsoft:{number}"} if number else {}
    response = modify(hv01, instance(SYSTEM, **given, **values))
    assert value(response.content, "ReturnValue") == str(REFUSED), response.text


@pytest.mark.parametrize(
    "sizes",
    [
        {"VirtualQuantity": 4096},  # static memory with another minimum and maximum
        {"DynamicMemoryEnabled": "TRUE", "VirtualQuantity": 4096, "Reservation": 8192, "Limit": 16384},
        {"VirtualQuantity": 4097, "Reservation": 4097, "Limit": 4097},
        {"VirtualQuantity": 16, "Reservation": 16, "Limit": 16},
    ],
)
def test_a_wrong_size_is_refused(lab, hv01, sizes):
    stop(lab)
    text = instance(MEMORY, InstanceID=f"Microsoft:{machine_id(lab)}{MEMORY_ID}", **sizes)
    assert value(modify(hv01, text, memory=True).content, "ReturnValue") == str(REFUSED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AutomaticShutdownAction=4",
        "<!DOCTYPE x><INSTANCE CLASSNAME='Msvm_VirtualSystemSettingData'/>",
        instance(MEMORY, AutomaticShutdownAction=4),
        instance(SYSTEM, NoSuchProperty=4),
        instance(SYSTEM, AutomaticShutdownAction=4).replace("uint16", "uint32"),
        instance(SYSTEM, AutomaticShutdownAction="four"),
        instance(SYSTEM, AutomaticShutdownAction=70000),
        instance(SYSTEM, AutomaticShutdownAction=4).replace("<VALUE>", "<VALUE>1</VALUE><VALUE>"),
        instance(SYSTEM, AutomaticShutdownAction=4).replace("</INSTANCE>", "text</INSTANCE>"),
        instance(SYSTEM, AutomaticShutdownAction=4).replace("<PROPERTY ", "<QUALIFIER/><PROPERTY "),
    ],
)
def test_text_that_is_no_instance_of_the_class_is_a_fault(lab, hv01, text):
    response = modify(hv01, text)
    assert response.status == 500
    assert "invalid parameter" in response.text
    assert [one for one in lab.journal() if one.changes] == []


def test_possible_owners_are_added_and_removed(lab, hv01):
    def call(method, node="", name="Virtual Machine EX01"):
        body = f"<p:NodeName>{node}</p:NodeName>" if node else ""
        return hv01.invoke("MSCluster_Resource", method, body, Name=name)

    names = [item.text for item in call("GetPossibleOwners").content if item.tag.endswith("NodeNames")]
    assert names == ["hv01", "hv02"]
    for method, node, code in (
        ("AddPossibleOwner", "hv02", "80071392"),
        ("AddPossibleOwner", "hv99", "800713B2"),
        ("RemovePossibleOwner", "hv99", "800713B2"),
        ("RemovePossibleOwner", "hv01", "8007139F"),  # it is there
        ("RemovePossibleOwner", "", "80070057"),
    ):
        assert code in call(method, node).text.upper()
    assert call("RemovePossibleOwner", "HV02").status == 200
    assert possible_owners.owners(lab.cluster("HVC1"), "Virtual Machine EX01") == ["hv01"]
    body = "<p:NodeName>hv02</p:NodeName><p:TimeOut>0</p:TimeOut>"
    assert "80071397" in hv01.invoke("MSCluster_ResourceGroup", "MoveToNewNode", body, Name="EX01").text.upper()
    assert "80071397" in call("RemovePossibleOwner", "hv02").text.upper()
    assert call("AddPossibleOwner", "hv02").status == 200
    assert possible_owners.owners(lab.cluster("HVC1"), "Virtual Machine EX01") == ["hv01", "hv02"]
