# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs changed messages and files, and keeps the shortest input of each problem."""

from __future__ import annotations

import dataclasses
import typing as t

import hypothesis
from hypothesis import strategies as st

from . import files, messages


@dataclasses.dataclass(frozen=True, slots=True)
class Inputs:
    """How many inputs were read, and by problem how many are wrong, with the shortest of them."""

    count: int
    wrong: dict[str, tuple[int, str]]


def read(number: int, seed: int, check: t.Callable[..., str], *strategies: t.Any) -> Inputs:
    """Check a number of inputs of the strategies."""
    count = 0
    wrong: dict[str, tuple[int, str]] = {}

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=number, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(st.tuples(*strategies))
    def one(given: tuple[t.Any, ...]) -> None:
        nonlocal count
        count += 1
        problem = check(*given)
        if problem:
            text = f"{problem} {given[0]} {list(given[1:])}"
            kind = problem.partition(" (")[0]
            before, shortest = wrong.get(kind, (0, text))
            wrong[kind] = (before + 1, min(shortest, text, key=len))

    one()
    return Inputs(count, wrong)


def of_messages(number: int, seed: int, accept: t.Callable[[str], bool] = bool) -> Inputs:
    """Read changed messages, one half by the tasks whose names are accepted, the other half by the parser alone."""
    conversations = {one.variant.name: one for one in messages.conversations() if accept(one.variant.name)}
    real = messages.real_messages()
    places = st.floats(0, 0.999)
    by_task = read(
        number // 2,
        seed,
        lambda name, place, listed: messages.read_by_task(conversations[name], place, listed),
        st.sampled_from(sorted(conversations)),
        places,
        messages.changes,
    )
    alone = read(
        number // 2,
        seed,
        lambda name, listed: messages.read_alone(real[name], listed),
        st.sampled_from(sorted(real)),
        messages.changes,
    )
    return Inputs(by_task.count + alone.count, {**by_task.wrong, **alone.wrong})


def of_files(number: int, seed: int, accept: t.Callable[[str], bool] = bool) -> Inputs:
    """Read changed files and variables by the filters whose names are accepted."""
    uses = {use.name: use for use in files.uses() if accept(use.name)}
    return read(
        number,
        seed,
        lambda name, edits: files.read_by_filter(uses[name], edits),
        st.sampled_from(sorted(uses)),
        files.edits,
    )
