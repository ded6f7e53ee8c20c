# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the names of clustered virtual machines."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils import selection
from ansible_collections.winha.cluster.plugins.module_utils._windows import virtual_machine
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import Fault, NotFound

Row = dict[str, t.Any]


class Item:
    """One instance that a host returned."""

    reference = object()

    def __init__(self, values: Row) -> None:
        self.values = values

    def text(self, name: str) -> str | None:
        return self.values.get(name)

    def integer(self, name: str) -> int | None:
        return self.values.get(name)

    def embedded(self, name: str) -> Item | None:
        return Item(self.values[name]) if name in self.values else None


class Node:
    """A node that runs some of the virtual machines; their names in Hyper-V by number, or an error."""

    host = "hv01"

    def __init__(self, resources: t.Sequence[tuple[int, str, str]], names: dict[int, str] | Fault) -> None:
        self.resources, self.names = resources, names

    def query(self, _namespace: str, wql: str, *, operation: str) -> list[Item]:
        if "MSCluster_Resource" in wql:
            return [
                Item(
                    {
                        "Name": resource,
                        "OwnerGroup": group,
                        "OwnerNode": "HV01",
                        "State": 2,
                        "PrivateProperties": {"VmID": guid(number).lower(), "OfflineAction": 1},
                    }
                )
                for number, resource, group in self.resources
            ]
        assert operation
        if isinstance(self.names, Fault):
            raise self.names
        systems = {"HV01": "HV01"} | {guid(number): name for number, name in self.names.items()}
        return [Item({"Name": number, "ElementName": name}) for number, name in systems.items()]


def guid(number: int) -> str:
    return f"6F0C5CC1-2B4E-4B3F-9F7E-{number:012}"


MACHINES = (
    (1, "Virtueller Computer EX01", "EX01"),
    (2, "Virtual Machine Template-2019", "Template-2019"),
    (3, "SCVMM EX03", "SCVMM EX03 Resources"),
    (4, "Máquina virtual EX04", "Exchange"),
    (5, "Máquina virtual EX05", "Exchange"),
)


def machines(
    resources: t.Sequence[tuple[int, str, str]] = MACHINES,
    names: dict[int, str] | Fault | None = None,
    others: dict[str, str] | None = None,
) -> tuple[virtual_machine.VirtualMachine, ...]:
    node = Node(resources, {} if names is None else names)
    return virtual_machine.read_virtual_machines(t.cast("t.Any", node), others)


def numbers(found: t.Iterable[virtual_machine.VirtualMachine]) -> list[int]:
    return sorted(int(machine.id[-12:]) for machine in found)


@pytest.mark.parametrize("names", [{}, NotFound("There is no class."), Fault("It failed.")], ids=str)
def test_without_hyper_v_a_machine_has_the_name_of_its_resource_or_role(names: t.Any) -> None:
    found = {machine.name: machine.name_known for machine in machines(names=names)}
    # A role with two virtual machines cannot name both.
    expected = ["EX01", "EX03", "Máquina virtual EX04", "Máquina virtual EX05", "Template-2019"]
    assert found == dict.fromkeys(expected, False)


def test_the_name_is_that_of_hyper_v_on_this_node_and_on_others() -> None:
    others = {guid(4).lower(): "EX04", f"{{{guid(1)}}}": "old"}
    found = {machine.name: machine.name_known for machine in machines(names={1: "EX01", 2: "EX02"}, others=others)}
    assert found == {"EX01": True, "EX02": True, "EX03": False, "EX04": True, "Máquina virtual EX05": False}


def test_machines_of_one_name_have_the_names_of_their_resources() -> None:
    found = machines(names={1: "EX02", 2: "ex02"})
    assert {"Virtueller Computer EX01", "Virtual Machine Template-2019"} < {machine.name for machine in found}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("EX*", [1, 2, 3, 4, 5]),
        ("EX02", [2]),
        ("template-2019", [2]),
        ("Template*", [2]),
        ("Virtueller Computer EX01", [1]),
        ("Exchange", [4, 5]),
        (guid(3).lower(), [3]),
        ("EX99", []),
    ],
)
def test_what_a_name_means(pattern: str, expected: list[int]) -> None:
    known = {1: "EX01", 2: "EX02", 3: "EX03", 4: "EX04", 5: "EX05"}
    assert numbers(selection.meant(machines(names=known), pattern)) == expected


def test_a_name_in_hyper_v_comes_before_the_old_name_of_another_machine() -> None:
    swapped = [(1, "Virtual Machine EX01", "EX01"), (2, "Virtual Machine EX02", "EX02"), (3, "VM [x]", "VM [x]")]
    found = machines(swapped, {1: "FILE01", 2: "EX01", 3: "EX [x]"})
    assert numbers(selection.meant(found, "EX01")) == [2]
    assert numbers(selection.meant(found, "EX0*")) == [2]
    assert numbers(selection.meant(found, "EX [x]")) == [3]
    assert numbers(selection.meant(found, "FILE*")) == [1]
