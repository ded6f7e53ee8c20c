# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""exchange_info and the inventory plugin exchange on a real domain controller, compared with the estate file."""

from __future__ import annotations

import contextlib
import datetime
import importlib.util
import os
import subprocess
import sys
import typing as t

import ldap
import ldap.modlist
import pytest
import stage as staging
from domain_stage import Domain
from lab.directory import impediment
from listing import read as read_inventory

if t.TYPE_CHECKING:
    from pathlib import Path

    from lab.directory.exchange import Exchange

MODULE = "winha.cluster.exchange_info"
GROUP = "Exchange Administrative Group (FYDIBOHF23SPDLT)"
READER = "Reader-Passw0rd"
Row = dict[str, t.Any]

# LDAP_SERVER_SD_FLAGS_OID with DACL_SECURITY_INFORMATION ([MS-ADTS] 3.1.1.3.4.1.11).
_ACCESS_ONLY = ldap.controls.RequestControl("1.2.840.113556.1.4.801", True, b"\x30\x03\x02\x01\x04")


@pytest.fixture(scope="module")
def organization(address: str, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Domain]:
    """A domain with an Exchange organization, for all tests of this file."""
    if problem := impediment():
        if os.environ.get("WINHA_DIRECTORY_REQUIRED"):
            pytest.fail(problem)
        pytest.skip(problem)
    network = address.rpartition(".")[0]
    description = staging.estate_file(network, "exchange")
    description["directory"]["address"] = f"{network}.105"
    exchange = description["directory"]["exchange"]
    exchange["powershell"] = {"replication_seconds": 0.5}
    for number, server in enumerate(exchange["servers"][:2]):
        server["address"] = f"{network}.{111 + number}"
    folder = tmp_path_factory.mktemp("organization")
    with staging.stage(description, folder) as stage:
        controller = stage.estate.directory
        cache = folder / "administrator.ccache"
        controller.kinit(f"{controller.administrator}@{controller.realm}", cache, password=controller.password)
        domain = Domain(stage, controller, cache)
        # The setup of Exchange grants read access to every account.
        grant(domain, f"CN=Microsoft Exchange,{services(domain)}", "(A;CI;RPLCLORC;;;AU)")
        yield domain


def grant(domain: Domain, dn: str, ace: str) -> None:
    """Add an access control entry to an object, inherited by all objects below it."""
    folder = domain.controller.folder
    where = [f"--configfile={folder}/smb.conf", "-H", f"tdb://{folder}/private/sam.ldb"]
    command = ["samba-tool", "dsacl", "set", *where, f"--objectdn={dn}", f"--sddl={ace}"]
    subprocess.run(command, check=True, capture_output=True)


def described_exchange(domain: Domain) -> Exchange:
    """The organization of the estate file."""
    found = domain.controller.description.exchange
    assert found is not None
    return found


def services(domain: Domain) -> str:
    return f"CN=Services,{domain.controller.configuration_dn}"


def group(domain: Domain) -> str:
    """The administrative group with the objects of the organization."""
    name = described_exchange(domain).organization
    return f"CN={GROUP},CN=Administrative Groups,CN={name},CN=Microsoft Exchange,{services(domain)}"


def read(domain: Domain, *parts: str, **options: t.Any) -> Row:
    """Read the given parts, by default all."""
    wanted = options | ({"gather": list(parts)} if parts else {})
    result = domain.task(MODULE, wanted)
    assert (result.status, result.changed, result.diff) == ("ok", False, None), result.message
    return result.data


def without_keys(rows: list[Row], *names: str) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


@contextlib.contextmanager
def added(domain: Domain, dn: str, kind: str, **values: str | list[str]) -> t.Iterator[None]:
    """Add an object temporarily."""
    listed = {"objectClass": kind, **values}
    octets = {
        name: [one.encode() for one in ([value] if isinstance(value, str) else value)] for name, value in listed.items()
    }
    domain.ldap.add_s(dn, ldap.modlist.addModlist(octets))
    try:
        yield
    finally:
        domain.ldap.delete_s(dn)


@contextlib.contextmanager
def changed(domain: Domain, dn: str, attribute: str, value: str | None) -> t.Iterator[None]:
    """Change or delete a value temporarily."""
    ((_dn, before),) = domain.ldap.search_s(dn, ldap.SCOPE_BASE, attrlist=[attribute])
    domain.ldap.modify_s(dn, [(ldap.MOD_REPLACE, attribute, None if value is None else [value.encode()])])
    try:
        yield
    finally:
        domain.ldap.modify_s(dn, [(ldap.MOD_REPLACE, attribute, before[attribute])])


def test_the_playbook_prove_confirms_the_directory_and_writes_nothing(organization: Domain) -> None:
    usn = organization.controller.highest_usn()
    run = organization.play("winha.cluster.prove", groups={"domain_controllers": ["dc"]})
    assert run.rc == 0, run.output
    assert organization.controller.highest_usn() == usn
    (result,) = [one for one in run.results if one.host == "dc" and one.task.endswith("Look at Active Directory")]
    found = {one["point"]: one["answer"] for one in result.data["answers"]}
    assert {one for one in found if one.startswith(("directory.", "exchange."))} == set(found)
    assert {one for one, answer in found.items() if answer not in ("confirmed", "not_there")} == set()
    assert found["exchange.databases"] == "confirmed"


@pytest.mark.matrix
@pytest.mark.parametrize("host", ["localhost", "dc"])
def test_reads_the_whole_organization_and_writes_nothing(organization: Domain, host: str) -> None:
    usn = organization.controller.highest_usn()
    play = organization.playbook(MODULE, {}, host=host)
    run = organization.play(play, "--diff")
    assert run.rc == 0, run.output
    assert organization.controller.highest_usn() == usn
    checked = organization.check(play).of(host)
    result = run.of(host)
    assert (result.changed, result.diff) == (False, None)
    found, estate = result.data, described_exchange(organization)
    assert {name: checked.data[name] for name in found if name != "warnings"} == found

    assert found["organization"] == {
        "name": estate.organization,
        "dn": f"CN={estate.organization},CN=Microsoft Exchange,{services(organization)}",
        "forest": organization.controller.domain,
    }
    assert without_keys(found["servers"], "legacy_dn") == sorted(
        (
            {
                "name": server.name,
                "fqdn": server.fqdn,
                "dn": f"CN={server.name},CN=Servers,{group(organization)}",
                "site": server.site,
                "roles": list(server.roles),
                "build": "14.1.218.15",
                "generation": "2010",
                "dag": "DAG1" if "mailbox" in server.roles else None,
            }
            for server in estate.servers
        ),
        key=lambda row: str(row["name"]),
    )
    assert without_keys(found["client_access_arrays"], "legacy_dn") == [
        {
            "name": array.name,
            "fqdn": array.fqdn,
            "site": array.site,
            "servers": [
                server.name
                for server in estate.servers
                if server.site == array.site and "client_access" in server.roles
            ],
        }
        for array in estate.arrays
    ]
    endpoints = {array.name: (array.fqdn, "array") for array in estate.arrays}
    endpoints |= {server.name: (server.fqdn, "server") for server in estate.servers}
    sites = {server.name: server.site for server in estate.servers}
    assert without_keys(found["databases"], "dn") == [
        {
            "name": database.name,
            "generation": "2010",
            "rpc_client_access_server": endpoints[database.rpc_client_access][0],
            "rpc_client_access_kind": endpoints[database.rpc_client_access][1],
            "copies": [
                {"server": name, "activation_preference": place}
                for name, place in sorted(database.copies.items(), key=lambda item: item[1])
            ],
            "preferred_site": sites[min(database.copies, key=lambda name: database.copies[name])],
            "master": "DAG1",
            "recovery": False,
        }
        for database in estate.databases
    ]
    assert found["database_availability_groups"] == [
        {"name": one.name, "servers": sorted(one.members), "allow_cross_site_rpc_client_access": one.cross_site_rpc}
        for one in estate.groups
    ]
    assert [
        (row["server"], row["kind"], row["url"], row["sites"], row["domains"]) for row in found["autodiscover"]
    ] == [
        (server.name, "url", server.scp, list(server.scp_sites), [])
        for server in sorted(estate.servers, key=lambda one: one.name)
        if server.scp
    ]
    assert found["accepted_domains"] == sorted(
        (
            {
                "name": one.name,
                "type": ("authoritative", "external_relay", "internal_relay")[one.kind],
                "default": one.default,
            }
            for one in estate.domains
        ),
        key=lambda row: str(row["name"]),
    )
    assert found["unknown"] == []


def test_reads_all_urls_of_all_servers(organization: Domain) -> None:
    found = read(organization, "virtual_directories")["virtual_directories"]
    stored = organization.controller.ldbsearch(
        "(objectClass=msExchVirtualDirectory)",
        ["msExchInternalHostName", "msExchExternalHostName", "msExchInternalAuthenticationMethods"],
        base=group(organization),
    )
    assert len(found) == len(stored) > 90
    by_place = {(row["server"], row["name"]): row for row in found}
    for entry in stored:
        name, _http, _protocols, server = (part.removeprefix("CN=") for part in entry.dn.split(",")[:4])
        row = by_place[server, name]
        assert (row["internal_url"] or "", row["external_url"] or "") == tuple(
            value.decode()
            for key in ("msExchInternalHostName", "msExchExternalHostName")
            for value in entry.values.get(key, (b"",))
        )
        assert row["web_site"] == "Default Web Site"
    for server in described_exchange(organization).servers:
        given = {service: wanted.external or None for service, wanted in server.services.items()}
        own = {row["service"]: row["external_url"] for row in found if row["server"] == server.name}
        assert ("client_access" in server.roles) == bool(own)
        assert {service: own[service] for service in given if own} == (given if own else {})
    ews = {row["server"]: (row["internal_host"], row["negotiate"]) for row in found if row["service"] == "ews"}
    assert ews["EX1CAS1"] == ("mail-one.corp.example.test", True)
    assert ews["EX2CAS1"] == ("mail-two.corp.example.test", True)


def test_reads_the_certificates_of_the_federation_trust(organization: Domain) -> None:
    (trust,) = read(organization, "federation_trusts")["federation_trusts"]
    (wanted,) = described_exchange(organization).trusts
    (stored,) = organization.controller.ldbsearch("(objectClass=msExchFedTrust)", base=services(organization))
    by_use = {row["use"]: row for row in trust["certificates"]}
    assert list(by_use) == ["current", "previous", "token_issuer"]
    assert (trust["name"], trust["application_uri"]) == (wanted.name, wanted.application)
    assert trust["organization_thumbprints"] == {
        "current": stored.one("msExchFedOrgPrivCertificate"),
        "previous": stored.one("msExchFedOrgPrevPrivCertificate"),
        "next": None,
    }
    for use, described in {"current": wanted.current, "previous": wanted.previous}.items():
        assert described is not None
        row = by_use[use]
        assert row["thumbprint"] == trust["organization_thumbprints"][use]
        end = datetime.datetime.fromisoformat(row["not_after"])
        left = end - datetime.datetime.now(tz=datetime.UTC)
        assert abs(left - datetime.timedelta(days=described.days)) < datetime.timedelta(hours=1)
        assert (row["self_signed"], row["subject"], row["key"]) == (True, f"CN={described.subject}", "RSA 2048")
        assert row["subject_key_identifier"]
        assert row["unknown"] is None


def test_gather_selects_the_parts(organization: Domain) -> None:
    always = {"organization", "servers", "unknown"}
    parts = {"client_access_arrays", "databases", "database_availability_groups", "autodiscover", "virtual_directories",
             "accepted_domains", "federation_trusts"}  # fmt: skip
    assert set(read(organization, gather=[])) & (always | parts) == always
    found = read(organization, "databases")
    assert set(found) & (always | parts) == always | {"databases"}
    assert {row["rpc_client_access_kind"] for row in found["databases"]} == {"array", "server"}


def test_any_account_may_read_the_organization(organization: Domain) -> None:
    as_reader = {"username": f"reader@{organization.controller.realm}", "password": READER}
    assert READER not in str(found := read(organization, **as_reader))
    everything = read(organization)
    assert {name: found[name] for name in everything} == everything


def test_objects_that_an_account_may_not_read_are_unknown(organization: Domain) -> None:
    databases = f"CN=Databases,{group(organization)}"
    (reader,) = organization.controller.ldbsearch("(sAMAccountName=reader)", ["objectSid"])
    ((_dn, before),) = organization.ldap.search_ext_s(
        databases, ldap.SCOPE_BASE, attrlist=["nTSecurityDescriptor"], serverctrls=[_ACCESS_ONLY]
    )
    grant(organization, databases, f"(D;CI;RPLCLORC;;;{reader.one('objectSid')})")
    try:
        as_reader = {"username": f"reader@{organization.controller.realm}", "password": READER}
        found = read(organization, "databases", **as_reader)
    finally:
        back = [(ldap.MOD_REPLACE, "nTSecurityDescriptor", before["nTSecurityDescriptor"])]
        organization.ldap.modify_ext_s(databases, back, serverctrls=[_ACCESS_ONLY])
    assert found["databases"] == []
    assert [row["what"] for row in found["unknown"]] == ["the databases"]


def test_a_forest_without_exchange_fails_with_one_sentence(domain: Domain) -> None:
    result = domain.task(MODULE, {})
    assert result.status == "failed"
    assert result.message.startswith(f"The forest {domain.controller.domain} has no Exchange organization")


def test_similar_objects_are_left_out(organization: Domain) -> None:
    before = read(organization)
    parent = f"CN=EX1CAS1,CN=Servers,{group(organization)}"
    other = f"CN=Printing,CN=Protocols,{parent}"
    http = f"CN=HTTP,CN=Protocols,{parent}"
    with (
        added(organization, f"CN=Mailbox,{parent}", "msExchExchangeTransportServer"),
        added(organization, other, "serviceConnectionPoint", keywords="Site=Datacenter-One"),
        added(organization, f"CN=EWS (Exchange Back End),{http}", "msExchWebServicesVirtualDirectory"),
    ):
        assert read(organization) == before


def test_a_pointer_to_another_forest(organization: Domain) -> None:
    place = f"CN=Microsoft Exchange Autodiscover,{services(organization)}"
    keywords = ["67661d7F-8FC4-4fa7-BFAC-E1D7794C1F68", "Domain=other.test"]
    with (
        added(organization, place, "container"),
        added(
            organization,
            f"CN=other.test,{place}",
            "serviceConnectionPoint",
            keywords=keywords,
            serviceBindingInformation="LDAP://dc.other.test",
        ),
    ):
        *_urls, row = read(organization, "autodiscover")["autodiscover"]
    assert row == {
        "server": None,
        "name": "other.test",
        "kind": "pointer",
        "url": "LDAP://dc.other.test",
        "host": "dc.other.test",
        "sites": [],
        "domains": ["other.test"],
    }


def test_names_with_a_comma_and_an_accent(organization: Domain) -> None:
    site = f"CN=Zürich\\, Süd,CN=Sites,{organization.controller.configuration_dn}"
    server = f"CN=EX2CAS6,CN=Servers,{group(organization)}"
    with added(organization, site, "site"), changed(organization, server, "msExchServerSite", site):
        found = read(organization, "client_access_arrays")
    by_name = {row["name"]: row["site"] for row in found["servers"]}
    assert by_name["EX2CAS6"] == "Zürich, Süd"
    assert [row["servers"][-1] for row in found["client_access_arrays"]] == ["EX1CAS6", "EX2CAS5"]


def test_a_missing_rpc_endpoint_of_a_database_is_unknown(organization: Domain) -> None:
    dn = f"CN=DB1,CN=Databases,{group(organization)}"
    ((_dn, stored),) = organization.ldap.search_s(dn, ldap.SCOPE_BASE, attrlist=["legacyExchangeDN"])
    legacy = stored["legacyExchangeDN"][0].decode()
    with changed(organization, dn, "legacyExchangeDN", legacy.replace("outlook-one", "outlook-gone")):
        found = read(organization, "databases")
    first = found["databases"][0]
    assert (first["rpc_client_access_server"], first["rpc_client_access_kind"]) == (
        "outlook-gone.corp.example.test",
        None,
    )
    assert [row["what"] for row in found["unknown"]] == ["CAS array or server outlook-gone.corp.example.test"]


def test_a_deleted_autodiscover_uri_is_null_and_not_unknown(organization: Domain) -> None:
    server = f"CN=EX1CAS1,CN=Servers,{group(organization)}"
    point = f"CN=EX1CAS1,CN=Autodiscover,CN=Protocols,{server}"
    with changed(organization, point, "serviceBindingInformation", None):
        found = read(organization, "autodiscover")
    row = next(row for row in found["autodiscover"] if row["server"] == "EX1CAS1")
    assert (row["kind"], row["url"], row["host"]) == ("url", None, None)
    assert found["unknown"] == []


def described_groups(domain: Domain) -> dict[str, set[str]]:
    """The groups of the inventory that the estate file describes."""
    estate = described_exchange(domain)
    groups: dict[str, set[str]] = {name: {domain.fqdn} for name in ("domain_controllers", "global_catalogs")}
    groups["site_default_first_site_name"] = {domain.fqdn}
    for server in estate.servers:
        site = f"site_{server.site.lower().replace('-', '_')}"
        dag = ("dag_members", "dag_dag1") if "mailbox" in server.roles else ()
        for name in ("exchange_servers", site, *dag, *(f"{role}_servers" for role in server.roles)):
            groups.setdefault(name, set()).add(server.fqdn.lower())
    return groups


@pytest.mark.matrix
def test_the_inventory_is_what_the_estate_file_describes(organization: Domain, tmp_path: Path) -> None:
    usn = organization.controller.highest_usn()
    source = {
        "plugin": "winha.cluster.exchange",
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(tmp_path / "cache"),
        "keyed_groups": [{"key": "winha_exchange_server.generation", "prefix": "exchange"}],
        "groups": {
            "in_one": "winha_exchange_server.site == 'Datacenter-One' and winha_exchange_server.dag is not none"
        },
        "compose": {"build": "winha_exchange_server.build"},
    }
    # The server is an environment variable, as for the modules.
    there = {**organization.environment(), "WINHA_DIRECTORY_SERVERS": organization.fqdn}
    found = read_inventory(organization.stage, source, environment=there)
    groups = described_groups(organization)
    members = groups["site_datacenter_one"] & groups["dag_members"]
    assert found.groups == groups | {"exchange_2010": groups["exchange_servers"], "in_one": members}
    assert organization.controller.highest_usn() == usn
    name = sorted(groups["dag_members"])[0]
    server = next(one for one in described_exchange(organization).servers if one.fqdn.lower() == name)
    assert found.hosts[name] == {
        "ansible_host": name,
        "build": "14.1.218.15",
        "winha_exchange_server": {
            "name": server.name,
            "fqdn": server.fqdn,
            "site": server.site,
            "roles": list(server.roles),
            "build": "14.1.218.15",
            "generation": "2010",
            "dag": "DAG1",
        },
    }
    assert found.hosts[organization.fqdn]["winha_domain_controller"] == {
        "name": organization.fqdn.partition(".")[0].upper(),
        "fqdn": organization.fqdn,
        "domain": organization.controller.domain,
        "site": "Default-First-Site-Name",
        "global_catalog": True,
        "read_only": False,
    }
    # Without a ticket nothing can be read, so the second run uses the cache.
    without = {**there, "KRB5CCNAME": str(tmp_path / "none")}
    again = read_inventory(organization.stage, source, environment=without)
    assert (again.groups, again.hosts) == (found.groups, found.hosts)
    fresh = read_inventory(organization.stage, {**source, "cache": False}, environment=without)
    assert fresh.groups == {}
    assert "Signing in on " in fresh.messages


def test_the_next_domain_controller_is_used_and_a_wrong_password_is_one_sentence(organization: Domain) -> None:
    simple = {
        "plugin": "winha.cluster.exchange",
        "servers": ["127.0.0.9", organization.fqdn],
        "authentication": "simple",
        "tls": "ldaps",
        "ca_path": str(organization.controller.ca_file),
        "username": "reader@corp.example.test",
        "password": READER,
    }
    found = read_inventory(organization.stage, simple, environment=organization.environment())
    assert found.groups == described_groups(organization)
    wrong = {**simple, "password": "Wrong-Passw0rd-9"}
    refused = read_inventory(organization.stage, wrong, environment=organization.environment())
    assert refused.groups == {}
    assert f"Signing in on {organization.fqdn} failed: " in refused.messages
    assert "Wrong-Passw0rd-9" not in refused.messages
    missing = read_inventory(organization.stage, {"plugin": simple["plugin"]}, environment=organization.environment())
    assert (
        "Neither servers nor domain is set. Set servers to the domain controllers, or set domain." in missing.messages
    )


# pypsrp with a Kerberos ticket, and no code of the collection: the server, the name in the ticket, the cmdlet and its
# parameters.
_SHELL = """
import sys
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

server, name, cmdlet, *given = sys.argv[1:]
wsman = WSMan(
    server, port=80, ssl=False, path="PowerShell/", auth="kerberos", negotiate_service="http", no_proxy=True,
    negotiate_hostname_override=name,
)
with wsman, RunspacePool(wsman, configuration_name="Microsoft.Exchange") as pool:
    shell = PowerShell(pool)
    shell.add_cmdlet(cmdlet).add_parameters(dict(one.split("=", 1) for one in given))
    print([str(one) for one in shell.invoke()], [str(one) for one in shell.streams.error])
"""


def run_cmdlet(organization: Domain, server: str, *arguments: str, name: str = "") -> subprocess.CompletedProcess[str]:
    """Run a cmdlet on the endpoint of a server."""
    return subprocess.run(
        [sys.executable, "-c", _SHELL, server, name or server, *arguments],
        env={**os.environ, **organization.environment()},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_a_cmdlet_sets_is_read_from_the_directory_when_it_is_replicated(organization: Domain) -> None:
    if not (importlib.util.find_spec("krb5") or os.environ.get("WINHA_KERBEROS_REQUIRED")):
        pytest.skip("the Python library krb5 is missing")
    first, second = described_exchange(organization).servers[:2]

    def url() -> str:
        rows = read(organization, "autodiscover")["autodiscover"]
        return str(next(row["url"] for row in rows if row["server"] == second.name))

    before = url()
    wanted = "https://new.corp.example.test/autodiscover/autodiscover.xml"
    setting = ("Set-ClientAccessServer", f"Identity={second.name}", "AutoDiscoverServiceInternalUri={}")
    done = run_cmdlet(organization, first.fqdn, *setting[:2], setting[2].format(wanted))
    assert done.stdout == "[] []\n", done.stderr
    exchange = organization.stage.estate.exchange
    assert exchange.replication.wait()
    assert url() == wanted
    assert run_cmdlet(organization, first.fqdn, *setting[:2], setting[2].format(before)).returncode == 0
    assert exchange.replication.wait()
    assert url() == before
    # A ticket for another server is not accepted.
    refused = run_cmdlet(organization, first.fqdn, "Get-ExchangeServer", name=second.fqdn)
    assert "AuthenticationError" in refused.stderr
    assert (len(exchange.journal(writes=True)), exchange.open_shells()) == (2, 0)
    messages = (organization.stage.estate.state / "exchange-messages.jsonl").read_text("utf-8")
    assert '"sealed": true' in messages
    assert '"sealed": false' not in messages
