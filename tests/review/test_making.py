"""Studies as they are made: what they ask, what they hide, what they refuse."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from microworldbench.errors import InputError, UnknownNameError, VideoError
from microworldbench.review.studies.films import FilmRoom
from microworldbench.review.studies.folder import StudyFolder
from microworldbench.review.studies.records import Kind
from microworldbench.rubric import Level
from microworldbench.video import probe, read


def test_a_revision_asks_about_every_task(make: Any, make_suite: Any) -> None:
    made = make("revise", suite=make_suite(5))
    assert [item.task for item in made.items] == [item.id for item in made.items]
    assert {item.task for item in made.items} == {f"task-{n:03d}" for n in range(5)}
    assert made.items[0].inclusion is None
    assert [made.study.quorum(experts) for experts in (0, 2, 3, 4, 5)] == [2, 2, 2, 3, 3]
    assert StudyFolder(made.path).study == made.study


def test_drawn_tasks_carry_how_many_they_stand_for(make: Any, make_suite: Any) -> None:
    made = make("relevance", suite=make_suite(30), per_level=4)
    assert Counter(item.level for item in made.items) == dict.fromkeys(Level, 4)
    assert {item.inclusion.weight for item in made.items} == {2.5}


def test_the_papers_preference_study_has_twenty_tasks_a_level_and_three_evaluators(
    make: Any, make_suite: Any, run_with_videos: Any
) -> None:
    from microworldbench.review.studies.making import PRESETS

    assert PRESETS["paper-preference"] == {"kind": Kind.PAIR, "per_level": 20, "evaluators": 3}
    runs = [run_with_videos(name, make_suite(66)) for name in ("alpha", "beta")]
    made = make("pair", runs=runs, per_level=20, evaluators=3)
    assert Counter(item.level for item in made.items) == dict.fromkeys(Level, 20)
    assert made.items[0].inclusion.weight == pytest.approx(22 / 20)


def test_only_tasks_with_a_video_in_every_run_are_drawn_from(make: Any, make_suite: Any, run_with_videos: Any) -> None:
    suite = make_suite(9)
    runs = [run_with_videos("alpha", suite, failing=("task-000",)), run_with_videos("beta", suite)]
    made = make("pair", runs=runs)
    assert "task-000" not in {item.task for item in made.items}
    assert made.study.unavailable == {"organ": 1}
    assert {i.inclusion.population for i in made.items if i.level is Level.ORGAN} == {2}


def test_tasks_picked_by_name_are_no_draw(make: Any, make_suite: Any, run_with_videos: Any) -> None:
    run = run_with_videos("alpha", make_suite(3))
    assert {item.inclusion.weight for item in make("verdict", runs=[run]).items} == {1.0}
    assert make("verdict", "other", runs=[run], tasks={"task-001"}).items[0].inclusion is None


def test_three_runs_make_three_pairs_or_two_with_the_first(make: Any, make_suite: Any, run_with_videos: Any) -> None:
    runs = [run_with_videos(name, make_suite(2)) for name in ("alpha", "beta", "gamma")]
    pairs = Counter(tuple(f.run for f in item.films) for item in make("pair", runs=runs).items)
    assert pairs == {("alpha", "beta"): 2, ("alpha", "gamma"): 2, ("beta", "gamma"): 2}
    first = make("pair", "other", runs=runs, pairing="first")
    assert {tuple(f.run for f in item.films) for item in first.items} == {("alpha", "beta"), ("alpha", "gamma")}


def test_a_verdict_study_asks_the_judges_own_questions(make: Any, make_suite: Any, run_with_videos: Any) -> None:
    suite = make_suite(3)
    made = make("verdict", runs=[run_with_videos("alpha", suite)])
    item = next(item for item in made.items if item.task == "task-001")
    criteria = suite.by_id["task-001"].criteria
    assert [(c.id, c.statement, c.digest) for c in item.claims] == [(c.id, c.statement, c.digest) for c in criteria]


def test_texts_of_a_suite_without_a_licence_come_from_the_suite(
    make: Any, make_suite: Any, run_with_videos: Any
) -> None:
    suite = make_suite(2, licence=None)
    run = run_with_videos("alpha", suite)
    with pytest.raises(InputError, match=r"keeps no texts.*--suite"):
        make("verdict", runs=[run])
    assert make("verdict", runs=[run], suite=suite).items[0].claims[0].statement.startswith("claim 1")
    other = make_suite(2).model_copy(update={"tasks": make_suite(1).tasks})
    with pytest.raises(InputError, match="keeps no texts"):
        make("verdict", "third", runs=[run], suite=other)


def test_names_of_items_and_videos_say_nothing_of_the_generator(
    make: Any, make_suite: Any, run_with_videos: Any
) -> None:
    made = make("pair", runs=[run_with_videos(name, make_suite(2)) for name in ("alpha", "beta")])
    shown = [item.id for item in made.items] + [film.file for item in made.items for film in item.films]
    assert not [name for name in shown if "alpha" in name or "beta" in name or "task" in name]
    assert {path.stat().st_mtime for path in made.videos.iterdir()} == {0}


def test_a_shown_video_has_no_sound_and_no_metadata_and_the_same_frames(tmp_path: Path, write_clip: Any) -> None:
    source = tmp_path / "veo3-secret.mkv"
    with av.open(str(source), "w") as container:
        container.metadata["title"] = "made by secret-model"
        video, sound = container.add_stream("libx264", rate=8), container.add_stream("aac", rate=44100)
        video.width, video.height, video.pix_fmt = 97 - 1, 64, "yuv420p"
        video.metadata["handler_name"] = "secret-model"
        for i in range(6):
            picture = np.full((64, 96, 3), 30 * i, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode())
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        tone.sample_rate = 44100
        container.mux(sound.encode(tone))
        container.mux(sound.encode())
    film = FilmRoom(tmp_path).film(source, run="secret-model")
    shown = tmp_path / film.file
    assert b"secret" not in shown.read_bytes()
    with av.open(str(shown)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
    assert (film.frames, film.fps, film.width, film.height) == (6, 8.0, 96, 64)
    assert np.abs(read(shown).frames.astype(int) - read(source).frames.astype(int)).mean() < 3


def test_large_videos_are_reduced_to_one_size(tmp_path: Path, write_clip: Any) -> None:
    film = FilmRoom(tmp_path, max_side=64).film(write_clip(tmp_path / "a.mp4", width=128, height=80))
    assert (film.width, film.height) == (64, 40)
    assert probe(tmp_path / film.file).frames == 8


def test_a_video_that_was_replaced_since_is_refused(make: Any, make_suite: Any, run_with_videos: Any) -> None:
    run = run_with_videos("alpha", make_suite(1))
    video = next((run / "videos").rglob("*.mp4"))
    video.write_bytes(video.read_bytes() + b"\0" * 64)
    with pytest.raises(VideoError, match="is not the video that was recorded"):
        make("verdict", runs=[run])


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "a", "video": "../../etc/passwd"}, "lies outside"),
        ({"id": "a", "video": "/etc/passwd"}, "lies outside"),
        ({"id": "a/b", "video": "0.mp4"}, "id must be letters"),
        ({"id": "a", "video": "0.mp4", "level": "galaxy"}, "unknown level 'galaxy'"),
        ({"id": "a"}, "lacks video"),
    ],
)
def test_a_damaged_list_of_clips_is_refused_with_its_line(make: Any, make_clips: Any, row: dict, said: str) -> None:
    clips = make_clips(1)
    clips.write_text(clips.read_text() + json.dumps(row) + "\n")
    with pytest.raises(InputError, match=f"(?s)clips.jsonl:2.*{said}|{said}.*clips.jsonl:2"):
        make("clip", clips=clips)


def test_clip_ids_that_differ_only_by_case_are_refused(make: Any, make_clips: Any) -> None:
    clips = make_clips(1)
    clips.write_text(clips.read_text() + json.dumps({"id": "CLIP-0", "video": "0.mp4"}) + "\n")
    with pytest.raises(InputError, match="stands in line 1 already"):
        make("clip", clips=clips)


def test_a_caption_study_needs_captions(make: Any, make_clips: Any) -> None:
    clips = make_clips(1)
    clips.write_text(json.dumps({"id": "a", "video": "0.mp4"}) + "\n")
    with pytest.raises(InputError, match="'a' has no caption"):
        make("caption", clips=clips)


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("revise", {}, "give --suite"),
        ("pair", {"runs": ["one"]}, "give --run twice"),
        ("verdict", {}, "give --run"),
        ("clip", {}, "give --clips"),
        ("clip", {"clips": "x", "per_level": 3}, "leave the draw out"),
        ("verdict", {"runs": ["nowhere"]}, "not a run folder"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_says_what_to_give(make: Any, kind: str, given: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        make(kind, **given)


def test_an_unknown_task_is_named(make: Any, make_suite: Any, run_with_videos: Any) -> None:
    run = run_with_videos("alpha", make_suite(2))
    with pytest.raises(UnknownNameError, match="unknown task 'task-00'; did you mean"):
        make("verdict", runs=[run], tasks={"task-00"})


def test_a_folder_that_holds_something_is_left_alone(make: Any, make_suite: Any, tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        make("revise", suite=make_suite(1))
    assert [path.name for path in (tmp_path / "study").iterdir()] == ["mine.txt"]


def test_a_study_that_cannot_be_made_leaves_nothing(make: Any, make_clips: Any, tmp_path: Path) -> None:
    clips = make_clips(2)
    (clips.parent / "1.mp4").write_bytes(b"not a video")
    with pytest.raises(VideoError):
        make("clip", clips=clips)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clips"]


def test_a_study_whose_items_were_edited_is_refused(make: Any, make_suite: Any) -> None:
    made = make("revise", suite=make_suite(2))
    suite = made.path / "suite.json"
    suite.write_text(suite.read_text().replace("claim 1 of 0", "claim 1 of nothing"))
    with pytest.raises(InputError, match="was changed since the study was made"):
        StudyFolder(made.path)


def test_keys_and_names_are_for_the_owner_only(make: Any, make_suite: Any) -> None:
    made = make("revise", suite=make_suite(1))
    assert {oct((made.path / name).stat().st_mode & 0o777) for name in ("key", "access.jsonl")} == {"0o600"}
