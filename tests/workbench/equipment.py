# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What some tests need beside Python, of the packages in debian_packages.py."""

from __future__ import annotations

import dataclasses
import os
import runpy
import typing as t

import debian_packages
from debian_packages import Use

from . import machine
from .places import REQUIREMENTS, ROOT
from .terminal import WorkbenchError

if t.TYPE_CHECKING:
    import pathlib

    from .pythons import Python

# Debian 13 has moved programs of these packages to another, which earlier releases need not have.
_MOVED = {"samba": "samba-ad-dc", "samba-common-bin": "samba-ad-dc"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What some tests need. Its name is that of a file of requirements, and a part of a variable's."""

    name: str
    what: str
    to_build: t.Callable[[Python], list[str]]
    to_run: t.Callable[[], list[str]]
    impediment: t.Callable[[], str | None]

    @property
    def requirements(self) -> pathlib.Path:
        return REQUIREMENTS / f"{self.name}.txt"

    @property
    def variable(self) -> str:
        """Where it is set, tests fail that would be skipped without this equipment."""
        return f"WINHA_{self.name.upper()}_REQUIRED"

    def fits(self, python: Python) -> bool:
        """Whether the requirements can be installed for a Python."""
        return not self.to_build(python)

    def works(self, python: Python) -> bool:
        return self.fits(python) and not self.to_run() and self.impediment() is None

    def lacks(self, pythons: t.Iterable[Python]) -> list[str]:
        """The packages that this machine has not."""
        return list(dict.fromkeys([*(name for one in pythons for name in self.to_build(one)), *self.to_run()]))


def _programs() -> t.Mapping[str, t.Any]:
    """The lab's own word on whether its domain controller can run, read past its package, which needs libraries."""
    return runpy.run_path(str(ROOT / "tests" / "lab" / "directory" / "programs.py"))


def _to_compile(python: Python) -> list[str]:
    return [*debian_packages.missing(Use.BUILD), *([] if python.headers.is_file() else [f"python{python.minor}-dev"])]


def _run_directory() -> list[str]:
    if os.geteuid() != 0:
        return []  # nothing helps that can be installed
    return debian_packages.missing(Use.DOMAIN_CONTROLLER, Use.DNS_SERVER, Use.KERBEROS)


def _directory_impediment() -> str | None:
    problem: str | None = _programs()["impediment"]()
    if problem and os.geteuid() != 0:
        return f"{problem}: sudo make test, and sudo make clean before the next run without it"
    return problem


DIRECTORY = Equipment(
    name="directory",
    what="the tests of Active Directory",
    to_build=_to_compile,
    to_run=_run_directory,
    impediment=_directory_impediment,
)
KERBEROS = Equipment(
    name="kerberos",
    what="the tests of changes in DNS, and of Exchange's endpoint with Kerberos",
    to_build=_to_compile,
    to_run=list,
    impediment=_directory_impediment,
)
BROWSER = Equipment(
    name="browser",
    what="the tests of pages in a browser",
    to_build=lambda python: debian_packages.missing(Use.BROWSER),
    to_run=list,
    impediment=lambda: None,
)
GIT = Equipment(
    name="git",
    what="sanity, for which ansible-test asks git what belongs to the checkout",
    to_build=lambda python: [],
    # In an unpacked archive ansible-test takes all files.
    to_run=lambda: debian_packages.missing(Use.GIT) if (ROOT / ".git").exists() else [],
    impediment=lambda: None,
)
SSH = Equipment(
    name="ssh",
    what="the tests of the installed collection, for which ansible-test makes a key",
    to_build=lambda python: [],
    to_run=lambda: debian_packages.missing(Use.SSH),
    impediment=lambda: None,
)


def _new_root_impediment() -> str | None:
    return None if os.geteuid() == 0 else "only root can make them. Run: sudo make fresh"


NEW_ROOT = Equipment(
    name="new_root",
    what="new machines in folders",
    to_build=lambda python: [],
    to_run=lambda: debian_packages.missing(Use.NEW_ROOT) if os.geteuid() == 0 else [],
    impediment=_new_root_impediment,
)
CONTAINER = Equipment(
    name="container",
    what="the execution environment",
    to_build=lambda python: [],
    to_run=lambda: debian_packages.missing(Use.CONTAINER) if os.geteuid() == 0 else [],
    impediment=lambda: None if os.geteuid() == 0 else "only root can make its base image. Run: sudo make ee",
)


def equip(wanted: t.Sequence[Equipment], pythons: t.Sequence[Python]) -> list[str]:
    """Install what is missing where that is possible, and say in a sentence each what is left out, and why.

    Raises WorkbenchError for what may not be left out.
    """
    failures: list[str] = []
    if _absent(wanted, pythons) and machine.may_install():
        steps: tuple[t.Callable[[], None], ...] = (
            machine.look_up,
            lambda: machine.install(machine.available(_absent(wanted, pythons))),
            lambda: machine.install(machine.available(_moved(_absent(wanted, pythons)))),
        )
        for step in steps:  # an index that cannot be fetched need not be the one with these packages
            try:
                step()
            except WorkbenchError as exc:
                failures.append(str(exc).splitlines()[-1])
    left_out = []
    for one in wanted:
        if sentence := _left_out(one, pythons, failures):
            left_out.append(sentence)
            if os.environ.get(one.variable):
                raise WorkbenchError(f"{one.variable} is set, but this machine cannot do without: {sentence}")
    return left_out


def _absent(wanted: t.Iterable[Equipment], pythons: t.Sequence[Python]) -> list[str]:
    return list(dict.fromkeys(name for one in wanted for name in one.lacks(pythons)))


def _moved(names: t.Iterable[str]) -> list[str]:
    return list(dict.fromkeys(_MOVED[name] for name in names if name in _MOVED))


def _left_out(one: Equipment, pythons: t.Sequence[Python], failures: t.Sequence[str]) -> str:
    if names := one.lacks(pythons):
        if machine.may_install() and not failures and not machine.available(names):
            return f"{one.what}: this machine's releases of Debian or Ubuntu have no {' and no '.join(names)}"
        said = f", which said here: {failures[-1]}" if failures else ""
        return f"{one.what}: packages are missing. As root, run: {machine.by_hand(names)}{said}"
    problem = one.impediment()
    return f"{one.what}: {problem}" if problem else ""
