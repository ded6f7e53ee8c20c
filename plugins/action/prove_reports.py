# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import json
import pathlib
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.winha.cluster.plugins.module_utils._bundle.folder import MESSAGES
from ansible_collections.winha.cluster.plugins.module_utils._prove import summary
from ansible_collections.winha.cluster.plugins.module_utils._report.error import ReportError
from ansible_collections.winha.cluster.plugins.module_utils._report.prove_page import prove_page
from ansible_collections.winha.cluster.plugins.module_utils.artifact import artifact
from ansible_collections.winha.cluster.plugins.module_utils.typed_value import plain
from ansible_collections.winha.cluster.plugins.plugin_utils import report_file

SPEC = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "folder": {"type": "path", "required": True},
    "formats": {"type": "list", "elements": "str", "choices": ["html"], "default": []},
    "title": {"type": "str", "default": ""},
    "virtual_machine": {"type": "str", "default": ""},
    "bundle": {"type": "path"},
}
# The names under which the role registers its results, and the fact with the virtual machine of a host.
RESULTS = (
    "prove_host_info",
    "prove_directory_info",
    "prove_dns_info",
    "prove_exchange_info",
    "prove_machine",
    "prove_writes",
    "prove_changed_once",
    "prove_set_back",
)


class ActionModule(ActionBase):
    """Writes the table and the page on the controller, and contacts no host."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_async = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        del tmp
        _unused, options = t.cast("t.Any", self).validate_argument_spec(SPEC)
        variables = task_vars or {}
        hosts = variables.get("hostvars") or {}
        check_mode = bool(variables.get("ansible_check_mode"))
        return result | report_file.reported(
            lambda: _report(options, hosts, check_mode=check_mode), ReportError, source="The result of the hosts"
        )


def _report(options: dict[str, t.Any], hosts: t.Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    read = [
        (name, {key: plain(hosts[name][key]) for key in RESULTS if key in hosts[name]}) for name in options["hosts"]
    ]
    found = summary.document(
        read,
        title=options["title"],
        created=datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        virtual_machine=options["virtual_machine"],
        check_mode=check_mode,
    )
    folder = report_file.make_folder(options["folder"])
    files = ["prove.json"]
    report_file.write(folder / files[0], json.dumps(found, indent=2) + "\n")
    if "html" in options["formats"]:
        files.append("prove.html")
        report_file.write(
            folder / files[1], prove_page(found, options["title"] or "Servers, compared with what is assumed")
        )
    # A folder without messages is no bundle yet, and has to stay empty until it is one.
    if options["bundle"] and pathlib.Path(options["bundle"], MESSAGES).exists():
        table = json.dumps(summary.for_bundle(found), indent=2) + "\n"
        report_file.write(pathlib.Path(options["bundle"], "proved.json"), table, report_file.FOR_OWNER)
    where = f"The table is in {', '.join(str(folder / name) for name in files)}."
    lists = {"problems": found["problems"], "rows": [row for row in found["rows"] if row["answer"] == "different"]}
    return {
        "text": summary.lines(found),
        "passed": not found["problems"],
        "message": summary.message(found, where),
        "artifact": artifact({"numbers": found["numbers"]}, lists, str(folder / files[0])),
    }
