# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find, connect and sign in to a domain controller, and the messages of failures."""

from __future__ import annotations

import contextlib
import re
import shutil
import struct
import typing as t

import listeners
import pytest
from domain_stage import DOMAIN, SECRET, Domain, tasks
from lab.estate import Host
from lab.wire import certificates
from stage import PASSWORD, Result, Variables

if t.TYPE_CHECKING:
    from pathlib import Path

OK, NO = "ok", "no"
ALIAS = f"ldap.{DOMAIN}"
LDAPS: Variables = {"authentication": "simple", "tls": "ldaps", "username": "{upn}", "password": PASSWORD}
START_TLS = LDAPS | {"tls": "start_tls"}
WITH_CA: Variables = {"ca_path": "{ca}"}
WITH_PASSWORD: Variables = {"username": "{upn}", "password": PASSWORD}
NO_TICKET = {"KRB5CCNAME": "FILE:/no/such/cache"}
# by test id: the options without servers, the status, the expected message, and the environment of the task
CASES: dict[str, tuple[Variables, str, str, dict[str, str]]] = {
    "a ticket": ({}, OK, "", {}),
    "a password": (WITH_PASSWORD, OK, "", NO_TICKET),
    "a realm in lower case": (WITH_PASSWORD | {"username": f"administrator@{DOMAIN}"}, OK, "", NO_TICKET),
    "a domain without a realm": (WITH_PASSWORD | {"username": "Administrator", "domain": DOMAIN}, OK, "", NO_TICKET),
    "no realm": (WITH_PASSWORD | {"username": "Administrator"}, NO, r"Administrator has no realm", NO_TICKET),
    "no ticket": ({}, NO, r"Set username and password, or run kinit\.", NO_TICKET),
    "an expired ticket": (
        {},
        NO,
        r"[Ee]xpired.*Run kinit, or set username and password\.",
        {"KRB5CCNAME": "FILE:{expired}"},
    ),
    "a wrong password": (
        WITH_PASSWORD | {"password": "Not-This-0ne"},
        NO,
        r"kinit got no ticket for Administrator@CORP.EXAMPLE.TEST: .*(Preauthentication|Password incorrect)",
        {},
    ),
    "a wrong user": (
        WITH_PASSWORD | {"username": f"nobody@{DOMAIN}"},
        NO,
        r"kinit got no ticket for nobody@CORP.EXAMPLE.TEST: .*not found in Kerberos database",
        {},
    ),
    "a wrong realm": (
        WITH_PASSWORD | {"username": "Administrator@ELSEWHERE.TEST"},
        NO,
        r"kinit got no ticket for Administrator@ELSEWHERE.TEST: .*[Cc]annot find KDC for realm",
        {},
    ),
    "a disabled account": (
        {"username": f"svc-disabled@{DOMAIN}", "password": SECRET},
        NO,
        r"kinit got no ticket .*(revoked|disabled|locked)",
        {},
    ),
    "an IP address": (
        {"servers": ["{address}"]},
        NO,
        r"not found in Kerberos database.*Use the DNS name of the domain controller",
        {},
    ),
    "a domain": ({"servers": None, "domain": DOMAIN, "dns_servers": ["{address}"]}, OK, "", {}),
    "an unknown domain": (
        {"servers": None, "domain": "nowhere.test", "dns_servers": ["{address}"]},
        NO,
        (
            r"Looking up the servers on this machine failed: DNS returned no server for _ldap\S+nowhere\.test: .*"
            r"Check domain"
        ),
        {},
    ),
    "no DNS server": (
        {"servers": None, "domain": DOMAIN, "dns_servers": ["{free}"], "connect_timeout": 1},
        NO,
        r"DNS returned no server for _ldap\._tcp\.dc\._msdcs\.corp\.example\.test: ",
        {},
    ),
    "a DNS server that is not an IP address": (
        {"servers": None, "domain": DOMAIN, "dns_servers": ["dc01"]},
        NO,
        r"DNS returned no server for .*dc01",
        {},
    ),
    "an unknown name": ({"servers": ["nowhere.invalid"]}, NO, r"on nowhere\.invalid failed: .*not known", {}),
    "a closed port": (
        {"servers": ["{fqdn}:1"]},
        NO,
        r"Connecting to LDAP on {fqdn} failed: port 1: Connection refused\. Check the name, the port",
        {},
    ),
    "an invalid port": ({"servers": ["{fqdn}:ldap"]}, NO, r"{fqdn}:ldap is not a server: the text after the colon", {}),
    "the second of two": ({"servers": ["{fqdn}:1", "{fqdn}"]}, OK, "", {}),
    "none of two": (
        {"servers": ["{fqdn}:1", "nowhere.invalid"]},
        NO,
        r"{fqdn}: port 1: Connection refused; nowhere\.invalid: .*not known",
        {},
    ),
    "wrong credentials and another server": (
        WITH_PASSWORD | {"password": "Not-This-0ne", "servers": ["{fqdn}", "nowhere.invalid"]},
        NO,
        r"Signing in on {fqdn} failed: kinit",
        {},
    ),
    "a server without a response": (
        {"servers": ["{fqdn}:{silent}"], "operation_timeout": 1},
        NO,
        r"on {fqdn} failed: ",
        {},
    ),
    "a closed connection": ({"servers": ["{fqdn}:{ended}"]}, NO, r"on {fqdn} failed: ", {}),
    "a port with TLS": ({"servers": ["{fqdn}:636"], "operation_timeout": 2}, NO, r"on {fqdn} failed: ", {}),
    "a catalog": ({"global_catalogs": ["{fqdn}"]}, OK, "", {}),
    "a catalog that is down": (
        {"global_catalogs": ["{fqdn}:1"], "accounts": None},
        NO,
        r"Connecting to the global catalog on {fqdn} failed: port 1: Connection refused",
        {},
    ),
    "the second of two catalogs": ({"global_catalogs": ["{fqdn}:1", "{fqdn}"]}, OK, "", {}),
    "simple and ldaps": (LDAPS | WITH_CA, OK, "", NO_TICKET),
    "simple and start_tls": (START_TLS | WITH_CA, OK, "", NO_TICKET),
    "simple as DOMAIN\\name": (LDAPS | WITH_CA | {"username": "CORP\\Administrator"}, OK, "", NO_TICKET),
    # Windows accepts this. Samba requires Kerberos encryption even over TLS.
    "Kerberos and ldaps": (
        WITH_PASSWORD | {"tls": "ldaps"} | WITH_CA,
        NO,
        "(required|80090346).*Set tls to none: Kerberos",
        NO_TICKET,
    ),
    "simple without TLS": (LDAPS | {"tls": "none"}, NO, r"needs TLS: set tls to ldaps or start_tls", {}),
    "simple without password": (LDAPS | {"password": None}, NO, r"A simple bind needs username and password", {}),
    "a password without username": ({"password": PASSWORD}, NO, r"password is set without username", {}),
    "simple and a wrong password": (
        LDAPS | WITH_CA | {"password": "Not-This-0ne"},
        NO,
        r"Signing in on {fqdn} failed: the user name or the password is wrong \(.*data 52e",
        {},
    ),
    "simple and a wrong user": (
        LDAPS | WITH_CA | {"username": f"nobody@{DOMAIN}"},
        NO,
        r"Signing in on {fqdn} failed: ",
        {},
    ),
    "simple and a disabled account": (
        LDAPS | WITH_CA | {"username": f"svc-disabled@{DOMAIN}", "password": SECRET},
        NO,
        r"Signing in on {fqdn} failed: the account is disabled",
        {},
    ),
    "ldaps and an unknown CA": (LDAPS, NO, r"its certificate failed verification: .*ca_path", {}),
    "start_tls and an unknown CA": (START_TLS, NO, r"its certificate failed verification: .*ca_path", {}),
    "ldaps unverified": (LDAPS | {"validate_certs": False}, OK, "", {}),
    "start_tls unverified": (START_TLS | {"validate_certs": False}, OK, "", {}),
    "ldaps and no CA file": (LDAPS | {"ca_path": "/no/such.pem"}, NO, r"the CA file /no/such\.pem cannot be used", {}),
    "ldaps and an empty CA file": (
        LDAPS | {"ca_path": "{empty}"},
        NO,
        r"the CA file \S+ cannot be used(: .*)?\. Correct ca_path",
        {},
    ),
    "ldaps and another name": (
        LDAPS | WITH_CA | {"servers": [ALIAS]},
        NO,
        r"on ldap\.corp\.example\.test failed: its certificate failed verification: .*mismatch",
        {},
    ),
    "start_tls and another name": (
        START_TLS | WITH_CA | {"servers": [ALIAS]},
        NO,
        r"failed verification: .*mismatch",
        {},
    ),
    **{
        f"{way} and a certificate that is {kind}": (
            options | WITH_CA | {"servers": [f"{{fqdn}}:{{{way}_{kind}}}"]},
            NO,
            rf"its certificate failed verification: .*{expected}",
            {},
        )
        for way, options in (("ldaps", LDAPS), ("start_tls", START_TLS))
        for kind, expected in (("expired", "expired"), ("other_ca", "issuer"), ("wrong_name", "mismatch"))
    },
    "ldaps to a port without TLS": (
        LDAPS | WITH_CA | {"servers": ["{fqdn}:389"]},
        NO,
        r"on {fqdn} failed: TLS failed on port 389: .*Check that this port uses TLS",
        {},
    ),
    "start_tls to a port with TLS": (
        START_TLS | WITH_CA | {"servers": ["{fqdn}:636"], "operation_timeout": 2},
        NO,
        r"on {fqdn} failed: ",
        {},
    ),
}


def expired(domain: Domain, cache: Path) -> Path:
    """A ticket cache with an expired ticket: three times in a row are changed, auth, start and end."""
    domain.controller.kinit(domain.administrator, cache, password=PASSWORD)
    data = bytearray(cache.read_bytes())
    for at in range(len(data) - 12):
        begun, starts, ends = struct.unpack_from(">III", data, at)
        if begun == starts > 1_700_000_000 and 0 < ends - begun <= 100_000:
            struct.pack_into(">III", data, at, begun - 200_000, begun - 200_000, ends - 200_000)
    cache.write_bytes(data)
    return cache


def filled(value: t.Any, words: dict[str, str]) -> t.Any:
    if isinstance(value, list):
        return [filled(one, words) for one in value]
    if isinstance(value, dict):
        return {key: filled(one, words) for key, one in value.items()}
    for word, text in words.items() if isinstance(value, str) else ():
        value = value.replace(f"{{{word}}}", text)
    return value


# As a module in a process of its own, only the cases whose way there differs: the environment, files and libraries.
ON_THIS_MACHINE = (
    "a ticket", "a password", "no ticket", "an expired ticket", "an IP address", "a domain", "simple and ldaps",
    "simple without TLS", "ldaps and no CA file", "ldaps and another name",
)  # fmt: skip
WAYS = [*(("winrm", name) for name in CASES), *(("local", name) for name in ON_THIS_MACHINE)]


@pytest.fixture(scope="module")
def results(
    only_domain: Domain, tmp_path_factory: pytest.TempPathFactory
) -> t.Iterator[dict[tuple[str, str], tuple[Result, dict[str, str]]]]:
    """Run all cases in one playbook on the controller, and some as a module on this machine."""
    domain, folder = only_domain, tmp_path_factory.mktemp("connections")
    domain.clean()
    domain.add("svc-disabled", userAccountControl=str(0x10202))
    controller = domain.controller
    (folder / "hosts").write_text(f"{(controller.folder / 'hosts').read_text()}{controller.address} {ALIAS}\n")
    (folder / "empty.pem").touch()
    for file in ("ca.key", "ca.pem"):
        shutil.copy(domain.stage.estate.state / file, folder)
    words = {
        "fqdn": domain.fqdn,
        "address": controller.address,
        "free": f"{controller.address.rpartition('.')[0]}.99",
        "ca": str(controller.ca_file),
        "upn": domain.administrator,
        "empty": str(folder / "empty.pem"),
        "expired": str(expired(domain, folder / "expired.ccache")),
    }
    with contextlib.ExitStack() as stack:

        def listen(serve: t.Any) -> str:
            return str(stack.enter_context(listeners.listening(controller.address, serve)))

        words |= {"silent": listen(listeners.no_response), "ended": listen(listeners.closed_connection)}
        for kind in ("expired", "other_ca", "wrong_name"):
            context = certificates.server_context(folder, Host(domain.fqdn, "127.0.0.1", "2022", certificate=kind))
            words[f"ldaps_{kind}"] = listen(listeners.tls(context))
            words[f"start_tls_{kind}"] = listen(listeners.tls(context, start=True))
        hosts: dict[str, Variables] = {}
        for number, (connection, name) in enumerate(WAYS):
            options, _status, _expected, environment = CASES[name]
            asked = (
                {"servers": ["{fqdn}"], "connect_timeout": 3, "accounts": ["krbtgt"]} | {"spns": ["kadmin/*"]} | options
            )
            hosts[f"case{number}"] = {
                "options": filled({key: value for key, value in asked.items() if value is not None}, words),
                "surroundings": filled(environment, words),
                "ansible_connection": connection,
                "ansible_host": domain.fqdn,
            }
        play = tasks(
            "case*",
            {"name": "read", "spn_info": "{{ options }}", "environment": "{{ surroundings }}"}
            | {"ignore_errors": True, "ignore_unreachable": True},
        )
        usn = controller.highest_usn()
        run = domain.play(play, hosts=hosts, environment={"NSS_WRAPPER_HOSTS": str(folder / "hosts")})
        assert controller.highest_usn() == usn
        for secret in (SECRET, "Not-This-0ne"):
            assert secret not in run.output
        yield {way: (run.of(f"case{number}"), words) for number, way in enumerate(WAYS)}


@pytest.mark.parametrize(("connection", "name"), WAYS)
def test_a_connection_succeeds_or_has_the_reason_in_its_message(
    results: dict[tuple[str, str], tuple[Result, dict[str, str]]], connection: str, name: str
) -> None:
    result, words = results[connection, name]
    _options, status, expected, _environment = CASES[name]
    if status == OK:
        assert result.status == OK, result.message
        assert [row["name"] for row in result.data["accounts"]] == ["krbtgt"]
        assert [row["spn"] for row in result.data["spns"]] == ["kadmin/changepw"]
        return
    assert result.status != OK
    pattern = expected.replace("{fqdn}", re.escape(words["fqdn"]))
    assert re.search(pattern, result.message), result.message
    assert "\n" not in result.message
    assert result.message.count("failed: ") <= 1
    assert result.message.endswith(".")
    assert ".)." not in result.message
    assert "error" not in result.message.lower() or "unknown error" not in result.message, result.message
