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
    config.addinivalue_line(
        "markers", "long: left out of make test, which has a shorter test of the same; in make long"
    )


@pytest.fixture(scope="session")
def networks() -> t.Iterator[list[str]]:
    """Network prefixes (three numbers) that no other process on this machine uses."""
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
    """The demo estate, running for the whole session."""
    description = staging.estate_file(networks[0])
    with staging.stage(description, tmp_path_factory.mktemp("demo")) as found:
        yield found


@pytest.fixture
def lab(demo: staging.Stage) -> staging.Stage:
    """The demo estate in its initial state, with an empty journal and no faults."""
    demo.estate.reset()
    return demo


@pytest.fixture
def bring_up(networks: list[str], tmp_path: Path) -> t.Iterator[t.Callable[..., staging.Stage]]:
    """Start another estate for one test, made by a function from the network prefix."""
    with contextlib.ExitStack() as stack:

        def start(make: t.Callable[[str], staging.Variables]) -> staging.Stage:
            return stack.enter_context(staging.stage(make(networks[1]), tmp_path))

        yield start
