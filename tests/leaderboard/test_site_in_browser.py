"""The site as people meet it: opened from disk in a browser without network."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from microworldbench.leaderboard import Access, build
from microworldbench.leaderboard.verified import VerificationRecord

HOSTILE = "</script><script>window.pwned = 1</script>\"' onfocus=window.pwned=1 <img src=x onerror='window.pwned = 1'>"


@pytest.fixture
def site(submit: Any, make_suite: Any, submissions: Path, tmp_path: Path) -> Path:
    """Four models on 31 tasks, one of them hostile, one verified, one that fails; and one on another suite."""
    suite = make_suite(31)
    folder = submit(suite, "best", 0.9, about={"access": Access.API, "notes": "By an API."})
    submit(suite, "middling", 0.6, failed=["task-003", "task-004"])
    submit(suite, "worst", 0.2, about={"access": Access.CLOSED})
    submit(suite, f"odd {HOSTILE}", 0.5, slug="odd", about={"notes": HOSTILE, "authors": (HOSTILE,)})
    submit(make_suite(3), "elsewhere", 0.5)
    record = VerificationRecord(
        submission="best", digest=folder.digest, videos=31, found=31, frames=0, same_frames=0, seed=1, judged_again=20,
        verdicts=80, same_verdicts=80, by="A maintainer", date="2026-11-01",
    )  # fmt: skip
    (submissions / "_verified").mkdir()
    (submissions / "_verified/best.json").write_text(record.model_dump_json(by_alias=True))
    build(submissions, tmp_path / "site")
    return tmp_path / "site"


@pytest.fixture
def visit(browser: Any, site: Path) -> Iterator[Callable[..., Any]]:
    contexts, complaints = [], []

    def visit(path: str = "index.html", *, width: int = 1280, address: str | None = None, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address or (site / path).as_uri())
        return page

    yield visit
    assert complaints == []
    for context in contexts:
        context.close()


def shown(page: Any) -> list[str]:
    rows = page.locator(".board").first.locator("tbody.row:not([hidden])")
    return [name.split(" ")[0] for name in rows.evaluate_all("rows => rows.map(r => r.dataset.model)")]


def every_page(site: Path) -> list[str]:
    tasks = sorted(p.relative_to(site).as_posix() for p in site.rglob("tasks/*.html"))
    others = sorted(p.relative_to(site).as_posix() for p in site.rglob("*.html") if p.parent.name != "tasks")
    assert len(tasks) >= 2
    assert "index.html" in others
    return [*others, *tasks[:2]]


def test_every_page_opens_from_disk_without_complaint_and_hostile_text_runs_nothing(visit: Any, site: Path) -> None:
    page = visit()
    for path in every_page(site):
        page.goto((site / path).as_uri())
        assert page.evaluate("window.pwned === undefined")
        assert page.locator(".skip").evaluate("e => getComputedStyle(e).position") == "absolute"  # the style is there
        assert page.locator("h1").count() == 1
        assert page.locator("#theme").is_visible()  # the script ran


def test_it_works_on_a_static_host_in_a_folder(visit: Any, site: Path) -> None:
    handler = functools.partial(_Quiet, directory=str(site.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = visit(address=f"http://127.0.0.1:{server.server_port}/site/")
        assert page.locator("#theme").is_visible()
        page.get_by_role("link", name="best", exact=True).click()
        assert page.locator("h1").inner_text().startswith("best")
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None: ...


def test_rows_sort_both_ways_and_tiers_show_only_in_their_own_order(visit: Any) -> None:
    page = visit()
    board = page.locator(".board").first
    assert shown(page) == ["best", "middling", "odd", "worst"]
    tiers = board.locator("tbody.tier:not([hidden])")
    assert tiers.count() > 1
    score = board.locator("th", has=page.locator("button[data-key=score]"))
    score.locator("button").click()
    assert score.get_attribute("aria-sort") == "descending"
    score.locator("button").click()
    assert (score.get_attribute("aria-sort"), shown(page)) == ("ascending", ["worst", "odd", "middling", "best"])
    assert tiers.count() == 0
    board.locator("button[data-key=model]").click()
    assert shown(page) == ["best", "middling", "odd", "worst"]
    board.locator("button[data-key=rank]").click()
    assert tiers.count() > 1


def test_search_and_selects_filter_rows(visit: Any) -> None:
    page = visit()
    board = page.locator(".board").first
    board.locator(".search").fill("midd")
    assert (shown(page), board.locator(".shown").inner_text()) == (["middling"], "1 of 4 rows")
    board.locator(".search").fill("nothing like it")
    board.get_by_role("button", name="Show all rows").click()
    board.locator(".access").select_option("api")
    assert shown(page) == ["best"]
    board.locator(".access").select_option("")
    board.locator(".standing").select_option("self-reported")
    assert shown(page) == ["middling", "odd", "worst"]


def test_columns_change_with_the_view_and_all_stand_without_a_script(visit: Any) -> None:
    page = visit()
    board = page.locator(".board").first
    assert board.locator("th:has(button[data-key=organ])").is_visible()
    assert not board.locator("th:has(button[data-key=worst])").is_visible()
    board.get_by_text("Failures", exact=True).click()
    assert board.locator("th:has(button[data-key=worst])").is_visible()
    assert not board.locator("th:has(button[data-key=organ])").is_visible()
    bare = visit(java_script_enabled=False).locator(".board").first
    for key in ("organ", "worst", "cost"):
        assert bare.locator(f"th:has(button[data-key={key}])").is_visible()


def test_the_keyboard_reaches_everything(visit: Any) -> None:
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    radio = page.locator(".views input").first
    radio.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".ranking").first.get_attribute("class") == "ranking show-failures"
    button = page.locator("button[data-key=model]").first
    button.focus()
    page.keyboard.press("Enter")
    assert page.locator("th:has(button[data-key=model])").first.get_attribute("aria-sort") == "ascending"


def test_every_control_and_figure_has_a_name(visit: Any, site: Path) -> None:
    page = visit()
    for path in every_page(site):
        page.goto((site / path).as_uri())
        unnamed = page.evaluate(
            """() => [...document.querySelectorAll("input, select, button, a, [role=img], table")].filter((e) => {
                const label = e.labels && e.labels.length ? e.labels[0].textContent : "";
                const caption = e.caption ? e.caption.textContent : "";
                const region = e.closest("[role=group], section");
                const named = region && (region.getAttribute("aria-labelledby") || region.getAttribute("aria-label"));
                return !(e.textContent.trim() || e.getAttribute("aria-label") || label.trim() || caption || named);
            }).map((e) => e.outerHTML.slice(0, 120))"""
        )
        assert unnamed == [], path
        assert (
            page.evaluate("[...document.querySelectorAll('th')].filter(t => !t.scope || !t.textContent.trim()).length")
            == 0
        )


@pytest.mark.parametrize("path", ["index.html", "models/odd.html"])
def test_a_phone_shows_it_without_sideways_scrolling(visit: Any, path: str) -> None:
    page = visit(path, width=360, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for control in page.locator("button:visible, select:visible").all():
        assert control.bounding_box()["height"] >= 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(visit: Any, site: Path, faint: Any, scheme: str) -> None:
    page = visit(color_scheme=scheme)
    for path in every_page(site):
        page.goto((site / path).as_uri())
        assert faint(page, "p, td, th, th a, dd, dt, .tag, .legend, h1, h2, button, label, output") == [], path


def test_tasks_of_a_model_filter_to_its_failures(visit: Any) -> None:
    page = visit("models/middling.html")
    rows = page.locator(".listing tbody tr:not([hidden])")
    assert rows.count() == 31
    scores = rows.evaluate_all("rows => rows.map(r => Number(r.dataset.score))")
    assert scores == sorted(scores)
    page.locator(".flag").first.select_option("failed")
    assert rows.count() == 2
    page.get_by_role("button", name="Score").click()
    assert page.locator("th[aria-sort=descending]").count() == 1


def test_a_tasks_page_leads_on_and_back(visit: Any, site: Path) -> None:
    page = visit()
    page.get_by_role("link", name="Task by task").first.click()
    page.locator(".listing tbody a").first.click()
    assert page.locator(".grid tbody tr").count() == 4
    page.locator(".grid tbody a").first.click()
    assert "/models/" in page.url


def test_it_prints(visit: Any, tmp_path: Path) -> None:
    page = visit()
    page.emulate_media(media="print")
    assert not page.locator(".filters").first.is_visible()
    assert page.locator("tbody.row").first.is_visible()
    page.pdf(path=str(tmp_path / "board.pdf"), format="A4", landscape=True)
    assert (tmp_path / "board.pdf").read_bytes().startswith(b"%PDF")
