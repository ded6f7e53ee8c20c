# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at the points while only reading. Private to this collection."""

from __future__ import annotations

import functools
import re
import time
import typing as t

from .._directory.ldap_errors import AccessDenied as DirectoryDenied
from .._psrp.errors import NotGranted, Throttled
from .._windows import computer, service
from .._windows.unknown import at_the_same_time
from .._windows.version import WindowsVersion
from .._wsman.errors import (
    AccessDenied,
    Fault,
    NotFound,
    ResponseLost,
    ServerError,
    TransientFault,
    Unreachable,
)
from .._wsman.faults import is_time_out
from ..errors import TaskError
from . import point as points_of
from .directory_points import Forest
from .name_server_points import Names
from .point import Answer, Check, Different, NotAllowed, Nothing, NotLookedAt, Point, Rows, Seen, known_release
from .points import IN_FORESTS, IN_SHELLS, OF_NAME_SERVERS, ON_HOSTS

if t.TYPE_CHECKING:
    from .._directory.session import Directory
    from .._dns.session import DnsServers
    from .._psrp.port import Shell
    from .._wsman.cim import Instance
    from .._wsman.client import Client
    from .point import Column

_UNREADABLE_CHANNEL = 5004  # of the event plug-in
_BUILD = re.compile(r"\((\d{4,6})\)$")  # 10.0 (20348)
_LONGEST = 75.0  # seconds, after which no further point is looked at
_ALWAYS_THERE = ("root/cimv2", "Win32_ComputerSystem", "Name", "")
_WITHOUT = {
    "cluster": "the host is not a member of a failover cluster",
    "hyperv": "the host has no Hyper-V",
    "dag_member": "the host is not in the group of the DAG members",
}
_READERS = {"number": "integer", "boolean": "boolean", "time": "datetime", "list": "array"}
_SAID: t.Mapping[type[Exception], str] = {
    Different: points_of.DIFFERENT,
    Nothing: points_of.NOT_THERE,
    NotAllowed: points_of.NOT_ALLOWED,
    NotLookedAt: points_of.NOT_LOOKED_AT,
    NotGranted: points_of.NOT_ALLOWED,
    Throttled: points_of.NOT_LOOKED_AT,
}
_CHANNELS = ("windows.system_channel", "windows.missing_channel")


def look_at_host(client: Client, *, dag_member: bool) -> tuple[str, list[Answer]]:
    """The release of a host and an answer for each point that is about hosts.

    Raises C(ServerError) if the operating system or the services cannot be read: without them nothing has a meaning.
    """
    windows = computer.read_computer(client).windows
    release = known_release(windows)
    parts = _parts(client, dag_member=dag_member)
    seen = Seen(release=windows)
    answers: dict[str, Answer] = {}
    pending: list[Point] = []
    for one in ON_HOSTS:
        if not one.is_of(release):
            since = f"{one.since} and later" if one.since != points_of.FIRST else f"before {_after(one.until)}"
            answers[one.id] = Answer(one.id, points_of.NOT_THERE, f"Windows Server {since}")
        elif one.part not in parts:
            answers[one.id] = Answer(one.id, points_of.NOT_THERE, _WITHOUT[one.part])
        else:
            pending.append(one)
    classes = [one for one in pending if isinstance(one.look, Rows)]
    checks = [one for one in pending if isinstance(one.look, Check)]
    # A host closes a subscription whose Pull waits too long for a free connection, so channels are read last.
    last = [one for one in checks if _reads_channel(one)]
    first = [one for one in checks if one not in last]
    for group, alone in ((classes, False), (first, False), (last, True)):
        calls = [functools.partial(_answer, one, functools.partial(_look, client, one, seen, answers)) for one in group]
        found = [call() for call in calls] if alone else at_the_same_time(client, calls)
        answers |= {one.point: one for one in found}
    return release, [answers[one.id] for one in ON_HOSTS]


def look_at_forest(session: Directory) -> list[Answer]:
    """An answer for each point that is about Active Directory and Exchange's objects in it."""
    forest = Forest(session)
    return [
        _answer_of(one.id, functools.partial(one.look, forest))  # one after another: a session has one connection
        for one in IN_FORESTS
    ]


def look_at_shell(session: Shell) -> list[Answer]:
    """An answer for each point that is about the PowerShell endpoint of Exchange."""
    began, answers = time.monotonic(), list[Answer]()
    why = ""
    for one in IN_SHELLS:
        if time.monotonic() - began > _LONGEST:
            why = f"the points before it took more than {_LONGEST:g} s"
        if why:
            answers.append(Answer(one.id, points_of.NOT_LOOKED_AT, why))
            continue
        try:
            answers.append(_answer_of(one.id, functools.partial(one.look, session)))
        except Unreachable as exc:
            if not answers:
                raise
            why = exc.detail
            answers.append(Answer(one.id, points_of.NOT_LOOKED_AT, why))
    return answers


def look_at_name_servers(session: DnsServers, names: t.Iterable[str]) -> list[Answer]:
    """An answer for each point that is about the DNS servers of the zones of these names."""
    wanted = Names(session, tuple(names))
    return [_answer_of(one.id, functools.partial(one.look, wanted)) for one in OF_NAME_SERVERS]


def release_of_controller(session: Directory) -> str:
    """The release of the domain controller from its computer account; empty if it does not run Windows Server."""
    found = session.search(
        session.domain_dn,
        "(&(objectClass=computer)(|(primaryGroupID=516)(primaryGroupID=521)))",  # writable and read-only ones
        ("dNSHostName", "operatingSystemVersion"),
        operation="reading the computer account of the domain controller",
    )
    own = session.root.server.casefold()
    version = next(
        (one.text("operatingSystemVersion") for one in found if one.text("dNSHostName").casefold() == own), ""
    )
    build = _BUILD.search(version)
    return known_release(WindowsVersion(int(build[1]))) if build else ""


def _parts(client: Client, *, dag_member: bool) -> set[str]:
    found = {"windows"}
    clustered = service.read_service(client, "ClusSvc", operation="reading whether the host is a cluster node")
    if clustered is not None and not clustered.is_disabled:
        found.add("cluster")
    if service.read_service(client, "vmms", operation="reading whether the host has Hyper-V") is not None:
        found.add("hyperv")
    return found | ({"dag_member"} if dag_member else set())


def _after(name: str) -> str:
    return points_of.NAMES[points_of.NAMES.index(name) + 1]


def _reads_channel(one: Point) -> bool:
    return one.id in _CHANNELS or one.id.endswith("_channel")


def _look(client: Client, one: Point, seen: Seen, answers: t.Mapping[str, Answer]) -> str:
    if time.monotonic() - seen.began > _LONGEST:
        raise NotLookedAt(f"the points before it took more than {_LONGEST:g} s")
    if isinstance(one.look, Rows):
        rows = _read_rows(client, one.look, known_release(seen.release))
        seen.rows[one.id] = rows
        return f"{len(rows)} instances" if rows else "no instance; the query with these columns was accepted"
    check = t.cast("Check", one.look)
    for needed in check.of:
        before = answers[needed]
        if before.answer == points_of.NOT_THERE:
            raise Nothing(before.came)
        if needed not in seen.rows or before.answer != points_of.CONFIRMED:
            raise NotLookedAt(f"it needs {needed}, which is {before.answer.replace('_', ' ')}")
    return check.look(client, seen)


def _read_rows(client: Client, rows: Rows, release: str) -> list[Instance]:
    """Read a class by its columns, or all of it if the host refuses that. Raises C(Different) for what is missing."""
    wanted = [one for one in rows.columns if _is_of(one, release)]
    names = ", ".join(one.name for one in wanted)
    operation = f"looking at {rows.class_name}"
    projected = True
    try:
        found = client.query(
            rows.namespace,
            f"SELECT {names} FROM {rows.class_name}{rows.where}",  # noqa: S608 (constants)
            operation=operation,
        )
        incomplete = any(
            (rows.references and item.reference is None)
            or any(one.kind == "object" and item.embedded(one.name) is None for one in wanted)
            for item in found
        )
    except Fault as exc:
        if isinstance(exc, (NotFound, AccessDenied, TransientFault)) or is_time_out(exc):
            raise
        projected, incomplete = False, True
    if incomplete:
        wql = f"SELECT * FROM {rows.class_name}{rows.where}"  # noqa: S608 (constants)
        found = client.query(rows.namespace, wql, operation=operation)
    missing = [one.name for one in wanted if _is_missing(one, found)]
    if not missing and not projected and (not found or any(one.kind == "list" for one in wanted)):
        missing = _refused_columns(client, rows, wanted, found)
    if missing:
        raise Different(f"{rows.class_name} has no {', '.join(missing)}")
    if rows.some and not found:
        raise Different(f"{rows.class_name} has no instance")
    for item in found:
        for one in wanted:
            _check_kind(item, one)
    return found


def _refused_columns(client: Client, rows: Rows, wanted: t.Sequence[Column], found: t.Sequence[Instance]) -> list[str]:
    """Which columns the class lacks: those that a query is refused for, if the host accepts one of a single column.

    In an instance, an empty list cannot be told from one that is not there.
    """
    suspects = [one for one in wanted if not found or one.kind == "list"]
    sure = next((one.name for one in wanted if one not in suspects), None)
    accepted = (rows.namespace, rows.class_name, sure, rows.where) if sure else _ALWAYS_THERE
    if _is_refused(client, *accepted):
        if sure:
            return []  # the host refuses every query of single columns
        raise NotLookedAt("there is no instance, and the host refuses queries of single columns")
    return [one.name for one in suspects if _is_refused(client, rows.namespace, rows.class_name, one.name, rows.where)]


def _is_refused(client: Client, namespace: str, class_name: str, column: str, where: str) -> bool:
    try:
        wql = f"SELECT {column} FROM {class_name}{where}"  # noqa: S608 (constants)
        client.query(namespace, wql, operation=f"looking at {class_name}")
    except (NotFound, AccessDenied):
        raise
    except Fault:
        return True
    return False


def _is_of(column: Column, release: str) -> bool:
    return points_of.NAMES.index(release) >= points_of.NAMES.index(column.since)


def _is_missing(column: Column, found: t.Sequence[Instance]) -> bool:
    if column.kind == "list":
        return False
    return bool(found) and not any(item.has(column.name) for item in found)


def _check_kind(item: Instance, column: Column) -> None:
    """Read the value as its kind. Raises C(ResponseLost) or C(Different) if it is of another one."""
    if column.kind in _READERS:
        getattr(item, _READERS[column.kind])(column.name)
    elif column.kind == "reference" and item.reference_in(column.name) is None:
        raise Different(f"{item.class_name}.{column.name} is no reference")
    elif column.kind == "object" and item.embedded(column.name) is None:
        raise Different(f"{item.class_name}.{column.name} has no embedded object")


def _answer(one: Point, look: t.Callable[[], str]) -> Answer:
    return _answer_of(one.id, look)


def _answer_of(name: str, look: t.Callable[[], str]) -> Answer:
    """The answer to a point. Raises C(Unreachable), because further requests would fail too."""
    try:
        return Answer(name, points_of.CONFIRMED, look())
    except (Different, Nothing, NotAllowed, NotLookedAt) as exc:
        return Answer(name, _SAID[type(exc)], str(exc))
    except Unreachable:
        raise
    except (AccessDenied, DirectoryDenied) as exc:
        return Answer(name, points_of.NOT_ALLOWED, exc.detail)
    except Fault as exc:
        if exc.code == _UNREADABLE_CHANNEL:
            return Answer(name, points_of.NOT_ALLOWED, exc.detail)
        lost = isinstance(exc, TransientFault) or is_time_out(exc)
        return Answer(name, points_of.NOT_LOOKED_AT if lost else points_of.DIFFERENT, exc.detail)
    except ResponseLost as exc:
        # Without an operation no message was lost: a value is not of its kind.
        return Answer(name, points_of.NOT_LOOKED_AT if exc.operation else points_of.DIFFERENT, exc.detail)
    except (Throttled, NotGranted) as exc:
        return Answer(name, _SAID[type(exc)], exc.detail)
    except ServerError as exc:
        return Answer(name, points_of.DIFFERENT, exc.detail)
    except TaskError as exc:
        return Answer(name, points_of.NOT_LOOKED_AT, str(exc))
