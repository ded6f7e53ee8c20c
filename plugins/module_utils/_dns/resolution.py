# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolve names from the results of several DNS queries. Private to this collection."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..errors import ResponseLost, ServerError
from .parallel import in_parallel
from .question import QueryResult

try:
    import dns.exception
    import dns.name
except ImportError:
    # Lookup reports the missing library before anything here is called.
    pass

if t.TYPE_CHECKING:
    from .question import Lookup

_KINDS = ("A", "AAAA")
_LABEL = re.compile(rb"[a-z0-9_-]+", re.IGNORECASE)
_ADVICE = "use the fully qualified host name"

Answer: t.TypeAlias = "QueryResult | ResponseLost"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The resolution of one name; C(unknown) has sentences about what could not be resolved.

    C(kind) is C(address), C(alias), C(missing), or C(None) if it is unknown. C(ttl) is the largest TTL of all records
    in seconds: how long a client may cache the addresses.
    """

    name: str
    kind: str | None = None
    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    authoritative: bool | None = None
    unknown: str | None = None


def resolve(lookup: Lookup, names: t.Sequence[str]) -> list[Resolved]:
    """Resolve names and return the results in the same order. A repeated name is queried once."""
    parsed_names: dict[str, dns.name.Name | str] = {name: _parse_name(name) for name in names}
    queries = list(
        dict.fromkeys((name, kind) for name in parsed_names.values() if not isinstance(name, str) for kind in _KINDS)
    )
    answers = dict(zip(queries, in_parallel(lambda query: _answer(lookup, *query), queries), strict=True))
    return [
        Resolved(name=name, unknown=parsed)
        if isinstance(parsed, str)
        else _combine(name, {kind: answers[parsed, kind] for kind in _KINDS})
        for name, parsed in ((name, parsed_names[name]) for name in names)
    ]


def _parse_name(text: str) -> dns.name.Name | str:
    """Parse a host name to an absolute name in ASCII, or return the error as a sentence."""
    try:
        name = dns.name.from_text(text, dns.name.root)
    except dns.exception.DNSException as exc:
        return str(ServerError(f"{text!r} is not a host name: {exc}", advice=_ADVICE))
    labels = name.labels[:-1]
    if not labels or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        return str(ServerError(f"{text!r} is not a host name", advice=_ADVICE))
    return name


def _answer(lookup: Lookup, name: dns.name.Name, kind: str) -> Answer:
    try:
        return lookup.query(name, kind)
    except ResponseLost as exc:
        return exc


def _combine(name: str, answers: t.Mapping[str, Answer]) -> Resolved:
    found = [answer for answer in answers.values() if isinstance(answer, QueryResult)]
    with_records = [answer for answer in found if answer.ttl is not None]
    aliases = max((answer.aliases for answer in found), key=len, default=())
    addresses = tuple(address for answer in found for address in answer.addresses)
    kind = "alias" if aliases else "address" if addresses else "missing" if len(found) == len(answers) else None
    return Resolved(
        name=name,
        kind=kind,
        addresses=addresses,
        aliases=aliases,
        ttl=max((answer.ttl or 0 for answer in with_records), default=None),
        authoritative=all(answer.authoritative for answer in with_records or found) if kind else None,
        unknown=" ".join(_unknown_parts(name, answers)) or None,
    )


def _unknown_parts(name: str, answers: t.Mapping[str, Answer]) -> t.Iterator[str]:
    """Yield a sentence for each result that is unknown."""
    lost: dict[tuple[str, str], list[str]] = {}
    for kind, answer in answers.items():
        if isinstance(answer, ResponseLost):
            lost.setdefault((answer.detail, answer.advice), []).append(kind)
    for (why, advice), kinds in lost.items():
        yield str(
            ServerError(
                f"DNS returned no usable response for the {' and '.join(kinds)} records of {name}: {why}", advice=advice
            )
        )
    ends = {answer.aliases[-1] for answer in answers.values() if isinstance(answer, QueryResult) and answer.end_unknown}
    for end in sorted(ends):
        yield str(
            ServerError(
                f"{name} is an alias of {end}, and the DNS server did not return its addresses",
                advice=f"query {end}, or set dns_servers to servers that resolve it",
            )
        )
