# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection at work on a lab of Windows hosts: what it finds, what it changes, and that it then rests.

Where Samba can run, the lab has a real domain controller with an Exchange organization, too. Nothing of what it says in
the end comes from Ansible: the drift is counted from the diff that is on the screen, writes and changed settings from
the lab's journal and the domain controller's audit log, and that nothing moved from what is stored before and after.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib.util
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import typing as t

import yaml
from lab import daemon, journal
from lab.directory import DomainController, impediment
from lab.directory import journal as directory_journal
from lab.estate import load
from lab.inventory import inventory
from lab.repository import plain
from lab.running import cluster_repository, host_repository

if t.TYPE_CHECKING:
    from lab.estate import Estate

TESTS = pathlib.Path(__file__).resolve().parent
ESTATES = TESTS / "lab" / "estates"
ENFORCE, VALIDATE = "winha.cluster.enforce", "winha.cluster.validate"
REPORTS = TESTS.parent / ".cache" / "demo"
KERBEROS = {"exchange_kerberos_accounts": {"2010": "EXCH-ASA$"}, "exchange_kerberos_credential_deployed": ["2010"]}
_NETWORKS = range(20, 50)  # of 127.0.0.0/8, so that demos can run side by side
_PATIENCE, _PAUSE = 60.0, 2.0  # seconds until the estate is at rest, and between looks
_INTERVAL = 5.0  # seconds between two signs that the estate is still being brought up
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_MARKS = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")

Values = t.Mapping[tuple[str, ...], t.Any]


class Lab:
    """The estate of the demo in a directory of its own, on addresses that are free."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._state = directory / "state"
        self._source = directory / "estate.yml"
        self._seen = 0
        self._read = 0

    def up(self) -> str:
        """Bring the estate up and say what it is."""
        text = (ESTATES / "demo.yml").read_text("utf-8")
        for network in _NETWORKS:
            text_here = described(text.replace(" 127.20.", f" 127.{network}."), network)
            self._source.write_text(text_here, "utf-8")
            try:
                with waiting(set_up(yaml.safe_load(text_here), network)):
                    daemon.up(self._source, self._state)
            except daemon.DaemonError as exc:
                if "in use" not in str(exc):
                    raise
                shutil.rmtree(self._state)
                continue
            estate = self._estate()
            rows = [f"{host.name:<8}{host.cluster or '':<8}Windows Server {host.windows}" for host in estate.hosts]
            if estate.directory:
                rows.append(
                    f"{estate.directory.server:<16}domain controller of {estate.directory.domain}, with Exchange"
                )
            else:
                rows.append(f"Left out: Active Directory, because {missing()}.")
            return "\n".join(rows)
        raise daemon.DaemonError("Too many labs are up on this machine. Stop one.")

    def down(self) -> None:
        if daemon.is_running(self._state):
            daemon.down(self._state)

    def inventory(self, connection: str, listener: str) -> pathlib.Path:
        file = self._state / "inventory.yml"
        known = inventory(self._estate(), self._state, connection, listener)
        if domain := known["all"].get("vars", {}).get("lab_directory"):
            # The host's own connection stays the lab's WinRM; the domain is reached by name and with Kerberos.
            access = {"servers": [domain["server"]], "username": domain["user"], "password": domain["password"]}
            audit = {
                "audit_directory": access,
                "audit_service_accounts": KERBEROS["exchange_kerberos_accounts"],
                "audit_parameters": {"credential_deployed": KERBEROS["exchange_kerberos_credential_deployed"]},
                "audit_dns_servers": [domain["address"]],
            }
            known["all"]["vars"] |= audit
            known["all"]["children"]["domain_controllers"]["vars"] = {
                "exchange_kerberos_directory": access,
                **KERBEROS,
            }
        file.write_text(yaml.safe_dump(known), "utf-8")
        return file

    def environment(self) -> dict[str, str]:
        """What ansible-playbook needs to find the domain."""
        controller = self._controller()
        return controller.environment(self._state / "nobody.ccache") if controller else {}

    def writes(self) -> list[journal.Entry]:
        """The writes that came over the wire since the last time that this was asked."""
        everything = journal.read(self._state / "journal.jsonl", writes=True)
        new, self._seen = everything[self._seen :], len(everything)
        return new

    def modifications(self) -> list[directory_journal.Change]:
        """What the domain controller was asked to write since the last time that this was asked."""
        controller = self._controller()
        if controller is None:
            return []
        new, self._read = directory_journal.read(controller.log, self._read), controller.log.stat().st_size
        return new

    def values(self) -> Values:
        """Everything that hosts and clusters have stored."""
        estate = self._estate()
        found = {cluster.name: cluster_repository(self._state, estate, cluster) for cluster in estate.clusters}
        found |= {host.name: host_repository(self._state, host) for host in estate.hosts}
        names = {
            ("directory", entry.dn): sorted(entry.all("servicePrincipalName"))
            for controller in filter(None, [self._controller()])
            for entry in controller.ldbsearch("(servicePrincipalName=*)", ["servicePrincipalName"])
        }
        return names | {
            (owner, instance.cls.name, *instance.key, *place): value
            for owner, repository in found.items()
            for instance in repository.everything()
            for name, stored in instance.values.items()
            for place, value in _leaves(plain(stored), name)
        }

    def at_rest(self) -> Values:
        """The same once it stays so: machines go on coming back to a node after the play is over."""
        values, deadline = self.values(), time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            time.sleep(_PAUSE)
            before, values = values, self.values()
            if values == before:
                break
        return values

    def _estate(self) -> Estate:
        return load(self._state / "estate.yml")

    def _controller(self) -> DomainController | None:
        directory = self._estate().directory
        return DomainController(directory, self._state) if directory else None


def missing() -> str | None:
    """Why the demo goes without Active Directory; None where it need not."""
    library = importlib.util.find_spec("ldap")
    return impediment() or (None if library else "the Python library python-ldap is missing")


def described(text: str, network: int) -> str:
    """The estate, with a domain controller that holds an Exchange organization where one can run."""
    if missing():
        return text
    estate = yaml.safe_load(text)
    directory = yaml.safe_load((ESTATES / "exchange.yml").read_text("utf-8"))["directory"]
    address = f"127.{network}.0.51"
    server = {"name": directory["server"], "address": address, "windows": "2016", "groups": ["domain_controllers"]}
    estate["hosts"].append(server)
    return yaml.safe_dump(estate | {"directory": {**directory, "address": address}}, sort_keys=False)


def set_up(estate: t.Mapping[str, t.Any], network: int) -> str:
    """What is brought up, and why it may take a while."""
    hosts = [host for host in estate["hosts"] if host.get("address") != estate.get("directory", {}).get("address")]
    text = f"Bringing up {len(hosts)} Windows hosts with their WinRM listeners on 127.{network}.0.0/16"
    if "directory" in estate:
        text += (
            f", and {estate['directory']['server']}, a Samba domain controller with an Exchange organization.\n"
            "A domain that was not there before is made first, and kept for the next time"
        )
    return text


@contextlib.contextmanager
def waiting(text: str) -> t.Iterator[None]:
    """Say what is done, and every few seconds that it still is."""
    print(f"{text}.", flush=True)
    started, done = time.monotonic(), threading.Event()

    def tell() -> None:
        while not done.wait(_INTERVAL):
            print(f"    {time.monotonic() - started:.0f} s so far", flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _leaves(value: t.Any, *place: str) -> t.Iterator[tuple[tuple[str, ...], t.Any]]:
    """The single values in a stored one, each with where it is."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, *place, name)
    else:
        yield place, value


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of the playbook came to."""

    status: int
    drift: int
    writes: int
    changed: int
    moved: list[str]
    seconds: float


def settings(writes: t.Iterable[journal.Entry]) -> set[tuple[str, ...]]:
    """The settings that writes of instances changed. Draining a node is a write too, and no setting.

    A driver's display value follows its registry value, so it is not counted beside it.
    """
    return {
        (entry.host, *entry.selectors.values(), change.cls, change.instance, change.property)
        for entry in writes
        if entry.operation == "Put"
        for change in entry.changes
        if change.property != "DisplayValue"
    }


def run(lab: Lab, hosts: pathlib.Path, playbook: str, *options: str) -> Run:
    """Run a playbook before the eyes of who is watching, and look at what it did."""
    before = lab.values()
    command = [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(hosts), playbook, *options]
    looks = {"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false", "ANSIBLE_FORCE_COLOR": "true" if _MARKS[0] else "false"}
    started = time.monotonic()
    shown = []
    with subprocess.Popen(
        command,
        env={**os.environ, **looks, **lab.environment()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                shown.append(_COLOUR.sub("", line))
        except BaseException:
            process.send_signal(signal.SIGINT)
            raise
    seconds = time.monotonic() - started
    after = lab.values() if "--check" in options else lab.at_rest()
    writes, modifications = lab.writes(), lab.modifications()
    names = sum(
        len(values)
        for change in modifications
        for action, values in change.actions.get("servicePrincipalName", ())
        if change.done and action in ("add", "delete")
    )
    return Run(
        status=process.returncode,
        drift=sum(line.startswith("+") and not line.startswith("+++ ") for line in shown),
        writes=len(writes) + len(modifications),
        changed=len(settings(writes)) + names,
        moved=[".".join(place) for place in sorted({*before, *after}) if before.get(place) != after.get(place)],
        seconds=seconds,
    )


def reported(folder: pathlib.Path, earlier: pathlib.Path | None = None) -> tuple[str, str]:
    """The options of an audit: where its report goes, and what it is compared with."""
    variables = {"audit_folder": str(folder), "audit_title": "The demo", "audit_fail_on": "never"}
    if earlier:
        variables["audit_compare_with"] = str(earlier / "audit.json")
    return "-e", json.dumps(variables)


def judged(folder: pathlib.Path) -> tuple[int, dict[str, t.Any]]:
    """How many findings of a report are not as they should be, and how it compares with the one before."""
    report = json.loads((folder / "audit.json").read_text("utf-8"))
    return sum(one["outcome"] == "fail" for one in report["findings"]), report.get("comparison") or {}


def heading(text: str) -> None:
    print(f"\n{_MARKS[0]}{text}\n{'=' * len(text)}{_MARKS[1]}", flush=True)


def demonstrate(lab: Lab, connection: str, listener: str, reports: pathlib.Path) -> int:
    """All of the demo. Gives the exit status: 0 only if everything is as it should be."""
    heading("The estate")
    print(lab.up().rstrip())
    hosts = lab.inventory(connection, listener)
    print(f"The playbook reaches it with ansible_connection {connection}, over {listener}.")
    before, after = reports / "before", reports / "after"
    shutil.rmtree(reports, ignore_errors=True)
    heading(f"The audit: ansible-playbook {VALIDATE}")
    audit = run(lab, hosts, VALIDATE, *reported(before))
    heading(f"What would be put right: ansible-playbook {ENFORCE} --check --diff")
    check = run(lab, hosts, ENFORCE, "--check", "--diff")
    heading(f"Putting it right: ansible-playbook {ENFORCE}")
    first = run(lab, hosts, ENFORCE)
    heading(f"Once more, with nothing left to do: ansible-playbook {ENFORCE}")
    second = run(lab, hosts, ENFORCE)
    heading(f"The audit once more, compared with the first: ansible-playbook {VALIDATE}")
    compared = run(lab, hosts, VALIDATE, *reported(after, before))
    heading("What it came to")
    runs = (audit, check, first, second, compared)
    failed = sum(one.status != 0 for one in runs)
    (broken, _none), (still_broken, since) = judged(before), judged(after)
    rows = (
        ("Drift that the check found", check.drift, check.drift > 0),
        ("Settings and names that the first run changed", first.changed, first.changed == check.drift),
        ("Writes on the wire in check mode", check.writes, not check.writes and not check.moved),
        ("Writes on the wire in the second run", second.writes, not second.writes and not second.moved),
        ("Writes on the wire in both audits", audit.writes + compared.writes, not (*audit.moved, *compared.moved)),
        ("Rules that the first audit found broken", broken, broken > 0),
        ("Of these, broken after the enforcement", still_broken, still_broken < broken and not since["new"]),
        ("Runs that failed", failed, failed == 0),
    )
    for place in (*audit.moved, *check.moved, *second.moved, *compared.moved):
        print(f"Moved when nothing should: {place}")
    for text, number, right in rows:
        print(f"{text:<50}{number:>4}  {'as it should be' if right else 'NOT as it should be'}")
    print(f"{'Seconds for the five runs':<50}{sum(one.seconds for one in runs):>4.0f}")
    for folder in (before, after):
        print(f"The report {folder.name}: {folder / 'audit.html'}")
    return 0 if all(right for text, number, right in rows) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connection", choices=["winrm", "psrp"], default="winrm")
    parser.add_argument("--listener", choices=["http", "https"], default="https")
    parser.add_argument("--reports", type=pathlib.Path, default=REPORTS, help="folder for the reports of the audits")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="winha-demo-"))
    lab = Lab(directory)
    try:
        return demonstrate(lab, options.connection, options.listener, options.reports.resolve())
    except daemon.DaemonError as exc:
        print(exc, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    finally:
        with contextlib.suppress(ValueError):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
        lab.down()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
