# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a bundle on this machine, and the private file beside it. Private to this collection.

Several tasks add to one bundle at the same time. Nothing of a task is added if one real value is left in its messages.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pathlib
import re
import secrets
import typing as t

from ..errors import shorten
from .exchange import Exchange, Row, line_of, parameters_of, rows_of
from .message import Context, NotReplaceable, replaced
from .search import kept_words, real_in, unreplaced
from .stand_in import StandIns
from .text import Place, Replacer

VERSION = 1
LARGEST = 32 * 1024 * 1024  # bytes of all messages
MESSAGES, CONTENTS, ABOUT = "messages.jsonl", "contents.txt", "bundle.json"
OF_PROVE = "proved.json"  # the table of the playbook prove
_RELEASES = {
    7600: "2008 R2", 7601: "2008 R2", 9200: "2012", 9600: "2012 R2", 14393: "2016", 17763: "2019", 20348: "2022",
    25398: "23H2", 26100: "2025",
}  # fmt: skip
_BUILD = re.compile(r"BuildNumber[^<>]*>\s*([0-9]{4,6})\s*<")
_HEAD = """This is a bundle of winha.cluster: messages between the collection and Windows hosts. Names, addresses,
identifiers and texts are stand-ins. Read docs/recording.md before you send it. Nothing was sent anywhere.

number  host  release  operation  class or channel  instances  fault
"""


class BundleError(Exception):
    """The messages were not added to the bundle."""


def add(path: str, host: str, exchanges: t.Sequence[Exchange]) -> None:
    """Add the messages of one session with a host. Raises C(BundleError) with a sentence, and then adds nothing."""
    folder = pathlib.Path(path)
    try:
        with _locked(folder):
            _add(folder, host, exchanges)
    except OSError as exc:
        raise BundleError(f"The bundle {path} could not be written: {shorten(exc, 200)}.") from exc


def private_file(folder: pathlib.Path) -> pathlib.Path:
    """The file with the real values, which stays on this machine."""
    return folder.with_name(f"{folder.name}.private.json")


def _add(folder: pathlib.Path, host: str, exchanges: t.Sequence[Exchange]) -> None:
    private = _private(folder)
    stand_ins = StandIns(bytes.fromhex(private["key"]), private["stand_ins"])
    replacer = Replacer(stand_ins)
    name = replacer.value(host, Place("", "name"))
    about_them = list(zip(exchanges, rows_of(exchanges), strict=True))
    done = [_replaced(one, row, replacer) for one, row in about_them]
    if not replacer.kept_words.isdisjoint(stand_ins.by_real):  # a word of a sentence is a name in a later message
        done = [_replaced(one, row, replacer) for one, row in about_them]
    kept: set[str] = set()
    for made, context in done:
        for document in (made.request, made.response):
            if document:
                left = unreplaced(document, stand_ins, context)
                if left:
                    raise BundleError(_refused(folder, left))
                kept |= kept_words(document, stand_ins.issued)
    kept |= set(private["kept"])
    if left := real_in(kept, stand_ins.by_real):
        raise BundleError(_refused(folder, left))
    about = _about(folder)
    build = next((found[1] for made, _context in done for found in [_BUILD.search(made.response or "")] if found), "")
    known = about["hosts"].setdefault(name, {"build": "", "release": ""})
    if build and not known["build"]:
        known.update(build=build, release=_RELEASES.get(int(build), ""))
    made_ones = [made for made, _context in done]
    _append(folder, name, known["release"], list(zip(rows_of(made_ones), made_ones, strict=True)), about)
    _write(folder / ABOUT, json.dumps(about, indent=2, ensure_ascii=False) + "\n")
    _write_private(folder, {**private, "kept": sorted(kept)}, stand_ins)
    if about["left_out"]:
        raise BundleError(
            f"The bundle {folder} is full ({LARGEST // 1024 // 1024} MiB), so {about['left_out']} messages are not in "
            "it. Use another folder."
        )


def _replaced(one: Exchange, row: Row, replacer: Replacer) -> tuple[Exchange, Context]:
    given = parameters_of(one) if row.operation == "Invoke" else {}
    key = given.get("ssubkeyname", "").lower()
    of = f"enum {key}" if key.endswith("\\enum") else given.get("svaluename", "")
    context = Context(row.cim_class.lower(), of)
    try:
        request = replaced(one.request, replacer, context)
    except NotReplaceable as exc:  # our own request
        raise BundleError(f"A request could not be recorded: {exc}.") from exc
    response, error = None, one.error
    if one.response is not None:
        try:
            response = replaced(one.response, replacer, context)
        except NotReplaceable:
            error = error or "NotXml"
    return Exchange(request=request, response=response, error=error, seconds=one.seconds), context


def _append(
    folder: pathlib.Path, host: str, release: str, rows: t.Sequence[tuple[Row, Exchange]], about: dict[str, t.Any]
) -> None:
    messages, contents = folder / MESSAGES, folder / CONTENTS
    size = messages.stat().st_size if messages.exists() else 0
    lines, listed = [], []
    for row, made in rows:
        line = line_of(host, row, made)
        size += len(line.encode())
        if size > LARGEST:
            about["left_out"] += 1
            continue
        about["messages"] += 1
        lines.append(line)
        what = ".".join(filter(None, (row.cim_class, row.method)))
        listed.append(
            f"{about['messages']:6}  {host}  {release or '-'}  {row.operation}  {what}  {row.instances}  "
            f"{row.fault or made.error or '-'}\n"
        )
    if not contents.exists():
        _append_text(contents, _HEAD)
    _append_text(messages, "".join(lines))
    _append_text(contents, "".join(listed))


def _refused(folder: pathlib.Path, left: t.Collection[str]) -> str:
    return (
        f"The messages of this task were not added to the bundle {folder}, because {len(left)} real values are left in "
        f"them, for example one of {len(min(left))} characters. Please report this without the bundle."
    )


@contextlib.contextmanager
def _locked(folder: pathlib.Path) -> t.Iterator[None]:
    """Make the folder, and wait until no other task writes to it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _private(folder: pathlib.Path) -> dict[str, t.Any]:
    path = private_file(folder)
    if path.exists():
        found: dict[str, t.Any] = json.loads(path.read_text("utf-8"))
        return found
    if (folder / MESSAGES).exists():
        raise BundleError(
            f"The bundle {folder} has no file {path.name}, so nothing more can be added. Use a new folder."
        )
    if any(path.name != OF_PROVE for path in folder.iterdir()):
        raise BundleError(f"The folder {folder} has other files in it. Use a new folder for the bundle.")
    return {"do_not_send": "This file has the real values of the bundle.", "key": secrets.token_hex(32),
            "stand_ins": {}, "kept": []}  # fmt: skip


def _write_private(folder: pathlib.Path, private: dict[str, t.Any], stand_ins: StandIns) -> None:
    data = {**private, "stand_ins": stand_ins.by_real}
    _write(private_file(folder), json.dumps(data, ensure_ascii=False) + "\n")


def _about(folder: pathlib.Path) -> dict[str, t.Any]:
    path = folder / ABOUT
    if path.exists():
        found: dict[str, t.Any] = json.loads(path.read_text("utf-8"))
        return {**found, "collection": found["collection"] or _collection()}
    return {"winha_bundle": VERSION, "collection": _collection(), "messages": 0, "left_out": 0, "hosts": {}}


def _collection() -> str:
    """The version of this collection; empty in a module that runs elsewhere, which is sent without these files."""
    root = pathlib.Path(__file__).parents[3]
    for name in ("MANIFEST.json", "galaxy.yml"):
        with contextlib.suppress(OSError):
            found = re.search(r'"?version"?:\s*"?([0-9][\w.+-]*)', (root / name).read_text("utf-8"))
            if found:
                return found[1]
    return ""


def _write(path: pathlib.Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def _append_text(path: pathlib.Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(text)
