# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of the page's script: all findings in columns, with each text once. Private to this collection."""

from __future__ import annotations

import itertools
import json
import typing as t

from .evaluation import OUTCOMES, SEVERITIES
from .place import own_places, places_of
from .text import visible, visible_json

if t.TYPE_CHECKING:
    from .evaluation import Evaluation, Finding
    from .order import OrderedReport

# Stand for the host, the subject, the found and the expected value in a sentence. Text from servers has none of them.
TOKENS = ("\x01", "\x02", "\x03", "\x04")

_COLUMNS = ("host", "rule", "set", "subject", "found", "expected", "sentence")


class _Texts:
    """Each text once, with its number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {"": 0}

    def number(self, text: str) -> int:
        return self.numbers.setdefault(text, len(self.numbers))


def page_data(evaluation: Evaluation, report: OrderedReport) -> str:
    """The data as JSON without characters of markup."""
    findings = [line.finding for line in report.lines]
    hosts = {name: place for place, name in enumerate(dict.fromkeys(finding.host for finding in findings))}
    rules = {rule.id: place for place, rule in enumerate(evaluation.rules)}
    everything = places_of(evaluation)
    numbers = {place: number for number, place in enumerate(everything)}
    sets = {own_places(finding): 0 for finding in findings}
    sets = {places: number for number, places in enumerate(sets)}
    sentences = {line.number: group.sentence_of(line) for group in report.unknown for line in group.lines}
    texts = _Texts()
    data: dict[str, t.Any] = {
        "hosts": [visible(host or "all hosts") for host in hosts],
        "rules": [[visible(rule.id), visible(rule.title)] for rule in evaluation.rules],
        "places": [[place.kind, visible(place.name)] for place in everything],
        "sets": [[numbers[place] for place in places] for places in sets],
        "host": [hosts[finding.host] for finding in findings],
        "rule": [rules[finding.rule.id] for finding in findings],
        "set": [sets[own_places(finding)] for finding in findings],
        "outcome": "".join(str(OUTCOMES.index(finding.outcome)) for finding in findings),
        "severity": "".join(str(SEVERITIES.index(finding.severity)) for finding in findings),
        "new": "".join(str(int(finding.status == "new")) for finding in findings),
        "subject": [texts.number(visible(finding.subject)) for finding in findings],
        "found": [texts.number(visible(finding.found)) for finding in findings],
        "expected": [texts.number(visible(finding.expected)) for finding in findings],
        "sentence": [
            texts.number(_template(line.finding, sentences.get(line.number, line.sentence))) for line in report.lines
        ],
    }
    data = {name: _packed(column) if name in _COLUMNS else column for name, column in data.items()}
    data["texts"] = list(texts.numbers)
    text = visible_json(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _packed(column: list[int]) -> list[int] | dict[str, list[int]]:
    """The column, or if that is shorter, C(runs) with each value and how often it follows."""
    runs = [number for value, same in itertools.groupby(column) for number in (value, len(list(same)))]
    return {"runs": runs} if len(runs) < len(column) else column


def _template(finding: Finding, sentence: str) -> str:
    """The sentence of a finding with tokens for its values, so that most findings of a rule have the same text."""
    if finding.outcome == "pass":
        return ""
    text = visible(sentence)
    values = map(visible, (finding.host, finding.subject, finding.found, finding.expected))
    for value, token in sorted(zip(values, TOKENS, strict=True), key=lambda pair: -len(pair[0])):
        if len(value) > 1:
            text = text.replace(value, token)
    return text
