# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment, built from the file that users build it from, on a base image of this machine's own.

No registry of images has to be reached: the base image is a minimal Debian that debootstrap makes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import typing as t

import yaml

from .checkout import tree
from .environments import newest
from .places import CACHE, ROOT
from .pythons import pythons
from .root import RELEASES, new_root
from .terminal import WorkbenchError, quietly, remark, say

if t.TYPE_CHECKING:
    import pathlib

    from .environments import Environment

SOURCE = ROOT / "extensions" / "execution_environment" / "execution-environment.yml"
BASE, IMAGE = "localhost/winha-base", "localhost/winha-cluster"
RELEASE = "trixie"
TEST = "tests/integration/directory/test_execution_environment.py"


def build(environment: Environment) -> str:
    """Build the image and return its name. Raises WorkbenchError with what the failed program wrote."""
    place = CACHE / "execution_environment"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    say(f"Building an execution environment on {RELEASES[RELEASE].title}")
    shown = _make_base(place)
    galaxy = [environment.program("ansible-galaxy"), "collection", "build"]
    quietly([*galaxy, "--output-path", place, tree(place / "source")])
    (artifact,) = place.glob("*.tar.gz")
    artifact.rename(place / "winha-cluster.tar.gz")
    (place / SOURCE.name).write_text(yaml.safe_dump(_on_debian(yaml.safe_load(SOURCE.read_text("utf-8")))), "utf-8")
    with contextlib.chdir(place):
        quietly([environment.program("ansible-builder"), "create", "--output-filename", "Containerfile"])
        remark("building the image with buildah")
        mounts = [f"--volume={folder}:{folder}:ro" for folder in shown]
        options = ["--isolation=chroot", "--network=host", *mounts, f"--tag={IMAGE}"]
        quietly(["buildah", "bud", *options, "--file=context/Containerfile", "context"])
    return IMAGE


def _make_base(place: pathlib.Path) -> list[pathlib.Path]:
    """Make the base image. Returns the folders of this machine that pip reads in it."""
    archive = place / "base.tar"
    with new_root(RELEASES[RELEASE], as_root=True) as root:
        root.install(["python3-pip"])
        quietly(["tar", "--create", "--xattrs", f"--file={archive}", f"--directory={root.place}", "."])
        shown = root.shown
    quietly(["podman", "import", "--quiet", archive, BASE])
    archive.unlink()
    return shown


def _on_debian(wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """The same definition with this base image. Debian has pip in a package, and apt-get in place of dnf."""
    wanted["images"] = {"base_image": {"name": f"{BASE}:latest"}}
    wanted["options"] = {"package_manager_path": "/usr/bin/apt-get", "skip_pip_install": True}
    return wanted


def main() -> t.NoReturn:
    """Build the image, and go on as the program that tries it."""
    try:
        os.environ["WINHA_IMAGE"] = build(newest(pythons(), "image"))
    except WorkbenchError as exc:
        sys.exit(str(exc))
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", TEST])


if __name__ == "__main__":
    main()
