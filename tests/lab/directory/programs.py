# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs of Debian that the domain controller is made of."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import debian_packages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PATH = debian_packages.PATH


class DirectoryError(RuntimeError):
    """The domain controller cannot be made, started or asked; the text says why."""


def missing() -> list[str]:
    """The packages that this machine lacks."""
    return debian_packages.missing(debian_packages.Use.DOMAIN_CONTROLLER, path=_PATH)


def impediment() -> str | None:
    """Why no domain controller can run on this machine, in a sentence; None where one can."""
    if sys.platform != "linux":
        return f"the lab's domain controller is Samba on Linux, and this is {sys.platform}"
    if os.geteuid() != 0:
        return "the lab's domain controller listens on port 88 and 389 and has to be started by root"
    if packages := missing():
        return f"the lab's domain controller needs Debian packages: apt-get install {' '.join(packages)}"
    return None


def program(name: str) -> str:
    """The path of a program. Raises DirectoryError when it is not installed."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise DirectoryError(f"{name} is not installed: {impediment()}")
    return found


def call(
    name: str, *arguments: str, given: str | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever it answers. `environment` is added to this process's own."""
    return subprocess.run(
        [program(name), *arguments],
        input=given,
        capture_output=True,
        check=False,
        encoding="utf-8",
        errors="surrogateescape",
        env={**os.environ, **(environment or {})},
    )


def _complaint(done: subprocess.CompletedProcess[str]) -> str:
    said: Sequence[str] = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return next((line for line in said if line.startswith("ERR")), said[-1] if said else "nothing")


def insist(name: str, *arguments: str, given: str | None = None, environment: Mapping[str, str] | None = None) -> str:
    """What a program prints. Raises DirectoryError with its own words when it fails."""
    done = call(name, *arguments, given=given, environment=environment)
    if done.returncode:
        raise DirectoryError(f"{name} failed with {done.returncode}: {_complaint(done).strip()}")
    return done.stdout
