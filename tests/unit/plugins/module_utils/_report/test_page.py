# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTML of the page; tests/integration/audit tests it in a browser."""

from __future__ import annotations

import base64
import collections
import hashlib
import html
import html.parser
import json
import re

import pytest
import report_estate
import report_samples
from ansible_collections.winha.cluster.plugins.module_utils._report.evaluation import OUTCOMES
from ansible_collections.winha.cluster.plugins.module_utils._report.formats import render
from ansible_collections.winha.cluster.plugins.module_utils._report.text import visible

SAMPLES = ("small", "clean", "hostile")
VOID = {"meta", "link", "input"}
# The elements of the page: no img, iframe or object.
ELEMENTS = {
    "html", "head", "meta", "title", "link", "style", "body", "svg", "defs", "symbol", "path", "circle", "rect",
    "line", "polyline", "g", "text", "use", "a", "header", "p", "h1", "h2", "h3", "h4", "bdi", "time", "nav", "main",
    "section", "span", "b", "ul", "ol", "li", "div", "table", "thead", "tbody", "tr", "th", "td", "code", "form",
    "label", "input", "select", "option", "fieldset", "legend", "button", "output", "article", "details",
    "summary", "pre", "dl", "dt", "dd", "figure", "figcaption", "footer", "script",
}  # fmt: skip


class Page(html.parser.HTMLParser):
    """The elements with their attributes, the texts of some elements, and the nesting."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: dict[str, list[list[str]]] = {tag: [] for tag in ("title", "style", "script", "h4", "body")}
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.pieces.get(tag, []).append([])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        for tag in self.pieces.keys() & set(self.open):
            self.pieces[tag][-1].append(data)

    def texts(self, tag: str) -> list[str]:
        return ["".join(pieces) for pieces in self.pieces[tag]]

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module", params=SAMPLES)
def page(request: pytest.FixtureRequest) -> Page:
    return Page(render(getattr(report_samples, request.param)(), "html"))


def test_all_elements_are_closed_in_order(page: Page) -> None:
    assert (page.wrong, page.open) == ([], [])


def test_names_add_no_element(page: Page) -> None:
    assert {tag for tag, _attributes in page.elements} <= ELEMENTS
    assert (len(page.of("script")), len(page.of("style")), len(page.of("title"))) == (2, 1, len(page.texts("title")))


def test_names_add_no_active_attribute(page: Page) -> None:
    names = {name for _tag, attributes in page.elements for name in attributes}
    assert [name for name in names if name.startswith("on") or name in {"style", "src", "srcset", "autofocus"}] == []


def test_links_point_into_the_page_or_to_https_sources(page: Page) -> None:
    links = [attributes["href"] or "" for attributes in page.of("a")]
    assert [link for link in links if not re.match(r"#[a-z0-9-]+$|https://[a-z]", link)] == []
    ids = {attributes.get("id") for _tag, attributes in page.elements}
    assert [link for link in links if link.startswith("#") and link[1:] not in ids] == []


def test_ids_are_unique_and_labels_exist(page: Page) -> None:
    ids = [attributes["id"] for _tag, attributes in page.elements if "id" in attributes]
    assert [name for name, count in collections.Counter(ids).items() if count > 1] == []
    named = [attributes["aria-labelledby"] for _tag, attributes in page.elements if "aria-labelledby" in attributes]
    assert set(named) <= set(ids)


def test_the_policy_allows_only_the_own_style_and_script(page: Page) -> None:
    assert [link["href"] for link in page.of("link")] == ["data:,"]
    (policy,) = (meta["content"] or "" for meta in page.of("meta") if meta.get("http-equiv"))
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    style, script = page.texts("style")[0], page.texts("script")[1]
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == f"'sha256-{digest(style)}'"
    assert rules["script-src"] == f"'sha256-{digest(script)}'"
    assert re.findall(r"url\(|@import|@font-face", style) == []


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_data_of_the_script_has_a_row_for_each_finding(sample: str) -> None:
    found = report_samples.writable(getattr(report_samples, sample)())
    page = Page(render(found, "html"))
    lines = collections.Counter((row["host"], row["rule"], row["subject"], row["outcome"]) for row in decoded(page))
    wanted = [
        (visible(each["host"]) or "all hosts", visible(each["rule"]), visible(each["subject"]), each["outcome"])
        for each in found["findings"]
    ]
    assert lines == collections.Counter(wanted)


def decoded(page: Page) -> list[dict[str, str]]:
    """The findings as the script reads them."""
    data = json.loads(page.texts("script")[0])
    for name, column in data.items():
        if isinstance(column, dict):
            pairs = zip(column["runs"][::2], column["runs"][1::2], strict=True)
            data[name] = [value for value, number in pairs for _place in range(number)]
    rows = []
    for number in range(len(data["host"])):
        row = {key: data["texts"][data[key][number]] for key in ("subject", "found", "expected", "sentence")}
        row |= {"host": data["hosts"][data["host"][number]], "rule": data["rules"][data["rule"][number]][0]}
        values = dict(
            zip("\x01\x02\x03\x04", (row["host"], row["subject"], row["found"], row["expected"]), strict=True)
        )
        row["sentence"] = "".join(values.get(each, each) for each in row["sentence"])
        rows.append({**row, "outcome": OUTCOMES[int(data["outcome"][number])]})
    return rows


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sentence_of_the_data_is_that_of_its_finding(sample: str) -> None:
    found = report_samples.writable(getattr(report_samples, sample)())
    wanted = {
        (visible(each["host"]), visible(each["rule"]), visible(each["subject"])): visible(each["text"])
        for each in found["findings"]
        if each["outcome"] == "fail"
    }
    rows = [row for row in decoded(Page(render(found, "html"))) if row["outcome"] == "fail"]
    assert {(row["host"], row["rule"], row["subject"]): row["sentence"] for row in rows} == wanted


def test_the_page_contains_all_texts_of_the_evaluation() -> None:
    found = report_samples.small()
    page = Page(render(found, "html"))
    text = " ".join([page.texts("body")[0], *(row["sentence"] for row in decoded(page))])
    text = " ".join(text.split())
    expected = [finding[key] for finding in found["findings"] for key in ("host", "subject", "text", "why_unknown")]
    expected += [
        finding[key] for finding in found["findings"] if finding["outcome"] == "fail" for key in ("expected", "found")
    ]
    expected += [finding["remedy"]["text"] for finding in found["findings"] if finding["remedy"]]
    expected += [rule[key] for rule in found["rules"] for key in ("id", "title", "why", "question", "applies")]
    expected += [host["why"] for host in found["hosts"]]
    expected += [
        "The vendor of the storage has not released it.",
        "2027-01-31",
        "10 s over",
        "12 days left",
        "21 days ago",
    ]
    assert [words for words in expected if words and " ".join(words.split()) not in text] == []


@pytest.mark.parametrize(("ends", "times"), [(("Read it again.", "Read it again."), 1), (("Read A.", "Read B."), 2)])
def test_equal_advice_for_unknown_values_is_shown_once(ends: tuple[str, str], times: int) -> None:
    found = report_samples.small()
    about = {"outcome": "unknown", "severity": "error", "why_unknown": "No answer came."}
    more = [
        report_samples.finding("offline-action", host, text=f"No answer came. {end}", **about)
        for host, end in zip(("hv01", "hv02"), ends, strict=True)
    ]
    found["findings"] += more
    text = shown(Page(render(found, "html")))
    assert sum(text.count(end) for end in set(ends)) == times


def shown(page: Page) -> str:
    """The text of the page without the data and the script."""
    return " ".join(page.texts("body")[0].partition('{"hosts":')[0].split())


def test_unknown_checks_with_one_cause_on_several_hosts_have_one_box() -> None:
    found = report_samples.small()
    found["findings"] += [
        report_samples.finding("offline-action", host, outcome="unknown", why_unknown=f"{host} timed out.",
                               cause="<host> timed out.", severity="error")
        for host in ("hv01", "hv02")
    ]  # fmt: skip
    text = shown(Page(render(found, "html")))
    assert text.count("<host> timed out. 2 checks · hv01 and hv02") == 1
    assert "hv01 timed out." in text  # the sentence on demand


def test_hosts_are_counted_and_clusters_and_forests_are_labeled() -> None:
    found = report_samples.small()
    for each in found["findings"]:
        each["place"] = {}
    about = [("HVC1", "cluster", {"cluster": "HVC1"}), ("corp.example.com", "forest", {})]
    found["findings"] += [
        report_samples.finding("heartbeat", name, "x", "fail", severity="error", scope=scope, place=place)
        for name, scope, place in about
    ]
    text = shown(Page(render(found, "html")))
    assert "9 hosts, 13 rules, 46 checks;" in text
    assert "HVC11000" in text.replace(" ", "")  # its name, and its findings by severity
    assert "Other hosts, and the forest" in text


def test_findings_on_many_clusters_do_not_count_as_hosts() -> None:
    found = report_samples.small()
    found["findings"] = [
        report_samples.finding("heartbeat", f"DAG{number}", "x", "fail", severity="error", scope="cluster")
        for number in range(7)
    ]
    text = shown(Page(render(found, "html")))
    assert "7 findings on 7 clusters" in text
    assert "7 hosts" not in text


def test_invisible_characters_are_escaped() -> None:
    text = Page(render(report_samples.hostile(), "html")).texts("body")[0]
    assert "gnp\\u202egpj.exe" in text
    assert "half\ufffdpair" in text


def test_the_summary_lists_different_values_and_shortens_long_ones() -> None:
    found = report_samples.small()
    names = [f"CN=svc{number},{'OU=Service Accounts,' * 5}DC=corp" for number in range(5)]
    found["findings"] += [
        report_samples.finding("principal-names", "dc01", name, "fail", severity="error", found=name, expected="one")
        for name in names
    ]
    text = " ".join(Page(render(found, "html")).texts("body")[0].split())
    (values,) = re.findall(r"dc01: found (.*?), expected one", text)
    assert values == ", ".join(f"{name[:59]}…" for name in names[:3]) + " and 2 more"


@pytest.mark.parametrize("form", ["html", "markdown"])
def test_a_rule_has_its_remedies_once(form: str) -> None:
    found = report_samples.small()
    joint = [
        {"kind": "task", "text": "- hosts: [hv01, hv02]", "findings": 2, "hosts": ["hv01", "hv02"]},
        {"kind": "script", "text": "Set-VM -Name EX02", "findings": 1, "hosts": ["hv03"]},
    ]
    found["remedies"] = {"offline-action": joint}
    text = html.unescape(render(found, form))
    for each in joint:
        assert text.count(str(each["text"])) == 1
    assert "vm_offline_action" not in text  # those of the findings


def test_a_failed_path_is_not_shown_with_the_wanted_size() -> None:
    found = report_samples.small()
    about = {"cluster": "HVC1", "network": "LM", "wanted": 9000, "proved": False, "why": "lost"}
    found["pictures"]["paths"] = [
        about | {"from": "hv01", "to": "hv02", "mtu": 9000},
        about | {"from": "hv02", "to": "hv01", "mtu": 1500},
    ]
    text = " ".join(Page(render(found, "html")).texts("body")[0].split())
    assert "hv01 to hv02 does not pass: lost" in text
    assert "hv02 to hv01 passes only 1500 bytes: lost" in text
    assert "only 9000 bytes" not in text


def test_clusters_with_the_same_heartbeats_share_a_row_and_unknown_ones_are_named() -> None:
    found = report_samples.small()
    known = {"dag": True, "windows": "2019", "same_subnet_seconds": 20, "same_subnet_default_seconds": 20}
    unknown = {"cluster": "DAG9", "dag": True, "windows": "2019"}
    found["pictures"]["heartbeats"] = [*({"cluster": f"DAG{place}", **known} for place in (1, 2, 3)), unknown]
    text = shown(Page(render(found, "html")))
    assert "DAG1toDAG33DAGs,WindowsServer201920sunknown20s" in text.replace(" ", "")
    assert "The blackout of live migrations is not set" in text
    assert "Unknown for DAG9." in text
    found["pictures"]["heartbeats"] = [unknown]
    assert 'id="heartbeats"' not in render(found, "html")


def test_the_matrix_has_a_row_for_each_host_or_for_equal_clusters() -> None:
    def names(found: report_samples.Row) -> list[str]:
        page = render(found, "html").partition('id="matrix"')[2]
        return re.findall(r'<tr data-rows="[hp0-9 ]+"><th scope="row"><bdi>(.*?)</bdi>', page)

    assert {"hv01", "hv02", "dc01"} <= set(names(report_samples.small()))
    rows = names(report_estate.environment(60))
    assert [name for name in rows if name.startswith("hv")] == []
    assert [name for name in rows if name.startswith("DAG00 to DAG06")]


def test_the_worst_findings_are_first() -> None:
    found = report_samples.small()
    titles = [" ".join(text.split()) for text in Page(render(found, "html")).texts("h4")]
    words = ["error", "warning", "notice"]
    order = [next(place for place, word in enumerate(words) if title.startswith(word)) for title in titles]
    assert order == sorted(order)
    assert titles[0] == "error, VM is saved, not shut down, when the cluster takes it offline"
