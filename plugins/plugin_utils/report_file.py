# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the files of a report on the controller. Private to this collection."""

from __future__ import annotations

import os
import pathlib
import typing as t

from ansible.errors import AnsibleError
from ansible_collections.winha.cluster.plugins.module_utils.errors import shorten

FOR_OWNER, FOR_GROUP = 0o600, 0o640
_FOLDER = 0o750


def make_folder(path: str) -> pathlib.Path:
    """The folder, which is made if it does not exist. Raises C(OSError)."""
    folder = pathlib.Path(path)
    folder.mkdir(_FOLDER, parents=True, exist_ok=True)
    return folder


def write(file: pathlib.Path, text: str, mode: int = FOR_GROUP) -> None:
    """Write a file as a whole: who reads it sees the old or the new text. Raises C(OSError)."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as opened:
            os.fchmod(opened.fileno(), mode)
            opened.write(text)
        new.replace(file)
    except OSError as error:
        error.filename = str(file)  # not the name until it is complete
        raise
    finally:
        new.unlink(missing_ok=True)


def reported(make: t.Callable[[], dict[str, t.Any]], *expected: type[Exception], source: str) -> dict[str, t.Any]:
    """The result of a report, or its failure as one sentence; C(source) is what was not in its form.

    The C(expected) errors have a sentence of their own.
    """
    try:
        return {"changed": False, **make()}
    except AnsibleError:  # such as a variable of a host that cannot be templated
        raise
    except expected as error:
        text = str(error)
    except OSError as error:
        text = f"The file {error.filename} cannot be read or written: {error.strerror or error}."
    except Exception as error:
        text = (
            f"{source} does not have its form ({type(error).__name__}: {shorten(error, 200)}). "
            "Make it again with the roles of this collection."
        )
    return {"changed": False, "failed": True, "msg": text}
