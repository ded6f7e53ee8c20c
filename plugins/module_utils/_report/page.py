# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page without other files. Private to this collection."""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import re
import typing as t

from ..name_list import folded
from .error import ReportError
from .evaluation import OUTCOMES, SEVERITIES
from .matrix import matrix, scopes
from .order import in_reading_order
from .pictures import certificate_rows, heartbeat_rows, meshes, scale
from .text import layer_name, visible, visible_json

try:
    import jinja2
    import markupsafe
except ImportError as exc:
    JINJA_IMPORT_ERROR: ImportError | None = exc
else:
    JINJA_IMPORT_ERROR = None

if t.TYPE_CHECKING:
    from .evaluation import Evaluation
    from .order import OrderedReport

_TEMPLATES = pathlib.Path(__file__).parent / "templates"
_FIRST = 5  # rules and hosts in the summary
# Lines of a group that are not folded, on a page with few findings and with many.
_VISIBLE, _VISIBLE_OF_MANY, _MANY = 8, 3, 200
_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[!#-;=?-Z_a-z~]*)?")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]00:?00)?")


def page(evaluation: Evaluation) -> str:
    """The complete HTML document. Raises C(ReportError)."""
    if JINJA_IMPORT_ERROR is not None:
        raise ReportError(
            "the page needs the Python library Jinja2, which is installed with ansible-core."
        ) from JINJA_IMPORT_ERROR
    report = in_reading_order(evaluation)
    style, script = _file("style.css"), _file("script.js")
    return _template().render(
        evaluation=evaluation,
        report=report,
        first=report.groups[:_FIRST],
        worst=[score for score in report.scores if any(score.counts.values())][:_FIRST],
        matrix=matrix(evaluation.rules, report),
        scopes=scopes(evaluation, report),
        meshes=meshes(evaluation.paths),
        heartbeat_rows=heartbeat_rows(evaluation.heartbeats),
        scale=scale(evaluation.heartbeats),
        certificate_rows=certificate_rows(evaluation.certificates),
        style=markupsafe.Markup(style),  # noqa: S704 - our own file, without an end tag
        script=markupsafe.Markup(script),  # noqa: S704
        policy=_policy(style, script),
        data=_data(evaluation, report),
        visible=_VISIBLE if len(report.lines) <= _MANY else _VISIBLE_OF_MANY,
    )


def _file(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """The content security policy: nothing is loaded, and only the own style and script are used."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data(evaluation: Evaluation, report: OrderedReport) -> markupsafe.Markup:
    """The data of the filter: hosts, rules, and for each finding the positions of its host, rule and values."""
    hosts = [score.host for score in report.scores]
    places = {host: place for place, host in enumerate(hosts)}
    rules = {rule.id: place for place, rule in enumerate(evaluation.rules)}
    data = {
        "hosts": hosts,
        "rules": [[rule.id, rule.title] for rule in evaluation.rules],
        "findings": [
            [
                places[finding.host],
                rules[finding.rule.id],
                OUTCOMES.index(finding.outcome),
                SEVERITIES.index(finding.severity),
                int(finding.status == "new"),
            ]
            for finding in (line.finding for line in report.lines)
        ],
    }
    text = visible_json(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return markupsafe.Markup(text)  # noqa: S704 - contains no markup characters


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        loader=jinja2.FileSystemLoader(_TEMPLATES),
    )
    environment.filters |= {
        "folded": folded,
        "link": _is_link,
        "moment": _moment,
        "seconds": _seconds,
        "layer": layer_name,
    }
    return environment.get_template("page.html.j2")


def _finalize(value: t.Any) -> t.Any:
    if isinstance(value, str) and not isinstance(value, markupsafe.Markup):
        return visible(value)
    return "" if value is None else value


def _is_link(text: str) -> bool:
    return _LINK.fullmatch(text) is not None


def _moment(text: str) -> str:
    """C(2026-11-23T22:10:04Z) as C(2026-11-23 22:10 UTC); other text stays as it is."""
    found = _MOMENT.fullmatch(text)
    return f"{found[1]} {found[2]}{' UTC' if found[3] else ''}" if found else text


def _seconds(value: float) -> str:
    return f"{value:g} s"
