# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This checkout as a collection: linked to where one is looked for, and copied."""

from __future__ import annotations

import os
import shutil
import subprocess
import typing as t

from .places import CACHE, COLLECTION, ROOT
from .terminal import quietly

if t.TYPE_CHECKING:
    import pathlib

# Directories that a checkout may hold and that are not part of it.
MADE = {
    ".cache",
    ".git",
    ".venv",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    "output",
}


def link_collection() -> None:
    """Make the checkout importable as ansible_collections.winha.cluster, and a configuration that says nothing."""
    link = CACHE / COLLECTION
    link.parent.mkdir(parents=True, exist_ok=True)
    (CACHE / "ansible.cfg").touch()
    if link.resolve() != ROOT:
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(ROOT, link.parent), target_is_directory=True)


def tree(place: pathlib.Path) -> pathlib.Path:
    """A copy of what is in the checkout: ansible-test and others want it to be at its place, not linked there."""
    target = place / COLLECTION
    shutil.rmtree(target, ignore_errors=True)
    copy(target)
    mark_as_own(target)
    return target


def mark_as_own(target: pathlib.Path) -> None:
    """Else ansible-test finds the checkout above and takes the copy for ignored files."""
    if shutil.which("git"):
        quietly(["git", "init", "--quiet", target])


def copy(target: pathlib.Path) -> None:
    """Copy what is in the checkout."""
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        names = [name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive
        files = (file.relative_to(ROOT) for file in ROOT.rglob("*") if file.is_file())
        names = [str(file) for file in files if not MADE & set(file.parts)]
    for name in names:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


class Record:
    """What is in a copy of the checkout, written down with git, so that what is added to it is seen."""

    def __init__(self, work_tree: pathlib.Path, repository: pathlib.Path) -> None:
        who = ["-c", "user.name=make fresh", "-c", "user.email=nobody@localhost"]
        self._git = ["git", *who, "-c", "safe.directory=*", f"--git-dir={repository}", f"--work-tree={work_tree}"]
        if shutil.which("git"):
            quietly(["git", "init", "--quiet", work_tree])
            (work_tree / ".git").rename(repository)
            quietly([*self._git, "add", "--all"])
            quietly([*self._git, "commit", "--quiet", "--message=What is in the checkout"])

    def changes(self) -> list[str]:
        """What is no longer as it was; nothing is known without git."""
        return quietly([*self._git, "status", "--porcelain"]).splitlines() if shutil.which("git") else []
