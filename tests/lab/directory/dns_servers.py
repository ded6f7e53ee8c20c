# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two DNS servers of one zone: BIND on the directory of the first controller, and Samba on that of a second one.

The second controller joins the domain, so it has the keys of all accounts. Nothing replicates afterwards: what is
written to one is on the other only if somebody writes it there, as between two sites before replication.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import debian_packages

from . import dns_zone, domain_cache
from .controller import DomainController
from .description import DnsName, parse
from .ldif import change, entry
from .programs import DirectoryError, insist, program
from .programs import impediment as controller_impediment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_MODULES = "usr/lib/*/samba/bind9/dlz_bind9_{version}.so"
_CONFIGURATION = """\
options {{
    directory "{folder}";
    pid-file "{folder}/named.pid";
    session-keyfile "{folder}/session.key";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion no;
    empty-zones-enable no;
    notify no;
    dnssec-validation no;
    tkey-gssapi-keytab "{keytab}";
}};
controls {{ }};
dlz "directory" {{ database "dlopen {module}"; }};
"""
_START_TIMEOUT = 60.0
_UPDATE = 5  # the opcode


def impediment() -> str | None:
    """Why no DNS servers can run on this machine, in a sentence; None where they can."""
    if problem := controller_impediment():
        return problem
    if packages := debian_packages.missing(debian_packages.Use.DNS_SERVER):
        return f"the lab's DNS server needs Debian packages: apt-get install {' '.join(packages)}"
    return None


def missing_module() -> str | None:
    """That this release of Samba has no module for this release of BIND, in a sentence. Nothing helps then."""
    return None if _modules() else f"Samba has no module for BIND 9.{_version()}"


def _version() -> str:
    text = insist("named", "-v")  # BIND 9.18.49-1~deb12u3-Debian ...
    return "_".join(text.split()[1].split(".")[:2]).removeprefix("9_")


def _modules() -> list[Path]:
    return sorted(Path("/").glob(_MODULES.format(version=_version())))


class Relay:
    """Passes DNS messages from an address to a port of this machine.

    Each response to an update can be lost, or delayed by a number of seconds.
    """

    def __init__(self, address: str, port: int) -> None:
        self.lose = False
        self.delay = 0.0
        self.updates = 0
        self._port = port
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, 53))
        self._tcp = socket.create_server((address, 53))
        for work in (self._pass_datagrams, self._pass_connections):
            threading.Thread(target=work, daemon=True).start()

    def close(self) -> None:
        """Stop. Clients are refused from now on."""
        for one in (self._udp, self._tcp):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _pass_datagrams(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                message, client = self._udp.recvfrom(65535)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, contextlib.suppress(TimeoutError):
                    server.settimeout(5)
                    server.sendto(message, ("127.0.0.1", self._port))
                    self._udp.sendto(server.recv(65535), client)

    def _pass_connections(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._tcp.accept()
                threading.Thread(target=self._pass_messages, args=(client,), daemon=True).start()

    def _pass_messages(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)) as server:
            while message := _receive(client):
                is_update = (message[2] >> 3) & 15 == _UPDATE
                self.updates += is_update
                server.sendall(struct.pack("!H", len(message)) + message)
                answer = _receive(server)
                if is_update and self.lose:
                    return
                if is_update:
                    time.sleep(self.delay)
                client.sendall(struct.pack("!H", len(answer)) + answer)


def _receive(source: socket.socket) -> bytes:
    file = source.makefile("rb", buffering=0)
    head = file.read(2)
    if not head:
        return b""
    (size,) = struct.unpack("!H", head)
    data = b""
    while len(data) < size:
        part = file.read(size - len(data))
        if not part:
            return b""
        data += part
    return data


@dataclasses.dataclass
class Bind:
    """BIND with the zones of the directory of a domain controller, which runs without its own DNS service."""

    controller: DomainController
    relay: Relay
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Stop it."""
        self.relay.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_bind(controller: DomainController) -> Bind:
    """Start BIND on the address of a controller that was started once. Raises DirectoryError."""
    folder = controller.folder / "bind"
    folder.mkdir(exist_ok=True)
    settings = {"SMB_CONF_PATH": str(controller.folder / "smb.conf")}
    insist("samba_upgradedns", "--dns-backend=BIND9_DLZ", environment=settings)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    keytab = controller.folder / "bind-dns" / "dns.keytab"
    text = _CONFIGURATION.format(folder=folder, port=port, keytab=keytab, module=_modules()[-1])
    (folder / "named.conf").write_text(text, encoding="utf-8")
    environment = {**os.environ, **settings, "KRB5_CONFIG": str(controller.krb5_conf)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program("named"), "-g", "-n", "1", "-c", str(folder / "named.conf")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_TIMEOUT
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise DirectoryError(f"BIND does not listen on port {port}: see {folder / 'log'}")
        time.sleep(0.05)
    return Bind(controller, Relay(controller.address, port), process)


def _join(first: DomainController, second: DomainController, hosts: Path) -> None:
    """Join the second controller to the domain of the first, which runs with its RPC service."""
    cache = second.folder.parent / "join.ccache"
    second.folder.parent.mkdir(parents=True, exist_ok=True)
    first.kinit(f"{first.administrator}@{first.realm}", cache, password=first.password)
    insist(
        "samba-tool", "domain", "join", first.domain, "DC", f"--server={first.fqdn}", "--use-kerberos=required",
        f"--use-krb5-ccache={cache}", "--dns-backend=SAMBA_INTERNAL", f"--targetdir={second.folder}",
        f"--option=interfaces={second.address}/8", "--option=bind interfaces only=yes", "--option=disable netbios=yes",
        f"--option=netbios name={second.description.server.upper()}", f"--option=lock directory={second.folder}",
        environment=first.environment(cache) | {"NSS_WRAPPER_HOSTS": str(hosts)},
    )  # fmt: skip
    shutil.rmtree(second.folder / "etc")
    (second.folder / "complete").touch()


def _records(controller: DomainController, servers: Sequence[DomainController], names: Sequence[DnsName]) -> str:
    """LDIF of the records of the DNS servers and of the names. An address of a server may be there already."""
    base = controller.base_dn
    zone = f"DC={controller.domain},CN=MicrosoftDNS,DC=DomainDnsZones,{base}"
    found = controller.ldbsearch("(objectClass=dnsNode)", ["dc"], base=zone)
    existing = {one.one("dc").lower() for one in found}
    made = []
    hosts = [DnsName(one.description.server, (one.address,)) for one in servers]
    for name in (*hosts, *names):
        values = list(dns_zone.records(name))
        if name.name in existing:
            made.append(change(f"DC={name.name},{zone}", "replace", {"dnsRecord": values}))
        else:
            made.append(entry(f"DC={name.name},{zone}", {"objectClass": "dnsNode", "dnsRecord": values}))
    apex = controller.ldbsearch("(objectClass=dnsNode)", ["dnsRecord"], base=f"DC=@,{zone}", scope="base")[0]
    kept = [value for value in apex.raw("dnsRecord") if not dns_zone.is_name_server(value)]
    kept += [dns_zone.name_server(one.fqdn) for one in servers]
    made.append(change(f"DC=@,{zone}", "replace", {"dnsRecord": kept}))
    return "".join(made)


@dataclasses.dataclass
class DnsServers:
    """Two controllers of one domain that serve one zone, and nothing replicates."""

    first: DomainController
    second: DomainController
    bind: Bind
    hosts: Path

    def environment(self, cache: Path | None = None) -> dict[str, str]:
        """The environment variables for clients."""
        return self.first.environment(cache) | {"NSS_WRAPPER_HOSTS": str(self.hosts)}


@contextlib.contextmanager
def running(
    description: dict[str, Any], second_address: str, state: Path, names: Callable[[], Sequence[DnsName]] = tuple
) -> Iterator[DnsServers]:
    """Two DNS servers of the domain of a description, with the same names, for a with block."""
    credentials = {"password": description["password"]}
    joining = parse(description | {"services": ["ldap", "cldap", "kdc", "rpc"]}, credentials)
    first = DomainController(joining, state / "first")
    second = DomainController(
        parse(
            {
                "domain": joining.domain,
                "server": "dc02",
                "address": second_address,
                "services": ["ldap", "cldap", "kdc", "dns"],
            },
            credentials,
        ),
        state / "second",
    )
    hosts = state / "hosts"
    state.mkdir(parents=True, exist_ok=True)
    hosts.write_text(f"{first.address} {first.fqdn} dc01\n{second.address} {second.fqdn} dc02\n", encoding="utf-8")
    with contextlib.ExitStack() as stack:
        first.start()
        stack.callback(first.stop)
        _join(first, second, hosts)
        first.stop()
        first.description = parse(description | {"services": ["ldap", "cldap", "kdc"]}, credentials)
        first.prepare()
        second.prepare()
        for one in (first, second):
            domain_cache.modify(one.folder, _records(one, (first, second), names()))
        bind = start_bind(first)
        stack.callback(bind.stop)
        first.start()
        second.start()
        stack.callback(second.stop)
        yield DnsServers(first, second, bind, hosts)
