# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role exchange_kerberos in kerberos.yml, for twelve Client Access servers in two datacenters."""

from __future__ import annotations

import typing as t

import ldap
import pytest
import stage as staging
from domain_stage import Domain, Modification, lines, rows
from lab.directory import impediment

ASA = "EXCH-ASA$"
PLANNED = {
    "http/autod-one.corp.example.test",
    "http/mail-one.corp.example.test",
    "http/mail-two.corp.example.test",
    *(
        f"{service}/outlook-{site}.corp.example.test"
        for service in ("exchangeMDB", "exchangeRFR", "exchangeAB")
        for site in ("one", "two")
    ),
}
KERBEROS = "winha.cluster.kerberos"
ROLE = "winha.cluster.exchange_kerberos : "
REGISTER = ROLE + "Register the service principal names"
DELETE = ROLE + "Delete the surplus service principal names"
SHOW = ROLE + "Show the plan"
READY: dict[str, t.Any] = {
    "exchange_kerberos_accounts": {"2010": ASA},
    "exchange_kerberos_credential_deployed": ["2010"],
}


@pytest.fixture(scope="module")
def only_exchange(address: str, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[staging.Stage]:
    if impediment():
        pytest.skip("there is no domain controller here")  # only_domain fails if it is required
    folder = tmp_path_factory.mktemp("exchange")
    network = address.replace("127.32.", "127.35.").rpartition(".")[0]
    description = staging.estate_file(network, "exchange")
    # In the tests of coexistence, the names of the first datacenter lead to this server.
    description["directory"]["dns"].append({"name": "ex1cas5", "addresses": ["10.1.0.50"]})
    with staging.stage(description, folder) as stage:
        yield stage


@pytest.fixture
def exchange(only_exchange: staging.Stage) -> Domain:
    """The organization of the estate file, without a Kerberos ticket."""
    controller = only_exchange.estate.directory
    controller.reset()
    domain = Domain(only_exchange, controller, only_exchange.folder / "no.ccache")
    domain.mark_log()
    return domain


def asa_of(exchange: Domain) -> str:
    (found,) = exchange.controller.ldbsearch(f"(sAMAccountName={ASA})", ["sAMAccountName"])
    return str(found.dn)


def set_kerberos(exchange: Domain, *arguments: str, check: bool = False, **variables: t.Any) -> staging.Run:
    """Run kerberos.yml with the domain controller as a WinRM host."""
    run = exchange.check if check else exchange.play
    dc = exchange.hosts()["dc"]
    return run(
        KERBEROS,
        *arguments,
        hosts={"dc": {"ansible_host": None}, "dc01": dc},
        groups={"domain_controllers": ["dc01"]},
        variables=READY | {"exchange_kerberos_dns_servers": [exchange.controller.address]} | variables,
    )


def shown(run: staging.Run) -> list[str]:
    return t.cast("list[str]", run.of("dc01", SHOW).data["msg"])


def add_spns(exchange: Domain, name: str, *spns: str) -> str:
    """Add names to an account that does not belong to Exchange."""
    dn = f"CN={name},OU=Service Accounts,{exchange.controller.base_dn}"
    exchange.add_spns(dn, *spns)
    exchange.mark_log()
    return dn


def set_encryption_types(exchange: Domain, dn: str, number: bytes | None) -> None:
    values = [number] if number else None
    exchange.ldap.modify_s(dn, [(ldap.MOD_REPLACE, "msDS-SupportedEncryptionTypes", values)])
    exchange.mark_log()


def test_planned_names_are_registered_and_kerberos_issues_tickets(exchange: Domain, tmp_path: t.Any) -> None:
    asa = asa_of(exchange)
    untouched = exchange.names()
    checked = set_kerberos(exchange, check=True)
    assert checked.rc == 0, checked.output
    assert sorted(lines(checked.of("dc01", REGISTER))[1]) == sorted(f"{spn}: {asa}" for spn in PLANNED)
    assert exchange.names() == untouched

    applied = set_kerberos(exchange)
    assert applied.rc == 0, applied.output
    assert exchange.modifications() == [Modification(asa, add=tuple(sorted(PLANNED)), delete=())]
    assert exchange.names() == untouched | {asa: PLANNED}

    usn = exchange.controller.highest_usn()
    again = set_kerberos(exchange)
    assert (again.rc, again.of("dc01", REGISTER).changed) == (0, False)
    assert exchange.controller.highest_usn() == usn

    keytab = exchange.controller.export_keytab(ASA, tmp_path / "asa.keytab")
    cache = tmp_path / "user.ccache"
    realm = exchange.controller.realm
    exchange.controller.kinit(f"reader@{realm}", cache, password="Reader-Passw0rd")  # an ordinary user
    for spn in sorted(PLANNED):
        assert "keytab entry valid" in exchange.controller.kvno(spn, cache, keytab=keytab)


def test_the_plan_shows_reasons_and_findings(exchange: Domain) -> None:
    text = shown(set_kerberos(exchange, check=True))
    missing = [line for line in text if line.startswith("  missing")]
    assert {line.split()[1] for line in missing} == PLANNED
    assert any("internal Autodiscover URI of EX1CAS1 to EX1CAS5" in line for line in missing)
    (external,) = [line for line in text if line.startswith("  left out") and " autodiscover.example.test" in line]
    assert "external Autodiscover only" in external
    stale = [line for line in text if line.startswith("finding ") and "EX1CAS6" in line]
    assert len(stale) == 1
    assert "ex1cas6.corp.example.test" in stale[0]


def test_without_an_account_the_role_only_shows_the_plan(exchange: Domain) -> None:
    run = set_kerberos(exchange, exchange_kerberos_accounts={})
    assert run.rc == 0, run.output
    assert any("without an account in exchange_kerberos_accounts" in line for line in shown(run))
    assert exchange.modifications() == []


def test_no_name_is_registered_before_the_credential_is_deployed(exchange: Domain) -> None:
    run = set_kerberos(exchange, exchange_kerberos_credential_deployed=[])
    message = run.of("dc01", ROLE + "Check that the credential is deployed").message
    assert run.rc != 0
    assert all(spn in message for spn in PLANNED)
    assert "EX1CAS1" in message
    assert "EX2CAS6" in message
    assert 'add "2010" to exchange_kerberos_credential_deployed' in message
    assert exchange.modifications() == []


@pytest.mark.parametrize("number", [None, b"4"], ids=["never set", "RC4"])
def test_an_account_without_aes_is_refused_by_default(exchange: Domain, number: bytes | None) -> None:
    asa = asa_of(exchange)
    set_encryption_types(exchange, asa, number)
    run = set_kerberos(exchange)
    message = run.of("dc01", ROLE + "Check that the account has an AES encryption type").message
    assert (run.rc != 0, exchange.names_of(asa)) == (True, set())
    assert f"{asa} is {'4' if number else 'not set'} and has no AES type" in message
    assert ("the default of each domain controller decides" in message) == (number is None)
    assert "Set it to 24 (AES128 and AES256), and change the password" in message
    allowed = set_kerberos(exchange, exchange_kerberos_require_aes=False)
    assert allowed.rc == 0, allowed.output
    assert exchange.names_of(asa) == PLANNED


def test_registered_names_stay_on_an_account_without_aes(exchange: Domain) -> None:
    asa = asa_of(exchange)
    exchange.add_spns(asa, *PLANNED)
    set_encryption_types(exchange, asa, b"4")
    exchange.mark_log()
    run = set_kerberos(exchange, exchange_kerberos_credential_deployed=[])
    assert run.rc == 0, run.output
    assert any("NO AES" in line for line in shown(run))
    assert exchange.modifications() == []


def test_a_name_on_another_account_fails_the_role_or_is_moved(exchange: Domain) -> None:
    asa, spn = asa_of(exchange), "http/mail-one.corp.example.test"
    other = add_spns(exchange, "svc-intranet", spn)
    stopped = set_kerberos(exchange)
    assert stopped.rc != 0
    assert f"{spn} is on {other}" in stopped.of("dc01", ROLE + "Check that no other account has the SPNs").message
    text = shown(stopped)
    assert [line.split()[1] for line in text if line.startswith("  CONFLICT")] == [spn]
    assert any(line.strip() == f"on {other}" for line in text)
    assert exchange.modifications() == []

    moved = set_kerberos(exchange, exchange_kerberos_on_conflict="move")
    assert moved.rc == 0, moved.output
    assert exchange.holders(spn) == [asa]
    assert exchange.names_of(asa) == PLANNED
    assert rows(moved.of("dc01", REGISTER))[spn] == ([other], [asa], "changed")
    assert exchange.modifications()[0] == Modification(other, add=(), delete=(spn,))


def test_exact_sets_exactly_the_planned_names(exchange: Domain) -> None:
    asa = asa_of(exchange)
    exchange.add_spns(asa, "http/left-over.corp.example.test", "exchangeMDB/outlook-one.corp.example.test")
    exchange.mark_log()
    run = set_kerberos(
        exchange, exchange_kerberos_state="exact", exchange_kerberos_leave_out=["mail-two.corp.example.test"]
    )
    assert run.rc == 0, run.output
    assert exchange.names_of(asa) == PLANNED - {"http/mail-two.corp.example.test"}


NEW = "EXCH16-ASA$"
MOVED = {"http/autod-one.corp.example.test", "http/mail-one.corp.example.test"}
LEFT_OVER = "http/left-over.corp.example.test"
BOTH: dict[str, t.Any] = {
    "exchange_kerberos_accounts": {"2010": ASA, "2013": NEW},
    "exchange_kerberos_credential_deployed": ["2010", "2013"],
    "exchange_kerberos_state": "exact",
}


@pytest.fixture
def coexistence(exchange: Domain) -> tuple[Domain, str, str]:
    """One server is 2016. The account of 2010 has all names, and that of 2016 has none."""
    exchange.clean()
    base = f"CN=Microsoft Exchange,CN=Services,{exchange.controller.configuration_dn}"
    (server, *_below) = exchange.controller.ldbsearch("(&(cn=EX1CAS5)(serialNumber=*))", ["cn"], base=base)
    made = {"serialNumber": b"Version 15.1 (Build 32507.6)", "msExchCurrentServerRoles": b"16439"}
    exchange.ldap.modify_s(server.dn, [(ldap.MOD_REPLACE, name, [value]) for name, value in made.items()])
    old = asa_of(exchange)
    new = exchange.add(NEW, **{"msDS-SupportedEncryptionTypes": "24"})
    exchange.add_spns(old, *PLANNED, LEFT_OVER)
    exchange.mark_log()
    return exchange, old, new


def test_exact_keeps_the_names_of_another_generation(coexistence: tuple[Domain, str, str]) -> None:
    exchange, old, _new = coexistence
    checked = set_kerberos(exchange, check=True, exchange_kerberos_state="exact")
    assert checked.rc == 0, checked.output
    assert lines(checked.of("dc01", DELETE)) == ([f"{LEFT_OVER}: {old}"], [f"{LEFT_OVER}: none"])
    run = set_kerberos(exchange, exchange_kerberos_state="exact")
    assert run.rc == 0, run.output
    assert exchange.modifications() == [Modification(old, add=(), delete=(LEFT_OVER,))]
    assert exchange.names_of(old) == PLANNED


@pytest.mark.parametrize(
    ("variables", "task", "sentence"),
    [
        ({}, "Check that no other account has the SPNs", "mail-one.corp.example.test is on CN=EXCH-ASA,"),
        (
            {"exchange_kerberos_on_conflict": "move", "exchange_kerberos_credential_deployed": ["2010"]},
            "Check that the credential is deployed",
            'add "2013" to exchange_kerberos_credential_deployed',
        ),
        (
            {"exchange_kerberos_accounts": {"2010": ASA, "2013": "EXCH-ASA"}},
            "Check that the generations have different accounts",
            "CN=EXCH-ASA,",
        ),
    ],
    ids=["conflict", "not deployed", "one account"],
)
def test_a_failed_check_of_one_generation_prevents_all_writes(
    coexistence: tuple[Domain, str, str], variables: dict[str, t.Any], task: str, sentence: str
) -> None:
    exchange, old, _new = coexistence
    for check in (True, False):
        run = set_kerberos(exchange, check=check, **BOTH | variables)
        assert run.rc != 0
        assert [sentence in one.message for one in run.results if one.status == "failed"] == [True]
        assert run.results[-1].task == ROLE + task
    assert exchange.modifications() == []
    assert exchange.names_of(old) == PLANNED | {LEFT_OVER}


@pytest.mark.parametrize("overrides", [{}, {"exchange_kerberos_extra": {2010: ["http/mail-one.corp.example.test"]}}])
def test_names_move_from_one_generation_to_the_other(
    coexistence: tuple[Domain, str, str], overrides: dict[str, t.Any]
) -> None:
    exchange, old, new = coexistence
    moved = MOVED - {name for names in overrides.get("exchange_kerberos_extra", {}).values() for name in names}
    if overrides:  # one name moves in the other direction
        exchange.delete_spns(old, *MOVED)
        exchange.add_spns(new, *MOVED)
        exchange.mark_log()
    variables = BOTH | overrides | {"exchange_kerberos_on_conflict": "move"}
    expected = all_diffs(set_kerberos(exchange, check=True, **variables))
    run = set_kerberos(exchange, "--diff", **variables)
    assert run.rc == 0, run.output
    assert (exchange.names_of(old), exchange.names_of(new)) == (PLANNED - moved, moved)
    assert all_diffs(run) == expected
    assert len(expected) == (2 if overrides else 3)

    usn = exchange.controller.highest_usn()
    again = set_kerberos(exchange, "--diff", **variables)
    assert (again.rc, all_diffs(again), exchange.controller.highest_usn()) == (0, set(), usn)


def test_a_shared_name_stays_while_it_leads_to_the_older_servers(coexistence: tuple[Domain, str, str]) -> None:
    """Nothing is known in DNS: as if it led to a load balancer."""
    exchange, old, new = coexistence
    variables = BOTH | {"exchange_kerberos_on_conflict": "move", "exchange_kerberos_state": "present"}
    run = set_kerberos(exchange, **variables, exchange_kerberos_dns_servers=["127.0.0.9"])
    assert run.rc == 0, run.output
    assert (exchange.names_of(old), exchange.names_of(new)) == (PLANNED | {LEFT_OVER}, set())
    undecided = [line for line in shown(run) if line.startswith("not decided")]
    assert {line.split()[2] for line in undecided} == MOVED
    assert any("list http/mail-one.corp.example.test in extra" in line for line in shown(run))


def all_diffs(run: staging.Run) -> set[tuple[str, str]]:
    """The diff lines of all writes of a run."""
    writes = [one for one in run.results if one.task in (REGISTER, DELETE) and one.diff]
    return {pair for one in writes for pair in zip(*lines(one), strict=True)}


def test_an_empty_plan_changes_nothing(exchange: Domain) -> None:
    asa = asa_of(exchange)
    exchange.add_spns(asa, LEFT_OVER)
    exchange.mark_log()
    hosts = sorted({name.partition("/")[2] for name in PLANNED})
    run = set_kerberos(exchange, exchange_kerberos_leave_out=hosts)
    assert run.rc == 0, run.output
    assert shown(run)[0] == f"Exchange 2010 on {asa}"
    bare = set_kerberos(exchange, exchange_kerberos_leave_out=hosts, exchange_kerberos_accounts={})
    assert bare.rc == 0, bare.output
    exact = set_kerberos(exchange, exchange_kerberos_leave_out=hosts, exchange_kerberos_state="exact")
    message = exact.of("dc01", ROLE + "Check that the plan is not empty").message
    assert exact.rc != 0
    assert LEFT_OVER in message
    assert exchange.modifications() == []


def test_an_unknown_generation_is_refused_and_a_number_is_accepted(exchange: Domain) -> None:
    wrong = set_kerberos(exchange, exchange_kerberos_accounts={"2016": ASA})
    assert wrong.rc != 0
    message = wrong.of("dc01", ROLE + "Check the generations").message
    assert message == 'exchange_kerberos_accounts contains 2016; valid generations are "2010" and "2013" (2013 to SE).'
    number = set_kerberos(
        exchange, exchange_kerberos_accounts={2010: ASA}, exchange_kerberos_credential_deployed=[2010]
    )
    assert number.rc == 0, number.output
    assert exchange.names_of(asa_of(exchange)) == PLANNED


def test_an_incomplete_plan_deletes_no_names(exchange: Domain) -> None:
    asa, own = asa_of(exchange), "http/left-over.corp.example.test"
    exchange.add_spns(asa, own)
    base = f"CN=Microsoft Exchange,CN=Services,{exchange.controller.configuration_dn}"
    (array,) = exchange.controller.ldbsearch("(cn=Outlook-One)", ["cn"], base=base)
    exchange.ldap.modify_s(array.dn, [(ldap.MOD_DELETE, "networkAddress", None)])
    exchange.mark_log()
    run = set_kerberos(exchange, exchange_kerberos_state="exact")
    message = run.of("dc01", ROLE + "Check that no SPNs are missing from the plan").message
    assert run.rc != 0
    assert "Outlook-One" in message
    assert exchange.modifications() == []


def test_a_deleted_autodiscover_uri_does_not_fail_the_role(exchange: Domain) -> None:
    asa = asa_of(exchange)
    exchange.add_spns(asa, *PLANNED, LEFT_OVER)
    base = f"CN=Microsoft Exchange,CN=Services,{exchange.controller.configuration_dn}"
    found = "(&(cn=EX1CAS6)(objectClass=serviceConnectionPoint))"
    (point,) = exchange.controller.ldbsearch(found, ["cn"], base=base)
    exchange.ldap.modify_s(point.dn, [(ldap.MOD_DELETE, "serviceBindingInformation", None)])
    exchange.mark_log()
    run = set_kerberos(exchange, exchange_kerberos_state="exact")
    assert run.rc == 0, run.output
    assert exchange.modifications() == [Modification(asa, add=(), delete=(LEFT_OVER,))]


def test_a_domain_controller_that_is_down_fails_with_one_sentence(exchange: Domain) -> None:
    exchange.controller.stop()
    run = set_kerberos(exchange)
    result = run.of("dc01", ROLE + "Read the Exchange organization")
    assert run.rc != 0
    assert result.status == "unreachable"
    assert result.message.startswith("Signing in on dc01.corp.example.test failed: ")
    assert "KDC" in result.message
