# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands for the Exchange Management Shell, word by word."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.winha.cluster.plugins.module_utils._exchange import management_shell
from ansible_collections.winha.cluster.plugins.module_utils._exchange.published_names import SCP

URL = "https://mail.example.test/service"


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("owa", f"Get-OwaVirtualDirectory -Server 'EX01' | Set-OwaVirtualDirectory -InternalUrl {URL}"),
        ("ecp", f"Get-EcpVirtualDirectory -Server 'EX01' | Set-EcpVirtualDirectory -InternalUrl {URL}"),
        ("ews", f"Get-WebServicesVirtualDirectory -Server 'EX01' | Set-WebServicesVirtualDirectory -InternalUrl {URL}"),
        ("oab", f"Get-OabVirtualDirectory -Server 'EX01' | Set-OabVirtualDirectory -InternalUrl {URL}"),
        ("mapi", f"Get-MapiVirtualDirectory -Server 'EX01' | Set-MapiVirtualDirectory -InternalUrl {URL}"),
        (
            "activesync",
            f"Get-ActiveSyncVirtualDirectory -Server 'EX01' | Set-ActiveSyncVirtualDirectory -InternalUrl {URL}",
        ),
        (
            "powershell",
            f"Get-PowerShellVirtualDirectory -Server 'EX01' | Set-PowerShellVirtualDirectory -InternalUrl {URL}",
        ),
        (
            "outlook_anywhere",
            (
                "Get-OutlookAnywhere -Server 'EX01' | Set-OutlookAnywhere -InternalHostname mail.example.test "
                "-InternalClientsRequireSsl $true"
            ),
        ),
    ],
)
def test_the_command_that_sets_an_address(service: str, command: str) -> None:
    assert management_shell.set_address(service, ["EX01"], URL, modern=False) == command


@pytest.mark.parametrize(("modern", "cmdlet"), [(True, "Set-ClientAccessService"), (False, "Set-ClientAccessServer")])
def test_the_command_that_sets_the_autodiscover_uri(modern: bool, cmdlet: str) -> None:
    command = management_shell.set_address(SCP, ["EX02", "EX01", "EX02"], URL, modern=modern)
    each = f"{cmdlet} -Identity $_ -AutoDiscoverServiceInternalUri {URL}"
    assert command == f"'EX01', 'EX02' | ForEach-Object {{ {each} }}"


@pytest.mark.parametrize(
    ("generation", "expected"), [("2010", False), ("2013", False), ("2016", True), ("2019", True), ("SE", True)]
)
def test_which_generations_have_the_newer_cmdlet(generation: str, expected: bool) -> None:
    server = t.cast("t.Any", types.SimpleNamespace(generation=generation))
    assert management_shell.has_service_cmdlet(server) is expected


def test_the_autodiscover_uri_of_a_host() -> None:
    uri = management_shell.autodiscover_url("autodiscover.example.test")
    assert uri == "https://autodiscover.example.test/autodiscover/autodiscover.xml"
