# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A domain with a real domain controller, runs of ansible-playbook, and the changes that they made."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass, field

import ldap
import ldap.ldapobject
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
    """A change over the network in the log of the controller: the account, and the values added and deleted."""

    dn: str
    add: tuple[str, ...]
    delete: tuple[str, ...]
    status: str = "Success"


@dataclass(slots=True)
class Domain:
    """A running domain. The accounts of a test are in their own organizational unit."""

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
        """The distinguished name of an account of a test."""
        return f"CN={name.removesuffix('$')},{UNIT},{self.controller.base_dn}"

    @property
    def ldap(self) -> t.Any:
        """A separate connection as the administrator, for concurrent changes."""
        if self._connection is None:
            # The controller closes a connection that was idle for 15 minutes.
            found = ldap.ldapobject.ReconnectLDAPObject(
                f"ldaps://{self.controller.address}", retry_max=2, retry_delay=1
            )
            found.set_option(ldap.OPT_X_TLS_CACERTFILE, str(self.controller.ca_file))
            found.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
            found.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
            found.simple_bind_s(self.administrator, self.controller.password)
            self._connection = found
        return self._connection

    def restart(self) -> None:
        """Start the controller again."""
        self._connection = None
        self.controller.start()

    def clean(self) -> None:
        """Delete the objects of earlier tests."""
        self.controller.remove_relay()
        if not self.controller.is_running:
            self.restart()
        for dn in (f"{UNIT},{self.controller.base_dn}", self._other_container):
            with contextlib.suppress(ldap.NO_SUCH_OBJECT):
                self.ldap.delete_ext_s(dn, [_TREE_DELETE])
        self.ldap.add_s(f"{UNIT},{self.controller.base_dn}", [("objectClass", [b"organizationalUnit"])])
        self.mark_log()

    def add(self, name: str, *spns: str, password: str | None = None, **attributes: str) -> str:
        """Add an account, a computer if the name ends with a dollar sign, and return its distinguished name."""
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
        self.mark_log()
        ((written, _values),) = self.ldap.search_s(dn, ldap.SCOPE_BASE, attrlist=["cn"])
        return str(written)

    @property
    def _other_container(self) -> str:
        return f"CN=Tests,DC=DomainDnsZones,{self.controller.base_dn}"

    def add_in_other_partition(self, cn: str, *spns: str, name: str | None = None) -> str:
        """Add an object in another partition. Its distinguished name looks like that of another domain."""
        with contextlib.suppress(ldap.ALREADY_EXISTS):
            self.ldap.add_s(self._other_container, [("objectClass", [b"container"])])
        dn = f"CN={cn},{self._other_container}"
        values = {"objectClass": [b"computer"], "servicePrincipalName": [spn.encode() for spn in spns]}
        values |= {"sAMAccountName": [name.encode()]} if name else {}
        self.ldap.add_s(dn, ldap.modlist.addModlist({key: held for key, held in values.items() if held}))
        self.mark_log()
        return dn

    def add_spns(self, dn: str, *spns: str) -> None:
        """Add names on the separate connection."""
        self.ldap.modify_s(dn, [(ldap.MOD_ADD, "servicePrincipalName", [spn.encode() for spn in spns])])

    def delete_spns(self, dn: str, *spns: str) -> None:
        """Delete names on the separate connection."""
        self.ldap.modify_s(dn, [(ldap.MOD_DELETE, "servicePrincipalName", [spn.encode() for spn in spns])])

    def add_unchecked(self, dn: str, *values: str, attribute: str = "servicePrincipalName") -> None:
        """Add values that the controller would refuse, as replication can."""
        ldif = change(dn, "add", {attribute: values})
        self.controller.modify_unchecked(ldif)

    def mark_log(self) -> None:
        """Ignore all modifications until now."""
        self._mark = self.controller.log.stat().st_size

    def modifications(self) -> list[Modification]:
        """The modifications over the network since C(mark_log), from the audit log of the controller."""
        return [_modification(one) for one in self.controller.changes(self._mark)]

    def names(self) -> dict[str, set[str]]:
        """The stored service principal names of all accounts that have any."""
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
        """The inventory: the controller as a WinRM host, and this machine."""
        dc = {
            "ansible_connection": "winrm",
            "ansible_host": self.fqdn,
            "ansible_user": self.administrator,
            "ansible_password": PASSWORD,
            "winha_cluster_warn_unproved": False,
        }
        return {"dc": dc, "localhost": {"ansible_connection": "local"}}

    def environment(self, cache: Path | None = None) -> dict[str, str]:
        return self.controller.environment(cache or self.cache)

    def play(self, playbook: str, *arguments: str, **more: t.Any) -> Run:
        """Run a playbook, by default with the Kerberos ticket of the administrator."""
        return self.stage.play(playbook, *arguments, **self.run_arguments(more))

    def run_arguments(self, more: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The arguments of a run, with the settings for this domain."""
        environment = self.environment() | dict(more.get("environment") or {})
        hosts = self.hosts()
        for name, own in (more.get("hosts") or {}).items():
            hosts[name] = hosts.get(name, {}) | own
        return {**more, "environment": environment, "hosts": hosts}

    def check(self, playbook: str, *arguments: str, **more: t.Any) -> Run:
        """Run in check mode with a diff, and check that nothing is written."""
        before = self.names(), self.controller.highest_usn(), self.modifications()
        run = self.play(playbook, "--check", "--diff", *arguments, **more)
        assert (self.names(), self.controller.highest_usn(), self.modifications()) == before
        return run

    def task(self, module: str, options: Variables, *arguments: str, host: str = "dc", **more: t.Any) -> Result:
        """Run one task and return its result."""
        return self.play(self.playbook(module, options, host=host), *arguments, **more).of(host)

    def playbook(self, module: str, options: Variables, *, host: str = "dc") -> str:
        """A playbook with one task. On this machine, servers is set to the controller by default."""
        where = {} if host != "localhost" or {"servers", "domain"} & set(options) else {"servers": [self.fqdn]}
        return tasks(host, {module: where | options})


def tasks(host: str, *listed: Variables) -> str:
    """A playbook with these tasks. The names of the SPN modules may be short."""
    return staging.tasks(
        host, *({f"winha.cluster.{key}" if key in MODULES else key: one[key] for key in one} for one in listed)
    )


def rows(result: Result) -> dict[str, tuple[list[str], list[str] | None, str]]:
    """The result by name: the accounts before, the accounts after, and the result."""
    return {row["spn"]: (row["before"], row["holders"], row["result"]) for row in result.data["spns"]}


def lines(result: Result) -> tuple[list[str], list[str]]:
    """The lines of the diff, before and after."""
    return result.diff["before"].splitlines(), result.diff["after"].splitlines()


def _modification(entry: Change) -> Modification:
    listed = [(name, *action) for name, actions in entry.actions.items() for action in actions]
    kinds = {(name, kind) for name, kind, _values in listed}
    assert kinds <= {("servicePrincipalName", "add"), ("servicePrincipalName", "delete")}, entry
    values = {
        wanted: tuple(sorted(value for _name, kind, held in listed if kind == wanted for value in held))
        for wanted in ("add", "delete")
    }
    return Modification(entry.dn, **values, status=entry.status)


_TREE_DELETE = ldap.controls.RequestControl("1.2.840.113556.1.4.805", criticality=True)
