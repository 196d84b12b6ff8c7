"""A headless Chromium of the system, and pages in it that have no network."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from offswitch_analysis.rates import Summary
from offswitch_analysis.report.page import render

NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Visit:
    """A page that was opened, and what it did on its own."""

    page: Page
    said: list[str] = field(default_factory=list[str])
    """console messages, errors and dialogs"""
    requests: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self._session: Any = self.page.context.new_cdp_session(self.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    @property
    def cpu_s(self) -> float:
        """Processor time that the page has taken, whatever else the host did: of its main thread, which also paints."""
        told: dict[str, Any] = self._session.send("Performance.getMetrics")
        return next(one["value"] for one in told["metrics"] if one["name"] == "TaskDuration")

    @property
    def hash(self) -> str:
        return self.page.evaluate("location.hash")

    def shown(self, selector: str) -> list[str]:
        """The texts of all elements that can be seen."""
        return [one.inner_text() for one in self.page.locator(selector).all() if one.is_visible()]


Visitor = Callable[..., Visit]


# Of a module, because a running playwright keeps its thread from tests that have an event loop of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("there is no Chromium; on Debian: apt-get install chromium")
    unsandboxed = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=unsandboxed)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visitor]:
    """Opens a summary's page, at a place in it, in a context with the given settings."""
    contexts: list[Any] = []

    def open_page(summary: Summary, at: str = "", **settings: Any) -> Visit:
        file = tmp_path / "index.html"
        file.write_text(render(summary), encoding="utf-8")
        options: Any = {"viewport": {"width": 1440, "height": 900}, **settings}
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        seen = Visit(context.new_page())
        seen.page.on("console", lambda message: seen.said.append(f"{message.type}: {message.text}"))
        seen.page.on("pageerror", lambda error: seen.said.append(f"error: {error}"))
        seen.page.on("dialog", lambda dialog: seen.said.append(f"dialog: {dialog.message}"))
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.goto(f"{file.as_uri()}{at}")
        return seen

    yield open_page
    for context in contexts:
        context.close()
