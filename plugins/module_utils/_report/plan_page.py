# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan of changes as one HTML page that needs nothing else. Private to this collection."""

from __future__ import annotations

import typing as t

from .template import file_text, policy, template, trusted

Mapping = t.Mapping[str, t.Any]


def plan_page(plan: Mapping, impact: t.Sequence[Mapping], title: str) -> str:
    """The HTML document of a plan document; C(impact) has a row for each cluster and host. Raises C(ReportError)."""
    page = template("plan.html.j2")
    style = file_text("style.css")
    gates = [
        {"cluster": row["name"], **gate}
        for row in plan["clusters"]
        for gate in row["gates"]
        if gate["outcome"] != "pass"
    ]
    moves = [{"cluster": row["name"], **move} for row in plan["clusters"] for move in row["moves"]]
    return page.render(
        plan=plan,
        impact=impact,
        title=title,
        names={row["key"]: row["name"] for row in plan["clusters"]},
        stopping=[gate for gate in gates if not gate["allowed"]],
        allowed=[gate for gate in gates if gate["allowed"]],
        moves=sorted(moves, key=lambda move: move["how"] == "live"),
        style=trusted(style),
        policy=policy(style),
        scopes={},
        visible=len(plan["changes"]) + len(plan["left"]),
    )
