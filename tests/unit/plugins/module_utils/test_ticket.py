# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching a Kerberos ticket, with a script in kinit's place."""

from __future__ import annotations

import os
import sys
import tempfile
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import CredentialsRefused
from ansible_collections.winha.cluster.plugins.module_utils.ticket import Kinit

PRINCIPAL = "admin@EXAMPLE.COM"
PASSWORD = "p$w 'ö\" word"  # an invented one, awkward for a shell

if t.TYPE_CHECKING:
    import pathlib

Script = t.Callable[[str], str]


@pytest.fixture
def script(tmp_path: pathlib.Path) -> Script:
    """Writes a command; what it does is told in shell."""

    def write(text: str) -> str:
        path = tmp_path / "kinit"
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return write


@pytest.fixture(autouse=True)
def caches(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> pathlib.Path:
    """Where credential caches are made."""
    folder = tmp_path / "caches"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("former", [None, "FILE:/somewhere/else"])
def test_a_ticket_is_there_until_it_is_dropped(
    script: Script, caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch, former: str | None
) -> None:
    if former is None:
        monkeypatch.delenv("KRB5CCNAME", raising=False)
    else:
        monkeypatch.setenv("KRB5CCNAME", former)
    command = script('cat > "${KRB5CCNAME#FILE:}"; echo "$@" >> "${KRB5CCNAME#FILE:}"')
    ticket = Kinit(command=command, arguments=("-f", "-l", "1h")).fetch(PRINCIPAL, PASSWORD)
    (cache,) = caches.iterdir()
    assert os.environ["KRB5CCNAME"] == f"FILE:{cache}"
    assert cache.read_text(encoding="utf-8") == f"{PASSWORD}\n-f -l 1h {PRINCIPAL}\n"  # by stdin, not as an argument
    assert cache.stat().st_mode & 0o077 == 0

    ticket.drop()
    assert os.environ.get("KRB5CCNAME") == former
    assert list(caches.iterdir()) == []
    ticket.drop()  # twice does no harm
    assert os.environ.get("KRB5CCNAME") == former


def test_a_refusal_is_told_without_the_password(
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


def test_a_refusal_without_a_password(script: Script) -> None:
    with pytest.raises(CredentialsRefused, match="no keys"):
        Kinit(command=script("echo no keys >&2; exit 1")).fetch(PRINCIPAL, "")


def test_a_refusal_in_another_encoding(script: Script, caches: pathlib.Path) -> None:
    with pytest.raises(CredentialsRefused, match="got no ticket"):
        Kinit(command=script(r"printf 'ung\374ltig\n' >&2; exit 1")).fetch(PRINCIPAL, PASSWORD)
    assert list(caches.iterdir()) == []


def test_a_command_that_is_not_there(caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KRB5CCNAME", raising=False)
    with pytest.raises(CredentialsRefused, match="/no/such/kinit could not be started: No such file or directory"):
        Kinit(command="/no/such/kinit").fetch(PRINCIPAL, PASSWORD)
    assert list(caches.iterdir()) == []
    assert "KRB5CCNAME" not in os.environ


def test_it_sees_only_the_variables_that_it_needs(
    script: Script, caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5CCNAME", "FILE:/former")
    monkeypatch.setenv("KRB5_CONFIG", "/etc/other.conf")
    monkeypatch.setenv("KRB5_TRACE", "/dev/stderr")
    monkeypatch.setenv("VAULT_PASSWORD", "not its business")
    command = script('env > "${KRB5CCNAME#FILE:}"')
    Kinit(command=command, environment=("KRB5_TRACE", "NOT_SET")).fetch(PRINCIPAL, PASSWORD)
    assert os.environ["KRB5CCNAME"] != "FILE:/former"  # and the fixture puts it back
    (cache,) = caches.iterdir()
    names = {line.partition("=")[0] for line in cache.read_text().splitlines()}
    assert {"PATH", "KRB5_CONFIG", "KRB5_TRACE", "KRB5CCNAME"} <= names
    assert "VAULT_PASSWORD" not in names


def test_it_has_no_terminal_to_ask_on(caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KRB5CCNAME", raising=False)
    tell = "import os; open(os.environ['KRB5CCNAME'].removeprefix('FILE:'), 'w').write(str(os.getsid(0)))"
    ticket = Kinit(command=sys.executable, arguments=("-c", tell)).fetch(PRINCIPAL, PASSWORD)
    (cache,) = caches.iterdir()
    assert int(cache.read_text()) != os.getsid(0)
    ticket.drop()


def test_a_kdc_that_says_nothing(script: Script, caches: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command waits for something of its own, which goes with it."""
    monkeypatch.setenv("KRB5CCNAME", "FILE:/former")
    with pytest.raises(CredentialsRefused, match=f"got no ticket for {PRINCIPAL} in 0.1 seconds") as caught:
        Kinit(command=script("sleep 600 & wait"), timeout=0.1).fetch(PRINCIPAL, PASSWORD)
    assert "that a KDC of the realm can be reached" in str(caught.value)
    assert os.environ["KRB5CCNAME"] == "FILE:/former"
    assert list(caches.iterdir()) == []
