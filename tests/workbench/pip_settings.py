# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of this machine's pip, for places that do not see its files and variables."""

from __future__ import annotations

import subprocess
import typing as t

if t.TYPE_CHECKING:
    import pathlib


def pip_settings(python: str | pathlib.Path) -> dict[str, str]:
    """What pip of a Python was told by files and by variables; nothing if there is no pip."""
    asked = subprocess.run([python, "-m", "pip", "config", "list"], check=False, capture_output=True, text=True)
    settings = {}
    for line in asked.stdout.splitlines():
        name, value = line.split("=", 1)
        section, key = name.rsplit(".", 1)
        if section in (":env:", "global", "install") and key != "config-file":
            settings[key] = value.strip("'\"").replace("\\n", "\n")
    return settings


def write_pip_settings(file: pathlib.Path, settings: t.Mapping[str, str]) -> None:
    """Write a configuration file of pip. It may hold a password."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    lines = [f"{key} = {value}".replace("\n", "\n    ") for key, value in settings.items()]
    file.write_text("\n".join(["[global]", *lines, ""]), "utf-8")
