# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workshop of winha.cluster: makes what the demo, the tests and the benchmark need, and runs them.

It needs Python 3.11 or later and nothing else, and keeps everything that it makes below .cache in the checkout.
"""

from __future__ import annotations
