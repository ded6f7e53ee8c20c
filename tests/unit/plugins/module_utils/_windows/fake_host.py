# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host for unit tests, with rows or an error for each class."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, Reference, new_instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import Missing, NotFound, ServerError

WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
CIMV2 = "root/cimv2"
Rows = t.Union[t.Sequence[t.Mapping[str, t.Any]], ServerError]  # noqa: UP007


def absent(missing: Missing = Missing.CLASS_OR_NAMESPACE) -> NotFound:
    """The fault for something that is not there."""
    fault = NotFound("gone", code=0x8033801A)
    fault.missing = missing
    return fault


def named(uri: str, name: str) -> Reference:
    """The reference of the instance with a name."""
    return Reference(resource_uri=uri, selectors=(("Name", name),))


class FakeHost:
    """A host with rows by namespace and class. Other classes are empty; a namespace without a class is for all.

    It runs Windows Server 2019, and has the services that are given.
    """

    host = "hv01"
    connections = 1

    def __init__(
        self, rows: t.Mapping[tuple[str, str], Rows], *, build: int = 17763, services: t.Sequence[str] = ()
    ) -> None:
        names = ("Winmgmt", *services)
        self.rows: dict[tuple[str, str], Rows] = {
            (CIMV2, "Win32_OperatingSystem"): [{"BuildNumber": build, "CSName": "HV01", "LastBootUpTime": None}],
            (CIMV2, "Win32_Service"): [{"Name": name, "StartMode": "Auto", "State": "Running"} for name in names],
            **rows,
        }
        self.asked: list[str] = []
        self.alone: dict[str, t.Mapping[str, t.Any] | ServerError] = {}

    def query(self, namespace: str, wql: str, *, operation: str, references: bool = True) -> list[Instance]:
        del operation, references
        self.asked.append(wql)
        found = re.search(r"FROM (\w+)", wql)
        name = found[1] if found else ""
        rows = self.rows.get((namespace, name), self.rows.get((namespace, ""), ()))
        if isinstance(rows, ServerError):
            raise rows
        uri = f"{WMI}{namespace}/{name}"
        return [Instance(new_instance(uri, row).element, named(uri, str(row.get("Name")))) for row in rows]

    def get(self, reference: Reference, *, operation: str) -> Instance:
        """Read one instance alone; C(alone) has its row or error by name."""
        found = self.alone[str(reference.selector("Name"))]
        if isinstance(found, ServerError):
            found.operation, found.host = operation, self.host
            raise found
        return Instance(new_instance(reference.resource_uri, found).element, reference)
