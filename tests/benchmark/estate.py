# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's estate for the benchmark: a small cluster of many hosts, and the large one of the lab."""

from __future__ import annotations

import copy
import dataclasses
import typing as t
from pathlib import Path

import yaml
from lab import daemon

from .endpoint import Account, Route

HOSTS = 20
DRIFTED = 100
PORT = 5985
_LARGE = Path(daemon.__file__).with_name("estates") / "large.yml"
_FEW = 10  # virtual machines of the small cluster
_WANTED, _OTHER = {"OfflineAction": 2}, {"OfflineAction": 1}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estate:
    """The estate file with all virtual machines as wanted, the one with some drifted, and the ways there."""

    compliant: dict[str, t.Any]
    drifted: dict[str, t.Any]
    account: Account
    many: tuple[Route, ...]
    large: Route
    virtual_machines: int


def estate() -> Estate:
    """The estate, from the lab's large one. Each host is reached through an address of the benchmark's endpoint."""
    large = yaml.safe_load(_LARGE.read_text(encoding="utf-8"))
    (cluster,) = large["clusters"]
    (machines,) = cluster["virtual_machines"]
    total = machines["count"]
    hosts = [
        {"name": f"node{number:02}", "address": f"127.41.1.{number}", "windows": "2019", "cluster": "SMALL"}
        for number in range(1, HOSTS + 1)
    ]
    few = {"name": "vm{number:02}", "count": _FEW, "private_properties": _WANTED}
    small = {"name": "SMALL", "fqdn": "small.example.test", "virtual_machines": [few]}
    moved = [{**host, "address": f"127.41.2.{number}"} for number, host in enumerate(large["hosts"], start=1)]

    def with_machines(*groups: dict[str, t.Any]) -> dict[str, t.Any]:
        common = machines["private_properties"]
        listed = [
            {**machines, **group, "private_properties": {**common, **group["private_properties"]}} for group in groups
        ]
        return copy.deepcopy(
            {
                **large,
                "name": "benchmark",
                "listeners": {"http": PORT},
                "hosts": [*hosts, *moved],
                "clusters": [small, {**cluster, "virtual_machines": listed}],
            }
        )

    return Estate(
        compliant=with_machines({"count": total, "private_properties": _WANTED}),
        drifted=with_machines(
            {"count": total - DRIFTED, "private_properties": _WANTED},
            {"count": DRIFTED, "name": "dr{number:04}", "private_properties": _OTHER},
        ),
        account=Account(**large["credentials"]),
        many=tuple(
            Route(address=f"127.41.0.{number}", lab=(str(host["address"]), PORT))
            for number, host in enumerate(hosts, start=1)
        ),
        large=Route(address="127.41.0.100", lab=(moved[0]["address"], PORT)),
        virtual_machines=total,
    )


class Lab:
    """The lab with this estate, in a process of its own."""

    def __init__(self, directory: Path, beginning: t.Mapping[str, t.Any]) -> None:
        self._source = directory / "estate.yml"
        self._state = directory / "state"
        self._write(beginning)
        daemon.up(self._source, self._state)

    def become(self, other: t.Mapping[str, t.Any]) -> None:
        """Take the values of another estate file with the same hosts, and forget all that was written."""
        self._write(other)
        daemon.reset(self._state)

    def close(self) -> None:
        """End the process."""
        daemon.down(self._state)

    def _write(self, content: t.Mapping[str, t.Any]) -> None:
        self._source.write_text(yaml.safe_dump(dict(content)), encoding="utf-8")

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
