# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An authenticated LDAP connection to a domain controller. Private to this collection; all LDAP traffic goes here."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import typing as t

from ..errors import CredentialsRefused, ResponseLost, ServerError, Unreachable
from .connection_check import diagnose_connection
from .entry import Entry
from .ldap_errors import LDAP_IMPORT_ERROR, translate_error
from .time_limit import limit_reads, sockets_to, time_limit

if t.TYPE_CHECKING:
    from .access import Access, Server

if LDAP_IMPORT_ERROR is None:
    import ldap
    import ldap.sasl
    from ldap.controls import SimplePagedResultsControl

    class _Paging(SimplePagedResultsControl):  # type: ignore[misc]
        """The control for pages. python-ldap crashes if the control of a response has no value."""

        def decodeControlValue(self, encodedControlValue: bytes | None) -> None:  # noqa: N802, N803
            if not encodedControlValue:
                raise ValueError("the control for pages has no value")
            super().decodeControlValue(encodedControlValue)


PAGE = 1000  # entries: the MaxPageSize that domain controllers have by default
_NO_LDAP = "check that this port is LDAP"
_MOST_RANGES = 1000  # of one attribute, with 1500 values each
_RANGE = re.compile(r"(?P<name>[^;]+);range=(?P<first>[0-9]{1,9})-(?P<last>[0-9]{1,9}|\*)", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """One page of search results, with the cookie for the next page; empty after the last page."""

    entries: tuple[Entry, ...]
    cookie: bytes


class Binding:
    """An authenticated connection."""

    def __init__(self, access: Access, server: Server, *, catalog: bool = False) -> None:
        """Connect and sign in. Raises C(Unreachable) and its subclasses."""
        self.server = server
        self._timeout = access.operation_timeout
        self._connection: t.Any = None
        self._descriptor: int | None = None
        try:
            self._connection = _connection(access, access.uri(server, catalog=catalog))
            port = access.port(server, catalog=catalog)
            known = sockets_to(port)
            limit = access.connect_timeout + access.operation_timeout
            with time_limit(limit, lambda: sockets_to(port) - known):
                if access.tls == "start_tls":
                    self._connection.start_tls_s()
                if access.authentication == "kerberos":
                    self._limit_reads()
                self._sign_in(access)
            self._descriptor = self._connection.fileno()
        except ldap.LDAPError as exc:
            self.close()
            error = translate_error(exc, sent=False)
            if isinstance(error, Unreachable) and not isinstance(error, CredentialsRefused):
                error = diagnose_connection(access, server, catalog=catalog) or error
            elif access.tls != "none" and access.authentication == "kerberos":
                error.advice = "set tls to none: Kerberos encrypts the connection itself"
            raise error from exc
        except ServerError:
            self.close()
            raise
        except Exception as exc:  # of python-ldap, for a response that it cannot decode
            self.close()
            raise Unreachable(f"the response is not valid ({type(exc).__name__})", advice=_NO_LDAP) from exc
        except BaseException:
            self.close()
            raise

    def _limit_reads(self) -> None:
        """Connect and set the time limits of the socket.

        While python-ldap signs in with Kerberos, no other thread of this process runs and could end it.
        """
        number = self._connection.search_ext("", ldap.SCOPE_BASE, attrlist=["1.1"])
        limit_reads(self._connection.fileno(), self._timeout)
        self._receive(number)

    def _sign_in(self, access: Access) -> None:
        if access.authentication == "simple":
            self._receive(self._connection.simple_bind(access.username, access.password))
            return
        self._connection.sasl_non_interactive_bind_s("GSSAPI")
        # A domain controller refuses a second encryption layer over TLS. Without TLS, encryption is required.
        if access.tls == "none" and self._connection.get_option(ldap.OPT_X_SASL_SSF) < _MIN_SSF:
            raise CredentialsRefused(
                "the server did not encrypt the connection", advice="set tls to ldaps or start_tls"
            )

    def _receive(self, number: int) -> t.Any:
        """Wait for the response to a request."""
        controls = {_Paging.controlType: _Paging}
        open_sockets = [] if self._descriptor is None else [self._descriptor]
        with time_limit(self._timeout + 1, lambda: open_sockets):
            return self._connection.result3(number, all=1, timeout=self._timeout, resp_ctrl_classes=controls)

    def page(self, base: str, scope: int, filter_: str, attributes: t.Sequence[str], cookie: bytes) -> Page:
        """Read one page of a search. Raises the errors of C(.ldap_errors)."""
        # A search for one entry needs no paging, and the rootDSE may not support it.
        paging = [] if scope == ldap.SCOPE_BASE else [_Paging(True, size=PAGE, cookie=cookie)]
        found, controls = self._search(base, scope, filter_, attributes, paging)
        # A referral has no DN. The other domain is queried on its own domain controllers.
        entries = tuple(self._all_values(dn, values) for dn, values in found if dn is not None)
        cookies = [one.cookie for one in controls if one.controlType == _Paging.controlType]
        return Page(entries, next(iter(cookies), b"") or b"")

    def _search(
        self, base: str, scope: int, filter_: str, attributes: t.Sequence[str], controls: t.Sequence[t.Any] = ()
    ) -> tuple[list[t.Any], list[t.Any]]:
        """Send a search and return the entries and the controls of its response."""
        try:
            number = self._connection.search_ext(
                base, scope, filter_, list(attributes), serverctrls=list(controls), timeout=self._timeout
            )
            _kind, found, _number, received = self._receive(number)
        except ldap.LDAPError as exc:
            raise translate_error(exc, sent=True) from exc
        except Exception as exc:  # python-ldap and pyasn1 have other errors for a response that they cannot decode
            raise ResponseLost(f"the response is not valid ({type(exc).__name__})") from exc
        return found, received

    def _all_values(self, dn: str, values: t.Mapping[str, t.Sequence[bytes]]) -> Entry:
        """Read the entry with all values: Windows returns at most 1500 per request ([MS-ADTS] 3.1.1.3.1.3.3)."""
        complete: dict[str, tuple[bytes, ...]] = {}
        for first_name, first_values in values.items():
            name, listed, part = first_name, list(first_values), first_values
            for _number in range(_MOST_RANGES):
                found = _RANGE.fullmatch(name)
                if found is None and ";range=" in name.lower():
                    raise ResponseLost(f"the values of {dn} have an invalid range: {name}")
                if found is None or found["last"] == "*":
                    break
                if not part or int(found["last"]) != len(listed) - 1:
                    raise ResponseLost(f"the values of {dn} do not match their range: {name}")
                wanted = f"{found['name']};range={len(listed)}-*"
                more, _controls = self._search(dn, ldap.SCOPE_BASE, "(objectClass=*)", [wanted])
                name, part = next(iter(more[0][1].items()), ("", [])) if more and more[0][0] is not None else ("", [])
                if not name.lower().startswith(f"{found['name'].lower()};range={len(listed)}-"):
                    raise ResponseLost(f"the values of {dn} from number {len(listed)} on were not returned")
                listed += part
            else:
                raise ResponseLost(f"the values of {dn} have more than {_MOST_RANGES} ranges")
            key = _RANGE.sub(r"\g<name>", first_name).lower()
            if listed or key not in complete:
                complete[key] = tuple(listed)
        return Entry(dn, complete)

    def modify(self, dn: str, attribute: str, *, add: t.Sequence[str], delete: t.Sequence[str]) -> None:
        """Add and delete values in one modification, which is atomic.

        Raises the errors of C(.ldap_errors); C(ResponseLost) if it is unknown whether the values were written.
        """
        kinds = ((ldap.MOD_DELETE, delete), (ldap.MOD_ADD, add))
        self._modify(dn, [(kind, attribute, [value.encode() for value in values]) for kind, values in kinds if values])

    def set_password(self, dn: str, password: str) -> None:
        """Set the password of an account, as an administrator does ([MS-ADTS] 3.1.1.3.1.5). Raises as C(modify) does.

        A domain controller takes it only over an encrypted connection, which every binding is.
        """
        self._modify(dn, [(ldap.MOD_REPLACE, "unicodePwd", [f'"{password}"'.encode("utf-16-le")])])

    def _modify(self, dn: str, changes: t.Sequence[tuple[int, str, list[bytes]]]) -> None:
        try:
            number = self._connection.modify_ext(dn, list(changes))
            self._receive(number)
        except ldap.LDAPError as exc:
            raise translate_error(exc, sent=True) from exc
        except Exception as exc:
            raise ResponseLost(f"the response is not valid ({type(exc).__name__})") from exc

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with contextlib.suppress(ldap.LDAPError):  # the connection is already closed
                self._connection.unbind_ext_s()
            self._connection = None


_MIN_SSF = 56  # bits: the lowest value that Cyrus SASL reports for Kerberos encryption


def _connection(access: Access, uri: str) -> t.Any:
    connection = ldap.initialize(uri)
    connection.protocol_version = ldap.VERSION3
    connection.set_option(ldap.OPT_REFERRALS, ldap.OPT_OFF)
    connection.set_option(ldap.OPT_NETWORK_TIMEOUT, access.connect_timeout)
    connection.set_option(ldap.OPT_TIMEOUT, access.operation_timeout)
    connection.set_option(
        ldap.OPT_X_SASL_NOCANON, ldap.OPT_ON
    )  # Kerberos authenticates the given name, not a reverse lookup
    if access.authentication == "kerberos":
        layer = f"minssf={_MIN_SSF}" if access.tls == "none" else "maxssf=0"
        connection.set_option(ldap.OPT_X_SASL_SECPROPS, f"noanonymous,noplain,{layer}")
    if access.tls != "none":
        _set_certificate_checks(connection, access)
    return connection


def _set_certificate_checks(connection: t.Any, access: Access) -> None:
    demand = ldap.OPT_X_TLS_DEMAND if access.validate_certs else ldap.OPT_X_TLS_NEVER
    connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, demand)
    connection.set_option(ldap.OPT_X_TLS_PROTOCOL_MIN, ldap.OPT_X_TLS_PROTOCOL_TLS1_2)
    if access.ca_path:
        connection.set_option(ldap.OPT_X_TLS_CACERTFILE, access.ca_path)
    try:
        connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    except ValueError as exc:
        raise Unreachable(f"the CA file {access.ca_path} cannot be used", advice="correct ca_path") from exc
