# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluation of an environment of any size by the rules of the role, without a lab.

Hyper-V clusters of four nodes run the members of as many DAGs, with an Exchange organization over pairs of sites. As in
real environments, most findings are on many hosts, some on a few, and a few hosts could not be read.
"""

from __future__ import annotations

import datetime
import pathlib
import typing as t

import yaml
from ansible_collections.winha.cluster.plugins.module_utils._audit.evaluation import evaluate

Row = dict[str, t.Any]
RULES = pathlib.Path(__file__).resolve().parents[1] / "roles" / "audit" / "rules"
NOW = datetime.datetime(2026, 11, 23, 22, 12, 40, tzinfo=datetime.UTC)
NODES = 4
DOMAIN = "corp.example.com"
_GIGABIT = 1_000_000_000


def environment(hosts: int, *, now: datetime.datetime = NOW, **more: t.Any) -> Row:
    """The evaluation of an environment with about so many hosts, one of which is a domain controller."""
    rules = [rule for file in sorted(RULES.glob("*.yml")) for rule in yaml.safe_load(file.read_text("utf-8"))]
    accepted = [
        {"rule": "hotfixes", "host": "ex*", "reason": "Replaced by the rollup of May 2016", "until": "2027-01-31"}
    ]
    found: Row = evaluate(rules, facts(hosts), accepted=accepted, now=now, **more)
    return found


def facts(hosts: int) -> Row:
    """The facts of such an environment."""
    named: Row = {}
    members: list[tuple[str, str, str]] = []  # name, DAG, site
    for number, size in enumerate(_sizes(hosts - 1)):
        if number % 2 == 0:
            named |= _hyperv_cluster(number // 2, size)
        else:
            site = f"Site-{chr(65 + number // 2 % 26)}"
            names = [f"ex{number // 2:02}{node:02}" for node in range(1, size + 1)]
            members += [(name, f"DAG{number // 2:02}", site) for name in names]
            named |= _dag(number // 2, names)
    named[f"dc01.{DOMAIN}"] = {
        "kinds": ["domain_controller"],
        "asked": True,
        "reached": True,
        "why": None,
        "failed": [],
    }
    unread = [name for place, name in enumerate(named) if place % 57 == 40]
    for place, name in enumerate(unread):
        named[name] = _unreached(named[name], name, place)
    return {
        "version": 2,
        "title": DOMAIN,
        "gathered": "2026-11-23T22:10:04Z",
        "planned": {},
        "hosts": named,
        "forests": [
            {"host": f"dc01.{DOMAIN}", "place": 0, "gathered": "2026-11-23T22:10:04Z", "failed": [], **_forest(members)}
        ],
    }


def _sizes(hosts: int) -> list[int]:
    if hosts <= NODES:
        return [hosts - hosts // 2, hosts // 2]
    return [NODES] * (hosts // NODES) + ([hosts % NODES] if hosts % NODES else [])


def _hyperv_cluster(number: int, size: int) -> Row:
    name = f"HVC{number:02}"
    nodes = [f"hv{number:02}{node:02}.{DOMAIN}" for node in range(1, size + 1)]
    machines = [_machine(number, place, nodes[place % size]) for place in range(10 + number % 11)]
    drifted, buffers = number % 4 == 1, 512 if number % 3 else 4096
    found: Row = {}
    for place, node in enumerate(nodes):
        host = _host(["hyperv_host"], _cluster(name, nodes, node, "2022", 20), node, "2022")
        host["cluster_info"]["cluster"] |= {
            "virtual_machines": [machine["role"] for machine in machines],
            "move_type_threshold": 2000,
            "placement": {"possible_owners": {}, "affinity_rules": []},
        }
        own = [machine["machine"] for machine in machines if machine["node"] == node]
        host["host_info"] |= {
            "hyperv": True,
            "virtual_machines": own,
            "processors": {"cores": 64, "logical": 128, "virtual": {machine["id"]: 4 for machine in own}},
            "live_migration": {
                "enabled": True,
                "transport": "compression",
                "parallel": 2,
                "rdma_adapters": None,
                "network_atc": False,
            },
            "channels": {
                "cluster": _log(),
                "saved_states": _log(),
                "live_migrations": _log(
                    {
                        "time": "2026-11-20T03:00:00Z",
                        "id": 20415,
                        "topic": "blackout",
                        "virtual_machine": machine["name"],
                        "virtual_machine_id": machine["id"],
                        "blackout_seconds": 0.4,
                    }
                    for machine in own
                    if machine["name"].startswith("EX")
                ),
            },
            "adapters": [
                {"name": "LM", "description": "Intel X520", "status": "up", "speed": 10 * _GIGABIT, "mtu": 9000}
            ],
        }
        others = [other for other in nodes if other != node]
        host["jumbo_path_info"] = {
            "paths": [_path(node, other, drifted and place == 1) for other in others],
            "unknown": [],
        }
        host["net_adapter"] = {
            "settings": [
                _setting("mtu", 9000, 1500 if drifted else 9000, 9000),
                _setting("receive_buffers", 8192, buffers, 4096),
            ]
        }
        found[node] = host
    return found


def _machine(number: int, place: int, node: str) -> Row:
    # The first four virtual machines are the members of the DAG with the same number.
    name = f"EX{number:02}{place + 1:02}" if place < NODES else f"APP{number:02}{place + 1:02}"
    own = _machine_id(number, place)
    action = "save" if place % 3 or number % 2 else "shut_down"
    return {
        "node": node,
        "role": {
            "name": name,
            "name_known": True,
            "id": own,
            "resource": f"Virtual Machine {name}",
            "group": name,
            "owner_node": node.partition(".")[0],
            "state": "online",
            "offline_action": action,
            "default_move_type": "by_priority",
            "priority": 1000 if place == 5 else 2000,
            "anti_affinity": [f"DAG{number:02}"] if place < NODES else [],
            "resiliency_seconds": 0 if place < NODES else None,
            "saved_by_drain": place == 5,
        },
        "machine": {
            "name": name,
            "id": own,
            "state": "running",
            "dynamic_memory": place == 7,
            "shutdown_component": "ok",
            "disks": [{"path": rf"C:\ClusterStorage\Volume1\{name}\{name}.vhdx", "kind": "shared_volume"}],
            "critical_error_action": "none",
            "automatic_stop_action": "save" if place % 2 else "shut_down",
            "checkpoint_type": "production",
            "checkpoints": [{"name": "before update"}] if place == 8 and number % 5 == 0 else [],
        },
    }


def _dag(number: int, names: list[str]) -> Row:
    nodes = [f"{name}.{DOMAIN}" for name in names]
    threshold = 5 if number % 3 else 40
    found = {}
    for place, node in enumerate(nodes):
        host = _host(["dag_member"], _cluster(f"DAG{number:02}", nodes, node, "2019", threshold), node, "2019")
        guest = {"machine_id": _machine_id(number, place), "machine_name": names[place].upper(), "host": "HV"}
        host["host_info"] |= {"guest": guest, "channels": {"cluster": _log(), "databases": _log()}}
        found[node] = host
    return found


def _machine_id(number: int, place: int) -> str:
    return f"{number:04}-{place:04}"


def _log(events: t.Iterable[Row] = ()) -> Row:
    """An event channel that was read completely."""
    return {"events": list(events), "events_beyond": 0, "complete": True, "reaches_back": True, "compared": None}


def _host(kinds: list[str], cluster: Row, name: str, windows: str) -> Row:
    removed = [
        {
            "id": 1135,
            "source": "Microsoft-Windows-FailoverClustering",
            "time": f"2026-11-{day}T04:10:00Z",
            "message": "Cluster node was removed from the active failover cluster membership.",
        }
        for day in (19, 20)
    ]
    return {
        "kinds": kinds,
        "asked": True,
        "reached": True,
        "why": None,
        "standalone": None,
        "failed": [],
        "gathered": "2026-11-23T22:10:04Z",
        "cluster_info": {"cluster": cluster, "unknown": []},
        "host_info": {
            "windows": {"release": windows, "build": 20348, "computer_name": name.partition(".")[0].upper()},
            "hotfixes": [],
            "events": removed if name.endswith(f"2.{DOMAIN}") else [],
            "events_beyond": 0,
            "events_reach_back": True,
            "unknown": [],
        },
    }


def _cluster(name: str, nodes: list[str], node: str, windows: str, threshold: int) -> Row:
    return {
        "name": name,
        "fqdn": f"{name.lower()}.{DOMAIN}",
        "id": None,
        "node": node.partition(".")[0].upper(),
        "heartbeat": {
            "same_subnet_delay": 1000,
            "same_subnet_threshold": threshold,
            "cross_subnet_delay": 1000,
            "cross_subnet_threshold": threshold,
        },
        "heartbeat_seconds": {"same_subnet": float(threshold), "cross_subnet": float(threshold)},
        "functional_level": 11,
        "settings": {
            "auto_balancer": "off",
            "resiliency_level": 2,
            "resiliency_seconds": 240,
            "quarantine_threshold": 3,
            "quarantine_duration": 7200,
            "drain_on_shutdown": True,
            "enforced_anti_affinity": False,
            "storage_spaces_direct": False,
            "parallel_migrations": None,
            "smb_limit": None,
            "smb_percent": None,
        },
        "quorum": {
            "dynamic": True,
            "witness": {"type": "file_share", "name": "Witness", "state": "online", "path": rf"\\fs01\{name}"},
            "witness_vote": 1,
        },
        "nodes": [
            {
                "name": each.partition(".")[0],
                "state": "up",
                "vote": 1,
                "dynamic_vote": 1,
                "status": [],
                "windows": windows,
            }
            for each in nodes
        ],
    }


def _path(source: str, target: str, fails: bool) -> Row:
    source, target = (name.partition(".")[0].upper() for name in (source, target))
    verdict = "fails" if fails else "passes"
    return {
        "source": source,
        "target": target,
        "address": "10.20.2.11",
        "network": "Live Migration",
        "mtu": 9000,
        "payload": 8972,
        "jumbo": "too_big" if fails else "passes",
        "standard": "passes",
        "verdict": verdict,
        "msg": f"{source} itself cannot send packets of 9000 bytes; check its adapters" if fails else None,
    }


def _setting(name: str, wanted: int, before: int, now: int) -> Row:
    return {
        "adapter": "LM",
        "setting": name,
        "wanted": wanted,
        "before": before,
        "now": now,
        "capped": now < wanted,
        "in_effect": True,
        "result": "would_change" if before != now else "unchanged",
    }


def _unreached(host: Row, name: str, place: int) -> Row:
    why = (
        f"The connection to {name} (10.20.{place}.14) was refused. Is WinRM listening there?",
        f"{name} refused the account svc-ansible@{DOMAIN.upper()}: the password has expired.",
        f"{name} did not answer within 30 s.",
    )[place % 3]
    parts = {part: {"unknown": why} for part in host if isinstance(host[part], dict)}
    return {**host, **parts, "reached": False, "why": why, "failed": list(parts)}


def _forest(members: list[tuple[str, str, str]]) -> Row:
    servers = [
        {
            "name": name.upper(),
            "fqdn": f"{name}.{DOMAIN}",
            "dn": f"CN={name.upper()}",
            "site": site,
            "roles": ["mailbox", "client_access"],
            "build": "15.1.2507.6",
            "generation": "2016",
            "dag": dag,
        }
        for name, dag, site in members
    ]
    own = [server for place, server in enumerate(servers) if place % 9 == 2]
    autodiscover = [
        {
            "server": server["name"],
            "name": server["name"],
            "kind": "url",
            "sites": [server["site"]],
            "domains": [],
            "host": host,
            "url": f"https://{host}/autodiscover/autodiscover.xml",
        }
        for server in servers
        for host in [server["fqdn"] if server in own else f"autodiscover.{DOMAIN}"]
    ]
    databases = [
        {
            "name": f"DB{place:03}",
            "dn": f"CN=DB{place:03}",
            "generation": "2016",
            "rpc_client_access_server": None,
            "rpc_client_access_kind": None,
            "copies": [{"server": server["name"], "activation_preference": 1}],
            "preferred_site": server["site"],
            "master": server["dag"],
            "recovery": False,
        }
        for place, server in enumerate(servers)
    ]
    certificate = {
        "thumbprint": "1AB96F5A",
        "subject": "CN=Federation",
        "issuer": "CN=Federation",
        "self_signed": True,
        "not_before": "2021-12-05T00:00:00Z",
        "not_after": "2026-12-05T00:00:00Z",
        "subject_key_identifier": "9CC5",
        "key": "RSA 2048",
        "client_authentication": True,
        "use": "current",
        "unknown": None,
    }
    return {
        "exchange_info": {
            "organization": {"name": "Example Corp", "dn": "CN=Example Corp", "forest": DOMAIN},
            "servers": servers,
            "client_access_arrays": [],
            "databases": databases,
            "database_availability_groups": [
                {"name": dag, "servers": [server["name"] for server in servers if server["dag"] == dag]}
                for dag in dict.fromkeys(server["dag"] for server in servers)
            ],
            "autodiscover": autodiscover,
            "virtual_directories": [],
            "accepted_domains": [{"name": DOMAIN, "type": "authoritative", "default": True}],
            "federation_trusts": [
                {
                    "name": "Microsoft Federation Gateway",
                    "application_uri": f"FYDIBOHF25SPDLT.{DOMAIN}",
                    "token_issuer_uri": "urn:federation:MicrosoftOnline",
                    "certificates": [certificate],
                    "organization_thumbprints": {"current": "1AB96F5A", "previous": None, "next": None},
                }
            ],
            "unknown": [],
        },
        "spn_info": {
            "spns": [],
            "accounts": [],
            "searched": {"accounts": 26, "spns": 372},
            "duplicates": [{"spn": f"http/intranet.{DOMAIN}", "accounts": ["CN=svc-a", "CN=svc-b"]}],
        },
        "dns_name_info": {"unknown": "dns_name_info was not read, because there is no CAS array."},
        "published_name_info": {"names": []},
    }
