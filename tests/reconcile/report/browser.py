"""What a real browser says of a page: what it asks the network for, how accessible it is, and whether it fits."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 375, "height": 812}

MISSING = (
    "needs Chromium and: python -m pip install playwright axe-playwright-python; apt-get install chromium"
    if CHROMIUM is None
    else "needs: python -m pip install playwright axe-playwright-python"
)

_AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    # Still called experimental there: a table has headers.
    "rules": {"td-has-header": {"enabled": True}},
    "resultTypes": ["violations"],
}


@frozen(kw_only=True)
class Seen:
    """What the browser saw of one page."""

    requests: Sequence[str]
    """What it asked for, the page itself left out."""
    errors: Sequence[str]
    """What it wrote to its console, and what scripts threw."""
    overflow: int
    """Pixels by which the page is wider than the window."""
    scripts: int
    text: str


@contextmanager
def chromium() -> Iterator[Any]:
    """Start Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def shown(browser: Any, path: Path, *, window: dict[str, int], scheme: str) -> Iterator[tuple[Any, Seen]]:
    """Open the page at *path*, unfold all of it, and give the tab and what there is to see."""
    requests: list[str] = []
    errors: list[str] = []
    page = browser.new_page(viewport=window, color_scheme=scheme)
    try:
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path.as_uri(), wait_until="load")
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        yield (
            page,
            Seen(
                requests=[url for url in requests if url != path.as_uri()],
                errors=errors,
                overflow=page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"),
                scripts=page.locator("script").count(),
                text=page.inner_text("body"),
            ),
        )
    finally:
        page.close()


def barriers(page: Any) -> Sequence[str]:
    """Give the rules of axe-core that *page* breaks, each with what breaks it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=_AXE).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]
