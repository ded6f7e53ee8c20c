# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the selection of virtual machines, and of what it could not be sure of."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows.virtual_machine import VirtualMachine
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from ansible_collections.winha.cluster.plugins.module_utils.selection import Selection, select


def machine(name: str, *, known: bool = True, node: str = "HV01") -> VirtualMachine:
    return VirtualMachine(
        name=name,
        name_known=known,
        id=f"id of {name}",
        resource=f"Virtual Machine {name}",
        group=name,
        owner_node=node,
        state="online",
        offline_action="save",
        default_move_type="by_priority",
        reference=t.cast("t.Any", None),
    )


MACHINES = (machine("EX01"), machine("EX [2]"), machine("FILE01", known=False, node="HV02"))


def selected(
    names: list[str], exclude: t.Sequence[str] = (), machines: t.Sequence[VirtualMachine] = MACHINES
) -> Selection[VirtualMachine]:
    options = {"names": names, "exclude": exclude, "allow_no_match": False}
    return select(machines, options, "hv01", kind="clustered virtual machine of the cluster of")


@pytest.mark.parametrize(
    ("names", "exclude", "expected", "warned"),
    [
        (["*"], [], ["EX01", "EX [2]", "FILE01"], ""),
        (["EX [2]"], [], ["EX [2]"], ""),
        (["ex01"], [], ["EX01"], ""),
        (["*"], ["EX [2]"], ["EX01", "FILE01"], ""),
        # FILE01 may have another name in Hyper-V of HV02.
        (["EX*"], [], ["EX01", "EX [2]"], "on HV02"),
        (["file01"], [], ["FILE01"], "on HV02"),
        (["*"], ["EX99"], ["EX01", "EX [2]", "FILE01"], "matches EX99 in exclude"),
    ],
)
def test_what_is_selected_and_warned_about(
    names: list[str], exclude: list[str], expected: list[str], warned: str
) -> None:
    found = selected(names, exclude)
    assert [one.name for one in found.chosen] == expected
    assert [warned in text for text in found.warnings[:1]] == [True] * bool(warned)


def test_with_all_names_known_nothing_is_uncertain() -> None:
    found = selected(["EX*"], ["EX01"], MACHINES[:2])
    assert ([one.name for one in found.chosen], found.warnings, found.unmatched) == (["EX [2]"], (), ())


def test_a_name_that_matches_nothing_names_what_is_there() -> None:
    with pytest.raises(TaskError, match=r"matches EX99; it has EX01, EX \[2\], FILE01. hv01 does not return the names"):
        selected(["EX99"])
