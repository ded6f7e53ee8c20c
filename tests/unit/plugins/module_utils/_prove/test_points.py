# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an answer comes from what a host returns, and the table, the summary and the bundle that are made of answers."""

from __future__ import annotations

import json
import pathlib
import re
import time
import typing as t

import proved_table
import pytest
from ansible_collections.winha.cluster.plugins.module_utils._directory import ldap_errors
from ansible_collections.winha.cluster.plugins.module_utils._prove import (
    directory_points,
    looking,
    seen,
    summary,
    writes,
)
from ansible_collections.winha.cluster.plugins.module_utils._prove.point import (
    ANSWERS,
    CONFIRMED,
    DIFFERENT,
    NAMES,
    NOT_ALLOWED,
    NOT_LOOKED_AT,
    NOT_THERE,
    Different,
    Nothing,
    NotLookedAt,
    Rows,
    Seen,
    columns,
)
from ansible_collections.winha.cluster.plugins.module_utils._prove.points import ALL, BY_ID, ON_HOSTS
from ansible_collections.winha.cluster.plugins.module_utils._windows.version import WindowsVersion
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import Instance, Reference, new_instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    AccessDenied,
    Fault,
    QueryRefused,
    ResponseLost,
    TimedOut,
    TransientFault,
    Unreachable,
)

URI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/x/X_Class"
LOOK = Rows("root/x", "X_Class", columns("Name; Number#; Flag?; Names*"))
ROW = {"Name": "A", "Number": 1, "Flag": True, "Names": ["x"]}


def test_points_have_unique_ids_and_known_columns() -> None:
    assert len(BY_ID) == len(ALL)
    assert all(one.look is not None for one in ON_HOSTS)
    elsewhere = ("domain_controller", "dns_server", "exchange_server")
    assert all(one.why for one in ALL if one.look is None and one.part not in elsewhere)
    with pytest.raises(ValueError, match="is no column"):
        columns("Name; Number!")


# Read of the result of a method or of an entry of the event log, or optional on every release.
NOT_COLUMNS = {
    "ComputerName", "ErrorCode", "ErrorDescription", "EventCode", "InsertionStrings", "Job", "Message",
    "OperationalState", "OutputBuffer", "SourceName", "TimeGenerated", "sNames", "sValue",
}  # fmt: skip


def code_of(package: str) -> str:
    """The code of a package without docstrings."""
    folder = pathlib.Path(looking.__file__).parents[1] / package
    text = "\n".join(file.read_text("utf-8") for file in sorted(folder.glob("*.py")))
    return re.sub(r'"""(.|\n)*?"""', "", text)


def test_every_class_column_and_method_that_is_read_of_windows_belongs_to_a_point() -> None:
    own, windows = code_of("_prove"), code_of("_windows")
    words = set(re.findall(r"\w+", own))
    classes = set(re.findall(r"\b(?:MSCluster|MSFT|Msvm|Win32)_\w+|\bStdRegProv\b", windows))
    read = r'\.(?:text|integers?|boolean|array|datetime|embedded|reference_in)\(\s*"(\w+)"'
    assert classes - words == set()
    assert set(re.findall(read, windows)) - words == NOT_COLUMNS
    methods = {*re.findall(r'invoke\([^"]*?"([A-Z][a-z]\w+)"', windows)} - {"ControlCode", "DrainType", "NodeName"}
    assert {"WillOfflineLoseQuorum", "GetPossibleOwners", "EnumKey"} <= methods
    assert methods - words - {"GetStringValue"} == set()


def test_the_table_in_the_guide_is_current() -> None:
    known = json.loads(seen.FILE.read_text("utf-8"))
    assert proved_table.GUIDE.read_text("utf-8") == proved_table.guide_with_table(known)


def test_a_bundle_changes_the_table() -> None:
    table = {"winha_proved": 1, "releases": {"2022": {"cluster.nodes": CONFIRMED, "cluster.networks": DIFFERENT}}}
    known = proved_table.with_bundle({"old": {"2019": {"cluster.nodes": CONFIRMED}}}, "contoso", table)
    point = BY_ID["cluster.nodes"]
    assert [seen.cell(point, name, known) for name in ("2016", "2019", "2022")] == ["documented", "old", "contoso"]
    assert seen.cell(BY_ID["cluster.networks"], "2022", known) == "**different**: contoso"
    assert seen.cell(BY_ID["cluster.fault_domain"], "2012", known) == "-"
    for wrong in ({"winha_proved": 2}, {"winha_proved": 1, "releases": {"2022": {"x": CONFIRMED}}}):
        with pytest.raises(ValueError, match=r"proved\.json"):
            proved_table.with_bundle({}, "wrong", wrong)


class Host:
    """A host with rows of one class; C(refused) are columns that a query may not have, C(error) is for each query."""

    def __init__(self, rows: t.Sequence[t.Mapping[str, t.Any]], *, refused: str = "", error: Exception | None = None):
        self.rows, self.refused, self.error = rows, refused, error

    def query(self, _namespace: str, wql: str, *, operation: str) -> list[Instance]:
        assert operation
        if self.error:
            raise self.error
        if self.refused and (self.refused == "all" or self.refused in wql) and "*" not in wql:
            raise QueryRefused("refused", code=2150858778)
        return [Instance(new_instance(URI, row).element, Reference(resource_uri=URI)) for row in self.rows]


def answer_of(call: t.Callable[[], t.Any]) -> tuple[str, str]:
    found = looking._answer_of("x", call)
    return found.answer, found.came


@pytest.mark.parametrize(
    ("host", "answer", "came"),
    [
        (Host([ROW]), CONFIRMED, ""),
        (Host([]), CONFIRMED, ""),
        (Host([ROW], refused="all"), CONFIRMED, ""),
        (Host([{**ROW, "Number": "many"}]), DIFFERENT, "X_Class.Number should be a number and is 'many'"),
        (Host([{**ROW, "Flag": "perhaps"}]), DIFFERENT, "X_Class.Flag should be true or false and is 'perhaps'"),
        (Host([{"Name": "A", "Flag": True}], refused="Number"), DIFFERENT, "X_Class has no Number"),
        (Host([ROW], refused="Names"), DIFFERENT, "X_Class has no Names"),
        (Host([], refused="Names"), DIFFERENT, "X_Class has no Names"),
        (Host([], refused="all"), NOT_LOOKED_AT, "there is no instance, and the host refuses queries"),
        (Host([], error=AccessDenied("denied")), NOT_ALLOWED, "denied"),
        (Host([], error=TransientFault("busy")), NOT_LOOKED_AT, "busy"),
        (Host([], error=Fault("broken", code=1359)), DIFFERENT, "broken"),
    ],
)
def test_a_class_is_compared_with_its_columns(host: Host, answer: str, came: str) -> None:
    found = answer_of(lambda: f"{len(looking._read_rows(t.cast('t.Any', host), LOOK, '2022'))} rows")
    assert found[0] == answer
    assert came in found[1]


def test_a_host_that_takes_too_long_is_not_asked_further() -> None:
    seen_before = Seen(release=WindowsVersion(20348), began=time.monotonic() - 100)
    one = BY_ID["cluster.networks"]
    host = Host([], error=AssertionError("it was asked"))
    found = answer_of(lambda: looking._look(t.cast("t.Any", host), one, seen_before, {}))
    assert found == (NOT_LOOKED_AT, "the points before it took more than 75 s")


def raising(error: Exception) -> t.Callable[[], str]:
    def look() -> str:
        raise error

    return look


def test_errors_become_answers_except_that_the_host_is_gone() -> None:
    lost, wrong = TimedOut("late"), ResponseLost("a value")
    lost.operation = "reading"
    expected = [
        (Different("this"), DIFFERENT),
        (Nothing("none"), NOT_THERE),
        (NotLookedAt("so"), NOT_LOOKED_AT),
        (lost, NOT_LOOKED_AT),
        (wrong, DIFFERENT),
        (Fault("channel", code=5004), NOT_ALLOWED),
        (Fault("time", subcode="TimedOut"), NOT_LOOKED_AT),
        (ldap_errors.AccessDenied("no"), NOT_ALLOWED),
        (ldap_errors.Refused("no"), DIFFERENT),
    ]
    for error, answer in expected:
        assert answer_of(raising(error))[0] == answer, error
    with pytest.raises(Unreachable):
        answer_of(raising(Unreachable("gone")))


def result(*answers: tuple[str, str, str], **more: t.Any) -> dict[str, t.Any]:
    return {"answers": [dict(zip(("point", "answer", "came"), one, strict=True)) for one in answers], **more}


def document(hosts: t.Sequence[tuple[str, t.Any]], **more: t.Any) -> dict[str, t.Any]:
    return summary.document(
        hosts, title="", created="2026-01-01T00:00:00Z", **{"virtual_machine": "", "check_mode": False, **more}
    )


def test_a_document_has_a_row_for_each_point_and_answer() -> None:
    nodes, fault_domain = "cluster.nodes", "cluster.fault_domain"
    hosts = [
        (f"hv{number}", {"prove_host_info": result((nodes, CONFIRMED, f"{number} rows"), release="2022")})
        for number in range(5)
    ]
    different = result((nodes, DIFFERENT, "no State"), (fault_domain, NOT_THERE, "none"), release="2022")
    hosts[4] = ("hv4", {"prove_host_info": different})
    hosts.append(("hv5", {"prove_host_info": {"unreachable": True, "msg": "No route."}}))
    hosts.append(
        ("dc1", {"prove_host_info": {"skipped": True}, "prove_directory_info": {"failed": True, "msg": "No."}})
    )
    found = document(hosts)
    assert [(row["point"], row["answer"]) for row in found["rows"]][:1] == [(nodes, DIFFERENT)]
    (confirmed,) = [row for row in found["rows"] if row["answer"] == CONFIRMED]
    assert confirmed["hosts"] == ["hv0", "hv1", "hv2", "hv3"]
    assert found["numbers"][NOT_THERE] == 1
    assert found["problems"] == ["hv5 was not read: No route.", "dc1 was not read: No."]
    lines = summary.lines(found)[2:]
    assert lines[0].split() == ["different", nodes, "hv4:", "no", "State"]
    assert "hv0, hv1, hv2 and 1 more" in lines[-1]
    assert len(lines) == len(found["rows"])
    assert summary.message(found, "Files.").startswith("Answers: 1 different, ")
    assert summary.for_bundle(found) == {
        "winha_proved": 1,
        "releases": {"2022": {nodes: DIFFERENT, fault_domain: NOT_THERE}},
    }
    assert set(found["numbers"]) == set(ANSWERS)
    assert NAMES[0] == "2008 R2"


def test_one_host_must_have_the_virtual_machine() -> None:
    hosts = [("a", {"prove_machine": "VM", "prove_host_info": result()}), ("b", {"prove_machine": "VM"})]
    assert "prove_virtual_machine is vm, which a, b has." in document(hosts, virtual_machine="vm")["problems"][0]
    assert "which no host has" in document([], virtual_machine="vm")["problems"][0]
    assert document(hosts[:1], virtual_machine="vm")["problems"] == []
    assert "check mode writes nothing" in document(hosts[:1], virtual_machine="vm", check_mode=True)["problems"][0]


def written(now: str, **more: t.Any) -> dict[str, t.Any]:
    return {"virtual_machines": [{"before": "save", "offline_action": now}], **more}


@pytest.mark.parametrize(
    ("change", "undo", "answers", "problems"),
    [
        (written("shut_down"), written("save"), [CONFIRMED, CONFIRMED], 0),
        (written("save", failed=True, msg="Refused."), written("save"), [DIFFERENT, CONFIRMED], 0),
        (written("shut_down"), written("turn_off"), [CONFIRMED, DIFFERENT], 1),
        (written("shut_down"), {"unreachable": True, "msg": "Gone."}, [CONFIRMED, DIFFERENT], 1),
    ],
)
def test_a_change_that_is_not_set_back_is_a_problem(
    change: t.Any, undo: t.Any, answers: list[str], problems: int
) -> None:
    machine = {"name": "VM", "offline_action": "save", "other_action": "shut_down"}
    variables = {
        "prove_host_info": result(release="2022"),
        "prove_writes": result(virtual_machine=machine),
        "prove_changed_once": change,
        "prove_set_back": undo,
    }
    found = document([("hv01", variables)], virtual_machine="VM")
    assert [one["answer"] for one in found["hosts"][0]["answers"]] == answers
    assert len(found["problems"]) == problems
    assert all("The offline action of VM was save before" in one for one in found["problems"])


@pytest.mark.parametrize(("action", "other"), [("save", "shut_down"), ("shut_down", "shut_down_forced")])
def test_the_other_action_shuts_down_too(action: str, other: str) -> None:
    assert writes.other_action(action) == other


class Forest:
    """A session with a forest: entries by a part of the filter."""

    host = "dc1"
    configuration_dn, domain_dn, forest = "CN=Configuration,DC=x", "DC=x", "x"

    def __init__(self, names: t.Container[str], *, catalog: str = "TRUE") -> None:
        self.names, self.catalog = names, catalog

    def search(self, _base: str, filter_: str, attributes: t.Sequence[str], **_more: t.Any) -> t.Iterator[t.Any]:
        from ansible_collections.winha.cluster.plugins.module_utils._directory.entry import Entry

        assert "lDAPDisplayName" in attributes
        for name in filter_.split("lDAPDisplayName=")[1:]:
            if (text := name.partition(")")[0]) in self.names:
                yield Entry(text, {"ldapdisplayname": (text.encode(),),
                                   "ismemberofpartialattributeset": (self.catalog.encode(),)})  # fmt: skip


def test_attributes_that_are_not_in_the_schema_are_different() -> None:
    from ansible_collections.winha.cluster.plugins.module_utils._directory.account import ATTRIBUTES

    def look(point: str, session: t.Any) -> tuple[str, str]:
        (found,) = [one for one in directory_points.POINTS if one.id == point]
        return answer_of(lambda: found.look(directory_points.Forest(session)))

    assert look("directory.attributes", Forest(ATTRIBUTES)) == (CONFIRMED, f"{len(ATTRIBUTES)} attributes")
    assert look("directory.attributes", Forest(ATTRIBUTES[:-1])) == (DIFFERENT, "not in the schema: pwdLastSet")
    assert look("directory.catalog_attributes", Forest(ATTRIBUTES))[0] == CONFIRMED
    assert look("directory.catalog_attributes", Forest(ATTRIBUTES, catalog=""))[0] == DIFFERENT


ORGANIZATION: dict[str, t.Any] = {
    "servers": [{}], "client_access_arrays": [{}], "databases": [{}], "database_availability_groups": [{}],
    "autodiscover": [{}], "virtual_directories": [{}], "accepted_domains": [{}], "federation_trusts": [],
}  # fmt: skip
# What is unknown, with the point that it belongs to.
UNKNOWN = {
    "the build of EX1": "exchange.servers",
    "the site of CAS array A": "exchange.client_access_arrays",
    "server EX9": "exchange.databases",
    "CAS array or server outlook.x": "exchange.databases",
    "database availability group D": "exchange.availability_groups",
    "the service connection points of EX1": "exchange.autodiscover",
    "the host of service connection point EX1": "exchange.autodiscover",
    "the virtual directories of EX1": "exchange.virtual_directories",
    "the accepted domains": "exchange.accepted_domains",
    "the certificate of federation trust T (current)": "exchange.federation_trusts",
}


@pytest.mark.parametrize(("what", "point"), UNKNOWN.items())
def test_what_is_unknown_of_exchange_is_different_in_just_its_point(what: str, point: str) -> None:
    forest = directory_points.Forest(t.cast("t.Any", None))
    forest.organization = {**ORGANIZATION, "unknown": [{"what": what, "why": "it is not there"}]}
    looks = {one.id: one.look for one in directory_points.POINTS if one.id.startswith("exchange.")}
    del looks["exchange.attributes"]
    found = {name: answer_of(lambda look=look: look(forest))[0] for name, look in looks.items()}  # type: ignore[misc]
    assert {name for name, one in found.items() if one == DIFFERENT} == {point}
    assert found["exchange.federation_trusts"] in (NOT_THERE, DIFFERENT)
