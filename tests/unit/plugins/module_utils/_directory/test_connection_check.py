# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a connection to a domain controller failed, against a server on loopback that has no certificate."""

from __future__ import annotations

import socket
import threading
import typing as t

import pytest

pytest.importorskip("ldap")

from ansible_collections.winha.cluster.plugins.module_utils._directory.access import Access, Server
from ansible_collections.winha.cluster.plugins.module_utils._directory.connection_check import diagnose_connection

START_TLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
CLIENT_HELLO = 22  # the first octet of a handshake


def first_octets(tls: str, **more: t.Any) -> tuple[list[bytes], t.Any]:
    """What the server receives first, and after its response; and the problem."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as client:
                received.append(client.recv(4096))
                if received[0] == START_TLS:
                    client.sendall(b"yes")
                    received.append(client.recv(4096))

        thread = threading.Thread(target=serve)
        thread.start()
        access = Access(tls=tls, connect_timeout=5, **more)
        problem = diagnose_connection(access, Server("127.0.0.1", server.getsockname()[1]), catalog=False)
        thread.join(5)
    return received, problem


@pytest.mark.parametrize("more", [{}, {"validate_certs": False}])
def test_start_tls_is_asked_for_before_the_handshake(more: dict[str, t.Any]) -> None:
    received, problem = first_octets("start_tls", **more)
    assert (received[0], received[1][0]) == (START_TLS, CLIENT_HELLO)
    assert problem.detail.startswith("TLS failed on port")
    assert problem.advice == "check that this port uses TLS"


def test_ldaps_begins_with_the_handshake() -> None:
    received, problem = first_octets("ldaps")
    assert received[0][0] == CLIENT_HELLO
    assert problem.detail.startswith("TLS failed on port")


def test_without_tls_a_connection_is_enough() -> None:
    received, problem = first_octets("none")
    assert (received, problem) == ([b""], None)


def test_a_ca_file_that_is_not_there(tmp_path: t.Any) -> None:
    _received, problem = first_octets("ldaps", ca_path=str(tmp_path / "none.pem"))
    assert problem.detail == f"the CA file {tmp_path}/none.pem cannot be used: No such file or directory"
    assert problem.advice == "correct ca_path"


def test_a_closed_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    problem = diagnose_connection(Access(connect_timeout=5), Server("127.0.0.1", port), catalog=False)
    assert problem is not None
    assert problem.detail == f"port {port}: Connection refused"
    assert "firewall" in problem.advice
