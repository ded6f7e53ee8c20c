# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoint /PowerShell of one server: authentication, shells, roles, throttling, fault rules and the journal."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..endpoint import Handler
from ..service import Caller, Response, apply_rule
from ..wire import envelope
from ..wire.fault import Fault, FaultError, fault_body
from ..wire.soap import MalformedError, parse
from ..wire.soap import envelope as soap_envelope
from . import refusals, shells
from .catalogue import Call, Cmdlet, find
from .cmdlets import CMDLETS
from .journal import Entry, Journal, shown
from .runspace import Result
from .settings import ALL, MANAGEMENT, normalized

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..faults import Rule, Rules
    from .catalogue import Change
    from .organization import Organization, Server
    from .settings import Account, Settings

_CONTENT = "application/soap+xml;charset=UTF-8"
_ENVELOPE_2010, _ENVELOPE = 150 * 1024, 500 * 1024
_OPERATIONS = {"Create", "Delete", "Command", "Send", "Receive", "Signal"}


class PowerShellHandler(Handler):
    """A connection to the virtual directory PowerShell."""

    resource = "/powershell"


@dataclass(slots=True)
class Endpoint:
    """What all endpoints of an organization share."""

    settings: Settings
    organization: Organization
    rules: Rules
    journal: Journal
    replicate: Callable[[Sequence[Change]], None]
    token: str = field(default_factory=lambda: uuid.uuid4().hex, repr=False)
    budget: dict[str, list[float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class ExchangeService:
    """The endpoint of one server."""

    def __init__(self, endpoint: Endpoint, name: str, address: str) -> None:
        self.endpoint = endpoint
        self.name = name
        self.address = address
        self._lost: set[str] = set()
        self.shells = shells.Shells(
            self._run,
            most=endpoint.settings.shells,
            max_envelope=self.max_envelope,
            # PowerShell 2.0 of Exchange 2010, and 5.1.
            protocol="2.1" if self.server.major < 15 else "2.3",
        )

    @property
    def server(self) -> Server:
        """The server, as the cmdlets see it."""
        return self.endpoint.organization.servers[self.name]

    @property
    def max_envelope(self) -> int:
        """The maximum size of a request: Windows Server 2008 R2 has the smaller one."""
        return _ENVELOPE_2010 if self.endpoint.organization.servers[self.name].major < 15 else _ENVELOPE

    def signed_in(self, user: str, password: str, scheme: str) -> str | None:
        """The user, or None. `kerberos` is the listener behind the one that checks tickets."""
        account = self._account(user)
        if scheme == "kerberos":
            return account.user if account and password == self.endpoint.token else None
        if scheme != "https" or not self.endpoint.settings.basic:
            return None
        return account.user if account and account.password == password else None

    def _account(self, user: str) -> Account | None:
        wanted = normalized(user, self.endpoint.organization.directory.domain)
        return next((one for one in self.endpoint.settings.accounts if one.user == wanted), None)

    def reject(self, caller: Caller, status: int, size: int, reason: str) -> Response:
        """Return an HTTP error with an empty body."""
        basic = self.endpoint.settings.basic and caller.listener == "https"
        headers = (("WWW-Authenticate", 'Basic realm="PowerShell"' if basic else "Negotiate"),) if status == 401 else ()
        self._note(caller.user or "", "Refused", error=f"{status} {reason}, {size} bytes")
        return Response(status, headers=headers)

    def handle(self, caller: Caller, body: bytes) -> Response:
        """Handle a request."""
        message_id: str | None = None
        rule: Rule | None = None
        fault: Fault | None = None
        action, content, operation = "", "", ""
        try:
            root = parse(body)
        except MalformedError as problem:
            return self.reject(caller, 400, len(body), f"malformed: {problem}")
        try:
            message_id = envelope.message_id(root)
            request = envelope.read(root, self.max_envelope, path="/powershell", target=shells.target)
            operation = request.action.rpartition("/")[2]
            rule = self.endpoint.rules.match(self.name, operation, "", "") if operation in _OPERATIONS else None
            if rule is not None and rule.action == "fault":
                raise FaultError(Fault(rule.subcode, int(rule.value), rule.text))
            if rule is None or (rule.action != "redirect" and (rule.action, rule.value) != ("drop", "before")):
                action, content = self.shells.handle(request, caller.user or "")
        except FaultError as problem:
            fault = problem.fault
            action, content = fault.action, fault_body(fault, self.server.fqdn, wmi_error=False)
        if operation in {"Create", "Delete"} or fault is not None:
            error = f"{fault.code} {fault.message}" if fault else ""
            if fault is None or fault.code != 2150858793:
                self._note(caller.user or "", operation or "Refused", error=error, rule=rule.action if rule else "")
        written = soap_envelope(action, message_id, content)
        response = Response(500 if fault else 200, written, (("Content-Type", _CONTENT),))
        if operation == "Receive" and self._lost:
            return self._lose()
        return apply_rule(response, rule) if rule is not None else response

    def _lose(self) -> Response:
        self._lost.clear()
        return Response(0, disruption="drop")

    def _note(self, user: str, operation: str, **more: Any) -> None:
        time_ = datetime.now(tz=UTC).isoformat(timespec="milliseconds")
        self.endpoint.journal.add(Entry(time_, self.name, user, operation, **more))

    def _run(self, user: str, name: str, given: list[tuple[str | None, Any]]) -> Result:
        """Run a cmdlet for a user. Errors are in the result."""
        result = Result()
        note: dict[str, Any] = {"cmdlet": name}
        organization = self.endpoint.organization
        try:
            self._spend(user)
            rule = self.endpoint.rules.match(self.name, "Cmdlet", name, "")
            note["rule"] = rule.action if rule else ""
            try:
                cmdlet = self._granted(user, name)
            except refusals.Refusal:
                self._obey_before(rule)
                raise
            result.task = cmdlet.name
            note["write"] = cmdlet.writes
            try:
                values, sets = cmdlet.bind(given, lambda parameter: self._grants(user, cmdlet.name, parameter))
            except refusals.Refusal:
                self._obey_before(rule)
                raise
            note["parameters"] = {key: shown(value) for key, value in values.items()}
            result.error_id = self._error_id(cmdlet)
            self._obey_before(rule)
            call = Call(organization, self.server, values, sets)
            try:
                self._execute(cmdlet, call, result, user)
            finally:
                result.warnings = call.warnings
                note["changes"] = tuple(f"{one.kind} {one.dn}" for one in call.written)
            self._obey_after(rule)
            if rule is not None and rule.action == "without":
                for number, item in enumerate(result.items):
                    kept = {key: value for key, value in item.properties.items() if key != rule.value}
                    result.items[number] = replace(item, properties=kept)
        except refusals.Refusal as refusal:
            result.errors.append(refusal)
            note["error"] = f"{refusal.reason}: {refusal.text}"
        self._note(user, "Cmdlet", **note)
        return result

    def _execute(self, cmdlet: Cmdlet, call: Call, result: Result, user: str) -> None:
        if cmdlet.asks and call.value("Confirm") is not False:
            raise refusals.cannot_ask()
        if cmdlet.writes and call.value("WhatIf"):
            return
        with call.organization.lock:
            self._check_scope(cmdlet, call, user)
            try:
                result.items.extend(cmdlet.run(call))
            finally:
                if cmdlet.writes:
                    call.organization.save()
                    self.endpoint.replicate(call.written)

    def _check_scope(self, cmdlet: Cmdlet, call: Call, user: str) -> None:
        account = self._account(user)
        identity = str(call.value("Identity") or "")
        if cmdlet.writes and account and ALL not in account.writes and identity not in account.writes:
            raise refusals.out_of_scope(identity)

    def _spend(self, user: str) -> None:
        settings = self.endpoint.settings
        if not settings.cmdlets:
            return
        now = time.monotonic()
        with self.endpoint.lock:
            spent = [one for one in self.endpoint.budget.get(user, []) if one > now - settings.period]
            self.endpoint.budget[user] = spent
            if len(spent) >= settings.cmdlets:
                wait = int((spent[0] + settings.period - now) * 1000) + 1
                raise refusals.over_budget(settings.cmdlets, settings.period, wait)
            spent.append(now)

    def _granted(self, user: str, name: str) -> Cmdlet:
        cmdlet = find(CMDLETS, name, self.server.release)
        if cmdlet is None or not self._roles(user, cmdlet.name):
            raise refusals.unknown_cmdlet(name)
        return cmdlet

    def _roles(self, user: str, cmdlet: str) -> list[tuple[str, ...]]:
        """The parameters of the cmdlet, for each role of the user that has it."""
        account = self._account(user)
        found: list[tuple[str, ...]] = []
        for role in account.roles if account else ():
            if role == MANAGEMENT:
                found.append((ALL,))
            elif (parameters := self.endpoint.settings.roles[role].get(cmdlet.lower())) is not None:
                found.append(parameters)
        return found

    def _grants(self, user: str, cmdlet: str, parameter: str) -> bool:
        return any(ALL in names or parameter.lower() in names for names in self._roles(user, cmdlet))

    def _error_id(self, cmdlet: Cmdlet) -> str:
        """The id of an error of Exchange: since 2013 with the server, the request and the time."""
        number = f"{abs(hash(cmdlet.name)) % 2**32:X}"
        if self.server.major < 15:
            return f"{number},{cmdlet.task}"
        stamp = datetime.now(tz=UTC).strftime("%m/%d/%Y %I:%M:%S %p")
        return f"[Server={self.name},RequestId={uuid.uuid4()},TimeStamp={stamp}] {number},{cmdlet.task}"

    def _obey_before(self, rule: Rule | None) -> None:
        if rule is None:
            return
        if rule.action == "slow":
            time.sleep(float(rule.value))
        if rule.action == "refuse":
            raise refusals.invalid(rule.text, exception=str(rule.value), category="NotSpecified")
        if (rule.action, rule.value) == ("drop", "before"):
            self._lost.add("")
            raise refusals.invalid("The cmdlet did not run.")

    def _obey_after(self, rule: Rule | None) -> None:
        if rule is not None and (rule.action, rule.value) == ("drop", "after"):
            self._lost.add("")
