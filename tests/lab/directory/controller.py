# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The domain controller of an estate: Samba on one loopback address."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

from ..wire import certificates
from . import config_files, domain_cache, journal
from .ldif import parse
from .programs import DirectoryError, impediment, insist, program
from .relay import Relay

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .description import Directory
    from .journal import Change
    from .ldif import Entry

PORTS = (53, 88, 389, 464, 636, 3268, 3269)
_START_TIMEOUT = 30.0


def _do_nothing() -> None:
    pass


class DomainController:
    """The domain of an estate. Its files are in the folder `directory` of `state`, the CA of the lab is in `state`."""

    def __init__(self, directory: Directory, state: Path) -> None:
        self.description = directory
        self.folder = (state / "directory").resolve()
        self.ca_file = (state / "ca.pem").resolve()
        self._state = state
        self._process: subprocess.Popen[bytes] | None = None
        self._relay: Relay | None = None
        self.address = directory.address
        self.fqdn = directory.fqdn
        self.realm = directory.realm
        self.domain = directory.domain
        self.base_dn = directory.base_dn
        self.configuration_dn = directory.configuration_dn
        self.administrator = "Administrator"
        self.password = directory.password

    @property
    def krb5_conf(self) -> Path:
        """The Kerberos configuration for clients."""
        return self.folder / "krb5.conf"

    @property
    def log(self) -> Path:
        """The log of Samba. Each line that begins with a brace is a write request, as JSON."""
        return self.folder / "samba.log"

    def environment(self, cache: Path | None = None) -> dict[str, str]:
        """The environment variables for clients of this domain. `cache` is the file for their tickets."""
        loaded = " ".join(filter(None, ("libnss_wrapper.so", os.environ.get("LD_PRELOAD"))))
        found = {
            "KRB5_CONFIG": str(self.krb5_conf),
            "LD_PRELOAD": loaded,
            "NSS_WRAPPER_HOSTS": str(self.folder / "hosts"),
        }
        return {**found, "KRB5CCNAME": f"FILE:{cache}"} if cache else found

    def prepare(self) -> None:
        """Create the domain if the folder has none. Raises DirectoryError."""
        if problem := impediment():
            raise DirectoryError(problem)
        # The estate module imports this package.
        from ..estate import Host

        host = Host(self.fqdn, self.address, "2022", certificate=self.description.certificate)
        self._state.mkdir(parents=True, exist_ok=True)
        certificates.server_context(self._state, host)
        pem = self._state.resolve() / f"{self.fqdn}.pem"
        pem.chmod(0o600)
        if not (self.folder / "complete").exists():
            self.delete()
            domain_cache.create(self.description, self.folder, pem)
            (self.folder / "complete").touch()
        else:
            domain_cache.write_configuration(self.description, self.folder, pem)
        self.krb5_conf.write_text(config_files.krb5(self.description), encoding="utf-8")
        self._write_hosts(self.address)

    def _write_hosts(self, address: str) -> None:
        """Write the hosts file, with this address for the domain controller. Running clients use it at once."""
        draft = self.folder / "hosts.new"
        draft.write_text(config_files.hosts(self.description, address), encoding="utf-8")
        draft.replace(self.folder / "hosts")

    def delete(self) -> None:
        """Remove the domain of the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _check_ports(self) -> None:
        for port in PORTS:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((self.address, port))
                except OSError as problem:
                    raise DirectoryError(f"{self.address}:{port} of {self.fqdn}: {problem.strerror}") from problem

    def start(self) -> None:
        """Start the controller and wait until it listens. Raises DirectoryError."""
        if self.is_running:
            raise DirectoryError(f"{self.fqdn} is already running")
        self.remove_relay()
        self.prepare()
        self._check_ports()
        with self.log.open("ab") as log:
            # Samba exits when its standard input is closed, also after a crash of this process.
            self._process = subprocess.Popen(
                [program("samba"), "-i", "-M", "single", "-s", str(self.folder / "smb.conf")],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait(self._process)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        closed_ports = list(PORTS)
        while closed_ports:
            if process.poll() is not None:
                self._process = None
                lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                raise DirectoryError(
                    f"Samba exited at once: {lines[-1] if lines else 'its log is empty'} (see {self.log})"
                )
            with contextlib.suppress(OSError):
                socket.create_connection((self.address, closed_ports[0]), timeout=1).close()
                del closed_ports[0]
                continue
            if time.monotonic() > deadline:
                self.kill()
                raise DirectoryError(f"Samba does not listen on {self.address}:{closed_ports[0]}: see {self.log}")
            time.sleep(0.01)

    @property
    def is_running(self) -> bool:
        """Whether the process of the domain controller is running."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the domain controller. Its state is kept."""
        self.remove_relay()
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._clean_up()

    def kill(self) -> None:
        """Kill the domain controller, as a power failure does."""
        if self._process is not None:
            self._process.kill()
            self._clean_up()

    def _clean_up(self) -> None:
        if self._process is not None:
            self._process.wait()
            if self._process.stdin:
                self._process.stdin.close()
            self._process = None
            shutil.rmtree(domain_cache.sockets(self.folder), ignore_errors=True)

    def reset(self, directory: Directory | None = None) -> None:
        """Create the domain again from this description, or from its own. Restarts the domain controller if it runs."""
        was_running = self.is_running
        self.stop()
        self.description = directory or self.description
        self.delete()
        if was_running:
            self.start()

    def fail_after_writes(self, count: int, *, answer: str = "lost", controller: str = "dies") -> None:
        """Kill the domain controller after it has stored this number of writes, as a power failure does.

        The response to the last write is `lost` or `given`. A domain controller that `lives` is not killed: its
        connections are closed once. Clients connect through a relay on the address `relay`, which counts the stored
        writes in the audit log of the domain controller. `start` starts a killed domain controller. Raises
        DirectoryError if the address of the relay is in use.
        """
        self.remove_relay()
        begin = self.log.stat().st_size
        dies = controller == "dies"
        triggered = threading.Event()

        def decide() -> str:
            if triggered.is_set() or sum(change.done for change in journal.read(self.log, begin)) < count:
                return "pass"
            triggered.set()
            return {"lost": "lose", "given": "give"}[answer]

        on_end = self.kill if dies else _do_nothing
        self._relay = Relay(self.description.relay, self.address, decide, on_end, final=dies)
        self._relay.start()
        self._write_hosts(self.description.relay)

    def remove_relay(self) -> None:
        """Remove the relay. A killed domain controller is not started."""
        if self._relay:
            self._relay.stop()
            self._relay = None
            self._write_hosts(self.address)

    def changes(self, start: int = 0) -> list[Change]:
        """The write requests over the network. `start` is an earlier size of `log` in bytes."""
        return journal.read(self.log, start)

    def modify(self, ldif: str) -> None:
        """Change objects on disk, with the checks of Samba and new USNs. The domain controller may run."""
        domain_cache.modify(self.folder, ldif)

    def modify_unchecked(self, ldif: str) -> None:
        """Change the domain partition on disk, without checks and without a new USN. The domain controller may run."""
        domain_cache.modify_unchecked(self.folder, self.base_dn, ldif)

    def ldbsearch(
        self, expression: str, attributes: Sequence[str] = (), *, base: str | None = None, scope: str = "sub"
    ) -> list[Entry]:
        """The stored objects, read from disk. The default of `base` is the domain."""
        where = self.base_dn if base is None else base
        found = insist(
            "ldbsearch", *domain_cache.database(self.folder), "-b", where, "-s", scope, expression, *attributes
        )
        return parse(found)

    def usn(self, dn: str) -> int:
        """The uSNChanged of an object. A write to the object changes it."""
        (found,) = self.ldbsearch("(objectClass=*)", ["uSNChanged"], base=dn, scope="base")
        return int(found.one("uSNChanged"))

    def highest_usn(self) -> int:
        """The highest committed USN. A write to any object changes it."""
        (found,) = self.ldbsearch("(objectClass=*)", ["highestCommittedUSN"], base="", scope="base")
        return int(found.one("highestCommittedUSN"))

    def kinit(self, principal: str, cache: Path, *, password: str | None = None, keytab: Path | None = None) -> None:
        """Get a ticket-granting ticket. Raises DirectoryError with the message of kinit."""
        options = ["-k", "-t", str(keytab)] if keytab else []
        insist("kinit", *options, principal, given=password, environment=self.environment(cache))

    def kvno(self, spn: str, cache: Path, *, keytab: Path | None = None) -> str:
        """Get a service ticket. With `keytab`, check that its key can decrypt the ticket. Raises DirectoryError."""
        options = ["-k", str(keytab)] if keytab else []
        return insist("kvno", *options, spn, environment=self.environment(cache)).strip()

    def export_all_keys(self, path: Path) -> Path:
        """Export the keys of all accounts."""
        path.unlink(missing_ok=True)
        insist("samba-tool", "domain", "exportkeytab", str(path), f"--configfile={self.folder / 'smb.conf'}")
        return path

    def export_keytab(self, principal: str, path: Path) -> Path:
        """Export the keys of an account, by its sAMAccountName or SPN."""
        conf = str(self.folder / "smb.conf")
        insist("samba-tool", "domain", "exportkeytab", str(path), f"--principal={principal}", f"--configfile={conf}")
        return path


@contextlib.contextmanager
def running(directory: Directory, state: Path) -> Iterator[DomainController]:
    """A domain controller without an estate, for a with block."""
    found = DomainController(directory, state)
    found.start()
    try:
        yield found
    finally:
        found.stop()
