# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection assumes about Active Directory and about Exchange's objects in it. Private to this collection."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._directory import account, domain_controller
from .._exchange.parts import PARTS, read_organization
from ..errors import TaskError
from .point import ASSUMED, DOCUMENTED, Different, Nothing

if t.TYPE_CHECKING:
    from .._directory.session import Directory

_EXCHANGE = "Exchange's schema; published tools"
_IN_CATALOGS = ("servicePrincipalName",)
# Not every version of Exchange has added these to the schema. Without them no object has a value.
_OF_SOME_VERSIONS = ("msExchManagementSettings", "msExchRestore")
_SHOWN = 5


@dataclasses.dataclass(slots=True)
class Forest:
    """A session, and what was read with it before."""

    session: Directory
    organization: dict[str, t.Any] | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryPoint:
    """One assumption about a forest, with the function that looks at it and returns what came."""

    id: str
    assumes: str
    source: str
    look: t.Callable[[Forest], str]
    basis: str = ASSUMED


def _root(forest: Forest) -> str:
    root = forest.session.root
    missing = [name for name in ("server", "domain_dn", "root_dn", "configuration_dn") if not getattr(root, name)]
    if missing:
        raise Different(f"no value for {', '.join(missing)}")
    return root.server


def _controllers(forest: Forest) -> str:
    found = domain_controller.read_domain_controllers(forest.session)
    own = forest.session.root.server.casefold()
    if own not in {(one.fqdn or "").casefold() for one in found}:
        raise Different(f"{own} is none of {', '.join(one.name for one in found[:_SHOWN]) or 'no domain controller'}")
    if not found[0].site or not found[0].domain:
        raise Different(f"{own} has no {'site' if not found[0].site else 'domain'}")
    return f"{len(found)} domain controllers"


def _catalog(forest: Forest) -> str:
    filter_ = "(&(objectClass=computer)(servicePrincipalName=*))"
    if not any(forest.session.search_forest(filter_, ("servicePrincipalName",), operation="asking a global catalog")):
        raise Different("no computer with a service principal name")
    return "service principal names"


def _account_attributes(forest: Forest) -> str:
    return _in_schema(forest, account.ATTRIBUTES, "attributeSchema")


def _catalog_attributes(forest: Forest) -> str:
    known = _schema(forest, _IN_CATALOGS, "attributeSchema")
    other = [name for name in _IN_CATALOGS if known.get(name.casefold(), "").upper() != "TRUE"]
    if other:
        raise Different(f"not in global catalogs: {', '.join(other)}")
    return ", ".join(_IN_CATALOGS)


def _exchange_attributes(forest: Forest) -> str:
    _organization(forest)
    names = sorted({name for part in PARTS.values() for name in part.query.attributes if name.startswith("msExch")})
    return _in_schema(forest, [name for name in names if name not in _OF_SOME_VERSIONS], "attributeSchema")


def _in_schema(forest: Forest, names: t.Sequence[str], kind: str) -> str:
    known = _schema(forest, names, kind)
    missing = [name for name in names if name.casefold() not in known]
    if missing:
        raise Different(f"not in the schema: {', '.join(missing)}")
    return f"{len(names)} attributes"


def _schema(forest: Forest, names: t.Iterable[str], kind: str) -> dict[str, str]:
    """Which names the schema has, and whether global catalogs have them."""
    either = "".join(f"(lDAPDisplayName={name})" for name in names)
    found = forest.session.search(
        f"CN=Schema,{forest.session.configuration_dn}",
        f"(&(objectClass={kind})(|{either}))",
        ("lDAPDisplayName", "isMemberOfPartialAttributeSet"),
        scope="one",
        operation="reading the schema",
    )
    return {one.text("lDAPDisplayName").casefold(): one.text("isMemberOfPartialAttributeSet") for one in found}


def _organization(forest: Forest) -> dict[str, t.Any]:
    if forest.organization is None:
        try:
            forest.organization = read_organization(forest.session, PARTS)
        except TaskError as exc:
            raise Nothing("the forest has no Exchange organization") from exc
    return forest.organization


def _objects(name: str, pattern: str) -> t.Callable[[Forest], str]:
    """A look at a part of the organization; C(pattern) is what is unknown of it."""

    def look(forest: Forest) -> str:
        organization = _organization(forest)
        for one in organization["unknown"]:
            if re.match(pattern, one["what"]):
                raise Different(f"{one['what']}: {one['why']}")
        if not organization[name]:
            raise Nothing("there is none")
        return f"{len(organization[name])} objects"

    return look


POINTS = (
    DirectoryPoint(
        id="directory.root",
        assumes="The rootDSE has the name of the server and the naming contexts",
        source="MS-ADTS 3.1.1.3.2",
        basis=DOCUMENTED,
        look=_root,
    ),
    DirectoryPoint(
        id="directory.controllers",
        assumes="The domain controllers are objects nTDSDSA in the sites, with their name and domain",
        source="MS-ADTS 6.1.1.2.2.1",
        basis=DOCUMENTED,
        look=_controllers,
    ),
    DirectoryPoint(
        id="directory.catalog",
        assumes="A global catalog returns service principal names of the forest",
        source="MS-ADTS",
        basis=DOCUMENTED,
        look=_catalog,
    ),
    DirectoryPoint(
        id="directory.attributes",
        assumes="The schema has the attributes of accounts",
        source="MS-ADA",
        basis=DOCUMENTED,
        look=_account_attributes,
    ),
    DirectoryPoint(
        id="directory.catalog_attributes",
        assumes="Global catalogs have the service principal names of all accounts",
        source="MS-ADA3",
        basis=DOCUMENTED,
        look=_catalog_attributes,
    ),
    DirectoryPoint(
        id="exchange.attributes",
        assumes="The schema has the attributes of Exchange",
        source=_EXCHANGE,
        look=_exchange_attributes,
    ),
    DirectoryPoint(
        id="exchange.servers",
        assumes="Exchange servers have build, FQDN, roles and site",
        source=_EXCHANGE,
        look=_objects("servers", r"the (servers$|(build|FQDN|roles|site) of (?!CAS array ))"),
    ),
    DirectoryPoint(
        id="exchange.client_access_arrays",
        assumes="CAS arrays have FQDN, site and legacy name",
        source=_EXCHANGE,
        look=_objects("client_access_arrays", r"the .* of CAS array "),
    ),
    DirectoryPoint(
        id="exchange.databases",
        assumes="Databases have their copies and RpcClientAccessServer",
        source=_EXCHANGE,
        look=_objects("databases", r"the databases$|the generation of |server |CAS array or server "),
    ),
    DirectoryPoint(
        id="exchange.availability_groups",
        assumes="DAGs have their members",
        source=_EXCHANGE,
        look=_objects("database_availability_groups", "database availability group "),
    ),
    DirectoryPoint(
        id="exchange.autodiscover",
        assumes="Client Access servers have service connection points for Autodiscover",
        source=_EXCHANGE,
        look=_objects("autodiscover", r"the .*service connection point"),
    ),
    DirectoryPoint(
        id="exchange.virtual_directories",
        assumes="Client Access servers have virtual directories with URLs",
        source=_EXCHANGE,
        look=_objects("virtual_directories", "the virtual directories"),
    ),
    DirectoryPoint(
        id="exchange.accepted_domains",
        assumes="The organization has accepted domains",
        source=_EXCHANGE,
        look=_objects("accepted_domains", "the accepted domains"),
    ),
    DirectoryPoint(
        id="exchange.federation_trusts",
        assumes="Federation trusts have their certificates in the serialized form",
        source="the description of the format",
        look=_objects("federation_trusts", r"the certificate of federation trust "),
    ),
)
