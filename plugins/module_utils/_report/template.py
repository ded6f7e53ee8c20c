# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the HTML pages share: template engine, files, and security policy. Private to this collection."""

from __future__ import annotations

import base64
import hashlib
import pathlib
import re
import typing as t

from ..name_list import folded
from .error import ReportError
from .text import layer_name, visible

try:
    import jinja2
    import markupsafe
except ImportError as exc:
    JINJA_IMPORT_ERROR: ImportError | None = exc
else:
    JINJA_IMPORT_ERROR = None

_TEMPLATES = pathlib.Path(__file__).parent / "templates"
_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[!#-;=?-Z_a-z~]*)?")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]00:?00)?")


def file_text(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def policy(style: str, script: str = "") -> str:
    """Nothing is loaded from anywhere, and only the page's own style and script count; without a script none runs."""
    scripts = f"'{_digest(script)}'" if script else "'none'"
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src {scripts}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def trusted(text: str) -> str:
    """Text that is not escaped: a file of ours without an end tag, or JSON without characters of markup."""
    return markupsafe.Markup(text)  # noqa: S704


def template(name: str) -> jinja2.Template:
    """A template by its file name. Raises C(ReportError)."""
    if JINJA_IMPORT_ERROR is not None:
        raise ReportError(
            "the page needs the Python library Jinja2, which is installed with ansible-core."
        ) from JINJA_IMPORT_ERROR
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
    return environment.get_template(name)


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
