"""Makes the pictures of the documentation: ``python -m tests.reconcile.report.pictures [FOLDER]``.

The report is photographed in Chromium, with whatever the machine has for a system font (Debian: ``fonts-inter`` and
``fonts-jetbrains-mono``); what the terminal shows is drawn by rich.
"""

from __future__ import annotations

import re
import sys
import tempfile
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.reconcile.report.browser import DESKTOP, PHONE, chromium
from tests.reconcile.report.made import Made, made, month, report
from wallet_async.cli.reconcile.screen import picture
from wallet_async.cli.reconcile.summary import page
from wallet_async.reconcile.report import Timing, read_overview
from wallet_async.reconcile.standing import Standing

IMAGES = Path(__file__).parents[3] / "docs" / "images"

_COLUMNS = 100
"""Characters of the terminal in the pictures."""


def photograph(told: Made, folder: Path, images: Path) -> None:
    """Take the report in light and dark on a desktop, and on a phone."""
    timing = Timing(started_at=datetime(2026, 4, 1, 2, 0, 4, tzinfo=UTC), seconds=61.4, sessions=2, requests=112_913)
    report(told, folder / "report.html", timing=timing)
    with chromium() as browser:
        for name, window, scheme, height in (
            ("report-light", DESKTOP, "light", 1480),
            ("report-dark", DESKTOP, "dark", 1480),
            ("report-phone", PHONE, "dark", 812),
        ):
            sharp = 1 if window is DESKTOP else 2
            view = {**window, "height": height}
            tab = browser.new_page(viewport=view, color_scheme=scheme, device_scale_factor=sharp)
            tab.goto((folder / "report.html").as_uri())
            tab.screenshot(path=images / f"{name}.png")
            tab.close()
        for name, part in (("report-charts", "times"), ("report-rows", "amount_differs")):
            tab = browser.new_page(viewport={**DESKTOP, "height": 760}, color_scheme="light")
            tab.goto(f"{(folder / 'report.html').as_uri()}#{part}")
            tab.screenshot(path=images / f"{name}.png")
            tab.close()


def draw(told: Made, images: Path) -> None:
    """Draw what the terminal shows while it runs, and at the end."""
    standing = Standing(
        wallets=12_400,
        total=100_000,
        rows=124_211,
        requests=14_022,
        in_flight=50,
        refused=0,
        failed=0,
        elapsed=7.6,
    )
    _draw(images / "reconcile-progress.svg", _asked(""), picture(standing, 1850.0, 48.0))
    seen = read_overview(told.differences, spill=told.spill, shown=1)
    see = [Path("differences.csv"), Path("report.html")]
    _draw(images / "reconcile-summary.svg", _asked(" --report report.html"), *page(told.summary, seen, see=see))


def _asked(more: str) -> Text:
    return Text(f"$ wallet-async reconcile rehook ledger.csv --differences differences.csv{more}", "bold")


def _draw(path: Path, *shown: Any) -> None:
    console = Console(record=True, width=_COLUMNS, file=StringIO(), force_terminal=True, highlight=False)
    for one in shown:
        console.print(one)
    # A fixed id: the same picture is the same file. Without rich's fonts, which are somewhere on the network.
    drawn = console.export_svg(title="wallet-async", theme=MONOKAI, unique_id=path.stem)
    path.write_text(re.sub(r"@font-face {.*?}\s*", "", drawn, flags=re.DOTALL), encoding="utf-8")


def main(images: Path = IMAGES) -> None:
    """Make all pictures in the folder *images*."""
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made_in:
        told = made(Path(made_in) / "state", month(), unknown_wallets=12)
        photograph(told, Path(made_in), images)
        draw(told, images)
    for image in sorted(images.iterdir()):
        print(f"{image.name}: {image.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
