# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the collection on a lab of Windows hosts: an audit, check mode, the changes, and a second run without changes.

Where Samba can run, the lab has a domain controller with an Exchange organization. The summary at the end does not use
Ansible's own results. It counts differences in the printed diff, and writes and changed settings in the lab's journal
and the domain controller's audit log. It compares the stored values before and after each run that must not change any.
"""

from __future__ import annotations

import argparse
import contextlib
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
from demo_summary import Report, Run, Summary
from lab import daemon, journal
from lab.directory import DomainController, impediment
from lab.directory import journal as directory_journal
from lab.estate import load
from lab.inventory import inventory
from lab.running import cluster_repository, host_repository
from lab.windows.repository import plain

if t.TYPE_CHECKING:
    from lab.estate import Estate

TESTS = pathlib.Path(__file__).resolve().parent
ESTATES = TESTS / "lab" / "estates"
ENFORCE, VALIDATE = "winha.cluster.enforce", "winha.cluster.validate"
PLAN, APPLY, UNDO = "winha.cluster.plan", "winha.cluster.apply", "winha.cluster.undo"
PERMITTED = {"migration_network_allow_drain": True}
REPORTS = TESTS.parent / ".cache" / "demo"
KERBEROS = {"exchange_kerberos_accounts": {"2010": "EXCH-ASA$"}, "exchange_kerberos_credential_deployed": ["2010"]}
_NETWORKS = range(20, 50)  # of 127.0.0.0/8, so that demos can run side by side
_SETTLE_LIMIT, _SETTLE_INTERVAL = 60.0, 2.0  # seconds
_PROGRESS_INTERVAL = 5.0  # seconds
_COLOR_CODE = re.compile(r"\x1b\[[0-9;]*m")
_BOLD, _NORMAL = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")

Values = t.Mapping[tuple[str, ...], t.Any]


class Lab:
    """The lab of the demo, in a directory of its own and on free addresses."""

    def __init__(self, directory: pathlib.Path) -> None:
        self._state = directory / "state"
        self._source = directory / "estate.yml"
        self._journal_read = 0  # entries
        self._log_read = 0  # bytes

    def up(self) -> str:
        """Bring the estate up and say what it is."""
        text = (ESTATES / "demo.yml").read_text("utf-8")
        for network in _NETWORKS:
            text_here = described(text.replace(" 127.20.", f" 127.{network}."), network)
            self._source.write_text(text_here, "utf-8")
            try:
                with shown_progress(describe_setup(yaml.safe_load(text_here), network)):
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
        """The environment variables with which ansible-playbook finds the domain."""
        controller = self._controller()
        return controller.environment(self._state / "nobody.ccache") if controller else {}

    def writes(self) -> list[journal.Entry]:
        """The writes to hosts and clusters since the last call, from the lab's journal."""
        entries = journal.read(self._state / "journal.jsonl", writes=True)
        new, self._journal_read = entries[self._journal_read :], len(entries)
        return new

    def modifications(self) -> list[directory_journal.Change]:
        """The write requests to the domain controller since the last call, from its audit log."""
        controller = self._controller()
        if controller is None:
            return []
        new = directory_journal.read(controller.log, self._log_read)
        self._log_read = controller.log.stat().st_size
        return new

    def values(self) -> Values:
        """All values that hosts, clusters and the directory store, each with its path."""
        estate = self._estate()
        repositories = {cluster.name: cluster_repository(self._state, estate, cluster) for cluster in estate.clusters}
        repositories |= {host.name: host_repository(self._state, host) for host in estate.hosts}
        names = {
            ("directory", entry.dn): sorted(entry.all("servicePrincipalName"))
            for controller in filter(None, [self._controller()])
            for entry in controller.ldbsearch("(servicePrincipalName=*)", ["servicePrincipalName"])
        }
        return names | {
            (owner, instance.cls.name, *instance.key, *path): value
            for owner, repository in repositories.items()
            for instance in repository.all_instances()
            for name, stored in instance.values.items()
            for path, value in _scalars(plain(stored), name)
        }

    def settled_values(self) -> Values:
        """The same as soon as they no longer change: virtual machines move back to a node after the play has ended."""
        values, deadline = self.values(), time.monotonic() + _SETTLE_LIMIT
        while time.monotonic() < deadline:
            time.sleep(_SETTLE_INTERVAL)
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
    """Why the demo has no Active Directory, or None when it has one."""
    library = importlib.util.find_spec("ldap")
    return impediment() or (None if library else "the Python library python-ldap is missing")


def described(text: str, network: int) -> str:
    """The estate file, with a domain controller and an Exchange organization where Samba can run."""
    if missing():
        return text
    estate = yaml.safe_load(text)
    directory = yaml.safe_load((ESTATES / "exchange.yml").read_text("utf-8"))["directory"]
    address = f"127.{network}.0.51"
    server = {"name": directory["server"], "address": address, "windows": "2016", "groups": ["domain_controllers"]}
    estate["hosts"].append(server)
    return yaml.safe_dump(estate | {"directory": {**directory, "address": address}}, sort_keys=False)


def describe_setup(estate: t.Mapping[str, t.Any], network: int) -> str:
    """What the lab starts, and why it can take a while."""
    hosts = [host for host in estate["hosts"] if host.get("address") != estate.get("directory", {}).get("address")]
    text = f"Starting {len(hosts)} simulated Windows hosts with WinRM listeners on 127.{network}.0.0/16"
    if "directory" in estate:
        text += (
            f", and {estate['directory']['server']}, a Samba domain controller with an Exchange organization.\n"
            "The first start makes the domain, which takes longer; later starts use a copy of it"
        )
    return text


@contextlib.contextmanager
def shown_progress(text: str) -> t.Iterator[None]:
    """Print what is done, and every few seconds how long it has taken."""
    print(f"{text}.", flush=True)
    started, done = time.monotonic(), threading.Event()

    def show() -> None:
        while not done.wait(_PROGRESS_INTERVAL):
            print(f"    {time.monotonic() - started:.0f} s", flush=True)

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _scalars(value: t.Any, *path: str) -> t.Iterator[tuple[tuple[str, ...], t.Any]]:
    """The single values in a stored value, each with its path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _scalars(inner, *path, name)
    else:
        yield path, value


def changed_settings(writes: t.Iterable[journal.Entry]) -> set[tuple[str, ...]]:
    """The settings that requests changed. A drain and its mark are writes, too, but they change no setting.

    The display value of an advanced property follows its registry value, so it is not counted.
    """
    return {
        (entry.host, *entry.selectors.values(), change.cls, change.instance, change.property)
        for entry in writes
        if entry.cls not in ("MSCluster_Node", "MSCluster_ResourceGroup")
        for change in entry.changes
        if change.property != "DisplayValue"
    }


def run(lab: Lab, hosts: pathlib.Path, playbook: str, *options: str) -> Run:
    """Run a playbook, print its output, and count what it changed."""
    before = lab.values()
    command = [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", str(hosts), playbook, *options]
    display = {"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false", "ANSIBLE_FORCE_COLOR": "true" if _BOLD else "false"}
    started = time.monotonic()
    output = []
    with subprocess.Popen(
        command,
        env={**os.environ, **display, **lab.environment()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                output.append(_COLOR_CODE.sub("", line))
        except BaseException:
            process.send_signal(signal.SIGINT)
            raise
    seconds = time.monotonic() - started
    after = lab.values() if "--check" in options else lab.settled_values()
    writes, modifications = lab.writes(), lab.modifications()
    names = sum(
        len(values)
        for change in modifications
        for action, values in change.actions.get("servicePrincipalName", ())
        if change.done and action in ("add", "delete")
    )
    return Run(
        status=process.returncode,
        differences=sum(line.startswith("+") and not line.startswith("+++ ") for line in output),
        writes=len(writes) + len(modifications),
        changes=len(changed_settings(writes)) + names,
        changed_values=[".".join(path) for path in sorted({*before, *after}) if before.get(path) != after.get(path)],
        seconds=seconds,
    )


def audit_options(folder: pathlib.Path, earlier: pathlib.Path | None = None) -> tuple[str, str]:
    """The options of an audit: the folder of its report, and the folder of the report to compare it with."""
    variables = {"audit_folder": str(folder), "audit_title": "The demo", "audit_fail_on": "never"}
    if earlier:
        variables["audit_compare_with"] = str(earlier / "audit.json")
    return "-e", json.dumps(variables)


def heading(text: str) -> None:
    print(f"\n{_BOLD}{text}\n{'=' * len(text)}{_NORMAL}", flush=True)


def plan_options(folder: pathlib.Path, **variables: object) -> tuple[str, str]:
    """The options of a plan or of a change: its folder, and role variables."""
    return "-e", json.dumps({"plan_folder": str(folder), **variables})


def demonstrate(lab: Lab, connection: str, listener: str, reports: pathlib.Path) -> int:
    """Run the whole demo. Returns the exit status, which is 0 only if every result is the expected one."""
    heading("The lab")
    print(lab.up().rstrip())
    hosts = lab.inventory(connection, listener)
    print(f"Connection: {connection} over {listener}.")
    before, after, changes = reports / "before", reports / "after", reports / "changes"
    shutil.rmtree(reports, ignore_errors=True)
    audit = step(lab, hosts, "1. Audit", VALIDATE, audit_options(before))
    check = step(lab, hosts, "2. Check mode shows the plan", ENFORCE, ("--check", "--diff", *plan_options(changes)))
    first = step(lab, hosts, "3. The changes that need no drain and no restart", ENFORCE, plan_options(changes))
    plan = step(lab, hosts, "4. A plan with drains: one gate does not pass", PLAN, plan_options(changes, **PERMITTED))
    allowed = {**PERMITTED, "migration_network_allow_gates": ["dag_members_apart"]}
    approved = step(lab, hosts, "5. The gate is allowed by name", PLAN, plan_options(changes, **allowed))
    shutil.copy(changes / "plan.json", changes / "approved.json")
    allowed["plan_approved"] = str(changes / "approved.json")
    applied = step(lab, hosts, "6. The approved plan is applied", APPLY, plan_options(changes, **allowed))
    second = step(lab, hosts, "7. A second run changes nothing", ENFORCE, plan_options(changes, **allowed))
    audit_again = step(lab, hosts, "8. Second audit, compared with the first", VALIDATE, audit_options(after, before))
    record = {"undo_record": str(min(changes.glob("record-*.jsonl")))}
    undone = step(lab, hosts, "9. The changes of step 3 are undone", UNDO, plan_options(changes, **record))
    heading("Summary")
    summary = Summary(
        audit=audit,
        check=check,
        first=first,
        plan=plan,
        approved=approved,
        applied=applied,
        second=second,
        audit_again=audit_again,
        undone=undone,
        report=Report.read(before),
        later_report=Report.read(after),
    )
    print(summary.text(ENFORCE))
    for name, folder in (("first", before), ("second", after)):
        print(f"Report of the {name} audit: {folder / 'audit.html'}")
    print(f"Plan: {changes / 'plan.html'}")
    return 0 if summary.is_expected else 1


def step(lab: Lab, hosts: pathlib.Path, text: str, playbook: str, options: t.Sequence[str]) -> Run:
    """Run one step of the demo under its heading."""
    heading(f"{text}: ansible-playbook {playbook}")
    return run(lab, hosts, playbook, *options)


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
