# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Estates whose names and texts are hard to replace: secrets, unicode, names inside other names, marks of XML."""

from __future__ import annotations

import base64
import random
import typing as t
from dataclasses import dataclass, field

import yaml
from lab.estate import Estate, load
from lab.journal import Journal
from lab.running import RunningEstate, start_time
from lab.service import Caller, Service
from lab.windows.machine import Machine
from lab.windows.repository import Instance

if t.TYPE_CHECKING:
    from pathlib import Path

_SYLLABLES = ("ka", "ro", "mi", "tel", "bun", "sor", "ix", "gan", "pe", "lud", "war", "zen", "ho", "qui")
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_FOREIGN = ("Büchergröße", "Сервер", "数据库", "θεσσαλονίκη", "naïve", "Æther", "日本語", "مخدم", "e\u0301te", "🔥vm")
_PARTS_OF_WINDOWS = (
    "Node", "Machine", "MSCluster_Resource", "Virtual", "Virtual Machine", "Name", "Running", "true", "null", "OK",
    "Msvm", "root", "cimv2", "System", "Enabled", "http", "uuid", "Select", "Microsoft", "x", "2", "17763", "0",
)  # fmt: skip
_MARKS = (
    "<b>&amp;</b>",
    "a.*+?^${}()|[]\\d",
    'O\'Neil "x"',
    "]]>",
    "%s%n",
    "{{ x }}",
    "50%_off",
    "#jinja2:",
    "&#65;",
    "-->",
)
# Texts of the estate that are not written there by chance.
_TEXT_PROPERTIES = (
    "Description",
    "Notes",
    "Caption",
    "PrimaryOwnerName",
    "PrimaryOwnerContact",
    "OtherIdentifyingInfo",
)


@dataclass
class Hostile:
    """An estate with what must not be in a bundle of it."""

    data: dict[str, t.Any]
    chance: random.Random
    secrets: set[str] = field(default_factory=set)

    def secret(self) -> str:
        """A word that occurs nowhere else."""
        word = "".join(self.chance.choice(_SYLLABLES) for _number in range(3)) + str(self.chance.randrange(100, 999))
        word = self.chance.choice((str.upper, str.lower, str.title))(word)
        self.secrets.add(word)
        return word


def hostile(seed: int, network: str = "127.0.0") -> Hostile:
    """The estate of a seed: two nodes and a host, with virtual machines."""
    made = Hostile({}, random.Random(seed))
    releases = made.chance.choice(
        ((2008, "2008 R2"), (2012, "2012 R2"), (2016, 2016), (2019, 2019), (2022, 2022), (2025, 2025))
    )
    release = releases[1]
    hosts = [_host_name(made, number) for number in range(2)]
    cluster = _name(made).replace("/", "-")[:60]
    machines = list(dict.fromkeys(_name(made) for _number in range(3)))
    stem = made.secret()
    machines += [stem, stem + "0", stem + "01"]  # each one is inside the next one
    made.data = {
        "name": "hostile",
        "credentials": {"user": "Administrator", "password": made.secret()},
        "hosts": [
            {
                "name": name, "address": f"{network}.{11 + number}", "windows": release, "cluster": cluster,
                "adapters": [{"name": _name(made), "driver": "intel-1g", "network": "Net"}],
                "events": [{"event": 1135, "days_ago": 1, "strings": [made.secret(), _name(made)]}],
            }
            for number, name in enumerate(hosts)
        ],
        "clusters": [
            {
                "name": cluster,
                "fqdn": f"{made.secret()}.{made.secret()}.example",
                "networks": [{"name": "Net", "subnet": f"{network}.0/24", "role": 3}],
                "virtual_machines": [
                    {"name": name, "owner": made.chance.choice(hosts), "anti_affinity": [_name(made)]}
                    for name in machines
                ],
                "shared_volumes": [{"name": _name(made), "owner": hosts[0]}],
            }
        ],
    }  # fmt: skip
    return made


def _host_name(made: Hostile, number: int) -> str:
    return f"{made.secret()}-{number}" if made.chance.random() < 0.7 else f"h{number}{made.secret()}"


def _name(made: Hostile) -> str:
    """A name that a virtual machine, a cluster or an adapter can have."""
    kind = made.chance.randrange(8)
    if kind == 0:
        return f"{made.secret()}{made.chance.choice(_FOREIGN)} {made.chance.randrange(99)}"
    if kind == 1:
        return f"{made.chance.choice(_MARKS)}{made.secret()}{made.chance.choice(_MARKS)}"
    if kind == 2:
        return made.chance.choice(_PARTS_OF_WINDOWS)
    if kind == 3:
        return f"P@ss{made.secret()}!{made.chance.choice(_MARKS)}"
    if kind == 4:
        return str(made.chance.randrange(1, 99_999))
    if kind == 5:
        return f"{made.chance.choice(_PARTS_OF_WINDOWS)} {made.secret()}"
    if kind == 6:
        return f"{made.secret()}.{made.secret()}.example"
    return f"{made.secret()}_{made.chance.choice(_FOREIGN)}-{made.secret()}"


def _text(made: Hostile) -> str:
    """A text that an administrator could have written into a description."""
    word = made.secret()
    ways: tuple[t.Callable[[], str], ...] = (
        lambda: f"password of {made.secret()}: {word}",
        lambda: f"https://{made.secret()}:{word}@{made.secret()}.example:8443/x?token={word}#y",
        lambda: f'{{"user": "{made.secret()}", "password": "{word}"}}',
        lambda: f"<config user='{made.secret()}'><password>{word}</password></config>",
        lambda: f"<a><b>{word}",
        lambda: base64.b64encode(f"{word}:{made.secret()}".encode()).decode(),
        lambda: base64.b64encode(word.encode("utf-16-le")).decode(),
        lambda: f"CN={word},OU={made.secret()},DC={made.secret()},DC=example",
        lambda: f"CORP\\{word}\r\n{made.secret()}@{made.secret()}.example\t{made.chance.choice(_MARKS)}",
        lambda: f"\\\\{word}\\share$\\{made.secret()} and C:\\ClusterStorage\\Volume1\\{made.secret()}\\{word}.vhdx",
        lambda: word.encode().hex(),
        lambda: f"%{'%'.join(f'{byte:02x}' for byte in word.encode())}",
        lambda: f"S-1-5-21-{made.chance.randrange(10**9)}-{made.chance.randrange(10**9)}-7 {word}",
        lambda: "".join(made.chance.choice(_LETTERS) for _number in range(60)) + word,
        lambda: f"{made.chance.choice(_FOREIGN)} {word} {made.chance.choice(_FOREIGN)}",
    )
    return made.chance.choice(ways)()


@dataclass(frozen=True)
class Hosts:
    """The hosts of an estate in this process, without listeners."""

    estate: Estate
    services: dict[str, Service]
    texts: tuple[str, ...]

    def transport(self, host: str) -> Direct:
        """A transport to a host."""
        return Direct(host, self.services[host])


class Direct:
    """Sends the messages to a host in this process."""

    def __init__(self, host: str, service: Service) -> None:
        self.host = host
        self.url = f"https://{host}:5986/wsman"
        self._service = service

    def send(self, message: str) -> bytes:
        """The response of the host."""
        return self._service.handle(Caller("Administrator", "https"), message.encode()).body

    def addresses(self) -> frozenset[str]:
        """None: nothing is resolved."""
        return frozenset()

    def close(self) -> None:
        """Nothing is open."""


def in_process(made: Hostile, folder: Path) -> Hosts:
    """The hosts of an estate, with texts of administrators in their instances."""
    source = folder / "estate.yml"
    source.write_text(yaml.safe_dump(made.data, allow_unicode=True), "utf-8")
    estate = load(source)
    running = RunningEstate(source, folder / "state")
    texts: list[str] = []
    for repository in (*running._hosts.values(), *running._clusters.values()):
        repository.reset([_with_texts(made, one, texts) for one in repository.all_instances()])
    services = {}
    for host in estate.hosts:
        cluster = estate.cluster(host.cluster) if host.cluster else None
        shared = running._clusters[cluster.name] if cluster else None
        machine = Machine(
            host, running._hosts[host.name], cluster, shared, simulation=running.simulation,
            begun=lambda: start_time(folder / "state"),
        )  # fmt: skip
        services[host.name] = Service(machine, Journal(folder / f"{len(services)}.jsonl"), running._rules)
    running.close()
    return Hosts(estate, services, tuple(texts))


def _with_texts(made: Hostile, instance: Instance, texts: list[str]) -> Instance:
    values = dict(instance.values)
    for name in _TEXT_PROPERTIES:
        known = instance.cls.property(name)
        fixed = instance.cls.name == "Msvm_ComputerSystem" and name == "Caption"  # what kind of computer it is
        if known is not None and not known.key and known.base == "string" and not fixed:
            text = _text(made)
            texts.append(text)
            values[name] = [text] if known.is_array else text
    return Instance(instance.cls, values)
