#!/usr/bin/python
# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_federation_certificate
short_description: Renew the certificate of a federation trust of Exchange
description:
  - Renews the organization's certificate of a federation trust in the two parts that Exchange needs. O(state=prepared)
    creates the next certificate. Exchange installs it on all servers, and its proofs must be added to the external DNS.
    O(state=published) then makes it the current one.
  - It does nothing while the current certificate is valid for more than O(renew_before_days). An expired certificate
    cannot be renewed.
  - Returns thumbprints and times of certificates, and the proofs, which are public. Keys and certificates are not
    returned.
version_added: 1.1.0
author:
  - winha.cluster contributors (!UNKNOWN)
options:
  trust:
    description: The name of the federation trust.
    type: str
    default: Microsoft Federation Gateway
  state:
    description:
      - V(prepared) makes sure that there is a next certificate, if the current one must be renewed, or if the next one
        has expired. It uses a certificate that an earlier run created and did not use.
      - V(published) makes the next certificate the current one, if the current one must be renewed. It is refused if
        there is no next certificate, if a server does not have it, and without O(proof_is_in_dns).
      - V(unchanged) leaves the certificates of the organization, for O(refresh_metadata) alone.
    type: str
    choices: [prepared, published, unchanged]
    default: prepared
  renew_before_days:
    description: The certificate is renewed if it is valid for fewer days.
    type: int
    default: 60
  replace_thumbprint:
    description: The thumbprint of a certificate that must be renewed however long it is valid.
    type: str
  proof_is_in_dns:
    description:
      - Whether the external DNS has the proofs of the next certificate, beside those of the current one. The task
        cannot know whether the gateway sees them. Its refusal lists the TXT records.
    type: bool
    default: false
  refresh_metadata:
    description:
      - Read the certificates of the gateway again, if its certificate is not valid for more than O(renew_before_days).
        O(server) needs access to the Internet for it.
    type: bool
    default: false
  domains:
    description: The domains whose proofs are returned. By default the federated domains of the organization.
    type: list
    elements: str
  domain_controller:
    description: The domain controller that Exchange reads from and writes to. By default Exchange chooses one.
    type: str
extends_documentation_fragment:
  - winha.cluster.exchange_shell
  - winha.cluster.attributes
  - winha.cluster.attributes.writes
  - winha.cluster.attributes.exchange_shell
seealso:
  - module: winha.cluster.exchange_info
notes:
  - Use the same O(server) for both states. Its private key makes the proofs.
"""

EXAMPLES = r"""
- name: Create the next certificate
  winha.cluster.exchange_federation_certificate:
    server: ex1cas1.corp.example.com
  register: federation

- name: Show the TXT records for the external DNS
  ansible.builtin.debug:
    var: federation.proofs

- name: Publish it, when the records are in the external DNS
  winha.cluster.exchange_federation_certificate:
    server: ex1cas1.corp.example.com
    state: published
    proof_is_in_dns: true
"""

RETURN = r"""
certificates:
  description: The certificates of the trust before the task.
  returned: success, or when some changes failed
  type: list
  elements: dict
  contains:
    use:
      description: V(current), V(next), V(previous) or V(token_issuer).
      type: str
      sample: current
    thumbprint:
      description: The thumbprint.
      type: str
      sample: 9F2C0D5E8A1B4C7D6E3F0A9B8C7D6E5F4A3B2C1D
    not_before:
      description: From when on it is valid, in UTC.
      type: str
    not_after:
      description: Until when it is valid, in UTC.
      type: str
proofs:
  description: The TXT records of the next certificate for the external DNS.
  returned: success, or when some changes failed
  type: list
  elements: dict
  contains:
    domain:
      description: The domain.
      type: str
    thumbprint:
      description: The thumbprint of the next certificate.
      type: str
    record:
      description: The text of the record.
      type: str
installations:
  description: The servers with C(state), which is V(Installed) if they have the next certificate.
  returned: success, or when some changes failed
  type: list
  elements: dict
results:
  description: The steps that were made, with C(setting), C(now), C(result), and C(msg) if it failed.
  returned: success, or when some changes failed
  type: list
  elements: dict
changes:
  description:
    - What was changed, or in check mode would be changed, with C(label), C(thing) (the trust), C(id), C(setting),
      C(before) and C(after).
  returned: success, or when some changes failed
  type: list
  elements: dict
left_alone:
  description:
    - What was not changed, because C(current), the current value, is not the one in O(expected), as C(label),
      C(expected), C(current) and C(reason).
  returned: when there are any
  type: list
  elements: dict
"""

import datetime
import typing as t
import uuid

from ansible_collections.winha.cluster.plugins.module_utils import task
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings import federation, federation_plan
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings.federation_plan import State
from ansible_collections.winha.cluster.plugins.module_utils._exchange_settings.writing import write_and_read
from ansible_collections.winha.cluster.plugins.module_utils.exchange_shell import EXCHANGE

if t.TYPE_CHECKING:
    from ansible_collections.winha.cluster.plugins.module_utils._psrp.port import Shell
    from ansible_collections.winha.cluster.plugins.module_utils.plan import Applied, Plan, Step

SPEC = {
    "trust": {"type": "str", "default": "Microsoft Federation Gateway"},
    "state": {"type": "str", "choices": ["prepared", "published", "unchanged"], "default": "prepared"},
    "renew_before_days": {"type": "int", "default": 60},
    "replace_thumbprint": {"type": "str"},
    "proof_is_in_dns": {"type": "bool", "default": False},
    "refresh_metadata": {"type": "bool", "default": False},
    "domains": {"type": "list", "elements": "str"},
    "domain_controller": {"type": "str"},
}


def read(shell: Shell, options: task.Options) -> State:
    """Read the trust, and what its next certificate needs. Raises C(TaskError) for one that cannot be renewed."""
    controller = options["domain_controller"]
    trust = federation.read_trust(shell, options["trust"], controller)
    moment = datetime.datetime.now(tz=datetime.UTC)
    federation_plan.check(trust, moment)
    domains = options["domains"]
    state = State(
        wanted=options["state"],
        trust=trust,
        moment=moment,
        days=options["renew_before_days"],
        replaced="".join((options["replace_thumbprint"] or "").split()).upper(),
        candidates=tuple(federation.read_candidates(shell, controller)),
        proofs=[],
        installations=[],
        refresh=options["refresh_metadata"],
        proof_is_in_dns=options["proof_is_in_dns"],
        controller=controller,
        domains=tuple(federation.read_domains(shell, controller) if domains is None else domains),
    )
    if trust.next and state.is_usable(trust.next):
        _read_next(shell, state, trust.next.thumbprint)
    return state


def _read_next(shell: Shell, state: State, thumbprint: str) -> None:
    state.proofs[:] = federation.read_proofs(shell, state.domains, thumbprint, state.controller)
    state.installations[:] = federation.read_installations(shell, thumbprint)


def plan(state: State, _options: task.Options) -> Plan:
    """Plan the next steps, in order."""
    return federation_plan.plan(state)


def apply(shell: Shell, state: State, step: Step) -> Applied:
    """Make one step and read back what is there."""
    (change,) = step.changes
    make, value = _STEPS[change.details["setting"]]
    return write_and_read(lambda: make(shell, state), lambda: {change.label: value(shell, state)})


def _create(shell: Shell, state: State) -> None:
    federation.create_certificate(shell, uuid.uuid4().hex, state.controller)


def _created(shell: Shell, state: State) -> str:
    found = state.candidate(federation.read_candidates(shell, state.controller))
    return federation_plan.CREATED if found else "none"


def _set_next(shell: Shell, state: State) -> None:
    found = state.candidate(federation.read_candidates(shell, state.controller))
    if found:
        federation.set_next(shell, state.trust.name, found.thumbprint, state.controller)


def _next(shell: Shell, state: State) -> str:
    coming = federation.read_trust(shell, state.trust.name, state.controller).next
    if not state.is_usable(coming):
        return coming.thumbprint if coming else "none"
    thumbprint = coming.thumbprint if coming else ""
    _read_next(shell, state, thumbprint)
    return federation_plan.NEW


def _publish(shell: Shell, state: State) -> None:
    federation.publish(shell, state.trust.name, state.controller)


def _current(shell: Shell, state: State) -> str:
    current = federation.read_trust(shell, state.trust.name, state.controller).current
    return current.thumbprint if current else "none"


def _refresh(shell: Shell, state: State) -> None:
    federation.refresh_metadata(shell, state.trust.name, state.controller)


def _issuer(shell: Shell, state: State) -> str:
    trust = federation.read_trust(shell, state.trust.name, state.controller)
    return federation_plan.issuer_value(trust.certificates.get(federation.ISSUER), state)


_STEPS: t.Mapping[str, tuple[t.Callable[[t.Any, State], None], t.Callable[[t.Any, State], str]]] = {
    federation_plan.METADATA: (_refresh, _issuer),
    federation_plan.CERTIFICATE: (_create, _created),
    federation.NEXT: (_set_next, _next),
    federation.CURRENT: (_publish, _current),
}


def report(state: State, outcome: task.Outcome) -> dict[str, t.Any]:
    """Return the certificates before the task, the proofs of the next one, and the steps."""
    results = []
    for setting in _STEPS:
        label = f"{state.trust.name} {setting}"
        if label in {*outcome.values, *outcome.failures}:
            now = {"setting": setting, "now": outcome.now(label, None)}
            results.append(now | outcome.result_of(label))
    return {
        "certificates": [
            {
                "use": use,
                "thumbprint": one.thumbprint,
                "not_before": federation_plan.shown(one.not_before),
                "not_after": federation_plan.shown(one.not_after),
            }
            for use, one in state.trust.certificates.items()
        ],
        "proofs": [{"domain": one.domain, "thumbprint": one.thumbprint, "record": one.record} for one in state.proofs],
        "installations": [{"server": one.server, "state": one.state} for one in state.installations],
        "results": results,
    }


TASK = task.Task(
    spec=SPEC,
    read=read,
    plan=plan,
    apply=apply,
    report=report,
    identified_by=("server", "trust"),
    service=EXCHANGE,
)


def main() -> None:
    task.run_as_module(TASK)


if __name__ == "__main__":
    main()
