# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read some columns of a WMI class. Private to this collection."""

from __future__ import annotations

import typing as t

from .._wsman.errors import AccessDenied, Fault, NotFound

if t.TYPE_CHECKING:
    from .._wsman.cim import Instance
    from .._wsman.client import Client


def read_columns(
    client: Client, namespace: str, class_name: str, columns: str, where: str = "", *, operation: str
) -> list[Instance]:
    """Read columns of a class, or all columns if the provider rejects the query or the class lacks a column.

    C(where) is the rest of the query. Raises C(Fault) if the class is missing, access is denied or the query times out.
    """
    try:
        return client.query(namespace, f"SELECT {columns} FROM {class_name}{where}", operation=operation)  # noqa: S608 (constants)
    except (NotFound, AccessDenied):
        raise
    except Fault as exc:
        if exc.subcode == "TimedOut":
            raise
    return client.query(namespace, f"SELECT * FROM {class_name}{where}", operation=operation)  # noqa: S608 (constants)
