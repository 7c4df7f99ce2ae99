"""The report in a real Chromium: nothing is loaded, everyone can read it, and it fits on a phone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.reconcile.report.browser import CHROMIUM, DESKTOP, MISSING, PHONE, Seen, barriers, chromium, shown
from tests.reconcile.report.made import made, report
from tests.reconcile.whole import whole
from wallet_async.reconcile.model import CLASSES
from wallet_async.reconcile.report import Timing

pytestmark = whole

EVIL = "<script>document.title = 'run'</script>"

ALL_VIEWS = [(window, scheme) for window in (DESKTOP, PHONE) for scheme in ("light", "dark")]

VIEWS = ALL_VIEWS if os.environ.get("REPORT_VIEWS") == "all" else [(DESKTOP, "light"), (PHONE, "dark")]
"""Colours do not depend on the width: two views have every colour and every width. REPORT_VIEWS=all takes all four."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    pytest.importorskip("playwright", reason=MISSING)
    pytest.importorskip("axe_playwright_python", reason=MISSING)
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a report with everything in it: all classes, notes, unread wallets, names that are long or evil."""
    folder = tmp_path_factory.mktemp("report")
    each = [
        {
            "class": name,
            "wallet": f"{EVIL}\t{'long-' * 40}{place}",
            "ledger_amount": Decimal(10) ** 24,
            "ledger_created_at": datetime(2026, 3, 1 + place),
            "detail": EVIL,
            "reference": EVIL,
            "journal_state": "in_doubt",
        }
        for place, name in enumerate(CLASSES)
    ]
    told = made(
        folder / "state",
        [*each, {**each[0], "severity": "note"}],
        unread=[(EVIL, EVIL * 5)],
        unknown_wallets=3,
    )
    timing = Timing(started_at=datetime(2026, 4, 1, 2, tzinfo=UTC), seconds=71.84, sessions=2, requests=112_913)
    report(told, folder / "report.html", timing=timing)
    return folder / "report.html"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a report that has nothing to tell but the verdict."""
    folder = tmp_path_factory.mktemp("clean")
    report(made(folder / "state", [], service=EVIL), folder / "report.html")
    return folder / "report.html"


def judge(seen: Seen) -> None:
    """Hold what a report promises against what was *seen*."""
    assert seen.requests == []
    assert seen.errors == []
    assert seen.overflow == 0
    assert seen.scripts == 0
    assert EVIL in seen.text


@pytest.mark.parametrize(("window", "scheme"), VIEWS, ids=str)
def test_it_can_be_read(browser: Any, page: Path, window: dict[str, int], scheme: str) -> None:
    """No request, no error, no barrier of levels A and AA, no sideways scrolling; what is in the data is only text."""
    with shown(browser, page, window=window, scheme=scheme) as (tab, seen):
        judge(seen)
        assert barriers(tab) == []


def test_a_clean_report_can_be_read(browser: Any, clean: Path) -> None:
    """The same of one that has nothing to tell but the verdict."""
    with shown(browser, clean, window=PHONE, scheme="dark") as (tab, seen):
        judge(seen)
        assert barriers(tab) == []


def test_the_class_that_is_followed_is_unfolded(browser: Any, page: Path) -> None:
    """A link of the table of classes opens its rows, without a script."""
    tab = browser.new_page(viewport=DESKTOP)
    try:
        tab.goto(page.as_uri())
        tab.click("a[href='#missing_at_provider']")
        assert tab.locator("details[open] #missing_at_provider").count() == 1
    finally:
        tab.close()


def prints_dark_on_light(browser: Any, page: Path) -> None:
    tab = browser.new_page(color_scheme="dark")
    try:
        tab.goto(page.as_uri())
        tab.emulate_media(media="print", color_scheme="dark")
        style = "getComputedStyle(document.querySelector('section'))"
        assert tab.evaluate(f"[{style}.color, {style}.backgroundColor]") == ["rgb(23, 25, 28)", "rgb(255, 255, 255)"]
    finally:
        tab.close()


def test_it_is_printed_dark_on_light(browser: Any, clean: Path) -> None:
    """Also by a reader whose screen is dark."""
    prints_dark_on_light(browser, clean)


def test_a_report_that_prints_light_on_paper_is_found(browser: Any, clean: Path, tmp_path: Path) -> None:
    """Sabotaged twin: with dark colours for every medium the same check fails."""
    with pytest.raises(AssertionError):
        prints_dark_on_light(browser, broken(clean, tmp_path, is_dark_everywhere))


def is_dark_everywhere(page: str) -> str:
    return without_policy(page).replace("@media screen and (prefers", "@media (prefers")


def loads_an_image(page: str) -> str:
    return page.replace("<main>", '<main><img alt="" src="https://example.invalid/pixel.png">')


def shows_too_little_contrast(page: str) -> str:
    return without_policy(page).replace("--soft: #565d66", "--soft: #a8adb3")


def has_a_table_without_headers(page: str) -> str:
    return re.sub(r"<(/?)th\b[^>]*>", r"<\1td>", page)


def is_too_wide(page: str) -> str:
    return without_policy(page).replace(".box { overflow-x: auto;", ".box {")


def does_not_escape(page: str) -> str:
    return page.replace("&lt;script&gt;", "<script>").replace("&lt;/script&gt;", "</script>")


def without_policy(page: str) -> str:
    """Let the page have another style than its own."""
    return re.sub(r"<meta http-equiv.*>", "", page)


def broken(clean: Path, folder: Path, sabotage: Callable[[str], str]) -> Path:
    """Write the *clean* report once more, sabotaged."""
    text = clean.read_text("utf-8")
    assert sabotage(text) != without_policy(text)
    (folder / "broken.html").write_text(sabotage(text), encoding="utf-8")
    return folder / "broken.html"


@pytest.mark.parametrize(
    ("sabotage", "what"),
    [(loads_an_image, r"example\.invalid"), (is_too_wide, "overflow"), (does_not_escape, "inline script")],
)
def test_a_broken_report_is_found(
    browser: Any, clean: Path, tmp_path: Path, sabotage: Callable[[str], str], what: str
) -> None:
    """Sabotaged twins: each of them fails the same check, and for its own reason."""
    with shown(browser, broken(clean, tmp_path, sabotage), window=PHONE, scheme="dark") as (_, seen):
        pass
    with pytest.raises(AssertionError, match=what):
        judge(seen)


@pytest.mark.parametrize(
    ("sabotage", "rule"),
    [(shows_too_little_contrast, "color-contrast"), (has_a_table_without_headers, "td-has-header")],
)
def test_a_barrier_is_found(
    browser: Any, clean: Path, tmp_path: Path, sabotage: Callable[[str], str], rule: str
) -> None:
    """Sabotaged twins: each of them breaks the rule that is there for it."""
    with shown(browser, broken(clean, tmp_path, sabotage), window=DESKTOP, scheme="light") as (tab, _):
        assert any(found.startswith(rule) for found in barriers(tab))
