# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact of a release has the addresses that it is given, and there is none without them."""

from __future__ import annotations

import json
import pathlib
import tarfile
import typing as t

import pytest
from workbench import galaxy
from workbench.terminal import WorkbenchError

GIVEN = {name: f"https://forge.example.com/{name}" for name in galaxy.ADDRESSES}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (dict.fromkeys(GIVEN, ""), "make release needs REPOSITORY, HOMEPAGE, ISSUES, because Galaxy shows"),
        (GIVEN | {"issues": ""}, "make release needs ISSUES, because"),
        (GIVEN | {"repository": "git@example.com:winha"}, "REPOSITORY is git@example.com:winha, and it must be"),
        (GIVEN | {"issues": "https://forge.example.com/a\nversion: 9.9.9"}, "ISSUES is https://forge.example.com/a"),
    ],
)
def test_a_release_without_addresses_is_refused(
    given: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[t.Any] = []
    monkeypatch.setattr(galaxy, "build", lambda *arguments: built.append(arguments))
    with pytest.raises(WorkbenchError, match=sentence):
        galaxy.release(given)
    assert built == []


def test_the_artifact_has_the_addresses_and_no_files_of_the_forge(tmp_path: pathlib.Path) -> None:
    checkout = (galaxy.ROOT / "galaxy.yml").read_text("utf-8")
    with tarfile.open(galaxy.build(tmp_path / "release", GIVEN)) as archive:
        manifest = json.loads(t.cast("t.Any", archive.extractfile("MANIFEST.json")).read())
        names = archive.getnames()
    found = manifest["collection_info"]
    assert {name: found[name] for name in GIVEN} == GIVEN
    assert {pathlib.PurePosixPath(name).parts[0] for name in names} & {".github", ".ci", ".git", ".cache"} == set()
    assert {"extensions/awx/setup.yml", "extensions/awx/collections/requirements.yml", "LICENSE"} <= set(names)
    assert (galaxy.ROOT / "galaxy.yml").read_text("utf-8") == checkout
