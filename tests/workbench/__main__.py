# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m workbench): what each target of make does."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
import typing as t

from .checkout import link_collection
from .environments import matrix, newest
from .equipment import CONTAINER, DIRECTORY, KERBEROS, NEW_ROOT, equip
from .fresh import ACCOUNTS, COMMANDS, fresh, test_on_new_machine
from .machine import install_venv
from .parts import BY_NAME, CONNECTIONS, ESSENTIAL, LONGER, NEEDS, PARTS, Part, demonstration, molecule_variables
from .places import ROOT
from .pythons import pythons
from .root import RELEASES
from .runner import Runner
from .terminal import WorkbenchError, say, table

if t.TYPE_CHECKING:
    from .environments import Environment

# Scenarios of Molecule that need a domain controller.
WITH_DOMAIN = {"exchange_kerberos": DIRECTORY, "exchange_settings": DIRECTORY, "site_switchover": KERBEROS}


def run_parts(parts: t.Sequence[Part], left_out: t.Sequence[str] = ()) -> int:
    started = time.monotonic()
    link_collection()
    results = Runner(parts).run(workers=max(2, min(os.cpu_count() or 2, 6)))
    results.sort(key=lambda result: parts.index(result.part))
    rows = [("Part", "Environment", "Result", "Seconds")]
    rows += [
        (one.part.name, str(one.part.environment), "failed" if one.failed else "passed", f"{one.seconds:.0f}")
        for one in results
    ]
    failures = sum(bool(result.failed) for result in results)
    heading = f"{failures} of {len(results)} parts failed" if failures else f"All {len(results)} parts passed"
    say(f"{heading}, in {time.monotonic() - started:.0f} s", table(rows))
    for sentence in left_out:
        print(f"Left out: {sentence}")
    # Once more, since where only the end of the output is kept, this would be lost.
    for one in results:
        if one.failed:
            say(*one.failure())
    return 1 if failures else 0


def test(options: argparse.Namespace) -> int:
    """All tests, on every ansible-core that this machine's Pythons run."""
    if options.new_machine and (status := test_on_new_machine(options.parts)) is not None:
        return status
    found = pythons()
    if not newest(found).python.makes_environments:
        install_venv(newest(found).python)
        found = pythons()
    environments, left_out = matrix(found)
    names = options.parts or [name for name in PARTS if name not in BY_NAME]
    chosen = {name: function for name, function in PARTS.items() if name in names}
    wanted = dict.fromkeys(one for name in chosen for one in (*NEEDS.get(name, ()), *ESSENTIAL.get(name, ())))
    left_out += equip(list(wanted), [environment.python for environment in environments])
    chosen = {name: of for name, of in chosen.items() if not any(one.to_run() for one in ESSENTIAL.get(name, ()))}
    parts = [part for function in chosen.values() for part in function(environments, newest(found))]
    left_out += [sentence for name, sentence in LONGER if name in chosen]
    return run_parts(parts, left_out)


def demo(options: argparse.Namespace) -> int:
    """A lab of Windows hosts, and what the playbook finds and changes there."""
    environment = ready(newest(pythons()))
    return replace(environment, demonstration(environment, options.connection, options.listener))


def bench(options: argparse.Namespace) -> int:
    """What a task costs, beside the modules that the ansible package brings."""
    environment = ready(newest(pythons(), "benchmark"))
    return replace(environment, [environment.program("python"), "-m", "benchmark", *options.arguments])


def torture(options: argparse.Namespace) -> int:
    """The modules with a fault at every request, changed messages and files, and runs that are killed."""
    environment = ready(newest(pythons()))
    return replace(environment, [environment.program("python"), "-m", "torture", *options.arguments])


def mutation(options: argparse.Namespace) -> int:
    """Small changes to the code, and whether a test notices each."""
    environment = ready(newest(pythons(), "mutation"))
    return replace(environment, [environment.program("python"), "-m", "mutation", *options.arguments])


def molecule(options: argparse.Namespace) -> int:
    """All scenarios of Molecule, or those that are named."""
    environment = ready(newest(pythons(), "molecule"))
    os.environ |= molecule_variables()
    named = [option for name in options.scenarios for option in ("--scenario-name", name)]
    without = [
        option
        for name, equipment in WITH_DOMAIN.items()
        if not equipment.works(environment.python)
        for option in ("--exclude", name)
    ]
    return replace(environment, [environment.program("molecule"), "test", *(named or ["--all", *without])])


def ee(options: argparse.Namespace) -> int:
    """The execution environment: built, and tried with ansible-runner against the lab."""
    environment = newest(pythons(), "image")
    if left_out := equip([CONTAINER, NEW_ROOT, DIRECTORY], [environment.python]):
        raise WorkbenchError("\n".join(f"Left out: {sentence}" for sentence in left_out))
    environment.make()
    link_collection()
    # It needs libraries that only the environment has.
    return replace(environment, [environment.program("python"), "-m", "workbench.execution_environment"])


def release(options: argparse.Namespace) -> int:
    """The collection artifact, with the addresses at which it is kept."""
    environment = newest(pythons())
    environment.make()
    return replace(environment, [environment.program("python"), "-m", "workbench.galaxy", "release"])


def ready(environment: Environment) -> Environment:
    """An environment that is made, and what else is needed to show what the collection does."""
    for sentence in equip([DIRECTORY], [environment.python]):
        say(f"Left out: {sentence}")
    environment.make()
    link_collection()
    return environment


def replace(environment: Environment, arguments: list[str]) -> t.NoReturn:
    """Go on as this program."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(arguments[0], arguments, environment.variables())


def main() -> int:
    parser = argparse.ArgumentParser(description="The workshop of winha.cluster.")
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("demo", help="show the collection at work on a lab of Windows hosts")
    command.add_argument("--connection", choices=CONNECTIONS, default="winrm")
    command.add_argument("--listener", choices=["http", "https"], default="https")
    command.set_defaults(run=demo)
    command = commands.add_parser("test", help="run all tests, or some parts of them")
    command.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="part", help=", ".join(PARTS))
    command.add_argument("--new-machine", action="store_true", help="on a new machine in a folder, if one can be made")
    command.set_defaults(run=test)
    command = commands.add_parser("fresh", help="run the commands of the README on machines with Python and make alone")
    command.add_argument("--releases", nargs="+", choices=list(RELEASES), default=list(RELEASES))
    command.add_argument("--accounts", nargs="+", choices=ACCOUNTS, default=ACCOUNTS)
    command.add_argument("--commands", nargs="+", choices=COMMANDS, default=COMMANDS)
    command.set_defaults(run=lambda given: fresh(given.releases, given.accounts, given.commands))
    command = commands.add_parser("bench", help="measure what tasks cost")
    command.add_argument("arguments", nargs=argparse.REMAINDER)
    command.set_defaults(run=bench)
    command = commands.add_parser("release", help="build the collection artifact that is to be published")
    command.set_defaults(run=release)
    command = commands.add_parser("molecule", help="run the scenarios of Molecule against the lab")
    command.add_argument("scenarios", nargs="*", help="their names; all without one")
    command.set_defaults(run=molecule)
    command = commands.add_parser("ee", help="build the execution environment and try it")
    command.set_defaults(run=ee)
    # Without options of their own, they also pass on arguments that begin with an option.
    for name, run, text in (
        ("torture", torture, "look for what no test covers, from a seed"),
        ("mutation", mutation, "change the code in one place at a time, from a seed, and run the tests"),
    ):
        command = commands.add_parser(name, help=text, prefix_chars="+", add_help=False)
        command.add_argument("arguments", nargs="*")
        command.set_defaults(run=run)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A hook of git runs with the variables of its own repository, and this program with a path to itself alone.
    for name in [name for name in os.environ if name.startswith("GIT_") or name == "PYTHONPATH"]:
        del os.environ[name]
    try:
        return int(options.run(options))
    except WorkbenchError as exc:
        print(exc, file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
