# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.winha.cluster.plugins.modules import prove_exchange_info
from ansible_collections.winha.cluster.plugins.plugin_utils.controller import ControllerAction


class ActionModule(ControllerAction):
    module = "winha.cluster.prove_exchange_info"
    task = prove_exchange_info.TASK
