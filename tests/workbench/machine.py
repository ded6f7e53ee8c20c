# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages of Debian and Ubuntu on this machine: which are missing, and how they are installed."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import typing as t

from .terminal import WorkbenchError, quietly, say

if t.TYPE_CHECKING:
    from .pythons import Python

# No service starts while this runs, and none that came with the packages starts with the machine from then on. The
# policy ends with this shell, even if something kills it.
_INSTALL = """
set -eu
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ] || grep -q winha.cluster $policy; then
    trap 'rm -f $policy' EXIT
    trap 'exit 130' HUP INT TERM
    printf '#!/bin/sh\n# winha.cluster\n[ ! -d /proc/%s ] || exit 101\n' $$ > $policy
    chmod 755 $policy
fi
started() { ls /etc/systemd/system/multi-user.target.wants 2> /dev/null || true; }
before=$(started)
apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 install --no-install-recommends --no-remove "$@"
if command -v systemctl > /dev/null; then
    for unit in $(started); do
        echo "$before" | grep -qxF "$unit" || systemctl --quiet disable "$unit"
    done
fi
"""


@functools.cache
def _become() -> list[str] | None:
    """What stands before a command that only root may run; None if nothing helps."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    with contextlib.suppress(OSError):
        if subprocess.run([*sudo, "true"], check=False, capture_output=True).returncode == 0:
            return sudo
    return None


def may_install() -> bool:
    """Whether packages can be installed without asking anybody."""
    return shutil.which("apt-get") is not None and _become() is not None


def by_hand(names: t.Iterable[str]) -> str:
    """The command that installs packages."""
    return f"apt-get update && apt-get install --no-install-recommends {' '.join(names)}"


def available(names: t.Sequence[str]) -> list[str]:
    """Those packages that apt-get could install: releases of Debian and Ubuntu differ in what they have."""
    if not names:
        return []  # apt-cache would speak of its sources
    asked = ["apt-cache", "policy", *names]
    answer = subprocess.run(asked, check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    found, name = [], ""
    for line in answer.splitlines():
        if not line.startswith(" "):
            name = line.rstrip(":")
        elif line.strip().startswith("Candidate:") and not line.endswith("(none)"):
            found.append(name)
    return found


@functools.cache
def look_up() -> None:
    """Learn which packages there are. Raises WorkbenchError if one of the indexes cannot be fetched."""
    say("Looking up packages: apt-get update")
    options = ["-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300", "-o", "APT::Update::Error-Mode=any"]
    quietly([*(_become() or []), "apt-get", "-qq", *options, "update"])


def install(names: t.Sequence[str]) -> None:
    """Install packages. Raises WorkbenchError with the last words of apt-get."""
    if names:
        say(f"Installing {', '.join(names)}")
        # Ubuntu's needrestart would restart services of the machine that use a library.
        quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_SUSPEND=1"]
        quietly([*(_become() or []), *quiet, "sh", "-c", _INSTALL, "apt-get install", *names])


def install_venv(python: Python) -> None:
    """Debian and Ubuntu keep venv in a package of its own: install it as root, or say what to install."""
    package = f"python{python.minor}-venv"
    if may_install():
        with contextlib.suppress(WorkbenchError):
            look_up()
        with contextlib.suppress(WorkbenchError):
            install([package])
            return
    raise WorkbenchError(
        f"Python {python.minor} of this machine cannot make virtual environments. As root, run: {by_hand([package])}"
    )
