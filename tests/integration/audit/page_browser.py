# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of a sample in Chromium, opened as a file."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import re
import typing as t

from ansible_collections.winha.cluster.plugins.module_utils._report.formats import render

if t.TYPE_CHECKING:
    import collections.abc

    import report_samples

WIDE, PHONE = (1280, 900), (360, 740)
PAPER = (703, 1017)  # pixels of A4 within the margins of the page
SAMPLES = ("small", "clean", "hostile", "large")
TIMEOUT = 30.0  # seconds


class Browser:
    """A browser with the page of a sample."""

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

    def write(self, sample: str, evaluation: report_samples.Row) -> None:
        """Write the page of an evaluation, to open with the name C(sample)."""
        (self._pages / f"{sample}.html").write_text(render(evaluation, "html"), "utf-8")

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
        """The texts of the visible elements."""
        found: list[str] = self.run(
            """const all = [...document.querySelectorAll(arguments[0])];
            return all.filter((each) => each.checkVisibility()).map((each) => each.textContent);""",
            selector,
        )
        return found

    def until(self, condition: collections.abc.Callable[[], object]) -> None:
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(self.driver, TIMEOUT, poll_frequency=0.02).until(lambda _: condition())

    def press(self, selector: str) -> None:
        """Press Enter on the first element, which also works if it is outside the window."""
        from selenium.webdriver.common.keys import Keys

        self.one(selector).send_keys(Keys.ENTER)

    def search(self, text: str) -> None:
        self.one("#text").send_keys(text)

    def requests(self) -> list[str]:
        """The URLs that the page requested since it was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [
            event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"
        ]  # fmt: skip

    def console_messages(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def sheets(self) -> int:
        """The number of sheets of the printed page."""
        data = self.command("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"]
        return len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(data)))

    def screenshot(self, name: str) -> None:
        if directory := os.environ.get("WINHA_SCREENSHOTS"):
            data = self.command("Page.captureScreenshot", format="png")["data"]
            pathlib.Path(directory, f"{name}.png").write_bytes(base64.b64decode(data))
