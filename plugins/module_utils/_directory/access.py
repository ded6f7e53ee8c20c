# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the domain controllers are and how to sign in. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import CredentialsRefused, Unreachable

try:
    import dns.exception
    import dns.resolver
except ImportError as exc:
    DNS_IMPORT_ERROR: ImportError | None = exc
else:
    DNS_IMPORT_ERROR = None

_TLS = {"ldaps": "ldaps"}
_PORTS = {"none": (389, 3268), "start_tls": (389, 3268), "ldaps": (636, 3269)}


@dataclasses.dataclass(frozen=True, slots=True)
class Server:
    """A server name, with a port if it is not the default one."""

    host: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> Server:
        """C(dc1.corp.example.com), C(dc1.corp.example.com:636), C([2001:db8::1]:636). Raises C(Unreachable)."""
        scheme, mark, rest = text.partition("://")
        if mark:
            raise Unreachable(
                f"{text} is a URL and not a server",
                advice=f"write {rest.rstrip('/')}, and for {scheme} set the option tls to {_TLS.get(scheme, 'none')}",
            )
        host, colon, port = text.rpartition(":")
        if not colon or (host.count(":") and not host.endswith("]")):
            return cls(text.strip("[]"))
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise Unreachable(f"{text} is not a server: the text after the colon is not a port", advice="correct it")
        return cls(host.strip("[]"), int(port))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to connect to Active Directory. Times are in seconds.

    C(servers) are tried in order. If there are none, DNS returns the domain controllers of C(domain). C(catalogs) are
    global catalog servers. If there are none, the domain controller is used if it is a global catalog, otherwise a
    server that DNS returns.
    """

    servers: tuple[str, ...] = ()
    domain: str = ""
    catalogs: tuple[str, ...] = ()
    dns_servers: tuple[str, ...] = ()
    username: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    authentication: str = "kerberos"
    tls: str = "none"
    validate_certs: bool = True
    ca_path: str | None = None
    connect_timeout: float = 10
    operation_timeout: float = 60

    def uri(self, server: Server, *, catalog: bool) -> str:
        """The LDAP URI of a server, or of the global catalog on it."""
        host = f"[{server.host}]" if ":" in server.host else server.host
        return f"{'ldaps' if self.tls == 'ldaps' else 'ldap'}://{host}:{self.port(server, catalog=catalog)}"

    def port(self, server: Server, *, catalog: bool) -> int:
        """The given port, or the default one."""
        return server.port or _PORTS[self.tls][catalog]

    def principal(self) -> str:
        """The Kerberos principal, with the realm in capitals. Raises C(CredentialsRefused)."""
        name, _at, realm = (self.username or "").partition("@")
        realm = realm or self.domain
        if not realm:
            raise CredentialsRefused(f"{name} has no realm", advice="write username as name@REALM")
        return f"{name}@{realm.upper()}"

    def domain_controllers(self) -> list[Server]:
        """The domain controllers to try. Raises C(Unreachable) if none is configured and DNS returns none."""
        if self.servers:
            return [Server.parse(text) for text in self.servers]
        return self.find_in_dns(f"_ldap._tcp.dc._msdcs.{self.domain}", below=self.domain)

    def find_in_dns(self, service: str, *, below: str) -> list[Server]:
        """The servers that DNS returns for a service of a domain, preferred ones first. Raises C(Unreachable).

        A simple bind sends the password to the server, and any host can have a valid certificate for its own name. So
        only servers below the domain are used for it. Kerberos sends no password.
        """
        if DNS_IMPORT_ERROR is not None:
            raise Unreachable(
                f"the Python library dnspython is missing on this machine, so {service} cannot be looked up "
                f"({DNS_IMPORT_ERROR})",
                advice="run pip install dnspython, or set servers",
            ) from DNS_IMPORT_ERROR
        try:
            resolver = dns.resolver.Resolver(configure=not self.dns_servers)
            if self.dns_servers:
                resolver.nameservers = list(self.dns_servers)
            resolver.lifetime = self.connect_timeout
            answers: t.Iterable[t.Any] = resolver.resolve(service, "SRV")
        except (dns.exception.DNSException, OSError, ValueError) as exc:
            raise Unreachable(
                f"DNS returned no server for {service}: {exc}",
                advice="check domain, check that dns_servers are IP addresses, or set servers",
            ) from exc
        found = sorted(answers, key=lambda answer: (answer.priority, -answer.weight, str(answer.target)))
        names = [str(answer.target).rstrip(".") for answer in found]
        if self.authentication == "simple":
            domain = below.lower().rstrip(".")
            own = [name for name in names if name.lower().endswith(f".{domain}")]
            if not own:
                raise Unreachable(
                    f"DNS returned {', '.join(names)} for {service}, which is not below {domain}, so no password was "
                    "sent",
                    advice="check the DNS servers, or set servers and global_catalogs",
                )
            names = own
        return [Server(name) for name in names]
