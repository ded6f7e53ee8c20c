# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is published: the collection artifact with its addresses, as Galaxy imports it, and the pages of its plugins.

Runs in an environment with ansible-core; C(check) and C(docsite) need the linters.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

from .checkout import copy
from .places import CACHE, COLLECTION, ROOT
from .terminal import WorkbenchError, quietly, say

# Addresses of galaxy.yml. Nobody knows them before the collection is published.
ADDRESSES = ("repository", "homepage", "issues", "documentation")
STAND_IN = dict.fromkeys(ADDRESSES, "https://forge.example.com/winha/cluster")
# Labels in Ansible's own documentation, to which the pages of plugins refer.
_ANSIBLE = """\
:orphan:

.. _common_return_values:
.. _action_plugins:
.. _ansible_configuration_settings:

Ansible
=======
"""
_CONF = """\
project = "winha.cluster"
extensions = ["sphinx_antsibull_ext"]
html_theme = "alabaster"
"""


def program(name: str) -> str:
    """A program of this environment."""
    return str(pathlib.Path(sys.executable).with_name(name))


def build(place: pathlib.Path, addresses: dict[str, str]) -> pathlib.Path:
    """Build the artifact with these addresses in its galaxy.yml. The checkout is left as it is."""
    shutil.rmtree(place, ignore_errors=True)
    copy(place / COLLECTION)
    description = place / COLLECTION / "galaxy.yml"
    lines = [f"{name}: {address}\n" for name, address in addresses.items()]
    description.write_text(description.read_text("utf-8") + "".join(lines), "utf-8")
    quietly([program("ansible-galaxy"), "collection", "build", "--output-path", place, place / COLLECTION])
    (artifact,) = place.glob("*.tar.gz")
    return artifact


def release(given: dict[str, str]) -> None:
    """Build the artifact that is to be published."""
    named = {name.upper(): given[name] for name in ADDRESSES}
    if missing := [name for name in list(named)[:3] if not named[name]]:
        raise WorkbenchError(
            f"make release needs {', '.join(missing)}, because Galaxy shows where a collection is kept. Run: make "
            "release REPOSITORY=https://... HOMEPAGE=https://... ISSUES=https://..."
        )
    addresses = {name: given[name] or given["homepage"] for name in ADDRESSES}
    for name, address in addresses.items():
        if not re.fullmatch(r"https://[^\s/]+\.[^\s]+", address):
            raise WorkbenchError(f"{name.upper()} is {address}, and it must be an address that begins with https://.")
    artifact = build(CACHE / "release", addresses)
    target = ROOT / artifact.name
    shutil.copy2(artifact, target)
    say(f"Built {target.name}. To publish it: ansible-galaxy collection publish {target.name}")


def check() -> None:
    """Import the artifact as Galaxy does. A warning is a failure."""
    place = CACHE / "galaxy"
    artifact = build(place, STAND_IN)
    command: list[str | pathlib.Path] = [sys.executable, "-m", "galaxy_importer.main", artifact]
    # ansible-lint runs on its own, with more rules; within the importer it has three minutes, also on a busy machine.
    without_lint = os.environ | {"GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"}
    done = subprocess.run(command, cwd=place, env=without_lint, check=False, capture_output=True, text=True)
    problems = [line for line in done.stdout.splitlines() if line.startswith(("WARNING", "ERROR", "CRITICAL"))]
    if done.returncode or problems:
        raise WorkbenchError("\n".join(problems or [done.stdout, done.stderr]))


def docsite() -> None:
    """Build the pages of plugins, roles and guides. A warning is a failure, and nothing is fetched."""
    place = CACHE / "docsite"
    shutil.rmtree(place, ignore_errors=True)
    pages = place / "rst"
    pages.mkdir(parents=True, mode=0o755)
    arguments: list[str | pathlib.Path] = [
        "collection",
        "--use-current",
        "--squash-hierarchy",
        "--fail-on-error",
        "--dest-dir",
        pages,
    ]
    quietly([program("antsibull-docs"), *arguments, "winha.cluster"])
    (pages / "ansible.rst").write_text(_ANSIBLE, "utf-8")
    (place / "conf.py").write_text(_CONF, "utf-8")
    sphinx = [program("sphinx-build"), "-q", "-W", "--keep-going", "-b", "html"]
    quietly([*sphinx, "-c", place, pages, place / "html"])


def main() -> int:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("check")
    commands.add_parser("docsite")
    commands.add_parser("release")
    options = parser.parse_args()
    try:
        if options.command == "release":
            release({name: os.environ.get(name.upper(), "") for name in ADDRESSES})
        else:
            {"check": check, "docsite": docsite}[options.command]()
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
