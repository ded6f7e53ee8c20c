# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small sample of C(make torture), always the same one."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("hypothesis")

import fleet
import stage as staging
from lab.directory import impediment
from torture import cells, inputs, kills
from torture.faults import FAULTS

SEED, CELLS, CELLS_OF_LDAP, INPUTS = 1, 150, 60, 400
# The filters and modules that end every input of make torture with an error of their own.
MODULES = ("cluster_info", "jumbo_path_info", "vm_offline_action", "net_adapter")


def is_in_sample(cell: cells.Cell) -> bool:
    """Faults that take long, and values that are not those of the store, are left to C(make torture)."""
    fault = FAULTS[cell.fault]
    return not (fault.slow or fault.lies or fault.absent)


@pytest.mark.slow
def test_cells_agree_with_the_store() -> None:
    with cells.stand() as stand:
        everything = stand.all_cells()
        assert len(everything) > 3000
        sample = cells.in_order(filter(is_in_sample, everything), SEED, FAULTS)[:CELLS]
        wrong = [found for cell in sample if (found := cells.problems(stand, cell))]
    assert {str(one.cell): one.problems for one in wrong} == {}


@pytest.mark.slow
def test_changed_messages_end_with_typed_errors() -> None:
    found = inputs.of_messages(INPUTS, SEED, lambda name: name.startswith(MODULES))
    assert (found.count, found.wrong) == (INPUTS, {})


@pytest.mark.slow
def test_changed_files_end_with_errors_of_the_filters() -> None:
    found = inputs.of_files(INPUTS, SEED, lambda _name: True)
    assert (found.count, found.wrong) == (INPUTS, {})


def test_a_run_that_is_not_finished_is_found() -> None:
    with kills.started() as lab:
        before, owners = lab.picture(), fleet.owners(lab, kills.CLUSTER)
        fleet.set_node(lab, kills.CLUSTER, "hv01", 2, 2)
        moved = dict.fromkeys(owners, "hv09")
        wrong = list(kills.what_is_wrong(lab, before, moved, staging.Run(2, "Failed.", ())))
    begins = ("exit code 2: Failed.", "wanted and stored: ", "nodes are not active: ", "the owners were ")
    assert [problem[: len(begin)] for problem, begin in zip(wrong, begins, strict=True)] == list(begins)


@pytest.mark.slow
def test_cells_of_ldap_agree_with_the_directory() -> None:
    if problem := impediment():
        if os.environ.get("WINHA_DIRECTORY_REQUIRED"):
            pytest.fail(problem)
        pytest.skip(problem)
    # They need python-ldap.
    from torture.directory import cells as ldap_cells
    from torture.directory.faults import FAULTS as FAULTS_OF_LDAP

    everything = ldap_cells.all_reachable()
    assert len(everything) > 10_000
    sample = [cell for cell in everything if not FAULTS_OF_LDAP[cell.fault].slow]
    ordered = cells.in_order(sample, SEED, FAULTS_OF_LDAP)[:CELLS_OF_LDAP]
    tried, wrong = ldap_cells.try_in_parallel(ordered, float("inf"), 1)
    assert {str(one.cell): one.problems for one in wrong} == {}
    assert tried > CELLS_OF_LDAP * 0.8  # the others end before their request
