# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import sys

import hypothesis
import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
COLLECTIONS = TESTS.parents[2]

# A busy machine is no fault of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# ansible-test imports a test as a part of the collection. The folders of the modules that tests share are then not on
# the search path.
shared = (file for file in (TESTS / "unit").rglob("*.py") if not file.name.startswith(("test_", "conftest")))
folders = [str(TESTS), *sorted({str(file.parent) for file in shared})]
sys.path[:0] = [folder for folder in folders if folder not in sys.path]


def pytest_configure(config: pytest.Config) -> None:
    """Do without the plugin of ansible-test that runs each test in its own process.

    A lab or a domain controller that serves many tests would be started for each one, and never be stopped.
    """
    if config.pluginmanager.has_plugin("ansible_forked"):
        config.pluginmanager.unregister(name="ansible_forked")
    if COLLECTIONS.name == "ansible_collections":
        # Processes that tests start import the collection, too.
        found = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        os.environ["PYTHONPATH"] = os.pathsep.join([str(COLLECTIONS.parent), str(TESTS), *filter(None, found)])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An installed collection lacks galaxy.yml and other files of the checkout."""
    if not (TESTS.parent / "galaxy.yml").is_file():
        for item in items:
            if item.path.name in ("test_collection.py", "test_programs.py"):
                item.add_marker(pytest.mark.skip(reason="this is a test of the checkout"))
