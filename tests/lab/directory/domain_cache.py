# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Creates domains and caches them: provisioning takes seconds, a copy of a domain does not."""

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

# The address of the domain controller in the DNS zone of a cached domain. Each copy replaces it.
_PLACEHOLDER = "127.253.253.253"
_MAX_CACHED = 8
# These modules do not affect the contents of a domain.
_UNRELATED_MODULES = ("__init__", "controller", "journal", "programs", "relay", "sealed_listener")
_QUIET = ("--nosync", "--option=log level = 0")
# Without batch mode the time grows with the square of the number of objects.
_BATCH = ("-o", "batch_mode:1", "-o", "transaction_index_cache_size:200000")
_SPN_RIGHT = "f3a64788-5306-11d1-a9c5-0000f80367c1"
_SCHEMA = "--option=dsdb:schema update allowed = yes"


def _cache_folder() -> Path:
    checkout = Path(__file__).parents[3] / ".cache"
    if checkout.is_dir() and os.access(checkout, os.W_OK):
        return checkout / "lab" / "directory"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "winha-lab" / "directory"


def _digest(*values: object) -> str:
    digest = hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode())
    digest.update(insist("samba", "--version").encode())
    for file in sorted(Path(__file__).parent.iterdir()):
        if file.suffix in (".py", ".yml") and file.stem not in _UNRELATED_MODULES:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:24]


def _empty_key(directory: Directory) -> str:
    """The cache key of an empty domain."""
    return _digest("domain", directory.domain, directory.netbios, directory.server, directory.password)


def _filled_key(directory: Directory) -> str:
    """The cache key of a filled domain. Addresses and certificates are set in its copies."""
    values = {key: value for key, value in directory.source.items() if key not in ("address", "relay", "certificate")}
    return _digest("content", values, directory.password)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def database(folder: Path) -> list[str]:
    """The arguments of the ldb programs for the database of a folder."""
    return ["-H", str(folder / "private" / "sam.ldb"), f"--configfile={folder / 'smb.conf'}"]


def add(folder: Path, ldif: str, *options: str) -> None:
    """Add objects with the checks of Samba, in one transaction. The domain controller must not run."""
    if ldif:
        insist("ldbadd", *database(folder), *_QUIET, *options, given=ldif)


def modify(folder: Path, ldif: str, *options: str) -> None:
    """Change objects with the checks of Samba, in one transaction. The domain controller must not run."""
    if ldif:
        insist("ldbmodify", *database(folder), *_QUIET, *options, given=ldif)


def modify_unchecked(folder: Path, base_dn: str, ldif: str, *options: str) -> None:
    """Change objects in the file of a partition, without checks and without a new USN."""
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
    """The folder of the sockets of Samba. Its path is short, because a socket path has at most 108 characters."""
    inside = folder / "run"
    if len(str(inside)) <= 80:
        return inside
    return Path(tempfile.gettempdir()) / f"winha-dc-{hashlib.sha256(bytes(folder)).hexdigest()[:16]}"


def write_configuration(directory: Directory, folder: Path, pem: Path | None) -> None:
    """Write the smb.conf of a folder."""
    place = sockets(folder)
    place.mkdir(mode=0o700, exist_ok=True)
    (folder / "smb.conf").write_text(config_files.smb(directory, folder, place, pem), encoding="utf-8")


def _own_spns(directory: Directory, folder: Path) -> str:
    """LDIF of the SPNs that a domain controller registers for itself. The service for it does not run here."""
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
    """LDIF of the domain policy: passwords do not expire, and a logon does not change lastLogonTimestamp."""
    return change(directory.base_dn, "replace", {"maxPwdAge": -0x8000000000000000, "msDS-LogonTimeSyncInterval": 0})


def _create_empty(directory: Directory, folder: Path) -> None:
    """Create an empty domain with the schema of Exchange."""
    _provision(directory, folder)
    modify(folder, _own_spns(directory, folder) + _policy(directory))
    for ldif in ("".join(schema.attributes(directory.schema_dn)), *schema.classes(directory.schema_dn)):
        add(folder, ldif, _SCHEMA)
    modify(folder, "".join(schema.superiors(directory.schema_dn)), _SCHEMA)


@contextlib.contextmanager
def _no_aliases(directory: Directory, folder: Path) -> Iterator[None]:
    """Switch the aliases of HOST off: with them Samba searches fifty more names for each HOST/... SPN.

    Without them an SPN that conflicts only with an alias is accepted, as before November 2021.
    """
    services = f"CN=Directory Service,CN=Windows NT,CN=Services,{directory.configuration_dn}"
    found = insist("ldbsearch", *database(folder), "-b", services, "-s", "base", "sPNMappings")
    modify(folder, change(services, "replace", {"sPNMappings": "host=host"}))
    yield
    modify(folder, change(services, "replace", {"sPNMappings": parse(found)[0].raw("sPNMappings")}))


def _delegate(directory: Directory, folder: Path) -> None:
    """Give the accounts in `spn_writers` the right to write the SPNs."""
    for account in directory.accounts:
        for writer in account.spn_writers:
            found = insist(
                "ldbsearch", *database(folder), "-b", directory.base_dn, f"(sAMAccountName={writer})", "objectSid"
            )
            rule = f"(OA;;RPWP;{_SPN_RIGHT};;{parse(found)[0].one('objectSid')})"
            dn = objects.account_dn(directory, account)
            database_file, settings_file = database(folder)[1:]
            insist(
                "samba-tool", "dsacl", "set", "-H", database_file, settings_file, f"--objectdn={dn}", f"--sddl={rule}"
            )


def _create_filled(directory: Directory, folder: Path) -> None:
    _copy(_cached(_empty_key(directory), lambda target: _create_empty(directory, target)), folder)
    write_configuration(directory, folder, None)
    with _no_aliases(directory, folder):
        add(folder, "".join(objects.objects(directory)), *_BATCH)
    modify_unchecked(folder, directory.base_dn, "".join(objects.duplicates(directory)), *_BATCH)
    _delegate(directory, folder)
    (folder / "placed.json").write_text(json.dumps(_placeholder_records(directory, folder)), encoding="utf-8")
    (folder / "federation.pem").write_text(federation_trusts.keys(directory), encoding="ascii")


def _remove_oldest(cache: Path) -> None:
    # Another process is creating the folders that begin with "new-".
    domains = (path for path in cache.iterdir() if path.is_dir() and not path.name.startswith("new-"))
    by_age = sorted(domains, key=lambda path: path.stat().st_mtime)
    for path in by_age[:-_MAX_CACHED]:
        shutil.rmtree(path, ignore_errors=True)


def _cached(name: str, create: Callable[[Path], None]) -> Path:
    """The cached folder of this name. Creates it if there is none; other processes wait for it."""
    cache = _cache_folder()
    found = cache / name
    with _locked(cache / f"{name}.lock"):
        if not found.exists():
            with tempfile.TemporaryDirectory(dir=cache, prefix="new-") as draft:
                target = Path(draft) / "domain"
                create(target)
                target.rename(found)
            _remove_oldest(cache)
        os.utime(found)
    return found


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("run", "smb.conf"))


def _placeholder_records(directory: Directory, folder: Path) -> dict[str, list[str]]:
    """The DNS names with the placeholder address, with all of their records."""
    found: dict[str, list[str]] = {}
    for partition in ("DomainDnsZones", "ForestDnsZones"):
        base = f"DC={partition},{directory.base_dn}"
        for node in parse(insist("ldbsearch", *database(folder), "-b", base, "(dnsRecord=*)", "dnsRecord")):
            records = node.raw("dnsRecord")
            if any(dns_zone.replace_address(record, _PLACEHOLDER, "127.0.0.1") != record for record in records):
                found[node.dn] = [base64.b64encode(record).decode() for record in records]
    return found


def _copy_changes(directory: Directory, folder: Path) -> str:
    """LDIF of the differences of a copy: its address, and the certificates, whose ends count from now."""
    placed = json.loads((folder / "placed.json").read_text(encoding="utf-8"))
    changes: list[str] = []
    for dn, records in placed.items():
        moved = [
            dns_zone.replace_address(base64.b64decode(record), _PLACEHOLDER, directory.address) for record in records
        ]
        changes.append(change(dn, "replace", {"dnsRecord": moved}))
    keys = (folder / "federation.pem").read_text(encoding="ascii")
    return "".join((*changes, *federation_trusts.objects(directory, keys)))


def create(directory: Directory, folder: Path, pem: Path) -> None:
    """Create the domain of a description in a folder. Raises DirectoryError."""
    _copy(_cached(_filled_key(directory), lambda target: _create_filled(directory, target)), folder)
    write_configuration(directory, folder, pem)
    modify(folder, _copy_changes(directory, folder))
