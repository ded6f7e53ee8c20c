# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in a real browser: Chromium without a window, opened from a file like anybody would.

It needs selenium, and Debian's chromium and chromium-driver. WINHA_BROWSER_REQUIRED makes their lack a failure,
WINHA_AXE is an axe.min.js to take instead of that of axe-core-python, and WINHA_SCREENSHOTS a directory for pictures.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import pathlib
import shutil
import typing as t

import pytest
import report_samples
from ansible_collections.winha.cluster.plugins.module_utils._audit.report import render

if t.TYPE_CHECKING:
    import collections.abc

WIDE, PHONE = (1280, 900), (360, 740)
SAMPLES = ("small", "clean", "hostile", "large")
PATIENCE = 30.0  # seconds


def lacking(what: str) -> t.NoReturn:
    if os.environ.get("WINHA_BROWSER_REQUIRED"):
        pytest.fail(what)
    pytest.skip(what)


class Browser:
    """A page of a sample, and what one can do with it."""

    def __init__(self, driver: t.Any, pages: pathlib.Path) -> None:
        self.driver = driver
        self._pages = pages

    def open(
        self, sample: str, place: str = "", *, size: tuple[int, int] = WIDE, media: str = "", scheme: str = "light",
        script: bool = True,
    ) -> None:  # fmt: skip
        self.command("Emulation.setScriptExecutionDisabled", value=not script)
        self.command("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1,
                     mobile=size == PHONE)  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", media=media, features=features)
        self.driver.get("about:blank")
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.get((self._pages / f"{sample}.html").as_uri() + place)

    def command(self, name: str, **arguments: t.Any) -> t.Any:
        return self.driver.execute_cdp_cmd(name, arguments)

    def run(self, script: str, *arguments: t.Any) -> t.Any:
        return self.driver.execute_script(script, *arguments)

    def all(self, selector: str) -> list[t.Any]:
        found: list[t.Any] = self.driver.find_elements("css selector", selector)
        return found

    def one(self, selector: str) -> t.Any:
        return self.driver.find_element("css selector", selector)

    def shown(self, selector: str) -> list[str]:
        """The texts of those that somebody sees who scrolls."""
        found: list[str] = self.run(
            """const all = [...document.querySelectorAll(arguments[0])];
            return all.filter((each) => each.checkVisibility()).map((each) => each.textContent);""",
            selector,
        )
        return found

    def until(self, condition: collections.abc.Callable[[], object]) -> None:
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(self.driver, PATIENCE, poll_frequency=0.02).until(lambda _: condition())

    def press(self, selector: str) -> None:
        """Enter on the first of them: works wherever it stands, and only if the keyboard reaches it."""
        from selenium.webdriver.common.keys import Keys

        self.one(selector).send_keys(Keys.ENTER)

    def search(self, text: str) -> None:
        self.one("#text").send_keys(text)

    def asked_for(self) -> list[str]:
        """The addresses that the page has asked for since it was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [
            event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"
        ]  # fmt: skip

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def picture(self, name: str) -> None:
        if directory := os.environ.get("WINHA_SCREENSHOTS"):
            data = self.command("Page.captureScreenshot", format="png")["data"]
            pathlib.Path(directory, f"{name}.png").write_bytes(base64.b64decode(data))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Browser]:
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        lacking("There is no browser to try the page in: the Python package selenium is not installed.")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        lacking("There is no browser to try the page in: install chromium and chromium-driver.")
    pages = tmp_path_factory.mktemp("pages")
    for sample in SAMPLES:
        (pages / f"{sample}.html").write_text(render(getattr(report_samples, sample)(), "html"), "utf-8")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    profile = f"--user-data-dir={tmp_path_factory.mktemp('profile')}"
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses root, which CI often is
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", profile, *root):
        options.add_argument(argument)
    found = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield Browser(found, pages)
    finally:
        found.quit()


@pytest.fixture(scope="session")
def axe() -> str:
    if given := os.environ.get("WINHA_AXE"):
        return pathlib.Path(given).read_text("utf-8")
    package = importlib.util.find_spec("axe_core_python")
    if package is None or package.origin is None:
        pytest.skip("There is no axe-core to look for barriers: the Python package axe-core-python is not installed.")
    return pathlib.Path(package.origin).with_name("axe.min.js").read_text("utf-8")


# --- What reaches the browser -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_page_asks_for_nothing_and_the_browser_has_nothing_to_complain_about(browser: Browser, sample: str) -> None:
    browser.open(sample)
    assert [url for url in browser.asked_for() if not url.startswith(("data:", "file:"))] == []
    assert len([url for url in browser.asked_for() if url.startswith("file:")]) <= 1
    assert browser.complaints() == []
    assert browser.run("return document.documentElement.className") == "js"


def test_no_name_of_a_server_runs_as_a_script(browser: Browser) -> None:
    browser.open("hostile")
    expected = f"11 errors – Audit of {report_samples.HOSTILE[0]}"  # noqa: RUF001 - as the page has it
    assert browser.driver.title == expected
    for summary in browser.all("details > summary"):
        browser.run("arguments[0].click()", summary)
    browser.search("owned")
    assert browser.driver.title == expected
    assert browser.complaints() == []


def test_the_browser_runs_no_script_but_the_page_s_own(browser: Browser) -> None:
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
    assert any("Content Security Policy" in complaint for complaint in browser.complaints())


# --- Finding ----------------------------------------------------------------------------------------------------------


def test_a_search_leaves_what_has_all_its_words(browser: Browser) -> None:
    browser.open("small")
    browser.search("hv02 JUMBO")
    assert [text.split()[0] for text in browser.shown("#wrong li[id]")] == ["hv02"]
    assert browser.shown("#wrong h4")[0].startswith("error: The live-migration network passes jumbo frames")
    assert browser.one("#result").text == "1 of 44 findings match: 1 failed."
    browser.picture("search")
    browser.search(" nowhere")
    assert (browser.shown("main li[id]"), browser.one("#result").text) == ([], "No finding matches.")


def test_clear_brings_everything_back(browser: Browser) -> None:
    browser.open("small")
    before = browser.shown("main li[id], .count")
    browser.search("nothing like this")
    browser.press("#filter button")
    browser.until(lambda: browser.one("#result").text == "")
    assert browser.shown("main li[id], .count") == before


@pytest.mark.parametrize(
    ("words", "matches"),
    [
        ("ex149", lambda finding: finding["subject"] == "EX149"),
        ("hv071", lambda finding: finding["host"].startswith("hv071")),
    ],
)
def test_a_search_in_a_large_estate_counts_right(browser: Browser, words: str, matches: t.Any) -> None:
    findings = report_samples.large()["findings"]
    browser.open("large")
    browser.search(words)
    found = sum(map(matches, findings))
    failed = sum(matches(finding) and finding["outcome"] == "fail" for finding in findings)
    assert browser.one("#result").text.startswith(f"{found} of 12,000 findings match: {failed} failed, ")
    browser.until(lambda: len(browser.shown("#wrong li[id]")) == failed)


def test_what_was_hidden_while_it_was_folded_stays_hidden_when_it_opens(browser: Browser) -> None:
    browser.open("large")
    browser.search("hv07")
    (fold,) = browser.run(
        "return [...document.querySelectorAll('#wrong details.fold')].filter(e => !e.hidden).slice(0, 1)"
    )
    browser.run("arguments[0].open = true", fold)
    browser.until(
        lambda: browser.run(
            """const lines = [...arguments[0].querySelectorAll("li")];
            return lines.every((line) => line.checkVisibility() === /hv07/.test(line.textContent));""",
            fold,
        )
    )


def test_host_rule_severity_and_newness_filter_together(browser: Browser) -> None:
    browser.open("small")
    for select, option in (("#host", "hv02"), ("#rule", "")):
        browser.run(
            """const select = document.querySelector(arguments[0]);
            select.value = [...select.options].find(o => o.text === arguments[1] || (!arguments[1] && !o.value)).value;
            select.dispatchEvent(new Event("input", { bubbles: true }));""",
            select, option,
        )  # fmt: skip
    assert browser.one("#result").text == "7 of 44 findings match: 3 failed, 4 passed."
    assert [row.split()[0] for row in browser.shown(".matrix tbody tr th")] == ["hv02"]
    browser.one("input[name=severity][value='1']").click()
    assert len(browser.shown("#wrong li[id]")) == 2
    browser.one("#new").click()
    assert browser.one("#result").text == "2 of 44 findings match: 2 failed."


def test_the_worst_host_is_one_click_away(browser: Browser) -> None:
    browser.open("small")
    link = browser.one(".scores a")
    assert link.text == "hv02"
    link.click()
    assert {text.split()[0] for text in browser.shown("#wrong li[id]")} == {"hv02"}
    assert browser.run("return document.activeElement.id") == "wrong"


@pytest.mark.parametrize("filtered", [False, True])
def test_a_link_opens_what_is_folded_away_or_filtered_out(browser: Browser, filtered: bool) -> None:
    browser.open("large")
    number = browser.run("return document.querySelectorAll('#wrong details.fold li')[40].id")
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


# --- Remedies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clipboard", [True, False])
def test_a_remedy_is_copied_as_it_is(browser: Browser, clipboard: bool) -> None:
    browser.open("small")
    remedy = next(finding["remedy"]["text"] for finding in report_samples.small()["findings"] if finding["remedy"])
    browser.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    if not clipboard:
        browser.run("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    browser.press("details.mend summary")
    browser.until(lambda: browser.all("details.mend .copy"))
    browser.press("details.mend .copy")
    browser.until(lambda: browser.run("return document.getElementById('said').textContent"))
    assert browser.run("return document.getElementById('said').textContent") == "The remedy is copied."
    browser.picture("remedy")
    if clipboard:
        assert browser.run("return navigator.clipboard.readText()") == remedy
    else:
        assert browser.run("return String(getSelection())").strip() == remedy.strip()


# --- Everybody --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_sticks_out_of_the_window(browser: Browser, sample: str, size: tuple[int, int]) -> None:
    browser.open(sample, size=size)
    browser.picture(f"{sample}-{size[0]}")
    assert browser.run("return document.documentElement.scrollWidth") <= size[0]


def test_without_scripts_everything_can_be_read(browser: Browser) -> None:
    browser.open("small", script=False)
    assert not browser.one("#filter").is_displayed()
    assert browser.one("#f0").is_displayed()
    browser.press("details.mend summary")
    assert "offline_action: shut_down" in browser.one("details.mend pre").text
    browser.press("details.rule summary")
    assert "Windows Server 2012 and later" in browser.one("details.rule").text
    browser.picture("without-scripts")


def test_in_print_remedies_are_open_and_controls_are_gone(browser: Browser) -> None:
    browser.open("small", media="print")
    assert not browser.one("#filter").is_displayed()
    assert not browser.one(".copy").is_displayed()
    boxes = browser.run(
        "return [...document.querySelectorAll('.mend pre, .fold li')].map(e => e.getBoundingClientRect().height)"
    )
    assert boxes
    assert min(boxes) > 0


def test_the_keyboard_reaches_what_is_wrong_and_walks_the_matrix(browser: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open("small")
    browser.one("body").send_keys(Keys.TAB)
    assert browser.driver.switch_to.active_element.text == "Skip to what is wrong"
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    browser.until(lambda: browser.run("return document.activeElement.id") == "main")
    assert len(browser.all(".matrix td a[tabindex='0']")) == 1
    browser.run("document.querySelector('.matrix td a').focus()")
    walked = [browser.driver.switch_to.active_element.get_attribute("aria-label")]
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ARROW_DOWN):
        browser.driver.switch_to.active_element.send_keys(key)
        walked.append(browser.driver.switch_to.active_element.get_attribute("aria-label"))
    assert walked == [
        "E error: hv02, offline-action", "E error: hv02, jumbo-path", "E error: hv02, offline-action",
        "E2 error, 2 findings: hv01, offline-action",
    ]  # fmt: skip
    assert len(browser.all(".matrix td a[tabindex='0']")) == 1


def test_the_number_of_results_is_told_to_those_who_listen(browser: Browser) -> None:
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
def test_axe_finds_nothing(browser: Browser, axe: str, sample: str, size: tuple[int, int], scheme: str) -> None:
    browser.open(sample, size=size, scheme=scheme)
    browser.run("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    browser.picture(f"{sample}-{size[0]}-{scheme}")
    browser.run(axe)
    found = browser.driver.execute_async_script(
        """const done = arguments[0];
        axe.run({ resultTypes: ["violations"] }).then(
          (found) => done(found.violations.map((each) => [each.id, each.help, each.nodes.slice(0, 3).map((node) =>
            node.target.join(" ") + " " + node.failureSummary)])),
          (error) => done([[String(error)]]))"""
    )
    assert found == []
