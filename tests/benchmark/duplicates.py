# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""C(python -m benchmark.duplicates): measure the search for duplicate SPNs in forests of different sizes.

A Samba domain controller of the lab has the accounts. A separate process for each size runs C(spn_info). Samba needs
most of the time. The results show that memory does not grow with the forest, and that one pass is enough.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

from lab import directory
from lab.directory import journal

SIZES = (1_000, 10_000, 100_000)
PASSWORD = "Lab-Passw0rd"
_ADDRESS = "127.34.0.5"
_CHILD = """
import json, re, resource, sys, time
from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._directory import binding
from ansible_collections.winha.cluster.plugins.module_utils.directory import DIRECTORY
from ansible_collections.winha.cluster.plugins.modules import spn_info

options = {name: option.get("default") for name, option in spn_info.TASK.argument_spec.items()}
options |= json.loads(sys.argv[1])
def peak_memory():
    # Not ru_maxrss: a process inherits it from its parent.
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

pages = 0
original_page = binding.Binding.page

def counting_page(*arguments):
    global pages
    pages += 1
    return original_page(*arguments)

binding.Binding.page = counting_page
before, memory = resource.getrusage(resource.RUSAGE_SELF), peak_memory()
started = time.monotonic()
found = task.run(spn_info.TASK, DIRECTORY.session_factory(options), options, check_mode=True)
seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": seconds,
    "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    "memory_before": memory,
    "memory": peak_memory(),
    "pages": pages,
    "searched": found["searched"],
    "duplicates": [row["spn"] for row in found["duplicates"]],
}))
"""


def description(accounts: int) -> directory.Directory:
    """A domain with computers that have four SPNs each, and two accounts that share one SPN."""
    computer = {
        "name": "PC{number:06}",
        "kind": "computer",
        "count": accounts,
        "dns_name": "{name}.corp.example.test",
        "spns": ["HOST/{name}", "HOST/{name}.corp.example.test", "RestrictedKrbHost/{name}", "TERMSRV/{name}"],
    }
    shared = [{"name": f"svc-{number}", "spns": ["http/shared.corp.example.test"]} for number in (1, 2)]
    domain = {"domain": "corp.example.test", "address": _ADDRESS, "accounts": [computer, *shared]}
    return directory.parse(domain, {"password": PASSWORD})


def measure(accounts: int, folder: Path) -> dict[str, t.Any]:
    """Search a forest of this size in a separate process. Raises C(RuntimeError) if the result is wrong."""
    with directory.running(description(accounts), folder) as controller:
        mark = controller.log.stat().st_size
        options = {
            "servers": [controller.fqdn],
            "username": f"{controller.administrator}@{controller.realm}",
            "password": controller.password,
            "duplicates": True,
        }
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, json.dumps(options)],
            env={**os.environ, **controller.environment(folder / "nobody.ccache")},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        if journal.read(controller.log, mark):
            raise RuntimeError("the search wrote to the directory")
    found = t.cast("dict[str, t.Any]", json.loads(done.stdout))
    if found["duplicates"] != ["http/shared.corp.example.test"] or found["searched"]["accounts"] < accounts:
        raise RuntimeError(f"the search returned the duplicates {found['duplicates']} of {found['searched']}")
    return {"accounts": accounts, **found}


def main() -> int:
    """Measure each size, and print a table."""
    parser = argparse.ArgumentParser(prog="benchmark.duplicates", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of accounts")
    sizes = parser.parse_args().sizes
    if problem := directory.impediment():
        print(f"The benchmark failed: {problem}", file=sys.stderr)
        return 2
    print("| accounts | names | pages | seconds | CPU s | MiB before | MiB peak |\n|---|---|---|---|---|---|---|")
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
            found = measure(size, Path(name))
        cells = (found["accounts"], found["searched"]["spns"], found["pages"])
        spent = (found["seconds"], found["cpu"], found["memory_before"], found["memory"])
        print("| " + " | ".join([*(f"{one:,}" for one in cells), *(f"{one:.1f}" for one in spent)]) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
