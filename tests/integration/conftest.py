# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import itertools
import socket
import typing as t

import pytest
import stage as staging

if t.TYPE_CHECKING:
    from pathlib import Path


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "matrix: runs on every ansible-core, not only on the newest")
    config.addinivalue_line("markers", "slow: takes more than ten seconds")


@pytest.fixture(scope="session")
def networks() -> t.Iterator[list[str]]:
    """The first three numbers of networks that no other process on this machine uses meanwhile."""
    with socket.socket() as claim:
        for second, third in itertools.product(range(50, 60), range(8, 256, 8)):
            with contextlib.suppress(OSError):
                claim.bind((f"127.{second}.{third}.1", 5984))
                break
        else:
            pytest.fail("all addresses for tests are taken")
        yield [f"127.{second}.{third + number}" for number in range(8)]


@pytest.fixture(scope="session")
def demo(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[staging.Stage]:
    """The demonstration estate, up for the whole session."""
    description = staging.estate_file(networks[0])
    with staging.stage(description, tmp_path_factory.mktemp("demo")) as found:
        yield found


@pytest.fixture
def lab(demo: staging.Stage) -> staging.Stage:
    """The demonstration estate as its file says, with an empty journal and no faults."""
    demo.estate.reset()
    return demo


@pytest.fixture
def bring_up(networks: list[str], tmp_path: Path) -> t.Iterator[t.Callable[..., staging.Stage]]:
    """Another estate for one test, made by a function that is given the network's first three numbers."""
    with contextlib.ExitStack() as stack:

        def start(make: t.Callable[[str], staging.Variables]) -> staging.Stage:
            return stack.enter_context(staging.stage(make(networks[1]), tmp_path))

        yield start
