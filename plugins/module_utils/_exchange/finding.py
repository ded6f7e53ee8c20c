# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator should look at. Private to this collection."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to look at; C(about) names the servers, databases or arrays concerned.

    C(text) is a sentence; C(remedy) has no full stop, since it mostly ends with a command to copy. C(hides_names) when
    clients may use names for this reason that are not in the plan.
    """

    kind: str
    about: tuple[str, ...]
    text: str
    remedy: str
    hides_names: bool = False
