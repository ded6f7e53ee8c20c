# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""LDIF of an Exchange organization in the configuration partition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .description import Account
from .exchange import ROLES, Service
from .ldif import entry
from .names import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .description import Directory
    from .exchange import AvailabilityGroup, Database, Exchange, Server

_GROUP = "Exchange Administrative Group (FYDIBOHF23SPDLT)"
_SCP = "77378F46-2C66-4aa9-A6A6-3E7A48B19596"
# The msExchVersion of objects, by major version.
_OBJECT_VERSIONS = {14: 44220983382016, 15: 88218628259840}
_SCHEMA_OF_ORGANIZATION = {(14, 0): 12640, (14, 1): 13214, (14, 2): 14247, (14, 3): 14322, (15, 0): 16133}
# The name in IIS, the class, and the defaults of setup: the internal URL and the internal authentication.
_DIRECTORIES = {
    "owa": ("owa", "msExchOWAVirtualDirectory", "https://{fqdn}/owa", 5),
    "ecp": ("ecp", "msExchECPVirtualDirectory", "https://{fqdn}/ecp", 5),
    "ews": ("EWS", "msExchWebServicesVirtualDirectory", "https://{fqdn}/EWS/Exchange.asmx", 146),
    "oab": ("OAB", "msExchOABVirtualDirectory", "http://{fqdn}/OAB", 16),
    "activesync": (
        "Microsoft-Server-ActiveSync",
        "msExchMobileVirtualDirectory",
        "https://{fqdn}/Microsoft-Server-ActiveSync",
        1,
    ),
    "autodiscover": ("Autodiscover", "msExchAutoDiscoverVirtualDirectory", "", 147),
    "powershell": ("PowerShell", "msExchPowerShellVirtualDirectory", "http://{fqdn}/powershell", 0),
    "outlook_anywhere": ("Rpc", "msExchRpcHttpVirtualDirectory", "", 2),
    "mapi": ("mapi", "msExchMapiVirtualDirectory", "https://{fqdn}/mapi", 8194),
}


def build(version: tuple[int, int, int, int]) -> str:
    """A version in the format of serialNumber: Version 14.1 (Build 30218.15) for 14.1.218.15."""
    major, minor, number, revision = version
    return f"Version {major}.{minor} (Build {number + 30000}.{revision})"


def version_number(version: tuple[int, int, int, int]) -> int:
    """A version in the format of versionNumber: 4 bits with 7, 6 bits major, 6 bits minor, a flag, the build."""
    major, minor, number, _revision = version
    return 7 << 28 | major << 22 | minor << 16 | 1 << 15 | number


class Places:
    """The distinguished names of the objects of an organization."""

    def __init__(self, directory: Directory, exchange: Exchange) -> None:
        self.directory = directory
        self.exchange = exchange
        self.root = f"CN=Microsoft Exchange,CN=Services,{directory.configuration_dn}"
        self.organization = f"CN={escaped(exchange.organization)},{self.root}"
        self.group = f"CN={escaped(_GROUP)},CN=Administrative Groups,{self.organization}"
        self.legacy = f"/o={exchange.organization}/ou={_GROUP}"
        newest = max((server.version for server in exchange.servers), default=(14, 1, 218, 15))
        self.release = newest[:2]
        self.version = _OBJECT_VERSIONS.get(newest[0], _OBJECT_VERSIONS[15])

    def site(self, name: str) -> str:
        return f"CN={escaped(name)},CN=Sites,{self.directory.configuration_dn}"

    def server(self, name: str) -> str:
        return f"CN={escaped(name)},CN=Servers,{self.group}"

    def array(self, name: str) -> str:
        return f"CN={escaped(name)},CN=Arrays,{self.group}"

    def database(self, name: str) -> str:
        return f"CN={escaped(name)},CN=Databases,{self.group}"

    def dag(self, name: str) -> str:
        return f"CN={escaped(name)},CN=Database Availability Groups,{self.group}"


def _containers(tree: Places) -> Iterator[str]:
    version = {"msExchVersion": tree.version}
    yield entry(tree.root, {"objectClass": "msExchConfigurationContainer"})
    yield entry(
        tree.organization,
        {
            "objectClass": "msExchOrganizationContainer",
            "objectVersion": _SCHEMA_OF_ORGANIZATION.get(tree.release, 16133),
            "msExchProductID": f"{tree.release[0]}.{tree.release[1]:02}",
            "legacyExchangeDN": f"/o={tree.exchange.organization}",
            **version,
        },
    )
    yield entry(f"CN=Administrative Groups,{tree.organization}", {"objectClass": "msExchAdminGroupContainer"})
    yield entry(tree.group, {"objectClass": "msExchAdminGroup", "legacyExchangeDN": tree.legacy})
    yield entry(f"CN=Servers,{tree.group}", {"objectClass": "msExchServersContainer"})
    yield entry(f"CN=Database Availability Groups,{tree.group}", {"objectClass": "msExchMDBAvailabilityGroupContainer"})
    for name in ("Arrays", "Databases"):
        yield entry(f"CN={name},{tree.group}", {"objectClass": "msExchContainer", **version})
    yield entry(f"CN=Transport Settings,{tree.organization}", {"objectClass": "msExchTransportSettings"})
    for name in ("Accepted Domains,CN=Transport Settings", "Federation Trusts"):
        yield entry(f"CN={name},{tree.organization}", {"objectClass": "msExchContainer", **version})
    yield entry(f"CN=Federation,{tree.organization}", {"objectClass": "msExchFedOrgId", **version})


def _addresses(server: Server) -> list[str]:
    endpoints = [f"{kind}:{server.name}" for kind in ("ncacn_vns_spp", "netbios", "ncacn_np", "ncacn_spx")]
    return [*endpoints, f"ncacn_ip_tcp:{server.fqdn}", "ncalrpc:"]


def _server(tree: Places, server: Server) -> Iterator[str]:
    dn = tree.server(server.name)
    group = next((item.name for item in tree.exchange.groups if server.name in item.members), None)
    install = f"C:\\Program Files\\Microsoft\\Exchange Server\\V{server.version[0]}"
    yield entry(
        dn,
        {
            "objectClass": "msExchExchangeServer",
            "adminDisplayName": server.name,
            "serialNumber": build(server.version),
            "versionNumber": version_number(server.version),
            "networkAddress": _addresses(server),
            "legacyExchangeDN": f"{tree.legacy}/cn=Configuration/cn=Servers/cn={server.name}",
            "msExchCurrentServerRoles": sum(ROLES[role] for role in server.roles),
            "msExchServerSite": tree.site(server.site),
            "msExchMDBAvailabilityGroupLink": tree.dag(group) if group else None,
            "msExchInstallPath": install,
            "msExchDataPath": install,
            "msExchVersion": _OBJECT_VERSIONS.get(server.version[0], tree.version),
        },
    )
    yield entry(f"CN=Protocols,{dn}", {"objectClass": "msExchProtocolCfgProtocolContainer"})
    if "mailbox" in server.roles:
        yield entry(f"CN=InformationStore,{dn}", {"objectClass": "msExchInformationStore"})
    if "client_access" not in server.roles:
        return
    for name, kind in (("HTTP", "HTTP"), ("IMAP4", "IMAP"), ("POP3", "POP")):
        yield entry(f"CN={name},CN=Protocols,{dn}", {"objectClass": f"msExchProtocolCfg{kind}Container"})
    yield from _virtual_directories(tree, server)
    yield from _connection_point(tree, server)


def _virtual_directories(tree: Places, server: Server) -> Iterator[str]:
    for service, (name, kind, default, authentication) in _DIRECTORIES.items():
        settings = server.services.get(service)
        # Setup does not create Outlook Anywhere. MAPI over HTTP exists since 2013 SP1.
        if settings is None and (
            service == "outlook_anywhere" or (service == "mapi" and server.version < (15, 0, 847, 0))
        ):
            continue
        settings = settings or Service()
        internal = default.format(fqdn=server.fqdn) if settings.internal is None else settings.internal
        methods = authentication if settings.authentication is None else settings.authentication
        yield entry(
            f"CN={escaped(f'{name} (Default Web Site)')},CN=HTTP,CN=Protocols,{tree.server(server.name)}",
            {
                "objectClass": kind,
                "msExchInternalHostName": internal or None,
                "msExchExternalHostName": settings.external or None,
                "msExchInternalAuthenticationMethods": methods,
                "msExchExternalAuthenticationMethods": methods,
                "msExchMetabasePath": f"IIS://{server.fqdn}/W3SVC/1/ROOT/{name}",
                "msExchVersion": _OBJECT_VERSIONS.get(server.version[0], tree.version),
            },
        )


def _connection_point(tree: Places, server: Server) -> Iterator[str]:
    container = f"CN=Autodiscover,CN=Protocols,{tree.server(server.name)}"
    yield entry(container, {"objectClass": "msExchProtocolCfgSharedContainer"})
    yield entry(
        f"CN={escaped(server.name)},{container}",
        {
            "objectClass": "serviceConnectionPoint",
            "serviceClassName": "ms-Exchange-AutoDiscover-Service",
            "serviceDNSName": server.name,
            "serviceBindingInformation": server.scp or None,
            "keywords": [_SCP, *(f"Site={site}" for site in server.scp_sites)],
        },
    )


def _group(tree: Places, group: AvailabilityGroup) -> str:
    witness = f"\\\\{group.witness}\\{group.name}.{tree.directory.domain}" if group.witness else None
    return entry(
        tree.dag(group.name),
        {
            "objectClass": "msExchMDBAvailabilityGroup",
            "msExchMDBAvailabilityGroupName": group.name,
            "msExchFileShareWitness": witness,
            "msExchFileShareWitnessDirectory": group.witness_directory or None,
            "msExchMDBAvailabilityGroupIPv4Addresses": group.addresses,
            "msExchAllowCrossSiteRPCClientAccess": int(group.cross_site_rpc),
            "msExchDatacenterActivationMode": int(group.datacenter_activation),
            "msExchThirdPartySynchronousReplication": 0,
            "msExchVersion": tree.version,
        },
    )


def _database(tree: Places, database: Database) -> Iterator[str]:
    dn = tree.database(database.name)
    first = min(database.copies, key=lambda name: database.copies[name])
    group = next((item for item in tree.exchange.groups if first in item.members), None)
    yield entry(
        dn,
        {
            "objectClass": "msExchPrivateMDB",
            "adminDisplayName": database.name,
            "deliveryMechanism": 0,
            "legacyExchangeDN": f"{tree.legacy}/cn=Configuration/cn=Servers/cn={database.legacy_name}"
            "/cn=Microsoft Private MDB",
            "msExchOwningServer": tree.server(first),
            "msExchMasterServerOrAvailabilityGroup": tree.dag(group.name) if group else tree.server(first),
            "msExchEDBFile": f"D:\\{database.name}\\{database.name}.edb",
            "msExchESEParamLogFilePath": f"D:\\{database.name}",
            "msExchVersion": tree.version,
        },
    )
    for name, preference in database.copies.items():
        yield entry(
            f"CN={escaped(name)},{dn}",
            {
                "objectClass": "msExchMDBCopy",
                "msExchHostServerLink": tree.server(name),
                "msExchHostServerName": name,
                "msExchActivationPreference": preference,
                "msExchReplayLag": 0,
                "msExchTruncationLag": 0,
                "msExchVersion": tree.version,
            },
        )


def objects(directory: Directory) -> Iterator[str]:
    """LDIF of the organization without the federation trusts."""
    if directory.exchange is None:
        return
    tree = Places(directory, directory.exchange)
    yield from _containers(tree)
    for group in tree.exchange.groups:
        yield _group(tree, group)
    for server in tree.exchange.servers:
        yield from _server(tree, server)
    for array in tree.exchange.arrays:
        yield entry(
            tree.array(array.name),
            {
                "objectClass": "msExchClientAccessArray",
                "adminDisplayName": array.name,
                "networkAddress": f"ncacn_ip_tcp:{array.fqdn}",
                "legacyExchangeDN": f"{tree.legacy}/cn=Configuration/cn=Servers/cn={array.fqdn}",
                "msExchServerSite": tree.site(array.site),
                "msExchVersion": tree.version,
            },
        )
    for database in tree.exchange.databases:
        yield from _database(tree, database)
    for domain in tree.exchange.domains:
        yield entry(
            f"CN={escaped(domain.name)},CN=Accepted Domains,CN=Transport Settings,{tree.organization}",
            {
                "objectClass": "msExchAcceptedDomain",
                "msExchAcceptedDomainName": domain.name,
                # The value 4 marks the default domain. The lowest two bits are the type.
                "msExchAcceptedDomainFlags": domain.kind | (4 if domain.default else 0),
                "msExchVersion": tree.version,
            },
        )


def trusts_dn(directory: Directory, exchange: Exchange) -> str:
    """The distinguished name of the container of the federation trusts."""
    return f"CN=Federation Trusts,{Places(directory, exchange).organization}"


def accounts(exchange: Exchange) -> Iterator[Account]:
    """The computer accounts of the servers, with the SPNs that Windows and Exchange register."""
    for server in exchange.servers:
        services = ["HOST", "RestrictedKrbHost", "WSMAN", "exchangeMDB", "exchangeRFR", "SMTP", "SmtpSvc"]
        if "client_access" in server.roles:
            services += ["exchangeAB", "IMAP", "IMAP4", "POP", "POP3"]
        names = [f"{service}/{name}" for service in services for name in (server.name, server.fqdn)]
        yield Account(
            f"{server.name}$", "computer", spns=tuple(names), encryption_types=28, container="CN=Computers",
            # Only an account with a password has keys, with which its endpoint checks tickets.
            dns_name=server.fqdn, password=f"Machine-Passw0rd-{server.name}" if server.address else None,
        )  # fmt: skip
