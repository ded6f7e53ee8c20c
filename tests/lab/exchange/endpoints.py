# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints of all Exchange servers of an organization that have an address."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import faults
from ..checks import EstateError
from ..directory import DirectoryError, exchange_objects
from ..endpoint import Listener
from ..estate import Host
from ..wire.certificates import server_context
from . import journal
from .organization import Organization, adopt_trusts, described
from .replication import Replication
from .service import Endpoint, ExchangeService, PowerShellHandler
from .tickets import Tickets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..directory import DomainController
    from ..directory.description import Directory
    from .journal import Entry
    from .settings import Settings


class ExchangeEndpoints:
    """The running endpoints. `controller` is the domain controller that gets what the cmdlets write, if any."""

    def __init__(self, directory: Directory, state: Path, controller: DomainController | None = None) -> None:
        if directory.exchange is None or directory.exchange.powershell is None:
            raise EstateError("the directory has no Exchange organization")
        self.state = state
        self._controller = controller
        self._file = state / "exchange.json"
        self.settings: Settings = directory.exchange.powershell
        self._addresses = {one.name: one.address for one in directory.exchange.servers if one.address}
        self.replication = Replication(controller, self.settings.replication_seconds)
        self._journal = journal.Journal(state / "exchange.jsonl")
        state.mkdir(parents=True, exist_ok=True)
        self._endpoint = Endpoint(
            self.settings,
            described(directory, self._file),
            faults.Rules(state / "faults.yml"),
            self._journal,
            self.replication.take,
        )
        self._configure()
        self.services = {
            name: ExchangeService(self._endpoint, name, address) for name, address in self._addresses.items()
        }
        self._listeners: list[Listener] = []
        self._tickets: Tickets | None = None

    def _configure(self) -> None:
        self.organization.distribution_seconds = self.settings.distribution_seconds

    @property
    def organization(self) -> Organization:
        """The objects of the organization."""
        return self._endpoint.organization

    def start(self) -> None:
        """Open the listeners for HTTPS. Raises OSError if a port is taken."""
        self._follow_directory()
        for name, service in self.services.items():
            host = Host(self.organization.servers[name].fqdn, service.address, "2016")
            tls = server_context(self.state, host)
            try:
                self._listeners.append(Listener(service, "https", self.settings.https, tls, PowerShellHandler))
            except OSError:
                self.stop()
                raise
        for listener in self._listeners:
            listener.start()
        if self._controller is not None:
            self._tickets = Tickets(self._controller, self.state, self._endpoint.token, self.settings.http)
            self._tickets.start(self.services)

    def _follow_directory(self) -> None:
        """Use what only the directory has: the certificates of the trusts, and whether a logon succeeds."""
        exchange = self.organization.directory.exchange
        if self._controller is None or exchange is None:
            return
        base = exchange_objects.trusts_dn(self._controller.description, exchange)
        adopt_trusts(self.organization, self._controller.ldbsearch("(objectClass=msExchFedTrust)", base=base))
        self.organization.log_on = self._log_on

    def _log_on(self, user: str, password: str) -> bool:
        controller = self._controller
        netbios, _mark, name = user.partition("\\")
        if controller is None or netbios.upper() != controller.description.netbios:
            return False
        with tempfile.TemporaryDirectory() as folder:
            try:
                controller.kinit(f"{name}@{controller.realm}", Path(folder) / "cache", password=password)
            except DirectoryError:
                return False
        return True

    def stop(self) -> None:
        """Close the listeners, the shells and the replication."""
        if self._tickets:
            self._tickets.stop()
            self._tickets = None
        for listener in self._listeners:
            listener.stop()
        self._listeners.clear()
        for service in self.services.values():
            service.shells.close()
        self.replication.stop()

    def reset(self, directory: Directory) -> None:
        """The organization of the estate file again, with an empty journal."""
        for service in self.services.values():
            service.shells.close()
        self._file.unlink(missing_ok=True)
        self._journal.reset()
        self.replication.forget()
        self._endpoint.budget.clear()
        self._endpoint.organization = described(directory, self._file)
        self._configure()
        self._follow_directory()

    def journal(self, *, writes: bool = False, operation: str = "") -> list[Entry]:
        """The entries of the journal."""
        return journal.read(self.state / "exchange.jsonl", writes=writes, operation=operation)

    def open_shells(self) -> int:
        """The number of open shells on all servers."""
        return sum(service.shells.opened() for service in self.services.values())

    def add_fault(self, **rule: Any) -> None:
        """Add a fault rule. The keys are those of the file with the rules."""
        faults.add(self.state / "faults.yml", rule)

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        faults.save(self.state / "faults.yml", [])


@contextlib.contextmanager
def running(directory: Directory, state: Path) -> Iterator[ExchangeEndpoints]:
    """Endpoints without an estate and without a domain controller, for a with block."""
    found = ExchangeEndpoints(directory, state)
    found.start()
    try:
        yield found
    finally:
        found.stop()
