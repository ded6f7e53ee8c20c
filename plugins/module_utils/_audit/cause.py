# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cause of an unknown value: the reason without the names of its host, so that equal causes are equal.

Private to this collection; pure.
"""

from __future__ import annotations

import re
import typing as t

from ..identity import node_key

_ADDRESS = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)")
_LEAST = 2  # characters of a name; a shorter one can be a word


class Causes:
    """The causes of a run with these names."""

    def __init__(self, hosts: t.Iterable[str], clusters: t.Iterable[str]) -> None:
        self._words = {name.casefold(): "<cluster>" for name in clusters}
        for host in hosts:
            self._words |= {name.casefold(): "<host>" for name in (host, node_key(host), host.partition(".")[0])}
        known = (name for name in self._words if len(name) >= _LEAST and not name.isdigit())
        names = sorted(map(re.escape, known), key=len, reverse=True)
        self._names = re.compile(rf"(?<![\w.-])(?:{'|'.join(names)})(?![\w-])", re.IGNORECASE) if names else None
        self._known: dict[tuple[str, str], str] = {}

    def of(self, why: str, subject: str = "") -> str:
        """The reason with C(<host>), C(<cluster>), C(<name>) and C(<address>) in place of the names."""
        key = (why, subject)
        if key not in self._known:
            self._known[key] = self._without_names(why, subject)
        return self._known[key]

    def _without_names(self, why: str, subject: str) -> str:
        text = why
        if self._names:
            text = self._names.sub(lambda found: self._words[found[0].casefold()], text)
        if len(subject) > _LEAST:
            text = re.sub(rf"(?<![\w-]){re.escape(subject)}(?![\w-])", "<name>", text)
        return _ADDRESS.sub("<address>", text)
