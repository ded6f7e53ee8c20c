# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A switchover of names between two sites, and each failure, with BIND and Samba as the DNS servers of one zone.

The two servers do not replicate. Each has an Active Directory of its own after the second has joined.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import typing as t
from dataclasses import dataclass

import dns.message
import dns.query
import dns.rdatatype
import ldap
import pytest
from domain_stage import DOMAIN, SECRET, Domain
from lab.client_access import ClientAccess
from lab.directory import dns_servers, dns_zone
from lab.directory.description import DnsName
from lab.estate import Host
from lab.wire.certificates import server_context
from rolling import kill, wait_for
from stage import PASSWORD, Run, Variables, tasks

if t.TYPE_CHECKING:
    from pathlib import Path

ARRAYS = ("outlook-east", "outlook-west")
WEB = ("mail", "autodiscover")
NAMES = (*ARRAYS, *WEB)
SPNS = [f"{kind}/{name}.{DOMAIN}" for name in ARRAYS for kind in ("exchangeMDB", "exchangeRFR", "exchangeAB")]
SPNS += [f"http/{name}.{DOMAIN}" for name in WEB]
CHANGE = "winha.cluster.site_switchover : Change the names"


@dataclass(slots=True)
class Sites:
    """Two sites with six Client Access servers each, and the DNS servers of both."""

    domain: Domain
    servers: dns_servers.DnsServers
    cache: Path
    east: list[str]
    west: list[str]
    in_west: ClientAccess

    @property
    def addresses(self) -> tuple[str, str]:
        return self.servers.first.address, self.servers.second.address

    @property
    def variables(self) -> Variables:
        sites = {"east": self.east, "west": self.west}
        names = {f"{name}.{DOMAIN}": {"addresses": sites, "kind": "client_access_array"} for name in ARRAYS}
        names |= {f"{name}.{DOMAIN}": {"addresses": sites} for name in WEB}
        return {
            "site_switchover_names": names,
            "site_switchover_home": "east",
            "site_switchover_to": "west",
            "site_switchover_dns": {"dns_servers": [self.addresses[0]], "timeout": 20},
            "site_switchover_directory": {"servers": [self.servers.first.fqdn]},
            "site_switchover_resolvers": list(self.addresses),
            "site_switchover_replication_timeout": 0,
        }

    def play(self, playbook: str, *arguments: str, cache: Path | None = None, **variables: t.Any) -> Run:
        """Run a playbook. The modules run in its process, as for a host with WinRM, which nothing connects to."""
        return self.domain.stage.play(playbook, *arguments, **self.surroundings(cache, **variables))

    def surroundings(self, cache: Path | None = None, **variables: t.Any) -> dict[str, t.Any]:
        return {
            "hosts": {
                "localhost": {"ansible_connection": "winrm", "ansible_user": "nobody", "ansible_password": "none"}
            },
            "variables": self.variables | variables,
            "environment": self.servers.environment(cache or self.cache),
        }

    def of(self, name: str) -> list[tuple[list[str], int | None]]:
        """The addresses and the TTL of a name on each server, asked without this collection."""
        found = []
        for server in self.addresses:
            answer = dns.query.udp(dns.message.make_query(f"{name}.{DOMAIN}", "A"), server, timeout=30).answer
            found.append((sorted(record.address for record in answer[0]), answer[0].ttl) if answer else ([], None))
        return found

    def serial(self) -> int:
        """The serial of the zone at BIND, which grows with each change."""
        answer = dns.query.udp(dns.message.make_query(DOMAIN, "SOA"), self.addresses[0], timeout=30).answer
        return int(answer[0][0].serial)

    def node(self, name: str) -> str:
        return f"DC={name},DC={DOMAIN},CN=MicrosoftDNS,DC=DomainDnsZones,{self.servers.first.base_dn}"

    def state(self) -> tuple[t.Any, ...]:
        """What any write changes: the serial of BIND, the USN of each name on both, and the updates that were sent."""
        usns = [server.usn(self.node(name)) for server in (self.servers.first, self.servers.second) for name in NAMES]
        return self.serial(), usns, self.servers.bind.relay.updates

    def put(self, name: str, *addresses: str, ttl: int = 3600, on: t.Sequence[int] = (0, 1)) -> None:
        """Replace the records of a name, as a person does in DNS Manager: they are static."""
        records = list(dns_zone.records(DnsName(name, addresses, ttl=ttl)))
        for number in on:
            server = (self.servers.first, self.servers.second)[number]
            connection = ldap.initialize(f"ldaps://{server.address}")
            connection.set_option(ldap.OPT_X_TLS_CACERTFILE, str(server.ca_file))
            connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
            connection.simple_bind_s(f"Administrator@{DOMAIN}", PASSWORD)
            with contextlib.closing(_Closing(connection)):
                connection.modify_s(self.node(name), [(ldap.MOD_REPLACE, "dnsRecord", records)])

    def reset(self) -> None:
        for name in NAMES:
            self.put(name, *self.east)


class _Closing:
    def __init__(self, connection: t.Any) -> None:
        self.close = connection.unbind_s


@pytest.fixture(scope="module")
def sites(only_domain: Domain, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Sites]:
    if problem := dns_servers.impediment():
        if os.environ.get("WINHA_DIRECTORY_REQUIRED"):
            pytest.fail(problem)
        pytest.skip(problem)
    if not (importlib.util.find_spec("gssapi") or os.environ.get("WINHA_KERBEROS_REQUIRED")):
        pytest.skip("the Python library gssapi is missing")
    if problem := dns_servers.missing_module():
        pytest.skip(problem)
    worker = only_domain.controller.address.split(".")[2]
    east, west = ([f"127.{network}.{worker}.{host}" for host in range(11, 17)] for network in (33, 34))
    folder = tmp_path_factory.mktemp("sites")
    accounts = [
        {"name": "asa", "password": SECRET, "spns": SPNS},
        {"name": "svc-dns", "password": SECRET},
    ]
    description = {"domain": DOMAIN, "address": f"127.33.{worker}.5", "password": PASSWORD, "accounts": accounts}
    with contextlib.ExitStack() as stack:
        host = Host("load-balancer", west[0], "2008 R2")
        tls = server_context(folder, host)
        stack.enter_context(ClientAccess(east, tls).running())
        in_west = stack.enter_context(ClientAccess(west, tls).running())
        servers = stack.enter_context(
            dns_servers.running(
                description,
                f"127.34.{worker}.5",
                folder,
                lambda: [DnsName(name, tuple(east), ttl=3600) for name in NAMES],
            )
        )
        caches = {}
        for user, password in ((servers.first.administrator, PASSWORD), ("svc-dns", SECRET)):
            caches[user] = folder / f"{user}.ccache"
            servers.first.kinit(f"{user}@{servers.first.realm}", caches[user], password=password)
        yield Sites(only_domain, servers, caches[servers.first.administrator], east, west, in_west)


def said(run: Run) -> str:
    """The output as one line, without line breaks."""
    return " ".join(run.output.split())


def test_names_are_switched_over_and_back(sites: Sites) -> None:
    sites.reset()
    before = sites.state()
    checked = sites.play("winha.cluster.switchover", "--check", "--diff")
    assert checked.rc == 0, checked.output
    assert sites.state() == before
    assert f"-mail.{DOMAIN} on dc01.{DOMAIN}: {', '.join(sites.east)}" in checked.output
    assert f"+mail.{DOMAIN} on dc02.{DOMAIN}: {', '.join(sites.west)}" in checked.output

    text = said(checked)
    assert f"mail.{DOMAIN} is a static record. The update gives it a time stamp. Aging is off in {DOMAIN}" in text
    assert f"The TTL of mail.{DOMAIN} is 3600 s, so clients may use the old address for up to 3600 s" in text

    lowered = sites.play("winha.cluster.switchover_prepare")
    assert lowered.rc == 0, lowered.output
    assert {name: sites.of(name) for name in NAMES} == dict.fromkeys(NAMES, [(sites.east, 300)] * 2)
    assert "wait that long" in said(lowered)

    done = sites.play("winha.cluster.switchover")
    assert done.rc == 0, done.output
    assert {name: sites.of(name) for name in NAMES} == dict.fromkeys(NAMES, [(sites.west, 300)] * 2)
    text = said(done)
    assert "The endpoint in Outlook does not change, and it need not change" in text
    assert "After at most 300 s, the TTL of the old record, all clients use the new address." in text
    assert "is a dynamic record" not in text  # aging is off
    assert "No account has the SPN" not in text
    assert "still returns" not in text

    after = sites.state()
    again = sites.play("winha.cluster.switchover")
    assert (again.rc, again.of("localhost", CHANGE).changed) == (0, False), again.output
    assert sites.state() == after
    assert "clients need not wait" in said(again)

    back = sites.play("winha.cluster.switchback")
    assert back.rc == 0, back.output
    assert {name: sites.of(name) for name in NAMES} == dict.fromkeys(NAMES, [(sites.east, 300)] * 2)
    assert "only then move and mount the databases" in said(back)


def test_what_forbids_the_change_is_told_before_a_write(sites: Sites) -> None:
    sites.reset()
    sites.put("mail", "10.9.9.9", on=[1])
    before = sites.state()
    names = sites.variables["site_switchover_names"]
    names[f"autodiscover.{DOMAIN}"] |= {"ports": [443, 444]}
    run = sites.play("winha.cluster.switchover", site_switchover_names=names)
    text = said(run)
    assert run.rc == 2
    assert sites.state() == before
    assert "Nothing was written." in text
    assert f"On dc02.{DOMAIN}, mail.{DOMAIN} has 10.9.9.9, which site_switchover_names does not have." in text
    assert f"The new address {sites.west[0]} of autodiscover.{DOMAIN} does not accept connections on port" in text


def test_a_load_balancer_without_servers_forbids_the_change(sites: Sites) -> None:
    sites.reset()
    before = sites.state()
    sites.in_west.has_servers = False
    try:
        run = sites.play("winha.cluster.switchover")
    finally:
        sites.in_west.has_servers = True
    assert (run.rc, sites.state()) == (2, before)
    begin = f"The new address {sites.west[0]} of {{name}}.{DOMAIN} has no working service on port {{port}}: "
    text = said(run)
    assert begin.format(name="mail", port=443) + "The load balancer or server returns HTTP 503." in text
    assert begin.format(name="outlook-east", port=135) + "The port is open, but the connection is closed" in text
    assert "Check the servers behind the load balancer. If the service is right, set site_switchover_services" in text
    sites.in_west.has_servers = False
    try:
        allowed = sites.play("winha.cluster.switchover", "--check", site_switchover_services=False)
    finally:
        sites.in_west.has_servers = True
    assert (allowed.rc, sites.state()) == (0, before), allowed.output


def test_an_account_without_the_permission_writes_nothing(sites: Sites) -> None:
    sites.reset()
    before = sites.state()[:2]
    cache = sites.cache.with_name("svc-dns.ccache")
    run = sites.play("winha.cluster.switchover", cache=cache)
    assert (run.rc, sites.state()[:2]) == (2, before)
    assert f"The account may not write the records of mail.{DOMAIN}. Give it the permission to write DC=ma" in said(run)
    one = {"names": {f"mail.{DOMAIN}": sites.west}, "dns_servers": [sites.addresses[0]], "replication_timeout": 0}
    where = {"vars": {"ansible_connection": "local"}}
    play = tasks("localhost", {"winha.cluster.dns_address": one} | where)
    refused = sites.play(play, cache=cache).of("localhost")
    assert (refused.status, refused.changed, sites.state()[:2]) == ("failed", False, before), refused.message
    assert f"dc01.{DOMAIN} refused the update of mail.{DOMAIN} with REFUSED. Check that the zone" in refused.message
    assert f"dc02.{DOMAIN} returned SERVFAIL, but the signature of its response is not valid" in refused.message
    assert "Give the account the permission to write this record; Samba also returns SERVFAIL" in refused.message
    nobody = sites.play(play, cache=cache.with_name("none"))
    message = nobody.of("localhost").message
    assert f"Signing in on dc01.{DOMAIN} failed: no Kerberos ticket for DNS/dc01.{DOMAIN}" in message
    assert "Run kinit, or set the user name and the password." in message
    assert sites.state()[:2] == before


def test_a_half_replicated_zone_is_completed_and_a_lost_response_is_read(sites: Sites) -> None:
    sites.reset()
    sites.put("mail", *sites.west, ttl=300, on=[0])
    relay = sites.servers.bind.relay
    sent, relay.lose = relay.updates, True
    try:
        run = sites.play("winha.cluster.switchover")
    finally:
        relay.lose = False
    assert run.rc == 0, run.output
    assert f"The DNS servers do not agree: mail.{DOMAIN} has" in said(run)
    changes = {row["label"] for row in run.of("localhost", CHANGE).data["changes"]}
    assert f"mail.{DOMAIN} on dc02.{DOMAIN}" in changes
    assert f"mail.{DOMAIN} on dc01.{DOMAIN}" not in changes
    assert relay.updates - sent == len(NAMES) - 1  # each update was sent once, and its response was lost
    assert {name: sites.of(name) for name in NAMES} == dict.fromkeys(NAMES, [(sites.west, 300)] * 2)


def test_the_next_run_finishes_a_run_that_was_killed_between_two_updates(sites: Sites) -> None:
    sites.reset()
    relay = sites.servers.bind.relay
    sent, relay.delay = relay.updates, 3
    try:
        kill(
            sites.domain.stage,
            "winha.cluster.switchover",
            lambda: relay.updates - sent == 2,
            **sites.surroundings(),
        )
    finally:
        relay.delay = 0
    wait_for(lambda: sum(sites.of(name)[0] == (sites.west, 300) for name in NAMES) == 2)
    assert [sites.of(name)[1] for name in NAMES] == [(sites.east, 3600)] * 4
    assert relay.updates - sent == 2

    run = sites.play("winha.cluster.switchover")
    assert run.rc == 0, run.output
    assert {name: sites.of(name) for name in NAMES} == dict.fromkeys(NAMES, [(sites.west, 300)] * 2)
    assert relay.updates - sent == len(NAMES)  # no update was sent twice
    before = sites.state()
    assert sites.play("winha.cluster.switchover").rc == 0
    assert sites.state() == before


def test_what_is_assumed_about_dns_servers_is_confirmed_without_an_update(sites: Sites) -> None:
    sites.reset()
    before = sites.state()
    points = ("dns.zone", "dns.servers", "dns.records", "dns.tickets")
    connection = {"dns_servers": [sites.addresses[0]], "timeout": 8}

    def answers(cache: Path, *names: str, **more: t.Any) -> dict[str, str]:
        own = {"names": list(names or (f"mail.{DOMAIN}",)), **connection, **more}
        options = {"winha.cluster.prove_dns_info": own}
        found = sites.play(tasks("localhost", options), cache=cache).of("localhost").data["answers"]
        return {one["point"]: one["answer"] for one in found}

    assert answers(sites.cache) == dict.fromkeys(points, "confirmed")
    assert answers(sites.cache, f"nobody.{DOMAIN}") == dict.fromkeys(points, "confirmed") | {"dns.records": "not_there"}
    assert answers(sites.cache.with_name("none")) == dict.fromkeys(points, "confirmed") | {"dns.tickets": "not_allowed"}
    assert answers(sites.cache, "mail.nowhere.invalid") == dict.fromkeys(points, "not_looked_at")
    given = {"name_servers": [f"dc01.{DOMAIN}", f"dc02.{DOMAIN}"]}
    assert answers(sites.cache, **given) == dict.fromkeys(points, "confirmed") | {"dns.servers": "not_looked_at"}
    assert sites.state() == before
    sites.servers.second.stop()
    try:
        found = answers(sites.cache)
    finally:
        sites.servers.second.start()
    assert found == dict.fromkeys(points[:2], "confirmed") | dict.fromkeys(points[2:], "not_looked_at")


def test_a_server_that_is_down_stops_the_run_until_it_is_left_out(sites: Sites) -> None:
    sites.reset()
    sites.servers.second.stop()
    connection = {"dns_servers": [sites.addresses[0]], "timeout": 8}
    try:
        before = sites.serial()
        run = sites.play("winha.cluster.switchover", site_switchover_dns=connection)
        assert (run.rc, sites.serial()) == (2, before)
        assert f"Nothing was written. Reading mail.{DOMAIN} on dc02.{DOMAIN} failed" in said(run) or (
            f"on dc02.{DOMAIN} failed: dc02.{DOMAIN} ({sites.addresses[1]}) did not respond" in said(run)
        )
        done = sites.play(
            "winha.cluster.switchover",
            site_switchover_dns=connection,
            site_switchover_exclude_servers=[f"dc02.{DOMAIN}"],
            site_switchover_resolvers=[],
        )
    finally:
        sites.servers.second.start()
    assert done.rc == 0, done.output
    assert f"dc02.{DOMAIN} is left out: it has the old addresses until it has replicated." in said(done)
    assert sites.of("mail") == [(sites.west, 300), (sites.east, 3600)]
    rerun = sites.play("winha.cluster.switchover")
    assert (rerun.rc, sites.of("mail")) == (0, [(sites.west, 300)] * 2), rerun.output
