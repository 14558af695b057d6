"""Every page of the workbench for every expert: read, reached by keys, on a phone, without scripts or a connection."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

import microworldbench as bench
from microworldbench.review.store.board import Board
from microworldbench.review.studies.folder import StudyFolder
from microworldbench.review.studies.making import Plan, make_study
from microworldbench.review.studies.records import Kind
from microworldbench.rubric import Suite

LONG = "supercalifragilistic" * 12
HOSTILE = (
    f"</textarea></script><script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>{{{{ 7*7 }}}} {LONG}"
)
PAGES = (
    *("stranger", "nothing", "welcome", "home", "device"),
    *("relevance", "revise", "ballot", "cases", "verdict", "pair", "clip", "caption"),
)


def hostile(suite: Suite) -> Suite:
    (task,) = suite.tasks
    criteria = tuple(c.model_copy(update={"statement": f"{c.id} {HOSTILE}"}) for c in task.criteria)
    changed = {"title": HOSTILE[:150], "prompt": HOSTILE, "requirement": HOSTILE, "criteria": criteria}
    return suite.model_copy(update={"tasks": (task.model_copy(update=changed),)})


def reword(text: str, **more: str) -> Callable[[Any], dict[str, str]]:
    fields = {f"action.c{n}": "keep" for n in (2, 3, 4)}
    fields |= {"action.c1": "modify", "statement.c1": f"{text} {HOSTILE}", "why.c1": HOSTILE}
    return lambda item: fields | more


@pytest.fixture(scope="module")
def places(
    tmp_path_factory: Any, make_suite: Any, write_clip: Any, answered: Any, serving: Any
) -> Iterator[dict[str, tuple[str, str | None]]]:
    """Address and session of every page; studies that hold hostile texts, all served at once."""
    home = tmp_path_factory.mktemp("studies")
    suite = hostile(make_suite(1))
    for name in ("alpha", "beta"):
        write_clip(home / name / "task-000.mp4", len(name))
        bench.generate(f"folder:{home / name}", suite=suite, out=home / f"run-{name}", name=name)
    runs = [home / "run-alpha", home / "run-beta"]
    write_clip(home / "clips" / "a.mp4")
    clip = {"id": "a", "video": "a.mp4", "title": HOSTILE, "caption": HOSTILE, "level": "organ"}
    (home / "clips" / "clips.jsonl").write_text(json.dumps(clip) + "\n")
    plans = {
        "relevance": Plan(kind=Kind.RELEVANCE, suite=suite),
        "verdict": Plan(kind=Kind.VERDICT, runs=runs[:1]),
        "pair": Plan(kind=Kind.PAIR, runs=runs),
        "clip": Plan(kind=Kind.CLIP, clips=home / "clips" / "clips.jsonl"),
        "caption": Plan(kind=Kind.CAPTION, clips=home / "clips" / "clips.jsonl"),
        "revise": Plan(kind=Kind.REVISE, suite=suite),
        "ballot": Plan(kind=Kind.REVISE, suite=suite),
        "cases": Plan(kind=Kind.REVISE, suite=suite),
    }
    new = {f"new.1.{part}": said for part, said in
           (("statement", f"new {HOSTILE}"), ("dimension", "visual_quality"), ("polarity", "reward"), ("weight", "0.5"),
            ("why", HOSTILE))}  # fmt: skip
    first = {"Ann": reword("a", **new), "Bob": reword("b"), "Cy": reword("c")}
    with ExitStack() as stack:
        found: dict[str, tuple[str, str | None]] = {}
        for name, plan in plans.items():
            folder = make_study(home / name, replace(plan, rules={"title": f"Study {name}"}))
            if name in ("ballot", "cases"):
                folder = answered(folder, first)
            if name == "cases":
                folder = answered(folder, {who: split(folder, n) for n, who in enumerate(first)})
            served = stack.enter_context(serving(folder))
            access, root = served.desk.access, f"http://127.0.0.1:{served.port}"
            found[name] = (f"{root}/item/1", access.enter(access.invite("Ann")[1])[1])
            if name == "relevance":
                session = found[name][1]
                found |= {"home": (f"{root}/", session), "nothing": (f"{root}/nothing", session)}
                found |= {"stranger": (f"{root}/", None), "device": (f"{root}/#device", session)}
                found["welcome"] = (root + served.invite("Zoe"), None)
        yield found


def split(folder: StudyFolder, number: int) -> Callable[[Any], dict[str, str]]:
    """Votes of the second round that agree on nothing."""
    from microworldbench.review.desk import Desk
    from microworldbench.review.store.board import Slot

    with Desk(folder) as desk:
        form = desk.order.sheet(Slot("task-000"), 2).form
    options = {name: field.options for name, field in form.items() if name.startswith("vote.")}
    return lambda item: {name: own[number % len(own)] for name, own in options.items()}


@pytest.fixture
def look(browser: Any, places: Any) -> Iterator[Callable[..., Any]]:
    """``look(name)``: a page of the workbench with everything that can be unfolded unfolded."""
    contexts: list[Any] = []

    def looked(name: str, *, unfold: bool = True, **options: Any) -> Any:
        address, session = places[name]
        context = browser.new_context(**{"reduced_motion": "reduce", **options})
        contexts.append(context)
        if session is not None:
            cookie = {"name": "mwb-review", "value": session, "domain": "127.0.0.1", "path": "/"}
            context.add_cookies([cookie])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(address)
        if name == "device":
            page.get_by_role("button", name="another device").click()
        if unfold:
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            for choice in ("modify", "reject", "drop"):
                for radio in page.locator(f"input[value={choice}]:not(:disabled)").all()[:1]:
                    radio.check()
        return page

    yield looked
    for context in contexts:
        context.close()


TEXTS = "main :not(input, option, video, progress, .sign), header *"


@pytest.mark.parametrize("name", PAGES)
def test_text_stands_out_from_its_ground_by_day_and_by_night(look: Any, faint: Any, name: str) -> None:
    page = look(name)
    page.mouse.move(0, 0)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(150)  # claims fade in
        assert page.locator(TEXTS).count() > 3
        assert faint(page, TEXTS) == []


NAMELESS = """all => all.filter(one => {
    const labels = Array.from(one.labels || []).map(label => label.textContent).join("");
    const named = (one.getAttribute("aria-labelledby") || "").split(" ").map(id => document.getElementById(id));
    const texts = [one.getAttribute("aria-label"), labels, ...named.map(other => other && other.textContent)];
    if (one.matches("button, a, summary")) texts.push(one.textContent);
    return !texts.some(text => text && text.trim().length > 0);
}).map(one => one.outerHTML.slice(0, 120))"""
WIDER = """() => Array.from(document.querySelectorAll("body *")).filter(one => {
    const box = one.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && box.right > innerWidth + 1 && !one.closest(".hidden, .skip, .who");
}).map(one => one.tagName + "." + one.className)"""


@pytest.mark.parametrize("name", PAGES)
def test_on_the_narrowest_phone_everything_has_a_name_and_room(look: Any, name: str) -> None:
    page = look(name, viewport={"width": 320, "height": 640}, is_mobile=True, has_touch=True)
    controls = page.locator("button, input:not([type=hidden]), select, textarea, a, summary, video, progress, dialog")
    assert controls.evaluate_all(NAMELESS) == []
    assert page.evaluate(WIDER) == []
    assert page.locator("h1").count() == 1
    assert page.evaluate("window.pwned === undefined")
    small = """all => all.map(one => one.getBoundingClientRect()).filter(box => box.width && box.height < 24).length"""
    assert page.locator(".option, .button, .reason, button, select, textarea").evaluate_all(small) == 0


STOP = """() => {
    const one = document.activeElement;
    if (one === document.body) return null;
    const shown = one.matches("input[type=radio]") ? one.closest("label") : one;
    const box = shown.getBoundingClientRect(), x = box.x + Math.min(box.width, 40) / 2, y = box.y + box.height / 2;
    const top = document.elementFromPoint(x, y);
    const style = getComputedStyle(shown);
    return {
        mark: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        covered: !(top && (shown.contains(top) || top.contains(shown))),
        name: one.name || one.id || one.textContent.trim().slice(0, 30) || one.tagName,
    };
}"""


@pytest.mark.parametrize("name", PAGES)
def test_keys_reach_everything_and_show_where_they_are(look: Any, name: str) -> None:
    page = look(name, unfold=False, viewport={"width": 1024, "height": 640})
    wanted = page.locator("a, button, select, textarea, summary").evaluate_all(
        "all => all.filter(one => one.checkVisibility() && !one.disabled).length"
    )
    stops = []
    for _ in range(200):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            break
        stops.append(stop)
    assert len(stops) >= wanted
    assert [stop for stop in stops if not stop["mark"]] == []
    assert [stop for stop in stops[1:] if stop["covered"]] == []  # the first leads past what comes before the content


def events(folder: StudyFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder.path / "events.jsonl").read_text().splitlines()]


@pytest.fixture
def study(make: Any, make_suite: Any) -> StudyFolder:
    return make("relevance", suite=make_suite(2))


def test_everything_works_without_scripts(study: StudyFolder, arrive: Any, serving: Any) -> None:
    with serving(study) as served:
        ann = arrive(served, "Ann", java_script_enabled=False)
        ann.work_through(lambda expert, title: expert.choose("^Relevant$"))
        assert "Handed in" in ann.page.locator("aside").inner_text()
    assert len(list(Board.read(study.path / "events.jsonl").answers(1))) == 2


def test_a_lost_connection_loses_nothing_and_doubles_nothing(study: StudyFolder, browser: Any, serving: Any) -> None:
    with serving(study) as served:
        context = browser.new_context()
        page = context.new_page()
        root = f"http://127.0.0.1:{served.port}"
        page.goto(root + served.invite("Ann"))
        page.get_by_role("button", name="Begin").click()
        page.goto(f"{root}/item/1")
        context.set_offline(True)
        page.keyboard.press("1")
        page.get_by_text("Not saved yet: no connection").wait_for()
        page.keyboard.press("2")
        context.set_offline(False)
        page.get_by_text("Saved, page complete").wait_for()
        page.reload()
        assert page.get_by_role("radio", name="Not relevant").is_checked()
        context.close()
    assert [event["changes"] for event in events(study) if event["kind"] == "answer"] == [{"answer": "not_relevant"}]


def test_two_tabs_and_a_double_click_make_one_answer(study: StudyFolder, arrive: Any, serving: Any) -> None:
    with serving(study) as served:
        ann = arrive(served, "Ann")
        ann.page.goto(f"{ann.root}item/1")
        other = ann.page.context.new_page()
        other.goto(f"{ann.root}item/1")
        ann.choose("^Unsure$")
        ann.page.get_by_text("Saved, page complete").wait_for()
        other.get_by_label("Why if you like").fill("I must")
        other.get_by_text("Saved, page complete").wait_for()
        assert other.get_by_role("radio", name="Unsure").is_checked()  # what was said in the first tab
        other.get_by_label("Why if you like").fill("I must look it up")
        with other.expect_navigation():
            other.get_by_role("button", name="Save and continue").dblclick()
    told = [event["changes"] for event in events(study) if event["kind"] == "answer"]
    assert told == [{"answer": "unsure"}, {"why": "I must"}, {"why": "I must look it up"}]


STATE = """Array.from(document.querySelectorAll('video')).map(
    video => [video.currentTime, video.paused, video.readyState, video.duration, video.error && video.error.message]
)"""
TIMES = "Array.from(document.querySelectorAll('video')).map(video => video.currentTime)"


def until(page: Any, expression: str) -> None:
    """Waits for it; the page's policy forbids Playwright's own way, which evaluates text in the page."""
    ended = time.monotonic() + 10
    while not page.evaluate(expression):
        assert time.monotonic() < ended, (expression, page.evaluate(STATE))
        page.wait_for_timeout(20)


def test_two_videos_play_in_step_again_and_again_and_frame_by_frame(look: Any) -> None:
    page = look("pair", unfold=False, reduced_motion="no-preference")
    if not page.evaluate("document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.42E01E\"')"):
        pytest.skip("this Chromium cannot decode H.264")
    until(page, f"{TIMES}.every(time => time > 0.3)")
    left, right = page.evaluate(TIMES)
    assert abs(left - right) < 0.3
    until(page, f"{TIMES}.every(time => time < 0.25)")  # from the beginning again: a clip lasts a second
    page.keyboard.press(" ")
    until(page, "Array.from(document.querySelectorAll('video')).every(video => video.paused)")
    page.get_by_role("slider").fill("2")
    page.locator("h1").click()
    for key, shown in ((".", "4 / 8"), (".", "5 / 8"), (",", "4 / 8")):
        page.keyboard.press(key)
        until(page, f"document.querySelector('.controls output').textContent === '{shown}'")
        left, right = page.evaluate(TIMES)
        assert left == right
    assert page.evaluate("Array.from(document.querySelectorAll('video')).every(video => video.muted)")
