# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""spn and what cannot be: names that are none, accounts that are none or two, accounts that may not."""

from __future__ import annotations

import re
import typing as t

import pytest
from domain_stage import DOMAIN, SECRET, Domain, Modification, tasks
from lab.directory.programs import insist

if t.TYPE_CHECKING:
    from stage import Result, Variables

MAIL = "http/mail.corp.example.test"
BASE = "DC=corp,DC=example,DC=test"
HERE = "localhost"
BAD_NAMES = {
    "mail.corp.example.test": "has no slash between service class and host, as in http/mail.corp.example.test",
    "http/": "has an empty host",
    "/mail.corp.example.test": "has an empty service class",
    "http/mail/": "has an empty service name",
    "http//mail": "has an empty host",
    "https://mail.corp.example.test/owa": "is a URL",
    "http/a/b/c": "has 4 parts",
    "http/mail:": "has a colon and neither a port nor an instance after it",
    "http/mail:99999": "has the port 99999; ports go from 1 to 65535",
    "http/mail:0": "has the port 0",
    "http/mail:80:81": "has more than one colon",
    "http/ma il": "has a space at position 8",
    "http/mail ": "has a space at position 10",
    "http/mail\t": r"has a control character at position 10 (U+0009)",
    "http/*": "has a wildcard",
    "http/m\u0430il": "has a character beyond ASCII at position 7 (U+0430, CYRILLIC SMALL LETTER A)",
    "http/ma\u200bil": "(U+200B, ZERO WIDTH SPACE)",
    "": "is empty",
}
# options beside the name, and what is said
BAD_TASKS: dict[str, tuple[Variables, str]] = {
    **{f"name {text!a}": ({"spns": [MAIL, text]}, re.escape(says)) for text, says in BAD_NAMES.items()},
    "two bad names": ({"spns": ["http/", "x"]}, "empty host; .*no slash"),
    "no such account": ({"account": "NOBODY$"}, "There is no user or computer account NOBODY\\$ in the forest corp"),
    "no account": ({"account": ""}, "The name of an account is empty"),
    "no such distinguished name": ({"account": f"CN=NOBODY,{BASE}"}, f"There is no CN=NOBODY,{BASE} on dc01"),
    "a distinguished name of another domain": (
        {"account": "CN=A,DC=else,DC=test"},
        "There is no CN=A,DC=else,DC=test on",
    ),
    "half a distinguished name": ({"account": "CN=ASA"}, "CN=ASA"),
    "a container": ({"account": f"CN=Users,{BASE}"}, f"CN=Users,{BASE} on \\S+ is no account that can sign in"),
    "a group": ({"account": f"CN=Domain Users,CN=Users,{BASE}"}, "is no account that can sign in"),
    "a group by its name": ({"account": "Domain Users"}, "There is no user or computer account Domain Users"),
    "no such UPN": ({"account": f"nobody@{DOMAIN}"}, "There is no user or computer account nobody@corp.example.test"),
    "a UPN of another domain": ({"account": "ASA@else.test"}, "There is no user or computer account ASA@else.test"),
    "no such domain": ({"account": "ELSE\\ASA$"}, r"has no domain ELSE\. Correct the name before the \\"),
    "no such account of the domain": (
        {"account": "CORP\\NOBODY"},
        r"There is no user or computer account CORP\\NOBODY",
    ),
    "no name after the domain": ({"account": "CORP\\"}, r"There is no user or computer account CORP\\ "),
    "a wildcard": ({"account": "AS*"}, "There is no user or computer account AS\\*"),
    "an ambiguous UPN": (
        {"account": f"alpha@{DOMAIN}"},
        f"ambiguous .*CN=alpha,OU=Tests,{BASE} and CN=beta,OU=Tests,{BASE}",
    ),
    "a user of another domain": (
        {"account": "FAR"},
        r"FAR is not in corp\.example\.test.*Name a domain controller of domain",
    ),
    "an unknown state": ({"state": "gone"}, "value of state must be one of: present, absent, exact, got: gone"),
    "an unknown option": ({"replace": True}, "[Uu]nsupported .*replace"),
    "no names": ({"spns": None}, "missing required arguments: spns"),
    "no time to connect": ({"connect_timeout": 0}, "connect_timeout is 0; it is at least 1 second"),
    "no time to answer": ({"operation_timeout": -1}, "operation_timeout is -1; it is at least 1 second"),
    "less than no time": ({"operation_timeout": -5}, "operation_timeout is -5; it is at least 1 second"),
    "a port for a server": ({"servers": ["x:y"]}, "x:y is no server"),
}


@pytest.fixture(scope="module", params=["localhost", "dc"])
def answers(only_domain: Domain, request: pytest.FixtureRequest) -> dict[str, Result]:
    """All bad tasks at once, each in earnest."""
    domain, host = only_domain, request.param
    domain.begin()
    domain.add("ASA$")
    domain.add("alpha")
    domain.give_past_checks(domain.add("beta"), f"alpha@{DOMAIN}", attribute="userPrincipalName")
    domain.add_elsewhere("FAR", name="FAR")
    listed = []
    for name, (options, _says) in BAD_TASKS.items():
        merged = {"servers": [domain.fqdn], "account": "ASA$", "spns": [MAIL], **options}
        listed.append({"name": name, "spn": {key: value for key, value in merged.items() if value is not None}})
        listed[-1] |= {"ignore_errors": True, "ignore_unreachable": True}
    usn, names = domain.controller.highest_usn(), domain.names()
    run = domain.play(tasks(host, *listed))
    assert (domain.controller.highest_usn(), domain.names(), domain.modifications()) == (usn, names, [])
    return {one.task: one for one in run.results}


@pytest.mark.parametrize("name", BAD_TASKS)
def test_what_cannot_be_is_told_in_one_sentence(answers: dict[str, Result], name: str) -> None:
    result = answers[name]
    assert (result.status in ("failed", "unreachable"), result.changed) == (True, False), result.message
    assert re.search(BAD_TASKS[name][1], result.message), result.message
    assert not re.search(r"[\n\t\u0430\u200b]", result.message), result.message


# How an account may be written, and whether the user or the computer of that name is meant.
WAYS = {
    "twin": "twin",
    "TWIN": "twin",
    "twin$": "twin$",
    "CORP\\twin": "twin",
    "corp\\TWIN$": "twin$",
    f"twin$@{DOMAIN}": "twin$",
    f"TWIN@{DOMAIN.upper()}": "twin",
    "single": "single$",
    "CORP\\single": "single$",
    "explicit@mail.test": "named",
    f"named@{DOMAIN}": "named",
    f"cn=Twin Machine, ou=tests,{BASE.lower()}": "twin$",
}


def test_the_ways_to_write_an_account(domain: Domain) -> None:
    dns = {
        "twin": domain.add("twin"),
        "twin$": domain.add("twin$", cn="Twin Machine"),
        "single$": domain.add("single$"),
        "named": domain.add("named", userPrincipalName="explicit@mail.test"),
    }
    play = tasks(
        "dc",
        *(
            {"name": way, "spn": {"account": way, "spns": [f"http/way{number}"]}, "ignore_errors": True}
            for number, way in enumerate(WAYS)
        ),
    )
    run = domain.play(play)
    for number, (way, meant) in enumerate(WAYS.items()):
        assert run.of("dc", way).status == "ok", run.of("dc", way).message
        assert domain.holders(f"http/way{number}") == [dns[meant]], way
        assert run.of("dc", way).data["account"]["name"] == meant


def test_who_may_only_read_is_told_so(domain: Domain) -> None:
    asa = domain.add("ASA$")
    domain.add("svc-reader")
    who = {"username": f"svc-reader@{DOMAIN}", "password": SECRET}
    result = domain.task("spn", {"account": "ASA$", "spns": [MAIL], **who})
    assert (result.status, result.changed, domain.names_of(asa)) == ("failed", False, set())
    says = rf"Setting the service principal names of {asa} on {domain.fqdn} failed: Insufficient access: .*"
    assert re.search(rf"{says} \(use an account that may write this attribute, or delegate", result.message), (
        result.message
    )
    read = domain.task("spn_info", {"accounts": ["ASA$"], **who})
    assert read.status == "ok"


def delegate(domain: Domain, dn: str, who: str, right: str) -> None:
    """Let an account use a right on servicePrincipalName of another: WP is to write it, SW the validated write."""
    ((_dn, values),) = domain.ldap.search_s(domain.dn(who), 0, attrlist=["objectSid"])
    raw = values["objectSid"][0]
    parts = [int.from_bytes(raw[at : at + 4], "little") for at in range(8, len(raw), 4)]
    sid = f"S-1-{raw[7]}-{'-'.join(map(str, parts))}"
    acl = f"(OA;;{right};f3a64788-5306-11d1-a9c5-0000f80367c1;;{sid})"
    folder = domain.controller.folder
    options = [f"--configfile={folder / 'smb.conf'}", "-H", str(folder / "private" / "sam.ldb")]
    insist("samba-tool", "dsacl", "set", f"--objectdn={dn}", "--action=allow", f"--sddl={acl}", *options)


def test_who_was_delegated_the_attribute_may_write_it(domain: Domain) -> None:
    asa = domain.add("ASA$")
    domain.add("svc-delegate")
    delegate(domain, asa, "svc-delegate", "WP")
    play = domain.playbook(
        "spn", {"account": "ASA$", "spns": [MAIL], "username": f"svc-delegate@{DOMAIN}", "password": SECRET}
    )
    assert domain.check(play).of(HERE).changed
    assert domain.play(play).of(HERE).changed
    assert domain.modifications() == [Modification(asa, add=(MAIL,), delete=())]


def test_the_validated_write_is_not_enough_for_a_name_of_another_host(domain: Domain) -> None:
    asa = domain.add("ASA$", dNSHostName="asa.corp.example.test")
    domain.add("svc-delegate")
    delegate(domain, asa, "svc-delegate", "SW")
    who = {"username": f"svc-delegate@{DOMAIN}", "password": SECRET}
    own = "http/asa.corp.example.test"
    assert domain.task("spn", {"account": "ASA$", "spns": [own], **who}).changed
    result = domain.task("spn", {"account": "ASA$", "spns": [own, MAIL], **who})
    assert (result.status, domain.names_of(asa)) == ("failed", {own})
    assert "names of its own host only" in result.message, result.message


def test_a_move_to_an_account_that_may_not_be_written_gives_the_name_back(domain: Domain) -> None:
    domain.add("ASA$")
    old = domain.add("OLD$", MAIL)
    domain.add("svc-delegate")
    delegate(domain, old, "svc-delegate", "WP")
    who = {"username": f"svc-delegate@{DOMAIN}", "password": SECRET}
    result = domain.task("spn", {"account": "ASA$", "spns": [MAIL], "on_conflict": "move", **who})
    assert (result.status, result.changed, domain.holders(MAIL)) == ("failed", False, [old]), result.message
    assert "delegate WriteProperty on it" in result.message
    stored = [(one.dn, one.add, one.delete) for one in domain.modifications() if one.status == "Success"]
    assert stored == [(old, (), (MAIL,)), (old, (MAIL,), ())]
