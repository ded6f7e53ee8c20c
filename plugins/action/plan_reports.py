# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.winha.cluster.plugins.module_utils._change.plan import read_plan
from ansible_collections.winha.cluster.plugins.module_utils._change.text import impact_rows, text_of
from ansible_collections.winha.cluster.plugins.module_utils._report.error import ReportError
from ansible_collections.winha.cluster.plugins.module_utils._report.plan_page import plan_page
from ansible_collections.winha.cluster.plugins.module_utils.artifact import artifact
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError
from ansible_collections.winha.cluster.plugins.plugin_utils import report_file

SPEC = {
    "plan": {"type": "raw", "required": True},
    "folder": {"type": "path", "required": True},
    "formats": {"type": "list", "elements": "str", "choices": ["html"], "default": []},
    "title": {"type": "str", "default": "Plan"},
}


class ActionModule(ActionBase):
    """Writes the plan and its page on the controller, and contacts no host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        del tmp, task_vars
        _unused, options = t.cast("t.Any", self).validate_argument_spec(SPEC)
        return result | report_file.reported(lambda: _report(options), TaskError, ReportError, source="The plan")


def _report(options: dict[str, t.Any]) -> dict[str, t.Any]:
    plan = read_plan(options["plan"])
    folder = report_file.make_folder(options["folder"])
    report_file.write(folder / "plan.json", json.dumps(plan, indent=2, sort_keys=True) + "\n")
    if "html" in options["formats"]:
        report_file.write(folder / "plan.html", plan_page(plan, impact_rows(plan), options["title"] or "Plan"))
    known = {name: plan[name] for name in ("created", "digest", "summary")} | {"folder": str(folder)}
    lists = {name: plan[name] for name in ("unread", "changes", "left")}
    return {"text": text_of(plan), "artifact": artifact(known, lists, f"{folder}/plan.json")}
