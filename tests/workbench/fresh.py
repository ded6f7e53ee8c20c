# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of the README on machines that have nothing but Python and make, each on a new one."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import typing as t

from . import surroundings
from .checkout import Record, copy
from .equipment import NEW_ROOT, equip
from .places import CACHE
from .pythons import pyenv
from .root import RELEASES, Release, Root, impediment, new_root
from .terminal import WorkbenchError, readable, remark, say, table

if t.TYPE_CHECKING:
    import pathlib

COMMANDS = ("demo", "test")
ACCOUNTS = ("root", "user")
_LAST_LINES = 60
_FOR_USERS = "python3-venv"  # without it all that make demo can do for a user is to name it


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of one command on one new machine."""

    release: Release
    account: str
    command: str
    result: str
    seconds: float = 0.0
    left_out: t.Sequence[str] = ()

    @property
    def row(self) -> tuple[str, ...]:
        seconds = f"{self.seconds:.0f}" if self.seconds else ""
        return self.release.title, self.account, f"make {self.command}", self.result, seconds


def fresh(releases: t.Sequence[str], accounts: t.Sequence[str], commands: t.Sequence[str]) -> int:
    """Try the commands on new machines, one after another. What cannot be tried is left out by name."""
    started = time.monotonic()
    reason = _prepare()
    trials = []
    for codename, account, command in itertools.product(releases, accounts, commands):
        release = RELEASES[codename]
        named: dict[str, t.Any] = {"release": release, "account": account, "command": command}
        if reason:
            trials.append(Trial(**named, result="left out", left_out=[reason]))
            continue
        say(f"{release.title}, as {account}: make {command}")
        with contextlib.ExitStack() as stack:
            try:
                root = stack.enter_context(new_root(release, as_root=account == "root"))
                if account == "user":
                    remark(f"installing {_FOR_USERS}, which a user cannot install and cannot do without")
                    root.install([_FOR_USERS])
            except WorkbenchError as exc:
                remark(str(exc))
                trials.append(Trial(**named, result="left out", left_out=[_in_short(exc)]))
            else:
                trials.append(_try(root, named))
    failed = sum(one.result == "failed" for one in trials)
    passed = sum(one.result == "passed" for one in trials)
    heading = f"{failed} of {failed + passed} commands failed" if failed else f"All {passed} commands passed"
    if not failed + passed:
        heading = "No command could be tried"
    rows = [("Machine", "As", "Command", "Result", "Seconds"), *(one.row for one in trials)]
    say(f"{heading}, in {time.monotonic() - started:.0f} s", table(rows))
    left_out: dict[str, list[str]] = {}
    for one in trials:
        for sentence in one.left_out:
            left_out.setdefault(sentence, []).append(f"{one.release.title} as {one.account}: make {one.command}")
    for sentence, places in left_out.items():
        print(f"Left out: {sentence}", *(f"    {place}" for place in places), sep="\n")
    return 1 if failed else 0


def _in_short(problem: WorkbenchError) -> str:
    """The first line, which names the program, and the last, in which it usually says why."""
    lines = str(problem).splitlines()
    return " ".join(dict.fromkeys((lines[0], lines[-1])))


def _prepare() -> str | None:
    """Install what makes new machines. Gives the reason if this machine can make none."""
    left_out = equip([NEW_ROOT], [])
    return left_out[0] if left_out else impediment()


def _try(root: Root, named: t.Mapping[str, t.Any]) -> Trial:
    checkout = root.home / "winha.cluster"
    place = root.inside(checkout)
    copy(place)
    # An unpacked archive: who has cloned the checkout has git.
    record = Record(place, root.place.parent / "repository")
    root.give(root.inside(root.home))
    log = CACHE / "log" / f"fresh-{named['release'].codename}-{named['account']}-{named['command']}.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    told: list[str] = []

    def show(line: str) -> None:
        if line.startswith(("==> ", "Left out: ")):
            told.append(line.removeprefix("==> "))
            remark(f"{time.monotonic() - started:4.0f} s  {told[-1]}")

    with log.open("w", encoding="utf-8") as output:
        status = _run(root.command(_make(checkout, named["command"]), {}), output, show)
    changes = record.changes()
    seconds = time.monotonic() - started
    result = "failed" if status or changes else "passed"
    remark(f"{result} in {seconds:.0f} s; its output is in {readable([log])}")
    for line in log.read_text("utf-8").splitlines()[-_LAST_LINES:] if status else []:
        print(line)
    if changes:
        print("It has left behind in the checkout:", *changes, sep="\n")
    left_out = [line.removeprefix("Left out: ") for line in told if line.startswith("Left out: ")]
    return Trial(**named, result=result, seconds=seconds, left_out=left_out)


def _make(checkout: pathlib.PurePath, *targets: str) -> list[str]:
    return ["make", f"--directory={checkout}", "--no-print-directory", *targets]


def _run(arguments: t.Sequence[str], output: t.TextIO, show: t.Callable[[str], None]) -> int:
    """Run a command, and show and keep what it says."""
    with subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            for line in process.stdout or ():
                output.write(line)
                show(line.rstrip("\n"))
        except BaseException:
            process.kill()  # and with it all that runs there
            raise
    return process.returncode


def test_on_new_machine(targets: t.Sequence[str]) -> int | None:
    """Run make test, or some parts of it, on a new machine of this machine's release, with this machine's Pythons.

    Gives None, and says why, where no new machine can be made: then the tests can only run here.
    """
    codename = ""
    with contextlib.suppress(OSError):
        codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    release = RELEASES.get(codename)
    reason = _prepare() if release else f"{codename or sys.platform} is none of {', '.join(RELEASES)}"
    if release and not reason:
        try:
            with new_root(release, as_root=True) as root:
                return _test(root, release, targets or ["test"])
        except WorkbenchError as exc:
            print(exc)
            reason = _in_short(exc)
    say(f"No new machine can be made here, so the tests run on this one: {reason}")
    return None


def _test(root: Root, release: Release, targets: t.Sequence[str]) -> int:
    place = root.inside(root.home / "winha.cluster")
    copy(place)
    record = Record(place, place / ".git")
    variables = {name: value for name, value in os.environ.items() if re.fullmatch(r"WINHA_\w+_REQUIRED", name)}
    if (pythons := pyenv()).is_dir():
        root.show(pythons)
        variables["PYENV_ROOT"] = str(pythons)
        loading = [*pythons.glob("versions/*/bin/python3"), *pythons.glob("versions/*/lib/python3*/lib-dynload/*.so")]
        if needed := surroundings.libraries(one for one in loading if "tkinter" not in one.name):
            say(f"Installing what the Pythons of this machine load: {', '.join(needed)}")
            root.install(needed)
    say(f"make {' '.join(targets)} on a new {release.title}")
    status = _run(
        root.command(_make(root.home / "winha.cluster", *targets), variables),
        sys.stdout,
        lambda line: sys.stdout.flush(),
    )
    _keep_logs(place)
    if changes := record.changes():
        print("The tests have left behind in the checkout:", *changes, sep="\n")
    return 1 if status or changes else 0


def _keep_logs(place: pathlib.Path) -> None:
    """The logs of the parts go to where those of this machine are."""
    for log in (place / ".cache" / "log").glob("*.txt"):
        (CACHE / "log").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, CACHE / "log" / log.name)
