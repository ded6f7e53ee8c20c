# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a recorded message of Windows and the classes of the lab differ."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from .bundle import MESSAGES, Bundle, Message, load
from .checks import EstateError
from .windows.classes import Class, classes, namespaces
from .windows.versions import VERSIONS
from .wire.soap import XSI_NIL, local, parse, text

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Iterator
    from pathlib import Path

    from .windows.classes import Property

_NUMBER = re.compile(r"-?[0-9]+")
_NO_CLASS = re.compile(r"2150858778 CannotProcessFilter|2150858752 DestinationUnreachable")
_OF_EVERY_HOST = {"root/cimv2", "root/default", "root/standardcimv2"}  # without a role such as Hyper-V
_ALL_COLUMNS = re.compile(r"\s*select\s+\*\s+from\s+\w+\s*", re.IGNORECASE)


def differences(message: Message, release: str) -> list[str]:
    """What this message shows to be different from the lab's host of this release, one sentence each."""
    if release not in VERSIONS or message.response is None or message.namespace.lower() not in namespaces():
        return []
    known = classes(message.namespace.lower(), release)
    root = parse(message.response.encode())
    if message.fault:
        exists = message.cls.lower() in known and message.namespace.lower() in _OF_EVERY_HOST
        if exists and _NO_CLASS.search(message.fault) and _ALL_COLUMNS.fullmatch(message.query):
            return [f"Windows Server {release} does not have {message.cls}, and the lab has it."]
        return []
    if message.operation == "Invoke":
        return _of_method(message, known.get(message.cls.lower()), root)
    found: list[str] = []
    for element in _instances(root):
        name = message.cls if local(element.tag) == "XmlFragment" else local(element.tag)
        if name == "*":
            continue  # a later page of a query of columns
        cls = known.get(name.lower())
        if cls is None:
            found.append(f"Windows Server {release} has {name} in {message.namespace}, and the lab does not have it.")
        else:
            found += _of_instance(element, cls, whole=not message.query or bool(_ALL_COLUMNS.match(message.query)))
    return list(dict.fromkeys(found))


def _instances(root: ET.Element) -> Iterator[ET.Element]:
    """The instances in a response: each item without its address, or the body of a Get."""
    body = next((one for part in root if local(part.tag) == "Body" for one in part), None)
    if body is None:
        return
    lists = [one for one in body if local(one.tag) == "Items"]
    if not lists and local(body.tag).endswith("Response"):
        return
    for item in (one for each in lists for one in each) if lists else (body,):
        yield item[0] if local(item.tag) == "Item" and len(item) else item


def _of_instance(element: ET.Element, cls: Class, *, whole: bool) -> Iterator[str]:
    received = {local(one.tag).lower(): one for one in element}
    for name, one in received.items():
        known = cls.property(name)
        if known is None:
            yield f"Windows has {cls.name}.{local(one.tag)}, and the lab does not have it."
        elif problem := _of_value(one, known):
            yield f"{cls.name}.{known.name} is {known.type} in the lab, and Windows returned {problem}."
    # Windows leaves out arrays that are null.
    missing = [one.name for one in cls.properties.values() if one.name.lower() not in received and not one.is_array]
    if whole and missing:
        yield f"The lab has {cls.name}.{', '.join(missing)}, and Windows did not return it."


def _of_value(element: ET.Element, known: Property) -> str:
    """What is wrong about a value; empty if nothing is."""
    value = text(element)
    if element.get(XSI_NIL) == "true" or known.is_object or known.base in {"string", "reference"} or len(element):
        return ""
    if known.base == "boolean":
        return "" if value.lower() in {"true", "false"} else "a text that is not true or false"
    if known.base == "datetime":
        return "" if re.match("[0-9*]{4}", value) else "a text that is not a time"
    return "" if _NUMBER.fullmatch(value) or known.base.startswith("real") else "a text that is not a number"


def _of_method(message: Message, cls: Class | None, root: ET.Element) -> list[str]:
    if cls is None:
        return [f"Windows has {message.cls} in {message.namespace}, and the lab does not have it."]
    method = cls.methods.get(message.method.lower())
    if method is None:
        return [f"Windows has {cls.name}.{message.method}, and the lab does not have it."]
    body = next((one for part in root if local(part.tag) == "Body" for one in part), None)
    names = [local(one.tag) for one in body] if body is not None else []
    unknown = [name for name in dict.fromkeys(names) if name.lower() not in {*method.outputs, "returnvalue"}]
    return [f"Windows returns {name} from {cls.name}.{method.name}, and the lab does not." for name in unknown]


def all_differences(bundle: Bundle) -> list[tuple[Message, list[str]]]:
    """The messages of a bundle that differ from the lab, with the sentences. A sentence is told once."""
    told: set[tuple[str, str]] = set()
    found = []
    for message in bundle.messages:
        release = bundle.releases.get(message.host, "")
        fresh = [one for one in differences(message, release) if (release, one) not in told]
        told |= {(release, one) for one in fresh}
        found += [(message, fresh)] if fresh else []
    return found


def write(source: Path, target: Path, wanted: set[Message] | None = None, *, host: str = "", cls: str = "") -> int:
    """Write messages of a bundle to a file for tests, each with the release of its host. Returns their number."""
    bundle = load(source)
    if target.exists():
        raise EstateError(f"{target} exists already")
    lines = []
    rows = (source / MESSAGES if source.is_dir() else source).read_text("utf-8").splitlines()
    for message, line in zip(bundle.messages, rows, strict=True):
        if (
            (wanted is None or message in wanted)
            and host.lower() in {"", message.host.lower()}
            and cls.lower() in {"", message.cls.lower()}
        ):
            row: dict[str, Any] = json.loads(line)
            lines.append(json.dumps({"release": bundle.releases.get(message.host, ""), **row}, ensure_ascii=False))
    if not lines:
        raise EstateError(f"{source} has no such message")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(lines) + "\n", "utf-8")
    return len(lines)
