"""Generating: never the same video twice, sidecars that say how, and a status that tells of failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from microverse import generate as generate_module
from microverse.generate import Counts, generate, settings_for
from microverse.prompts import Prompt, read_prompts, suite_prompts
from microworldbench.errors import InputError, RunConflictError, RunStoppedError
from microworldbench.video import probe

SMALL = {"width": "48", "height": "32", "frames": "9", "steps": "2"}
PROMPTS = [Prompt("a", "A cell divides."), Prompt("b", "A vessel.")]


def run(tiny: Path, out: Path, *, prompts: list[Prompt] = PROMPTS, seeds: int = 1, **given: str) -> Counts:
    settings = settings_for(tiny, {**SMALL, **given})
    return generate(tiny, prompts, out, settings, seeds=range(seeds))


def test_videos_and_sidecars_are_made_once(tiny: Path, tmp_path: Path) -> None:
    assert run(tiny, tmp_path / "out") == Counts(2, 0, {})
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.*")}
    assert run(tiny, tmp_path / "out") == Counts(0, 2, {})
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.*")} == before
    assert run(tiny, tmp_path / "out", seeds=2) == Counts(2, 2, {})
    told = json.loads((tmp_path / "out" / "a" / "1.json").read_text())
    assert (told["prompt"], told["seed"], told["settings"]["guidance"]) == ("A cell divides.", 1, 5.0)
    info = probe(tmp_path / "out" / "a" / "1.mp4")
    assert (info.width, info.height, info.frames, info.fps) == (48, 32, 9, 15.0)


def test_the_defaults_are_the_papers(tiny: Path) -> None:
    mine = settings_for(tiny, {})
    assert (mine.guidance, mine.steps, mine.width, mine.height, mine.frames) == (5.0, 50, 832, 480, 81)


def test_a_video_made_otherwise_is_never_passed_off(tiny: Path, tmp_path: Path) -> None:
    run(tiny, tmp_path / "out")
    for changed in ({"guidance": "3"}, {"prompts": [Prompt("a", "Another prompt.")]}):
        with pytest.raises(RunConflictError, match=r"a/0.mp4 was made otherwise \((settings|prompt) differ\)"):
            run(tiny, tmp_path / "out", **changed)  # type: ignore[arg-type]


def test_the_folder_is_one_that_mwb_scores(tiny: Path, tmp_path: Path) -> None:
    import microworldbench as bench

    prompts = suite_prompts("core", ["mitosis"])
    run(tiny, tmp_path / "out", prompts=prompts)
    report = bench.evaluate(f"folder:{tmp_path / 'out'}", "core", out=tmp_path / "run", tasks=["mitosis"], name="toy")
    assert report.coverage.videos == 1
    assert report.overall is not None


class Failing:
    """A generator that fails now and then."""

    max_concurrency = 1
    settings = settings = None

    def __init__(self, faults: dict[str, str]) -> None:
        self.faults = faults

    def generate(self, request: Any) -> Any:
        raise RuntimeError(self.faults[request.task_id])


def test_failures_are_counted_and_the_others_made(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate_module, "load", lambda _settings: Failing({"a": "one", "b": "two"}))
    counts = run(tiny, tmp_path / "out")
    assert counts == Counts(0, 0, {"a/0": "RuntimeError: one", "b/0": "RuntimeError: two"})
    monkeypatch.undo()
    assert run(tiny, tmp_path / "out") == Counts(2, 0, {})  # the same call tries them again


def test_three_equal_faults_in_a_row_end_it(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate_module, "load", lambda _settings: Failing(dict.fromkeys("abcd", "no memory")))
    with pytest.raises(RunStoppedError, match="3 equal faults in a row: RuntimeError: no memory"):
        run(tiny, tmp_path / "out", prompts=[Prompt(name, "x") for name in "abcd"])


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("p.txt", "One.\n\nTwo.\n", [("00001", "One."), ("00002", "Two.")]),
        ("p.json", '[{"id": "x", "prompt": "One."}, {"prompt": " Two. "}]', [("x", "One."), ("00002", "Two.")]),
        ("p.jsonl", '{"id": "x", "prompt": "One."}\n', [("x", "One.")]),
        ("p.jsonl", '{"prompt": "A\u2028line."}\r\n', [("00001", "A\u2028line.")]),
    ],
)
def test_prompts_are_read_from_files(tmp_path: Path, name: str, text: str, expected: list[tuple[str, str]]) -> None:
    (tmp_path / name).write_text(text)
    assert [(prompt.id, prompt.text) for prompt in read_prompts(tmp_path / name)] == expected


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("p.json", '[{"id": "../../x", "prompt": "One."}]', "an id names files"),
        ("p.json", '[{"id": "x", "prompt": ""}]', "entry 1 needs a prompt"),
        ("p.json", '[{"id": "x", "prompt": "a"}, {"id": "X", "prompt": "b"}]', "the id 'X' is given twice"),
        ("p.json", "{", "cannot be read"),
        ("p.jsonl", '{"prompt": "a"}\n{', "line 2 is no JSON"),
        ("p.txt", "\n", "holds no prompts"),
        ("none.txt", None, "cannot be read"),
    ],
)
def test_prompts_that_cannot_be_used_are_told(tmp_path: Path, name: str, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=words):
        read_prompts(tmp_path / name)


def test_what_is_no_export_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.safetensors"):
        with pytest.raises(InputError, match="is no export"):
            settings_for(path, {})
    (tmp_path / "x.safetensors").write_bytes(b"\0" * 20)
    with pytest.raises(InputError, match="cannot be read"):
        settings_for(tmp_path / "x.safetensors", {})
