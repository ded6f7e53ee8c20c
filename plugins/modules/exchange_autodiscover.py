#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_autodiscover
short_description: Set the internal Autodiscover URI and the site scope of Exchange servers
description:
  - Sets C(AutoDiscoverServiceInternalUri) and C(AutoDiscoverSiteScope) of Client Access servers, with
    C(Set-ClientAccessServer), from Exchange 2016 on with C(Set-ClientAccessService). Outlook on domain members reads
    both from the service connection point of the server in Active Directory.
  - Both values are always written together. A value that is not given is written as it is now, because Exchange takes
    the one of the server that runs the cmdlet if a service connection point is missing.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  servers:
    description:
      - The names or FQDNs of the Client Access servers. They must have the version of O(server), because Exchange
        refuses to write objects of another version.
    type: list
    elements: str
    required: true
  internal_uri:
    description:
      - The internal Autodiscover URI, such as V(https://mail.corp.example.com/autodiscover/autodiscover.xml), with the
        load-balanced name of the site. It must begin with V(https://).
    type: str
  site_scope:
    description:
      - The Active Directory sites whose clients use this service connection point. An empty list is for clients of all
        sites that no other one names.
      - Exchange does not check the names.
    type: list
    elements: str
  state:
    description:
      - V(present) sets the given values.
      - V(absent) clears the internal URI, so clients do not use the server. The site scope stays. Without a site scope
        the task fails, because Exchange would delete the service connection point.
    type: str
    choices: [present, absent]
    default: present
  domain_controller:
    description: The domain controller that Exchange reads from and writes to. By default Exchange chooses one.
    type: str
extends_documentation_fragment:
  - winha.cluster.exchange_shell
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
  - winha.cluster.attributes.exchange_shell
seealso:
  - module: winha.cluster.exchange_info
  - module: winha.cluster.exchange_client_access_array
"""

EXAMPLES = r"""
- name: Give the clients of a site the load-balanced name
  winha.cluster.exchange_autodiscover:
    server: ex1cas1.corp.example.com
    servers: [EX1CAS1, EX1CAS2]
    internal_uri: https://mail-one.corp.example.com/autodiscover/autodiscover.xml
    site_scope: [Datacenter-One]

- name: Take a server out of Autodiscover before it is removed
  winha.cluster.exchange_autodiscover:
    server: ex1cas1.corp.example.com
    servers: [EX1CAS2]
    state: absent
"""

RETURN = r"""
settings:
  description: Each setting with its values.
  returned: success, or when some changes failed
  type: list
  elements: dict
  contains:
    name:
      description: The name of the server.
      type: str
      sample: EX1CAS1
    id:
      description: The FQDN of the server.
      type: str
      sample: ex1cas1.corp.example.com
    setting:
      description: V(internal_uri) or V(site_scope).
      type: str
      sample: internal_uri
    wanted:
      description: The wanted value.
      type: raw
    before:
      description: The value before. A URI is null if the cmdlet shows none.
      type: raw
    now:
      description: The value as read back, or in check mode the planned one.
      type: raw
    result:
      description: V(compliant), V(changed), V(would_change) in check mode, V(left_alone) or V(failed).
      type: str
      sample: changed
    msg:
      description: The error message.
      returned: when it failed
      type: str
changes:
  description:
    - What was changed, or in check mode would be changed, with C(label), C(thing) (the server), C(id), C(setting),
      C(before) and C(after).
  returned: success, or when some changes failed
  type: list
  elements: dict
left_alone:
  description:
    - What was not changed, because C(current), the current value, is not the one in O(expected), as C(label),
      C(expected), C(current) and C(reason).
  returned: when there are any
  type: list
  elements: dict
"""

import dataclasses
import typing as t
import urllib.parse

from ansible_collections.winha.cluster.plugins.module_utils import task, wanted
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings import client_access
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings.writing import write_and_read
from ansible_collections.winha.cluster.plugins.module_utils.exchange_shell import EXCHANGE
from ansible_collections.winha.cluster.plugins.module_utils.wanted import Wanted

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings.client_access import (
        ClientAccessServer,
    )
    from ansible_collections.winha.cluster.plugins.module_utils._psrp.port import Shell
    from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Plan, Step

SPEC = {
    "servers": {"type": "list", "elements": "str", "required": True},
    "internal_uri": {"type": "str"},
    "site_scope": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "domain_controller": {"type": "str"},
}
URI = "internal_uri"
SITES = "site_scope"
_SEVERAL = (
    "Exchange shows no URI of a server with several service connection points. Delete all but one of them below its "
    "object in Active Directory, with ADSI Edit"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The settings of the servers, and the domain controller."""

    rows: tuple[Wanted[ClientAccessServer], ...]
    controller: str | None


def read(shell: Shell, options: task.Options) -> State:
    """Read the servers. Raises C(TaskError) for a value that must not be written."""
    _check_uri(options)
    controller = options["domain_controller"]
    servers = client_access.chosen(client_access.read_servers(shell, controller), options["servers"], shell.host)
    return State(rows=tuple(row for server in servers for row in _rows(server, options)), controller=controller)


def _check_uri(options: task.Options) -> None:
    uri = options[URI]
    if options["state"] == "absent":
        if uri is not None:
            raise task.TaskError("state is absent, which clears the internal URI. Remove internal_uri.")
        return
    if uri is None:
        return
    try:
        parts = urllib.parse.urlsplit(uri)
        usable = parts.scheme.lower() == "https" and bool(parts.hostname) and uri.isprintable() and " " not in uri
    except ValueError:
        usable = False
    if not usable:
        raise task.TaskError(
            f"internal_uri is {uri}. Write an absolute URI with https, such as "
            "https://mail.corp.example.com/autodiscover/autodiscover.xml. Nothing was written."
        )


def _rows(server: ClientAccessServer, options: task.Options) -> t.Iterator[Wanted[ClientAccessServer]]:
    values: dict[str, t.Any] = {}
    if options["state"] == "absent":
        values[URI] = None
    elif options[URI] is not None:
        values[URI] = options[URI]
    if options[SITES] is not None:
        values[SITES] = client_access.scope_of(options[SITES])
    if not values.get(URI, server.uri):
        sites = values.get(SITES, server.sites)
        if options["state"] == "absent" and not sites and (server.uri or server.sites):
            raise task.TaskError(
                f"{server.name} has no site scope. Without a URI and a site scope, Exchange deletes its service "
                "connection point. Set site_scope to the site of the server. Nothing was written."
            )
        if options["state"] == "present":
            raise task.TaskError(
                f"The internal URI of {server.name} is not known: it has no service connection point, several, or one "
                "without a URI. Set internal_uri, too. Nothing was written."
            )
    for setting, after in values.items():
        before = server.uri if setting == URI else server.sites
        yield Wanted(
            thing=server,
            name=server.name,
            id=server.fqdn,
            setting=setting,
            before=before,
            after=before if _is_same(before, after) else after,
            request=server.name,
        )


def _is_same(before: t.Any, after: t.Any) -> bool:
    """Names of hosts, paths of IIS and names of sites have no case."""
    return str(before).casefold() == str(after).casefold()


def plan(state: State, _options: task.Options) -> Plan:
    """Plan one cmdlet for each server that differs."""
    return wanted.plan("Internal Autodiscover", state.rows)


def apply(shell: Shell, state: State, step: Step) -> Applied:
    """Write both values of one server and read them back."""
    server, values, labels = wanted.of_step(state.rows, step)

    def write() -> None:
        uri, sites = values.get(URI, server.uri), values.get(SITES, server.sites)
        client_access.set_connection_point(shell, server, uri, sites, state.controller)

    def read_back() -> dict[str, t.Any]:
        (now,) = client_access.chosen(client_access.read_servers(shell, state.controller), [server.name], shell.host)
        found = {URI: now.uri, SITES: now.sites}
        return {
            label: values[setting] if _is_same(found[setting], values[setting]) else found[setting]
            for setting, label in labels.items()
        }

    applied = write_and_read(write, read_back)
    if values.get(URI) and applied.values[labels[URI]] is None and not applied.reason:
        return dataclasses.replace(applied, reason=_SEVERAL)
    return applied


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return each setting before and now, and the result."""
    return {"settings": wanted.report(state.rows, outcome)}


TASK = task.Task(
    spec=SPEC,
    read=read,
    plan=plan,
    apply=apply,
    report=report,
    rules={"required_if": [["state", "present", [URI, SITES], True]]},
    identified_by=("server",),
    service=EXCHANGE,
)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
