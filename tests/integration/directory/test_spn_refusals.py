# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""spn with invalid names, missing or ambiguous accounts, and missing permissions."""

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
HERE = "dc"
INVALID_NAMES = {
    "mail.corp.example.test": "has no slash between service class and host, as in http/mail.corp.example.test",
    "http/": "has an empty host",
    "/mail.corp.example.test": "has an empty service class",
    "http/mail/": "has an empty service name",
    "http//mail": "has an empty host",
    "https://mail.corp.example.test/owa": "is a URL",
    "http/a/b/c": "has 4 parts",
    "http/mail:": "has a colon without a port or an instance after it",
    "http/mail:99999": "has the port 99999; valid ports are 1 to 65535",
    "http/mail:0": "has the port 0",
    "http/mail:80:81": "has more than one colon",
    "http/ma il": "has a space at position 8",
    "http/mail ": "has a space at the beginning or the end of its host",
    "http/mail@CORP.EXAMPLE.TEST": "so leave out @CORP.EXAMPLE.TEST",
    "http/mail\t": r"has a control character at position 10 (U+0009)",
    "http/*": "has a wildcard",
    "http/m\u0430il": "has a character beyond ASCII at position 7 (U+0430, CYRILLIC SMALL LETTER A)",
    "http/ma\u200bil": "(U+200B, ZERO WIDTH SPACE)",
    "": "is empty",
}
# by test id: the options, and the expected message
INVALID_TASKS: dict[str, tuple[Variables, str]] = {
    **{f"name {text!a}": ({"spns": [MAIL, text]}, re.escape(expected)) for text, expected in INVALID_NAMES.items()},
    "two bad names": ({"spns": ["http/", "x"]}, "empty host; .*no slash"),
    "no such account": ({"account": "NOBODY$"}, "There is no user or computer account NOBODY\\$ in the forest corp"),
    "no account": ({"account": ""}, "The name of an account is empty"),
    "no such distinguished name": ({"account": f"CN=NOBODY,{BASE}"}, f"There is no CN=NOBODY,{BASE} on dc01"),
    "a distinguished name of another domain": (
        {"account": "CN=A,DC=else,DC=test"},
        "There is no CN=A,DC=else,DC=test on",
    ),
    "half a distinguished name": ({"account": "CN=ASA"}, "CN=ASA"),
    "a container": ({"account": f"CN=Users,{BASE}"}, f"CN=Users,{BASE} on \\S+ is not a user or computer account"),
    "a group": ({"account": f"CN=Domain Users,CN=Users,{BASE}"}, "is not a user or computer account"),
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
        f"ambiguous .*CN=alpha,OU=Tests,{BASE} and CN=beta,OU=Tests,{BASE} match",
    ),
    "a user of another domain": (
        {"account": "FAR"},
        r"FAR is not in corp\.example\.test.*Set servers to a domain controller of domain",
    ),
    "an unknown state": ({"state": "gone"}, "value of state must be one of: present, absent, exact, got: gone"),
    "an unknown option": ({"replace": True}, "[Uu]nsupported .*replace"),
    "no names": ({"spns": None}, "missing required arguments: spns"),
    "no time to connect": ({"connect_timeout": 0}, "connect_timeout is 0; the minimum is 1 second"),
    "no time to answer": ({"operation_timeout": -1}, "operation_timeout is -1; the minimum is 1 second"),
    "less than no time": ({"operation_timeout": -5}, "operation_timeout is -5; the minimum is 1 second"),
    "a port for a server": ({"servers": ["x:y"]}, "x:y is not a server"),
}


# As a module in a process of its own, the options are read by other code of Ansible.
ON_THIS_MACHINE = (
    "two bad names", "no such account", "no account", "an unknown state", "an unknown option", "no names",
    "no time to answer", "a port for a server",
)  # fmt: skip
WHERE = {"dc": tuple(INVALID_TASKS), "localhost": ON_THIS_MACHINE}


@pytest.fixture(scope="module")
def results(only_domain: Domain) -> dict[tuple[str, str], Result]:
    """Run all invalid tasks in one playbook on the controller, and some as a module on this machine."""
    domain = only_domain
    domain.clean()
    domain.add("ASA$")
    domain.add("alpha")
    domain.add_unchecked(domain.add("beta"), f"alpha@{DOMAIN}", attribute="userPrincipalName")
    domain.add_in_other_partition("FAR", name="FAR")
    plays = []
    for host, chosen in WHERE.items():
        listed = []
        for name in chosen:
            options = INVALID_TASKS[name][0]
            merged = {"servers": [domain.fqdn], "account": "ASA$", "spns": [MAIL], **options}
            listed.append({"name": name, "spn": {key: value for key, value in merged.items() if value is not None}})
            listed[-1] |= {"ignore_errors": True, "ignore_unreachable": True}
        plays.append(tasks(host, *listed))
    usn, names = domain.controller.highest_usn(), domain.names()
    run = domain.play("\n".join(plays))
    assert (domain.controller.highest_usn(), domain.names(), domain.modifications()) == (usn, names, [])
    return {(one.host, one.task): one for one in run.results}


@pytest.mark.parametrize(("host", "name"), [(host, name) for host, chosen in WHERE.items() for name in chosen])
def test_an_invalid_task_fails_with_one_sentence(results: dict[tuple[str, str], Result], host: str, name: str) -> None:
    result = results[host, name]
    assert (result.status in ("failed", "unreachable"), result.changed) == (True, False), result.message
    assert re.search(INVALID_TASKS[name][1], result.message), result.message
    assert not re.search(r"[\n\t\u0430\u200b]", result.message), result.message


# The formats of an account, with the account that must be found.
IDENTITIES = {
    "twin": "twin",
    "TWIN": "twin",
    "twin$": "twin$",
    "CORP\\twin": "twin",
    "corp\\TWIN$": "twin$",
    f"twin$@{DOMAIN}": "twin$",
    f"TWIN@{DOMAIN.upper()}": "twin",
    "single": "single$",
    "CORP\\single": "single$",
    f"{DOMAIN}\\single": "single$",
    f"single@{DOMAIN}": "single$",
    "explicit@mail.test": "named",
    f"named@{DOMAIN}": "named",
    f"cn=Twin Machine, ou=tests,{BASE.lower()}": "twin$",
}


def test_the_formats_of_an_account(domain: Domain) -> None:
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
            for number, way in enumerate(IDENTITIES)
        ),
    )
    run = domain.play(play)
    for number, (way, meant) in enumerate(IDENTITIES.items()):
        assert run.of("dc", way).status == "ok", run.of("dc", way).message
        assert domain.holders(f"http/way{number}") == [dns[meant]], way
        assert run.of("dc", way).data["account"]["name"] == meant


def test_an_account_without_write_permission_fails(domain: Domain) -> None:
    asa = domain.add("ASA$")
    domain.add("svc-reader")
    who = {"username": f"svc-reader@{DOMAIN}", "password": SECRET}
    result = domain.task("spn", {"account": "ASA$", "spns": [MAIL], **who})
    assert (result.status, result.changed, domain.names_of(asa)) == ("failed", False, set())
    expected = rf"Setting the service principal names of {asa} on {domain.fqdn} failed: Insufficient access: .*"
    assert re.search(rf"{expected}\. Use an account that may write this attribute, or delegate", result.message), (
        result.message
    )
    read = domain.task("spn_info", {"accounts": ["ASA$"], **who})
    assert read.status == "ok"


def delegate(domain: Domain, dn: str, who: str, right: str) -> None:
    """Grant a right on servicePrincipalName: WP is WriteProperty, SW is the validated write."""
    ((_dn, values),) = domain.ldap.search_s(domain.dn(who), 0, attrlist=["objectSid"])
    raw = values["objectSid"][0]
    parts = [int.from_bytes(raw[at : at + 4], "little") for at in range(8, len(raw), 4)]
    sid = f"S-1-{raw[7]}-{'-'.join(map(str, parts))}"
    acl = f"(OA;;{right};f3a64788-5306-11d1-a9c5-0000f80367c1;;{sid})"
    folder = domain.controller.folder
    options = [f"--configfile={folder / 'smb.conf'}", "-H", str(folder / "private" / "sam.ldb")]
    insist("samba-tool", "dsacl", "set", f"--objectdn={dn}", "--action=allow", f"--sddl={acl}", *options)


def test_delegated_write_property_is_sufficient(domain: Domain) -> None:
    asa = domain.add("ASA$")
    domain.add("svc-delegate")
    delegate(domain, asa, "svc-delegate", "WP")
    play = domain.playbook(
        "spn", {"account": "ASA$", "spns": [MAIL], "username": f"svc-delegate@{DOMAIN}", "password": SECRET}
    )
    assert domain.check(play).of(HERE).changed
    assert domain.play(play).of(HERE).changed
    assert domain.modifications() == [Modification(asa, add=(MAIL,), delete=())]


def test_the_validated_write_is_not_sufficient_for_a_name_of_another_host(domain: Domain) -> None:
    asa = domain.add("ASA$", dNSHostName="asa.corp.example.test")
    domain.add("svc-delegate")
    delegate(domain, asa, "svc-delegate", "SW")
    who = {"username": f"svc-delegate@{DOMAIN}", "password": SECRET}
    own = "http/asa.corp.example.test"
    assert domain.task("spn", {"account": "ASA$", "spns": [own], **who}).changed
    result = domain.task("spn", {"account": "ASA$", "spns": [own, MAIL], **who})
    assert (result.status, domain.names_of(asa)) == ("failed", {own})
    assert "SPNs of the computer's own host name" in result.message, result.message


def test_a_move_is_undone_if_the_account_may_not_be_changed(domain: Domain) -> None:
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
