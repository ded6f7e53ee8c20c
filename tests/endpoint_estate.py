# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An Exchange organization of two versions with endpoints, without a domain controller."""

from __future__ import annotations

from typing import Any

from lab.directory import description
from unit_estate import NET

USER, PASSWORD = "Administrator@corp.example.test", "Lab-Passw0rd"
READER, READER_PASSWORD = "reader@corp.example.test", "Reader-Passw0rd"
EX1, EX2, EX16 = f"{NET}.71", f"{NET}.72", f"{NET}.76"
PORT = 8443
ACCOUNT_PASSWORD = "Asa-Passw0rd-2010"
DESCRIPTION: dict[str, Any] = {
    "domain": "corp.example.test",
    "address": f"{NET}.70",
    "simulated": True,
    "sites": [{"name": "One"}, {"name": "Two"}],
    "accounts": [{"name": "EXCH-ASA", "kind": "computer", "password": ACCOUNT_PASSWORD}],
    "exchange": {
        "organization": "Example Corp",
        "version": "14.1.218.15",
        "servers": [
            {"name": "EX1", "site": "One", "roles": ["client_access", "mailbox"], "address": EX1},
            {"name": "EX2", "site": "One", "roles": ["client_access"], "address": EX2},
            {"name": "EX3", "site": "Two", "roles": ["mailbox"]},
            {"name": "EX16", "site": "Two", "roles": ["mailbox"], "version": "15.1.2507.6", "address": EX16},
        ],
        "arrays": [{"name": "Outlook-One", "fqdn": "outlook.corp.example.test", "site": "One"}],
        "databases": [
            {"name": "DB1", "copies": ["EX1"], "rpc_client_access": "EX1"},
            {"name": "DB16", "copies": ["EX16"], "rpc_client_access": "EX16"},
        ],
        "accepted_domains": [{"name": "example.test", "default": True}],
        "federation_trusts": [
            {"name": "Gateway", "application": "FYDIBOHF25SPDLT.example.test", "certificate": {"days": 30}}
        ],
        "powershell": {
            "basic": True,
            "https": PORT,
            "shells": 3,
            "roles": {
                "Readers": {
                    "Get-ClientAccessServer": ["Identity"],
                    "Set-ClientAccessServer": ["Identity", "AutoDiscoverSiteScope"],
                }
            },
            "accounts": [
                {"user": USER, "password": PASSWORD},
                {"user": READER, "password": READER_PASSWORD, "roles": ["Readers"], "writes": ["EX2"]},
            ],
        },
    },
}


def directory(**powershell: Any) -> description.Directory:
    """The organization, with other values of its endpoints."""
    exchange = DESCRIPTION["exchange"]
    changed = {**exchange, "powershell": {**exchange["powershell"], **powershell}}
    return description.parse({**DESCRIPTION, "exchange": changed}, {"password": PASSWORD})
