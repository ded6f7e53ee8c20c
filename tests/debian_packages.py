# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every program that lab, tests, demo, benchmark and workbench start, with its Debian package and what needs it.

The workbench installs what is missing from this list, and tests/unit/test_programs.py compares it with the code. It
imports nothing but the standard library, because the workbench reads it before there is an environment.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Daemons live in sbin, which the PATH of an ordinary login may lack.
PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


class Use(enum.Enum):
    """What needs a program."""

    SYSTEM = "nothing that could be left out: Debian and Ubuntu cannot be without it"
    MAKE = "the commands of the README"
    OPTIONAL = "the workbench, which uses it where it is there"
    GIT = "ansible-test, which asks git what belongs to a checkout that git made"
    SSH = "ansible-test, which makes a key of SSH before all integration tests"
    BUILD = "python-ldap and pykerberos, which come as source"
    DOMAIN_CONTROLLER = "the lab's domain controller and the tests that ask it"
    DNS_SERVER = "tests of changes in DNS, with BIND as the DNS server of the lab's domain controller"
    KERBEROS = "tests that sign in with Kerberos, and the lab's listener that takes it"
    BROWSER = "tests of pages in a browser"
    NEW_ROOT = "make fresh and .ci/run, which make a new machine in a folder"
    CONTAINER = "make ee, which builds an execution environment and runs it"


@dataclasses.dataclass(frozen=True, slots=True)
class Need:
    """A program, or a file by a pattern of its path. Whoever installed it without its package has it, too."""

    name: str
    package: str
    use: Use
    other_names: tuple[str, ...] = ()
    started_by: str = ""  # the program of others that starts it, where no code of ours does

    @property
    def is_program(self) -> bool:
        return "/" not in self.name

    def is_missing(self, path: str = PATH) -> bool:
        if self.is_program:
            return all(shutil.which(name, path=path) is None for name in (self.name, *self.other_names))
        return not any(Path("/").glob(self.name.lstrip("/")))


NEEDS = (
    Need("sh", "dash", Use.SYSTEM),
    Need("cat", "coreutils", Use.SYSTEM),
    Need("chmod", "coreutils", Use.SYSTEM),
    Need("env", "coreutils", Use.SYSTEM),
    Need("rm", "coreutils", Use.SYSTEM),
    Need("true", "coreutils", Use.SYSTEM),
    Need("grep", "grep", Use.SYSTEM),
    Need("mkdir", "coreutils", Use.SYSTEM),
    Need("chroot", "coreutils", Use.SYSTEM),
    Need("sleep", "coreutils", Use.SYSTEM),
    Need("ls", "coreutils", Use.SYSTEM),
    Need("dirname", "coreutils", Use.SYSTEM),
    Need("id", "coreutils", Use.SYSTEM),
    Need("sed", "sed", Use.SYSTEM),
    Need("tar", "tar", Use.SYSTEM),
    Need("dpkg", "dpkg", Use.SYSTEM),
    Need("ldd", "libc-bin", Use.SYSTEM),
    Need("make", "make", Use.MAKE),
    Need("python3", "python3", Use.MAKE),
    Need("apt-get", "apt", Use.OPTIONAL),
    Need("apt-cache", "apt", Use.OPTIONAL),
    Need("apt-config", "apt", Use.OPTIONAL),
    Need("sudo", "sudo", Use.OPTIONAL),
    Need("systemctl", "systemd", Use.OPTIONAL),
    Need("git", "git", Use.GIT),
    Need("ssh-keygen", "openssh-client", Use.SSH, started_by="ansible-test"),
    Need("gcc", "gcc", Use.BUILD, started_by="pip"),
    Need("krb5-config", "libkrb5-dev", Use.BUILD, started_by="pip"),
    Need("/usr/include/stdio.h", "libc6-dev", Use.BUILD),
    Need("/usr/include/ldap.h", "libldap-dev", Use.BUILD),
    Need("/usr/include/sasl/sasl.h", "libsasl2-dev", Use.BUILD),
    Need("samba", "samba", Use.DOMAIN_CONTROLLER),
    Need("samba-tool", "samba-common-bin", Use.DOMAIN_CONTROLLER),
    Need("ldbadd", "ldb-tools", Use.DOMAIN_CONTROLLER),
    Need("ldbmodify", "ldb-tools", Use.DOMAIN_CONTROLLER),
    Need("ldbsearch", "ldb-tools", Use.DOMAIN_CONTROLLER),
    Need("ldapmodify", "ldap-utils", Use.DOMAIN_CONTROLLER),
    Need("ldapsearch", "ldap-utils", Use.DOMAIN_CONTROLLER),
    Need("kinit", "krb5-user", Use.DOMAIN_CONTROLLER),
    Need("klist", "krb5-user", Use.DOMAIN_CONTROLLER),
    Need("kvno", "krb5-user", Use.DOMAIN_CONTROLLER),
    Need("/usr/share/samba/setup", "samba-ad-provision", Use.DOMAIN_CONTROLLER),
    Need("/usr/lib/*/samba/ldb", "samba-dsdb-modules", Use.DOMAIN_CONTROLLER),
    Need("/usr/lib/*/samba/vfs/acl_xattr.so", "samba-vfs-modules", Use.DOMAIN_CONTROLLER),
    Need("named", "bind9", Use.DNS_SERVER),
    Need("samba_upgradedns", "samba", Use.DNS_SERVER),
    Need("/usr/lib/*/libnss_wrapper.so", "libnss-wrapper", Use.DOMAIN_CONTROLLER),
    Need("/usr/lib/*/sasl2/libgssapiv2.so*", "libsasl2-modules-gssapi-mit", Use.KERBEROS),
    Need("/usr/lib/python3/dist-packages/gssapi/raw", "python3-gssapi", Use.KERBEROS),
    Need("chromium", "chromium", Use.BROWSER, ("chromium-browser", "google-chrome")),
    Need("chromedriver", "chromium-driver", Use.BROWSER),
    Need("debootstrap", "debootstrap", Use.NEW_ROOT),
    Need("mount", "mount", Use.NEW_ROOT),
    Need("setpriv", "util-linux", Use.NEW_ROOT),
    Need("unshare", "util-linux", Use.NEW_ROOT),
    Need("buildah", "buildah", Use.CONTAINER),
    Need("podman", "podman", Use.CONTAINER),
    Need("runc", "runc", Use.CONTAINER, ("crun",), started_by="podman"),
)


def missing(*uses: Use, path: str = PATH) -> list[str]:
    """The packages that this machine lacks for something."""
    return packages(need for need in NEEDS if need.use in uses and need.is_missing(path))


def packages(needs: Iterable[Need]) -> list[str]:
    return sorted({need.package for need in needs})
