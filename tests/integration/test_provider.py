# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of faulty providers and connections, each with a separate cluster of three saved machines."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

import pytest
from stage import Result, private_clusters, stage, tasks

if t.TYPE_CHECKING:
    from lab.journal import Entry

CLUSTER = "root/mscluster"
READ, SEND, PUT = ["enumerate"], ["ExecuteResourceControl"], ["get", "Put", "get"]
SENT = [*SEND * 3, *READ]
# The lab records no write if a rule replaces the method.
LOST = ["executeresourcecontrol"]
REFUSED = [*READ, *LOST * 3, *READ]
CONTROL = [*LOST, *SEND, "get"]
CHANGED, FAILED = "changed", "failed"


@dataclass(frozen=True)
class Case:
    """The faults, and the expected results, stored actions, requests and message."""

    rules: list[dict[str, t.Any]] = field(default_factory=list)
    switches: dict[str, t.Any] = field(default_factory=dict)
    rows: tuple[str, ...] | None = (CHANGED,) * 3
    stored: tuple[int | None, ...] = (2,) * 3
    wire: list[str] | None = None
    says: str = ""


def rule(operation: str, action: t.Any, nth: int = 1, times: int | None = 1, **more: t.Any) -> dict[str, t.Any]:
    # The names of the virtual machines are read from Hyper-V, which has no fault here.
    cls = {"class": "MSCluster_Resource"} if operation == "Enumerate" else {}
    return {"operation": operation, "action": action, "nth": nth, "times": times, **cls, **more}


def fault(text: str, code: int = 0x8004102B, **more: t.Any) -> dict[str, t.Any]:
    return {"fault": 2150859010, "hresult": code, "text": text, **more}


UNREAD: dict[str, t.Any] = {"rows": None, "stored": (1,) * 3}
LATER = [*PUT, *PUT]
NO_CONTROL = rule("Invoke", fault("No such control.", 0x80070032), times=3)
ALWAYS = {**NO_CONTROL, "times": None}
DENIED = fault("Access denied.", 0x80070005, subcode="w:AccessDenied")
CASES = {
    # The provider and a write
    "compliant at once": Case(wire=READ + SENT),
    "stored but faulted": Case([rule("Invoke", "stored_5024", times=None)], wire=READ + SENT),
    "never set": Case(
        switches={"virtual_machines": [{"name": f"VM{n}", "private_properties": {}} for n in (1, 2, 3)]},
        wire=READ + SENT,
    ),
    "no control code": Case([ALWAYS], wire=REFUSED + PUT * 3),
    "no control code, put stored but faulted": Case(
        [ALWAYS], {"put_private_properties": "stored_but_faults"}, wire=REFUSED + PUT * 3
    ),
    "no control code, never set": Case(
        [ALWAYS],
        {"virtual_machines": [{"name": f"VM{n}", "private_properties": {}} for n in (1, 2, 3)]},
        wire=REFUSED + PUT * 3,
    ),
    "no control code, missing members kept": Case([ALWAYS], {"put_missing_members": "kept"}, wire=REFUSED + PUT * 3),
    "put ignored": Case([NO_CONTROL], {"put_private_properties": "ignored"}, wire=REFUSED + [*PUT, *CONTROL] * 3),
    "put refused": Case([NO_CONTROL], {"put_private_properties": "refused"}, wire=REFUSED + [*PUT, *CONTROL] * 3),
    "refused altogether": Case(
        [ALWAYS],
        {"put_private_properties": "refused"},
        (FAILED,) * 3,
        (1,) * 3,
        REFUSED + [*PUT, *LOST, "get"] * 3,
        r"0 of 3 changes are in effect, 3 failed\. .*VM1.* the Put returned: The private properties cannot be "
        r"written.*0x8004102B.*, the control code returned: No such control \[0x80070032",
    ),
    "control validated and not stored": Case(
        [NO_CONTROL, rule("Invoke", fault("Not now."), nth=5)],
        {"put_private_properties": "ignored"},
        (FAILED, CHANGED, CHANGED),
        (1, 2, 2),
        REFUSED + [*PUT, *map(str.lower, CONTROL)] + [*PUT, *CONTROL] * 2,
        r"2 of 3 changes are in effect, 1 failed\. .*VM1 .*the Put returned: success, the control code returned: Not",
    ),
    "one machine of three": Case(
        [rule("Put", fault("Not this one.", 0x80041001)), rule("Invoke", fault("Nor so."), nth=2, times=None)],
        {},
        (CHANGED, FAILED, CHANGED),
        (2, 1, 2),
        [*READ, *SEND, *LOST * 2, *READ, *PUT, *LOST, "get", *PUT],
        r"2 of 3 changes are in effect, 1 failed\. .*VM2.*: the Put returned: Not this one \[0x80041001.*Nor so",
    ),
    "not allowed": Case(
        [rule("Invoke", DENIED, times=None)],
        {},
        (FAILED,) * 3,
        (1,) * 3,
        [*READ, *LOST, *READ],
        r"3 failed.*the control code returned: Access denied.*use an account that may administer this host",
    ),
    "put not allowed": Case(
        [ALWAYS, rule("Put", DENIED, times=None)],
        {},
        (FAILED,) * 3,
        (1,) * 3,
        REFUSED + PUT * 3,
        r"3 failed.*Access denied.*use an account that may administer this host",
    ),
    # Lost or invalid responses to the control code
    "dropped before": Case([rule("Invoke", {"drop": "before"})], wire=[*READ, *LOST, *SEND * 2, *READ, *PUT]),
    "dropped after": Case([rule("Invoke", {"drop": "after"})], wire=READ + SENT),
    "every one dropped before": Case(
        [rule("Invoke", {"drop": "before"}, times=None)], wire=[*READ, *LOST * 3, *READ, *PUT * 3]
    ),
    "every one dropped after": Case([rule("Invoke", {"drop": "after"}, times=None)], wire=READ + SENT),
    "empty 400": Case([rule("Invoke", "empty_400")], wire=[*READ, *LOST, *SENT]),
    "invalid property": Case([rule("Invoke", "invalid_property")], wire=[*READ, *LOST, *SEND * 2, *READ, *PUT]),
    "garbage": Case([rule("Invoke", "garbage")], wire=[*READ, *LOST, *SEND * 2, *READ, *PUT]),
    "half a response": Case([rule("Invoke", "truncate")], wire=READ + SENT),
    "endless response to a write": Case([rule("Invoke", "huge")], wire=[*READ, *LOST, *SEND * 2, *READ, *PUT]),
    "entities in the response": Case([rule("Invoke", "dtd")], wire=READ + SENT),
    "another's response to a write": Case([rule("Invoke", "wrong_relates_to")], wire=READ + SENT),
    # After a request that timed out, no more are sent without reading.
    "slow": Case([rule("Invoke", {"slow": 3})], wire=[*READ, *SEND, *READ, *PUT * 2]),
    "no response when reading back": Case(
        [rule("Enumerate", fault("Broken.", 0x80041001), 2, times=None, **{"class": "*"})],
        {},
        (FAILED,) * 3,
        wire=None,
        says=r"Reading the clustered virtual machines on \S+ failed: Broken \[0x80041001",
    ),
    "slow when reading all back": Case(
        [rule("Enumerate", {"slow": 3}, 2)],
        {},
        (FAILED,) * 3,
        wire=READ + SENT,
        says=r"3 failed.*no response within 2 s",
    ),
    # Lost or invalid responses to a Put
    "put dropped before": Case([NO_CONTROL, rule("Put", {"drop": "before"})], wire=REFUSED + PUT + PUT + LATER),
    "put dropped after": Case([NO_CONTROL, rule("Put", {"drop": "after"})], wire=REFUSED + PUT * 3),
    "second put dropped before": Case([NO_CONTROL, rule("Put", {"drop": "before"}, 2)], wire=REFUSED + PUT * 4),
    "third put dropped after": Case([NO_CONTROL, rule("Put", {"drop": "after"}, 3)], wire=REFUSED + PUT * 3),
    "every put dropped before": Case(
        [NO_CONTROL, rule("Put", {"drop": "before"}, times=None)], wire=REFUSED + [*PUT, *PUT, *CONTROL] * 3
    ),
    "every put dropped after": Case([NO_CONTROL, rule("Put", {"drop": "after"}, times=None)], wire=REFUSED + PUT * 3),
    "empty 400 for a put": Case(
        [NO_CONTROL, rule("Put", "empty_400")], wire=[*REFUSED, "get", "Put", "Put", "get", *LATER]
    ),
    "invalid property for a put": Case(
        [NO_CONTROL, rule("Put", "invalid_property")], wire=REFUSED + PUT + CONTROL + LATER
    ),
    "garbage for a put": Case([NO_CONTROL, rule("Put", "garbage")], wire=REFUSED + PUT * 4),
    "half a response to a put": Case([NO_CONTROL, rule("Put", "truncate")], wire=REFUSED + PUT * 3),
    "endless response to a put": Case([NO_CONTROL, rule("Put", "huge")], wire=REFUSED + PUT * 4),
    "entities in the response to a put": Case([NO_CONTROL, rule("Put", "dtd")], wire=REFUSED + PUT * 3),
    "another's response to a put": Case([NO_CONTROL, rule("Put", "wrong_relates_to")], wire=REFUSED + PUT * 3),
    "slow put": Case([NO_CONTROL, rule("Put", {"slow": 3})], wire=REFUSED + PUT * 3),
    "5024 for a put": Case([NO_CONTROL, rule("Put", "stored_5024")], wire=REFUSED + PUT * 3),
    "not found when reading back": Case(
        [NO_CONTROL, rule("Get", fault("Gone.", 0x80041002), 2)],
        {},
        (FAILED, CHANGED, CHANGED),
        wire=REFUSED + PUT * 3,
        says=r"Reading back after setting the offline action of VM1 to shut_down on .* failed: Gone \[0x80041002",
    ),
    "slow when reading back": Case(
        [NO_CONTROL, rule("Get", {"slow": 3}, 2)],
        {},
        (FAILED,) * 3,
        (2, 1, 1),
        REFUSED + PUT,
        r"3 failed.*no response within 2 s.*VM2 was not written, because the host no longer responds",
    ),
    # Responses to a read
    "invalid property once": Case([rule("Enumerate", "invalid_property")], wire=READ * 2 + SENT),
    "invalid property always": Case(
        [rule("Enumerate", "invalid_property", times=None, **{"class": "*"})],
        **UNREAD,
        wire=READ * 12,  # the virtual machines, and then their groups
        says=r"^Reading the clustered virtual machines on \S+ failed: Invalid property.*0x80041031",
    ),
    "dropped once": Case([rule("Enumerate", {"drop": "before"})], wire=READ * 2 + SENT),
    "dropped always": Case(
        [rule("Enumerate", {"drop": "before"}, times=None)],
        **UNREAD,
        wire=READ * 3,
        says=(
            r"^Reading .* failed: the connection was closed before the response was complete \(.*\)\. "
            r"Check the network"
        ),
    ),
    "empty 400 once": Case([rule("Enumerate", "empty_400")], wire=READ * 2 + SENT),
    "empty 400 for a get": Case([NO_CONTROL, rule("Get", "empty_400", 3)], wire=[*REFUSED, *PUT, "get", *LATER]),
    "empty 400 always": Case(
        [rule("Enumerate", "empty_400", times=None)],
        **UNREAD,
        wire=READ * 3,
        says=r"^Reading .* failed: the host closed the session 3 times \(HTTP 400 without a body\)",
    ),
    "garbage once": Case([rule("Enumerate", "garbage")], wire=READ * 2 + SENT),
    "garbage always": Case(
        [rule("Enumerate", "garbage", times=None)], **UNREAD, wire=READ * 3, says="is no|not XML|XML"
    ),
    "half a response once": Case([rule("Enumerate", "truncate")], wire=READ * 2 + SENT),
    "half a response always": Case(
        [rule("Enumerate", "truncate", times=None)],
        **UNREAD,
        wire=READ * 3,
        says="the connection was closed before the response was complete",
    ),
    "endless response": Case(
        [rule("Enumerate", "huge")], **UNREAD, wire=READ, says="the response is larger than 4 MiB"
    ),
    "entities": Case([rule("Enumerate", "dtd", times=None)], **UNREAD, wire=READ * 3, says="document type|DTD"),
    "another's response": Case([rule("Enumerate", "wrong_relates_to")], wire=READ * 2 + SENT),
    "slow read": Case([rule("Enumerate", {"slow": 3})], **UNREAD, wire=READ, says="no response within 2 s"),
    "redirected": Case([rule("Enumerate", "redirect")], **UNREAD, wire=READ, says="HTTP 302, a redirect to http:"),
    # Other Windows versions
    "2008 R2": Case(switches={"windows": "2008 R2"}),
    "2008 R2 that refuses columns": Case(
        switches={"windows": "2008 R2", "projection": "refuse", "first_page": "full"}, wire=READ * 2 + SENT + READ
    ),
    "no embedded objects in columns": Case(switches={"projection": "no_embedded"}, wire=READ * 2 + SENT + READ),
    "one item a page": Case(switches={"first_page": "one_item"}, wire=[*READ, "pull", *SENT, "pull"]),
}
NAMES = {case: f"h{number}" for number, case in enumerate(CASES, start=1)}
SHORT = {"ansible_winrm_operation_timeout_sec": 1, "ansible_winrm_read_timeout_sec": 2}


@dataclass(frozen=True)
class CaseResult:
    """The first run of a case, and the next run without the faults."""

    result: Result
    journal: list[Entry]
    stored: tuple[int | None, ...]
    again: Result
    later: list[Entry]
    after: tuple[int | None, ...]


@pytest.fixture(scope="module")
def results(networks: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, CaseResult]:
    hosts = {NAMES[case]: CASES[case].switches for case in CASES}
    play = tasks("all", {"vm_offline_action": {}})
    with stage(private_clusters(networks[2], hosts), tmp_path_factory.mktemp("provider")) as lab:
        for case, host in NAMES.items():
            for one in CASES[case].rules:
                lab.estate.add_fault(host=host, **one)
        first = lab.play(play, variables=SHORT)
        journals = {host: lab.journal(host=host) for host in hosts}
        stored = {host: tuple(lab.actions(f"C-{host}").values()) for host in hosts}
        lab.estate.clear_faults()
        second = lab.play(play, variables=SHORT)
        return {
            case: CaseResult(
                first.of(host),
                journals[host],
                stored[host],
                second.of(host),
                lab.journal(host=host)[len(journals[host]) :],
                tuple(lab.actions(f"C-{host}").values()),
            )
            for case, host in NAMES.items()
        }


@pytest.mark.parametrize("name", CASES)
def test_the_result_matches_the_stored_values(results: dict[str, CaseResult], name: str) -> None:
    case, outcome = CASES[name], results[name]
    assert outcome.stored == case.stored
    if case.wire is not None:
        of_cluster = [entry for entry in outcome.journal if entry.namespace == CLUSTER]
        words = [(entry.method or entry.operation, entry.write) for entry in of_cluster]
        assert [word if write else word.lower() for word, write in words] == case.wire
    if case.rows is None:
        assert outcome.result.status == FAILED
        assert not outcome.result.changed
        assert "virtual_machines" not in outcome.result.data
    else:
        rows = outcome.result.actions
        assert tuple(result for _action, result in rows.values()) == case.rows
        assert outcome.result.status == (FAILED if FAILED in case.rows else "ok")
        # A value that could not be read back can have changed.
        unknown = None in {action for action, _result in rows.values()}
        assert outcome.result.changed == (CHANGED in case.rows or unknown)
    assert re.search(case.says, outcome.result.message), outcome.result.message
    assert "\n" not in outcome.result.message
    # A write is not resent before a read, except after an empty 400, which Windows returns without processing it.
    for first, second in zip(outcome.journal, outcome.journal[1:], strict=False):
        both = first.write and second.write and first.selectors == second.selectors
        assert not both or first.rule == "empty_400"


@pytest.mark.parametrize("name", CASES)
def test_the_next_run_without_faults_succeeds(results: dict[str, CaseResult], name: str) -> None:
    outcome = results[name]
    assert outcome.after == (2, 2, 2)
    assert outcome.again.status == "ok"
    expected = sum(1 for number in outcome.stored if number != 2)
    effective = [entry for entry in outcome.later if entry.changes]
    assert len(effective) == expected
    assert len([entry for entry in outcome.later if entry.write]) == expected


def test_a_write_that_could_not_be_read_back_is_unknown(results: dict[str, CaseResult]) -> None:
    outcome = results["slow when reading back"]
    assert outcome.stored == (2, 1, 1)
    assert [action for action, _result in outcome.result.actions.values()] == [None, "save", "save"]
    assert "0 of 3 changes are in effect" not in outcome.result.message
    together = results["slow when reading all back"]
    assert [action for action, _result in together.result.actions.values()] == [None] * 3
    assert "0 to 3 of 3 changes are in effect" in together.result.message
