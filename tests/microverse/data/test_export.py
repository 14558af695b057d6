"""Data sets as others read them."""

from __future__ import annotations

import csv
import html
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from microverse.data.config import Curation
from microverse.data.curate import Shelf, run
from microverse.data.executors import make_executor
from microverse.data.export.layouts import export, is_open
from microverse.data.imports import import_rows, seconds
from microverse.data.levels import load_classifier
from microverse.data.report.pages import write_report
from microverse.data.sheets import candidates, write_sheet
from microworldbench.errors import InputError
from microworldbench.video import probe

IDS = ("dQw4w9WgXcQ", "abcdefghijk")


def classify(title: str, description: str, caption: str) -> tuple[str, float] | None:
    """A level by one word, as a classifier may be."""
    return ("cellular", 0.9) if "cell" in (title + caption).lower() else None


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, studio: Any) -> Shelf:
    """Four clips of three videos: two open, one of unknown licence; three with captions."""
    base = tmp_path_factory.mktemp("export")
    videos = base / "videos"
    videos.mkdir()
    studio.film(videos / "one.mp4", [studio.shot(5, 1), studio.shot(5, 2)])
    studio.film(videos / "two.mp4", [studio.shot(5, 3)])
    studio.film(videos / "three.mp4", [studio.shot(5, 4)])
    address = "https://www.youtube.com/watch?v="
    common = {"licence": "creativeCommon", "title": "<script>alert(1)</script> cells"}
    rows = [
        {
            "file": "one.mp4",
            "video_id": IDS[0],
            "url": address + IDS[0],
            **common,
            "end_s": 5,
            "caption": "A cell divides.",
        },
        {"file": "one.mp4", "start_s": 5, "caption": "Blood flows.", "level": "organ"},
        {"file": "two.mp4", "video_id": IDS[1], "url": address + IDS[1], **common},
        {"file": "three.mp4", "caption": "=cmd()"},
    ]
    (videos / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = Curation.model_validate(
        {
            "sources": videos / "list.jsonl",
            "out": base / "out",
            "split": {"method": "given"},
            "text": None,
            "levels": "test_export:classify",
            "gates": {"min_side": None},
        }
    )
    made = Shelf(config)
    assert run(made, make_executor("serial")).cut == 4
    return made


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def test_a_video_folder_is_read_by_datasets_and_by_anybody(shelf: Shelf, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    export(shelf, tmp_path / "set", "videofolder")
    rows = [json.loads(line) for line in (tmp_path / "set" / "metadata.jsonl").read_text().splitlines()]
    assert [(row["prompt"], row["level"], row["level_origin"]) for row in rows] == [
        ("A cell divides.", "cellular", "test_export:classify"),
        ("Blood flows.", "organ", "manifest"),
        ("=cmd()", None, "test_export:classify"),
        (None, "cellular", "test_export:classify"),
    ]
    assert all(probe(tmp_path / "set" / row["file_name"]).frames == row["frames"] == 50 for row in rows)
    loaded = datasets.load_dataset(
        "videofolder", data_dir=str(tmp_path / "set"), split="train", cache_dir=str(tmp_path / "cache")
    ).cast_column("video", datasets.Video(decode=False))
    assert len(loaded) == 4
    assert {row["prompt"] for row in loaded} == {row["prompt"] for row in rows}
    assert all(Path(row["video"]["path"]).is_file() for row in loaded)


def test_the_released_layout_has_only_captioned_clips(shelf: Shelf, tmp_path: Path) -> None:
    done = export(shelf, tmp_path / "set", "released")
    rows = json.loads((tmp_path / "set" / "metadata.json").read_text())
    assert (done.clips, done.withheld) == (3, {"no caption": 1})
    assert all(set(row) == {"id", "video", "prompt"} and (tmp_path / "set" / row["video"]).is_file() for row in rows)


def test_parquet_holds_the_clips_and_datasets_knows_the_column(shelf: Shelf, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    export(shelf, tmp_path / "set", "parquet")
    loaded = datasets.load_dataset(
        "parquet", data_dir=str(tmp_path / "set" / "data"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert isinstance(loaded.features["video"], datasets.Video)
    row = loaded.cast_column("video", datasets.Video(decode=False))[0]
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(row["video"]["bytes"])
    assert probe(clip).frames == row["frames"]


def test_a_release_names_open_videos_only_without_figures_or_files(shelf: Shelf, tmp_path: Path) -> None:
    done = export(shelf, tmp_path / "set", "release")
    assert done.clips == 3
    assert done.withheld == {"no public address": 1}
    text = (tmp_path / "set" / "metadata.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    assert {row["video_id"] for row in rows} == set(IDS)
    allowed = {"id", "video_id", "url", "start_s", "end_s", "prompt", "level", "level_origin", "licence"}
    assert all(set(row) == allowed | {"relevance", "border_share", "texts"} for row in rows)
    assert ".mp4" not in text
    assert "view" not in text
    assert not list((tmp_path / "set").rglob("*.mp4"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the checker's own parser
@pytest.mark.parametrize("layout", ["videofolder", "released", "parquet", "release"])
def test_the_description_is_valid_croissant(shelf: Shelf, tmp_path: Path, layout: str) -> None:
    mlc = pytest.importorskip("mlcroissant")
    export(shelf, tmp_path / "set", layout)
    described = mlc.Dataset(jsonld=str(tmp_path / "set" / "croissant.json"))
    assert not described.metadata.issues.errors
    if layout in ("videofolder", "release"):
        records = list(described.records("clips"))
        assert {record["clips/id"].decode() for record in records}
    card = (tmp_path / "set" / "README.md").read_text()
    assert card.startswith("---\n")
    assert "<script>" not in card


def test_exporting_again_replaces_an_export_and_nothing_else(shelf: Shelf, tmp_path: Path) -> None:
    export(shelf, tmp_path / "set", "videofolder")
    export(shelf, tmp_path / "set", "release")
    assert not (tmp_path / "set" / "clips").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="no earlier export"):
        export(shelf, tmp_path / "mine", "videofolder")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


def test_only_fresh_figures_of_the_platform_are_drawn(shelf: Shelf, tmp_path: Path) -> None:
    collected = tmp_path / "collected.jsonl"
    now = datetime.now(UTC)
    lines = [
        {"video_id": IDS[0], "fetched_at": now.isoformat(), "statistics": {"views": 120, "likes": None}},
        {"video_id": IDS[1], "fetched_at": (now - timedelta(days=31)).isoformat(), "statistics": {"views": 7}},
        {"video_id": "elsewhere00", "fetched_at": now.isoformat(), "statistics": {"views": 9}},
        {"video_id": IDS[1], "fetched_at": "yesterday", "statistics": {"views": 8}},
    ]
    collected.write_text("".join(json.dumps(line) + "\n" for line in lines))
    known = Shelf(shelf.config.model_copy(update={"collected": collected}))
    page = write_report(known, tmp_path / "report.html", samples=1).read_text()
    assert "1 video, fetched within 30 days" in page
    assert "Likes" not in page


@pytest.mark.parametrize(
    ("licence", "fine"),
    [("creativeCommon", True), ("CC-BY-4.0", True), ("CC0-1.0", True), ("youtube", False), (None, False), ("", False)],
)
def test_which_licences_are_open(licence: str | None, fine: bool) -> None:
    assert is_open(licence) is fine


def test_a_review_goes_out_and_comes_back(shelf: Shelf, tmp_path: Path) -> None:
    from microverse.data.reviews import import_reviews

    config = shelf.config.model_copy(update={"gates": shelf.config.gates.model_copy(update={"review": "required"})})
    strict = Shelf(config)
    found = candidates(strict, "clips")
    assert len(found) == 4
    assert len(candidates(strict, "clips", sample=2, seed=1)) == 2
    write_sheet(strict, tmp_path / "review", found, "clips")
    page = (tmp_path / "review" / "index.html").read_text()
    assert "<script>" not in page
    listed = [json.loads(line) for line in (tmp_path / "review" / "clips.jsonl").read_text().splitlines()]
    assert all((tmp_path / "review" / row["video"]).is_file() for row in listed)
    with (tmp_path / "review" / "sheet.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row, verdict in zip(rows, ("accept", "reject", "accept", ""), strict=True):
        row |= {"verdict": verdict, "reason": "still" if verdict == "reject" else "", "reviewer": "ann"}
    filled = tmp_path / "filled.csv"
    with filled.open("w", newline="") as target:
        writer = csv.DictWriter(target, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    assert import_reviews(filled, config.out, "clips", {d.clip.id for d in found}) == 3
    states = [(d.gate, d.passes) for d in Shelf(config).decisions()]
    assert states.count((None, True)) == 2
    assert states.count(("review", False)) == 1
    assert states.count(("review", None)) == 1
    assert len(candidates(Shelf(config), "clips")) == 1
    (config.out / "review" / "clips.jsonl").unlink()


def test_captions_in_a_sheet_are_no_formulas(shelf: Shelf, tmp_path: Path) -> None:
    write_sheet(shelf, tmp_path / "review", candidates(shelf, "captions"), "captions")
    with (tmp_path / "review" / "sheet.csv").open(newline="") as lines:
        assert sorted(row["caption"] for row in csv.DictReader(lines)) == ["'=cmd()", "A cell divides.", "Blood flows."]


def test_the_report_is_one_page_without_foreign_code(shelf: Shelf, tmp_path: Path) -> None:
    page = write_report(shelf, tmp_path / "report.html", samples=2).read_text()
    assert "67,853 → 34,318 → 12,194 → 9,601" in page
    assert page.count("<img ") == 2
    assert "<script" not in page.replace("&lt;script", "")
    assert "default-src 'none'" in html.unescape(page)
    assert page == write_report(shelf, tmp_path / "again.html", samples=2).read_text()


def test_rows_of_microsim_are_joined_to_files_by_id_or_name(tmp_path: Path, studio: Any) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    studio.film(videos / f"Cells [{IDS[0]}].mp4", [studio.shot(4, 1)])
    rows = [
        {"url": f"https://youtu.be/{IDS[0]}", "start": "0:00:01", "end": 3.5, "prompt": "A cell."},
        {"video_id": IDS[1], "start": 0, "end": 5, "prompt": "Not here."},
    ]
    table = tmp_path / "rows.json"
    table.write_text(json.dumps(rows))
    done = import_rows(table, videos)
    assert (done.rows, done.found, done.missing) == (2, 1, (IDS[1],))
    from microverse.data.config import read_config

    shelf = Shelf(read_config(done.config).model_copy(update={"text": None}))
    tally = run(shelf, make_executor("serial"))
    assert tally.cut == 1
    (decision,) = shelf.decisions()
    assert (decision.clip.start_s, decision.clip.end_s) == (1.0, 3.5)
    assert shelf.captions() == {decision.clip.id: "A cell."}


def test_a_folder_in_the_released_layout_is_taken_in(tmp_path: Path, studio: Any) -> None:
    (tmp_path / "videos").mkdir()
    studio.film(tmp_path / "videos" / "sample_001.mp4", [studio.shot(3, 1)])
    rows = [{"id": "sample_001", "video": "videos/sample_001.mp4", "prompt": "A cell."}]
    (tmp_path / "metadata.json").write_text(json.dumps(rows))
    done = import_rows(tmp_path / "metadata.json", tmp_path)
    line = json.loads(done.manifest.read_text())
    assert line == {"file": "videos/sample_001.mp4", "caption": "A cell.", "id": "sample_001"}


@pytest.mark.parametrize(
    ("row", "names", "said"),
    [
        ({"video": "../../x.mp4"}, {}, "lies outside"),
        ({"video_id": "not an id"}, {}, "is not a YouTube video id"),
        ({"clip": "x"}, {"colour": "clip"}, "there is no column 'colour'"),
        ({"video": "nowhere.mp4"}, {}, "none of the 1 rows"),
    ],
)
def test_a_wrong_import_is_named(tmp_path: Path, row: dict[str, str], names: dict[str, str], said: str) -> None:
    table = tmp_path / "rows.jsonl"
    table.write_text(json.dumps(row) + "\n")
    with pytest.raises(InputError, match=said):
        import_rows(table, tmp_path, names)


def test_clocks_and_numbers_are_seconds() -> None:
    assert [seconds(text) for text in ("12.5", "1:02", "1:00:00.5")] == [12.5, 62.0, 3600.5]


@pytest.mark.parametrize("name", ["nowhere", "json:nothing", "test_export:IDS"])
def test_a_level_classifier_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        load_classifier(name)


@pytest.mark.parametrize("layout", ["videofolder", "released"])
def test_the_trainers_cache_takes_an_export_as_it_is(
    shelf: Shelf, tmp_path: Path, configured: Any, layout: str
) -> None:
    from microverse.cache.command import fill
    from microverse.cache.reading import Cache
    from microverse.launch import processes
    from microverse.sources import read_sources

    export(shelf, tmp_path / "set", layout)
    clips, refused = read_sources(tmp_path / "set")
    assert [clip.caption for clip in clips] == ["A cell divides.", "Blood flows.", "=cmd()"]
    assert [row.reason.split(" (")[0] for row in refused] == ["its caption is empty"] * (layout == "videofolder")
    config = configured(tmp_path, f"cache={tmp_path / 'cache'}")
    with processes() as here:
        fill(config, clips, refused, here=here, workers=1)
    assert {clip.id for clip in Cache(tmp_path / "cache").clips} == {clip.id for clip in clips}
