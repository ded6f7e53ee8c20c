# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the rules in docs/rules.md. python rules_table.py writes it."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._audit.rule import Rule
from audit_cases import ROOT, rules

GUIDE = ROOT / "docs" / "rules.md"
BEGIN, END = "<!-- rules -->\n", "<!-- end of rules -->\n"


def table() -> str:
    """A row for each rule, and the parameters with their defaults."""
    known = [Rule.parse(entry) for entry in rules()]
    lines = ["| Rule | Severity | Checks for | Applies to | Source | Remedy |", "|---|---|---|---|---|---|"]
    for rule in sorted(known, key=lambda one: one.layer):
        remedy = f"by hand: {rule.remedy.by_hand}" if rule.remedy.kind == "manual" else f"`{_remedy_name(rule)}`"
        applies = rule.applies.description(rule.scope)
        cells = (f"`{rule.id}`", rule.severity, rule.title, applies, "; ".join(rule.source), remedy)
        lines.append("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |")
    parameters: dict[str, tuple[t.Any, list[str]]] = {}
    for rule in known:
        for name, default in rule.parameters.items():
            parameters.setdefault(name, (default, []))[1].append(f"`{rule.id}`")
    lines += ["", "| Parameter | Default | Rules |", "|---|---|---|"]
    lines += [
        f"| `{name}` | `{json.dumps(value)}` | {', '.join(used)} |"
        for name, (value, used) in sorted(parameters.items())
    ]
    return "\n".join(lines) + "\n"


def _remedy_name(rule: Rule) -> str:
    if rule.remedy.kind == "role":
        return str(rule.remedy.body)
    return next(key for key in rule.remedy.body if key != "name")


def guide_with_table() -> str:
    """The guide with the current table."""
    text = GUIDE.read_text("utf-8")
    before, _begin, rest = text.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    GUIDE.write_text(guide_with_table(), "utf-8")
