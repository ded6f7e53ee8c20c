# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finding about the host names in the Exchange URLs. Private to this collection."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding; C(about) contains the names of the affected servers, databases or arrays.

    C(text) is a sentence. C(remedy) has no full stop, because it usually ends with a command to copy. C(hides_names) is
    whether names may be missing from the plan because of it.
    """

    kind: str
    about: tuple[str, ...]
    text: str
    remedy: str
    hides_names: bool = False
