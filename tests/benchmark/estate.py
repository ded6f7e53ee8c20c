# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estate of the benchmark: a cluster of many hosts with few virtual machines, and the large cluster of the lab."""

from __future__ import annotations

import copy
import dataclasses
import typing as t
from pathlib import Path

import yaml
from lab import daemon
from lab.estate import parse

from .endpoint import Account, Route

HOSTS = 20
DRIFTED = 100
PORT = 5985
_LARGE = Path(daemon.__file__).with_name("estates") / "large.yml"
_FEW = 10  # virtual machines of the small cluster
_COMPLIANT, _DIFFERENT = {"OfflineAction": 2}, {"OfflineAction": 1}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estate:
    """The estate files with all virtual machines compliant and with some that differ, and the routes to the hosts.

    C(names) are the names of all virtual machines of the large cluster, by their ids.
    """

    compliant: dict[str, t.Any]
    drifted: dict[str, t.Any]
    account: Account
    many: tuple[Route, ...]
    large: Route
    virtual_machines: int
    names: dict[str, str]


def estate() -> Estate:
    """The estate, built from the large one of the lab. The benchmark's endpoint has an address for each host."""
    large = yaml.safe_load(_LARGE.read_text(encoding="utf-8"))
    (cluster,) = large["clusters"]
    (machines,) = cluster["virtual_machines"]
    total = machines["count"]
    hosts = [
        {"name": f"node{number:02}", "address": f"127.41.1.{number}", "windows": "2019", "cluster": "SMALL"}
        for number in range(1, HOSTS + 1)
    ]
    small_group = {"name": "vm{number:02}", "count": _FEW, "private_properties": _COMPLIANT}
    small = {"name": "SMALL", "fqdn": "small.example.test", "virtual_machines": [small_group]}
    large_hosts = [{**host, "address": f"127.41.2.{number}"} for number, host in enumerate(large["hosts"], start=1)]

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
                "hosts": [*hosts, *large_hosts],
                "clusters": [small, {**cluster, "virtual_machines": listed}],
            }
        )

    compliant = with_machines({"count": total, "private_properties": _COMPLIANT})
    drifted = with_machines(
        {"count": total - DRIFTED, "private_properties": _COMPLIANT},
        {"count": DRIFTED, "name": "dr{number:04}", "private_properties": _DIFFERENT},
    )
    return Estate(
        compliant=compliant,
        drifted=drifted,
        account=Account(**large["credentials"]),
        many=tuple(
            Route(address=f"127.41.0.{number}", lab=(str(host["address"]), PORT))
            for number, host in enumerate(hosts, start=1)
        ),
        large=Route(address="127.41.0.100", lab=(large_hosts[0]["address"], PORT)),
        virtual_machines=total,
        names={
            machine.settings.id: machine.name
            for description in (compliant, drifted)
            for machine in parse(description).clusters[1].virtual_machines
        },
    )


class Lab:
    """The lab with an estate, in a separate process."""

    def __init__(self, directory: Path, description: t.Mapping[str, t.Any]) -> None:
        self._source = directory / "estate.yml"
        self._state = directory / "state"
        self._write(description)
        daemon.up(self._source, self._state)

    def load(self, description: t.Mapping[str, t.Any]) -> None:
        """Load the values of another estate file with the same hosts. All written values are lost."""
        self._write(description)
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
