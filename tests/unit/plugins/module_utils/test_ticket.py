# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of requesting a Kerberos ticket; a script replaces kinit."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import CredentialsRefused
from ansible_collections.winha.cluster.plugins.module_utils.ticket import Kinit, kerberos_advice

PRINCIPAL = "admin@EXAMPLE.COM"
PASSWORD = "p$w 'ö\" word"  # with special characters of a shell

Script = t.Callable[[str], str]


@pytest.fixture
def script(tmp_path: pathlib.Path) -> Script:
    """Write a shell script and return its path."""

    def write(text: str) -> str:
        path = tmp_path / "kinit"
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return write


@pytest.fixture(autouse=True)
def caches(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> pathlib.Path:
    """The folder of the credential caches."""
    folder = tmp_path / "caches"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder / f"winha-krb5-{os.getuid()}"


def cache_in(caches: pathlib.Path) -> pathlib.Path:
    """The only cache."""
    (folder,) = caches.iterdir()
    return folder / "cache"


@pytest.mark.parametrize("former", [None, "FILE:/somewhere/else"])
def test_a_ticket_exists_until_it_is_dropped(
    script: Script, caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch, former: str | None
) -> None:
    if former is None:
        monkeypatch.delenv("KRB5CCNAME", raising=False)
    else:
        monkeypatch.setenv("KRB5CCNAME", former)
    command = script('cat > "${KRB5CCNAME#FILE:}"; echo "$@" >> "${KRB5CCNAME#FILE:}"')
    ticket = Kinit(command=command, arguments=("-f", "-l", "1h")).fetch(PRINCIPAL, PASSWORD)
    cache = cache_in(caches)
    assert os.environ["KRB5CCNAME"] == f"FILE:{cache}"
    assert cache.read_text(encoding="utf-8") == f"{PASSWORD}\n-f -l 1h {PRINCIPAL}\n"  # by stdin, not as an argument
    assert cache.stat().st_mode & 0o077 == 0

    ticket.drop()
    assert os.environ.get("KRB5CCNAME") == former
    assert list(caches.iterdir()) == []
    ticket.drop()  # a second call has no effect
    assert os.environ.get("KRB5CCNAME") == former


def test_an_error_does_not_contain_the_password(
    script: Script, caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5CCNAME", "FILE:/somewhere/else")
    command = script('read -r given; echo "Password incorrect: $given" >&2; exit 1')
    with pytest.raises(CredentialsRefused) as caught:
        Kinit(command=command).fetch(PRINCIPAL, PASSWORD)
    assert f"got no ticket for {PRINCIPAL}: Password incorrect: ********" in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert os.environ["KRB5CCNAME"] == "FILE:/somewhere/else"
    assert list(caches.iterdir()) == []


def advice_of(command: str) -> str:
    with pytest.raises(CredentialsRefused) as caught:
        Kinit(command=command).fetch(PRINCIPAL, PASSWORD)
    return caught.value.advice


def test_the_advice_is_that_of_the_error(script: Script) -> None:
    clock = advice_of(script("echo 'Clock skew too great' >&2; exit 1"))
    assert clock == "synchronize the clock of this machine with the domain"
    other = advice_of(script("echo 'Something new' >&2; exit 1"))
    assert other == "check the user name, the password, and that a KDC of the realm can be reached"


def test_an_error_without_a_password(script: Script) -> None:
    with pytest.raises(CredentialsRefused, match="no keys"):
        Kinit(command=script("echo no keys >&2; exit 1")).fetch(PRINCIPAL, "")


def test_an_error_in_another_encoding(script: Script, caches: pathlib.Path) -> None:
    with pytest.raises(CredentialsRefused, match="got no ticket"):
        Kinit(command=script(r"printf 'ung\374ltig\n' >&2; exit 1")).fetch(PRINCIPAL, PASSWORD)
    assert list(caches.iterdir()) == []


def test_a_missing_command(caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KRB5CCNAME", raising=False)
    with pytest.raises(CredentialsRefused, match="/no/such/kinit could not be started: No such file or directory"):
        Kinit(command="/no/such/kinit").fetch(PRINCIPAL, PASSWORD)
    assert list(caches.iterdir()) == []
    assert "KRB5CCNAME" not in os.environ


def test_kinit_gets_only_the_needed_variables(
    script: Script, caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5CCNAME", "FILE:/former")
    monkeypatch.setenv("KRB5_CONFIG", "/etc/other.conf")
    monkeypatch.setenv("KRB5_TRACE", "/dev/stderr")
    monkeypatch.setenv("VAULT_PASSWORD", "unrelated")
    command = script('env > "${KRB5CCNAME#FILE:}"')
    ticket = Kinit(command=command, environment=("KRB5_TRACE", "NOT_SET")).fetch(PRINCIPAL, PASSWORD)
    assert os.environ["KRB5CCNAME"] != "FILE:/former"  # the fixture restores it
    cache = cache_in(caches)
    names = {line.partition("=")[0] for line in cache.read_text().splitlines()}
    assert {"PATH", "KRB5_CONFIG", "KRB5_TRACE", "KRB5CCNAME"} <= names
    assert "VAULT_PASSWORD" not in names
    ticket.drop()


def test_kinit_has_no_terminal(caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KRB5CCNAME", raising=False)
    code = "import os; open(os.environ['KRB5CCNAME'].removeprefix('FILE:'), 'w').write(str(os.getsid(0)))"
    ticket = Kinit(command=sys.executable, arguments=("-c", code)).fetch(PRINCIPAL, PASSWORD)
    cache = cache_in(caches)
    assert int(cache.read_text()) != os.getsid(0)
    ticket.drop()


def test_a_kdc_that_does_not_respond(script: Script, caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command waits for a child process; both are killed."""
    monkeypatch.setenv("KRB5CCNAME", "FILE:/former")
    with pytest.raises(CredentialsRefused, match=f"got no ticket for {PRINCIPAL} in 0.1 seconds") as caught:
        Kinit(command=script("sleep 600 & wait"), timeout=0.1).fetch(PRINCIPAL, PASSWORD)
    assert "that a KDC of the realm can be reached" in str(caught.value)
    assert os.environ["KRB5CCNAME"] == "FILE:/former"
    assert list(caches.iterdir()) == []


def test_tickets_are_in_a_private_folder(script: Script, caches: pathlib.Path) -> None:
    ticket = Kinit(command=script("true")).fetch(PRINCIPAL, PASSWORD)
    assert caches.stat().st_mode & 0o777 == 0o700
    ticket.drop()
    caches.chmod(0o755)  # others could have put a link into it
    ticket = Kinit(command=script("true")).fetch(PRINCIPAL, PASSWORD)
    assert pathlib.Path(ticket.path).parents[1] != caches
    ticket.drop()


RUN = """
import os, pathlib, sys, tempfile, time
tempfile.tempdir = sys.argv[1]
from ansible_collections.winha.cluster.plugins.module_utils.ticket import Kinit, kerberos_advice
tickets = [Kinit(command=sys.argv[2]).fetch("admin@EXAMPLE.COM", "x") for _number in range(3)]
print(*(ticket.path for ticket in tickets), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_tickets_do_not_outlive_their_process(script: Script, caches: pathlib.Path, number: signal.Signals) -> None:
    command = script('echo ticket > "${KRB5CCNAME#FILE:}"')
    other = Kinit(command=command).fetch(PRINCIPAL, PASSWORD)
    arguments = [sys.executable, "-c", RUN, str(caches.parent), command]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        paths = [pathlib.Path(path) for path in process.stdout.readline().split()]
        assert [path.read_text() for path in paths] == ["ticket\n"] * 3
        process.send_signal(number)
        assert process.wait(10) == -number
    assert [path.exists() for path in paths] == [number == signal.SIGKILL] * 3
    Kinit(command=command).fetch(PRINCIPAL, PASSWORD).drop()  # deletes what a killed process has left
    assert [one.name for one in caches.iterdir()] == [pathlib.Path(other.path).parent.name]
    assert pathlib.Path(other.path).exists()
    other.drop()


BEFORE_A_TICKET = """
import os, signal
from ansible_collections.winha.cluster.plugins.module_utils import ticket
ticket._install_handlers()
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_signal_before_the_ticket_is_there_ends_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", BEFORE_A_TICKET], timeout=60, check=False)
    assert done.returncode == -signal.SIGTERM


def test_handlers_of_signals_are_restored(script: Script) -> None:
    before = signal.getsignal(signal.SIGTERM)
    ticket = Kinit(command=script("true")).fetch(PRINCIPAL, PASSWORD)
    assert signal.getsignal(signal.SIGTERM) != before
    ticket.drop()
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("Server not found in Kerberos database", "HTTP/<name>"),
        (
            "kinit: Client 'nobody@X' not found in Kerberos database while getting initial credentials",
            "no such account",
        ),
        ("Clock skew too great", "clock"),
        ("kinit: Password incorrect while getting initial credentials", "check the password"),
        ("kinit: Preauthentication failed while getting initial credentials", "check the password"),
        ("kinit: Client's credentials have been revoked", "disabled or locked"),
        ("kinit: Password has expired while getting initial credentials", "change the password"),
        ('Cannot find KDC for realm "X"', "realm"),
        ("kinit: KDC reply did not match expectations", "capital letters"),
        ("KDC has no support for encryption type", "AES"),
        ("No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0)", "run kinit"),
        ("No credentials were supplied, or the credentials were unavailable", "run kinit"),
        ("Ticket expired", "run kinit"),
        ("Matching credential not found (filename: /tmp/krb5cc_0)", "run kinit"),
        ("kinit: Cannot contact any KDC for realm 'EXAMPLE.TEST'", "port 88"),
        ("kinit: Cannot resolve servers for KDC in realm", "krb5.conf or DNS"),
    ],
)
def test_each_error_of_kerberos_has_its_own_advice(text: str, advice: str) -> None:
    found = kerberos_advice(text) or ""
    assert advice in found
    assert ("password" in found) is (advice in ("check the password", "change the password", "run kinit"))
