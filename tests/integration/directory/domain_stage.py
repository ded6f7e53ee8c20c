# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A domain with a real controller, ansible-playbook before it, and what can be seen from outside of what it did."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass, field

import ldap
import ldap.modlist
import stage as staging
from lab.directory.ldif import change
from stage import PASSWORD, Result, Run, Stage, Variables

if t.TYPE_CHECKING:
    from pathlib import Path

    from lab.directory import DomainController
    from lab.directory.journal import Change

DOMAIN = "corp.example.test"
UNIT = "OU=Tests"
SECRET = "Service-Passw0rd-1"
READER = "svc-reader"
MODULES = ("spn", "spn_info")


@dataclass(frozen=True, slots=True)
class Modification:
    """A change that the controller logged: who asked it over the network, and the values added and deleted."""

    dn: str
    add: tuple[str, ...]
    delete: tuple[str, ...]
    status: str = "Success"


@dataclass(slots=True)
class Domain:
    """A running domain. Accounts of a test lie in a unit of their own."""

    stage: Stage
    controller: DomainController
    cache: Path
    _mark: int = 0
    _connection: t.Any = field(default=None, repr=False)

    @property
    def fqdn(self) -> str:
        return self.controller.fqdn

    @property
    def administrator(self) -> str:
        return f"Administrator@{self.controller.realm}"

    def dn(self, name: str) -> str:
        """Where an account of a test lies."""
        return f"CN={name.removesuffix('$')},{UNIT},{self.controller.base_dn}"

    @property
    def ldap(self) -> t.Any:
        """A connection of the tests' own, as the administrator: the somebody else of the tests."""
        if self._connection is None:
            found = ldap.initialize(f"ldaps://{self.controller.address}")
            found.set_option(ldap.OPT_X_TLS_CACERTFILE, str(self.controller.ca_file))
            found.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
            found.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
            found.simple_bind_s(self.administrator, self.controller.password)
            self._connection = found
        return self._connection

    def restart(self) -> None:
        """Bring the controller back."""
        self._connection = None
        self.controller.start()

    def begin(self) -> None:
        """Forget what earlier tests made."""
        self.controller.remove_relay()
        if not self.controller.is_running:
            self.restart()
        for dn in (f"{UNIT},{self.controller.base_dn}", self._elsewhere):
            with contextlib.suppress(ldap.NO_SUCH_OBJECT):
                self.ldap.delete_ext_s(dn, [_TREE_DELETE])
        self.ldap.add_s(f"{UNIT},{self.controller.base_dn}", [("objectClass", [b"organizationalUnit"])])
        self.mark()

    def add(self, name: str, *spns: str, password: str | None = None, **attributes: str) -> str:
        """A new account: a computer if its name ends with a dollar sign. Gives its distinguished name."""
        kind, flags = ("computer", 0x1000) if name.endswith("$") else ("user", 0x10200)
        dn = self.dn(attributes.pop("cn", name))
        values: dict[str, list[bytes]] = {
            "objectClass": [kind.encode()],
            "sAMAccountName": [name.encode()],
            "userAccountControl": [str(flags).encode()],
            "unicodePwd": [f'"{password or SECRET}"'.encode("utf-16-le")],
            **{key: [value.encode()] for key, value in attributes.items()},
        }
        if spns:
            values["servicePrincipalName"] = [spn.encode() for spn in spns]
        self.ldap.add_s(dn, ldap.modlist.addModlist(values))
        self.mark()
        ((written, _values),) = self.ldap.search_s(dn, ldap.SCOPE_BASE, attrlist=["cn"])
        return str(written)

    @property
    def _elsewhere(self) -> str:
        return f"CN=Tests,DC=DomainDnsZones,{self.controller.base_dn}"

    def add_elsewhere(self, cn: str, *spns: str, name: str | None = None) -> str:
        """An object with names in another partition, whose name reads like that of another domain of the forest."""
        with contextlib.suppress(ldap.ALREADY_EXISTS):
            self.ldap.add_s(self._elsewhere, [("objectClass", [b"container"])])
        dn = f"CN={cn},{self._elsewhere}"
        values = {"objectClass": [b"computer"], "servicePrincipalName": [spn.encode() for spn in spns]}
        values |= {"sAMAccountName": [name.encode()]} if name else {}
        self.ldap.add_s(dn, ldap.modlist.addModlist({key: held for key, held in values.items() if held}))
        self.mark()
        return dn

    def give(self, dn: str, *spns: str) -> None:
        """Somebody else adds names."""
        self.ldap.modify_s(dn, [(ldap.MOD_ADD, "servicePrincipalName", [spn.encode() for spn in spns])])

    def take(self, dn: str, *spns: str) -> None:
        """Somebody else deletes names."""
        self.ldap.modify_s(dn, [(ldap.MOD_DELETE, "servicePrincipalName", [spn.encode() for spn in spns])])

    def give_past_checks(self, dn: str, *values: str, attribute: str = "servicePrincipalName") -> None:
        """Values that the controller would refuse, as replication brings them."""
        ldif = change(dn, "add", {attribute: values})
        self.controller.modify_unchecked(ldif)

    def mark(self) -> None:
        """What was modified so far is not looked at."""
        self._mark = self.controller.log.stat().st_size

    def modifications(self) -> list[Modification]:
        """What was modified over the network since the mark, as the controller's own audit log tells it."""
        return [_modification(one) for one in self.controller.changes(self._mark)]

    def names(self) -> dict[str, set[str]]:
        """The service principal names of every account that has any, as they are stored."""
        spn = "servicePrincipalName"
        zones = f"DC=DomainDnsZones,{self.controller.base_dn}"
        found = [entry for base in (None, zones) for entry in self.controller.ldbsearch(f"({spn}=*)", [spn], base=base)]
        return {entry.dn: set(entry.all("servicePrincipalName")) for entry in found}

    def names_of(self, dn: str) -> set[str]:
        return self.names().get(dn, set())

    def holders(self, spn: str) -> list[str]:
        """The accounts that have a name."""
        return sorted(dn for dn, names in self.names().items() if spn.lower() in {one.lower() for one in names})

    def hosts(self) -> dict[str, Variables]:
        """The controller as a host of WinRM, and this machine."""
        dc = {
            "ansible_connection": "winrm",
            "ansible_host": self.fqdn,
            "ansible_user": self.administrator,
            "ansible_password": PASSWORD,
        }
        return {"dc": dc, "localhost": {"ansible_connection": "local"}}

    def surroundings(self, cache: Path | None = None) -> dict[str, str]:
        return self.controller.environment(cache or self.cache)

    def play(self, playbook: str, *arguments: str, **more: t.Any) -> Run:
        """Run a playbook; by default the administrator's Kerberos ticket is there."""
        return self.stage.play(playbook, *arguments, **self.with_surroundings(more))

    def with_surroundings(self, more: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The arguments of a run, with what it takes to find this domain."""
        environment = self.surroundings() | dict(more.get("environment") or {})
        hosts = self.hosts()
        for name, own in (more.get("hosts") or {}).items():
            hosts[name] = hosts.get(name, {}) | own
        return {**more, "environment": environment, "hosts": hosts}

    def check(self, playbook: str, *arguments: str, **more: t.Any) -> Run:
        """Run in check mode with a diff, and see that nothing at all is written."""
        before = self.names(), self.controller.highest_usn(), self.modifications()
        run = self.play(playbook, "--check", "--diff", *arguments, **more)
        assert (self.names(), self.controller.highest_usn(), self.modifications()) == before
        return run

    def task(self, module: str, options: Variables, *arguments: str, host: str = "localhost", **more: t.Any) -> Result:
        """The result of one task."""
        return self.play(self.playbook(module, options, host=host), *arguments, **more).of(host)

    def playbook(self, module: str, options: Variables, *, host: str = "localhost") -> str:
        """One task; on this machine it is told which controller to ask, unless it says so itself."""
        where = {} if host != "localhost" or {"servers", "domain"} & set(options) else {"servers": [self.fqdn]}
        return tasks(host, {module: where | options})


def tasks(host: str, *listed: Variables) -> str:
    """A playbook of these tasks; a key that is a module of ours may be short."""
    return staging.tasks(
        host, *({f"winha.cluster.{key}" if key in MODULES else key: one[key] for key in one} for one in listed)
    )


def rows(result: Result) -> dict[str, tuple[list[str], list[str] | None, str]]:
    """What the result says of each name: who had it, who has it, and what became of it."""
    return {row["spn"]: (row["before"], row["holders"], row["result"]) for row in result.data["spns"]}


def lines(result: Result) -> tuple[list[str], list[str]]:
    """The diff."""
    return result.diff["before"].splitlines(), result.diff["after"].splitlines()


def _modification(told: Change) -> Modification:
    listed = [(name, *action) for name, actions in told.actions.items() for action in actions]
    kinds = {(name, kind) for name, kind, _values in listed}
    assert kinds <= {("servicePrincipalName", "add"), ("servicePrincipalName", "delete")}, told
    values = {
        wanted: tuple(sorted(value for _name, kind, held in listed if kind == wanted for value in held))
        for wanted in ("add", "delete")
    }
    return Modification(told.dn, **values, status=told.status)


_TREE_DELETE = ldap.controls.RequestControl("1.2.840.113556.1.4.805", criticality=True)
