# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The write requests to the domain controller, from its audit log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Change:
    """A write request over the network, with its LDAP result code (0 is success)."""

    operation: str
    dn: str
    code: int
    status: str
    user_sid: str
    actions: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]

    @property
    def done(self) -> bool:
        """Whether the change was stored."""
        return self.code == 0


def _change(record: Mapping[str, Any]) -> Change:
    actions = {
        name: tuple(
            (action["action"], tuple(value.get("value", "") for value in action.get("values", ())))
            for action in attribute["actions"]
        )
        for name, attribute in record.get("attributes", {}).items()
    }
    return Change(record["operation"], record["dn"], record["statusCode"], record["status"], record["userSid"], actions)


def read(log: Path, start: int = 0) -> list[Change]:
    """The write requests in the log after `start` bytes. An incomplete line at the end is left out."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(start)
        lines = [line for line in file if line.startswith(b'{"timestamp"') and line.endswith(b"}\n")]
    record = [json.loads(line) for line in lines]
    return [_change(item["dsdbChange"]) for item in record if item.get("dsdbChange", {}).get("remoteAddress")]
