# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of exchange_info for objects in the format of a domain controller.

The session returns fixed objects and ignores filters. The integration tests use real filters.
"""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._directory.entry import Entry
from ansible_collections.winha.cluster.plugins.module_utils._exchange import parts as exchange
from ansible_collections.winha.cluster.plugins.module_utils.errors import TaskError

CONFIGURATION = "CN=Configuration,DC=corp,DC=example,DC=com"
EXCHANGE = f"CN=Microsoft Exchange,CN=Services,{CONFIGURATION}"
ORGANIZATION = f"CN=Example\\, Inc.,{EXCHANGE}"
GROUP = "Exchange Administrative Group (FYDIBOHF23SPDLT)"
AG = f"CN={GROUP},CN=Administrative Groups,{ORGANIZATION}"
LEGACY = f"/o=Example/ou={GROUP}/cn=Configuration/cn=Servers"
SERVER = ("top", "server", "msExchExchangeServer")
SP1, SP3, CU2013 = "Version 14.1 (Build 30218.15)", "Version 14.3 (Build 30123.4)", "Version 15.0 (Build 31497.002)"
CU2019 = "Version 15.2 (Build 31118.007)"

Rows = list[dict[str, t.Any]]


def entry(dn: str, *classes: str, **values: str | int | list[str] | None) -> Entry:
    found = {"objectclass": tuple(name.encode() for name in classes)}
    for name, value in values.items():
        several = value if isinstance(value, list) else [str(value)]
        if value is not None:
            found[name.lower()] = tuple(text.encode() for text in several)
    return Entry(dn, found)


def site(name: str) -> str:
    return f"CN={name},CN=Sites,{CONFIGURATION}"


def server(name: str, roles: int = 54, build: str = SP3, where: str = "Primary", **values: str | int | None) -> Entry:
    fqdn = f"{name.lower()}.corp.example.com"
    own: dict[str, t.Any] = {
        "serialNumber": build,
        "msExchCurrentServerRoles": roles,
        "msExchServerSite": site(where),
        "networkAddress": [f"netbios:{name}", "ncacn_vns_spp:x", f"ncacn_ip_tcp:{fqdn}"],
        "legacyExchangeDN": f"{LEGACY}/cn={name}",
    }
    return entry(f"CN={name},CN=Servers,{AG}", *SERVER, **(own | values))


def array(fqdn: str, where: str, name: str = "") -> Entry:
    return entry(
        f"CN={name or fqdn},CN=Arrays,{AG}",
        *SERVER,
        "msExchClientAccessArray",
        networkAddress=f"ncacn_ip_tcp:{fqdn}",
        msExchServerSite=site(where),
        legacyExchangeDN=f"{LEGACY}/cn={name or fqdn}",
    )


def database(name: str, owner: str, endpoint: str, copies: t.Mapping[str, int | None], master: str = "") -> list[Entry]:
    dn = f"CN={name},CN=Databases,{AG}"
    own = entry(
        dn,
        "top",
        "msExchMDB",
        "msExchPrivateMDB",
        legacyExchangeDN=f"{LEGACY}/cn={endpoint}/cn=Microsoft Private MDB",
        msExchOwningServer=f"CN={owner},CN=Servers,{AG}",
        msExchMasterServerOrAvailabilityGroup=master or f"CN={owner},CN=Servers,{AG}",
    )
    return [own] + [
        entry(
            f"CN={host},{dn}",
            "top",
            "msExchMDBCopy",
            msExchHostServerLink=f"CN={host},CN=Servers,{AG}",
            msExchActivationPreference=preference,
        )
        for host, preference in copies.items()
    ]


def directory(owner: str, kind: str, name: str = "EWS (Default Web Site)", **values: str | int) -> Entry:
    dn = f"CN={name},CN=HTTP,CN=Protocols,CN={owner},CN=Servers,{AG}"
    return entry(dn, "top", "msExchVirtualDirectory", f"msExch{kind}VirtualDirectory", **values)


def point(owner: str, *keywords: str, url: str | None = "https://autodiscover.corp.example.com/x.xml") -> Entry:
    dn = f"CN={owner},CN=Autodiscover,CN=Protocols,CN={owner},CN=Servers,{AG}"
    return entry(dn, "top", "leaf", "serviceConnectionPoint", serviceBindingInformation=url, keywords=list(keywords))


class Session:
    """A session that returns the same objects for every search and counts the searches."""

    host = "dc1.corp.example.com"
    configuration_dn = CONFIGURATION
    forest = "corp.example.com"

    def __init__(self, *entries: Entry, organization: bool = True) -> None:
        own = [entry(ORGANIZATION, "top", "container", "msExchOrganizationContainer")] if organization else []
        self.entries = [*own, *entries]
        self.searches = 0

    def search(
        self, base: str, filter_: str, attributes: t.Sequence[str], *, scope: str = "subtree", operation: str
    ) -> t.Iterator[Entry]:
        self.searches += 1
        return iter(self.entries)


def read(part: str, *entries: Entry) -> Rows:
    rows: Rows = exchange.read_organization(Session(*entries), [part])[part]
    return rows


def servers(*entries: Entry) -> Rows:
    rows: Rows = exchange.read_organization(Session(*entries), [])["servers"]
    return rows


def unknown(part: str, *entries: Entry) -> list[str]:
    return [row["what"] for row in exchange.read_organization(Session(*entries), [part])["unknown"]]


def test_all_parts_are_read_with_one_search() -> None:
    session = Session(server("EX1"))
    assert set(exchange.PARTS) < set(exchange.read_organization(session, list(exchange.PARTS)))
    assert session.searches == 1


def test_a_hosted_tenant_is_not_the_organization() -> None:
    tenant = entry(f"CN=Configuration,CN=Tenant,CN=ConfigurationUnits,{ORGANIZATION}", "msExchOrganizationContainer")
    found = exchange.read_organization(Session(tenant), [])
    assert found["organization"] == {"name": "Example, Inc.", "dn": ORGANIZATION, "forest": "corp.example.com"}


def test_a_forest_without_exchange_fails_with_one_sentence() -> None:
    with pytest.raises(TaskError, match=r"^The forest corp\.example\.com has no Exchange organization, .*\.$"):
        exchange.read_organization(Session(organization=False), [])


def test_a_server() -> None:
    dag = f"CN=DAG1,CN=Database Availability Groups,{AG}"
    assert servers(server("MBX1", 38, SP1, "Main\\, West", msExchMDBAvailabilityGroupLink=dag)) == [
        {
            "name": "MBX1",
            "fqdn": "mbx1.corp.example.com",
            "dn": f"CN=MBX1,CN=Servers,{AG}",
            "site": "Main, West",
            "roles": ["mailbox", "client_access", "hub_transport"],
            "build": "14.1.218.15",
            "generation": "2010",
            "dag": "DAG1",
            "legacy_dn": f"{LEGACY}/cn=MBX1",
        }
    ]


def test_arrays_and_transport_objects_are_not_servers() -> None:
    transport = entry(
        f"CN=Mailbox,CN=Transport Configuration,CN=EX1,CN=Servers,{AG}", *SERVER, "msExchExchangeTransportServer"
    )
    found = servers(server("EX10"), server("EX9"), array("outlook.corp.example.com", "Primary"), transport)
    assert [row["name"] for row in found] == ["EX9", "EX10"]


@pytest.mark.parametrize(
    ("build", "roles", "expected"),
    [
        (SP3, 4, ["client_access"]),
        (CU2013, 54, ["mailbox", "unified_messaging", "hub_transport"]),  # only the back end of client access
        (CU2013, 16385, ["client_access"]),
        (CU2013, 16439, ["mailbox", "client_access", "unified_messaging", "hub_transport"]),
        (CU2019, 16439, ["mailbox", "client_access", "unified_messaging", "hub_transport"]),
        (SP3, 64, ["edge_transport"]),
        ("unknown", 16385, ["client_access"]),
    ],
)
def test_the_roles_of_a_server(build: str, roles: int, expected: list[str]) -> None:
    assert servers(server("EX1", roles, build))[0]["roles"] == expected


def test_an_array_of_the_later_class_is_an_array() -> None:
    old = entry(f"CN=old,CN=Arrays,{AG}", *SERVER, "msExchClientAccessArrayLegacy", networkAddress="ncacn_ip_tcp:old")
    assert [row["fqdn"] for row in read("client_access_arrays", old)] == ["old"]
    assert servers(old) == []


def test_an_unreadable_build_is_null_and_unknown() -> None:
    old = server("OLD", 0, "Version 6.5 (Build 7638.2: Service Pack 2)", versionNumber=7638, msExchServerSite=None)
    found = exchange.read_organization(Session(old), [])
    assert (found["servers"][0]["build"], found["servers"][0]["generation"]) == (None, None)
    assert [row["what"] for row in found["unknown"]] == ["the build of OLD", "the roles of OLD", "the site of OLD"]


def test_the_version_number_is_used_without_a_serial_number() -> None:
    # 14.1.218 is 738180DA in the Autodiscover response of a real server.
    row = servers(server("EX1", serialNumber=None, versionNumber=0x738180DA))[0]
    assert (row["build"], row["generation"]) == ("14.1.218.0", "2010")


def test_an_array_has_the_exchange_2010_servers_of_its_site() -> None:
    here = [server("CAS2", 4), server("CAS10", 36, where="PRIMARY"), server("MBX1", 2), server("EX19", 16439, CU2019)]
    there = server("CAS7", 4, where="Failover")
    arrays = [array("outlook2.corp.example.com", "Failover"), array("outlook.corp.example.com", "Primary", "Array 1")]
    assert read("client_access_arrays", *here, there, *arrays) == [
        {
            "name": "Array 1",
            "fqdn": "outlook.corp.example.com",
            "site": "Primary",
            "legacy_dn": f"{LEGACY}/cn=Array 1",
            "servers": ["CAS2", "CAS10"],
        },
        {
            "name": "outlook2.corp.example.com",
            "fqdn": "outlook2.corp.example.com",
            "site": "Failover",
            "legacy_dn": f"{LEGACY}/cn=outlook2.corp.example.com",
            "servers": ["CAS7"],
        },
    ]


HOSTS = (server("MBX1", 2), server("MBX2", 2, where="Failover"), server("EX19", 16439, CU2019), server("CAS1", 4))
OUTLOOK = array("outlook.corp.example.com", "Primary", "Array 1")


@pytest.mark.parametrize(
    ("endpoint", "name", "kind"),
    [
        ("Array 1", "outlook.corp.example.com", "array"),
        ("array 1", "outlook.corp.example.com", "array"),
        ("CAS1", "cas1.corp.example.com", "server"),
        ("gone.corp.example.com", "gone.corp.example.com", None),
    ],
)
def test_the_rpc_endpoint_of_a_2010_database(endpoint: str, name: str, kind: str | None) -> None:
    (row,) = read("databases", *HOSTS, OUTLOOK, *database("DB1", "MBX1", endpoint, {"MBX1": 1}))
    assert (row["rpc_client_access_server"], row["rpc_client_access_kind"]) == (name, kind)


def test_a_later_database_has_no_rpc_endpoint() -> None:
    (row,) = read("databases", *HOSTS, OUTLOOK, *database("DB1", "EX19", "Array 1", {"EX19": 1}))
    assert (row["generation"], row["rpc_client_access_server"], row["rpc_client_access_kind"]) == ("2019", None, None)


def test_distinguished_names_are_case_insensitive() -> None:
    own, *copies = database("DB1", "MBX1", "CAS1", {"MBX2": 1})
    owner = f"cn=mbx1,cn=servers,{AG}".encode()
    (row,) = read("databases", *HOSTS, Entry(own.dn.lower(), own.values | {"msexchowningserver": (owner,)}), *copies)
    assert (row["generation"], row["preferred_site"]) == ("2010", "Failover")


def test_copies_are_sorted_by_activation_preference() -> None:
    dag = f"CN=DAG1,CN=Database Availability Groups,{AG}"
    (row,) = read("databases", *HOSTS, *database("DB1", "MBX1", "CAS1", {"CAS1": None, "MBX1": 2, "MBX2": 1}, dag))
    assert row["copies"] == [
        {"server": "MBX2", "activation_preference": 1},
        {"server": "MBX1", "activation_preference": 2},
        {"server": "CAS1", "activation_preference": None},
    ]
    assert (row["preferred_site"], row["master"], row["generation"]) == ("Failover", "DAG1", "2010")


def test_databases_with_the_same_name_in_two_groups_keep_their_copies() -> None:
    first = database("DB1", "MBX1", "CAS1", {"MBX1": 1})
    second = [
        Entry(item.dn.replace(GROUP, "Other"), item.values) for item in database("DB1", "MBX2", "CAS1", {"MBX2": 1})
    ]
    rows = read("databases", *HOSTS, *first, *second)
    assert [[copy["server"] for copy in row["copies"]] for row in rows] == [["MBX1"], ["MBX2"]]


def test_the_members_of_a_dag_are_read_from_the_servers() -> None:
    dag = f"CN=DAG1,CN=Database Availability Groups,{AG}"
    group = entry(dag, "top", "msExchMDBAvailabilityGroup", msExchAllowCrossSiteRPCClientAccess=1)
    members = [server(name, 2, msExchMDBAvailabilityGroupLink=dag) for name in ("MBX10", "MBX9")]
    assert read("database_availability_groups", group, *members, server("MBX1", 2)) == [
        {"name": "DAG1", "servers": ["MBX9", "MBX10"], "allow_cross_site_rpc_client_access": True}
    ]


def test_service_connection_points_are_sorted_with_pointers_last() -> None:
    pointer = entry(
        f"CN=a.example,CN=Microsoft Exchange Autodiscover,CN=Services,{CONFIGURATION}",
        "serviceConnectionPoint",
        keywords=["67661d7F-8FC4-4fa7-BFAC-E1D7794C1F68", "Domain=other.example", "DOMAIN=sub.other.example"],
        serviceBindingInformation="LDAP://dc.other.example",
    )
    url = point(
        "CAS1", "77378F46-2C66-4aa9-A6A6-3E7A48B19596", "site=Primary", "Site=Failover", url="https://CAS1.Corp/a"
    )
    rows = read("autodiscover", pointer, server("CAS1", 4), url)
    assert [(row["server"], row["kind"], row["host"], row["sites"], row["domains"]) for row in rows] == [
        ("CAS1", "url", "cas1.corp", ["Failover", "Primary"], []),
        (None, "pointer", "dc.other.example", [], ["other.example", "sub.other.example"]),
    ]


def test_a_virtual_directory() -> None:
    urls = {"msExchInternalHostName": "https://Mail.corp.example.com/EWS/Exchange.asmx", "msExchExternalHostName": ""}
    found = directory("CAS1", "WebServices", msExchInternalAuthenticationMethods=2 + 16 + 128, **urls)
    assert read("virtual_directories", server("CAS1", 4), found) == [
        {
            "server": "CAS1",
            "service": "ews",
            "name": "EWS (Default Web Site)",
            "web_site": "Default Web Site",
            "internal_url": "https://Mail.corp.example.com/EWS/Exchange.asmx",
            "internal_host": "mail.corp.example.com",
            "external_url": None,
            "external_host": None,
            "authentication": ["ntlm", "windows_integrated", "ws_security"],
            "negotiate": True,
        }
    ]


@pytest.mark.parametrize(
    ("kind", "build", "values", "expected"),
    [
        ("OAB", SP3, {"msExchInternalAuthenticationMethods": 16}, True),
        ("Mapi", CU2013, {"msExchInternalAuthenticationMethods": 2 + 1024 + 8192}, True),
        ("Mapi", CU2013, {"msExchInternalAuthenticationMethods": 2 + 1024}, False),
        ("OAB", SP3, {}, None),
        ("RpcHttp", SP3, {"msExchInternalAuthenticationMethods": 1}, False),
        # Since 2013 Outlook uses one configured method, whatever IIS offers. The default is NTLM.
        ("RpcHttp", CU2013, {"msExchInternalAuthenticationMethods": 8195, "msExchManagementSettings": 13}, True),
        ("RpcHttp", CU2013, {"msExchInternalAuthenticationMethods": 8195, "msExchManagementSettings": 2}, False),
        ("RpcHttp", CU2013, {"msExchInternalAuthenticationMethods": 8195}, False),
    ],
)
def test_whether_clients_can_use_kerberos(
    kind: str, build: str, values: dict[str, str | int], expected: bool | None
) -> None:
    (row,) = read("virtual_directories", server("EX1", 16439, build), directory("EX1", kind, **values))
    assert row["negotiate"] is expected


def test_the_back_end_is_left_out() -> None:
    back_end = directory("EX1", "WebServices", "EWS (Exchange Back End)")
    assert read("virtual_directories", server("EX1"), back_end) == []


def test_accepted_domains() -> None:
    place = f"CN=Accepted Domains,CN=Transport Settings,{ORGANIZATION}"
    rows = read(
        "accepted_domains",
        entry(
            f"CN=b,{place}", "msExchAcceptedDomain", msExchAcceptedDomainName="b.example", msExchAcceptedDomainFlags=10
        ),
        entry(
            f"CN=Main,{place}",
            "msExchAcceptedDomain",
            msExchAcceptedDomainName="*.a.example",
            msExchAcceptedDomainFlags=4,
        ),
        entry(f"CN=c.example,{place}", "msExchAcceptedDomain", msExchAcceptedDomainFlags=1),
    )
    assert rows == [
        {"name": "*.a.example", "type": "authoritative", "default": True},
        {"name": "b.example", "type": "internal_relay", "default": False},
        {"name": "c.example", "type": "external_relay", "default": False},
    ]


def test_a_missing_object_is_unknown_once() -> None:
    databases = [
        item for number in range(1, 5) for item in database(f"DB{number}", "MBX1", "gone", {"MBX1": 1, "MBX9": 2})
    ]
    assert unknown("databases", *HOSTS, *databases) == ["server MBX9", "CAS array or server gone"]


@pytest.mark.parametrize(
    ("part", "entries", "expected"),
    [
        ("databases", [server("MBX1", 2)], ["the databases"]),
        ("databases", [server("CAS1", 4)], []),
        ("databases", database("DB1", "MBX1", "CAS1", {}), ["the servers", "the generation of DB1"]),
        (
            "database_availability_groups",
            [server("MBX1", 2, msExchMDBAvailabilityGroupLink=f"CN=DAG1,{AG}")],
            ["database availability group DAG1"],
        ),
        ("autodiscover", [server("CAS1", 4), server("MBX1", 2)], ["the service connection points of CAS1"]),
        (
            "autodiscover",
            [server("CAS1", 4), point("CAS1", "77378f46-2c66-4aa9-a6a6-3e7a48b19596", url="https:///x.xml")],
            ["the host of service connection point CAS1"],
        ),
        # The state after Set-ClientAccessServer -AutoDiscoverServiceInternalUri $null: nothing is unknown.
        ("autodiscover", [server("CAS1", 4), point("CAS1", "77378f46-2c66-4aa9-a6a6-3e7a48b19596", url=None)], []),
        ("virtual_directories", [server("CAS1", 4)], ["the virtual directories of CAS1"]),
        ("accepted_domains", [server("CAS1", 4)], ["the accepted domains"]),
        ("client_access_arrays", [server("CAS1", 4)], []),
    ],
)
def test_a_missing_required_object_is_unknown(part: str, entries: list[Entry], expected: list[str]) -> None:
    assert unknown(part, *entries) == expected
