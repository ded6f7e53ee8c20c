# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All cmdlets of the endpoints."""

from __future__ import annotations

from . import certificates, client_access, databases, federation, servers
from .catalogue import assembled

CMDLETS = assembled(servers.CMDLETS, client_access.CMDLETS, databases.CMDLETS, certificates.CMDLETS, federation.CMDLETS)
