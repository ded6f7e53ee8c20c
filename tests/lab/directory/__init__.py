# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The domain controller of an estate: Samba on a loopback address, configured from the estate file."""

from __future__ import annotations

from .controller import DomainController, running
from .description import Directory, parse
from .ldif import Entry
from .programs import DirectoryError, impediment

__all__ = ["Directory", "DirectoryError", "DomainController", "Entry", "impediment", "parse", "running"]
