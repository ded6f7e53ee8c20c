# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the page show the same results as the rules."""

from __future__ import annotations

import re

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._audit.evaluation import evaluate
from ansible_collections.winha.cluster.plugins.module_utils._report.formats import render
from audit_cases import NOW, facts_of, rule

BEYOND = re.compile(r"([\d.]+ s) over<")


def heartbeats(text: str) -> str:
    """The heartbeat section of the page."""
    return text.partition('<section id="heartbeats"')[2].partition("</section>")[0]


@pytest.mark.parametrize(
    ("windows", "same", "cross", "beyond"),
    [
        ("2016", 10.0, 20.0, []),  # the defaults of that Windows
        ("2016", 20.0, 20.0, ["10 s"]),
        ("2016", 10.0, 40.0, ["20 s"]),
        ("2012 R2", 10.0, 20.0, []),  # the defaults with KB3153887
        ("2012", 5.0, 20.0, ["10 s"]),
        ("2019", 20.0, 20.0, []),
        ("2019", 40.0, 40.0, ["20 s", "20 s"]),
    ],
)
def test_a_heartbeat_is_marked_if_the_rule_fails(windows: str, same: float, cross: float, beyond: list[str]) -> None:
    name = "dag-heartbeat-most"
    cluster = {
        "name": "DAG1",
        "nodes": [{"name": "h", "windows": windows}],
        "heartbeat_seconds": {"same_subnet": same, "cross_subnet": cross},
    }
    found = evaluate([rule(name)], facts_of(name, {"cluster_info": {"cluster": cluster}}), now=NOW)
    assert [each["outcome"] for each in found["findings"]].count("fail") == len(beyond)
    assert BEYOND.findall(heartbeats(render(found, "html"))) == beyond
