"""Takes the pictures of the pages: ``make pictures``. Needs Chromium, and playwright from the test tools.

Each is a page that a user's own command makes: the demo's report, a task of it, a comparison, the example leaderboard.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
IMAGES = Path(__file__).parent / "images"
WIDTH = 1180
BROKEN = "simulator-violated"


def mwb(*words: object) -> None:
    """Runs one command."""
    subprocess.run([sys.executable, "-m", "microworldbench", *map(str, words)], check=True, stdout=subprocess.DEVNULL)


def take(page: Any, address: Path, name: str, height: int, open_first: str = "", width: int = WIDTH) -> None:
    """One picture: the top of a page, or from an opened task on."""
    page.set_viewport_size({"width": width, "height": height})
    page.goto(address.resolve().as_uri())
    if open_first:
        task = page.locator(open_first).first
        task.locator("tr.detail details").first.evaluate("details => { details.open = true }")
        task.scroll_into_view_if_needed()
        task.evaluate("task => window.scrollTo(0, task.getBoundingClientRect().top + window.scrollY - 47)")
    page.wait_for_timeout(800)
    page.screenshot(path=IMAGES / f"{name}.png")


def main() -> None:
    """Makes what is shown, then takes the pictures."""
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("no Chromium on this machine")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        made = Path(place)
        demo = Path(sys.argv[1]) if len(sys.argv) > 1 else made / "demo"
        if len(sys.argv) == 1:
            mwb("demo", "--out", demo)
        mwb("compare", demo / "simulator", demo / BROKEN, "--html", made / "compare.html")
        mwb("leaderboard", "build", ROOT / "leaderboard" / "submissions", "--out", made / "site")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(color_scheme="light")
        take(page, demo / BROKEN / "report.html", "report", 690)
        take(page, demo / BROKEN / "report.html", "verdicts", 1250, "[id='task-mitosis']")
        take(page, made / "compare.html", "comparison", 780)
        take(page, made / "site" / "index.html", "leaderboard", 800, width=1300)
        browser.close()


if __name__ == "__main__":
    main()
