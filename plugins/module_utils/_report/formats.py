# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report in its formats. Private to this collection."""

from __future__ import annotations

import json
import typing as t

from .error import ReportError
from .evaluation import read_values
from .junit import junit
from .markdown import markdown
from .page import page
from .text import plain, visible_json

if t.TYPE_CHECKING:
    from .evaluation import Evaluation

_WRITERS: t.Mapping[str, t.Callable[[Evaluation], str]] = {"html": page, "junit": junit, "markdown": markdown}
FORMATS = ("html", "json", "junit", "markdown")


def render(evaluation: object, form: str) -> str:
    """The evaluation as text in one of C(FORMATS); equal evaluations give equal text. Raises C(ReportError)."""
    return next(texts(evaluation, [form]))


def texts(evaluation: object, forms: t.Sequence[str]) -> t.Iterator[str]:
    """The evaluation in each of the formats, one after another. It is checked once. Raises C(ReportError)."""
    values = plain(evaluation)
    read = read_values(values)
    for at, form in enumerate(forms):
        if "json" not in forms[at:]:
            values = None  # with many hosts, this is a large part of the memory
        if form == "json":
            yield visible_json(_json(values)) + "\n"
        elif form in FORMATS:
            yield _WRITERS[form](read)
        else:
            raise ReportError(f"the format {form!r} does not exist. Allowed formats: {', '.join(FORMATS)}.")


def _json(values: object) -> str:
    return json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
