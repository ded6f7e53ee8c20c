# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults of LDAP: what a domain controller, a proxy or a network makes of one request."""

from __future__ import annotations

import functools
import time
import typing as t

from . import ber
from .proxy import FINAL, Exchange, Fault

DRIP_SECONDS = 20  # longer than the deadline of a cell
FAULTS: dict[str, Fault] = {}
BOTH = (False, True)
_PLAIN = frozenset({"bind", "search", "modify", "extended"})
_ALL = _PLAIN | {"sealed"}
SEARCH, _MODIFY = frozenset({"search"}), frozenset({"modify"})


def register(
    name: str, write: t.Callable[[Exchange], None], *, on: t.Iterable[str] = _PLAIN, effects: t.Sequence[bool] = BOTH,
    **kind: t.Any,
) -> None:  # fmt: skip
    """Register a fault, for the moments before and after the effect."""
    for effect in effects:
        full = f"{name}_{'after' if effect else 'before'}" if len(effects) > 1 else name
        FAULTS[full] = Fault(name=full, operations=frozenset(on), effect=effect, write=write, **kind)


# --- the connection ---


def _stall(to: Exchange) -> None:
    to.wait()
    to.client.cut()


def _closing(data: t.Callable[[Exchange], bytes], to: Exchange) -> None:
    to.client.send(data(to))
    to.client.cut()


def _stalling(data: t.Callable[[Exchange], bytes], to: Exchange) -> None:
    to.client.send(data(to))
    _stall(to)


def _drip(to: Exchange) -> None:
    deadline = time.monotonic() + DRIP_SECONDS
    for at in range(len(to.data) - 1):
        if time.monotonic() > deadline or to.wait(0.2):
            break
        to.client.send(to.data[at : at + 1])
    to.client.cut()


def _octets(to: Exchange) -> None:
    for at in range(len(to.data)):
        to.client.send(to.data[at : at + 1])


def _record(to: Exchange) -> None:
    to.client.below(b"\x17\x03\x03\x40\x00" + b"\x00" * 100)
    _stall(to)


def _bad_record(to: Exchange) -> None:
    to.client.below(b"\x17\x03\x03\x00\x20" + b"\x00" * 32)
    _stall(to)


def _half(to: Exchange) -> bytes:
    return to.data[: max(1, len(to.data) // 2)] or b"\x30"


register("drop", lambda to: to.client.cut(), on=_ALL)
register("reset", lambda to: to.client.reset(), on=_ALL)
register("stall", _stall, on=_ALL, slow=True)
register("drip", _drip, on=_ALL, effects=[True], slow=True)
register("truncated", functools.partial(_closing, _half), on=_ALL, effects=[True])
register("stops_in_message", functools.partial(_stalling, _half), on=_ALL, effects=[True], slow=True)
register("stops_in_record", _record, effects=BOTH, slow=True)
register("bad_record", _bad_record, effects=BOTH)
register("garbage", functools.partial(_closing, lambda _to: b"\x00\x01 this is no LDAP <<<"), on=_ALL)
register("page", functools.partial(_closing, lambda _to: b"HTTP/1.1 400 Bad Request\r\n\r\n"), on=_ALL)
register("empty_message", functools.partial(_closing, lambda _to: b"\x30\x00"), on=_ALL)
register("huge_length", functools.partial(_closing, lambda _to: b"\x30\x84\x7f\xff\xff\xff\x02\x01\x02"), on=_ALL)
register(
    "huge_length_stalls", functools.partial(_stalling, lambda _to: b"\x30\x84\x7f\xff\xff\xff"), on=_ALL, slow=True
)
register("long_length", functools.partial(_closing, lambda _to: b"\x30\x88" + b"\xff" * 8 + b"\x02\x01\x02"), on=_ALL)
register("no_length", functools.partial(_closing, lambda _to: b"\x30\x80\x02\x01\x02\x00\x00"), on=_ALL)
register("octets", _octets, on=_ALL, effects=[True], harmless=True)
register("twice", lambda to: to.client.send(to.data * 2), on=_ALL, effects=[True])
register("connection_refused", lambda to: to.client.reset(), on=["connect"], effects=[False])
register("no_handshake", _stall, on=["connect"], effects=[False], slow=True)
register("no_tls", functools.partial(_closing, lambda _to: b"SSH-2.0-x\r\n"), on=["connect"], effects=[False])
register(
    "no_handshake_after_start_tls", lambda to: [to.send([to.result(0)]), _stall(to)], on=["extended"], effects=[False],
    slow=True,
)  # fmt: skip


# --- the message ---


def _number(change: t.Callable[[int], int], to: Exchange) -> None:
    for message in to.messages:
        message.parts[0] = ber.integer(change(message.parts[0].number))
    to.send(to.messages)


def _deep(to: Exchange) -> None:
    inner = b""
    for _level in range(5000):
        inner = b"\x30" + ber.length_of(len(inner)) + inner
    assert to.message is not None
    number = to.message.parts[0].encode()
    body = bytes([FINAL[to.operation]]) + ber.length_of(len(inner)) + inner
    to.client.send(b"\x30" + ber.length_of(len(number) + len(body)) + number + body)


def _notice(to: Exchange) -> None:
    """The notice of disconnection (RFC 4511, 4.4.1)."""
    parts = (ber.integer(52, 10), ber.octets(b""), ber.octets(b"shutting down"))
    operation = ber.sequence(*parts, ber.octets("1.3.6.1.4.1.1466.20036", 0x8A), tag=0x78)
    to.client.send(ber.sequence(ber.integer(0), operation).encode())
    to.client.cut()


def _other_type(to: Exchange) -> None:
    found = to.result(0)
    found.parts[1].tag = 0x6B  # a ModifyDNResponse answers none of the requests
    to.send([found])


def _edited(change: t.Callable[[Exchange], None], to: Exchange) -> None:
    change(to)
    to.send(to.messages)


def message(name: str, change: t.Callable[[Exchange], None], **kind: t.Any) -> None:
    register(name, functools.partial(_edited, change), **{"effects": [True], **kind})


def _final_without_result(to: Exchange) -> None:
    to.messages[-1].parts[1].value = []


def _final_with_text(to: Exchange) -> None:
    to.messages[-1].parts[1].parts[0] = ber.octets("many")


def _more_parts(to: Exchange) -> None:
    to.messages[-1].parts[1].parts.append(ber.octets(b"later", 0x9E))


def _unknown_control(to: Exchange) -> None:
    control = ber.sequence(ber.octets("1.2.3.4.5"), ber.octets(b"\xff\xfe"))
    last = to.messages[-1]
    if len(last.parts) > 2:
        last.parts[2].parts.append(control)
    else:
        last.parts.append(ber.sequence(control, tag=0xA0))


register("other_number", functools.partial(_number, lambda number: number + 1000), effects=[True], slow=True)
register("negative_number", functools.partial(_number, lambda _number: -1), effects=[True], slow=True)
register("long_number", functools.partial(_number, lambda number: number + (1 << 200)), effects=[True], slow=True)
register("deep", _deep)
register("notice", _notice)
register("other_type", _other_type, slow=True)
message("no_result", _final_without_result)
message("result_is_text", _final_with_text)
message("more_parts", _more_parts, harmless=True)
message("unknown_control", _unknown_control, harmless=True)


# --- result codes ---

CODES = {
    "operations_error": 1, "protocol_error": 2, "time_limit": 3, "size_limit": 4, "stronger_auth_required": 8,
    "admin_limit": 11, "unavailable_extension": 12, "confidentiality_required": 13, "sasl_bind_in_progress": 14,
    "no_such_attribute": 16, "constraint_violation": 19, "value_exists": 20, "no_such_object": 32,
    "invalid_dn_syntax": 34, "inappropriate_authentication": 48, "invalid_credentials": 49, "insufficient_access": 50,
    "busy": 51, "unavailable": 52, "unwilling_to_perform": 53, "loop_detect": 54, "other": 80, "unknown_code": 123,
    "negative_code": -1, "huge_code": 1 << 31,
}  # fmt: skip
_TEXTS = {"stronger_auth_required": "BindSimple: Transport encryption required.", "busy": "00002024: SvcErr: busy"}


def _code(code: int, text: str, to: Exchange) -> None:
    to.send([to.result(code, text)])


def _code_at_end(code: int, to: Exchange) -> None:
    to.send([*to.messages[:-1], to.result(code)])


def _referral(to: Exchange) -> None:
    to.send([to.result(10, "0000202B: RefErr", ber.sequence(ber.octets(to.referral), tag=0xA3))])


for _name, _value in CODES.items():
    _write = functools.partial(_code, _value, _TEXTS.get(_name, ""))
    # A refusal that comes after the effect is the answer of a proxy or of a domain controller that crashes.
    register(_name, _write, on=_MODIFY)
    register(f"{_name}_answer", _write, on=_PLAIN - _MODIFY, effects=[False])
    if _value in (1, 3, 4, 11, 51, 52, 80):
        register(f"{_name}_at_end", functools.partial(_code_at_end, _value), on=SEARCH, effects=[True])
for _name, _text in {
    "long_text": b"no " * 100_000, "control_text": b"a\r\nb\x00c\x1b[31m", "text_not_utf8": b"\xff\xfe\xc0",
    "windows_text": b"80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v3839",
}.items():  # fmt: skip
    register(_name, functools.partial(_code, 80 if _name != "windows_text" else 49, t.cast("str", _text)))
register("referral", _referral)
