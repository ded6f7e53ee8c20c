# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import socket
import typing as t

import pytest
import stage as staging
from domain_stage import DOMAIN, Domain
from lab.directory import impediment

# It needs the image that make ee builds.
collect_ignore = [] if "WINHA_IMAGE" in os.environ else ["test_execution_environment.py"]


@pytest.fixture(scope="session")
def address() -> t.Iterator[str]:
    """An address for a domain controller that no other process on this machine uses."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    with socket.socket() as claim:
        for number in range(worker, 256, 16):
            with contextlib.suppress(OSError):
                claim.bind((f"127.32.{number}.1", 5984))
                break
        else:
            pytest.fail("all addresses for domain controllers are taken")
        yield f"127.32.{number}.5"


@pytest.fixture(scope="session")
def only_domain(address: str, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Domain]:
    """An empty domain with one domain controller, for the whole session."""
    if problem := impediment():
        if os.environ.get("WINHA_DIRECTORY_REQUIRED"):
            pytest.fail(problem)
        pytest.skip(problem)
    description = {
        "name": "directory",
        "credentials": {"user": "Administrator", "password": staging.PASSWORD},
        "hosts": [],
        "directory": {"domain": DOMAIN, "address": address},
    }
    folder = tmp_path_factory.mktemp("domain")
    with staging.stage(description, folder) as stage:
        controller = stage.estate.directory
        cache = folder / "administrator.ccache"
        controller.kinit(f"{controller.administrator}@{controller.realm}", cache, password=controller.password)
        yield Domain(stage, controller, cache)


@pytest.fixture
def domain(only_domain: Domain) -> Domain:
    """The domain without accounts of other tests."""
    only_domain.clean()
    return only_domain
