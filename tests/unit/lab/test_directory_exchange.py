# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stored objects of the Exchange organization."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from directory_estate import description, needs_samba, network
from lab.directory import parse, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.directory import DomainController, Entry

pytestmark = needs_samba


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DomainController]:
    """A domain that no test changes."""
    reservation, net = network()
    directory = parse(description(net), {"password": "Lab-Passw0rd"})
    with reservation, running(directory, tmp_path_factory.mktemp("exchange")) as found:
        yield found


def _found(domain: DomainController, expression: str) -> list[Entry]:
    return domain.ldbsearch(expression, base=f"CN=Microsoft Exchange,CN=Services,{domain.configuration_dn}")


def _one(domain: DomainController, expression: str) -> Entry:
    (found,) = _found(domain, expression)
    return found


def test_servers_have_builds_roles_and_names(domain: DomainController) -> None:
    server = _one(domain, "(&(objectClass=msExchExchangeServer)(cn=CAS1))")
    assert server.one("serialNumber") == "Version 14.1 (Build 30218.15)"
    assert int(server.one("versionNumber")) == 1937866970
    assert server.one("msExchCurrentServerRoles") == "36"
    assert "ncacn_ip_tcp:cas1.corp.example.test" in server.all("networkAddress")
    assert server.one("msExchServerSite") == f"CN=One,CN=Sites,{domain.configuration_dn}"
    assert server.one("objectCategory").startswith("CN=ms-Exch-Exchange-Server,CN=Schema,")
    assert _one(domain, "(&(cn=CAS2)(serialNumber=*))").one("serialNumber") == "Version 15.0 (Build 31497.2)"


def test_a_cas_array_is_also_a_server_object(domain: DomainController) -> None:
    array = _one(domain, "(objectClass=msExchClientAccessArray)")
    assert {"server", "msExchExchangeServer"} <= set(array.all("objectClass"))
    assert array.one("networkAddress") == "ncacn_ip_tcp:outlook.corp.example.test"
    assert not array.all("serialNumber")


def test_each_client_access_server_has_an_scp(domain: DomainController) -> None:
    points = _found(domain, "(&(objectClass=serviceConnectionPoint)(keywords=77378F46-2C66-4AA9-A6A6-3E7A48B19596))")
    assert {point.one("cn"): point.one("serviceBindingInformation") for point in points} == {
        "CAS1": "https://autod.corp.example.test/x",
        "CAS2": "https://cas2.corp.example.test/autodiscover/autodiscover.xml",
    }
    assert {keyword for point in points for keyword in point.all("keywords") if keyword.startswith("Site=")} == {
        "Site=One",
        "Site=Two",
    }


def test_virtual_directories_have_the_values_of_the_file_or_of_setup(domain: DomainController) -> None:
    found = _found(domain, "(&(objectClass=msExchVirtualDirectory)(!(objectClass=container)))")
    inside = {
        (entry.dn.split(",")[3].removeprefix("CN="), entry.all("objectClass")[-1]): entry.all("msExchInternalHostName")
        for entry in found
    }
    assert inside["CAS1", "msExchOWAVirtualDirectory"] == ["https://mail.corp.example.test/owa"]
    assert inside["CAS2", "msExchOWAVirtualDirectory"] == ["https://two.corp.example.test/owa"]
    assert inside["CAS1", "msExchWebServicesVirtualDirectory"] == ["https://cas1.corp.example.test/EWS/Exchange.asmx"]
    assert inside["CAS2", "msExchECPVirtualDirectory"] == []
    assert ("CAS2", "msExchMapiVirtualDirectory") in inside
    assert ("CAS1", "msExchMapiVirtualDirectory") not in inside


def test_the_rpc_endpoint_of_a_database_is_a_cas_array_or_a_server(domain: DomainController) -> None:
    holders = {entry.one("legacyExchangeDN"): entry for entry in _found(domain, "(networkAddress=ncacn_ip_tcp:*)")}
    databases = {entry.one("cn"): entry for entry in _found(domain, "(objectClass=msExchPrivateMDB)")}
    answers = {
        name: holders[entry.one("legacyExchangeDN").rpartition("/cn=")[0]].one("cn")
        for name, entry in databases.items()
    }
    assert answers == {"DB1": "Array One", "DB2": "CAS1"}
    dag = _one(domain, "(objectClass=msExchMDBAvailabilityGroup)")
    assert databases["DB1"].one("msExchMasterServerOrAvailabilityGroup") == dag.dn


def test_copies_have_a_server_and_an_activation_preference(domain: DomainController) -> None:
    copies = [entry for entry in _found(domain, "(objectClass=msExchMDBCopy)") if ",CN=DB1," in entry.dn]
    assert {entry.one("msExchHostServerName"): entry.one("msExchActivationPreference") for entry in copies} == {
        "MBX2": "1",
        "MBX1": "2",
    }
    assert copies[0].one("msExchHostServerLink").startswith(f"CN={copies[0].one('cn')},CN=Servers,")


def test_a_dag_and_its_members_are_linked(domain: DomainController) -> None:
    dag = _one(domain, "(objectClass=msExchMDBAvailabilityGroup)")
    value = "".join(f"\\{ord(sign):02x}" if sign in "\\()*" else sign for sign in dag.dn)
    linked = f"(msExchMDBAvailabilityGroupLink={value})"
    members = {entry.one("cn") for entry in _found(domain, linked)}
    assert members == {"MBX1", "MBX2"}
    assert len(dag.all("msExchMDBAvailabilityGroupBL")) == 2
    assert dag.one("msExchAllowCrossSiteRPCClientAccess") == "1"


def test_accepted_domains(domain: DomainController) -> None:
    found = _found(domain, "(objectClass=msExchAcceptedDomain)")
    assert {entry.one("msExchAcceptedDomainName"): entry.one("msExchAcceptedDomainFlags") for entry in found} == {
        "example.test": "4",
        "b.test": "2",
    }


def _elements(blob: bytes) -> dict[int, bytes]:
    """The elements of a serialized certificate, by their identifiers."""
    found: dict[int, bytes] = {}
    while blob:
        kind, encoding, size = struct.unpack_from("<III", blob)
        assert encoding == 1
        found[kind] = blob[12 : 12 + size]
        blob = blob[12 + size :]
    return found


def test_the_federation_trust_has_serialized_certificates(domain: DomainController) -> None:
    trust = _one(domain, "(objectClass=msExchFedTrust)")
    elements = _elements(trust.raw("msExchFedOrgCertificate")[0])
    assert list(elements)[-1] == 32
    current = x509.load_der_x509_certificate(elements[32])
    left = current.not_valid_after_utc - datetime.now(tz=UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)
    assert current.issuer == current.subject
    identifier = current.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert elements[20] == identifier
    assert elements[3].hex().upper() == trust.one("msExchFedOrgPrivCertificate")
    previous = x509.load_der_x509_certificate(_elements(trust.raw("msExchFedOrgPrevCertificate")[0])[32])
    assert previous.not_valid_after_utc < datetime.now(tz=UTC)
    with pytest.raises(x509.ExtensionNotFound):
        previous.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)


def test_servers_are_members_of_the_domain(domain: DomainController) -> None:
    (account,) = domain.ldbsearch("(sAMAccountName=CAS1$)")
    assert {"HOST/CAS1", "exchangeAB/cas1.corp.example.test"} <= set(account.all("servicePrincipalName"))


def test_the_schema_has_the_classes_of_exchange(domain: DomainController) -> None:
    found = domain.ldbsearch(
        "(lDAPDisplayName=msExchClientAccessArray)", ["governsID", "subClassOf"], base=domain.description.schema_dn
    )
    assert found[0].one("subClassOf") == "msExchExchangeServer"
    servers = domain.ldbsearch("(lDAPDisplayName=msExchExchangeServer)", base=domain.description.schema_dn)
    assert servers[0].one("governsID") == "1.2.840.113556.1.5.7000.62.50009"
