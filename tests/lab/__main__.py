# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of the lab."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from . import bundle, daemon, differences, faults, journal
from . import estate as estate_file
from .bundle import estate_of_bundle
from .checks import EstateError
from .directory import DirectoryError, DomainController
from .inventory import inventory
from .running import cluster_repository, host_repository
from .windows.repository import Repository, plain

FIXTURES = Path(__file__).parents[1] / "unit" / "recorded"
DIFFERENCES = Path(__file__).parents[1] / "unit" / "recorded" / "differences"


def _status(arguments: argparse.Namespace) -> int:
    estate = estate_file.load(arguments.state / "estate.yml")
    running = daemon.is_running(arguments.state)
    print(f"{estate.name} is {'up' if running else 'down'}")
    for host in estate.hosts:
        print(f"  {host.name:12} {host.address:16} Windows Server {host.windows:8} {host.cluster or ''}")
    if domain := estate.directory:
        print(f"  {domain.server:12} {domain.address:16} domain controller of {domain.domain}")
    return 0 if running else 3


def _directory(arguments: argparse.Namespace) -> int:
    estate = estate_file.load(arguments.state / "estate.yml")
    if estate.directory is None:
        raise EstateError(f"the estate {estate.name} has no directory")
    controller = DomainController(estate.directory, arguments.state)
    for name, value in (controller.environment() | {"LDAPTLS_CACERT": str(controller.ca_file)}).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _inventory(arguments: argparse.Namespace) -> int:
    estate = estate_file.load(arguments.state / "estate.yml")
    found = inventory(estate, arguments.state, arguments.connection, arguments.listener)
    yaml.safe_dump(found, sys.stdout, sort_keys=False, default_flow_style=False)
    return 0


def _journal(arguments: argparse.Namespace) -> int:
    entries: list[Any] = []
    if not arguments.domain:
        entries += journal.read(arguments.state / "journal.jsonl", writes=arguments.writes, events=arguments.events)
    elif directory := estate_file.load(arguments.state / "estate.yml").directory:
        entries += DomainController(directory, arguments.state).changes()
    for entry in entries:
        print(json.dumps(asdict(entry)))
    return 0


def _fault(arguments: argparse.Namespace) -> int:
    path = arguments.state / "faults.yml"
    if arguments.what == "clear":
        faults.save(path, [])
        return 0
    value = yaml.safe_load(arguments.value) if arguments.value is not None else None
    rule: dict[str, Any] = {"action": arguments.action if value is None else {arguments.action: value}}
    for name in ("host", "operation", "class", "method", "nth", "times", "subcode", "text"):
        if (given := getattr(arguments, name)) is not None:
            rule[name] = given
    if arguments.hresult is not None:
        rule["hresult"] = int(arguments.hresult, 0)
    faults.add(path, rule)
    return 0


def _repositories(state: Path, name: str) -> tuple[Repository, ...]:
    estate = estate_file.load(state / "estate.yml")
    hosts = [host_repository(state, host) for host in estate.hosts if host.name.lower() == name.lower()]
    names = {name.lower()} | {
        (host.cluster or "").lower() for host in estate.hosts if host.name.lower() == name.lower()
    }
    clusters = [cluster_repository(state, estate, item) for item in estate.clusters if item.name.lower() in names]
    return (*clusters, *hosts)


def _show(arguments: argparse.Namespace) -> int:
    repositories = _repositories(arguments.state, arguments.name)
    if not repositories:
        raise EstateError(f"the estate has no host or cluster {arguments.name}")
    found = [
        {name: plain(value) for name, value in instance.values.items()}
        for repository in repositories
        for instance in repository.all_instances()
        if instance.cls.name.lower() == arguments.cls.lower()
    ]
    print(json.dumps(found, indent=2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text)
        added.add_argument("--state", type=Path, required=True, help="the state folder of the estate")
        return added

    up = command("up", "start an estate, or the hosts of a bundle")
    up.add_argument("estate", type=Path, help="an estate file, or the folder of a bundle")
    for name, text in (
        ("fixture", "make a fixture of the unit tests from a bundle"),
        ("differences", "show where a bundle differs from the lab; with a name, make a test of it that fails"),
    ):
        made = commands.add_parser(name, help=text)
        made.add_argument("bundle", type=Path, help="the folder of a bundle")
        made.add_argument("name", nargs=None if name == "fixture" else "?", help="the name of the file")
        if name == "fixture":
            made.add_argument("--host", default="", help="only the messages of this host")
            made.add_argument("--class", default="", help="only the messages about this class")
    command("serve", "run the estate of a state folder in the foreground")
    command("down", "stop an estate; its state is kept")
    command("reset", "reset an estate to its estate file")
    command("status", "show whether the estate is running, and its hosts")
    command("directory", "print the environment variables for clients of the domain, for eval")
    inventory_parser = command("inventory", "print an Ansible inventory")
    inventory_parser.add_argument("--connection", choices=("winrm", "psrp"), default="winrm")
    inventory_parser.add_argument("--listener", choices=("http", "https"), default="http")
    journal_parser = command("journal", "print the requests and events as JSON lines")
    journal_parser.add_argument("--writes", action="store_true", help="only writes")
    journal_parser.add_argument("--events", action="store_true", help="only events")
    journal_parser.add_argument("--domain", action="store_true", help="the writes to the domain instead")
    show_parser = command("show", "print the stored instances of a class as JSON")
    show_parser.add_argument("name", help="a host or a cluster")
    show_parser.add_argument("cls", metavar="class")
    fault = command("fault", "add a fault rule, or remove all of them")
    fault.add_argument("what", choices=("add", "clear"))
    fault.add_argument("action", nargs="?", choices=faults.ACTIONS, default="fault")
    fault.add_argument("value", nargs="?", help="the value of the action: a fault code, seconds, or before/after")
    for option in ("host", "operation", "class", "method", "subcode", "text", "hresult"):
        fault.add_argument(f"--{option}")
    for option in ("nth", "times"):
        fault.add_argument(f"--{option}", type=int)
    return parser


def _in_checkout(folder: Path, name: str) -> Path:
    if not FIXTURES.parent.is_dir():
        raise EstateError("tests are made in a checkout of winha.cluster: set PYTHONPATH to its folder tests")
    return folder / f"{name}.jsonl"


def _fixture(arguments: argparse.Namespace) -> int:
    target = _in_checkout(FIXTURES, arguments.name)
    number = differences.write(arguments.bundle, target, host=arguments.host, cls=getattr(arguments, "class"))
    print(f"{target} has {number} messages, which tests/unit/test_recorded.py reads")
    return 0


def _differences(arguments: argparse.Namespace) -> int:
    found = differences.all_differences(bundle.load(arguments.bundle))
    for message, sentences in found:
        for sentence in sentences:
            print(f"{message.host}: {sentence}")
    if found and arguments.name:
        target = _in_checkout(DIFFERENCES, arguments.name)
        differences.write(arguments.bundle, target, {message for message, _sentences in found})
        print(f"{target}: tests/unit/test_recorded.py fails until the lab is the same")
    return 3 if found else 0


def _up(arguments: argparse.Namespace) -> int:
    source = arguments.estate
    if source.is_dir():
        arguments.state.mkdir(parents=True, exist_ok=True)
        source = arguments.state / "bundle.yml"
        source.write_text(yaml.safe_dump(estate_of_bundle(arguments.estate), sort_keys=False), encoding="utf-8")
    daemon.up(source, arguments.state)
    return _status(arguments)


def _down(arguments: argparse.Namespace) -> int:
    daemon.down(arguments.state)
    return 0


def _reset(arguments: argparse.Namespace) -> int:
    daemon.reset(arguments.state)
    return 0


def main(given: list[str] | None = None) -> int:
    """Run a command."""
    arguments = _parser().parse_args(given)
    commands = {
        "up": _up,
        "serve": lambda options: daemon.serve(options.state),
        "down": _down,
        "reset": _reset,
        "status": _status,
        "directory": _directory,
        "inventory": _inventory,
        "journal": _journal,
        "show": _show,
        "fixture": _fixture,
        "differences": _differences,
        "fault": _fault,
    }
    try:
        result = commands[arguments.command](arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # A reader such as `head` has closed the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (daemon.DaemonError, DirectoryError, EstateError, faults.RuleError) as problem:
        print(f"lab: {problem}", file=sys.stderr)
        return 1
    return result


if __name__ == "__main__":
    sys.exit(main())
