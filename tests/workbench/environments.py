# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Environments: one ansible-core on one Python each, with the requirements of what is to run there."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import os
import typing as t

from .equipment import BROWSER, DIRECTORY, KERBEROS, Equipment
from .machine import install_venv
from .places import CACHE, REQUIREMENTS, ROOT
from .pythons import Python, search_path
from .terminal import WorkbenchError, quietly, remark, say

if t.TYPE_CHECKING:
    import pathlib

# Which ansible-core runs on which Python, the newest first and of its Pythons the preferred one first.
CORES = {
    "2.21": ("3.13", "3.12", "3.14"),
    "2.19": ("3.12", "3.13", "3.11"),
    "2.16": ("3.11", "3.12"),
}
# What the tests run on; of each line, the first Python that is here. Together they are as many Pythons as possible.
MATRIX = (
    ("2.21", ("3.13", "3.14", "3.12")),
    ("2.19", ("3.12", "3.11", "3.13")),
    ("2.16", ("3.11", "3.12")),
)
# What runs in an environment of a purpose uses this, where the machine has it.
EQUIPMENT: t.Mapping[str, t.Sequence[Equipment]] = {
    "environment": (DIRECTORY, KERBEROS, BROWSER),
    "benchmark": (DIRECTORY,),
    "mutation": (DIRECTORY, BROWSER),
    "image": (DIRECTORY,),
    "molecule": (DIRECTORY, KERBEROS),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Environment:
    """One ansible-core on one Python, with the requirements of what is to run there."""

    core: str
    python: Python
    purpose: str = "environment"

    def __str__(self) -> str:
        return f"ansible-core {self.core}, Python {self.python.minor}"

    @property
    def directory(self) -> pathlib.Path:
        suffix = "" if self.purpose == "environment" else f"-{self.purpose}"
        return CACHE / "venvs" / f"core{self.core}-py{self.python.minor}{suffix}"

    def program(self, name: str) -> str:
        return str(self.directory / "bin" / name)

    @property
    def equipment(self) -> t.Sequence[Equipment]:
        """What it uses. Compiling the libraries of KERBEROS takes minutes, so only the newest ansible-core has them."""
        with_kerberos = self.core == next(iter(CORES))
        return [one for one in EQUIPMENT.get(self.purpose, ()) if one is not KERBEROS or with_kerberos]

    def make(self) -> None:
        """Make the environment unless it is there with the same requirements."""
        files = [REQUIREMENTS / f"{name}.txt" for name in dict.fromkeys(("environment", self.purpose))]
        files += [one.requirements for one in self.equipment if one.fits(self.python)]
        wanted = "\n".join([str(ROOT), str(self.python), self.core, *(file.read_text("utf-8") for file in files)])
        stamp = self.directory / "stamp"
        digest = hashlib.sha256(wanted.encode()).hexdigest()
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        with self.directory.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if stamp.is_file() and stamp.read_text("utf-8") == digest:
                return
            say(f"Setting up {self}" + (f", {self.purpose}" if self.purpose != "environment" else ""))
            if not self.python.makes_environments:
                install_venv(self.python)
            quietly([self.python.path, "-m", "venv", "--clear", self.directory])
            remark(f"installing ansible-core and the requirements of {', '.join(file.stem for file in files)} with pip")
            requirements = [option for file in files for option in ("-r", file)]
            pip = [self.program("python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
            quietly([*pip, "--prefer-binary", f"ansible-core ~= {self.core}.0", *requirements])
            stamp.write_text(digest, "utf-8")

    def variables(self) -> dict[str, str]:
        """The surroundings of a program: this checkout's collection, and nothing of the user's own Ansible."""
        foreign = ("ANSIBLE_", "PYTHON", "PYTEST_", "VIRTUAL_ENV")
        proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")  # the lab is on this machine
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(foreign) and name.upper() not in proxies
        }
        required = {one.variable: "1" for one in self.equipment if one.works(self.python)}
        return (
            kept
            | required
            | {
                "PATH": os.pathsep.join([str(self.directory / "bin"), *search_path()]),
                "LC_ALL": "C.UTF-8",
                "PYTHONPATH": os.pathsep.join([str(CACHE), str(ROOT / "tests")]),
                "PYTHONNOUSERSITE": "1",
                "ANSIBLE_COLLECTIONS_PATH": str(CACHE),
                "ANSIBLE_CONFIG": str(CACHE / "ansible.cfg"),
                "ANSIBLE_HOME": str(CACHE / "ansible"),
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"),
                "MYPY_CACHE_DIR": str(CACHE / "mypy"),
                "RUFF_CACHE_DIR": str(CACHE / "ruff"),
            }
        )


def newest(found: t.Mapping[str, Python], purpose: str = "environment") -> Environment:
    """The newest ansible-core that a Python of this machine runs, if it can be on one that needs no package."""
    fitting = [found[minor] for minors in CORES.values() for minor in minors if minor in found]
    for core, minors in CORES.items():
        for minor in minors:
            python = found.get(minor)
            if python and (python.makes_environments or not any(other.makes_environments for other in fitting)):
                return Environment(core, python, purpose)
    has = ", ".join(sorted(found)) or "none"
    raise WorkbenchError(f"winha.cluster needs Python 3.11, 3.12, 3.13 or 3.14; this machine has {has}. Install one.")


def matrix(found: t.Mapping[str, Python]) -> tuple[list[Environment], list[str]]:
    """The environments that this machine's Pythons allow, the newest first, and a sentence for each left out."""
    environments, left_out = [], []
    for core, minors in MATRIX:
        here = [minor for minor in minors if minor in found and found[minor].makes_environments]
        if here:
            environments.append(Environment(core, found[here[0]]))
        else:
            left_out.append(f"ansible-core {core}: no Python {' or '.join(minors)} here that can make environments")
    if not environments:
        environments.append(newest(found))
    return environments, left_out
