# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How this machine reaches package mirrors and the package index, for a new machine that is to do it the same way."""

from __future__ import annotations

import contextlib
import functools
import os
import pathlib
import re
import shutil
import subprocess
import typing as t
import urllib.parse

from .pip_settings import pip_settings, write_pip_settings
from .pythons import pythons

if t.TYPE_CHECKING:
    from .root import Release

_PROXY = re.compile(r"(http|https|ftp|all|no)_proxy", re.IGNORECASE)
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_APT_SETTINGS = (
    "Acquire::http",
    "Acquire::https",
    "Acquire::Retries",
    "Acquire::Check-Date",
    "Acquire::Check-Valid-Until",
)
_OWN_AUTHORITIES = pathlib.Path("usr/local/share/ca-certificates")


def variables() -> dict[str, str]:
    """The variables that say how to reach the network."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PIP_") or name in _CERTIFICATES or _PROXY.fullmatch(name)
    }


@functools.cache
def mirrors(origin: str) -> dict[str, str]:
    """Where apt of this machine gets the packages of Debian or of Ubuntu: of a release (""), and its fixes."""
    wanted = "$(ORIGIN) $(RELEASE) $(REPO_URI)"
    asked = ["apt-get", "indextargets", "Created-By: Packages", "--format", wanted]
    found: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in subprocess.run(asked, check=False, capture_output=True, text=True).stdout.splitlines():
            whose, suite, address = ([*line.split(), "", "", ""])[:3]
            if whose == origin:
                found.setdefault("-security" if suite.endswith("-security") else "", address)
    return found


def packages(release: Release) -> list[str]:
    """What a new machine needs beside Python and make to reach a mirror at all."""
    return ["ca-certificates"] if any(one.startswith("https:") for one in mirrors(release.origin).values()) else []


def put_package_sources(root: pathlib.Path, release: Release) -> None:
    """The same mirrors, with the fixes of the release, and the same settings of apt."""
    sources = root / "etc/apt/sources.list"
    address = sources.read_text("utf-8").split()[1]  # as debootstrap left it
    fixes = mirrors(release.origin).get("-security") or (address if release.origin == "Ubuntu" else None)
    places = {"": address, "-updates": address, **({"-security": fixes} if fixes else {})}
    lines = [f"deb {at} {release.codename}{suite} {' '.join(release.components)}\n" for suite, at in places.items()]
    sources.write_text("".join(lines), "utf-8")
    with contextlib.suppress(OSError):
        asked = ["apt-config", "dump", "--no-empty", *_APT_SETTINGS]
        settings = subprocess.run(asked, check=False, capture_output=True, text=True).stdout
        (root / "etc/apt/apt.conf.d/90-of-the-machine").write_text(settings, "utf-8")


def put_pip_settings(root: pathlib.Path) -> list[pathlib.Path]:
    """The same settings of pip; gives the folders that they name."""
    settings = next(filter(None, (pip_settings(python.path) for python in pythons().values())), {})
    if settings:
        write_pip_settings(root / "etc/pip.conf", settings)
        (root / "etc/pip.conf").chmod(0o644)
    folders = []
    for word in " ".join(settings.values()).split():
        place = pathlib.Path(urllib.parse.unquote(word.removeprefix("file://")))
        if place.is_absolute() and place.is_dir():
            # The pages of an index name files beside it.
            beside = word.startswith("file://") and place.parent != place.parent.parent
            folders.append(place.parent if beside else place)
        elif place.is_absolute() and place.is_file():
            _put(root, place)
    return folders


def put_network(root: pathlib.Path) -> None:
    """The same names, and the same certificate authorities."""
    named = [pathlib.Path(os.environ[name]) for name in _CERTIFICATES if name in os.environ]
    own = sorted((pathlib.Path("/") / _OWN_AUTHORITIES).glob("**/*.crt"))
    for place in (pathlib.Path("/etc/resolv.conf"), pathlib.Path("/etc/hosts"), *named, *own):
        if place.is_absolute() and place.is_file():
            _put(root, place)


def _put(root: pathlib.Path, place: pathlib.Path) -> None:
    target = root / str(place).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copyfile(place, target)
    target.chmod(0o644)


def libraries(programs: t.Iterable[pathlib.Path]) -> list[str]:
    """The packages with the libraries that programs or libraries of this machine load."""
    loaded: set[str] = set()
    for place in programs:
        listed = subprocess.run(["ldd", place], check=False, capture_output=True, text=True).stdout
        loaded |= set(re.findall(r"=> (/\S+)", listed))
    # dpkg knows a file by the name that its package has for it, with or without /usr.
    names = {str(name) for one in loaded for name in (one, pathlib.Path(one).resolve(), one.removeprefix("/usr"))}
    asked = ["dpkg", "-S", *sorted(names)]
    owners = subprocess.run(asked, check=False, capture_output=True, text=True).stdout if names else ""
    return sorted(set(re.findall(r"^([^\s:,]+)", owners, re.MULTILINE)))
