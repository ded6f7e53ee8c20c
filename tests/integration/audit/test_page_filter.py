# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search and filters of the page in Chromium."""

from __future__ import annotations

import typing as t

import pytest
import report_estate
import report_samples

if t.TYPE_CHECKING:
    from page_browser import Browser


def test_a_search_shows_findings_with_all_words(browser: Browser) -> None:
    browser.open("small")
    browser.search("hv02 JUMBO")
    assert browser.shown("#wrong tr[id] th") == ["hv02"]
    assert browser.shown("#wrong h4")[0].startswith("error, Path between nodes does not carry jumbo frames")
    assert browser.one("#result").text == "1 of 44 checks match: 1 failed."
    browser.screenshot("search")
    browser.search(" nowhere")
    assert (browser.shown("main tr[id]"), browser.one("#result").text) == ([], "No check matches.")


def test_clear_shows_all_findings_again(browser: Browser) -> None:
    browser.open("small")
    before = browser.shown("main tr[id], .count")
    browser.search("nothing like this")
    browser.press("#filter button")
    browser.until(lambda: browser.one("#result").text == "")
    assert browser.shown("main tr[id], .count") == before


@pytest.mark.parametrize(
    ("words", "matches"),
    [
        ("ex149", lambda finding: finding["subject"] == "EX149"),
        ("hv071", lambda finding: finding["host"].startswith("hv071")),
    ],
)
def test_a_search_in_a_large_report_counts_correctly(browser: Browser, words: str, matches: t.Any) -> None:
    findings = report_samples.large()["findings"]
    browser.open("large")
    browser.search(words)
    found = sum(map(matches, findings))
    failed = sum(matches(finding) and finding["outcome"] == "fail" for finding in findings)
    assert browser.one("#result").text.startswith(f"{found} of 12,000 checks match: {failed} failed, ")
    browser.until(lambda: len(browser.shown("#wrong tr[id]")) == failed)


def test_each_counter_counts_its_own_findings(browser: Browser) -> None:
    findings = report_samples.large()["findings"]
    browser.open("large")
    first = browser.one("#r0 .count").text
    browser.search("hv049")
    for severity in ("error", "warning", "notice"):
        there = [each for each in findings if each["outcome"] == "fail" and each["severity"] == severity]
        match = [each for each in there if each["host"].startswith("hv049")]
        assert browser.shown(f"#{severity} > h3 .count") == (
            [f"{len(match):,} of {len(there):,} match"] if match else []
        )
    for box, text in browser.run(
        """return [...document.querySelectorAll("#wrong .group:not([hidden]), details.rule:not([hidden])")].map((box) =>
          [box.id, [...box.querySelector(".facts").childNodes].filter((each) => !each.tagName || each.checkVisibility())
            .map((each) => each.textContent).join("")]);"""
    ):
        assert text.count(" of ") == 1, box
        assert "hosts" not in text, box
        assert box.startswith("g") or text.split(" · ")[0] in {"error", "warning", "notice"}, box
    browser.press("#filter button")
    browser.until(lambda: browser.one("#r0 .count").text == first)
    assert " hosts, " in browser.shown("#g0 .facts .total")[0]


def test_a_rule_without_findings_is_shown_only_if_it_is_selected(browser: Browser) -> None:
    browser.open("small")
    empty = browser.run(
        "return [...document.querySelectorAll('details.rule')].find(e => !e.querySelector('.lines')).id"
    )
    browser.search("hv02")
    assert not browser.one(f"#{empty}").is_displayed()
    browser.press("#filter button")
    browser.until(lambda: browser.one(f"#{empty}").is_displayed())
    browser.run(
        """const select = document.querySelector("#rule");
        select.value = arguments[0];
        select.dispatchEvent(new Event("input", { bubbles: true }));""",
        empty[1:],
    )
    assert browser.run("return [...document.querySelectorAll('details.rule:not([hidden])')].map(e => e.id)") == [empty]


@pytest.mark.parametrize(("words", "lines"), [("refused listening", 7), ("winha.cluster.dag_heartbeat", 2)])
def test_a_search_finds_texts_of_a_group(browser: Browser, words: str, lines: int) -> None:
    browser.open("small")
    browser.search(words)
    assert browser.one("#result").text.startswith(f"{lines} of 44 checks match")


def test_a_search_for_a_name_in_a_common_remedy_finds_only_its_finding(browser: Browser) -> None:
    evaluation = report_samples.small()
    task = "- hosts: hv01\n  tasks:\n    - winha.cluster.vm_offline_action:\n        names: [EX01, EX02, EX03]\n"
    evaluation["findings"] = [
        report_samples.finding("offline-action", "hv01", name, "fail", severity="error")
        for name in ("EX01", "EX02", "EX03")
    ]
    evaluation["remedies"] = {"offline-action": [{"kind": "task", "text": task, "findings": 3, "hosts": ["hv01"]}]}
    browser.write("joint", evaluation)
    browser.open("joint")
    browser.search("ex02")
    assert browser.one("#result").text == "1 of 3 checks match: 1 failed."
    browser.search(" vm_offline_action")
    assert browser.one("#result").text == "1 of 3 checks match: 1 failed."


def test_all_findings_of_a_rule_can_be_shown_also_those_of_a_search(browser: Browser) -> None:
    browser.open("large")
    first = "#g0 tbody tr"
    assert len(browser.all(first)) == 5
    browser.search("hv0")
    assert len(browser.all(first)) == 5
    browser.one("#g0 .show").click()
    found = browser.shown(f"{first} th")
    assert len(found) > 5
    assert all(name.startswith("hv0") for name in found)
    assert browser.run("return document.activeElement.closest('tr').rowIndex") == 6
    browser.press("#filter button")
    browser.until(lambda: len(browser.all(first)) == 5)


def test_a_search_takes_a_blink_with_300_hosts(browser: Browser) -> None:
    browser.write("environment", report_estate.environment(300))
    browser.open("environment")
    times = browser.run(
        """const text = document.querySelector("#text"), times = [];
        for (const words of ["h", "hv", "hv0", "hv01", "hv01 save", "ex0102", ""]) {
          text.value = words;
          const start = performance.now();
          text.dispatchEvent(new Event("input", { bubbles: true }));
          document.body.offsetHeight;
          times.push(performance.now() - start);
        }
        return times;"""
    )
    assert sorted(times)[len(times) // 2] < 100, times


def test_the_filters_for_host_rule_severity_and_new_findings_combine(browser: Browser) -> None:
    browser.open("small")
    for select, option in (("#where", "hv02"), ("#rule", "")):
        browser.run(
            """const select = document.querySelector(arguments[0]);
            select.value = [...select.options].find(o => o.text === arguments[1] || (!arguments[1] && !o.value)).value;
            select.dispatchEvent(new Event("input", { bubbles: true }));""",
            select, option,
        )  # fmt: skip
    assert browser.one("#result").text == "7 of 44 checks match: 3 failed, 4 passed."
    assert set(browser.shown(".matrix tbody tr th")) == {"hv02"}
    browser.one("input[name=severity][value='1']").click()
    assert len(browser.shown("#wrong tr[id]")) == 2
    browser.one("#new").click()
    assert browser.one("#result").text == "2 of 44 checks match: 2 failed."


def test_the_matrix_shows_only_matches(browser: Browser) -> None:
    browser.open("large")
    before = len(browser.shown(".matrix td"))
    browser.search("hv049 jumbo-path-42")
    assert browser.shown(".matrix tbody th") == ["HVC3"]
    assert browser.shown(".matrix thead a") == ["jumbo-path-42"]
    assert len(browser.shown(".matrix tbody td")) == 1
    assert len(browser.shown(".matrix td a[tabindex='0']")) == 1
    browser.search(" nosuchword")
    assert browser.shown("#matrix, .matrix th") == []
    browser.press("#filter button")
    browser.until(lambda: len(browser.shown(".matrix td")) == before)
    assert len(browser.all(".matrix td a[tabindex='0']")) == len(browser.all(".matrix"))


def test_the_arrow_keys_skip_hidden_cells_of_the_matrix(browser: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open("small")
    browser.search("LiveMigration")
    browser.run("[...document.querySelectorAll('.matrix td a[tabindex=\"0\"]')].find(e => e.checkVisibility()).focus()")
    name = browser.driver.switch_to.active_element.get_attribute("aria-label")
    assert name == "E error: hv02, jumbo-path"
    for key in (Keys.ARROW_LEFT, Keys.ARROW_RIGHT, Keys.ARROW_UP, Keys.ARROW_DOWN):
        browser.driver.switch_to.active_element.send_keys(key)
        assert browser.driver.switch_to.active_element.get_attribute("aria-label") == name


def test_a_link_of_the_summary_shows_the_findings_of_a_cluster(browser: Browser) -> None:
    browser.open("small")
    link = browser.one(".scores .worst a")
    assert link.text == "HVC1"
    link.click()
    assert {text[:3] for text in browser.shown("#wrong tr[id] th")} == {"hv0"}
    assert browser.run("return document.activeElement.id") == "wrong"
    assert browser.run("return document.querySelector('#where').selectedOptions[0].text") == "HVC1"


@pytest.mark.parametrize("filtered", [False, True])
def test_a_link_shows_a_finding_that_is_not_drawn_or_filtered_out(browser: Browser, filtered: bool) -> None:
    browser.open("large")
    number = "f" + str(browser.run("return Number(document.querySelector('#g0 .lines').dataset.from) + 40"))
    assert browser.all(f"#{number}") == []
    if filtered:
        browser.search("no such thing")
    browser.run("location.hash = arguments[0]", number)
    browser.until(lambda: browser.run("return document.activeElement.id") == number)
    browser.until(
        lambda: browser.run(
            """const box = document.activeElement.getBoundingClientRect();
            return box.top >= 0 && box.top < box.bottom && box.bottom <= innerHeight;"""
        )
    )
