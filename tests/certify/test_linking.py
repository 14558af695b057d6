"""A judge is retired: its scores survive on the new judge's scale, with the error of carrying them over."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import microworldbench as bench
from microworldbench import links
from microworldbench.certify import describe, link, prepare_link
from microworldbench.comparison import compare
from microworldbench.errors import InputError
from microworldbench.links import Link
from microworldbench.rubric import Criterion, Dimension, Polarity, Suite, Task


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(links, "store_folder", lambda: tmp_path / "links")


@pytest.fixture(scope="module")
def suite() -> Suite:
    """Eight tasks of four rewards in every dimension."""
    criteria = tuple(
        Criterion(id=f"{d.value[:3]}-{n}", dimension=d, statement=f"Claim {n}.", polarity=Polarity.REWARD, weight=0.5)
        for d in Dimension
        for n in range(4)
    )
    tasks = [Task(id=f"t{n}", level="cellular", title="T", prompt=f"Task {n}.", criteria=criteria) for n in range(8)]
    return Suite(id="small", version="1-A", title="Small", license="CC0-1.0", tasks=tuple(tasks))


def generator(quality: int) -> Any:
    """Makes videos as bright as they are good."""

    def generate(request: Any) -> Any:
        spread = int(hashlib.sha256(f"{request.task_id}{quality}".encode()).hexdigest(), 16) % 60 - 30
        frames = np.full((8, 32, 48, 3), np.clip(quality + spread, 0, 255), np.uint8)
        frames[:, :, :4] = np.arange(8, dtype=np.uint8)[:, None, None, None]
        return frames, 8.0

    generate.name = f"model-{quality}"  # type: ignore[attr-defined]
    return generate


def brightness_judge(scripted: Any, name: str, answer: Any) -> Any:
    """Sees how bright the middle of a video is, and nothing else."""
    from microworldbench.video import read

    cache: dict[Any, float] = {}

    def judged(question: Any, criterion: Any) -> bool:
        if question.video not in cache:
            cache[question.video] = float(read(question.video).frames[0, 10:20, 20:30].mean()) / 255
        draw = hashlib.sha256(f"{question.task.id}{criterion.id}".encode()).digest()[0] / 256
        return bool(draw < answer(cache[question.video]))

    return scripted(judged, name=name)


@pytest.fixture(scope="module")
def judges(scripted: Any) -> tuple[Any, Any]:
    """The old one, and a stricter new one."""
    old = brightness_judge(scripted, "old", lambda b: b)
    return old, brightness_judge(scripted, "new", lambda b: max(0.0, 0.7 * b - 0.05))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where anchors, link and challenger lie, made once for all tests here."""
    return tmp_path_factory.mktemp("linking")


@pytest.fixture(scope="module")
def anchors(home, suite, judges) -> list[Path]:
    """Five generators judged by the old judge."""
    old, _ = judges
    folders = []
    for quality in (60, 100, 130, 170, 210):
        folders.append(home / f"anchor-{quality}")
        bench.evaluate(generator(quality), suite, old, folders[-1])
    return folders


@pytest.fixture(scope="module")
def challenger(home, suite, judges) -> Path:
    """A sixth generator, which only the new judge has seen."""
    bench.evaluate(generator(150), suite, judges[1], home / "challenger")
    return home / "challenger"


@pytest.fixture(scope="module")
def linked(examined, judges, anchors, suite, home) -> Link:
    old, new = judges
    prepared = prepare_link(examined(new, votes=1), examined(old, votes=1), anchors, suite=suite)
    return link(prepared, home / "out")


def test_a_link_is_fitted_and_tested_in_every_scope(linked: Link) -> None:
    assert linked.is_linkable
    assert linked.is_whole
    for scope in (linked.overall, *linked.by_dimension.values()):
        assert 0.5 < scope.slope < 1.2
        assert set(scope.errors) >= {f"model-{q}" for q in (60, 100, 130, 170, 210)}
        assert 0 <= scope.error < 10
        assert scope.low < scope.high
        assert scope.simulated_only_error is not None
    assert "not linkable" not in "\n".join(describe(linked))


def test_the_old_judges_verdicts_in_the_anchors_are_not_asked_for_again(linked: Link, home) -> None:
    assert sorted(p.name for p in (home / "out" / "anchors").iterdir()) == [f"{n}-new" for n in range(1, 6)]


def test_the_same_call_asks_nothing_twice(linked: Link, examined, judges, anchors, suite, home) -> None:
    old, new = judges
    asked = len(old.asked), len(new.asked)
    prepared = prepare_link(examined(new, votes=1), examined(old, votes=1), anchors, suite=suite)
    again = link(prepared, home / "out")
    assert (len(old.asked), len(new.asked)) == asked
    assert again.model_dump(exclude={"created", "digest"}) == linked.model_dump(exclude={"created", "digest"})


def test_comparing_across_judges_carries_scores_over_and_adds_the_error(
    linked: Link, anchors, challenger, home
) -> None:
    plain = compare(anchors[2], challenger, across_judges=True)
    carried = compare(anchors[2], challenger, across_judges=True, link=linked)
    raw, gap = plain.overall.difference, carried.overall.difference
    assert gap.linking_error == linked.overall.error
    assert gap.ci95[1] - gap.ci95[0] > 0
    assert raw.linking_error is None
    assert carried.link == linked.digest
    assert any("carried over" in note for note in carried.notes)
    true = compare(home / "out" / "anchors" / "3-new", challenger).overall.difference.value
    assert gap.ci95[0] <= true <= gap.ci95[1]
    assert raw.value > 0 > true  # without the link the stricter judge alone puts the worse model first
    assert abs(gap.value - true) < abs(raw.value - true)


def test_a_kept_link_is_found_by_itself(linked: Link, anchors, challenger) -> None:
    links.keep(linked)
    found = compare(anchors[2], challenger, across_judges=True)
    assert found.link == linked.digest
    assert found.by_level["cellular"].difference.reason == "not_linked"
    assert "carried over" in found.to_text()
    assert found.to_markdown()


def test_a_wider_link_widens_the_interval_and_never_narrows_it(linked: Link, anchors, challenger) -> None:
    widths = []
    for error in (0.0, 2.0, 6.0):
        worse = linked.model_copy(update={"overall": linked.overall.model_copy(update={"error": error})})
        gap = compare(anchors[2], challenger, across_judges=True, link=worse).overall.difference
        widths.append(gap.ci95[1] - gap.ci95[0])
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_runs_of_one_judge_keep_their_difference(linked: Link, anchors, challenger) -> None:
    found = compare(anchors[1], anchors[2], challenger, across_judges=True, link=linked)
    same = found.overall.between("model-100", "model-130")
    assert same.linking_error is None
    alone = compare(anchors[1], anchors[2]).overall.difference
    assert same.value == pytest.approx(linked.overall.slope * alone.value, abs=1e-4)


def test_a_score_outside_the_anchors_range_is_not_carried_over(
    linked: Link, judges, suite, challenger, tmp_path
) -> None:
    old, _ = judges
    narrow = linked.model_copy(update={"overall": linked.overall.model_copy(update={"low": 40.0, "high": 60.0})})
    bench.evaluate(generator(250), suite, old, tmp_path / "bright")
    gap = compare(tmp_path / "bright", challenger, across_judges=True, link=narrow).overall.difference
    assert (gap.value, gap.reason, gap.ci95) == (None, "not_linked", None)


def test_judges_that_disagree_in_kind_are_not_linkable(examined, scripted, anchors, suite, judges, tmp_path) -> None:
    old, _ = judges
    contrary = brightness_judge(scripted, "contrary", lambda b: 1 - b)
    prepared = prepare_link(examined(contrary, votes=1), examined(old, votes=1), anchors, suite=suite)
    found = link(prepared, tmp_path / "out")
    assert not found.is_linkable
    assert found.overall.reason == "disagree"
    assert "not linkable: the judges disagree in kind" in "\n".join(describe(found))


def test_too_few_anchors_are_refused_before_anything_is_asked(examined, judges, anchors, suite) -> None:
    old, new = judges
    before = len(old.asked), len(new.asked)
    with pytest.raises(InputError, match="not linkable: the anchors hold videos of 3 generators"):
        prepare_link(examined(new), examined(old), anchors[:3], suite=suite)
    with pytest.raises(InputError, match="a link leads from one judge to another"):
        prepare_link(examined(old), examined(old), anchors, suite=suite)
    assert (len(old.asked), len(new.asked)) == before


def test_anchors_of_another_view_are_refused(examined, judges, anchors, suite, tmp_path) -> None:
    old, new = judges
    bench.evaluate(generator(90), suite, old, tmp_path / "part", limit=3)
    with pytest.raises(InputError, match="anchors are runs of one view"):
        prepare_link(examined(new), examined(old), [*anchors, tmp_path / "part"], suite=suite)


def test_a_link_of_other_judges_is_refused(linked: Link, scripted, suite, anchors, tmp_path) -> None:
    bench.evaluate(generator(150), suite, scripted(name="third"), tmp_path / "third")
    with pytest.raises(InputError, match="the link is from 'old' to 'new', not between"):
        compare(anchors[0], tmp_path / "third", across_judges=True, link=linked)
    with pytest.raises(InputError, match="--across-judges"):
        compare(anchors[0], anchors[1], link=linked)


def test_a_changed_link_is_refused(linked: Link, home, tmp_path) -> None:
    assert links.load(home / "out").overall == linked.overall
    content = json.loads((home / "out" / "link.json").read_text())
    content["overall"]["error"] = 0.0
    (tmp_path / "link.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="changed after it was made"):
        links.load(tmp_path)
