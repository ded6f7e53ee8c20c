# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Pythons of this machine."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys


@dataclasses.dataclass(frozen=True, slots=True)
class Python:
    """A Python of this machine."""

    version: str
    path: pathlib.Path
    makes_environments: bool
    headers: pathlib.Path  # which are there where a library can be built for it

    @property
    def minor(self) -> str:
        return ".".join(self.version.split(".")[:2])


def pyenv() -> pathlib.Path:
    """Where pyenv keeps the Pythons that it has made."""
    return pathlib.Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()


def pythons() -> dict[str, Python]:
    """The Pythons of this machine by minor version; of two, the one that can make environments."""
    names = ["python3", *(f"python3.{minor}" for minor in range(11, 16))]
    places = [pathlib.Path(place) for place in os.environ.get("PATH", os.defpath).split(os.pathsep) if place]
    places += sorted(pyenv().glob("versions/*/bin"))
    candidates = dict.fromkeys([place / name for place in places for name in names if (place / name).is_file()])
    candidates = dict.fromkeys([pathlib.Path(sys.executable), *candidates])
    probe = (
        "import importlib.util, json, platform, sys, sysconfig; print(json.dumps(["
        "platform.python_version(), sys._base_executable,"
        " all(importlib.util.find_spec(name) for name in ('venv', 'ensurepip')), sysconfig.get_path('include')]))"
    )
    found: dict[str, Python] = {}
    for candidate in candidates:
        # pyenv leaves commands behind that only say that there is no such Python, so each one is asked.
        asked = subprocess.run([candidate, "-c", probe], capture_output=True, text=True, check=False)
        if asked.returncode:
            continue
        version, path, able, include = json.loads(asked.stdout)
        python = Python(version, pathlib.Path(path), able, pathlib.Path(include, "Python.h"))
        if python.minor not in found or (able and not found[python.minor].makes_environments):
            found[python.minor] = python
    return found


def search_path() -> list[str]:
    """The search path without pyenv's stand-ins, which run into nothing for a Python that is not chosen."""
    return [place for place in os.environ.get("PATH", os.defpath).split(os.pathsep) if not place.endswith("/shims")]
