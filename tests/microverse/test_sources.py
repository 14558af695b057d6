"""Where clips come from: every layout that is read, and nothing that is skipped in silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from microverse.sources import read_sources
from microworldbench.errors import InputError

ROWS: list[dict[str, Any]] = [
    {"id": "a", "video": "v/a.mp4", "prompt": "A cell."},
    {"video": "v/b.mp4", "prompt": "Two."},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "v").mkdir()
    for name in "ab":
        (tmp_path / "v" / f"{name}.mp4").write_bytes(b"x")
    return tmp_path


def put(folder: Path, kind: str, rows: list[dict[str, Any]]) -> None:
    path = folder / f"metadata.{kind}"
    if kind == "json":
        path.write_text(json.dumps(rows))
    elif kind == "jsonl":
        path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    elif kind == "csv":
        path.write_text("id,video,prompt\n" + "".join(f"{r.get('id', '')},{r['video']},{r['prompt']}\n" for r in rows))
    else:
        arrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        from pyarrow import parquet

        parquet.write_table(arrow.Table.from_pylist([{"id": None, **r} for r in rows]), path)


@pytest.mark.parametrize("kind", ["json", "jsonl", "csv", "parquet"])
def test_every_format_gives_the_same_clips(folder: Path, kind: str) -> None:
    put(folder, kind, ROWS)
    sources, refused = read_sources(folder)
    assert [(s.id, s.video, s.caption, s.split) for s in sources] == [
        ("a", folder / "v/a.mp4", "A cell.", None),
        ("v/b", folder / "v/b.mp4", "Two.", None),
    ]
    assert refused == []


def test_a_video_folder_with_splits_is_read_as_datasets_lays_it_out(folder: Path) -> None:
    for split in ("train", "validation"):
        (folder / split).mkdir()
        (folder / split / f"{split}.mp4").write_bytes(b"x")
        (folder / split / "metadata.jsonl").write_text(json.dumps({"file_name": f"{split}.mp4", "text": "Seen."}))
    assert [(s.id, s.split) for s in read_sources(folder)[0]] == [("train", "train"), ("validation", "validation")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": "x", "video": "v/a.mp4", "prompt": "  "}, "its caption is empty"),
        ({"id": "x", "video": "v/a.mp4", "prompt": None}, "its caption is empty"),
        ({"id": "x", "prompt": "A cell."}, "names no video"),
        ({"id": "x", "video": "v/none.mp4", "prompt": "A cell."}, "its video is not there"),
        ({"id": "x", "video": "../secret.mp4", "prompt": "A cell."}, "lies outside the folder"),
        ({"id": "x", "video": "/etc/passwd", "prompt": "A cell."}, "lies outside the folder"),
        ({"id": "x", "video": "v/a.mp4", "prompt": "A cell.", "split": "dev"}, "split must be one of"),
    ],
)
def test_a_row_that_cannot_be_used_is_kept_with_its_reason(folder: Path, row: dict[str, Any], reason: str) -> None:
    put(folder, "json", [ROWS[0], row])
    sources, refused = read_sources(folder)
    assert [s.id for s in sources] == ["a"]
    assert [(r.id, reason in r.reason) for r in refused] == [("x", True)]


def test_a_run_folder_of_mwb_is_a_set_of_clips(tmp_path: Path) -> None:
    import microworldbench as bench

    settings = {"width": 32, "height": 32, "duration_s": 0.2}
    bench.generate("simulator", "core", out=tmp_path / "run", tasks=["mitosis"], seeds=2, generator_settings=settings)
    sources, refused = read_sources(tmp_path / "run")
    assert [s.id for s in sources] == ["mitosis/0", "mitosis/1"]
    assert sources[0].caption == next(t.prompt for t in bench.load_suite("core").tasks if t.id == "mitosis")
    assert refused == []


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "has no metadata"),
        ({"metadata.json": "{}"}, "must hold a list of clips, got dict"),
        ({"metadata.json": "[1]"}, "clip 1 must map names to values, got int"),
        ({"metadata.json": "[{"}, "cannot be read"),
        ({"metadata.json": "[]"}, "lists no clips"),
        ({"metadata.json": "[]", "metadata.csv": "a"}, "keep one, or name the file"),
        ({"metadata.jsonl": '{"id":"a","video":"v/a.mp4","prompt":"x"}\n' * 2}, "1 ids are given to several clips"),
    ],
)
def test_metadata_that_cannot_be_used_are_an_error(folder: Path, files: dict[str, str], words: str) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.raises(InputError, match=words):
        read_sources(folder)


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no folder or metadata file at .*nowhere"):
        read_sources(tmp_path / "nowhere")
