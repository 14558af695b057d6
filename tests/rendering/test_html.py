from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import tracemalloc
from html.parser import HTMLParser

import pytest

from microworldbench.errors import InputError
from microworldbench.rendering import html
from microworldbench.rendering.html import write_html
from microworldbench.rubric import Dimension

HOSTILE = '<script>window.pwned = 1</script>"\'><img src=x onerror="window.pwned = 1">{{ 7 * 7 }}\x1b[31m\u202e\x00'


class Page(HTMLParser):
    """Elements with their attributes, and all text, of a page."""

    def __init__(self, source):
        super().__init__()
        self.source, self.elements, self.text = source, [], ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    def policy(self):
        return next(m["content"] for m in self.all("meta") if m.get("http-equiv") == "Content-Security-Policy")


@pytest.fixture
def written(tmp_path):
    def write(example, card=None, evidence=None, **options):
        path = tmp_path / "report.html"
        evidence = example.evidence() if evidence is None else evidence
        assert write_html(path, card or example.card(), evidence, **options) == path
        return Page(path.read_text("utf-8"))

    return write


def test_the_page_holds_every_task_criterion_and_frame(examples, written):
    example = examples.Example(count=9)
    page = written(example)
    tasks = [attrs for attrs in page.all("tbody") if attrs.get("class") == "task"]
    assert [attrs["data-id"] for attrs in tasks] == [task.id for task in example.suite.tasks]
    shown = len(example.suite.tasks) - len(example.failed)
    assert len(page.all("img")) == 8 * shown
    for task in example.suite.tasks:
        assert task.title in page.text
        assert task.prompt in page.text
    for criterion in example.suite.tasks[0].criteria:
        assert page.text.count(criterion.statement) == 9


def test_the_policy_allows_the_one_style_and_the_one_script_and_nothing_inline(examples, written):
    page = written(examples.Example(count=3, hostile=HOSTILE))
    policy = page.policy()
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page.source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    for tag, attrs in page.elements:
        assert not [name for name in attrs if name == "style" or name.startswith("on")], tag


def test_nothing_is_loaded_from_elsewhere(examples, written):
    page = written(examples.Example(count=3, hrefs={0: "videos/a%20b.mp4"}))
    assert [attrs["src"] for attrs in page.all("video")] == ["videos/a%20b.mp4"]
    assert {attrs["src"].partition(",")[0] for attrs in page.all("img")} == {"data:image/jpeg;base64"}
    assert not page.all("link")
    assert not re.search(r"@import|url\(|https?:", page.source)


def test_foreign_text_never_becomes_an_element_or_a_control_character(examples, written):
    example = examples.Example(count=6, hostile=HOSTILE, observation="seen")
    page = written(example)
    assert len(page.all("script")) == 1
    assert all(attrs["src"].startswith("data:") for attrs in page.all("img"))
    assert "<script>window.pwned = 1</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page.source)


@pytest.mark.parametrize(
    "href",
    ["javascript:alert(1)", "https://example.org/v.mp4", "//example.org/v.mp4", "/etc/passwd", "\\\\host\\v.mp4"],
)
def test_only_relative_addresses_are_linked(examples, written, href):
    page = written(examples.Example(count=1, failing=False, hrefs={0: href}))
    assert not page.all("video")


def test_texts_of_a_suite_without_a_licence_are_withheld_and_the_page_says_so(examples, written):
    example = examples.Example(count=1, failing=False, licensed=False)
    page = written(example)
    assert "states no licence" in page.text
    assert example.suite.tasks[0].criteria[0].statement not in page.source
    assert "c1" in page.text


def test_a_failed_generation_shows_its_error_and_its_criteria_unjudged(examples, written):
    page = written(examples.Example(count=5))
    assert "The model failed on this task; it scores 0." in page.text
    assert "declined by the content filter" in page.text
    assert page.text.count("no video") == 15


def test_a_video_whose_frames_cannot_be_read_says_so(examples, written):
    example = examples.Example(count=1, failing=False)
    (task,) = example.evidence()
    video = dataclasses.replace(task.videos[0], frames=(), error="clip.mp4: truncated")
    page = written(example, evidence=[dataclasses.replace(task, videos=(video,))])
    assert "The frames cannot be shown: clip.mp4: truncated" in page.text


def test_unknown_scores_are_dashes_with_their_bounds(examples, written):
    example = examples.Example(count=9, missing_share=0.3)
    card = example.card()
    assert card.overall.value is None
    page = written(example, card)
    assert "Too many verdicts are missing to state a point" in page.text
    assert f"[{card.overall.low:.1f}, {card.overall.high:.1f}]".replace("-", "−") in page.text


def test_a_card_with_nothing_in_it_is_still_a_page(examples, written):
    example = examples.Example(count=1)
    card = example.card()
    task = card.tasks[0].model_copy(update={"score": None, "by_dimension": dict.fromkeys(Dimension)})
    failures = card.failures.model_copy(
        update={"completed_only": None, "failure_at_worst": None, "floored_at_zero": None}
    )
    coverage = card.coverage.model_copy(update=dict.fromkeys(type(card.coverage).model_fields, 0))
    empty = {"overall": None, "by_level": {}, "by_dimension": {}, "tasks": (task,)}
    page = written(
        example, card.model_copy(update={**empty, "failures": failures, "coverage": coverage}), evidence=iter(())
    )
    assert "so there is no score" in page.text
    assert "no evidence recorded" in page.text
    assert next(a for a in page.all("tbody") if a.get("class") == "task")["data-score"] == ""


def test_several_seeds_and_votes_are_all_shown(examples, written):
    page = written(examples.Example(count=1, failing=False, seeds=(0, 1), votes=3))
    assert "Seed 0" in page.text
    assert "Seed 1" in page.text
    assert re.search(r"\((?:\d (?:met|not met|cannot tell)(?:, )?)+\)", page.text)


def test_a_verdict_by_another_judge_than_the_headlines_names_it(examples, written):
    example = examples.Example(count=1, failing=False)
    card = example.card()
    cascade = card.model_copy(update={"judge": card.judge.model_copy(update={"name": "cascade:measured,openai:gpt-5"})})
    assert "by openai:gpt-5" in written(example, cascade).text
    assert "by openai:gpt-5" not in written(example, card).text.replace("judged by", "")


def test_an_observation_of_a_hundred_thousand_characters_is_folded_but_whole(examples, written):
    text = "x<&>" * 25_000
    page = written(examples.Example(count=1, failing=False, observation=text))
    assert any(attrs.get("class") == "more" for attrs in page.all("details"))
    assert text[320:] in page.text


def test_the_page_is_written_while_the_evidence_is_still_being_taken(examples, tmp_path):
    example, sizes = examples.Example(count=12, failing=False), []

    def watched():
        for task in example.evidence():
            sizes.append(sum(file.stat().st_size for file in tmp_path.iterdir()))
            yield task

    write_html(tmp_path / "report.html", example.card(), watched())
    assert sizes[2] > 0
    assert sizes[2:] == sorted(set(sizes[2:]))


def test_memory_does_not_grow_with_the_number_of_tasks(examples, tmp_path):
    def peak(count):
        example = examples.Example(count=count, failing=False)
        card, tasks = example.card(), list(example.evidence())
        write_html(tmp_path / "report.html", card, tasks[:1])  # what is compiled and cached once
        tracemalloc.start()
        write_html(tmp_path / "report.html", card, iter(tasks))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak(60) < 1.2 * peak(6)


def test_an_interrupted_page_leaves_the_earlier_one_and_no_litter(examples, tmp_path):
    path, example = tmp_path / "report.html", examples.Example(count=3)
    path.write_text("earlier")

    def broken():
        yield next(iter(example.evidence()))
        raise OSError("the disk with the videos is gone")

    with pytest.raises(OSError, match="videos is gone"):
        write_html(path, example.card(), broken())
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "earlier"


def test_a_place_that_cannot_be_written_is_named(examples, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write .*file/report\.html: Not a directory"):
        write_html(tmp_path / "file" / "report.html", examples.Example(count=1).card(), [])


@pytest.fixture
def with_source(examples, tmp_path):
    """A run of one task whose video is a file that begins as `head` says."""

    def make(head, size=1000):
        example = examples.Example(count=1, failing=False, hrefs={0: "v.mp4"})
        source = tmp_path / "v.mp4"
        source.write_bytes(head.ljust(size, b"\0"))
        (task,) = example.evidence()
        video = dataclasses.replace(task.videos[0], source=source)
        return example, [dataclasses.replace(task, videos=(video,))]

    return make


def test_videos_are_embedded_when_asked_for(with_source, written):
    example, evidence = with_source(b"\0\0\0\x18ftypisom")
    page = written(example, evidence=evidence, embed_videos=True)
    assert page.all("video")[0]["src"].startswith("data:video/mp4;base64,AAAAGGZ0eXBpc29t")
    assert "media-src 'self' file: data:" in page.policy()
    linked = written(example, evidence=evidence)
    assert linked.all("video")[0]["src"] == "v.mp4"
    assert "data:" not in linked.policy().partition("media-src")[2]


def test_a_file_that_is_no_video_is_never_embedded(with_source, written):
    example, evidence = with_source(b"root:x:0:0")
    assert written(example, evidence=evidence, embed_videos=True).all("video")[0]["src"] == "v.mp4"


def test_too_much_to_embed_is_refused_and_leaves_no_page(with_source, tmp_path, monkeypatch):
    monkeypatch.setattr(html, "MAX_EMBEDDED_BYTES", 2_000_000)
    example, evidence = with_source(b"\0\0\0\x18ftypisom", size=2_000_001)
    with pytest.raises(InputError, match="exceed the 2 MB that one page can hold; leave out --embed-videos"):
        write_html(tmp_path / "report.html", example.card(), evidence, embed_videos=True)
    assert not (tmp_path / "report.html").exists()


def test_a_page_about_459_tasks_stays_below_40_mb_with_the_largest_thumbnails(examples, tmp_path, monkeypatch):
    from microworldbench.rendering.evidence import MAX_THUMBNAIL_BYTES

    example = examples.Example(count=459, failing=False)
    picture = examples.jpeg(0, 1).ljust(MAX_THUMBNAIL_BYTES, b"\0")

    def largest():
        for task in example.evidence():
            (video,) = task.videos
            frames = tuple(dataclasses.replace(frame, jpeg=picture) for frame in video.frames)
            yield dataclasses.replace(task, videos=(dataclasses.replace(video, frames=frames),))

    page = write_html(tmp_path / "report.html", example.card(), largest())
    assert 8 * 459 * MAX_THUMBNAIL_BYTES < page.stat().st_size < 40_000_000
