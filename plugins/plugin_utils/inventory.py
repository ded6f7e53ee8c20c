# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory plugins of this collection have in common. Private to this collection."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import re
import typing as t

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.winha.cluster.plugins.module_utils.errors import ServerError, TaskError, describe_unexpected

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils.session import Options, Service, Session

_UNSAFE = re.compile(r"[^\w.-]", re.ASCII)
_TEMPLATE_MARKS = ("{", "#jinja2:")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InventoryHost:
    """A host of the inventory; C(address) is its DNS name, C(variables) has what was read of it."""

    name: str
    address: str | None = None
    groups: tuple[str, ...]
    variables: t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """The hosts that were read. C(problems) are sentences about what was not read; only a complete one is cached."""

    hosts: t.Sequence[InventoryHost]
    problems: t.Sequence[str] = ()


class SourcePlugin(BaseInventoryPlugin, Constructable, Cacheable):
    """An inventory plugin that reads servers through the sessions of this collection."""

    NAME: str
    service: Service
    spec: t.Mapping[str, t.Any]
    rules: t.Mapping[str, t.Any] = {}

    def read(self, options: Options) -> Reading:
        """Read the hosts. Raises C(ServerError) or C(TaskError) if nothing was read."""
        raise NotImplementedError

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Add the hosts of the source C(path) to the inventory."""
        base: t.Any = self  # the classes of ansible-core have no types
        super().parse(inventory, loader, path, cache)
        given = base._read_config_data(path)
        with self._one_sentence():
            if unknown := [str(name) for name in given if not base.has_option(name)]:
                raise TaskError(
                    f"{path} has options that {self.NAME} does not have: {', '.join(unknown)}. Correct them; "
                    f"ansible-doc -t inventory {self.NAME} lists the options."
                )
            options, secrets = self._validated_options()
        cached = base.get_option("cache")
        key = f"{self.get_cache_key(path)}_{_digest(options, secrets)}"
        rows = self._cached(key) if cache and cached else None
        if rows is None:
            with self._one_sentence(*secrets):
                found = self.read(options)
            for problem in found.problems:
                self.display.warning(_without(secrets, problem))
            rows = [dataclasses.asdict(host) for host in found.hosts]
            if cached and not found.problems:
                self._cache[key] = rows
        for row in rows:
            self._add(row)

    @contextlib.contextmanager
    def session(self, service: Service, options: Options) -> t.Iterator[t.Any]:
        """A read-only session, closed at the end. Shows its warnings."""
        session: Session = service.session_factory(options)(read_only=True)
        try:
            yield session
        finally:
            with contextlib.suppress(Exception):  # what was read matters more
                session.close()
            for warning in getattr(session, "warnings", ()):
                self.display.warning(warning)

    def _validated_options(self) -> tuple[dict[str, t.Any], list[str]]:
        """The options of the source with their types, and the values that must not be shown."""
        base: t.Any = self
        given = {name: self.templar.template(base.get_option(name)) for name in self.spec}
        validated = ArgumentSpecValidator(dict(self.spec), **self.rules).validate(
            {name: _plain(value) for name, value in given.items() if value is not None and value != ""}
        )
        if validated.error_messages:
            raise TaskError(f"{'; '.join(text.rstrip('.') for text in validated.error_messages)}.")
        return dict(validated.validated_parameters), sorted(validated._no_log_values)

    def _cached(self, key: str) -> list[dict[str, t.Any]] | None:
        try:
            return t.cast("list[dict[str, t.Any]]", self._cache[key])
        except KeyError:  # not yet read, or expired
            return None

    def _add(self, row: t.Mapping[str, t.Any]) -> None:
        """Add a host. What was read is not evaluated as a template."""
        base: t.Any = self
        name = base.inventory.add_host(safe_name(row["name"]))
        for group in row["groups"]:
            base.inventory.add_child(base.inventory.add_group(group_name(group)), name)
        address = {"ansible_host": row["address"]} if row["address"] else {}
        variables = {variable: _inert(value) for variable, value in {**address, **row["variables"]}.items()}
        for variable, value in variables.items():
            base.inventory.set_variable(name, variable, value)
        strict = base.get_option("strict")
        variables["inventory_hostname"] = name
        base._set_composite_vars(base.get_option("compose"), variables, name, strict)
        base._add_host_to_composed_groups(base.get_option("groups"), variables, name, strict)
        base._add_host_to_keyed_groups(base.get_option("keyed_groups"), variables, name, strict)

    @contextlib.contextmanager
    def _one_sentence(self, *secrets: str) -> t.Iterator[None]:
        try:
            yield
        except AnsibleError:
            raise
        except (ServerError, TaskError) as error:
            # Ansible also shows the text of the cause, which would repeat this text.
            raise AnsibleParserError(_without(secrets, str(error))) from None
        except Exception as error:
            raise AnsibleParserError(_without(secrets, describe_unexpected(error))) from None


def _inert(value: t.Any) -> t.Any:
    """The value; a text that ansible-core before 2.19 could take for a template is marked as none."""
    if isinstance(value, t.Mapping):
        return {name: _inert(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_inert(inner) for inner in value]
    is_template = isinstance(value, str) and any(mark in value for mark in _TEMPLATE_MARKS)
    return wrap_var(value) if is_template else value


def safe_name(name: str) -> str:
    """A name for a host that host patterns can contain, and that no template is in."""
    return _UNSAFE.sub("_", name)


def group_name(name: str) -> str:
    """A name for a group: lower case, as names in Windows have no case."""
    return str(to_safe_group_name(name.lower(), force=True, silent=True))


def _without(secrets: t.Iterable[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "********")
    return text


def _digest(options: Options, secrets: t.Sequence[str]) -> str:
    """A source whose options were changed is read again. A password is not part of what is compared."""
    shown = {name: value for name, value in options.items() if value not in secrets}
    return hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _plain(value: t.Any) -> t.Any:
    """Convert Ansible's string types to plain strings; C libraries reject them."""
    if isinstance(value, t.Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)
