# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of TCP ports, with real sockets."""

from __future__ import annotations

import contextlib
import socket
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.modules import dns_name_info
from name_server import record_type, reply, serving

Results = list[list[dict[str, t.Any]]]


def check(address: str, *ports: int, names: int = 1) -> Results:
    """The results for names with this address."""

    def respond(query: t.Any) -> t.Any:
        records = [(str(query.question[0].name), 60, "IN", "A", address)] if record_type(query) == "A" else []
        return reply(query, *records)

    with serving(respond) as server:
        options = {
            "names": [f"n{number}.example.test" for number in range(names)],
            "ports": list(ports),
            "endpoints": [],
            "services": False,
            "service_names": {},
            "dns_servers": [server.address],
            "timeout": 1,
        }
        result = task.run(
            dns_name_info.TASK, dns_name_info.TASK.service.session_factory(options), options, check_mode=False
        )
    return [row["answers"] for row in result["names"]]


def test_a_port_is_checked_once_without_sending_data() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        rows = check("127.0.0.1", port, names=3)
        listener.settimeout(10)
        with listener.accept()[0] as connection:
            assert connection.recv(1) == b""
        listener.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            listener.accept()
            raise AssertionError("connected twice")
    assert rows == 3 * [[{"address": "127.0.0.1", "port": port, "open": True, "responds": None, "why": None}]]


def test_a_closed_port_is_not_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as open_one, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        ports = [listener.getsockname()[1] for listener in (closed, open_one)]
        ((first, second),) = check("127.0.0.1", *ports)
    assert (first["port"], first["open"], first["why"]) == (ports[0], False, "Connection refused")
    assert (second["port"], second["open"]) == (ports[1], True)


def test_a_port_without_a_response_is_not_open() -> None:
    with contextlib.ExitStack() as stack:
        # Linux drops connections that do not fit into the backlog.
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _number in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        ((row,),) = check("127.0.0.1", full.getsockname()[1])
    assert (row["open"], row["why"]) == (False, "No response within 1 s")


def test_a_port_that_this_machine_cannot_reach_is_unknown() -> None:
    ((row,),) = check("255.255.255.255", 443)
    assert row["open"] is None
    assert row["why"]
