# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page that needs nothing else. Private to this collection."""

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
from .pictures import beats, expiries, meshes, scale
from .text import layer_name, shown, shown_in_json

try:
    import jinja2
    import markupsafe
except ImportError as exc:
    JINJA_IMPORT_ERROR: ImportError | None = exc
else:
    JINJA_IMPORT_ERROR = None

if t.TYPE_CHECKING:
    from .evaluation import Evaluation
    from .order import Reading

_TEMPLATES = pathlib.Path(__file__).parent / "page"
_FIRST = 5  # rules to begin with
# Lines of a group before the rest is folded away, on a page with few findings and with many.
_VISIBLE, _VISIBLE_OF_MANY, _MANY = 8, 3, 200
_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[!#-;=?-Z_a-z~]*)?")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]00:?00)?")


def page(evaluation: Evaluation) -> str:
    """The whole HTML document. Raises C(ReportError)."""
    if JINJA_IMPORT_ERROR is not None:
        raise ReportError(
            "the page needs the Python library Jinja2, which Ansible brings along."
        ) from JINJA_IMPORT_ERROR
    reading = in_reading_order(evaluation)
    style, script = _file("style.css"), _file("script.js")
    return _template().render(
        evaluation=evaluation,
        reading=reading,
        first=reading.groups[:_FIRST],
        worst=[score for score in reading.scores if any(score.counts.values())][:_FIRST],
        matrix=matrix(evaluation.rules, reading),
        scopes=scopes(evaluation, reading),
        meshes=meshes(evaluation.paths),
        beats=beats(evaluation.heartbeats),
        scale=scale(evaluation.heartbeats),
        expiries=expiries(evaluation.certificates),
        style=markupsafe.Markup(style),  # noqa: S704 - ours, and it holds no end tag
        script=markupsafe.Markup(script),  # noqa: S704
        policy=_policy(style, script),
        data=_data(evaluation, reading),
        visible=_VISIBLE if len(reading.lines) <= _MANY else _VISIBLE_OF_MANY,
    )


def _file(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing is loaded from anywhere, and only the page's own style and script count."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data(evaluation: Evaluation, reading: Reading) -> markupsafe.Markup:
    """What the script filters by: hosts, rules, and for each finding the places of its host, rule and words."""
    hosts = [score.host for score in reading.scores]
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
            for finding in (line.finding for line in reading.lines)
        ],
    }
    text = shown_in_json(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return markupsafe.Markup(text)  # noqa: S704 - holds no character of markup any more


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
        return shown(value)
    return "" if value is None else value


def _is_link(text: str) -> bool:
    return _LINK.fullmatch(text) is not None


def _moment(text: str) -> str:
    """C(2026-11-23T22:10:04Z) as C(2026-11-23 22:10 UTC); what is no such moment stays."""
    found = _MOMENT.fullmatch(text)
    return f"{found[1]} {found[2]}{' UTC' if found[3] else ''}" if found else text


def _seconds(value: float) -> str:
    return f"{value:g} s"
