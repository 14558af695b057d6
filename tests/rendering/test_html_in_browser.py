"""The page as people meet it: opened from disk in a browser without network."""

from __future__ import annotations

import dataclasses
import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest

from microworldbench.rendering.html import write_html
from microworldbench.rubric import Dimension

HOSTILE = (
    "</script></style></textarea></title><script>window.pwned = 1</script>\"' onfocus=window.pwned=1 autofocus "
    "<img src=x onerror='window.pwned = 1'><svg onload='window.pwned = 1'>{{ 7 * 7 }}\x1b[31m\u202e"
)


@dataclasses.dataclass
class Opened:
    """A page in the browser, what it complained about and what it asked for."""

    page: object
    complaints: list[str]
    requests: list[str]


@pytest.fixture
def open_page(browser, tmp_path):
    contexts = []

    def opened(example, *, address=None, evidence=None, card=None, embed_videos=False, width=1280, **options) -> Opened:
        write_html(
            tmp_path / "report.html", card or example.card(), evidence or example.evidence(), embed_videos=embed_videos
        )
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        found = Opened(page, [], [])
        page.on("console", lambda message: found.complaints.append(message.text))
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.on("request", lambda request: found.requests.append(request.url))
        page.goto(address or (tmp_path / "report.html").as_uri())
        return found

    yield opened
    for context in contexts:
        context.close()


def shown_ids(page):
    return page.eval_on_selector_all("tbody.task", "all => all.filter(t => !t.hidden).map(t => t.dataset.id)")


def unfold(page, number=0):
    page.locator("tbody.task").nth(number).locator(".detail > td > details > summary").click()


def test_the_page_opens_from_disk_without_complaint_and_asks_for_nothing_else(examples, open_page, tmp_path):
    opened = open_page(examples.Example(count=9))
    for number in range(9):
        unfold(opened.page, number)
    assert (
        opened.page.locator("figure img").first.evaluate("image => image.decode().then(() => image.naturalWidth)")
        == 192
    )
    assert opened.complaints == []
    asked = [url for url in opened.requests if not url.startswith("data:")]
    assert asked == [(tmp_path / "report.html").as_uri()]


def test_hostile_text_in_every_field_runs_nothing(examples, open_page):
    opened = open_page(examples.Example(count=6, hostile=HOSTILE))
    for number in range(6):
        unfold(opened.page, number)
    opened.page.wait_for_timeout(200)
    assert opened.page.evaluate("window.pwned === undefined")
    assert opened.page.locator("script").count() == 1
    assert opened.complaints == []


def test_the_policy_would_stop_code_even_if_escaping_failed(examples, open_page):
    opened = open_page(examples.Example(count=1))
    opened.page.evaluate(
        """() => {
            document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.pwned = 1'>");
            const script = document.createElement("script");
            script.textContent = "window.pwned = 1";
            document.body.append(script);
        }"""
    )
    opened.page.wait_for_timeout(200)
    assert opened.page.evaluate("window.pwned === undefined")
    assert any("Content Security Policy" in complaint for complaint in opened.complaints)


def test_columns_sort_both_ways_and_tell_so(examples, open_page):
    example = examples.Example(count=30)
    page = open_page(example).page
    scores = {task.id: task.score.value for task in example.card().tasks}
    head = page.locator("th", has=page.locator("button[data-key=score]"))
    for wanted, reverse in (("descending", True), ("ascending", False)):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == wanted
        order = [scores[task] for task in shown_ids(page)]
        assert order == sorted(order, reverse=reverse)
    page.locator("button[data-key=level]").click()
    assert head.get_attribute("aria-sort") == "none"
    levels = page.eval_on_selector_all("tbody.task", "all => all.map(t => t.dataset.level)")
    assert levels == ["organ"] * 10 + ["cellular"] * 10 + ["subcellular"] * 10
    page.locator("button[data-key=id]").click()
    assert shown_ids(page) == sorted(scores)


@pytest.mark.parametrize("dimension", list(Dimension))
def test_every_dimension_sorts_and_unknown_scores_stand_last_either_way(examples, open_page, dimension):
    example = examples.Example(count=9)
    card = example.card()
    tasks = list(card.tasks)
    tasks[3] = tasks[3].model_copy(update={"score": None, "by_dimension": dict.fromkeys(Dimension)})
    page = open_page(example, card=card.model_copy(update={"tasks": tuple(tasks)})).page
    values = {task.id: task.by_dimension[dimension] for task in tasks}
    for reverse in (True, False):
        page.locator(f"button[data-key={dimension}]").click()
        order = shown_ids(page)
        assert order[-1] == "mwb-004"
        numbers = [values[task].value for task in order[:-1]]
        assert numbers == sorted(numbers, reverse=reverse)


def test_filters_narrow_the_list_and_can_be_taken_back(examples, open_page):
    page = open_page(examples.Example(count=30)).page
    assert page.locator("#shown").text_content() == "30 of 30 tasks"
    page.locator("#search").fill("MITOSIS human")
    assert shown_ids(page) == ["mwb-002", "mwb-011", "mwb-020", "mwb-029"]
    page.locator("#level").select_option("organ")
    assert shown_ids(page) == []
    assert page.locator("#nothing").is_visible()
    page.locator("#reset").click()
    assert page.locator("#shown").text_content() == "30 of 30 tasks"
    page.locator("#flag").select_option("failed")
    assert shown_ids(page) == ["mwb-005", "mwb-022"]
    page.locator("#search").fill("mwb-022")
    assert shown_ids(page) == ["mwb-022"]
    for flag in ("open", "penalty"):
        page.locator("#search").fill("")
        page.locator("#flag").select_option(flag)
        assert 0 < len(shown_ids(page)) < 30


def test_the_keyboard_alone_sorts_filters_and_unfolds(examples, open_page):
    page = open_page(examples.Example(count=9, failing=False)).page

    def tab_to(selector):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
        raise AssertionError(f"no way to {selector} by the Tab key")

    tab_to("#search")
    page.keyboard.type("vesicles")
    assert shown_ids(page) == ["mwb-003"]
    tab_to("button[data-key=score]")
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort=descending]").count() == 1
    tab_to(".detail summary")
    page.keyboard.press("Enter")
    assert page.locator("#task-mwb-003 .findings").is_visible()
    tab_to(".cite")
    wanted = page.evaluate("document.activeElement.closest('li').dataset.frames")
    page.wait_for_selector("figure.cited")
    assert page.eval_on_selector_all("figure.cited", "all => all.map(f => f.dataset.frame).join(' ')") == wanted


def test_pointing_at_a_criterion_marks_its_frames_and_pressing_keeps_them(examples, open_page):
    page = open_page(examples.Example(count=1, failing=False)).page
    unfold(page)
    criterion = page.locator("li[data-frames]").first
    wanted = criterion.get_attribute("data-frames").split()
    criterion.hover()
    page.wait_for_selector("figure.cited")
    cited = "all => all.map(f => f.dataset.frame)"
    assert page.eval_on_selector_all("figure.cited", cited) == wanted
    page.locator("h1").hover()
    page.wait_for_selector("figure.cited", state="detached")
    criterion.locator(".cite").click()
    page.locator("h1").hover()
    page.wait_for_timeout(100)
    assert page.eval_on_selector_all("figure.cited", cited) == wanted
    assert criterion.locator(".cite").get_attribute("aria-pressed") == "true"


def test_a_click_on_a_tasks_line_unfolds_it_and_an_address_opens_it(examples, open_page, tmp_path):
    example = examples.Example(count=9)
    page = open_page(example).page
    page.locator("#task-mwb-002 .row th").click()
    assert page.locator("#task-mwb-002 .findings").is_visible()
    page.locator("#task-mwb-002 .row th").click()
    assert not page.locator("#task-mwb-002 .findings").is_visible()
    page.goto((tmp_path / "report.html").as_uri() + "#task-mwb-007")
    page.locator("#task-mwb-007 .findings").wait_for(state="visible")


def test_a_long_observation_unfolds_in_full(examples, open_page):
    text = "Eleven discs lie in the lumen. " * 3000
    page = open_page(examples.Example(count=1, failing=False, observation=text)).page
    unfold(page)
    more = page.locator(".observation .more").first
    rest = more.locator("xpath=bdi")
    assert not rest.is_visible()
    more.locator("summary").click()
    assert rest.is_visible()
    assert len(more.text_content()) > 90_000


UNBROKEN = "supercalifragilistic" * 20


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_is_wider_than_the_window(examples, open_page, width):
    example = examples.Example(count=6, hostile=UNBROKEN, observation=UNBROKEN * 3, votes=2, missing_share=0.05)
    page = open_page(example, width=width).page
    for number in range(6):
        unfold(page, number)
    page.locator(".identity > summary").click()
    page.locator(".reading > summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    beyond = """all => all.filter(e => {
        const box = e.getBoundingClientRect();
        return box.width > 1 && box.height > 1 && box.right > innerWidth + 1;
    }).map(e => e.tagName + '.' + e.className)"""
    assert page.eval_on_selector_all(".page h1, .page p, .page td, .page li, .page summary, .page button", beyond) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(examples, open_page, faint, scheme):
    page = open_page(examples.Example(count=9, missing_share=0.004), color_scheme=scheme).page
    for number in range(9):
        unfold(page, number)
    page.locator("h1").hover()
    texts = ".page :is(h1, h2, h3, p, dt, dd, td, th, b, button, summary, label, output, .pts, .mark, .tag, figcaption)"
    assert page.locator(texts).count() > 500
    assert faint(page, texts) == []


def test_the_page_follows_the_systems_theme_until_another_is_chosen(examples, open_page):
    page = open_page(examples.Example(count=1), color_scheme="dark").page
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("#theme").click()
    assert page.locator("#theme").text_content() == "Theme: light"
    light = page.evaluate(ground)
    assert light != dark
    page.locator("#theme").click()
    assert page.evaluate(ground) == dark
    page.emulate_media(color_scheme="light")
    page.locator("#theme").click()
    assert page.locator("#theme").text_content() == "Theme: auto"
    assert page.evaluate(ground) == light


def test_without_scripts_everything_can_still_be_read(examples, open_page):
    page = open_page(examples.Example(count=3), java_script_enabled=False).page
    unfold(page)
    assert page.locator(".findings").first.is_visible()
    assert not page.locator("#filters").is_visible()
    assert not page.locator("#theme").is_visible()


def test_the_printed_page_has_no_controls_and_dark_ink(examples, open_page):
    page = open_page(examples.Example(count=3), color_scheme="dark").page
    page.emulate_media(media="print")
    assert not page.locator("#filters").is_visible()
    assert page.locator("tbody.task").count() == 3
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 34, 38)"


def write_clip(path):
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(10):
            image = np.full((48, 64, 3), 20 * i, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


@contextmanager
def served(folder: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


PLAY = """async video => {
    video.muted = true;
    const never = new Promise((_, reject) => setTimeout(reject, 10000, "no answer"));
    try { await Promise.race([video.play(), never]); } catch (error) { return String(error); }
    return [video.videoWidth, video.videoHeight];
}"""


@pytest.mark.parametrize("way", ["from disk", "from a server", "embedded"])
def test_videos_play(examples, open_page, tmp_path, way):
    (tmp_path / "videos").mkdir()
    clip = tmp_path / "videos" / "a b.mp4"
    write_clip(clip)
    example = examples.Example(count=1, failing=False, hrefs={0: "videos/a%20b.mp4"})
    (task,) = example.evidence()
    video = dataclasses.replace(task.videos[0], source=clip)
    evidence = [dataclasses.replace(task, videos=(video,))]
    with served(tmp_path) as address:
        opened = open_page(
            example,
            evidence=evidence,
            embed_videos=way == "embedded",
            address=f"{address}/report.html" if way == "from a server" else None,
        )
        unfold(opened.page)
        shown = opened.page.locator("video")
        if not opened.page.evaluate("document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.42E01E\"')"):
            pytest.skip("this Chromium cannot decode H.264")
        assert shown.evaluate("video => video.poster").startswith("data:image/jpeg;base64,")
        assert shown.evaluate(PLAY) == [64, 48]
        opened.page.close()
    assert [c for c in opened.complaints if "favicon" not in c and "404" not in c] == []
