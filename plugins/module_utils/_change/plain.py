# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values in the types of JSON, and moments. Private to this collection; pure."""

from __future__ import annotations

import datetime
import typing as t


def plain(value: t.Any) -> t.Any:
    """The value in the types of JSON, without the tags of Ansible. Other values become text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, t.Mapping):
        return {str(key): plain(value[key]) for key in value}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


def moment(text: str) -> datetime.datetime:
    """A moment in ISO 8601; without a zone it is UTC. Raises C(ValueError)."""
    found = datetime.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def local_time(text: str) -> datetime.datetime:
    """A moment in ISO 8601 in the local zone; without a zone it is local already. Raises C(ValueError)."""
    found = datetime.datetime.fromisoformat(text)
    return found.astimezone() if found.tzinfo else found
