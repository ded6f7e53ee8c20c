# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the names of each site to the options of tasks."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.winha.cluster.plugins.filter.exchange_settings_tasks import exchange_settings_tasks

URI = "https://{}.example.com/autodiscover/autodiscover.xml"
SERVERS = (
    ("CAS10", "One", "2010", ["client_access"]),
    ("CAS2", "One", "2010", ["client_access"]),
    ("NEW1", "One", "2016", ["client_access", "mailbox"]),
    ("MBX1", "Two", "2010", ["mailbox"]),
    ("CAS3", "Two", "2010", ["client_access"]),
)
EXCHANGE: dict[str, t.Any] = {
    "servers": [
        {"name": name, "fqdn": f"{name}.example.com".lower(), "site": site, "generation": generation, "roles": roles}
        for name, site, generation, roles in SERVERS
    ],
    "client_access_arrays": [{"name": "Outlook Two", "fqdn": "old.example.com", "site": "Two"}],
    "databases": [
        {"name": "DB1", "generation": "2010", "preferred_site": "one", "rpc_client_access_server": "cas2.example.com"},
        {"name": "DB2", "generation": "2010", "preferred_site": "Two", "rpc_client_access_server": "OLD.example.com"},
        {"name": "DB3", "generation": "2016", "preferred_site": "One", "rpc_client_access_server": None},
        {"name": "RDB", "generation": "2010", "preferred_site": "One", "recovery": True},
        {"name": "DB4", "generation": "2010", "preferred_site": None, "rpc_client_access_server": "x"},
    ],
    "autodiscover": [
        {"server": "CAS2", "kind": "url", "url": URI.format("MAIL")},
        {"server": None, "kind": "pointer", "url": None},
    ],
}


def test_each_task_runs_on_a_server_of_the_generation() -> None:
    plan = exchange_settings_tasks(
        EXCHANGE, {"ONE": "mail.example.com"}, {"One": "outlook.example.com"}, databases=True
    )
    assert plan["arrays"] == [
        {"server": "cas2.example.com", "name": "outlook", "fqdn": "outlook.example.com", "site": "One", "differs": True}
    ]
    assert [(row["server"], row["databases"], row["differing"]) for row in plan["databases"]] == [
        ("cas2.example.com", ["DB2"], []),
        ("cas2.example.com", ["DB1"], ["DB1"]),
    ]
    assert [(row["server"], row["servers"], row["internal_uri"]) for row in plan["autodiscover"]] == [
        ("cas2.example.com", ["CAS10", "CAS2"], URI.format("mail")),
        ("new1.example.com", ["NEW1"], URI.format("mail")),
    ]
    assert plan["differing"] == [
        "the CAS array of site One",
        "RpcClientAccessServer of DB1",
        "the internal Autodiscover URI of CAS10",
        "the internal Autodiscover URI of NEW1",
    ]


def test_an_array_keeps_its_name_and_a_uri_can_be_whole() -> None:
    plan = exchange_settings_tasks(
        EXCHANGE, {"Two": URI.format("x")}, {"two": "old.example.com"}, servers={2010: "cas9.example.com"}
    )
    assert [(row["name"], row["site"], row["differs"]) for row in plan["arrays"]] == [("Outlook Two", "Two", False)]
    assert [(row["server"], row["internal_uri"]) for row in plan["autodiscover"]] == [
        ("cas9.example.com", URI.format("x"))
    ]


@pytest.mark.parametrize(
    ("exchange", "options", "sentence"),
    [
        (EXCHANGE, {"autodiscover": {"Three": "x"}}, "Site Three has no Client Access server, so Autodiscover"),
        (EXCHANGE, {"arrays": {"Three": "x"}}, "Site Three has no Client Access server of Exchange 2010"),
        (EXCHANGE, {"servers": {"2016": "x"}}, "servers has 2016"),
        ({"servers": []}, {}, "client_access_arrays, databases and autodiscover was not read"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_sentence(exchange: t.Any, options: t.Any, sentence: str) -> None:
    with pytest.raises(AnsibleFilterError, match=sentence):
        exchange_settings_tasks(exchange, **options)
