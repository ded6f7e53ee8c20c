# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as Markdown, read by markdown-it."""

from __future__ import annotations

import itertools
import typing as t

import pytest
import report_samples
from ansible_collections.winha.cluster.plugins.module_utils._report.formats import render
from ansible_collections.winha.cluster.plugins.module_utils._report.markdown import code, escaped
from ansible_collections.winha.cluster.plugins.module_utils._report.text import plain, visible

markdown_it = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed")

ALLOWED = {
    "heading",
    "paragraph",
    "bullet_list",
    "list_item",
    "fence",
    "inline",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
ALLOWED_IN_LINES = {"text", "code_inline", "strong", "text_special"}


def parsed(text: str) -> list[t.Any]:
    found: list[t.Any] = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    return found


def kind(token: t.Any) -> str:
    return str(token.type).removesuffix("_open").removesuffix("_close")


def visible_text(line: t.Any) -> str:
    """The text of a line as a reader sees it."""
    return "".join(token.content for token in line.children or [])


def one_line(text: str) -> str:
    return " ".join(visible(text).split())


@pytest.mark.parametrize("sample", ["small", "clean", "hostile"])
def test_text_from_servers_adds_no_markdown(sample: str) -> None:
    tokens = parsed(render(getattr(report_samples, sample)(), "markdown"))
    assert {kind(token) for token in tokens} <= ALLOWED
    inner = itertools.chain.from_iterable(token.children or [] for token in tokens)
    assert {kind(token) for token in inner} <= ALLOWED_IN_LINES


@pytest.mark.parametrize("name", report_samples.HOSTILE)
def test_a_sentence_is_shown_as_it_is(name: str) -> None:
    (_open, line, _close) = parsed(escaped(plain(name)[:250]))
    assert visible_text(line).replace("\u2060", "") == one_line(plain(name)[:250])


@pytest.mark.parametrize("name", report_samples.HOSTILE)
def test_a_name_is_shown_as_it_is(name: str) -> None:
    (_open, line, _close) = parsed(code(plain(name)[:250]))
    (only,) = line.children
    assert (only.type, only.content) == ("code_inline", one_line(plain(name)[:250]))


@pytest.mark.parametrize("sample", ["small", "hostile"])
def test_all_rows_of_a_table_have_the_same_number_of_cells(sample: str) -> None:
    lines = render(getattr(report_samples, sample)(), "markdown").splitlines()
    tables = [list(rows) for head, rows in itertools.groupby(lines, lambda line: line.startswith("| ")) if head]
    cells = [[row.replace("\\|", "").count("|") for row in rows] for rows in tables]
    assert cells
    assert all(len(set(counts)) == 1 for counts in cells)


def test_a_report_mentions_nobody() -> None:
    finding = report_samples.finding("hotfixes", "hv01", outcome="fail", text="Ask @owner of @all.")
    sample = report_samples.small() | {"findings": [finding], "comparison": None}
    assert "@owner" not in render(sample, "markdown")


def test_remedies_can_be_copied() -> None:
    sample = report_samples.small()
    fences = {token.content for token in parsed(render(sample, "markdown")) if token.type == "fence"}
    remedies = [
        finding["remedy"]["text"]
        for finding in sample["findings"]
        if finding["outcome"] == "fail" and finding["remedy"]
    ]
    assert fences <= {text.rstrip("\n") + "\n" for text in remedies}
    assert any("offline_action: shut_down" in text for text in fences)


def test_a_large_report_fits_into_a_comment_and_its_table_has_every_rule() -> None:
    sample = report_samples.large()
    text = render(sample, "markdown")
    assert len(text) < 65_536
    failing = {finding["rule"] for finding in sample["findings"] if finding["outcome"] == "fail"}
    titles = {rule["title"] for rule in sample["rules"] if rule["id"] in failing}
    spans = {visible_text(token) for token in parsed(text) if token.type == "inline"}
    assert titles <= spans
    assert "This report is shortened." in text
