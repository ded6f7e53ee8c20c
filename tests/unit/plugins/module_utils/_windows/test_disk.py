# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of the kind of a disk from its path."""

from __future__ import annotations

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._windows.disk import kind_of

KINDS = {
    r"C:\ClusterStorage\Volume1\EX01\EX01.vhdx": "shared_volume",
    r"c:\clusterstorage\Fast Volume\x.vhd": "shared_volume",
    r"\\?\C:\ClusterStorage\Volume1\x.vhdx": "shared_volume",
    r"C:\ClusterStorage2\x.vhdx": "file",
    r"C:\Backup\ClusterStorage\x.vhdx": "file",
    r"D:\Hyper-V\x.vhdx": "file",
    r"\\?\D:\Hyper-V\x.vhdx": "file",
    r"\\?\Volume{6f0c5cc1-2b4e-4b3f-9f7e-0123456789ab}\x.vhdx": "file",
    r"\\fs01\vms\x.vhdx": "smb",
    r"\\10.0.0.1\vms\x.vhdx": "smb",
    r"\\?\UNC\fs01\vms\x.vhdx": "smb",
    r"\\.\PHYSICALDRIVE3": "unknown",
    "x.vhdx": "unknown",
    "": "unknown",
}


@pytest.mark.parametrize("path", KINDS)
def test_the_kind_of_an_image(path: str) -> None:
    assert kind_of(path) == KINDS[path]
