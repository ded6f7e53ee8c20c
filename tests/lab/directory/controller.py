# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A domain controller of the estate: Samba, bound to one loopback address."""

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
_PATIENCE = 30.0


def _nothing() -> None:
    pass


class DomainController:
    """The domain of an estate, with its state in a folder; `state` holds the lab's CA."""

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
        """The Kerberos configuration of a client."""
        return self.folder / "krb5.conf"

    @property
    def log(self) -> Path:
        """What Samba said; each line that begins with a brace is a change that somebody asked for, as JSON."""
        return self.folder / "samba.log"

    def environment(self, cache: Path | None = None) -> dict[str, str]:
        """Variables for a process that is to find this domain; with `cache`, where its tickets are kept."""
        loaded = " ".join(filter(None, ("libnss_wrapper.so", os.environ.get("LD_PRELOAD"))))
        found = {
            "KRB5_CONFIG": str(self.krb5_conf),
            "LD_PRELOAD": loaded,
            "NSS_WRAPPER_HOSTS": str(self.folder / "hosts"),
        }
        return {**found, "KRB5CCNAME": f"FILE:{cache}"} if cache else found

    def prepare(self) -> None:
        """Make the domain if the folder has none. Raises DirectoryError."""
        if problem := impediment():
            raise DirectoryError(problem)
        # The estate file is described in terms of this package.
        from ..estate import Host

        host = Host(self.fqdn, self.address, "2022", certificate=self.description.certificate)
        self._state.mkdir(parents=True, exist_ok=True)
        certificates.server_context(self._state, host)
        pem = self._state.resolve() / f"{self.fqdn}.pem"
        pem.chmod(0o600)
        if not (self.folder / "complete").exists():
            self.delete()
            domain_cache.make(self.description, self.folder, pem)
            (self.folder / "complete").touch()
        else:
            domain_cache.write_configuration(self.description, self.folder, pem)
        self.krb5_conf.write_text(config_files.krb5(self.description), encoding="utf-8")
        self._write_hosts(self.address)

    def _write_hosts(self, address: str) -> None:
        """Let the controller's name mean an address to the processes of `environment`, also to those that run."""
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
            raise DirectoryError(f"{self.fqdn} is running already")
        self.remove_relay()
        self.prepare()
        self._check_ports()
        with self.log.open("ab") as log:
            # Samba ends by itself when the other end of its standard input is gone, however this process ends.
            self._process = subprocess.Popen(
                [program("samba"), "-i", "-M", "single", "-s", str(self.folder / "smb.conf")],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait(self._process)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _PATIENCE
        waiting = list(PORTS)
        while waiting:
            if process.poll() is not None:
                self._process = None
                said = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
                raise DirectoryError(f"Samba ended at once: {said[-1] if said else 'it said nothing'} (see {self.log})")
            with contextlib.suppress(OSError):
                socket.create_connection((self.address, waiting[0]), timeout=1).close()
                del waiting[0]
                continue
            if time.monotonic() > deadline:
                self.kill()
                raise DirectoryError(f"Samba does not listen on {self.address}:{waiting[0]}: see {self.log}")
            time.sleep(0.01)

    @property
    def is_running(self) -> bool:
        """Whether the controller's process lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End the controller in good order; its state stays."""
        self.remove_relay()
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._ended()

    def kill(self) -> None:
        """End the controller as a power failure does."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def _ended(self) -> None:
        if self._process is not None:
            self._process.wait()
            if self._process.stdin:
                self._process.stdin.close()
            self._process = None
            shutil.rmtree(domain_cache.sockets(self.folder), ignore_errors=True)

    def reset(self, directory: Directory | None = None) -> None:
        """Go back to the description, or on to another of the same domain; a controller that runs is started again."""
        was_running = self.is_running
        self.stop()
        self.description = directory or self.description
        self.delete()
        if was_running:
            self.start()

    def fail_after_writes(self, count: int, *, answer: str = "lost", controller: str = "dies") -> None:
        """Let the controller die, as in a power failure, once it has stored so many writes from now on.

        The last of them is stored; its answer is `lost` or `given`. A controller that `lives` only loses its
        connections, once, and takes new ones. Meanwhile its name leads to a relay on the address `relay`, which
        understands nothing: what was stored it reads from the controller's audit log. `start` brings a controller back
        that died. Raises DirectoryError when the relay's address is taken.
        """
        self.remove_relay()
        begin = self.log.stat().st_size
        dies = controller == "dies"
        spent = threading.Event()

        def verdict() -> str:
            if spent.is_set() or sum(change.done for change in journal.read(self.log, begin)) < count:
                return "pass"
            spent.set()
            return {"lost": "lose", "given": "give"}[answer]

        ended = self.kill if dies else _nothing
        self._relay = Relay(self.description.relay, self.address, verdict, ended, final=dies)
        self._relay.start()
        self._write_hosts(self.description.relay)

    def remove_relay(self) -> None:
        """Take the relay away; a controller that died stays so until it is started."""
        if self._relay:
            self._relay.stop()
            self._relay = None
            self._write_hosts(self.address)

    def changes(self, start: int = 0) -> list[Change]:
        """What the controller was asked to write over the network; `start` is a size that `log` had before."""
        return journal.read(self.log, start)

    def modify_unchecked(self, ldif: str) -> None:
        """Change the domain's partition on disk, running or not: nothing is checked, and no USN is taken."""
        domain_cache.modify_unchecked(self.folder, self.base_dn, ldif)

    def ldbsearch(
        self, expression: str, attributes: Sequence[str] = (), *, base: str | None = None, scope: str = "sub"
    ) -> list[Entry]:
        """Objects as they are stored, read from disk past any protocol. `base` is the domain unless said."""
        where = self.base_dn if base is None else base
        found = insist(
            "ldbsearch", *domain_cache.database(self.folder), "-b", where, "-s", scope, expression, *attributes
        )
        return parse(found)

    def usn(self, dn: str) -> int:
        """The uSNChanged of an object: another number means that somebody wrote to it."""
        (found,) = self.ldbsearch("(objectClass=*)", ["uSNChanged"], base=dn, scope="base")
        return int(found.one("uSNChanged"))

    def highest_usn(self) -> int:
        """The highest committed USN: another number means that somebody wrote something."""
        (found,) = self.ldbsearch("(objectClass=*)", ["highestCommittedUSN"], base="", scope="base")
        return int(found.one("highestCommittedUSN"))

    def kinit(self, principal: str, cache: Path, *, password: str | None = None, keytab: Path | None = None) -> None:
        """Get a ticket-granting ticket. Raises DirectoryError with the words of kinit."""
        given = ["-k", "-t", str(keytab)] if keytab else []
        insist("kinit", *given, principal, given=password, environment=self.environment(cache))

    def kvno(self, spn: str, cache: Path, *, keytab: Path | None = None) -> str:
        """Get a service ticket, and prove with `keytab` that its account can decrypt it. Raises DirectoryError."""
        checked = ["-k", str(keytab)] if keytab else []
        return insist("kvno", *checked, spn, environment=self.environment(cache)).strip()

    def export_keytab(self, principal: str, path: Path) -> Path:
        """The keys of an account, by sAMAccountName or SPN."""
        conf = str(self.folder / "smb.conf")
        insist("samba-tool", "domain", "exportkeytab", str(path), f"--principal={principal}", f"--configfile={conf}")
        return path


@contextlib.contextmanager
def running(directory: Directory, state: Path) -> Iterator[DomainController]:
    """A controller alone, for the length of a with block."""
    found = DomainController(directory, state)
    found.start()
    try:
        yield found
    finally:
        found.stop()
