# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judge of a cell of LDAP. What happened is in the directory and in the log of the domain controller."""

from __future__ import annotations

import dataclasses
import typing as t

from .. import oracle

if t.TYPE_CHECKING:
    from lab.directory.journal import Change

    from .domain import Picture
    from .proxy import Fault, Request
    from .variants import DirectoryVariant

# What a missing attribute means, by [MS-ADTS] or by the documentation of the module.
_DEFAULTS: t.Mapping[str, t.Any] = {
    "type": "authoritative",
    **dict.fromkeys(
        ("aes", "default", "recovery", "negotiate", "allow_cross_site_rpc_client_access", "client_authentication"),
        False,
    ),
}
_COUNTS = ("accounts", "spns")  # how many were returned


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(oracle.Evidence):
    """The same for a domain controller. C(elsewhere): connections to the server of the referrals."""

    variant: DirectoryVariant
    fault: Fault | None
    before: Picture
    after: Picture
    entries: tuple[Change, ...]
    requests: tuple[Request, ...]
    elsewhere: int


def judge(found: Evidence, usual: Evidence) -> list[str]:
    """What is wrong with the evidence of a cell; C(usual) is that of the same task without a fault."""
    wrong = [*oracle.message(found), *_writes(found, usual), *_repeated(found)]
    if found.elsewhere:
        wrong.append("the task connected to the server of a referral")
    if found.seconds > oracle.DEADLINE:
        wrong.append(f"the task took {found.seconds:.1f} s")
    if found.fault is not None and found.fault.harmless and found.failed != usual.failed:
        wrong.append("the task failed, although every response was valid")
    if found.variant.refused:
        if not found.failed and not found.may_lie:
            wrong.append("the task succeeded, although another account has the name")
    elif found.variant.writes:
        wrong += [*oracle.changes(found), *_lost(found)]
    elif found.result is not None and not found.failed:
        wrong += _readings(found, usual)
    return wrong


def _writes(found: Evidence, usual: Evidence) -> t.Iterator[str]:
    """No write in check mode or by a module that reads, and none that the task without a fault does not make."""
    if found.entries and (
        found.check_mode or not found.variant.writes or (found.variant.refused and not found.may_lie)
    ):
        yield f"{len(found.entries)} writes were sent"
    for entry in found.entries:
        if set(entry.actions) != {"servicePrincipalName"}:
            yield f"{entry.operation} of {sorted(entry.actions)} of {entry.dn} was sent"
    foreign = found.before.differences(found.after) - usual.before.differences(usual.after)
    if foreign and not (found.may_lie and found.variant.writes and not found.check_mode):
        yield f"other names were changed: {sorted(foreign)[:5]}"
    if foreign and any(spn.lower() not in map(str.lower, found.variant.wanted) for _dn, spn in foreign):
        yield f"names that the task does not manage were changed: {sorted(foreign)[:5]}"


def _repeated(found: Evidence) -> t.Iterator[str]:
    """The same write is sent again only after its account was read."""
    unread: set[tuple[str, bytes]] = set()
    for request in found.requests:
        if request.operation == "search" and request.reached and not request.lost:
            unread = {one for one in unread if one[0].casefold() != request.target.casefold()}
        elif request.operation == "modify" and request.reached:
            if (request.target, request.content) in unread:
                yield f"a write to {request.target} was sent twice without a read in between"
            unread.add((request.target, request.content))
    done: set[tuple[str, str]] = set()
    for entry in found.entries:
        if entry.done:
            key = entry.dn, repr(sorted(entry.actions.items()))
            if key in done:
                yield f"a write to {entry.dn} was stored twice"
            done.add(key)


def _lost(found: Evidence) -> t.Iterator[str]:
    """A name that no account has any more is reported, whatever the responses were."""
    for label, wanted in found.variant.wanted.items():
        if wanted and found.before.holders(label) and not found.after.holders(label):
            rows = [row for row in (found.result or {}).get("changes", ()) if row["label"].lower() == label.lower()]
            told = found.failed and (label.lower() in found.message.lower() or found.may_lie)
            if not told and not any(row["after"] in ([], None) for row in rows):
                yield f"no account has {label} any more, and the task does not report it"


def _readings(found: Evidence, usual: Evidence) -> t.Iterator[str]:
    """A value that was read is that of the directory. One that was not read is null, or its object is missing."""
    if found.fault is None or found.fault.adds:
        return
    now, then = found.result or {}, usual.result or {}
    unknown = bool(now.get("unknown")) or any(row.get("unknown") for row in now.get("accounts", ()))
    for name in now.keys() | then.keys():
        if name == "unknown":
            continue
        if not found.fault.lies and not unknown and now.get(name) != then.get(name):
            values = f"{str(now.get(name))[:300]} and should be {str(then.get(name))[:300]}"
            yield f"{name} is {values}, and nothing is unknown"
        elif problem := _part(now.get(name), then.get(name), name):
            yield problem


def _part(now: t.Any, then: t.Any, name: str) -> str:
    """Whether a value is the usual one or a part of it. Empty if it is."""
    if now == then or now is None or now in ("", [], {}) or now == _DEFAULTS.get(name, "no default"):
        return ""
    if isinstance(now, dict) and isinstance(then, dict):
        return next(filter(None, (_part(now[key], then.get(key), key) for key in now if key != "unknown")), "")
    if isinstance(now, list) and isinstance(then, list):
        problems = []
        for one in now:
            if one in then or one == "":
                continue
            found = [_part(one, other, name) for other in then if isinstance(other, dict)]
            if "" not in found:
                problems.append(next(iter(found), f"{name} has {one!r}, and should be {then!r}"))
        return next(iter(problems), "")
    if isinstance(now, str) and now.startswith("unknown"):
        return ""
    if name in _COUNTS and isinstance(now, int) and now < then:
        return ""
    return f"{name} is {now!r} and should be {then!r}"
