# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handles requests: reads them, runs the operation, applies the fault rules and writes the journal."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .bundle import Unknown, related
from .journal import Entry, Journal
from .windows.machine import Machine, Reply, RequestRecord, operation
from .windows.providers import STORED, properties_stored
from .wire import envelope
from .wire.fault import Fault, FaultError, fault_body, protocol_fault
from .wire.soap import MalformedError, parse
from .wire.soap import envelope as soap_envelope

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET

    from .bundle import Replay
    from .faults import Rule, Rules

_FROM = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)
_CONTENT = "application/soap+xml;charset=UTF-8"
_DTD = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@dataclass(frozen=True, slots=True)
class Response:
    """The HTTP response. `disruption` is an error of the connection: drop, truncate or huge. `delay` is in seconds."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    disruption: str = ""
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Caller:
    """The user of a request and the listener: http or https."""

    user: str | None
    listener: str


class Service:
    """The WS-Management service of a host."""

    def __init__(self, machine: Machine, journal: Journal, rules: Rules, replay: Replay | None = None) -> None:
        self.machine = machine
        self.journal = journal
        self._rules = rules
        self._replay = replay

    @property
    def max_envelope(self) -> int:
        """The maximum size of a request, in bytes."""
        return self.machine.version.max_envelope

    def reject(self, caller: Caller, status: int, size: int, reason: str) -> Response:
        """Return an HTTP error with an empty body."""
        headers = (("WWW-Authenticate", 'Basic realm="WSMAN"'),) if status == 401 else ()
        self._record(caller, RequestRecord(operation="Refused"), status, size=size, sent=0, reason=reason)
        return Response(status, headers=headers)

    def handle(self, caller: Caller, body: bytes) -> Response:
        """Handle a request."""
        record = RequestRecord()
        message_id: str | None = None
        operation_id: str | None = None
        rule: Rule | None = None
        try:
            root = parse(body)
        except MalformedError as problem:
            return self.reject(caller, 400, len(body), f"malformed: {problem}")
        try:
            message_id, operation_id = envelope.message_id(root), envelope.operation_id(root)
            request = envelope.read(root, self.max_envelope)
            record.operation, record.method = operation(request)
            record.namespace, record.cls = request.target.namespace, request.target.class_name
            record.selectors = {item.name: item.value for item in request.selectors}
            record.write = record.operation in {"Put", "Create", "Delete"}
            rule = self._rules.match(self.machine.host.name, record.operation, _class_of(request), record.method)
            record.rule = rule.action if rule else ""
            reply = (
                _recorded(self._replay, root, record) if self._replay else self._serve(request, caller, record, rule)
            )
            if len(soap_envelope(reply.action, message_id, reply.body)) > request.max_envelope:
                raise protocol_fault("w:EncodingLimit", 2150858824, "The response is larger than MaxEnvelopeSize.")
        except FaultError as problem:
            record.fault = replace(problem.fault, namespace=record.namespace or problem.fault.namespace)
        if record.fault is not None:
            wmi_error = self.machine.host.fault_detail == "wmi_error"
            reply = Reply(record.fault.action, fault_body(record.fault, self.machine.host.name, wmi_error=wmi_error))
        if rule is not None and rule.action == "wrong_relates_to":
            message_id = "uuid:00000000-0000-0000-0000-000000000000"
        written = soap_envelope(reply.action, message_id, reply.body, operation_id)
        if reply.document:
            written = related(reply.document, message_id or "").encode()
        response = Response(500 if record.fault else reply.status, written, (("Content-Type", _CONTENT),))
        if rule is not None:
            response = _apply_rule(response, rule)
        if record.cuts_connection:
            reason = "The response was not sent: the adapter of the listener went down, or it was lost when recorded."
            self._record(caller, record, 0, size=len(body), sent=0, reason=reason)
            response = Response(0, disruption="drop")
        else:
            self._record(caller, record, response.status, size=len(body), sent=len(response.body))
        for action in record.afterwards:
            action()
        return response

    def _serve(self, request: envelope.Request, caller: Caller, record: RequestRecord, rule: Rule | None) -> Reply:
        if rule is not None:
            if rule.action == "fault":
                raise FaultError(Fault(rule.subcode, int(rule.value), rule.text, provider=True, hresult=rule.hresult))
            if rule.action == "time_out":
                text = "The operation was not completed within OperationTimeout."
                raise FaultError(Fault("w:TimedOut", 2150858793, text))
            if rule.action == "invalid_property":
                raise FaultError(
                    Fault(
                        "w:InternalError",
                        1359,
                        "Invalid property. HRESULT = 0x80041031",
                        provider=True,
                        hresult=0x80041031,
                        operation="PutInstance" if record.write else "ExecQuery",
                    )
                )
            if rule.action in {"empty_400", "garbage", "redirect", "huge"} or (rule.action, rule.value) == (
                "drop",
                "before",
            ):
                return Reply("", "")
        reply = self.machine.handle(request, caller.user or "", record)
        if rule is not None and rule.action == "stored_5024":
            raise properties_stored("PutInstance" if record.operation == "Put" else "ExecMethod")
        return reply

    def _record(
        self, caller: Caller, record: RequestRecord, status: int, *, size: int, sent: int, reason: str = ""
    ) -> None:
        fault = record.fault
        code = None
        if fault is not None:
            code = fault.hresult if fault.hresult == STORED else fault.code
        self.journal.add(
            Entry(
                time=datetime.now(tz=UTC).isoformat(timespec="milliseconds"),
                host=self.machine.host.name,
                user=caller.user,
                listener=caller.listener,
                operation=record.operation,
                namespace=record.namespace,
                cls=record.cls,
                method=record.method,
                selectors=record.selectors,
                wql=record.wql,
                write=record.write,
                changes=tuple(record.changes),
                status=status,
                fault_code=code,
                fault_subcode=fault.subcode if fault else "",
                fault_text=fault.message if fault else reason,
                rule=record.rule,
                bytes_in=size,
                bytes_out=sent,
            )
        )


def _recorded(replay: Replay, root: ET.Element, record: RequestRecord) -> Reply:
    """The recorded answer of the bundle. A request that it does not have gets a fault."""
    try:
        found = replay.message(root)
    except Unknown as problem:
        text = f"The bundle has no answer to this request: {problem.args[0]}. Record it on a real host."
        raise FaultError(Fault("w:InternalError", 1359, text)) from problem
    record.cuts_connection = found.response is None
    return Reply("", "", found.response or "", 500 if found.fault else 200)


def _class_of(request: envelope.Request) -> str:
    """The class of a request. For a query it is the class after FROM."""
    name = request.target.class_name
    text = "".join(request.body.itertext()) if name == "*" and request.body is not None else ""
    match = _FROM.search(text)
    return match[1] if match else name


def _apply_rule(response: Response, rule: Rule) -> Response:
    if rule.action == "slow":
        return replace(response, delay=float(rule.value))
    if rule.action == "empty_400":
        return Response(400)
    if rule.action == "garbage":
        return replace(response, status=200, body=b"\x00\x01 this is not XML <<<")
    if rule.action == "redirect":
        return Response(302, headers=(("Location", str(rule.value or "http://127.0.0.1:9/wsman")),))
    if rule.action == "dtd":
        return replace(response, body=_DTD + response.body)
    if rule.action in {"drop", "truncate", "huge"}:
        return replace(response, disruption=rule.action)
    return response
