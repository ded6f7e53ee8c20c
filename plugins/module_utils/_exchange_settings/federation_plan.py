# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps of the renewal of a federation certificate come next. Private to this collection; no I/O."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ..errors import TaskError
from ..name_list import folded
from ..plan import Change, Plan, Step
from .federation import CURRENT, INSTALLED, ISSUER, NEXT, Certificate, Installation, Proof, Trust

CERTIFICATE, METADATA = "certificate", "metadata"
CREATED, NEW, VALID = "created", "the new certificate", "valid"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The trust and what is wanted.

    C(candidates) are the federation certificates of the server. C(proofs) and C(installations) are those of the next
    certificate; a step that makes one replaces them.
    """

    wanted: str
    trust: Trust
    moment: datetime.datetime
    days: int
    replaced: str
    candidates: tuple[Certificate, ...]
    proofs: list[Proof]
    installations: list[Installation]
    refresh: bool
    proof_is_in_dns: bool
    controller: str | None
    domains: tuple[str, ...]

    @property
    def must_be_renewed(self) -> bool:
        """Whether the current certificate must be replaced."""
        current = self.trust.current
        return current is None or current.thumbprint == self.replaced or not current.is_valid(self.moment, self.days)

    def is_usable(self, certificate: Certificate | None) -> bool:
        """Whether a certificate can be the next one."""
        return (
            certificate is not None
            and certificate.thumbprint != self.replaced
            and certificate.is_valid(self.moment, self.days)
        )

    def candidate(self, candidates: t.Iterable[Certificate]) -> Certificate | None:
        """A certificate that an earlier run created and did not use, or that this run created."""
        used = {one.thumbprint for one in self.trust.certificates.values()}
        return next((one for one in candidates if one.thumbprint not in used and self.is_usable(one)), None)


def check(trust: Trust, moment: datetime.datetime) -> None:
    """Raises C(TaskError) for a trust whose certificate Exchange cannot renew."""
    if not trust.application_uri:
        raise TaskError(
            f"{trust.name} has no ApplicationUri, because no domain is federated. Exchange refuses every change of its "
            "certificates until Set-FederatedOrganizationIdentifier has been run. Nothing was written."
        )
    current = trust.current
    if current and current.not_after and current.not_after < moment:
        raise TaskError(
            f"The certificate of {trust.name} expired on {shown(current.not_after)}. Exchange cannot renew it. Remove "
            "the federated domains and the trust, and create the trust again with New-FederationTrust. Nothing was "
            "written."
        )


def plan(state: State) -> Plan:
    """The next steps, in order. Raises C(TaskError) if the next certificate must not be published yet."""
    steps: list[Change] = []
    trust = state.trust
    issuer = trust.certificates.get(ISSUER)
    if state.refresh and not (issuer and issuer.is_valid(state.moment, state.days)):
        steps.append(_change(trust, METADATA, issuer_value(issuer, state), VALID))
    usable = state.is_usable(trust.next)
    if state.wanted == "prepared" and not usable and (trust.next or state.must_be_renewed):
        if state.candidate(state.candidates) is None:
            steps.append(_change(trust, CERTIFICATE, "none", CREATED))
        steps.append(_change(trust, NEXT, trust.next.thumbprint if trust.next else "none", NEW))
    elif state.wanted == "published" and state.must_be_renewed:
        if trust.next is None or not usable:
            raise TaskError(
                f"{trust.name} has no next certificate that can be published. Run the task with state prepared, add "
                "the proofs that it returns to the external DNS, and run it with state published then. Nothing was "
                "written."
            )
        _check_publication(state, trust.next)
        before = trust.current.thumbprint if trust.current else "none"
        steps.append(_change(trust, CURRENT, before, trust.next.thumbprint))
    return Plan(title="Federation certificate", steps=tuple(Step((change,)) for change in steps), ordered=True)


def issuer_value(issuer: Certificate | None, state: State) -> str:
    """The certificate of the gateway, as the value of a change."""
    if issuer and issuer.is_valid(state.moment, state.days):
        return VALID
    return f"valid until {shown(issuer.not_after)}" if issuer and issuer.not_after else "none"


def shown(moment: datetime.datetime | None) -> str:
    """A time in results and sentences."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else "unknown"


def _check_publication(state: State, coming: Certificate) -> None:
    missing = [one for one in state.installations if one.state.casefold() != INSTALLED.casefold()]
    if missing or not state.installations:
        rows = ", ".join(f"{one.server} ({one.state})" for one in missing) or "no server"
        raise TaskError(
            f"The next certificate {coming.thumbprint} of {state.trust.name} is not installed on all servers: {rows}. "
            "Exchange installs it by itself. Wait, and check that these servers run. Nothing was written."
        )
    if not state.proof_is_in_dns:
        records = "; ".join(f"{one.domain} TXT {one.record}" for one in state.proofs)
        domains = folded(one.domain for one in state.proofs) or "its domains"
        raise TaskError(
            f"The gateway accepts the next certificate of {state.trust.name} only if the external DNS has its proofs. "
            f"Add these TXT records for {domains} beside the old ones: {records or 'none was returned'}. When external "
            "resolvers return them, set proof_is_in_dns. Nothing was written."
        )


def _change(trust: Trust, setting: str, before: str, after: str) -> Change:
    details = {"thing": trust.name, "id": "", "setting": setting}
    return Change(label=f"{trust.name} {setting}", before=before, after=after, details=details)
