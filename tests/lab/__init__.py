# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab of Windows hosts on loopback addresses: WS-Management endpoints with stored state, and a domain."""

from __future__ import annotations
