# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several connections of one session: what is sent, over how many, and what is sent once."""

from __future__ import annotations

import threading
import time
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows.unknown import at_the_same_time
from ansible_collections.winha.cluster.plugins.module_utils._wsman import client, connections
from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import CimClass, Instance
from ansible_collections.winha.cluster.plugins.module_utils._wsman.errors import (
    CredentialsRefused,
    Fault,
    ResponseLost,
    WriteRefused,
)
from ansible_collections.winha.cluster.plugins.module_utils._wsman.transport import Endpoint


class Listener:
    """Takes the place of the connections, and counts messages, connections, and those at the same time."""

    def __init__(self) -> None:
        self.opened: list[t.Any] = []
        self.closed = 0
        self.sent: list[str] = []
        self.now = self.most = 0
        self.first_alone = True
        self.refuses = False
        self._lock = threading.Lock()

    def open(self, endpoint: Endpoint, *, name: str | None = None) -> t.Any:
        listener = self

        class Connection:
            host = name or endpoint.host

            def send(self, message: str) -> bytes:
                return listener.answer(message, endpoint)

            def close(self) -> None:
                listener.closed += 1

        self.opened.append(Connection())
        return self.opened[-1]

    def answer(self, message: str, endpoint: Endpoint) -> bytes:
        with self._lock:
            self.sent.append(message)
            self.now += 1
            self.most = max(self.most, self.now)
            alone = len(self.sent) == 1
        if endpoint.kinit is not None:
            endpoint.kinit.fetch("user", "password")
        time.sleep(0.05)
        with self._lock:
            if alone and len(self.sent) > 1:
                self.first_alone = False
            self.now -= 1
        if self.refuses:
            raise CredentialsRefused("401")
        return message.encode()


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    found = Listener()
    monkeypatch.setattr(connections, "HttpTransport", found.open)
    return found


def send_at_once(sender: connections.Connections, number: int) -> list[t.Any]:
    def send(text: str) -> t.Any:
        try:
            return sender.send(text)
        except CredentialsRefused as exc:
            return exc

    several = t.cast("t.Any", type("Several", (), {"connections": 2}))
    return at_the_same_time(several, [lambda text=str(each): send(text) for each in range(number)])


def test_messages_are_sent_at_the_same_time_over_as_many_connections_as_allowed(listener: Listener) -> None:
    sender = connections.Connections(Endpoint(host="hv01"), most=3)
    assert send_at_once(sender, 9) == [str(each).encode() for each in range(9)]
    assert (len(listener.opened), listener.most, listener.first_alone) == (3, 3, True)
    sender.close()
    assert listener.closed == 3


def test_a_refused_account_is_tried_over_one_connection(listener: Listener) -> None:
    listener.refuses = True
    sender = connections.Connections(Endpoint(host="hv01"), most=3)
    assert all(isinstance(each, CredentialsRefused) for each in send_at_once(sender, 3))
    assert (len(listener.opened), listener.most) == (1, 1)


def test_messages_one_after_another_use_one_connection(listener: Listener) -> None:
    sender = connections.Connections(Endpoint(host="hv01"), most=3)
    assert [sender.send(text) for text in ("a", "b")] == [b"a", b"b"]
    assert len(listener.opened) == 1


def test_all_connections_share_one_ticket_until_the_session_ends(listener: Listener) -> None:
    tickets: list[str] = []

    class Ticket:
        def drop(self) -> None:
            tickets.append("dropped")

    class Kinit:
        def fetch(self, principal: str, password: str) -> Ticket:
            tickets.append(f"{principal} {password}")
            return Ticket()

    sender = connections.Connections(Endpoint(host="hv01", kinit=t.cast("t.Any", Kinit())), most=3)
    sender.send("first")
    send_at_once(sender, 6)
    assert (len(listener.opened), tickets) == (3, ["user password"])
    sender.close()
    assert tickets == ["user password", "dropped"]


class TestVisit:
    """A session that only reads."""

    seconds = 0.0  # that each query seems to wait

    @pytest.fixture
    def queries(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        sent: list[str] = []

        def query(_self: t.Any, namespace: str, wql: str, *, operation: str, references: bool) -> list[Instance]:
            assert references
            sent.append(wql)
            if sent.count(wql) == 1 and "Lost" in wql:
                raise ResponseLost(f"{operation} {namespace}")
            if "Broken" in wql:
                raise Fault("broken", code=5, subcode="InternalError")
            time.sleep(0.02)
            _self._waited += self.seconds
            return []

        monkeypatch.setattr(client.Client, "query", query)
        return sent

    def visit(self) -> connections.Visit:
        return connections.Visit(Endpoint(host="hv01"), connections=4)

    def test_the_same_query_is_sent_once_also_at_the_same_time(self, queries: list[str]) -> None:
        visit = self.visit()
        visit.connections = 4
        wqls = ["SELECT * FROM A", "SELECT * FROM B"] * 3
        calls = [lambda wql=wql: visit.query("root/cimv2", wql, operation="reading") for wql in wqls]
        assert at_the_same_time(visit, calls) == [[]] * 6
        visit.query("root/other", "SELECT * FROM A", operation="reading")
        assert sorted(queries) == ["SELECT * FROM A", "SELECT * FROM A", "SELECT * FROM B"]

    @pytest.mark.parametrize(("seconds", "connections"), [(0.001, 1), (0.1, 4)])
    def test_only_a_host_that_takes_its_time_is_asked_several_things_at_once(
        self, queries: list[str], seconds: float, connections: int
    ) -> None:
        self.seconds = seconds
        visit = self.visit()
        assert visit.connections == 1
        visit.query("root/cimv2", "SELECT * FROM A", operation="reading")
        assert (visit.connections, len(queries)) == (connections, 1)

    def test_a_fault_is_the_result_of_a_query_and_it_is_not_sent_again(self, queries: list[str]) -> None:
        visit = self.visit()
        found = []
        for _time in range(2):
            with pytest.raises(Fault, match="broken") as raised:
                visit.query("root/cimv2", "SELECT * FROM Broken", operation="reading")
            found.append(raised.value)
        assert len(queries) == 1
        assert found[0] is not found[1]
        assert (found[1].code, found[1].subcode) == (5, "InternalError")

    def test_a_query_whose_response_was_lost_is_sent_again(self, queries: list[str]) -> None:
        visit = self.visit()
        with pytest.raises(ResponseLost):
            visit.query("root/cimv2", "SELECT * FROM Lost", operation="reading")
        assert visit.query("root/cimv2", "SELECT * FROM Lost", operation="reading") == []
        assert len(queries) == 2

    def test_a_write_is_refused(self, listener: Listener) -> None:
        with pytest.raises(WriteRefused):
            self.visit().invoke(CimClass(namespace="root/cimv2", name="A"), "Restart", {}, operation="restarting")
        assert listener.sent == []
