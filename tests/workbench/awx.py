# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection awx.awx, with which the project for AWX is tested."""

from __future__ import annotations

import fcntl
import tempfile
import typing as t
import zipfile

from .places import CACHE
from .terminal import WorkbenchError, quietly, say

if t.TYPE_CHECKING:
    from .environments import Environment

# The last releases of this line that have the collection. It is 1 of its 500 MB.
PACKAGE = "ansible ~= 13.8"
_FILES = "ansible_collections/awx/awx/"


def add_awx_collection(environment: Environment) -> None:
    """Put the collection beside this one, unless it is there. Parts that run side by side wait for each other."""
    with (CACHE / "awx.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (CACHE / _FILES).is_dir():
            _fetch(environment)


def _fetch(environment: Environment) -> None:
    say("Fetching the collection awx.awx with pip")
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        pip = [environment.program("python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "download"]
        any_python = ["--python-version", "3.13", "--only-binary", ":all:", "--no-deps"]
        quietly([*pip, *any_python, "--dest", place, PACKAGE])
        fetched = CACHE.joinpath(place)
        for wheel in fetched.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(place, [name for name in archive.namelist() if name.startswith(_FILES)])
        if not (fetched / _FILES).is_dir():
            raise WorkbenchError(f"{PACKAGE} has no {_FILES}, which the tests of the project for AWX need.")
        (CACHE / _FILES).parent.mkdir(parents=True, exist_ok=True)
        (fetched / _FILES).rename(CACHE / _FILES)
