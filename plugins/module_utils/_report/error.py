# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error of the report. Private to this collection."""

from __future__ import annotations


class ReportError(ValueError):
    """The evaluation is invalid, or the format is unknown; the message is one sentence."""
