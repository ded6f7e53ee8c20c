# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection assumes about the PowerShell endpoint of Exchange. Private to this collection."""

from __future__ import annotations

import dataclasses
import typing as t

from .._exchange.build import Build, BuildError
from .._exchange_settings import service_account
from .._exchange_settings.client_access import read_objects
from .._psrp.errors import NotGranted, ObjectNotFound
from .point import ASSUMED, DOCUMENTED, Different, Nothing, NotLookedAt

if t.TYPE_CHECKING:
    from .._psrp.port import Shell
    from .._psrp.values import PsObject

_REFERENCE = "Microsoft, Exchange PowerShell reference"
_TOOLS = "published tools"
_NOBODY = "WinhaNobody"  # no object has this name
_NO_CMDLET, _NO_PARAMETER = "Get-WinhaNone", "WinhaNone"
_OF_2010 = "2010"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShellPoint:
    """One assumption about an endpoint, with the function that looks at it and returns what came."""

    id: str
    assumes: str
    source: str
    look: t.Callable[[Shell], str]
    basis: str = DOCUMENTED


def _properties(objects: t.Sequence[PsObject], names: t.Iterable[str]) -> str:
    """What came, if each object has these properties."""
    wanted = tuple(names)
    for one in objects:
        missing = [name for name in wanted if not one.has(name)]
        if missing:
            raise Different(f"{one.type_names[0] if one.type_names else 'an object'} has no {', '.join(missing)}")
    if not objects:
        raise Nothing("there is none")
    return f"{len(objects)} objects"


def _server(shell: Shell) -> str:
    try:
        found = shell.run("Get-ExchangeServer", {"Identity": shell.host.strip().rstrip(".")})
    except ObjectNotFound as exc:
        raise NotLookedAt(f"server is not the FQDN of an Exchange server: {exc.detail}") from exc
    if len(found) != 1:
        raise Different(f"{len(found)} servers")
    _properties(found, ("Name", "Fqdn", "AdminDisplayVersion"))
    version = str(found[0].value("AdminDisplayVersion"))
    try:
        return str(Build.parse(version))
    except BuildError as exc:
        raise Different(str(exc)) from exc


def _client_access(shell: Shell) -> str:
    noun, objects = read_objects(shell)
    return (
        f"{noun}, {_properties(objects, ('Name', 'Fqdn', 'AutoDiscoverServiceInternalUri', 'AutoDiscoverSiteScope'))}"
    )


def _credentials(shell: Shell) -> str:
    _noun, objects = read_objects(shell, service_account.STATUS)
    entries: list[service_account.Entry] = []
    for one in objects:
        # A server that is down, or whose service Remote Registry does not run, shows no credentials.
        if not one.has(service_account.PROPERTY) or one.value(service_account.PROPERTY) is not None:
            entries += service_account.entries_of(one)
    if objects and all(
        one.has(service_account.PROPERTY) and one.get(service_account.PROPERTY) is None for one in objects
    ):
        raise NotLookedAt("no server shows its credentials: check that the service Remote Registry runs")
    if not entries:
        raise Nothing("no server has a credential; the property was returned")
    if any(entry.added is None for entry in entries):
        raise Different("a credential has no time")
    return f"{len(entries)} credentials"


def _databases(shell: Shell) -> str:
    return _properties(shell.run("Get-MailboxDatabase"), ("Name", "RpcClientAccessServer", "Recovery"))


def _arrays(shell: Shell) -> str:
    try:
        found = shell.run("Get-ClientAccessArray")
    except NotGranted as exc:
        raise Nothing(f"this version or role does not have it: {exc.detail}") from exc
    return _properties(found, ("Name", "Fqdn", "Site"))


def _trusts(shell: Shell) -> str:
    found = shell.run("Get-FederationTrust")
    return _properties(found, ("Name", "ApplicationUri", "OrgCertificate", "OrgNextCertificate"))


def _certificates(shell: Shell) -> str:
    return _properties(shell.run("Get-ExchangeCertificate"), ("Thumbprint", "NotBefore", "NotAfter", "FriendlyName"))


def _domains(shell: Shell) -> str:
    return _properties(shell.run("Get-FederatedOrganizationIdentifier"), ("Domains",))


def _missing_object(shell: Shell) -> str:
    try:
        found = shell.run("Get-MailboxDatabase", {"Identity": _NOBODY})
    except ObjectNotFound as exc:
        return exc.exception or "not found"
    raise Different(f"{len(found)} objects")


def _missing_cmdlet(shell: Shell) -> str:
    try:
        shell.run(_NO_CMDLET)
    except NotGranted as exc:
        if not exc.parameter:
            return "refused as a cmdlet that does not exist"
        raise Different(f"refused because of the parameter {exc.parameter}") from exc
    raise Different("the cmdlet ran")


def _missing_parameter(shell: Shell) -> str:
    try:
        shell.run("Get-MailboxDatabase", {_NO_PARAMETER: "x"})
    except NotGranted as exc:
        if exc.parameter.casefold() == _NO_PARAMETER.casefold():
            return "refused as a parameter that does not exist"
        raise
    raise Different("the parameter was accepted")


POINTS = (
    ShellPoint(
        id="shell.server",
        assumes="Get-ExchangeServer has the FQDN and the version of the server of the session",
        source=_REFERENCE,
        look=_server,
    ),
    ShellPoint(
        id="shell.client_access",
        assumes="Get-ClientAccessService, before 2016 Get-ClientAccessServer, has the internal Autodiscover URI",
        source=_REFERENCE,
        look=_client_access,
    ),
    ShellPoint(
        id="shell.credentials",
        assumes="IncludeAlternateServiceAccountCredentialStatus shows each credential with its account and time",
        source=_TOOLS,
        basis=ASSUMED,
        look=_credentials,
    ),
    ShellPoint(
        id="shell.databases",
        assumes="Get-MailboxDatabase has RpcClientAccessServer",
        source=_REFERENCE,
        look=_databases,
    ),
    ShellPoint(
        id="shell.client_access_arrays",
        assumes="Get-ClientAccessArray of Exchange 2010 has the FQDN and the site",
        source=_REFERENCE,
        look=_arrays,
    ),
    ShellPoint(
        id="shell.federation_trusts",
        assumes="Get-FederationTrust has the certificates of the trust",
        source=_REFERENCE,
        look=_trusts,
    ),
    ShellPoint(
        id="shell.federated_domains",
        assumes="Get-FederatedOrganizationIdentifier has the federated domains",
        source=_REFERENCE,
        look=_domains,
    ),
    ShellPoint(
        id="shell.certificates",
        assumes="Get-ExchangeCertificate has the certificates of the server of the session",
        source=_REFERENCE,
        look=_certificates,
    ),
    ShellPoint(
        id="shell.missing_object",
        assumes="An identity that does not exist is refused as an object that was not found",
        source=_TOOLS,
        basis=ASSUMED,
        look=_missing_object,
    ),
    ShellPoint(
        id="shell.missing_cmdlet",
        assumes="A cmdlet that does not exist is refused with CommandNotFoundException",
        source=_REFERENCE,
        look=_missing_cmdlet,
    ),
    ShellPoint(
        id="shell.missing_parameter",
        assumes="A parameter that does not exist is refused with NamedParameterNotFound",
        source=_REFERENCE,
        look=_missing_parameter,
    ),
)
