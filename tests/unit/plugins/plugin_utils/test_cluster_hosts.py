# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts and groups clusters become in an inventory."""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

from ansible_collections.winha.cluster.plugins.plugin_utils.cluster_hosts import hosts_of
from ansible_collections.winha.cluster.plugins.plugin_utils.inventory import group_name, safe_name


def a_node(name: str) -> SimpleNamespace:
    return SimpleNamespace(name=name, state="up", site=None, windows="2022", vote=1)


def a_machine(name: str, identity: str) -> SimpleNamespace:
    values = {"name": name, "name_known": True, "id": identity, "resource": f"Virtual Machine {name}", "group": name}
    return SimpleNamespace(**values, owner_node="HV01", state="online")


def a_cluster(name: str, domain: str = "", *machines: SimpleNamespace, identity: str | None = None) -> dict[str, t.Any]:
    fqdn = f"{name}.{domain}" if domain else name
    shown = {"name": name, "fqdn": fqdn, "id": identity, "domain": domain}
    return {**shown, "nodes": [a_node("HV01")], "virtual_machines": machines, "machines_are_hosts": True}


def test_clusters_of_the_same_name_in_two_domains_have_their_own_hosts_and_groups() -> None:
    hosts = hosts_of(
        [
            a_cluster("HVC1", "a.example", a_machine("EX01", "1")),
            a_cluster("HVC1", "b.example", a_machine("EX01", "2")),
        ]
    )
    assert [(host.name, host.groups[1]) for host in hosts] == [
        ("hv01.a.example", "cluster_hvc1.a.example"),
        ("hv01.b.example", "cluster_hvc1.b.example"),
        ("EX01.hvc1.a.example", "cluster_hvc1.a.example_virtual_machines"),
        ("EX01.hvc1.b.example", "cluster_hvc1.b.example_virtual_machines"),
    ]
    assert group_name(hosts[0].groups[1]) == "cluster_hvc1_a_example"


def test_nodes_of_the_same_name_without_a_domain_have_their_own_hosts() -> None:
    hosts = hosts_of([a_cluster("DAG1", identity="id-1"), a_cluster("DAG2", identity="id-2")])
    assert [(host.name, host.address) for host in hosts] == [("hv01.id-1", None), ("hv01.id-2", None)]


def test_virtual_machines_whose_safe_names_are_the_same_have_their_own_hosts() -> None:
    machines = (a_machine("Mail Server", "ID-1"), a_machine("Mail_Server", "ID-2"), a_machine("hv01.a.example", "ID-3"))
    names = [host.name for host in hosts_of([a_cluster("HVC1", "a.example", *machines)])]
    assert len({safe_name(name).casefold() for name in names}) == len(names) == 4
    assert names[1:3] == ["Mail_Server.hvc1.a.example.id-1", "Mail_Server.hvc1.a.example.id-2"]
    assert names[0] == "hv01.a.example"


def test_a_name_has_no_characters_that_a_pattern_or_a_template_has() -> None:
    assert safe_name("{{ x }}:&!*[1],") == "___x________1__"
    assert group_name("Site A-1") == "site_a_1"
