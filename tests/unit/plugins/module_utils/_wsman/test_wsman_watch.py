# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time limit of an exchange: each connection that urllib3 opens is ended by it."""

from __future__ import annotations

import socket
import threading
import time
import typing as t

import pytest

pytest.importorskip("urllib3")

from ansible_collections.winha.cluster.plugins.module_utils._wsman.watch import Watch, watched_pools

SCHEMES = ("http", "https")


@pytest.fixture
def server() -> t.Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found


def connection(watch: Watch, scheme: str, server: socket.socket) -> t.Any:
    return watched_pools(watch)[scheme].ConnectionCls("127.0.0.1", server.getsockname()[1], timeout=5)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_connection_is_shut_down_when_the_time_is_up(server: socket.socket, scheme: str) -> None:
    watch = Watch()
    with watch.limit(0.05), connection(watch, scheme, server)._new_conn() as opened:
        begun, _address = server.accept()
        with begun:
            begun.settimeout(5)
            assert begun.recv(1) == opened.recv(1) == b""  # both ends: the connection was shut down
    assert watch.expired
    watch.forget()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_after_the_time_no_connection_is_begun(server: socket.socket, scheme: str) -> None:
    watch = Watch()
    watch.expired = True
    with pytest.raises(TimeoutError, match="the time is up"):
        connection(watch, scheme, server)._new_conn()


def test_a_request_can_be_sent_from_when_the_connection_is_there_until_it_is_closed(server: socket.socket) -> None:
    watch = Watch()
    opened = connection(watch, "http", server)
    assert not watch.connected
    opened.connect()
    assert watch.connected
    watch.forget()
    assert not watch.connected
    opened.close()


def test_a_connection_with_tls_counts_only_after_its_handshake(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()
    opened = connection(watch, "https", server)

    def end() -> None:
        server.accept()[0].close()

    thread = threading.Thread(target=end)
    thread.start()
    with pytest.raises(Exception, match=r"(?i)ssl|eof|reset|closed"):
        opened.connect()
    thread.join()
    assert not watch.connected
    monkeypatch.setattr(type(opened).__mro__[1], "connect", lambda _self: None)
    opened.connect()
    assert watch.connected


def test_a_limit_begins_anew_and_ends_with_its_block() -> None:
    watch = Watch()
    watch.expired = True
    with watch.limit(60):
        assert not watch.expired
        thread = watch._thread
        assert thread is not None
        assert thread.is_alive()
    with watch.limit(0.05):
        assert watch._thread is thread
        assert not watch.expired
    time.sleep(0.2)
    assert not watch.expired  # the block had ended
    watch.stop()
    thread.join(5)
    assert not thread.is_alive()
