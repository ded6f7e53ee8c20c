# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The domain controllers of a forest. The lab has only one."""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

import pytest

pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory.domain_controller import (
    DomainController,
    read_domain_controllers,
)
from ansible_collections.winha.cluster.plugins.module_utils._directory.entry import Entry

SITES = "CN=Sites,CN=Configuration,DC=corp,DC=test"


def entry(dn: str, *classes: str, **values: str) -> Entry:
    listed = {name.lower(): (value.encode(),) for name, value in values.items()}
    return Entry(dn, {**listed, "objectclass": tuple(name.encode() for name in ("top", *classes))})


def controller(site: str, name: str, domain: str, *classes: str, options: str = "1") -> list[Entry]:
    """The objects of a domain controller; without classes the server is no domain controller."""
    server = f"CN={name},CN=Servers,CN={site},{SITES}"
    account = "DC=" + domain.replace(".", ",DC=")
    reference = f"CN={name},OU=Domain Controllers,{account}"
    found = [entry(server, "server", dNSHostName=f"{name}.{domain}", serverReference=reference)]
    return [*found, entry(f"CN=NTDS Settings,{server}", *classes, options=options)] if classes else found


def test_domain_controllers_of_all_domains_are_found_and_that_of_the_session_is_the_first() -> None:
    entries = [
        entry(f"CN=Main\\, West,{SITES}", "site"),
        entry(f"CN=Branch,{SITES}", "site"),
        *controller("Branch", "RODC1", "corp.test", "nTDSDSA", "nTDSDSARO"),
        *controller("Main\\, West", "DC1", "corp.test", "nTDSDSA", options="0"),
        *controller("Main\\, West", "DC2", "corp.test", "nTDSDSA"),
        *controller("Branch", "ADC", "child.corp.test", "nTDSDSA"),
        *controller("Branch", "MEMBER", "corp.test"),
    ]
    asked: dict[str, t.Any] = {}

    def search(base: str, filter_: str, attributes: t.Sequence[str], **more: t.Any) -> t.Iterator[Entry]:
        asked.update(more, base=base)
        return iter(entries)

    session = SimpleNamespace(
        search=search,
        configuration_dn="CN=Configuration,DC=corp,DC=test",
        domain_dn="DC=corp,DC=test",
        root=SimpleNamespace(server="dc2.corp.test"),
    )
    found = read_domain_controllers(t.cast("t.Any", session))
    assert asked["base"] == SITES
    assert [one.name for one in found] == ["DC2", "DC1", "RODC1", "ADC"]
    assert found[1:3] == [
        DomainController(
            name="DC1",
            fqdn="DC1.corp.test",
            domain="corp.test",
            site="Main, West",
            global_catalog=False,
            read_only=False,
        ),
        DomainController(
            name="RODC1",
            fqdn="RODC1.corp.test",
            domain="corp.test",
            site="Branch",
            global_catalog=True,
            read_only=True,
        ),
    ]
