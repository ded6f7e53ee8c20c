# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import json
import pathlib
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.winha.cluster.plugins.module_utils._audit import (
    evaluation,
    gathering,
    history,
    packing,
    verdict,
)
from ansible_collections.winha.cluster.plugins.module_utils._audit.error import AuditError
from ansible_collections.winha.cluster.plugins.module_utils._audit.facts import title_of
from ansible_collections.winha.cluster.plugins.module_utils._report import formats
from ansible_collections.winha.cluster.plugins.module_utils._report.error import ReportError
from ansible_collections.winha.cluster.plugins.module_utils.typed_value import plain
from ansible_collections.winha.cluster.plugins.plugin_utils import kept_runs, report_file, worker

SPEC = {
    "hosts": {"type": "list", "elements": "str"},
    "groups": {"type": "dict", "default": {}},
    "title": {"type": "str", "default": ""},
    "planned": {"type": "dict", "default": {}},
    "facts": {"type": "raw"},
    "facts_file": {"type": "path", "required": True},
    "rules": {"type": "list", "elements": "dict", "required": True},
    "overrides": {"type": "dict", "default": {}},
    "parameters": {"type": "dict", "default": {}},
    "accepted": {"type": "list", "elements": "dict", "default": []},
    "earlier_file": {"type": "path"},
    "history_folder": {"type": "path"},
    "history_keep": {"type": "int", "default": 30},
    "folder": {"type": "path", "required": True},
    "formats": {"type": "list", "elements": "str", "choices": ["html", "junit", "markdown"], "default": []},
    "fail_on": {"type": "str", "choices": list(verdict.THRESHOLDS), "default": "error"},
    "fail_on_unknown": {"type": "bool", "default": False},
    "fail_on_unread": {"type": "bool", "default": True},
    "pack_facts": {"type": "bool", "default": False},
}
ENDINGS = {"html": "html", "junit": "xml", "markdown": "md"}


class ActionModule(ActionBase):
    """Evaluates the rules and writes the reports on the controller, and contacts no host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        del tmp
        _unused, options = t.cast("t.Any", self).validate_argument_spec(SPEC, mutually_exclusive=[["hosts", "facts"]])
        hosts = (task_vars or {}).get("hostvars") or {}
        with worker.only_new_garbage():
            return result | report_file.reported(
                lambda: _report(options, hosts), AuditError, ReportError, source="The input of the audit"
            )


def _report(options: dict[str, t.Any], hosts: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    folder, facts_file = report_file.make_folder(options["folder"]), pathlib.Path(options["facts_file"])
    now = datetime.datetime.now(tz=datetime.UTC)
    facts = _facts(options, hosts, now)
    if facts is None:
        facts = packing.unpacked(str(facts_file), facts_file.read_text("utf-8"))
    else:
        report_file.write(facts_file, json.dumps(facts), report_file.FOR_OWNER)
    packed = {"packed_facts": packing.packed(facts)} if options["pack_facts"] else {}
    last, problems = _last_run(options, facts)
    earlier = options["earlier_file"]
    found = evaluation.evaluate(
        plain(options["rules"]),
        facts,
        overrides=plain(options["overrides"]),
        parameters=plain(options["parameters"]),
        accepted=plain(options["accepted"]),
        before=json.loads(pathlib.Path(earlier).read_text("utf-8")) if earlier else last,
        runs=history.runs_before(last, options["history_keep"] - 1),
        now=now,
    )
    found["notes"] += problems
    del facts  # with many hosts, they are a large part of the memory
    files = {"audit.json": "json", **{f"audit.{ENDINGS[name]}": name for name in options["formats"]}}
    for file, text in zip(files, formats.texts(found, list(files.values())), strict=True):
        report_file.write(folder / file, text)
    if options["history_folder"] and options["history_keep"] > 0:
        kept_runs.keep(options["history_folder"], found, options["history_keep"])
    failed = verdict.has_failed(
        found,
        fail_on=options["fail_on"],
        unknown=options["fail_on_unknown"],
        unread=options["fail_on_unread"],
    )
    text = verdict.message(found, folder=str(folder), files=list(files))
    return {
        "passed": not failed,
        "message": text,
        "artifact": verdict.summary(found, failed=failed, text=text, folder=str(folder)),
        **packed,
    }


def _last_run(options: dict[str, t.Any], facts: dict[str, t.Any]) -> tuple[dict[str, t.Any] | None, list[str]]:
    """The kept run before this one, and a sentence for each kept file that is no run."""
    if not options["history_folder"] or options["history_keep"] < 1:
        return None, []
    folder = pathlib.Path(options["history_folder"])
    return kept_runs.last_before(folder, title_of(facts), facts.get("gathered"))


def _facts(options: dict[str, t.Any], hosts: t.Mapping[str, t.Any], now: datetime.datetime) -> t.Any:
    """The facts of this run, or those that are given; C(None) if they are in the file."""
    if options["facts"] is not None:
        return packing.unpacked("facts", plain(options["facts"]))
    if options["hosts"] is None:
        return None
    return gathering.facts_of(
        [hosts[name] for name in options["hosts"]],
        groups=plain(options["groups"]),
        prefix="audit_",
        title=options["title"],
        gathered=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        planned=plain(options["planned"]),
    )
