# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults: what a host, a proxy or a network makes of one request, before or after its effect."""

from __future__ import annotations

import functools
import gzip
import re
import socket
import struct
import time
import typing as t
import zlib

from lab.wire.fault import Fault as SoapFault
from lab.wire.fault import fault_body
from lab.wire.soap import FAULT_ACTION, envelope

from .tap import SOAP, Fault

if t.TYPE_CHECKING:
    from lab.service import Response

    from .tap import Tapped, Writer

SLOW_SECONDS = 1.3  # longer than the read timeout of the cells
DRIP_SECONDS = 20  # longer than the deadline of a cell
FAULTS: dict[str, Fault] = {}


def _fault(name: str, *moments: str, **kind: bool) -> t.Callable[[Writer], Writer]:
    """Register a fault, under its own name or for the moments before and after the effect."""

    def register(write: Writer) -> Writer:
        for moment in moments:
            full = f"{name}_{moment}" if len(moments) > 1 else name
            FAULTS[full] = Fault(name=full, effect=moment == "after", write=write, **kind)
        return write

    return register


BOTH = ("before", "after")


# --- the connection ---


@_fault("drop", *BOTH)
def _drop(to: Tapped, _id: str, _real: Response) -> None:
    to.cut()


@_fault("reset", *BOTH)
def _reset(to: Tapped, _id: str, _real: Response) -> None:
    to.close_connection = True
    to.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    to.rfile.close()
    to.wfile.close()
    to.connection.close()


@_fault("slow", *BOTH, slow=True)
def _slow(to: Tapped, _id: str, real: Response) -> None:
    time.sleep(SLOW_SECONDS)
    to.whole(real.status or 500, real.body)


@_fault("stops_in_body", "after", slow=True)
def _stops(to: Tapped, _id: str, real: Response) -> None:
    to.head(200, {"Content-Type": SOAP, "Content-Length": len(real.body)})
    to.wfile.write(real.body[:50])
    to.wfile.flush()
    time.sleep(SLOW_SECONDS)
    to.cut()


@_fault("drip", "after", slow=True)
def _drip(to: Tapped, _id: str, real: Response) -> None:
    to.head(200, {"Content-Type": SOAP, "Content-Length": len(real.body)})
    deadline = time.monotonic() + DRIP_SECONDS
    for at in range(len(real.body)):
        if time.monotonic() > deadline:
            break
        to.wfile.write(real.body[at : at + 1])
        time.sleep(0.2)
    to.cut()


@_fault("truncated", *BOTH)
def _truncated(to: Tapped, _id: str, real: Response) -> None:
    body = real.body or b"<s:Envelope"
    to.head(200, {"Content-Type": SOAP, "Content-Length": len(body) + 1000})
    to.wfile.write(body[: len(body) // 2])
    to.cut()


@_fault("truncated_without_length", "after")
def _truncated_without_length(to: Tapped, _id: str, real: Response) -> None:
    to.head(real.status, {"Content-Type": SOAP, "Connection": "close"})
    to.wfile.write(real.body[: len(real.body) // 2])
    to.cut()


@_fault("no_http", *BOTH)
def _no_http(to: Tapped, _id: str, _real: Response) -> None:
    to.wfile.write(b"\x16\x03\x01 HELLO\r\n\r\n")
    to.cut()


# --- HTTP ---


def _status(status: int, body: bytes, kind: str, headers: t.Mapping[str, str], to: Tapped, _id: str, _r: t.Any) -> None:
    to.whole(status, body, kind, **headers)


_HTML = b"<html><head><title>Log in</title></head><body>%d</body></html>"
for _number, _moments in {
    400: ("before",), 403: ("before",), 404: ("before",), 405: ("before",), 408: ("before",), 411: ("before",),
    413: ("before",), 415: ("before",), 429: ("before",), 200: BOTH, 500: BOTH, 502: BOTH, 503: BOTH, 504: BOTH,
}.items():  # fmt: skip
    _fault(f"http_{_number}_page", *_moments)(
        functools.partial(_status, _number, _HTML % _number, "text/html", {"Retry_After": "120"})
    )
for _number, _moments in {400: ("before",), 404: ("before",), 200: BOTH, 500: BOTH, 503: BOTH}.items():
    _fault(f"http_{_number}_empty", *_moments)(functools.partial(_status, _number, b"", SOAP, {}))
_fault("http_401", "before")(functools.partial(_status, 401, b"", SOAP, {"WWW_Authenticate": 'Basic realm="WSMAN"'}))
_fault("http_204", *BOTH)(lambda to, _id, _real: to.head(204, {}))
_fault("redirect", *BOTH)(functools.partial(_status, 307, b"", SOAP, {"Location": "https://127.0.0.1:9/wsman"}))
for _charset in ("idna", "utf-7", "unicode_escape", "undefined", "utf-16", "none-such"):
    _fault(f"page_in_{_charset}", "before")(
        functools.partial(_status, 500, b"<x>Envelope \\ud800 \xff\xfe</x>", f"text/html;charset={_charset}", {})
    )


# --- the message ---


def _changed(change: t.Callable[[bytes, str], bytes], to: Tapped, message_id: str, real: Response) -> None:
    to.whole(real.status, change(real.body, message_id))


def _message(name: str, change: t.Callable[[bytes, str], bytes], **kind: bool) -> None:
    _fault(name, "after", **kind)(functools.partial(_changed, change))


_OTHER = b"uuid:00000000-0000-0000-0000-000000000000"
_DTD = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
_NUMBER = re.compile(rb"(<p\d*:\w+[^>]*>)-?\d+(</p\d*:\w+>)")
_VALUE = re.compile(rb"<(p\d*:\w+)([^>/]*)>[^<]+</p\d*:\w+>")
_NIL = rb'<\1\2 xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>'
_DATE = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.+Z-]+")
_message("garbage", lambda _body, _id: b"\x00\x01 this is no XML <<<")
_message("other_message", lambda body, ask: body.replace(ask.encode(), _OTHER))
_message("no_relates_to", lambda body, _id: re.sub(rb"<a:RelatesTo.*?</a:RelatesTo>", b"", body))
_message("dtd", lambda body, _id: _DTD + re.sub(rb"^<\?xml.*?\?>", b"", body))
_message("more_after_the_end", lambda body, _id: body + b"<more/>")
_message("empty_body", lambda body, _id: re.sub(rb"<s:Body>.*</s:Body>", b"<s:Body/>", body, flags=re.DOTALL))
_message("no_items", lambda body, _id: re.sub(rb"<(\w+:Items)>.*</\1>", b"", body, flags=re.DOTALL), lies=True)
_message("no_end", lambda body, _id: re.sub(rb"<\w+:EndOfSequence\s*/>", b"", body), lies=True)
_message("no_references", lambda body, _id: re.sub(
    rb"<a:EndpointReference.*?</a:EndpointReference>", b"", body, flags=re.DOTALL), lies=True)  # fmt: skip
_message(
    "deep", lambda body, _id: body.replace(b"</s:Body>", b"<x>" * 20000 + b"</x>" * 20000 + b"</s:Body>"), lies=True
)
_message("numbers_null", lambda body, _id: re.sub(rb"<(p\d*:\w+)([^>/]*)>-?\d+</p\d*:\w+>", _NIL, body), lies=True)
_message("numbers_words", lambda body, _id: _NUMBER.sub(rb"\1many\2", body), lies=True)
_message("numbers_superscript", lambda body, _id: _NUMBER.sub(b"\\1\xc2\xb2\\2", body), lies=True)
_message("numbers_long", lambda body, _id: _NUMBER.sub(rb"\g<1>" + b"9" * 5000 + rb"\2", body)[:4_000_000], lies=True)
_message("numbers_negative", lambda body, _id: _NUMBER.sub(rb"\g<1>-99999999999999999999\2", body), lies=True)
_message("values_null", lambda body, _id: _VALUE.sub(_NIL, body), lies=True)
_message("values_empty", lambda body, _id: _VALUE.sub(rb"<\1\2></\1>", body), lies=True)
_message("values_missing", lambda body, _id: _VALUE.sub(b"", body), lies=True)
_message("values_blank", lambda body, _id: _VALUE.sub(rb"<\1\2> \n </\1>", body), lies=True)
_message("dates_first", lambda body, _id: _DATE.sub(b"0001-01-01T00:00:00+14:00", body), lies=True)
_message("dates_without_zone", lambda body, _id: _DATE.sub(b"2024-01-01T00:00:00", body), lies=True)
_message("byte_order_mark", lambda body, _id: b"\xef\xbb\xbf" + body, harmless=True)
_message("blank_at_the_end", lambda body, _id: body + b"\r\n\r\n", harmless=True)


@_fault("gzip", "after", harmless=True)
def _gzip(to: Tapped, _id: str, real: Response) -> None:
    to.whole(real.status, gzip.compress(real.body), Content_Encoding="gzip")


@_fault("chunks", "after", harmless=True)
def _chunks(to: Tapped, _id: str, real: Response) -> None:
    to.head(real.status, {"Content-Type": SOAP, "Transfer-Encoding": "chunked"})
    for at in range(0, len(real.body), 997):
        part = real.body[at : at + 997]
        to.wfile.write(b"%x;ext=1\r\n" % len(part) + part + b"\r\n")
    to.wfile.write(b"0\r\n\r\n")


@_fault("gzip_that_is_none", "after")
def _gzip_none(to: Tapped, _id: str, real: Response) -> None:
    to.whole(real.status, real.body, Content_Encoding="gzip")


@_fault("bomb", "after", slow=True)
def _bomb(to: Tapped, _id: str, _real: Response) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b"<a>" + b"x" * (1 << 20)
    to.whole(200, b"".join(packer.compress(block) for _number in range(32)) + packer.flush(), Content_Encoding="gzip")


# --- faults of WS-Management and WMI ---


def _soap(fault: SoapFault, wmi_error: bool, to: Tapped, message_id: str, _real: Response) -> None:
    to.whole(500, envelope(FAULT_ACTION, message_id, fault_body(fault, "host", wmi_error=wmi_error)))


def _wmi(name: str, code: int, hresult: int, text: str, *, status: int = 1, **kind: bool) -> None:
    full = SoapFault(
        "w:InternalError", code, f"{text} HRESULT = 0x{hresult:08X}",
        provider=True, hresult=hresult, cim_status=status, operation="ExecQuery",
    )  # fmt: skip
    for suffix, wmi_error in (("", True), ("_in_text", False)):
        _fault(name + suffix, *BOTH, **kind)(functools.partial(_soap, full, wmi_error))


_wmi("generic_failure", 1359, 0x80041001, "Generic failure")
_wmi("wmi_access_denied", 5, 0x80041003, "Access denied", status=2)
_wmi("provider_load_failure", 1359, 0x80041013, "Provider load failure")
_wmi("rpc_unavailable", 1359, 0x800706BA, "The RPC server is unavailable.")
_wmi("rpc_failed", 1359, 0x800706BE, "The remote procedure call failed.")
_wmi("stored_5024", 1359, 0x800713A0, "The properties were stored but not all changes take effect now.")
_wmi("invalid_property", 1359, 0x80041031, "Invalid property.")
_wmi("not_found", 2150858752, 0x80041002, "Not found", status=6, absent=True)
_wmi("invalid_class", 2150858778, 0x80041010, "Invalid class", status=5, absent=True)
for _name, _soap_fault in {
    "timed_out": SoapFault("w:TimedOut", 2150858793, "The operation was not completed within OperationTimeout."),
    "quota": SoapFault("w:QuotaLimit", 2150859174, "The maximum number of concurrent operations has been exceeded."),
    "context_expired": SoapFault("n:InvalidEnumerationContext", 2150858784, "The enumeration context has expired."),
    "wsman_access_denied": SoapFault("w:AccessDenied", 5, "Access is denied."),
    "schema": SoapFault("w:SchemaValidationError", 2150858817, "The XML does not match the schema.", provider=True),
    "no_such_action": SoapFault("a:ActionNotSupported", 2150858754, "The action is not supported."),
}.items():
    _moments = BOTH if _name in ("timed_out", "quota") else ("before",)
    _fault(_name, *_moments)(functools.partial(_soap, _soap_fault, True))
