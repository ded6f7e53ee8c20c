# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secure dynamic updates of address records: RFC 2136, signed with Kerberos (GSS-TSIG, RFC 3645). Private to this
collection; all DNS writes go here.

Each server gets a context of its own, because its ticket is for its own name.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import time
import typing as t
import uuid

from ..errors import CredentialsRefused, ResponseLost, ServerError, Unreachable, shorten
from ..ticket import kerberos_advice
from .records import KINDS, AddressRecords, describe_failure

with contextlib.suppress(ImportError):  # Lookup reports the missing library before anything here is called
    import dns.exception
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype
    import dns.rdtypes.ANY.TKEY
    import dns.tsig
    import dns.update

try:
    import gssapi
except (ImportError, OSError) as exc:  # OSError without the Kerberos libraries of the system
    GSSAPI_IMPORT_ERROR: Exception | None = exc
else:
    GSSAPI_IMPORT_ERROR = None

if t.TYPE_CHECKING:
    from .zone import NameServer

_GSS_API_MODE = 3  # RFC 2930, 2.5
_KEY_SECONDS = 3600
_ROUNDS = 5
_PREREQUISITES = ("NXRRSET", "YXRRSET", "NXDOMAIN", "YXDOMAIN")
_ADVICE = {
    "REFUSED": "check that the zone allows secure dynamic updates, and give the account the permission to write this "
    "record",
    "SERVFAIL": "give the account the permission to write this record; Samba also returns SERVFAIL if the record does "
    "not exist",
    "NOTAUTH": "check that this server has the zone and may write it",
}


class UpdateRefused(ServerError):
    """The server refused the update. Nothing was written."""

    advice = "check the event log or the log file of the DNS server"


class TicketRefused(CredentialsRefused):
    """The server did not accept the Kerberos ticket."""


class NotVerified(ResponseLost):
    """The signature of a response is wrong, so it is not known what the server did."""


class RecordsChanged(ServerError):
    """The server refused the update, because the name no longer has the records that were read. Nothing was written."""

    advice = "find out who changed it, then run this task again"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The wanted addresses of one name, and the records that the name must still have."""

    zone: str
    name: str
    before: AddressRecords
    after: tuple[str, ...]
    ttl: int

    def message(self) -> dns.update.UpdateMessage:
        """The update, in which all records of the name before are prerequisites. A server does all of it or nothing."""
        message = dns.update.UpdateMessage(dns.name.from_text(self.zone))
        name = dns.name.from_text(self.name)
        message.absent(name, "CNAME")
        wanted = AddressRecords(addresses=self.after)
        for kind in KINDS:
            old, new = self.before.of(kind), wanted.of(kind)
            if old:
                message.present(name, kind, *old)
            else:
                message.absent(name, kind)
            if old == new and self.ttl == self.before.ttl:
                continue
            if old:
                message.delete(name, kind)
            for address in new:
                message.add(name, self.ttl, kind, address)
        return message


class SignedConnection:
    """Sends signed updates to one server."""

    def __init__(self, server: NameServer, address: str, *, timeout: float) -> None:
        """Sign in with the Kerberos ticket of the environment. Raises C(Unreachable) and its subclasses."""
        self._server = server
        self._address = address
        self._timeout = timeout
        # One label: Samba refuses a signature if the name of its key can be compressed.
        self._name = dns.name.from_text(uuid.uuid4().hex)
        self._context = gssapi.SecurityContext(
            name=gssapi.Name(f"DNS@{server.name}", gssapi.NameType.hostbased_service),
            mech=gssapi.MechType.kerberos,
            flags=(
                gssapi.RequirementFlag.mutual_authentication,
                gssapi.RequirementFlag.integrity,
                gssapi.RequirementFlag.replay_detection,
            ),
            usage="initiate",
        )
        key = dns.tsig.Key(self._name, self._context, dns.tsig.GSS_TSIG)
        self._adapter: t.Any = t.cast("t.Any", dns.tsig).GSSTSigAdapter({self._name: key})
        self._signed: dns.message.Message | None = None
        try:
            self._negotiate()
        except gssapi.exceptions.GSSError as exc:
            raise _no_ticket(server, exc) from exc

    def _key(self, message: dns.message.Message, name: dns.name.Name) -> t.Any:
        """The key for a message that is signed or verified. The last one is kept for its code, should it be wrong."""
        self._signed = message
        return self._adapter(message, name)

    def _negotiate(self) -> None:
        token = self._context.step()
        for _round in range(_ROUNDS):
            if self._context.complete:
                return
            query = self._tkey_query(token)
            try:
                # The adapter gives the token of a response to the context before the signature is checked.
                response = self._exchange(query)
            except ResponseLost as exc:
                raise Unreachable(exc.detail, advice="check the DNS server") from exc
            found = response.get_rrset(response.answer, self._name, dns.rdataclass.ANY, dns.rdatatype.TKEY)
            if response.rcode() != dns.rcode.NOERROR or not found or found[0].error:
                code = response.rcode() or (found[0].error if found else dns.rcode.FORMERR)
                raise TicketRefused(
                    f"{self._server} ({self._address}) did not accept the Kerberos ticket for "
                    f"DNS/{self._server.name}: {dns.rcode.to_text(dns.rcode.Rcode.make(code))}",
                    advice="check that the name and the address belong to the same server, and that the server allows "
                    "secure dynamic updates",
                )
        raise TicketRefused(
            f"the sign-in to {self._server} was not complete after {_ROUNDS} messages",
            advice="check that the zone allows secure dynamic updates",
        )

    def _tkey_query(self, token: bytes) -> dns.message.QueryMessage:
        query = dns.message.make_query(self._name, dns.rdatatype.TKEY, dns.rdataclass.ANY)
        now = int(time.time())
        record = t.cast("t.Any", dns.rdtypes.ANY.TKEY).TKEY(
            dns.rdataclass.ANY, dns.rdatatype.TKEY, dns.tsig.GSS_TSIG, now, now + _KEY_SECONDS, _GSS_API_MODE, 0, token
        )
        section = query.find_rrset(
            query.additional, self._name, dns.rdataclass.ANY, dns.rdatatype.TKEY, create=True, force_unique=True
        )
        section.add(record)
        return query

    def send(self, update: Update) -> None:
        """Send an update once.

        Raises C(RecordsChanged), C(UpdateRefused), C(Unreachable); C(ResponseLost) if it is unknown whether the server
        did it, also if the signature of its response is missing or wrong.
        """
        message = update.message()
        message.use_tsig(self._key, self._name, algorithm=dns.tsig.GSS_TSIG)
        response = self._exchange(message)
        if not response.had_tsig:
            raise ResponseLost(f"{self._server} did not sign its response {dns.rcode.to_text(response.rcode())}")
        code = dns.rcode.to_text(response.rcode())
        if code in _PREREQUISITES:
            raise RecordsChanged(
                f"{update.name} on {self._server} was changed after it was read, so nothing was written ({code})"
            )
        if code != "NOERROR":
            raise UpdateRefused(
                f"{self._server} refused the update of {update.name} with {code}", advice=_ADVICE.get(code)
            )

    def _exchange(self, message: dns.message.Message) -> dns.message.Message:
        try:
            connection = socket.create_connection((self._address, self._server.port), timeout=self._timeout)
        except OSError as exc:
            raise Unreachable(
                f"{self._server} ({self._address}) accepted no TCP connection on port {self._server.port}: "
                f"{exc.strerror or exc}",
                advice="check the DNS server and the firewalls",
            ) from exc
        with connection:
            connection.setblocking(False)
            try:
                end = time.time() + self._timeout
                dns.query.send_tcp(connection, message.to_wire(), end)
                keys: t.Any = self._key
                response, _time = dns.query.receive_tcp(connection, end, keyring=keys, request_mac=message.mac)
            except (dns.exception.DNSException, OSError, EOFError) as exc:
                if isinstance(exc, (dns.tsig.BadSignature, dns.tsig.PeerError, dns.tsig.BadKey, dns.tsig.BadTime)):
                    raise self._not_verified(exc) from exc
                raise ResponseLost(f"{self._server} ({self._address}) {describe_failure(exc)}") from exc
        if not message.is_response(response):
            raise ResponseLost(f"{self._server} ({self._address}) returned the response to another message")
        return response

    def _not_verified(self, exc: Exception) -> NotVerified:
        code = dns.rcode.to_text(self._signed.rcode()) if self._signed else ""
        return NotVerified(
            f"{self._server} returned {code}, but the signature of its response is not valid ({str(exc).rstrip('.')})",
            advice=_ADVICE.get(code),
        )


def _no_ticket(server: NameServer, error: Exception) -> CredentialsRefused:
    text = shorten(error, 300)
    advice = kerberos_advice(text)
    if "not found in kerberos database" in text.casefold() and "server" in text.casefold():
        advice = (
            f"check that {server.name} is the name that the DNS server has in the domain, or register the service "
            f"principal name DNS/{server.name} for its account"
        )
    return CredentialsRefused(
        f"no Kerberos ticket for DNS/{server.name}: {text}", advice=advice or "run kinit, or set username and password"
    )
