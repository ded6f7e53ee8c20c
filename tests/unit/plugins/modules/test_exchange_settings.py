# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Autodiscover, CAS arrays and RpcClientAccessServer: check, apply, again, refusals, lost answers and kills."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._psrp.errors import CmdletFailed, NotGranted, OutOfScope
from ansible_collections.winha.cluster.plugins.module_utils.errors import ResponseLost
from ansible_collections.winha.cluster.plugins.module_utils.task import TaskError
from ansible_collections.winha.cluster.plugins.modules import (
    exchange_autodiscover,
    exchange_client_access_array,
    exchange_database_endpoint,
)
from small_organization import DOMAIN, URI, Organization, Run, not_granted, two_sites

Options = dict[str, t.Any]
MAIL = URI.format("mail")
OUTLOOK = f"outlook.{DOMAIN}"
WISH: Options = {"servers": ["EX1", f"ex2.{DOMAIN}"], "internal_uri": MAIL, "site_scope": ["One", "Three"]}
ARRAY: Options = {"name": "Outlook", "fqdn": OUTLOOK, "site": "One"}
DATABASES: Options = {"databases": ["DB1", "DB2"], "rpc_client_access_server": OUTLOOK}


def with_databases(**more: t.Any) -> Organization:
    """An organization with a CAS array and two databases that are older."""
    names = {"DB1": {"endpoint": f"ex1.{DOMAIN}"}, "DB2": {"endpoint": f"ex2.{DOMAIN}"}}
    return two_sites(arrays={"Outlook": (OUTLOOK, "One")}, databases=names | more)


CASES: list[t.Any] = [
    pytest.param(exchange_autodiscover, two_sites, WISH, 2, id="autodiscover"),
    pytest.param(exchange_client_access_array, two_sites, ARRAY, 1, id="array"),
    pytest.param(exchange_database_endpoint, with_databases, DATABASES, 2, id="database"),
]


@pytest.mark.parametrize(("module", "make", "options", "writes"), CASES)
def test_check_apply_and_again(
    module: t.Any, make: t.Callable[[], Organization], options: Options, writes: int
) -> None:
    organization = make()
    checked = Run(module, organization, options, check=True)
    assert (checked.result["changed"], checked.written) == (True, [])
    assert {row["result"] for row in checked.result["settings"]} == {"would_change"}

    applied = Run(module, organization, options)
    assert not applied.failed, applied.message
    assert (applied.result["changed"], len(applied.written)) == (True, writes)
    assert applied.result["diff"] == checked.result["diff"]
    assert applied.result["changes"] == checked.result["changes"]
    assert [row for row in applied.recorded if row.get("confirmed", True)] == applied.result["changes"]

    again = Run(module, organization, options)
    assert (again.result["changed"], again.result["changes"], again.written) == (False, [], [])
    assert {row["result"] for row in again.result["settings"]} == {"compliant"}


@pytest.mark.parametrize(("module", "make", "options", "writes"), CASES)
def test_a_lost_answer_is_read_before_anything_else(
    module: t.Any, make: t.Callable[[], Organization], options: Options, writes: int
) -> None:
    (cmdlet,) = {name for _server, name in Run(module, make(), options).written}
    written, unwritten = make(), make()
    written.lost[cmdlet] = ResponseLost("the connection ended")
    run = Run(module, written, options)
    assert not run.failed, run.message
    assert len(run.written) == writes

    unwritten.fail[cmdlet] = ResponseLost("the connection ended")
    run = Run(module, unwritten, options)
    assert run.failed
    assert "the connection ended" in run.message
    assert len(run.written) == writes  # never twice
    again = Run(module, unwritten, options)
    assert (again.failed, len(again.written)) == (False, 1)


@pytest.mark.parametrize(("module", "make", "options", "writes"), [CASES[0], CASES[2]])
def test_a_run_that_was_killed_between_two_writes_goes_on(
    module: t.Any, make: t.Callable[[], Organization], options: Options, writes: int
) -> None:
    organization = make()
    (cmdlet,) = {name for _server, name in Run(module, make(), options).written}
    second = {"Set-MailboxDatabase": "DB2"}.get(cmdlet, "EX2")
    organization.fail[f"{cmdlet} {second}"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        Run(module, organization, options)
    again = Run(module, organization, options)
    assert not again.failed, again.message
    assert len(again.written) == writes - 1
    assert Run(module, organization, options).result["changed"] is False


@pytest.mark.parametrize(("module", "make", "options", "writes"), CASES)
@pytest.mark.parametrize(
    "error",
    [
        not_granted("X"),
        not_granted("X", "Identity"),
        OutOfScope("the operation failed because it is out of the current user's write scope"),
        CmdletFailed("the object is of another version", exception="CannotModifyCrossVersionObjectException"),
    ],
    ids=["cmdlet", "parameter", "scope", "version"],
)
def test_a_refusal_of_the_first_write_is_a_sentence_and_writes_nothing_there(
    module: t.Any, make: t.Callable[[], Organization], options: Options, writes: int, error: Exception
) -> None:
    organization = make()
    (cmdlet,) = {name for _server, name in Run(module, make(), options).written}
    organization.fail[cmdlet] = error
    run = Run(module, organization, options)
    assert run.failed
    assert str(error.args[0]) in run.message
    rows = [row for row in run.result["settings"] if row["result"] == "failed"]
    assert {row["name"] for row in rows} == {run.result["settings"][0]["name"]}
    assert all(row["now"] == row["before"] for row in rows)
    assert len(run.result["changes"]) == len(run.result["settings"]) - len(rows)
    assert run.result["changed"] is (writes > 1)


@pytest.mark.parametrize(("modern", "noun"), [(False, "ClientAccessServer"), (True, "ClientAccessService")])
def test_the_cmdlet_is_that_of_the_version(modern: bool, noun: str) -> None:
    organization = two_sites(modern=modern)
    run = Run(exchange_autodiscover, organization, WISH)
    assert {name for _server, name in run.written} == {f"Set-{noun}"}
    assert [(one.uri, one.sites) for one in organization.servers[:2]] == [(MAIL, ["One", "Three"])] * 2


def test_without_any_of_the_cmdlets_the_sentence_names_the_role() -> None:
    organization = two_sites()
    organization.fail["Get-ClientAccessServer"] = not_granted("Get-ClientAccessServer")
    with pytest.raises(NotGranted) as raised:
        Run(exchange_autodiscover, organization, WISH)
    assert "role group" in str(raised.value)


def test_a_value_that_is_not_given_is_written_as_it_is() -> None:
    organization = two_sites()
    Run(exchange_autodiscover, organization, {"servers": ["EX1"], "internal_uri": MAIL})
    Run(exchange_autodiscover, organization, {"servers": ["EX2"], "site_scope": []})
    assert (organization.servers[0].uri, organization.servers[0].sites) == (MAIL, ["One"])
    assert (organization.servers[1].uri, organization.servers[1].sites) == (URI.format("ex2"), [])


def test_absent_clears_the_uri_and_keeps_the_site_scope() -> None:
    organization = two_sites()
    options = {"servers": ["EX1"], "state": "absent"}
    assert Run(exchange_autodiscover, organization, options).result["changes"][0]["after"] is None
    assert (organization.servers[0].uri, organization.servers[0].sites) == (None, ["One"])
    assert Run(exchange_autodiscover, organization, options).result["changed"] is False


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"servers": ["EX9"], "internal_uri": MAIL}, "has no Client Access server EX9; it has EX1, EX2, EX3 and EX4"),
        ({"servers": ["EX4"], "state": "absent"}, "EX4 has no site scope"),
        ({"servers": ["EX1"], "state": "absent", "site_scope": []}, "EX1 has no site scope"),
        ({"servers": ["EX3"], "site_scope": ["Two"]}, "The internal URI of EX3 is not known"),
        ({"servers": ["EX1"], "internal_uri": MAIL, "state": "absent"}, "state is absent"),
        *(
            ({"servers": ["EX1"], "internal_uri": uri}, "Write an absolute URI with https")
            for uri in ("mail.example.test", "http://mail.example.test/x", "https:///x", "https://m x/", "https://[")
        ),
    ],
)
def test_autodiscover_refuses_before_it_writes(options: Options, sentence: str) -> None:
    organization = two_sites()
    organization.servers[2].uri = None  # none, or several service connection points
    organization.servers[3].sites = []
    for check in (True, False):
        with pytest.raises(TaskError, match=sentence):
            Run(exchange_autodiscover, organization, options, check=check)


def test_several_service_connection_points_are_told() -> None:
    organization = two_sites()
    organization.servers[0].points = 2
    run = Run(exchange_autodiscover, organization, WISH)
    assert run.failed
    assert "Delete all but one of them" in run.message
    assert [row["result"] for row in run.result["settings"]] == ["failed", "changed", "changed", "changed"]


def test_case_is_no_difference_and_expected_values_are_kept() -> None:
    organization = two_sites()
    options = {"servers": ["EX1"], "internal_uri": URI.format("EX1").upper().replace("HTTPS", "https")}
    assert Run(exchange_autodiscover, organization, options).result["changed"] is False
    guarded = WISH | {"servers": ["EX1"], "expected": {"EX1 internal_uri": "https://other"}}
    run = Run(exchange_autodiscover, organization, guarded)
    assert [row["label"] for row in run.result["left_alone"]] == ["EX1 internal_uri"]
    assert (organization.servers[0].uri, organization.servers[0].sites) == (URI.format("ex1"), ["One", "Three"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"databases": ["DB9"]}, "has no mailbox database DB9; it has DB1, DB2, NEW and RDB"),
        ({"databases": ["NEW"]}, "NEW is of 2016"),
        ({"databases": ["RDB"]}, "recovery database RDB"),
        ({"rpc_client_access_server": "mail.elsewhere.test"}, "its CAS arrays are outlook.corp.example.test"),
    ],
)
def test_a_database_endpoint_is_refused_before_anything_is_written(options: Options, sentence: str) -> None:
    organization = with_databases(
        NEW={"endpoint": "x", "version": "Version 15.1 (Build 32507.6)"}, RDB={"endpoint": "x", "recovery": True}
    )
    with pytest.raises(TaskError, match=sentence):
        Run(exchange_database_endpoint, organization, DATABASES | options)


def test_a_database_may_get_the_name_of_a_server_back() -> None:
    organization = with_databases()
    options = DATABASES | {"rpc_client_access_server": f"ex2.{DOMAIN}"}
    assert [row["thing"] for row in Run(exchange_database_endpoint, organization, options).result["changes"]] == ["DB1"]


def test_an_array_in_use_keeps_its_name_and_a_site_has_one() -> None:
    organization = with_databases(DB3={"endpoint": OUTLOOK})
    for options in ({"name": "Outlook", "state": "absent"}, ARRAY | {"fqdn": f"new.{DOMAIN}"}):
        with pytest.raises(TaskError, match="RpcClientAccessServer of DB3 is outlook"):
            Run(exchange_client_access_array, organization, options)
    with pytest.raises(TaskError, match="Site One has the CAS array Outlook"):
        Run(exchange_client_access_array, organization, ARRAY | {"name": "Second"})
    organization.databases["DB3"]["endpoint"] = f"ex1.{DOMAIN}"
    changed = Run(exchange_client_access_array, organization, ARRAY | {"fqdn": f"new.{DOMAIN}"})
    assert [(row["before"], row["after"]) for row in changed.result["changes"]] == [
        ([OUTLOOK, "One"], [f"new.{DOMAIN}", "One"])
    ]
    gone = Run(exchange_client_access_array, organization, {"name": "outlook", "state": "absent"})
    assert (gone.result["changed"], organization.arrays) == (True, {})
    assert Run(exchange_client_access_array, organization, {"name": "outlook", "state": "absent"}).written == []


def test_without_the_cmdlets_of_2010_the_sentence_says_which_server() -> None:
    organization = two_sites()
    organization.fail["Get-ClientAccessArray"] = not_granted("Get-ClientAccessArray")
    with pytest.raises(NotGranted, match="a server of Exchange 2010"):
        Run(exchange_client_access_array, organization, ARRAY)
