# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A domain as it is after its first start, kept for the next: provisioning takes seconds, a copy of it does not."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from . import config_files, dns_zone, federation_trusts, objects, schema
from .ldif import change, parse
from .programs import insist

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .description import Directory

# Stands in the zone for the address until a copy is made.
_PLACEHOLDER = "127.253.253.253"
_KEPT = 8
# What only runs a domain changes nothing in it.
_NO_MATTER = ("__init__", "controller", "journal", "programs", "relay")
_QUIET = ("--nosync", "--option=log level = 0")
# Without it each step keeps what it takes to undo it alone, which grows with the square of the number of objects.
_BATCH = ("-o", "batch_mode:1", "-o", "transaction_index_cache_size:200000")
_SPN_RIGHT = "f3a64788-5306-11d1-a9c5-0000f80367c1"
_SCHEMA = "--option=dsdb:schema update allowed = yes"


def _home() -> Path:
    checkout = Path(__file__).parents[3] / ".cache"
    if checkout.is_dir() and os.access(checkout, os.W_OK):
        return checkout / "lab" / "directory"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "winha-lab" / "directory"


def _digest(*values: object) -> str:
    made = hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode())
    made.update(insist("samba", "--version").encode())
    for file in sorted(Path(__file__).parent.iterdir()):
        if file.suffix in (".py", ".yml") and file.stem not in _NO_MATTER:
            made.update(file.read_bytes())
    return made.hexdigest()[:24]


def _domain(directory: Directory) -> str:
    """What a domain without anything in it depends on."""
    return _digest("domain", directory.domain, directory.netbios, directory.server, directory.password)


def _content(directory: Directory) -> str:
    """What a filled domain depends on; certificates and addresses are put into its copies."""
    values = {key: value for key, value in directory.source.items() if key not in ("address", "relay", "certificate")}
    return _digest("content", values, directory.password)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def database(folder: Path) -> list[str]:
    """The arguments by which the ldb programs open the directory of a folder."""
    return ["-H", str(folder / "private" / "sam.ldb"), f"--configfile={folder / 'smb.conf'}"]


def add(folder: Path, ldif: str, *options: str) -> None:
    """Add objects while nothing runs, through the modules of Samba, in one transaction."""
    if ldif:
        insist("ldbadd", *database(folder), *_QUIET, *options, given=ldif)


def modify(folder: Path, ldif: str, *options: str) -> None:
    """Change objects while nothing runs, through the modules of Samba, in one transaction."""
    if ldif:
        insist("ldbmodify", *database(folder), *_QUIET, *options, given=ldif)


def modify_unchecked(folder: Path, base_dn: str, ldif: str, *options: str) -> None:
    """Change objects in a partition's own file: nothing is checked, and no USN is taken."""
    if ldif:
        file = folder / "private" / "sam.ldb.d" / f"{base_dn.upper()}.ldb"
        insist("ldbmodify", "-H", f"tdb://{file}", *_QUIET, *options, given=ldif)


def _provision(directory: Directory, folder: Path) -> None:
    insist(
        "samba-tool", "domain", "provision", "--quiet",
        f"--realm={directory.realm}", f"--domain={directory.netbios}", f"--host-name={directory.server}",
        f"--adminpass={directory.password}", "--server-role=dc", "--dns-backend=SAMBA_INTERNAL",
        f"--host-ip={_PLACEHOLDER}", f"--targetdir={folder}", "--option=interfaces=127.0.0.1/8",
    )  # fmt: skip
    write_configuration(directory, folder, None)


def sockets(folder: Path) -> Path:
    """Where Samba's sockets of a folder lie: in a folder with a short name, for theirs may have 108 characters."""
    inside = folder / "run"
    if len(str(inside)) <= 80:
        return inside
    return Path(tempfile.gettempdir()) / f"winha-dc-{hashlib.sha256(bytes(folder)).hexdigest()[:16]}"


def write_configuration(directory: Directory, folder: Path, pem: Path | None) -> None:
    """Write Samba's configuration for a folder."""
    place = sockets(folder)
    place.mkdir(mode=0o700, exist_ok=True)
    (folder / "smb.conf").write_text(config_files.smb(directory, folder, place, pem), encoding="utf-8")


def _own_names(directory: Directory, folder: Path) -> str:
    """What a controller registers for itself when it starts, here without the service that does so."""
    dn = f"CN={directory.server.upper()},OU=Domain Controllers,{directory.base_dn}"
    found = insist(
        "ldbsearch", *database(folder), "-b", directory.configuration_dn, "(objectClass=nTDSDSA)", "objectGUID"
    )
    guid = parse(found)[0].one("objectGUID")
    name, fqdn, domain = directory.server.upper(), directory.fqdn, directory.domain
    spns = [f"HOST/{fqdn}/{domain}", f"HOST/{fqdn}/{directory.netbios}", f"GC/{fqdn}/{domain}"]
    spns += [f"ldap/{tail}" for tail in (name, fqdn, f"{fqdn}/{domain}", f"{fqdn}/{directory.netbios}")]
    spns += [f"ldap/{fqdn}/{zone}DnsZones.{domain}" for zone in ("Domain", "Forest")]
    spns += [f"ldap/{guid}._msdcs.{domain}", f"E3514235-4B06-11D1-AB04-00C04FC2DCD2/{guid}/{domain}"]
    spns += [f"RestrictedKrbHost/{name}", f"RestrictedKrbHost/{fqdn}"]
    return change(dn, "add", {"servicePrincipalName": spns})


def _policy(directory: Directory) -> str:
    """Passwords do not expire with the template, and a logon changes nothing that is replicated."""
    return change(directory.base_dn, "replace", {"maxPwdAge": -0x8000000000000000, "msDS-LogonTimeSyncInterval": 0})


def _empty(directory: Directory, folder: Path) -> None:
    """A domain with nothing in it, and with Exchange's schema."""
    _provision(directory, folder)
    modify(folder, _own_names(directory, folder) + _policy(directory))
    for ldif in ("".join(schema.attributes(directory.schema_dn)), *schema.classes(directory.schema_dn)):
        add(folder, ldif, _SCHEMA)
    modify(folder, "".join(schema.superiors(directory.schema_dn)), _SCHEMA)


@contextlib.contextmanager
def _no_aliases(directory: Directory, folder: Path) -> Iterator[None]:
    """While it lasts HOST stands for nothing else: for each HOST/... Samba would look for fifty more names.

    It also lets in what collides by an alias alone, as controllers did before November 2021.
    """
    services = f"CN=Directory Service,CN=Windows NT,CN=Services,{directory.configuration_dn}"
    found = insist("ldbsearch", *database(folder), "-b", services, "-s", "base", "sPNMappings")
    modify(folder, change(services, "replace", {"sPNMappings": "host=host"}))
    yield
    modify(folder, change(services, "replace", {"sPNMappings": parse(found)[0].raw("sPNMappings")}))


def _delegate(directory: Directory, folder: Path) -> None:
    """Let the writers of an account's SPNs write them."""
    for account in directory.accounts:
        for writer in account.spn_writers:
            found = insist(
                "ldbsearch", *database(folder), "-b", directory.base_dn, f"(sAMAccountName={writer})", "objectSid"
            )
            rule = f"(OA;;RPWP;{_SPN_RIGHT};;{parse(found)[0].one('objectSid')})"
            dn = objects.account_dn(directory, account)
            store, settings_file = database(folder)[1:]
            insist("samba-tool", "dsacl", "set", "-H", store, settings_file, f"--objectdn={dn}", f"--sddl={rule}")


def _filled(directory: Directory, folder: Path) -> None:
    _copy(_kept(_domain(directory), lambda made: _empty(directory, made)), folder)
    write_configuration(directory, folder, None)
    with _no_aliases(directory, folder):
        add(folder, "".join(objects.objects(directory)), *_BATCH)
    modify_unchecked(folder, directory.base_dn, "".join(objects.duplicates(directory)), *_BATCH)
    _delegate(directory, folder)
    (folder / "placed.json").write_text(json.dumps(_placed(directory, folder)), encoding="utf-8")
    (folder / "federation.pem").write_text(federation_trusts.keys(directory), encoding="ascii")


def _forget(home: Path) -> None:
    # What begins with "new-" is being made by another process at this moment.
    made = (path for path in home.iterdir() if path.is_dir() and not path.name.startswith("new-"))
    known = sorted(made, key=lambda path: path.stat().st_mtime)
    for path in known[:-_KEPT]:
        shutil.rmtree(path, ignore_errors=True)


def _kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder that was made before under a name, or makes it now; others that want the same wait."""
    home = _home()
    found = home / name
    with _alone(home / f"{name}.lock"):
        if not found.exists():
            with tempfile.TemporaryDirectory(dir=home, prefix="new-") as draft:
                made = Path(draft) / "domain"
                make(made)
                made.rename(found)
            _forget(home)
        os.utime(found)
    return found


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("run", "smb.conf"))


def _placed(directory: Directory, folder: Path) -> dict[str, list[str]]:
    """The names in DNS where the placeholder stands for the address, with all of their records."""
    found: dict[str, list[str]] = {}
    for partition in ("DomainDnsZones", "ForestDnsZones"):
        base = f"DC={partition},{directory.base_dn}"
        for node in parse(insist("ldbsearch", *database(folder), "-b", base, "(dnsRecord=*)", "dnsRecord")):
            records = node.raw("dnsRecord")
            if any(dns_zone.moved(record, _PLACEHOLDER, "127.0.0.1") != record for record in records):
                found[node.dn] = [base64.b64encode(record).decode() for record in records]
    return found


def _completion(directory: Directory, folder: Path) -> str:
    """LDIF of what each copy has for itself: its address, and certificates whose days are counted from now."""
    placed = json.loads((folder / "placed.json").read_text(encoding="utf-8"))
    changes: list[str] = []
    for dn, records in placed.items():
        moved = [dns_zone.moved(base64.b64decode(record), _PLACEHOLDER, directory.address) for record in records]
        changes.append(change(dn, "replace", {"dnsRecord": moved}))
    keys = (folder / "federation.pem").read_text(encoding="ascii")
    return "".join((*changes, *federation_trusts.objects(directory, keys)))


def make(directory: Directory, folder: Path, pem: Path) -> None:
    """Make the domain of a description in a folder. Raises DirectoryError."""
    _copy(_kept(_content(directory), lambda made: _filled(directory, made)), folder)
    write_configuration(directory, folder, pem)
    modify(folder, _completion(directory, folder))
