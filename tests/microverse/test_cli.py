"""``microverse`` as users call it: exit statuses, documents, and what listing costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from microverse._cli import main
from microverse.runs import Log
from microworldbench.errors import InputError

CHAIN = ["clip.sizes=[48x32]", "clip.frames=[9]", "steps=4", "save.every=2", "validation.every=4", "validation.steps=2"]


def call(capfd: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main([str(arg) for arg in args])
    out, err = capfd.readouterr()
    return int(stop.value.code or 0), out, err


def test_help_and_mistakes_load_no_framework() -> None:
    for arguments in (["--help"], ["cache", "--help"], ["cache", "papr-full", "--videos", "x"]):
        code = f"import sys\nfrom microverse._cli import main\ntry:\n    main({arguments!r})\n"
        code += "except SystemExit:\n    pass\n"
        code += "print([m for m in ('torch', 'diffusers', 'transformers', 'av', 'numpy') if m in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cache", "papr-full", "--videos", "."], "did you mean 'paper-full'"),
        (["cache", "tiny", "batch=none", "--videos", "."], "batch: "),
        (["cache", "tiny", "--videos", "/nowhere"], "no folder or metadata file"),
        (["make-tiny", "x", "--width", "50"], "multiple of 24"),
    ],
)
def test_wrong_input_is_a_sentence_and_status_2(
    capfd: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    status, out, err = call(capfd, *arguments)
    assert (status, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_a_toy_pipeline_is_written_and_never_over_something(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status, out, _ = call(capfd, "make-tiny", tmp_path / "toy", "--width", 24, "--layers", 1)
    assert status == 0
    assert "a toy WanPipeline" in out
    assert (tmp_path / "toy" / "model_index.json").is_file()
    status, _, err = call(capfd, "make-tiny", tmp_path / "toy")
    assert status == 2
    assert "is there already" in err


def test_a_cache_is_filled_and_refused_clips_are_listed(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path, clips: Path
) -> None:
    settings = [f"model={tiny}", f"cache={tmp_path / 'c'}", "clip.sizes=[48x32]", "clip.frames=[9]"]
    status, out, err = call(capfd, "cache", "tiny", *settings, "--videos", clips, "--hold-out", 1, "--json")
    told = json.loads(out)
    assert (status, told["clips"], told["encoded"], told["refused"]) == (0, {"train": 3, "validation": 1}, 4, [])
    assert "encoding clips: 4/4" in err
    rows = json.loads((clips / "metadata.json").read_text())
    (tmp_path / "metadata.json").write_text(json.dumps([{**row, "prompt": ""} for row in rows[:1]] + rows[1:]))
    (tmp_path / "videos").symlink_to(clips / "videos")
    status, out, _ = call(capfd, "cache", "tiny", *settings, "--videos", tmp_path / "metadata.json")
    assert status == 1
    assert "1 clip refused" in out
    assert "red: its caption is empty" in out


def test_from_clips_to_scored_videos(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, tiny: Path, clips: Path
) -> None:
    """cache, train, continue, export, generate and inspect, as the demo and the documentation have it."""
    settings = ["tiny", f"model={tiny}", f"cache={tmp_path / 'c'}", f"out={tmp_path / 'run'}", *CHAIN]
    settings += ["validation.prompts=[A cell divides.]", "optimizer.schedule=constant"]
    assert call(capfd, "cache", *settings, "--videos", clips)[0] == 0
    status, out, err = call(capfd, "train", *settings, "--dry-run")
    assert (status, out) == (0, "")
    assert "What the paper leaves open" in err
    assert not (tmp_path / "run").exists()
    status, out, err = call(capfd, "train", *settings, "--json")
    assert (status, json.loads(out)["complete"], json.loads(out)["step"]) == (0, True, 4)
    assert "step 4: loss at fixed noise" in err
    status, out, err = call(capfd, "train", *settings, "steps=6")
    assert status == 0
    assert "continuing after step 4" in err
    assert "6 steps done" in out
    told = json.loads(call(capfd, "inspect", tmp_path / "run", "--json")[1])
    assert (told["kind"], told["step"], told["checkpoints"]) == ("run", 6, [2, 4, 6])
    status, out, _ = call(capfd, "export", tmp_path / "run", "--out", tmp_path / "export")
    assert status == 0
    assert "read back and found equal" in out
    small = [part for pair in ("width=48", "height=32", "frames=9", "steps=2") for part in ("-g", pair)]
    generate = ["generate", tmp_path / "export", "--out", tmp_path / "videos", "--prompt", "A cell divides.", *small]
    status, out, _ = call(capfd, *generate, "--json")
    assert (status, json.loads(out)["made"]) == (0, 1)
    assert json.loads(call(capfd, *generate, "--json")[1])["kept"] == 1
    assert json.loads(call(capfd, "inspect", tmp_path / "export", "--json")[1])["step"] == 6
    status, out, _ = call(capfd, "inspect", tmp_path / "c", "--verify", "--json")
    assert (status, json.loads(out)["damaged"]) == (0, [])
    (shard,) = (tmp_path / "c").glob("texts-*")
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    status, out, _ = call(capfd, "inspect", tmp_path / "c", "--verify", "--json")
    assert (status, json.loads(out)["damaged"]) == (1, [shard.name])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "tiny", "--score-with", "measured"], "--score-with needs the samples to be of a suite's tasks"),
        (["train", "tiny", "model=/nowhere"], "there is no model folder at '/nowhere'"),
        (["export", "/nowhere", "--out", "x"], "is no training run"),
        (["generate", "/nowhere", "--out", "x"], "give exactly one of --prompt, --prompts and --suite"),
        (["generate", "/nowhere", "--out", "x", "--prompt", "a"], "is no export"),
        (["generate", "/nowhere", "--out", "x", "--prompt", "a", "--task", "b"], "--task belongs to --suite"),
        (["inspect", "/nowhere"], "is no cache, no training run and no export"),
        (["inspect", "/nowhere", "batch=3"], "settings belong to a configuration"),
        (["inspect", "paper-full", "batchs=3"], "did you mean 'batch'"),
    ],
)
def test_what_is_not_there_is_told_before_anything_is_done(
    capfd: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    status, out, err = call(capfd, *arguments)
    assert (status, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize("content", ["{", "[1]", ""])
def test_a_damaged_export_or_log_is_told_by_name(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, content: str
) -> None:
    (tmp_path / "export.json").write_text(content)
    status, out, err = call(capfd, "inspect", tmp_path)
    assert (status, out, "export.json is damaged" in err) == (2, "", True), err
    log = Log(tmp_path / "log.jsonl")
    log.append({"step": 1, "said": "a\u2028b"})
    with log.path.open("a") as file:
        file.write('{"torn')
    assert log.read() == [{"step": 1, "said": "a\u2028b"}]
    with log.path.open("a") as file:
        file.write("\n")
    with pytest.raises(InputError, match=r"log\.jsonl:2 is damaged"):
        log.read()


def test_a_configuration_is_shown_with_what_it_comes_to(capfd: pytest.CaptureFixture[str]) -> None:
    status, out, _ = call(capfd, "inspect", "paper-full", "optimizer.lr=2e-5", "--json")
    told = json.loads(out)
    assert (status, told["optimizer"]["lr"], told["steps"]) == (0, 2e-5, 5000)
    assert "open_because" in told["left_open_by_the_paper"]["text.dropped"]
    assert "lr: 2.0e-05" in call(capfd, "inspect", "paper-full", "optimizer.lr=2e-5")[1]
