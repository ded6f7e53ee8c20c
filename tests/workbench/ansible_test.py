# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-test has to find to work in our environments."""

from __future__ import annotations

import subprocess
import typing as t

from .pip_settings import pip_settings, write_pip_settings
from .places import CACHE
from .pythons import pythons

if t.TYPE_CHECKING:
    import pathlib

    from .environments import Environment


def pythons_directory() -> pathlib.Path:
    """A directory with the Pythons of this machine, for programs that look for them on the search path."""
    place = CACHE / "pythons"
    place.mkdir(parents=True, exist_ok=True)
    for minor, python in pythons().items():
        link = place / f"python{minor}"
        if link.resolve() != python.path.resolve():
            link.unlink(missing_ok=True)
            link.symlink_to(python.path)
    return place


def prepare_home(environment: Environment, home: pathlib.Path) -> None:
    """A home for ansible-test in which it finds pip without fetching it from elsewhere than the package index.

    It bootstraps the pip of its own environments with a script that it downloads unless it is there. It also hides the
    variables that may say where the package index is, so they are written to a file.
    """
    versions = (
        "import pathlib, re, ansible_test; "
        "text = (pathlib.Path(ansible_test.__file__).parent / '_internal' / 'python_requirements.py').read_text(); "
        "print(*set(re.findall(r'[\\'\"](\\d+\\.\\d+(?:\\.\\d+)?)[\\'\"]', text)))"
    )
    listed = subprocess.run([environment.program("python"), "-c", versions], check=True, capture_output=True, text=True)
    stand_in = (
        "import subprocess, sys\n"
        "subprocess.check_call([sys.executable, '-m', 'ensurepip', '--default-pip'], stdout=subprocess.DEVNULL)\n"
        "wanted = [argument for argument in sys.argv[1:] if not argument.startswith('--no-')]\n"
        "subprocess.check_call([sys.executable, '-m', 'pip', 'install', '-q', *wanted])\n"
    )
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in listed.stdout.split():
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(stand_in, "utf-8")
    settings = {"quiet": "1"} | pip_settings(environment.program("python"))
    write_pip_settings(home / ".config" / "pip" / "pip.conf", settings)
