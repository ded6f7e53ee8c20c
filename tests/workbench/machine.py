# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is installed on this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import typing as t

from .terminal import WorkbenchError, quietly, say

if t.TYPE_CHECKING:
    from .pythons import Python


def install_venv(python: Python) -> None:
    """Debian and Ubuntu keep venv in a package of its own: install it as root, or say what to install."""
    package = f"python{python.minor}-venv"
    become = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") and (not become or shutil.which("sudo")):
        say(f"Installing {package}")
        apt = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
        with contextlib.suppress(WorkbenchError):
            quietly([*apt, "update"])
            quietly([*apt, "install", "--no-install-recommends", package])
            return
    raise WorkbenchError(
        f"Python {python.minor} of this machine cannot make virtual environments. As root, run: "
        f"apt-get update && apt-get install {package}"
    )
