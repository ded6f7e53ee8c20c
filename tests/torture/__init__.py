# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults at every request, changed messages and files, and killed runs, at random from a seed."""
