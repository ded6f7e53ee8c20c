# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One estate for all tests of the lab, back at its beginning before each of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[2]))

from typing import TYPE_CHECKING

from lab.running import RunningEstate, running
from raw_client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Each worker of pytest-xdist has addresses of its own.
NET = f"127.31.{int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:]) + 1}"

ESTATE = {
    "name": "unit",
    "credentials": {"user": "Administrator", "password": "Lab-Passw0rd"},
    "listeners": {"http": 15985, "https": 15986},
    "hosts": [
        {"name": "hv01", "address": f"{NET}.11", "windows": 2022, "groups": ["hyperv_hosts"], "cluster": "HVC1"},
        {"name": "hv02", "address": f"{NET}.12", "windows": 2022, "groups": ["hyperv_hosts"], "cluster": "HVC1"},
        {"name": "old1", "address": f"{NET}.21", "windows": "2008 R2", "groups": ["dag"], "cluster": "OLD1"},
        {"name": "lone", "address": f"{NET}.31", "windows": 2019, "first_page": "one_item"},
        {"name": "shut", "address": f"{NET}.41", "windows": 2025, "http_401": True, "certificate": "expired"},
        {"name": "fake", "address": f"{NET}.42", "windows": 2025, "certificate": "other_ca", "projection": "refuse"},
        {
            "name": "name",
            "address": f"{NET}.43",
            "windows": 2012,
            "certificate": "wrong_name",
            "projection": "no_embedded",
            "cluster": "NEW1",
        },
    ],
    "clusters": [
        {"name": "NEW1", "fqdn": "new1.example.test", "nodes": ["name", "gone"]},
        {
            "name": "HVC1",
            "fqdn": "hvc1.example.test",
            "networks": [{"name": "Management", "subnet": f"{NET}.0/24"}, {"name": "Live", "subnet": "10.1.1.0/24"}],
            "virtual_machine_type": {"MigrationExcludeNetworks": "one;two"},
            "virtual_machines": [
                {"name": "EX01", "private_properties": {"OfflineAction": 1, "ShutdownAction": 0}},
                {"name": "EX02", "private_properties": {"ShutdownAction": 0}},
                {"name": "EX07", "resource": "SCVMM EX07", "private_properties": {"OfflineAction": 2}},
                {"name": "vm{number:02}", "count": 30, "private_properties": {"OfflineAction": 3}},
            ],
            "shared_volumes": [{"name": "Volume1"}],
        },
        {
            "name": "OLD1",
            "fqdn": "old1.example.test",
            "networks": [{"name": "Cluster Network 1", "subnet": f"{NET}.0/24"}],
            "properties": {"SameSubnetThreshold": 7},
            "virtual_machines": [{"name": "EX01", "private_properties": {"OfflineAction": 1}}],
        },
    ],
}


@pytest.fixture(scope="session")
def estate_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The estate of the tests as a file."""
    path = tmp_path_factory.mktemp("estate") / "unit.yml"
    path.write_text(yaml.safe_dump(ESTATE), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def _estate(estate_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEstate]:
    with running(estate_file, tmp_path_factory.mktemp("state")) as started:
        yield started


@pytest.fixture
def lab(_estate: RunningEstate) -> RunningEstate:
    """The running estate, at its beginning."""
    _estate.reset()
    return _estate


@pytest.fixture
def client(lab: RunningEstate) -> Iterator[Callable[[str], Client]]:
    """Opens a connection to a host by name."""
    opened: list[Client] = []

    def connect(name: str) -> Client:
        opened.append(Client(lab.estate.host(name).address, lab.estate.http))
        return opened[-1]

    yield connect
    for item in opened:
        item.close()


@pytest.fixture
def hv01(client: Callable[[str], Client]) -> Client:
    """The first node of HVC1."""
    return client("hv01")


@pytest.fixture
def old1(client: Callable[[str], Client]) -> Client:
    """The 2008 R2 node."""
    return client("old1")
