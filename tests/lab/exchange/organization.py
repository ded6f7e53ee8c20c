# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of the organization as its cmdlets see them. Their state survives a restart of the lab."""

from __future__ import annotations

import json
import threading
import uuid
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization

from ..directory import exchange_objects, federation_trusts
from ..directory.names import escaped
from . import refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ..directory.description import Directory
    from ..directory.ldif import Entry

_FRIENDLY = "Exchange Delegation Federation"
_NAMESPACE = uuid.UUID("6f1ac6a5-4a6e-4ae5-8f9a-5f0e6bf6f5a1")


def guid(dn: str) -> str:
    """The GUID of an object, made from its name."""
    return str(uuid.uuid5(_NAMESPACE, dn.lower()))


@dataclass(slots=True)
class Point:
    """An Autodiscover service connection point: its URL, and the sites of its keywords."""

    url: str
    sites: list[str] = field(default_factory=list)


@dataclass(slots=True)
class AccountEntry:
    """A credential of the alternate service account in the registry of a server, with the password encrypted."""

    user: str
    added: str
    sealed: str = field(repr=False)


@dataclass(slots=True)
class Certificate:
    """A certificate of a server or of a federation trust. Its key stays on the servers."""

    thumbprint: str
    pem: str
    friendly_name: str = ""
    services: str = "None"
    exportable: bool = False
    domains: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Server:
    """An Exchange server."""

    name: str
    fqdn: str
    site: str
    roles: list[str]
    version: tuple[int, int, int, int]
    dn: str
    points: list[Point] = field(default_factory=list)
    credentials: list[AccountEntry] = field(default_factory=list)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    remote_registry: bool = True
    reachable: bool = True

    @property
    def major(self) -> int:
        """14 for Exchange 2010, 15 for later ones."""
        return self.version[0]

    @property
    def release(self) -> tuple[int, int]:
        """The version as far as cmdlets differ: (14, 1) is 2010 SP1, (15, 0) 2013, (15, 1) 2016, (15, 2) later."""
        return self.version[:2]


@dataclass(slots=True)
class Array:
    """A CAS array of Exchange 2010."""

    name: str
    fqdn: str
    site: str
    dn: str


@dataclass(slots=True)
class Database:
    """A mailbox database; `endpoint` is its RpcClientAccessServer, a name that its legacy DN ends in."""

    name: str
    server: str
    endpoint: str
    dn: str


@dataclass(slots=True)
class Trust:
    """A federation trust, with the thumbprints of its certificates."""

    name: str
    dn: str
    application: str = ""
    current: str = ""
    previous: str = ""
    following: str = ""


class Named(Protocol):
    """An object with a name and a distinguished name."""

    name: str
    dn: str


One = TypeVar("One", bound=Named)


@dataclass(slots=True)
class Organization:
    """The objects by name, the path of their file, and the names of the directory."""

    directory: Directory = field(repr=False)
    file: Path | None = None
    servers: dict[str, Server] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)
    databases: dict[str, Database] = field(default_factory=dict)
    trusts: dict[str, Trust] = field(default_factory=dict)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    pushed: dict[str, float] = field(default_factory=dict)
    distribution_seconds: float = 0.0
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)
    log_on: Callable[[str, str], bool] | None = None
    key: bytes = field(default_factory=Fernet.generate_key, repr=False)

    def seal(self, password: str) -> str:
        """Encrypt a password, as DPAPI does."""
        return Fernet(self.key).encrypt(password.encode()).decode()

    def password(self, entry: AccountEntry) -> str:
        """The password of a credential, for tests."""
        return Fernet(self.key).decrypt(entry.sealed.encode()).decode()

    def can_log_on(self, entry: AccountEntry) -> bool:
        """Whether the domain accepts the user and the password of a credential."""
        password = self.password(entry)
        if self.log_on is not None:
            return self.log_on(entry.user, password)
        netbios, _mark, name = entry.user.partition("\\")
        accounts = {one.name.lower(): one.password for one in self.directory.accounts}
        return netbios.upper() == self.directory.netbios and accounts.get(name.lower()) == password

    def server(self, identity: str) -> Server:
        """The server of this identity. Raises Refusal."""
        return self._one(self.servers.values(), identity, lambda one: (one.fqdn,))

    def array(self, identity: str) -> Array:
        """The CAS array of this identity. Raises Refusal."""
        return self._one(self.arrays.values(), identity, lambda one: (one.fqdn,))

    def database(self, identity: str) -> Database:
        """The mailbox database of this identity. Raises Refusal."""
        return self._one(self.databases.values(), identity, lambda _one: ())

    def trust(self, identity: str) -> Trust:
        """The federation trust of this identity. Raises Refusal."""
        return self._one(self.trusts.values(), identity, lambda _one: ())

    @property
    def controller(self) -> str:
        """The domain controller in messages."""
        return self.directory.fqdn

    def _one(self, objects: Iterable[One], identity: str, names: Callable[[One], tuple[str, ...]]) -> One:
        wanted = identity.lower()
        found: list[One] = []
        for one in objects:
            known = {one.name.lower(), one.dn.lower(), guid(one.dn), *(name.lower() for name in names(one))}
            if wanted in known:
                found.append(one)
        if not found:
            raise refusals.not_found(identity, self.controller)
        if len(found) > 1:
            raise refusals.ambiguous(identity)
        return found[0]

    def save(self) -> None:
        """Write the state to the file."""
        if self.file is None:
            return
        kept: dict[str, Any] = {
            name: {key: asdict(one) for key, one in getattr(self, name).items()}
            for name in ("servers", "arrays", "databases", "trusts", "certificates")
        }
        kept |= {"key": self.key.decode(), "pushed": self.pushed}
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(kept), encoding="utf-8")
        draft.replace(self.file)


def described(directory: Directory, file: Path | None = None) -> Organization:
    """The organization of the estate file, or its state if the file has one."""
    found = Organization(directory, file)
    if file is not None and file.exists():
        _load(found, json.loads(file.read_text(encoding="utf-8")))
    else:
        _fill(found)
        found.save()
    return found


def _fill(found: Organization) -> None:
    exchange = found.directory.exchange
    if exchange is None:
        return
    places = exchange_objects.Places(found.directory, exchange)
    for server in exchange.servers:
        points = [Point(server.scp, list(server.scp_sites))] if server.scp else []
        found.servers[server.name] = Server(
            server.name, server.fqdn, server.site, list(server.roles), server.version, places.server(server.name),
            points, remote_registry=server.remote_registry,
        )  # fmt: skip
    for array in exchange.arrays:
        found.arrays[array.name] = Array(array.name, array.fqdn, array.site, places.array(array.name))
    for database in exchange.databases:
        first = min(database.copies, key=lambda name: database.copies[name])
        found.databases[database.name] = Database(
            database.name, first, database.legacy_name, places.database(database.name)
        )
    for trust in exchange.trusts:
        dn = f"CN={escaped(trust.name)},{exchange_objects.trusts_dn(found.directory, exchange)}"
        held = Trust(trust.name, dn, trust.application)
        for part, settings in (
            ("current", trust.current),
            ("previous", trust.previous),
            ("following", trust.following),
        ):
            if settings:
                key = federation_trusts.key(settings.key)
                setattr(held, part, adopt(found, federation_trusts.build_certificate(settings, key)))
        found.trusts[trust.name] = held


def adopt(found: Organization, made: x509.Certificate) -> str:
    """Take a certificate of a federation trust, which is on all servers, and return its thumbprint."""
    thumbprint = federation_trusts.thumbprint(made)
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    found.certificates[thumbprint] = Certificate(thumbprint, pem, _FRIENDLY, "Federation", exportable=True)
    found.pushed[thumbprint] = 0.0
    return thumbprint


def adopt_trusts(found: Organization, entries: Iterable[Entry]) -> None:
    """Take the certificates of the federation trusts as the directory has them."""
    for entry in entries:
        trust = next((one for one in found.trusts.values() if one.dn.lower() == entry.dn.lower()), None)
        for part, infix in (("current", ""), ("previous", "Prev"), ("following", "Next")):
            for value in entry.raw(f"msExchFedOrg{infix}Certificate"):
                if trust is not None:
                    made = x509.load_der_x509_certificate(federation_trusts.certificate_in(value))
                    setattr(trust, part, adopt(found, made))


def _load(found: Organization, kept: dict[str, Any]) -> None:
    found.key = kept["key"].encode()
    found.pushed = kept["pushed"]
    for name, data in kept["servers"].items():
        body = dict(data)
        body["version"] = tuple(body["version"])
        body["points"] = [Point(**item) for item in body["points"]]
        body["credentials"] = [AccountEntry(**item) for item in body["credentials"]]
        body["certificates"] = {key: Certificate(**item) for key, item in body["certificates"].items()}
        found.servers[name] = Server(**body)
    found.arrays = {name: Array(**item) for name, item in kept["arrays"].items()}
    found.databases = {name: Database(**item) for name, item in kept["databases"].items()}
    found.trusts = {name: Trust(**item) for name, item in kept["trusts"].items()}
    found.certificates = {name: Certificate(**item) for name, item in kept["certificates"].items()}
