# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session with Active Directory: a domain controller and, where needed, a global catalog. Private to this collection.

A search whose response is lost is sent again, if necessary to the next server. A write is sent once, and the caller
reads the result. After a write, only that domain controller is used: the others may not have received the change yet.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ..errors import CredentialsRefused, ResponseLost, ServerError, Unreachable, WriteRefused
from ..ticket import Kinit, Ticket
from .access import Access, Server
from .binding import Binding
from .distinguished_name import domain_of
from .ldap_errors import Refused

if t.TYPE_CHECKING:
    from .entry import Entry

# A domain controller fills its pages. A search with more short pages than this has no end.
_SHORT_PAGES = 200
_SHORT_PAGE = 100  # entries
_MOST_ENTRIES = 10_000_000
_SCOPES = {"base": 0, "one": 1, "subtree": 2}
_READ_ONLY_CONTROLLER = (
    "1.2.840.113556.1.4.1920"  # LDAP_CAP_ACTIVE_DIRECTORY_PARTIAL_SECRETS_OID, [MS-ADTS] 3.1.1.3.4.3
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RootDse:
    """The rootDSE of a domain controller; names are distinguished names."""

    server: str
    domain_dn: str
    root_dn: str
    configuration_dn: str
    is_catalog: bool
    is_read_only: bool


@dataclasses.dataclass(frozen=True, slots=True)
class _WriteTarget:
    """The server that was written to, with its own DNS name."""

    server: Server
    name: str

    @property
    def advice(self) -> str:
        return f"run it again when {self.name} is available; other domain controllers may not have its changes yet"


class Directory:
    """A session. With C(read_only) it never sends a write."""

    def __init__(self, access: Access, *, read_only: bool = False) -> None:
        self.host = access.servers[0] if access.servers else access.domain
        self.writes = 0
        self._access = access
        self._read_only = read_only
        self._ticket: Ticket | None = None
        self._main: Binding | None = None
        self._catalog: Binding | None = None
        self._root: RootDse | None = None
        self._write_target: _WriteTarget | None = None

    @property
    def root(self) -> RootDse:
        """The rootDSE of the domain controller. Raises C(ServerError)."""
        if self._root is None:
            self._root = self._read_root()
        return self._root

    def _read_root(self) -> RootDse:
        names = ("dnsHostName", "defaultNamingContext", "rootDomainNamingContext", "configurationNamingContext",
                 "isGlobalCatalogReady", "supportedCapabilities")  # fmt: skip
        operation = "reading the naming contexts"
        found = next(self.search("", "(objectClass=*)", names, scope="base", operation=operation), None)
        if found is None or not found.text("defaultNamingContext"):
            with self._error_context(operation):
                raise Refused("it returned no naming context", advice="check that it is a domain controller")
        return RootDse(
            server=found.text("dnsHostName"),
            domain_dn=found.text("defaultNamingContext"),
            root_dn=found.text("rootDomainNamingContext"),
            configuration_dn=found.text("configurationNamingContext"),
            is_catalog=found.text("isGlobalCatalogReady").upper() == "TRUE",
            is_read_only=_READ_ONLY_CONTROLLER in found.texts("supportedCapabilities"),
        )

    @property
    def configuration_dn(self) -> str:
        return self.root.configuration_dn

    @property
    def domain_dn(self) -> str:
        """The domain of the domain controller."""
        return self.root.domain_dn

    @property
    def forest(self) -> str:
        """The DNS name of the forest's root domain."""
        return domain_of(self.root.root_dn)

    @property
    def is_own_catalog(self) -> bool:
        """Whether the domain controller itself is the global catalog."""
        return self.root.is_catalog and not self._access.catalogs

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to the domain controller."""
        return self._main is not None

    def search(
        self,
        base: str,
        filter_: str,
        attributes: t.Sequence[str],
        *,
        scope: t.Literal["base", "one", "subtree"] = "subtree",
        operation: str,
    ) -> t.Iterator[Entry]:
        """Search below C(base) and yield the entries page by page.

        Raises C(ServerError); C(NoSuchObject) if C(base) does not exist.
        """
        yield from self._pages(base, filter_, attributes, scope=scope, operation=operation, catalog=False)

    def search_forest(self, filter_: str, attributes: t.Sequence[str], *, operation: str) -> t.Iterator[Entry]:
        """Search the forest in a global catalog, which has only some of the attributes."""
        yield from self._pages("", filter_, attributes, scope="subtree", operation=operation, catalog=True)

    def change_values(
        self, dn: str, attribute: str, *, add: t.Sequence[str] = (), delete: t.Sequence[str] = (), operation: str
    ) -> None:
        """Add and delete values of an attribute, all or none. Other values stay.

        Raises C(ServerError). After C(ResponseLost), read the values to find out whether they were written.
        """
        self._write(lambda binding: binding.modify(dn, attribute, add=add, delete=delete), operation)

    def set_password(self, dn: str, password: str) -> None:
        """Set the password of an account. Raises as C(change_values) does; read the time of the last change then."""
        self._write(lambda binding: binding.set_password(dn, password), f"setting the password of {dn}")

    def _write(self, write: t.Callable[[Binding], None], operation: str) -> None:
        with self._error_context(operation):
            if self._read_only:
                raise WriteRefused("a read-only session tried to send a write")
            if self.root.is_read_only:
                raise Refused("it is a read-only domain controller", advice="set servers to a writable one")
            binding = self._binding(False)
            self._write_target = _WriteTarget(binding.server, self.root.server)
            self.writes += 1
            try:
                write(binding)
            except ResponseLost as exc:
                exc.advice = self._write_target.advice
                self._close_binding(False)
                raise

    def close(self) -> None:
        """Close the session and delete the Kerberos ticket that it fetched."""
        self._close_binding(True)
        self._close_binding(False)
        if self._ticket is not None:
            self._ticket.drop()
            self._ticket = None

    def _pages(
        self, base: str, filter_: str, attributes: t.Sequence[str], *, scope: str, operation: str, catalog: bool
    ) -> t.Iterator[Entry]:
        with self._error_context(operation):
            page = None
            try:
                page = self._binding(catalog).page(base, _SCOPES[scope], filter_, attributes, b"")
            except ResponseLost:
                # The connection may have closed while idle. Try again on a new one, if necessary to the next server.
                self._close_binding(catalog)
                page = self._binding(catalog).page(base, _SCOPES[scope], filter_, attributes, b"")
            pages = entries = 0
            while True:
                yield from page.entries
                if not page.cookie:
                    return
                pages, entries = pages + 1, entries + len(page.entries)
                if pages > _SHORT_PAGES + entries // _SHORT_PAGE or entries > _MOST_ENTRIES:
                    raise ResponseLost(f"the response has no end: {pages} pages with {entries} entries were read")
                try:
                    page = self._binding(catalog).page(base, _SCOPES[scope], filter_, attributes, page.cookie)
                except ResponseLost:
                    self._close_binding(catalog)
                    raise

    def _binding(self, catalog: bool) -> Binding:
        if catalog:
            if self._catalog is None:
                self._catalog = self._connect_to_first(self._catalogs(), catalog=True)
            return self._catalog
        if self._main is None and self._write_target is not None:
            self._main = self._reconnect(self._write_target)
        elif self._main is None:
            self._main = self._connect_to_first(_look_up(self._access.domain_controllers), catalog=False)
        return self._main

    def _catalogs(self) -> list[Server]:
        if self._access.catalogs:
            return _look_up(lambda: [Server.parse(text) for text in self._access.catalogs])
        if self.is_own_catalog:
            return [Server(Server.parse(self.host).host)]
        service = f"_gc._tcp.{self.forest}"
        return _look_up(lambda: self._access.find_in_dns(service, below=self.forest))

    def _connect_to_first(self, servers: t.Sequence[Server], *, catalog: bool) -> Binding:
        """Connect to the first available server. Stop at wrong credentials: more attempts would lock the account."""
        failures: list[Unreachable] = []
        operation = f"connecting to {'the global catalog' if catalog else 'LDAP'}"
        for server in servers:
            if not catalog:
                self.host = server.host
            try:
                self._fetch_ticket()
                return Binding(self._access, server, catalog=catalog)
            except CredentialsRefused as exc:
                exc.operation, exc.host = "signing in", server.host
                raise
            except Unreachable as exc:
                exc.operation, exc.host = operation, server.host
                exc.args = (f"{server.host}: {exc.detail}" if len(servers) > 1 else exc.detail,)
                failures.append(exc)
        if len(failures) == 1:
            raise failures[0]
        error = Unreachable("; ".join(exc.detail for exc in failures), advice=failures[-1].advice)
        error.operation, error.host = operation, f"{len(servers)} servers"
        raise error from failures[-1]

    def _reconnect(self, target: _WriteTarget) -> Binding:
        """Reconnect to the domain controller that was written to. Only it has the result of the write."""
        try:
            self._main = self._connect_to_first([target.server], catalog=False)
            (found,) = self._main.page("", _SCOPES["base"], "(objectClass=*)", ("dnsHostName",), b"").entries
            if (name := found.text("dnsHostName")) != target.name:
                raise Unreachable(f"{self.host} is now {name}, but the changes were written to {target.name}")
        except CredentialsRefused:
            raise
        except (Unreachable, ResponseLost) as exc:
            self._close_binding(False)
            exc.advice = target.advice
            raise
        return self._main

    def _fetch_ticket(self) -> None:
        access = self._access
        if self._ticket is None and access.authentication == "kerberos" and access.password:
            self._ticket = Kinit(timeout=access.operation_timeout).fetch(access.principal(), access.password)

    def _close_binding(self, catalog: bool) -> None:
        """Close a connection and clear its cached state: the next connection may be to another server."""
        binding = self._catalog if catalog else self._main
        if catalog:
            self._catalog = None
        else:
            self._main = self._root = None
            if not self._access.catalogs:
                self._close_binding(True)
        if binding is not None:
            binding.close()

    @contextlib.contextmanager
    def _error_context(self, operation: str) -> t.Iterator[None]:
        """Add the operation and the host to any error raised inside."""
        try:
            yield
        except ServerError as exc:
            if not exc.operation:
                exc.operation, exc.host = operation, self.host
            raise


def _look_up(servers: t.Callable[[], list[Server]]) -> list[Server]:
    try:
        return servers()
    except Unreachable as exc:
        exc.operation, exc.host = "looking up the servers", "this machine"
        raise
