# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in headless Chromium, opened as a file."""

from __future__ import annotations

import typing as t

import pytest
import report_estate
import report_samples
from page_browser import PAPER, PHONE, SAMPLES, WIDE

if t.TYPE_CHECKING:
    from page_browser import Browser


# --- Requests and scripts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_page_makes_no_request_and_no_console_message(browser: Browser, sample: str) -> None:
    browser.open(sample)
    assert [url for url in browser.requests() if not url.startswith(("data:", "file:"))] == []
    assert len([url for url in browser.requests() if url.startswith("file:")]) <= 1
    assert browser.console_messages() == []
    assert browser.run("return document.documentElement.className") == "js"


def test_names_from_servers_do_not_run_as_scripts(browser: Browser) -> None:
    browser.open("hostile")
    expected = f"11 errors – Audit of {report_samples.HOSTILE[0]}"  # noqa: RUF001 - the dash of the page
    assert browser.driver.title == expected
    for summary in browser.all("details > summary"):
        browser.run("arguments[0].click()", summary)
    browser.search("owned")
    assert browser.driver.title == expected
    assert browser.console_messages() == []


def test_the_browser_runs_only_the_script_of_the_page(browser: Browser) -> None:
    browser.open("small")
    title = browser.driver.title
    browser.run(
        """const script = document.createElement("script");
        script.append(document.createTextNode("document.title = 'owned'"));
        document.body.append(script);
        const link = document.createElement("a");
        link.href = "javascript:document.title='owned'";
        document.body.append(link);
        link.click();"""
    )
    browser.until(lambda: len(browser.all("body > a[href^=javascript]")) == 1)
    assert browser.driver.title == title
    assert any("Content Security Policy" in message for message in browser.console_messages())


# --- Remedies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clipboard", [True, False])
def test_a_remedy_can_be_copied(browser: Browser, clipboard: bool) -> None:
    browser.open("small")
    remedy = next(finding["remedy"]["text"] for finding in report_samples.small()["findings"] if finding["remedy"])
    browser.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    if not clipboard:
        browser.run("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    browser.press(".group .copy")
    browser.until(lambda: browser.run("return document.getElementById('announcement').textContent"))
    assert browser.run("return document.getElementById('announcement').textContent") == "The remedy is copied."
    browser.screenshot("remedy")
    if clipboard:
        assert browser.run("return navigator.clipboard.readText()") == remedy
    else:
        assert browser.run("return String(getSelection())").strip() == remedy.strip()


def test_the_summary_links_to_remedies(browser: Browser) -> None:
    browser.open("small")
    browser.one(".overview .on a").click()
    browser.until(lambda: browser.run("return document.activeElement.id") == "m0")
    assert "winha.cluster.vm_offline_action" in browser.one("#m0 pre").text


# --- Layout and accessibility -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_page_fits_the_width_of_the_window(browser: Browser, sample: str, size: tuple[int, int]) -> None:
    browser.open(sample, size=size)
    browser.screenshot(f"{sample}-{size[0]}")
    assert browser.run("return document.documentElement.scrollWidth") <= size[0]


def test_charts_fit_a_phone(browser: Browser) -> None:
    browser.open("small", size=PHONE)
    wide = "return [...document.querySelectorAll('.chart')].map(e => e.offsetWidth - e.parentElement.clientWidth)"
    assert set(browser.run(wide)) == {0}
    assert browser.one("#certificates td[data-label=Until]").is_displayed()


def test_a_large_picture_fits_the_paper(browser: Browser) -> None:
    browser.open("large", media="print", size=PAPER)
    browser.run("document.documentElement.classList.add('everything')")
    assert browser.run("return document.querySelector('.mesh .paths').getBoundingClientRect().right") <= 703


def test_links_and_buttons_are_large_enough_on_a_phone(browser: Browser) -> None:
    browser.open("small", size=PHONE)
    targets = ".tiles a, .top nav a, .overview li > a, .scores th a, .findings summary, .copy"
    heights = browser.run(
        "return [...document.querySelectorAll(arguments[0])].map(e => e.getBoundingClientRect().height)", targets
    )
    assert min(heights) >= 24


def test_the_page_can_be_read_without_scripts(browser: Browser) -> None:
    browser.open("small", script=False)
    assert not browser.one("#filter").is_displayed()
    assert browser.one("#f0").is_displayed()
    assert "offline_action: shut_down" in browser.one(".group .remedy pre").text
    browser.press("#f0 summary")
    assert "The offline action of EX01 is save." in browser.one("#f0").text
    browser.press("details.rule summary")
    assert "Windows Server 2012 and later" in browser.one("details.rule").text
    browser.screenshot("without-scripts")


def test_print_shows_remedies_and_hides_controls(browser: Browser) -> None:
    browser.open("small", media="print")
    assert not browser.one("#filter").is_displayed()
    assert not browser.one(".copy").is_displayed()
    boxes = browser.run(
        """return [...document.querySelectorAll('.group .remedy pre, #wrong tr[id]')]
          .map((each) => each.getBoundingClientRect().height)"""
    )
    assert len(boxes) > 10
    assert min(boxes) > 0


@pytest.mark.parametrize("hosts", [9, 300])
def test_the_summary_is_one_sheet_and_the_print_is_short(browser: Browser, hosts: int) -> None:
    earlier = report_estate.environment(hosts)
    runs = [{**earlier["runs"][-1], "gathered": f"2026-11-{day}T22:10:04Z"} for day in range(10, 20)]
    found = report_estate.environment(hosts, before=earlier, runs=runs)
    browser.write("environment", found)
    browser.open("environment", media="print", size=PAPER)
    assert browser.run("return document.querySelector('#summary').getBoundingClientRect().bottom + scrollY") < PAPER[1]
    sheets = browser.sheets()
    assert sheets < 15
    browser.run("window.print = () => {}; document.querySelector('#print').click()")
    assert len(browser.all("tr[id^=f]")) == len(found["findings"])
    if hosts < 100:
        assert browser.sheets() > sheets


def test_the_keyboard_reaches_the_results_and_the_cells_of_the_matrix(browser: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open("small")
    browser.one("body").send_keys(Keys.TAB)
    assert browser.driver.switch_to.active_element.text == "Skip to the results"
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    browser.until(lambda: browser.run("return document.activeElement.id") == "main")
    assert len(browser.all(".matrix td a[tabindex='0']")) == len(browser.all(".matrix"))
    names = ["E2 error, 2 findings: hv01, offline-action", "E error: hv02, offline-action"]
    browser.run("document.querySelector(`.matrix td a[aria-label='${arguments[0]}']`).focus()", names[0])
    labels = []
    for key in (Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.ARROW_LEFT):
        browser.driver.switch_to.active_element.send_keys(key)
        labels.append(browser.driver.switch_to.active_element.get_attribute("aria-label"))
    assert labels == [names[1], names[0], names[0]]
    assert len(browser.all(".matrix td a[tabindex='0']")) == len(browser.all(".matrix"))


def test_screen_readers_get_the_number_of_results(browser: Browser) -> None:
    browser.open("small")
    tree = browser.command("Accessibility.getFullAXTree")["nodes"]
    live = [
        node
        for node in tree
        if {"name": "live", "value": {"type": "token", "value": "polite"}} in node.get("properties", [])
    ]
    assert {node["role"]["value"] for node in live} == {"status"}
    roles = {node["role"]["value"] for node in tree}
    assert {"banner", "navigation", "main", "search", "contentinfo", "heading", "columnheader", "rowheader"} <= roles


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("sample", ["small", "clean", "hostile"])
def test_axe_finds_no_violation(browser: Browser, axe: str, sample: str, size: tuple[int, int], scheme: str) -> None:
    browser.open(sample, size=size, scheme=scheme)
    browser.run("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    browser.screenshot(f"{sample}-{size[0]}-{scheme}")
    browser.run(axe)
    found = browser.driver.execute_async_script(
        """const done = arguments[0];
        axe.run({ resultTypes: ["violations"] }).then(
          (found) => done(found.violations.map((each) => [each.id, each.help, each.nodes.slice(0, 3).map((node) =>
            node.target.join(" ") + " " + node.failureSummary)])),
          (error) => done([[String(error)]]))"""
    )
    assert found == []
