# Copyright: (c) 2026, winha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser for the pages.

It needs selenium, and Debian's chromium and chromium-driver. With WINHA_BROWSER_REQUIRED, tests fail without them and
are not skipped. WINHA_AXE is an axe.min.js to use instead of axe-core-python. WINHA_SCREENSHOTS is a folder for
screenshots.
"""

from __future__ import annotations

import importlib.util
import os
import pathlib
import shutil
import typing as t

import pytest
import report_samples
from ansible_collections.winha.cluster.plugins.module_utils._report.formats import render
from page_browser import SAMPLES, Browser


def skip_or_fail(reason: str) -> t.NoReturn:
    if os.environ.get("WINHA_BROWSER_REQUIRED"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Browser]:
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        skip_or_fail("There is no browser for the page: the Python package selenium is not installed.")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        skip_or_fail("There is no browser for the page: install chromium and chromium-driver.")
    pages = tmp_path_factory.mktemp("pages")
    for sample in SAMPLES:
        (pages / f"{sample}.html").write_text(render(getattr(report_samples, sample)(), "html"), "utf-8")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    profile = f"--user-data-dir={tmp_path_factory.mktemp('profile')}"
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # the sandbox of Chromium refuses root, which CI often uses
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
        pytest.skip("There is no axe-core: the Python package axe-core-python is not installed.")
    return pathlib.Path(package.origin).with_name("axe.min.js").read_text("utf-8")
