"""Studies, and browsers without a screen: a real server on the loopback and clients that keep a cookie."""

from __future__ import annotations

import html
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
import uvicorn

from microworldbench.review.desk import Desk, Visit
from microworldbench.review.studies.folder import StudyFolder
from microworldbench.review.studies.making import Plan, make_study
from microworldbench.review.studies.records import Kind
from microworldbench.review.web.app import make_app
from microworldbench.review.web.server import configured
from microworldbench.rubric import Criterion, Dimension, Level, Polarity, Suite, Task
from microworldbench.video import Video, write

ROWS = [
    (Dimension.SCIENTIFIC_FIDELITY, Polarity.REWARD, 1.0),
    (Dimension.SCIENTIFIC_FIDELITY, Polarity.PENALTY, 0.5),
    (Dimension.VISUAL_QUALITY, Polarity.REWARD, 0.5),
    (Dimension.INSTRUCTION_FOLLOWING, Polarity.REWARD, 0.2),
]


def make_suite(count: int, *, licence: str | None = "CC0-1.0") -> Suite:
    tasks = tuple(
        Task(
            id=f"task-{n:03d}",
            level=list(Level)[n % 3],
            title=f"Title {n}",
            prompt=f"Show process {n}.",
            requirement=f"Process {n} in order.",
            criteria=tuple(
                Criterion(id=f"c{i}", dimension=d, statement=f"claim {i} of {n} is visible", polarity=p, weight=w)
                for i, (d, p, w) in enumerate(ROWS, start=1)
            ),
        )
        for n in range(count)
    )
    return Suite(id="tiny", version="1-A", title="Tiny suite", license=licence, tasks=tasks)


def write_clip(path: Path, number: int = 0, *, frames: int = 8, width: int = 96, height: int = 64) -> Path:
    picture = np.zeros((frames, height, width, 3), np.uint8) + np.uint8((40 * number) % 200)
    for t in range(frames):
        picture[t, 10:30, 4 * t : 4 * t + 12] = (220, 40 + number, 90)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, Video(picture, 8.0))
    return path


@pytest.fixture(name="make_suite", scope="session")
def make_suite_fixture() -> Callable[..., Suite]:
    return make_suite


@pytest.fixture(name="write_clip", scope="session")
def write_clip_fixture() -> Callable[..., Path]:
    return write_clip


@pytest.fixture
def run_with_videos(tmp_path: Path) -> Callable[..., Path]:
    """A graded run of a generator that fails on some tasks."""
    import microworldbench as bench
    from microworldbench.errors import GenerationError

    def made(name: str, suite: Suite, *, failing: tuple[str, ...] = (), judge: Any = None) -> Path:
        shade = sum(name.encode()) % 7

        def generate(request: Any) -> tuple[np.ndarray, float]:
            if request.task_id in failing:
                raise GenerationError("cannot show that")
            frames = np.zeros((8, 64, 96, 3), np.uint8) + np.uint8(20 * shade)
            for t in range(8):
                frames[t, 20:40, 4 * t : 4 * t + 12] = 200 + int(request.task_id[-3:]) % 50
            return frames, 8.0

        generate.name = name  # type: ignore[attr-defined]
        bench.generate(generate, suite=suite, out=tmp_path / name)
        return tmp_path / name

    return made


@pytest.fixture
def make_clips(tmp_path: Path) -> Callable[[int], Path]:
    def made(count: int) -> Path:
        rows = []
        for n in range(count):
            write_clip(tmp_path / "clips" / f"{n}.mp4", n)
            rows.append({"id": f"clip-{n}", "video": f"{n}.mp4", "title": f"Clip {n}", "caption": f"Cells move, {n}."})
        path = tmp_path / "clips" / "clips.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return made


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., StudyFolder]:
    """A study; rules are fields of `Study`."""

    def made(kind: str, name: str = "study", **plan: Any) -> StudyFolder:
        rules = {key: plan.pop(key) for key in list(plan) if key not in Plan.__dataclass_fields__}
        return make_study(tmp_path / name, Plan(kind=Kind(kind), rules=rules, **plan))

    return made


@dataclass
class Reply:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def form(self) -> str:
        """The sealed field of the first form."""
        found = re.search(r'name="_form" value="([^"]+)"', self.text)
        assert found, self.text[:500]
        return html.unescape(found[1])


@dataclass
class Visitor:
    """A browser without a screen."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"host": f"127.0.0.1:{self.port}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if self.cookies:
            headers.setdefault("cookie", "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        if isinstance(body, dict):
            body = urlencode(body)
            headers.setdefault("content-type", "application/x-www-form-urlencoded")
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            reply = Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()
        if (set_cookie := reply.headers.get("set-cookie")) is not None:
            name, _, value = set_cookie.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        return reply

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        return self.ask("POST", path, body, **headers)

    def answer(self, number: int, fields: Mapping[str, str], go: str = "next", **headers: str) -> Reply:
        page = self.get(f"/item/{number}")
        return self.post(f"/item/{number}", {**fields, "_form": page.form, "_go": go, "_active": "1.5"}, **headers)

    def hand_in(self) -> Reply:
        return self.post("/hand-in", {"_form": self.get("/").form})


@dataclass
class Served:
    """A study that is being served."""

    desk: Desk
    port: int

    def invite(self, name: str) -> str:
        """The path of a personal link."""
        return f"/enter/{self.desk.access.invite(name)[1]}"

    def visitor(self, name: str | None = None) -> Visitor:
        """A stranger, or an expert who has used his link."""
        visitor = Visitor(self.port)
        if name is not None:
            assert visitor.post(self.invite(name), {}).status == 303
        return visitor


@contextmanager
def serving(folder: StudyFolder, **options: Any) -> Iterator[Served]:
    with Desk(folder) as desk, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen(64)
        server = uvicorn.Server(configured(make_app(desk, **options)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield Served(desk, bound.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(name="serving", scope="session")
def serving_fixture() -> Callable[..., Any]:
    return serving


@pytest.fixture(scope="session")
def answered() -> Callable[..., StudyFolder]:
    """A study as experts left it.

    `rounds` holds, for each round, what to answer: by expert a function of the item's id that gives fields (None: the
    expert leaves). Everybody hands in after each round.
    """

    def made(folder: StudyFolder, *rounds: Mapping[str, Any]) -> StudyFolder:
        with Desk(folder) as desk:
            for name in dict.fromkeys(name for answers in rounds for name in answers):
                desk.access.invite(name)
            desk.sync()
            pseudonyms = {e.name: e.pseudonym for e in desk.access.experts.values()}
            for answers in rounds:
                round_ = desk.board.round
                for name, answer in answers.items():
                    if answer is None:
                        desk.access.remove(name)
                        desk.sync()
                        continue
                    expert = pseudonyms[name]
                    for slot in desk.order.slots(expert, round_):
                        shown = {} if folder.study.kind is not Kind.PAIR else _sides(desk, expert, slot)
                        desk.answer(expert, slot, 0, answer(folder.by_id[slot.item]), Visit(shown))
                    desk.hand_in(expert, round_)
        return StudyFolder(folder.path)

    return made


def _sides(desk: Desk, expert: str, slot: Any) -> dict[str, int]:
    return {"left": 1, "right": 0} if desk.order.is_swapped(expert, slot) else {"left": 0, "right": 1}


PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@dataclass
class Expert:
    """An expert at a browser with a screen, who works by keys, by mouse or by touch."""

    page: Any
    way: str
    root: str

    def choose(self, label: str, *, within: Any = None) -> None:
        """Gives an answer."""
        radio = (within or self.page).get_by_role("radio", name=re.compile(label)).first
        if self.way == "keys":
            if within is not None:
                self.to(within)
            self.page.keyboard.press(radio.get_attribute("data-key"))
        elif self.way == "touch":
            radio.tap()
        else:
            radio.check()

    def to(self, group: Any) -> None:
        """Goes to a claim with J and K."""
        for key in ("k",) * 9 + ("j",) * 9:
            if "current" in group.get_attribute("class").split():
                return
            self.page.keyboard.press(key)
        raise AssertionError("no way there")

    def write(self, label: str, text: str, *, within: Any = None) -> None:
        """Writes into a field, and leaves it."""
        field = (within or self.page).get_by_label(label, exact=True)
        field.fill(text)
        field.press("Escape")

    def press(self, button: str) -> None:
        """Presses a button or link that leads on."""
        found = self.page.get_by_role("button", name=button).or_(self.page.get_by_role("link", name=button))
        with self.page.expect_navigation():
            if self.way == "keys" and button.startswith(("Save", "Begin")):
                self.page.keyboard.press("Enter")
            elif self.way == "touch":
                found.tap()
            else:
                found.click()

    def work_through(self, answer: Callable[[Expert, str], None]) -> None:
        """Begins, answers every page, of which `answer` gets the title, and hands in."""
        self.page.goto(self.root)
        self.press("Begin")
        while self.page.locator("form#answer").count():
            answer(self, self.page.locator("h1").inner_text())
            self.press("Save and continue")
        self.press("Hand in")


@pytest.fixture
def arrive(browser: Any) -> Iterator[Callable[..., Expert]]:
    """``arrive(served, name, way)``: an expert who has opened a personal link; pages must complain about nothing."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def arrived(served: Served, name: str, way: str = "mouse", **options: Any) -> Expert:
        context = browser.new_context(**(PHONE if way == "touch" else {}) | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        expert = Expert(page, way, f"http://127.0.0.1:{served.port}/")
        page.goto(f"http://127.0.0.1:{served.port}{served.invite(name)}")
        with page.expect_navigation():
            page.get_by_role("button", name="Begin").click()
        return expert

    yield arrived
    for context in contexts:
        context.close()
    assert complaints == []
