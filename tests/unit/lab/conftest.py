# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One estate for all tests of the lab. It is reset before each test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[2]))

from typing import TYPE_CHECKING

from lab.running import RunningEstate, running
from network_estate import NETWORK_ESTATE
from raw_client import Client
from unit_estate import ESTATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def estate_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The estate file of the tests."""
    path = tmp_path_factory.mktemp("estate") / "unit.yml"
    path.write_text(yaml.safe_dump(ESTATE), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def _estate(estate_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEstate]:
    with running(estate_file, tmp_path_factory.mktemp("state")) as started:
        yield started


@pytest.fixture
def lab(_estate: RunningEstate) -> RunningEstate:
    """The running estate, after a reset."""
    _estate.reset()
    return _estate


@pytest.fixture(scope="module")
def _network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEstate]:
    path = tmp_path_factory.mktemp("network") / "network.yml"
    path.write_text(yaml.safe_dump(NETWORK_ESTATE), encoding="utf-8")
    with running(path, tmp_path_factory.mktemp("state")) as started:
        yield started


@pytest.fixture
def net(_network: RunningEstate) -> RunningEstate:
    """The running estate for tests of adapters, after a reset."""
    _network.reset()
    return _network


@pytest.fixture
def caller(net: RunningEstate) -> Iterator[Callable[[str], Client]]:
    """Opens a connection to a host of the estate for tests of adapters."""
    opened: list[Client] = []

    def connect(name: str) -> Client:
        opened.append(Client(net.estate.host(name).address, net.estate.http))
        return opened[-1]

    yield connect
    for item in opened:
        item.close()


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
