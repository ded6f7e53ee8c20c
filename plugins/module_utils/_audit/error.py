# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of the audit. Private to this collection."""

from __future__ import annotations


class AuditError(Exception):
    """The input of the audit is invalid; the message is a sentence for the operator."""


class RuleError(AuditError):
    """A rule is invalid; the message names the rule and the key."""

    def __init__(self, rule: object, key: str, problem: str) -> None:
        super().__init__(f"Rule {rule}, key {key}: {problem}.")
