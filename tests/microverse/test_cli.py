"""``microverse`` as users call it: exit statuses, documents, and what listing costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from microverse._cli import main


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
