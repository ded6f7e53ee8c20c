# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that an operator accepted, with a reason and an end date. Private to this collection; pure."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .error import AuditError
from .relations import exactly, folded, like

_KEYS = {"rule", "host", "subject", "reason", "until"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Findings that do not count up to and including C(until). Rule, host and subject are wildcards."""

    rule: str
    host: str
    subject: str
    reason: str
    until: datetime.date
    title: str

    @classmethod
    def parse(cls, entry: t.Any, rules: t.Collection[str]) -> Acceptance:
        """Read one entry. Raises C(AuditError)."""
        if not isinstance(entry, dict) or set(entry) - _KEYS:
            raise AuditError(f"An accepted finding has the keys rule, host, subject, reason and until. Found: {entry}.")
        which = ", ".join(f"{key} {entry[key]}" for key in ("rule", "host", "subject") if key in entry) or "all"
        for key in ("rule", "reason", "until"):
            if not str(entry.get(key) or "").strip():
                raise AuditError(f"The accepted finding ({which}) needs the key {key}.")
        if not any(like(rule, [str(entry["rule"])]) for rule in rules):
            raise AuditError(f"The accepted finding ({which}) names the rule {entry['rule']}, which does not exist.")
        try:
            until = datetime.date.fromisoformat(str(entry["until"])[:10])
        except ValueError as exc:
            raise AuditError(
                f"The accepted finding ({which}) has until {entry['until']}, which is not a date like 2027-01-31."
            ) from exc
        return cls(
            rule=str(entry["rule"]),
            host=str(entry.get("host", "*")),
            subject=str(entry.get("subject", "*")),
            reason=str(entry["reason"]),
            until=until,
            title=which,
        )

    def among(self, hosts: t.Collection[str], subjects: t.Collection[str]) -> Acceptance:
        """The acceptance for these hosts and subjects: a name that is there is not a wildcard."""
        return dataclasses.replace(self, host=_pattern(self.host, hosts), subject=_pattern(self.subject, subjects))

    def covers(self, rule: str, host: str, subject: str) -> bool:
        """Whether it accepts this finding."""
        return like(rule, [self.rule]) and like(host, [self.host]) and like(subject, [self.subject])

    def covers_host(self, host: str) -> bool:
        """Whether it accepts everything of this host, also that it could not be read."""
        return (self.rule, self.subject) == ("*", "*") and like(host, [self.host])

    def as_report(self) -> dict[str, str]:
        """The reason and the last day, for the report."""
        return {"reason": self.reason, "until": self.until.isoformat()}


def _pattern(given: str, names: t.Iterable[str]) -> str:
    is_there = given != "*" and any(folded(name) == folded(given) for name in names)
    return str(exactly(given)) if is_there else given
