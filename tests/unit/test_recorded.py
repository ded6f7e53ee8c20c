# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages of real hosts in the folder recorded: the collection reads them, and the lab answers alike.

C(python -m lab fixture) and C(python -m lab differences) add files there (docs/recording.md).
"""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._wsman.cim import UriStyle, read_item
from ansible_collections.winha.cluster.plugins.module_utils._wsman.document import SOAP, parse
from ansible_collections.winha.cluster.plugins.module_utils._wsman.envelope import read_body
from ansible_collections.winha.cluster.plugins.module_utils._wsman.faults import parse_fault
from lab.bundle import Message, load, message_id
from lab.differences import differences
from lab.wire import soap

RECORDED = pathlib.Path(__file__).parent / "recorded"


def messages_of(folder: pathlib.Path) -> t.Iterator[tuple[str, Message, str]]:
    """The messages of all files, each with its place and the release of its host."""
    for path in sorted(folder.glob("*.jsonl")):
        bundle = load(path)
        for number, message in enumerate(bundle.messages, start=1):
            yield f"{path.name}, line {number}", message, bundle.releases.get(message.host, "")


def assert_read(message: Message) -> None:
    """The collection reads the response: each instance, or the code of the fault."""
    if message.response is None:
        return
    identifier = message_id(soap.parse(message.request.encode()))
    body = read_body(parse(message.response.encode()), identifier)
    if message.fault:
        assert body is not None
        assert body.tag == f"{{{SOAP}}}Fault"
        assert f"{parse_fault(body).code or ''} {parse_fault(body).subcode}".strip() == message.fault
        return
    items = [one for each in body if soap.local(each.tag) == "Items" for one in each] if body is not None else []
    if message.namespace:
        read = [read_item(one, message.namespace, UriStyle.WINDOWS) for one in items]
        assert len(read) == (message.instances if message.operation in {"Enumerate", "Pull"} else 0)
        assert all(one.class_name and one.names() for one in read)


def test_the_collection_reads_what_hosts_answered() -> None:
    for place, message, _release in messages_of(RECORDED):
        try:
            assert_read(message)
        except Exception as exc:
            raise AssertionError(f"{place}: {exc}") from exc


def test_the_lab_answers_as_windows_did() -> None:
    found = messages_of(RECORDED / "differences")
    assert [(place, one) for place, message, release in found for one in differences(message, release)] == []
