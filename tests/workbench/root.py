# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new machine in a folder: a minimal Debian or Ubuntu with Python and make, and commands that run there.

What it takes to reach the package mirrors and the package index comes from this machine. Commands run with mounts and
processes of their own, which end with them, so that nothing stays mounted however they end.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import typing as t

from . import machine, surroundings
from .terminal import WorkbenchError, quietly, remark, say

_KEPT = 30 * 86400  # seconds for which the base of a release is used again
_USER = 1000
# Arguments: the folder, the user and group, places of this machine to see there, "--", variables and a command.
# The shell waits for the command instead of becoming it: it is process 1 there, which also ends what others left.
_ENTER = """
set -eu
root=$1 account=$2
shift 2
mount -t proc proc "$root/proc"
mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts "$root/dev/pts"
mkdir -p "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    mount -o remount,bind,ro "$root$1"
    shift
done
shift
status=0
chroot --userspec="$account" --groups= "$root" env -i "$@" || status=$?
exit $status
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Release:
    """A release of Debian or Ubuntu."""

    codename: str
    title: str
    origin: str = "Debian"  # of its packages, as apt calls it
    components: tuple[str, ...] = ("main",)
    mirror: str = ""  # for a machine that has none of its own
    script: str = ""  # of debootstrap, whose version in Debian 12 does not know the name of the release


RELEASES = {
    release.codename: release
    for release in (
        Release("bookworm", "Debian 12"),
        Release("trixie", "Debian 13"),
        Release("noble", "Ubuntu 24.04", "Ubuntu", ("main", "universe"), "http://archive.ubuntu.com/ubuntu", "gutsy"),
    )
}
# The package with the keys of an origin, and a release that has it.
_KEYS = {"Debian": ("debian-archive-keyring", "bookworm"), "Ubuntu": ("ubuntu-keyring", "trixie")}


def folder() -> pathlib.Path:
    """Where bases and new machines lie: on a disk, since Samba needs extended attributes."""
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "winha.cluster" / "roots"


def impediment() -> str | None:
    """Why this machine lets nobody have mounts and processes of their own; None where it does."""
    try:
        asked = subprocess.run([*_APART, "true"], check=False, capture_output=True, text=True)
    except OSError as exc:
        return str(exc)
    return None if asked.returncode == 0 else asked.stderr.strip()


# It all ends with this process, even if somebody kills it.
_APART = ("setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child")


@contextlib.contextmanager
def _alone(place: pathlib.Path) -> t.Iterator[None]:
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def base(release: Release) -> pathlib.Path:
    """An archive of a minimal system with Python and make, made once a month. Raises WorkbenchError."""
    packages = ["python3", "make", *surroundings.packages(release)]
    file = folder() / "-".join([release.codename, *sorted(packages)])
    file = file.with_name(f"{file.name}.tar")
    keys = _keys(release.origin)
    with _alone(folder()):
        if file.is_file() and time.time() - file.stat().st_mtime < _KEPT:
            return file
        say(f"Making a minimal {release.title} with {', '.join(packages)}, which is kept for the next time")
        with tempfile.TemporaryDirectory(dir=folder(), prefix="base-") as name:
            place = pathlib.Path(name, "root")
            options = ["--variant=minbase", f"--include={','.join(packages)}", f"--keyring={keys}"]
            options.append(f"--components={','.join(release.components)}")
            mirror = surroundings.mirrors(release.origin).get("") or release.mirror
            words = [release.codename, str(place), *filter(None, (mirror, release.script))]
            # Its mounts are its own, too.
            quietly(["unshare", "--mount", "debootstrap", *options, *words])
            shutil.rmtree(place / "var" / "cache" / "apt", ignore_errors=True)
            archive = pathlib.Path(name, file.name)
            quietly(["tar", "--create", "--xattrs", f"--file={archive}", f"--directory={place}", "."])
            archive.replace(file)
    return file


def _keys(origin: str) -> pathlib.Path:
    """The file with the keys that packages are signed with. Raises WorkbenchError."""
    package, codename = _KEYS[origin]
    name = f"{origin.lower()}-archive-keyring.gpg"
    ours, kept = pathlib.Path("/usr/share/keyrings", name), folder() / name
    if not ours.is_file() and machine.available([package]):
        machine.install([package])
    if not ours.is_file() and not kept.is_file():
        if origin == RELEASES[codename].origin:
            raise WorkbenchError(f"the keys of {origin} are not on this machine. Install {package}.")
        say(f"Fetching the keys of {origin}, from the package {package} of {RELEASES[codename].title}")
        with new_root(RELEASES[codename], as_root=True) as root:
            root.install([package])
            shutil.copyfile(root.inside(ours), kept)
    return ours if ours.is_file() else kept


class Root:
    """A new machine in a folder."""

    def __init__(self, place: pathlib.Path, release: Release, *, as_root: bool) -> None:
        self.place = place
        self.release = release
        self.home = pathlib.PurePosixPath("/root" if as_root else "/home/user")
        self._account = "0:0" if as_root else f"{_USER}:{_USER}"
        self.shown: list[pathlib.Path] = []

    def furnish(self, archive: pathlib.Path) -> None:
        """Unpack the base, and put there what this machine knows about the way to mirrors and index."""
        options = ["--xattrs", "--preserve-permissions", f"--file={archive}", f"--directory={self.place}"]
        quietly(["tar", "--extract", *options])
        surroundings.put_package_sources(self.place, self.release)
        self.shown += surroundings.put_pip_settings(self.place)
        surroundings.put_network(self.place)
        home = self.inside(self.home)
        home.mkdir(parents=True, exist_ok=True)
        if self._account != "0:0":
            with (self.place / "etc/passwd").open("a", encoding="utf-8") as file:
                file.write(f"user:x:{_USER}:{_USER}::{self.home}:/bin/sh\n")
            with (self.place / "etc/group").open("a", encoding="utf-8") as file:
                file.write(f"user:x:{_USER}:\n")

    def inside(self, place: pathlib.PurePath) -> pathlib.Path:
        return self.place / str(place).lstrip("/")

    def show(self, place: pathlib.Path) -> None:
        """Let a folder of this machine be seen at the same place, read-only."""
        self.shown.append(place)

    def give(self, place: pathlib.Path) -> None:
        """Make a folder the property of who runs commands here."""
        if self._account != "0:0":
            for found in (place, *place.rglob("*")):
                os.chown(found, _USER, _USER, follow_symlinks=False)

    def command(
        self, arguments: t.Sequence[str], variables: t.Mapping[str, str], *, as_root: bool = False
    ) -> list[str]:
        """What to start here so that a command runs there."""
        there = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root" if as_root else str(self.home),
            **surroundings.variables(),
            **variables,
        }
        given = [f"{name}={value}" for name, value in there.items()]
        account = "0:0" if as_root else self._account
        shown = [str(place) for place in dict.fromkeys(self.shown)]
        enter = [*_APART, "sh", "-c", _ENTER, "sh"]
        return [*enter, str(self.place), account, *shown, "--", *given, *arguments]

    def install(self, packages: t.Sequence[str]) -> None:
        """Install packages there. Raises WorkbenchError."""
        for arguments in (["update"], ["install", "--no-install-recommends", *packages]):
            variables = {"DEBIAN_FRONTEND": "noninteractive"}
            quietly(self.command(["apt-get", "-qq", "-o", "Acquire::Retries=3", *arguments], variables, as_root=True))


@contextlib.contextmanager
def new_root(release: Release, *, as_root: bool) -> t.Iterator[Root]:
    """A new machine that is gone afterwards. Raises WorkbenchError if it cannot be made."""
    archive = base(release)
    with _alone(folder()):
        for old in folder().glob("run-*"):
            remove_unless_locked(old)
        place = pathlib.Path(tempfile.mkdtemp(dir=folder(), prefix="run-"))
        lock = (place / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        root = Root(place / "root", release, as_root=as_root)
        root.place.mkdir()
        root.furnish(archive)
        yield root
    finally:
        shutil.rmtree(place, ignore_errors=True)
        lock.close()


def remove_unless_locked(place: pathlib.Path) -> None:
    """Remove a machine that a killed run has left; its mounts went with its processes."""
    with contextlib.suppress(OSError), (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remark(f"removing {place}, which a killed run has left")
        shutil.rmtree(place, ignore_errors=True)
