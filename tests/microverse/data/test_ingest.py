"""Files nobody vouches for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from microverse.data.config import Limits
from microverse.data.executors import make_executor
from microverse.data.ingest import index, ingest, sources
from microverse.data.ledger import Ledger
from microverse.data.manifest import find_sources, video_id_in
from microworldbench.errors import InputError

VIDEO_ID = "dQw4w9WgXcQ"


def look(folder: Path, out: Path, **options: Any) -> tuple[dict[str, Any], Ledger]:
    """Every file with its source or the reason why it has none."""
    ledger, found = Ledger(out), find_sources(folder, options.pop("collected", None))
    limits = Limits(**options)
    for outcome in ingest(found, ledger, limits, make_executor("serial")):
        assert outcome.status == "done"
    return {file.path: file for file in index(found, ledger, limits)}, ledger


@pytest.fixture
def one(videos: Path, studio: Any) -> Path:
    return studio.film(videos / "one.mp4", [studio.shot(1.0, 1)])  # type: ignore[no-any-return]


def test_readable_files_are_told_by_content(videos: Path, one: Path, studio: Any, tmp_path: Path) -> None:
    studio.film(videos / "vp9.webm", [studio.shot(0.5, 2)], codec="libvpx-vp9")
    studio.film(videos / "av1.mkv", [studio.shot(0.5, 3)], codec="libsvtav1")
    studio.film(videos / "turned.mp4", [studio.shot(0.5, 4)], rotation=90)
    one.rename(videos / "wrong.dat")
    files, ledger = look(videos, tmp_path / "out")
    assert all(file.source for file in files.values())
    found = {source.path: source for source in sources(ledger)}
    assert (found["turned.mp4"].width, found["turned.mp4"].height) == (180, 320)
    assert {found[name].codec for name in ("vp9.webm", "av1.mkv", "wrong.dat")} == {"vp9", "av1", "h264"}


def test_what_is_no_video_is_listed_with_its_reason(videos: Path, one: Path, tmp_path: Path) -> None:
    import av

    (videos / "cut.mp4").write_bytes(one.read_bytes()[:-500])
    (videos / "junk.mp4").write_bytes(b"this is no video at all" * 50)
    (videos / "empty.mp4").touch()
    (videos / "nowhere.mp4").symlink_to(videos / "gone.mp4")
    (videos / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\none.mp4\n")
    with av.open(str(videos / "sound.mov"), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.sample_rate, sound.pts = 8000, 0
        output.mux(stream.encode(sound))
    files, _ = look(videos, tmp_path / "out")
    assert files["one.mp4"].source
    reasons = {name: file.reason for name, file in files.items() if file.reason}
    assert sorted(reasons) == ["cut.mp4", "empty.mp4", "junk.mp4", "list.mp4", "nowhere.mp4", "sound.mov"]
    assert "audio only" in reasons["sound.mov"]
    assert "empty" in reasons["empty.mp4"]


def test_a_video_beyond_the_limits_is_refused_before_decoding(videos: Path, one: Path, tmp_path: Path) -> None:
    files, _ = look(videos, tmp_path / "a", pixels=100 * 100)
    assert "at most 10,000 pixels" in files["one.mp4"].reason
    files, _ = look(videos, tmp_path / "b", duration_s=0.5)
    assert "lasts 1.0 s" in files["one.mp4"].reason


def test_ids_survive_renaming_and_copies_are_found(videos: Path, one: Path, tmp_path: Path) -> None:
    import av

    first, _ = look(videos, tmp_path / "a")
    (videos / "copy.mp4").write_bytes(one.read_bytes())
    with av.open(str(one)) as source, av.open(str(videos / "other.mkv"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    one.rename(videos / "zebra.mp4")
    files, ledger = look(videos, tmp_path / "a")
    assert files["copy.mp4"].source == first["one.mp4"].source
    assert {files["zebra.mp4"].twin, files["other.mkv"].twin} == {"copy.mp4"}
    assert [source.path for source in sources(ledger)] == ["copy.mp4"]


def test_names_that_are_not_utf8_are_taken(videos: Path, one: Path, tmp_path: Path) -> None:
    strange = os.fsdecode(os.fsencode(videos) + b"/caf\xe9 \xff.mp4")
    os.rename(one, strange)  # noqa: PTH104
    files, ledger = look(videos, tmp_path / "out")
    (path,) = files
    assert files[path].source
    assert (videos / next(iter(sources(ledger))).path).is_file()


def test_a_changed_file_is_looked_at_again_and_an_unchanged_one_is_not(videos: Path, one: Path, tmp_path: Path) -> None:
    look(videos, tmp_path / "out")
    found, ledger = find_sources(videos), Ledger(tmp_path / "out")
    assert list(ingest(found, ledger, Limits(), make_executor("serial"))) == []
    os.utime(one, ns=(1, 1))
    assert len(list(ingest(found, ledger, Limits(), make_executor("serial")))) == 1


def test_a_manifest_names_files_and_what_is_known(videos: Path, one: Path, tmp_path: Path) -> None:
    rows = [
        {
            "file": "one.mp4",
            "video_id": VIDEO_ID,
            "title": "Mitosis",
            "start_s": 0.2,
            "end_s": 0.6,
            "caption": "A cell.",
        },
        {"file": "one.mp4", "start_s": 0.6, "level": "cellular"},
    ]
    manifest = videos / "list.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    collected = tmp_path / "collected.jsonl"
    collected.write_text(json.dumps({"video_id": VIDEO_ID, "title": "Other", "licence": "creativeCommon"}) + "\n")
    _, ledger = look(manifest, tmp_path / "out", collected=collected)
    (source,) = sources(ledger)
    known = source.known
    assert (known.title, known.licence, len(known.spans)) == ("Mitosis", "creativeCommon", 2)
    assert known.spans[0].caption == "A cell."
    assert known.spans[1].level == "cellular"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"file": "../../etc/passwd"}, "below the manifest's folder"),
        ({"file": "/etc/passwd"}, "below the manifest's folder"),
        ({"file": "missing.mp4"}, "there is no file"),
        ({"file": "one.mp4", "start_s": 5, "end_s": 4}, "end_s must be after start_s"),
        ({"file": "one.mp4", "start_s": "soon"}, "could not convert"),
        ({"file": "one.mp4", "level": "galaxy"}, "level"),
    ],
)
def test_a_wrong_manifest_names_file_and_line(videos: Path, one: Path, row: dict[str, Any], said: str) -> None:
    manifest = videos / "list.jsonl"
    manifest.write_text(json.dumps(row) + "\n")
    with pytest.raises(InputError, match=r"list\.jsonl:1.*" + said):
        find_sources(manifest)


@pytest.mark.parametrize(
    ("name", "found"),
    [(f"{VIDEO_ID}.mp4", VIDEO_ID), (f"Cells at work [{VIDEO_ID}].webm", VIDEO_ID), ("mitosis.mp4", None)],
)
def test_a_video_id_is_read_from_a_files_name(name: str, found: str | None) -> None:
    assert video_id_in(name) == found


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no sources"):
        find_sources(tmp_path / "nowhere")
