# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords are not in results."""

from __future__ import annotations

from ansible_collections.winha.cluster.plugins.plugin_utils import controller


def test_a_password_is_masked_wherever_a_text_contains_it() -> None:
    result = {"msg": "cannot sign in with Secret-12", "rows": [{"why": "Secret-1"}, 3, None, True], "count": 12}
    masked = controller._masked(result, ["Secret-12", "Secret-1"])
    assert masked == {
        "msg": "cannot sign in with ********",
        "rows": [{"why": "********"}, 3, None, True],
        "count": 12,
    }
