"""Runs as archives of which every byte is checked."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

import microworldbench as bench
from microworldbench.errors import InputError
from microworldbench.report import Report
from microworldbench.runs import RunFolder
from microworldbench.verification import bundle, verify
from microworldbench.verification.archive import Index, Member, read_index, read_members, write_archive

Write = Callable[..., Path]


def yes(task: str, seed: int, criterion: Any, vote: int) -> bool:
    return True


def archive(path: Path, files: dict[str, bytes]) -> Path:
    """An archive of anything, written as bundles are."""
    members = [Member(path=n, bytes=len(c), sha256=hashlib.sha256(c).hexdigest()) for n, c in sorted(files.items())]
    with path.open("wb") as target:
        write_archive(target, Index(files=tuple(members)), [(m, [files[m.path]]) for m in members])
    return path


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as opened:
        return {m.name: opened.extractfile(m).read() for m in opened.getmembers() if m.name != "bundle.json"}


def drain(data: bytes) -> None:
    source = io.BytesIO(data)
    index = read_index(source, "it")
    for _, chunks in read_members(source, index, len(data), "it"):
        for _ in chunks:
            pass


@pytest.fixture
def run(make_suite: Any, write_run: Write) -> Path:
    return write_run("run", make_suite(3), yes)


@pytest.fixture
def filmed(make_suite: Any, write_run: Write, tmp_path: Path) -> Path:
    """A run whose videos are files: two in its folder, one outside."""
    path = write_run("filmed", make_suite(3), yes)
    outside = tmp_path / "my videos" / "Film.MP4"
    lines = []
    for number, generation in enumerate(RunFolder.read(path).generations().values()):
        film = outside if number == 2 else path / generation.video.path
        film.parent.mkdir(parents=True, exist_ok=True)
        film.write_bytes(f"film {number}".encode() * 500)
        changes = {"sha256": hashlib.sha256(film.read_bytes()).hexdigest()}
        changes |= {"path": str(film)} if number == 2 else {}
        video = generation.video.model_copy(update=changes)
        lines.append(generation.model_copy(update={"video": video}).model_dump_json() + "\n")
    (path / "generations.jsonl").write_text("".join(lines))
    return path


def test_a_bundle_gives_the_runs_report(run: Path, tmp_path: Path) -> None:
    found = verify(bundle(run, tmp_path / "b.tar", videos=False))
    assert found.report.scorecard == Report.from_run(run).scorecard
    assert (found.files, found.videos, found.absent_videos) == (6, 0, 3)
    assert found.bytes == (tmp_path / "b.tar").stat().st_size


def test_the_same_run_gives_the_same_bytes_wherever_it_lies(filmed: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(filmed, tmp_path / "elsewhere" / "run")
    one, other = bundle(filmed, tmp_path / "1.tar"), bundle(copy, tmp_path / "2.tar")
    assert one.read_bytes() == other.read_bytes()
    assert verify(one).id == verify(other).id


def test_a_bundle_is_a_plain_tar_file_without_time_and_owner(run: Path, tmp_path: Path) -> None:
    with tarfile.open(bundle(run, tmp_path / "b.tar", videos=False)) as opened:
        members = opened.getmembers()
    assert members[0].name == "bundle.json"
    assert {(m.mtime, m.uid, m.gid, m.uname, m.mode, m.type) for m in members} == {(0, 0, 0, "", 0o644, b"0")}


def test_by_default_it_is_named_by_its_content(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = bundle(run, videos=False)
    assert made.name == f"run-{verify(made).id[:12]}.tar"


def test_videos_outside_the_folder_are_taken_in_under_their_digest(filmed: Path, tmp_path: Path) -> None:
    made = bundle(filmed, tmp_path / "b.tar")
    found = verify(made, tmp_path / "unpacked")
    assert (found.videos, found.absent_videos) == (3, 0)
    assert str(tmp_path).encode() not in made.read_bytes()
    for generation in RunFolder.read(tmp_path / "unpacked").generations().values():
        film = tmp_path / "unpacked" / generation.video.path
        assert hashlib.sha256(film.read_bytes()).hexdigest() == generation.video.sha256


def test_an_unpacked_bundle_bundles_to_the_same_bytes(filmed: Path, tmp_path: Path) -> None:
    made = bundle(filmed, tmp_path / "b.tar")
    verify(made, tmp_path / "unpacked")
    assert bundle(tmp_path / "unpacked", tmp_path / "again.tar").read_bytes() == made.read_bytes()


def test_an_unpacked_bundle_is_judged_again_from_its_replies(
    tmp_path: Path, suite: Any, scripted: Any, tiny_generator: Any
) -> None:
    """Offline, without the judge: replaying its calls on the unpacked videos gives the same scores."""
    judge = scripted(lambda question, criterion: [True, False, None][len(criterion.statement) % 3])
    bench.evaluate(tiny_generator, suite, judge, tmp_path / "run")
    verify(bundle(tmp_path / "run", tmp_path / "run.tar"), tmp_path / "unpacked")
    replayed = f"replay:{tmp_path / 'unpacked'}"
    again = bench.grade(tmp_path / "again", replayed, suite, videos_from=tmp_path / "unpacked")
    assert again.tasks == Report.load(tmp_path / "run").tasks


def test_a_missing_or_other_video_is_refused(filmed: Path, tmp_path: Path) -> None:
    film = filmed / "videos/task-000/0.mp4"
    film.write_bytes(b"another film")
    with pytest.raises(InputError, match="not the one that was judged"):
        bundle(filmed, tmp_path / "b.tar")
    film.unlink()
    with pytest.raises(InputError, match="--no-videos"):
        bundle(filmed, tmp_path / "b.tar")
    assert verify(bundle(filmed, tmp_path / "b.tar", videos=False)).absent_videos == 3


def test_a_link_among_the_logs_takes_nothing_in(run: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("{}")
    (run / "calls.jsonl").unlink()
    (run / "calls.jsonl").symlink_to(secret)
    with pytest.raises(InputError, match="is a link"):
        bundle(run, tmp_path / "b.tar")
    assert not (tmp_path / "b.tar").exists()


def test_one_flipped_bit_in_any_byte_is_found(tmp_path: Path) -> None:
    data = archive(tmp_path / "small.tar", {"manifest.json": b"{}", "videos/a.mp4": b"abc"}).read_bytes()
    drain(data)
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        with pytest.raises(InputError):
            drain(bytes(flipped))


@pytest.mark.parametrize(
    "change", [lambda d: d[:-1], lambda d: d + b"\0", lambda d: d[:700], lambda d: b"", lambda d: d[512:]]
)
def test_cut_and_lengthened_archives_are_refused(run: Path, tmp_path: Path, change: Any) -> None:
    made = bundle(run, tmp_path / "b.tar", videos=False)
    made.write_bytes(change(made.read_bytes()))
    with pytest.raises(InputError, match=r"damaged|not a bundle"):
        verify(made)


@pytest.mark.parametrize(
    "path", ["../evil", "/evil", "videos/../../evil", "videos//evil", ".lock", "videos/.evil", "a\\b", "é", ""]
)
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    index = Index(files=()).model_dump(mode="json", by_alias=True)
    index["files"] = [{"path": path, "bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()}]
    data = (json.dumps(index, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
    header = tarfile.TarInfo("bundle.json")
    header.size, header.mode = len(data), 0o644
    evil = tmp_path / "in" / "evil.tar"
    evil.parent.mkdir()
    evil.write_bytes(header.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512) + bytes(1536))
    with pytest.raises(InputError, match="damaged"):
        verify(evil, tmp_path / "in" / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["in"]
    assert [p.name for p in (tmp_path / "in").iterdir()] == ["evil.tar"]


def test_zip_slip_links_and_bombs_are_no_bundles(tmp_path: Path) -> None:
    slip, link, bomb = tmp_path / "slip.zip", tmp_path / "link.tar", tmp_path / "bomb.tar.gz"
    with zipfile.ZipFile(slip, "w") as made:
        made.writestr("../evil", "x")
    with tarfile.open(link, "w") as made:
        info = tarfile.TarInfo("bundle.json")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(info)
    with tarfile.open(bomb, "w:gz") as made:
        info = tarfile.TarInfo("bundle.json")
        info.size = 10_000_000
        made.addfile(info, io.BytesIO(bytes(info.size)))
    for evil in (slip, link, bomb):
        with pytest.raises(InputError, match="not a bundle"):
            verify(evil, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_link_in_place_of_a_file_is_found(run: Path, tmp_path: Path) -> None:
    made = bundle(run, tmp_path / "b.tar", videos=False)
    data = bytearray(made.read_bytes())
    place = data.index(b"calls.jsonl", 1024)
    place -= place % 512
    data[place + 156] = ord("2")  # symbolic link
    made.write_bytes(bytes(data))
    with pytest.raises(InputError, match="the header of calls"):
        verify(made)


def test_an_index_that_promises_more_than_there_is_is_refused(tmp_path: Path) -> None:
    member = Member(path="videos/a.mp4", bytes=8**11 - 1, sha256="0" * 64)
    index = Index(files=(member,))
    evil = tmp_path / "evil.tar"
    with evil.open("wb") as target, pytest.raises(InputError):
        write_archive(target, index, [(member, [b"x"])])
    with pytest.raises(InputError, match="by its index"):
        verify(evil)


def test_what_is_no_part_of_a_run_is_refused(run: Path, tmp_path: Path) -> None:
    files = contents(bundle(run, tmp_path / "b.tar", videos=False))
    with pytest.raises(InputError, match=r"'setup\.py', which is no part of a run"):
        verify(archive(tmp_path / "evil.tar", files | {"setup.py": b"import os"}))
    with pytest.raises(InputError, match="holds no run"):
        verify(archive(tmp_path / "empty.tar", {"report.json": b"{}"}))


def edited(line: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    """Changes the first record of a log."""

    def change(data: bytes) -> bytes:
        first, rest = data.split(b"\n", 1)
        record = json.loads(first)
        line(record)
        return json.dumps(record).encode() + b"\n" + rest

    return change


def test_a_changed_verdict_is_found_though_every_digest_fits(run: Path, tmp_path: Path) -> None:
    files = contents(bundle(run, tmp_path / "b.tar", videos=False))
    change = edited(lambda verdict: verdict.update(met=False))
    files["verdicts.jsonl"] = change(files["verdicts.jsonl"])
    with pytest.raises(InputError) as caught:
        verify(archive(tmp_path / "evil.tar", files))
    told = str(caught.value)
    assert "call task-000-0-0 returned another verdict" in told
    assert "report.json states 75.0 for overall.value, the verdicts give" in told


def test_another_video_in_a_bundle_is_found(filmed: Path, tmp_path: Path) -> None:
    files = contents(bundle(filmed, tmp_path / "b.tar"))
    files["videos/task-000/0.mp4"] = b"another film"
    with pytest.raises(InputError, match="not the one that was judged"):
        verify(archive(tmp_path / "evil.tar", files))


def test_nothing_is_unpacked_of_a_bundle_that_fails(run: Path, tmp_path: Path) -> None:
    made = bundle(run, tmp_path / "b.tar", videos=False)
    made.write_bytes(made.read_bytes()[:-512])
    with pytest.raises(InputError):
        verify(made, tmp_path / "out")
    assert {p.name for p in tmp_path.iterdir()} == {"run", "b.tar"}
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="exists already"):
        verify(made, tmp_path / "out")


def test_labels_travel_along_and_correct_the_score_again(make_suite: Any, write_run: Write, tmp_path: Path) -> None:
    suite = make_suite(12)
    run = write_run("run", suite, yes)
    rows: Iterable[Any] = (
        {"task": t.id, "criterion": c.id, "rater": "e", "met": "not_met", "inclusion": 1.0}
        for t in suite.tasks
        for c in t.criteria
    )
    (run / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = verify(bundle(run, tmp_path / "b.tar", videos=False)).report.scorecard.corrected
    assert found.overall.value == 0.0


def test_one_flipped_byte_of_a_real_bundle_is_found(run: Path, tmp_path: Path) -> None:
    made = bundle(run, tmp_path / "b.tar", videos=False)
    data = made.read_bytes()
    for place in range(0, len(data), len(data) // 40):
        made.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        with pytest.raises(InputError):
            verify(made)


def test_the_commands_bundle_verify_and_unpack(run: Path, tmp_path: Path, mwb: Any) -> None:
    made = mwb("bundle", run, "--no-videos")
    assert made.returncode == 0, made.stderr
    file = tmp_path / made.stdout.strip()
    checked = mwb("verify", file, "--extract", "again")
    assert checked.returncode == 0, checked.stderr
    assert "verified: 6 files, 0 videos, 3 videos left out; id " in checked.stdout
    assert Report.from_run(tmp_path / "again").scorecard == Report.from_run(run).scorecard
    assert json.loads(mwb("verify", file, "--json").stdout)["report"] == Report.from_run(run).to_dict()


@pytest.mark.parametrize("args", [["bundle", "nowhere"], ["verify", "nowhere.tar"], ["verify", "."], ["bundle", "."]])
def test_wrong_input_exits_2_without_a_traceback(mwb: Any, args: list[str]) -> None:
    done = mwb(*args)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
