# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every entry of an evaluation and of its reports, from facts and rules that do not change with those of the role.

The facts, the rules and the expected results are in the folder whole. C(WINHA_WRITE_RESULTS=1 pytest …) writes the
results anew; read what changed.
"""

from __future__ import annotations

import copy
import datetime
import functools
import json
import os
import pathlib
import re
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._audit.evaluation import evaluate
from ansible_collections.winha.cluster.plugins.module_utils._report.formats import render

Row = dict[str, t.Any]
WHOLE = pathlib.Path(__file__).parent / "whole"
NOW = datetime.datetime(2026, 11, 23, 22, 12, 40, tzinfo=datetime.UTC)
ACCEPTED = [
    {"rule": "hotfixes", "host": "ex*", "reason": "Replaced by a rollup", "until": "2027-01-31"},
    {"rule": "vm-*", "host": "*", "subject": "EX01*", "reason": "It moves on Friday", "until": "2026-11-23"},
    {"rule": "federation-days-left", "host": "*", "reason": "It is renewed by hand", "until": "2026-12-31"},
    {"rule": "nodes-removed", "host": "nobody*", "reason": "It matches nothing", "until": "2026-11-30"},
]


def read(name: str) -> t.Any:
    return json.loads((WHOLE / name).read_text("utf-8"))


def expected(name: str, text: str) -> str:
    file = WHOLE / name
    if os.environ.get("WINHA_WRITE_RESULTS"):
        file.write_text(text, "utf-8")
    return file.read_text("utf-8")


@functools.cache
def evaluations() -> tuple[Row, Row]:
    """An evaluation, and the next one: with other values, a host that was not read, and accepted findings."""
    facts, rules = read("facts.json"), read("rules.json")
    first = evaluate(rules, copy.deepcopy(facts), now=NOW - datetime.timedelta(days=7))
    hosts = facts["hosts"]
    lost = next(name for name in hosts if name.startswith("ex"))
    hosts[lost] |= {"reached": False, "why": "The connection was refused. Check the firewall."}
    for part in ("host_info", "cluster_info"):
        hosts[lost][part] = {"unknown": "The connection was refused."}
    machines = next(iter(hosts.values()))["cluster_info"]["cluster"]["virtual_machines"]
    machines[0]["offline_action"] = "shut_down"
    machines[-1]["offline_action"] = "turn_off"
    found = evaluate(rules, facts, accepted=ACCEPTED, now=NOW, before=first, runs=first["runs"])
    return first, found


@pytest.mark.parametrize(("name", "number"), [("first", 0), ("next", 1)])
def test_the_whole_evaluation(name: str, number: int) -> None:
    text = json.dumps(evaluations()[number], indent=1, ensure_ascii=False, default=str) + "\n"
    assert json.loads(text) == json.loads(expected(f"evaluation-{name}.json", text))


def without_the_files(page: str) -> str:
    """A page without its style and its script, of which only the data is compared, one element on a line."""
    page = re.sub(r"<style>.*?</style>", "<style></style>", page, flags=re.DOTALL)
    page = re.sub(r"<script>.*?</script>", "<script></script>", page, flags=re.DOTALL)
    page = re.sub(r"'sha256-[^']+'", "'sha256-'", page)
    return re.sub(r">\s*<", ">\n<", page)


@pytest.mark.parametrize(("form", "end"), [("html", "html"), ("junit", "xml"), ("markdown", "md")])
def test_the_whole_report(form: str, end: str) -> None:
    text = render(evaluations()[1], form)
    text = without_the_files(text) if form == "html" else text
    assert text == expected(f"report.{end}", text)
