"""Whole curations over simulator clips whose funnel is known in advance."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from microverse.data.config import Curation, read_config
from microverse.data.curate import Shelf, run
from microverse.data.executors import make_executor
from microworldbench.errors import InputError, RunStoppedError

pytest.importorskip("rapidocr")

GATES = {"min_side": 200, "max_similarity": 0.95}


def configured(archive: Path, folder: Path, **changes: Any) -> Path:
    """A configuration file; JSON is YAML."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "curate.yaml"
    values = {"sources": str(archive), "out": "out", "text": {"frames": 4}, "gates": GATES}
    path.write_text(json.dumps({**values, **changes}))
    return path


def microverse(*args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "microverse", "data", *args]
    done = subprocess.run(program, capture_output=True, text=True, timeout=280, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def contents(work: Path) -> dict[str, bytes]:
    """Every result and clip, by name."""
    return {
        str(path.relative_to(work)): path.read_bytes()
        for part in ("ledger", "clips", "sources", "files.jsonl")
        for path in sorted([work / part, *(work / part).rglob("*")])
        if path.is_file()
    }


@pytest.fixture(scope="module")
def done(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The whole chain, run once in this process."""
    shelf = Shelf(read_config(configured(archive, tmp_path_factory.mktemp("serial"))))
    run(shelf, make_executor("serial"))
    return shelf


def test_the_funnel_is_the_one_known_in_advance(done: Shelf) -> None:
    tally = done.tally()
    assert (tally.files, tally.sources, tally.twins, sum(tally.unreadable.values())) == (9, 5, 2, 2)
    assert tally.counts == {"shots": 9, "short": 2, "long": 0}
    kept = {step.name: (step.entered, step.kept) for step in tally.steps}
    assert kept["resolution"] == (7, 6)
    assert kept["border"] == (6, 5)
    assert kept["text"] == (5, 3)
    assert kept["duplicate"] == (3, 2)
    assert kept["caption"] == (2, 2)
    assert tally.cut == 2
    why = {(d.source.path, round(d.clip.start_s)): (d.gate, d.why) for d in done.decisions()}
    assert why["a.mp4", 0] == (None, "")
    assert why["b.mp4", 0] == (None, "")
    assert why["a.mp4", 6] == ("border", "22.2 % of the picture is black border")
    assert why["a.mp4", 15][0] == "text"
    assert why["a.mp4", 15][1].startswith("subtitle:")
    assert why["b.mp4", 6][1].startswith("watermark:")
    assert why["small.mp4", 0] == ("resolution", "160×90 pixels; at least 200 are wanted")
    assert why["zz again.mp4", 0][0] == "duplicate"


def test_running_again_computes_nothing(done: Shelf) -> None:
    before = {name: (done.config.out / name).stat().st_mtime_ns for name in contents(done.config.out)}
    again = Shelf(done.config)
    run(again, make_executor("serial"))
    changed = [n for n, at in before.items() if (done.config.out / n).stat().st_mtime_ns != at]
    assert changed in ([], ["files.jsonl"])


def test_thresholds_move_without_computing_anything(done: Shelf) -> None:
    loose = done.config.model_copy(update={"gates": done.config.gates.model_copy(update={"max_border": 0.3})})
    steps = {step.name: step.kept for step in Shelf(loose).tally().steps}
    assert (steps["border"], steps["text"]) == (6, 4)


def test_a_new_setting_computes_its_own_stage_alone(done: Shelf, tmp_path: Path) -> None:
    """Borders by another measure: the split and its clips stay, only named frames are decoded."""
    import shutil

    out = tmp_path / "out"
    shutil.copytree(done.config.out, out, ignore=shutil.ignore_patterns(".lock"))
    border = done.config.border.model_copy(update={"share": 0.9}) if done.config.border else None
    shelf = Shelf(done.config.model_copy(update={"out": out, "border": border}))
    before = set(contents(out))
    run(shelf, make_executor("serial"))
    fresh = {name.split("/")[1].split("-")[0] for name in set(contents(out)) - before if name.startswith("ledger")}
    assert fresh == {"border"}
    assert {d.clip.id for d in shelf.decisions()} == {d.clip.id for d in done.decisions()}


def test_scores_are_the_same_when_computed_in_a_later_pass(done: Shelf, tmp_path: Path) -> None:
    """Frames kept while streaming by, and the same frames decoded by themselves, give the same bytes."""
    import shutil

    out = tmp_path / "out"
    shutil.copytree(done.config.out, out, ignore=shutil.ignore_patterns(".lock"))
    for name in ("border", "fingerprint"):
        shutil.rmtree(out / "ledger" / done.chain.contracts[name])
    run(Shelf(done.config.model_copy(update={"out": out})), make_executor("serial"))
    assert contents(out) == contents(done.config.out)


def test_processes_leave_the_same_bytes(done: Shelf, archive: Path, tmp_path: Path) -> None:
    config = configured(archive, tmp_path)
    printed = microverse("run", str(config), "--executor", "processes", "--workers", "2", "--json").stdout
    assert contents(tmp_path / "out") == contents(done.config.out)
    assert json.loads(printed)["clips_cut"] == 2


@pytest.mark.slow
def test_ray_leaves_the_same_bytes(done: Shelf, archive: Path, tmp_path: Path) -> None:
    """Of two of the sources: starting Ray and loading the text reader twice takes long enough."""
    pytest.importorskip("ray")
    (tmp_path / "some").mkdir()
    for name in ("b.mp4", "small.mp4"):
        os.link(archive / name, tmp_path / "some" / name)
    config = configured(tmp_path / "some", tmp_path)
    microverse("run", str(config), "--executor", "ray", "--workers", "2")
    found, whole = contents(tmp_path / "out"), contents(done.config.out)
    looked_at = [name for name in found if "probe-" not in name and name.startswith("ledger")]
    assert len(looked_at) == 2 * 4 + 1  # split, border, text and fingerprint of each, one clip cut
    assert {name: found[name] for name in looked_at} == {name: whole[name] for name in looked_at}


@pytest.mark.slow
def test_kills_at_random_cost_the_work_in_flight_only(archive: Path, tmp_path: Path) -> None:
    config = configured(archive, tmp_path, text=None)
    program = [
        sys.executable,
        "-m",
        "microverse",
        "data",
        "run",
        str(config),
        "--executor",
        "processes",
        "--workers",
        "2",
    ]
    draw, out = random.Random(7), tmp_path / "out"
    kept: dict[str, int] = {}
    for _ in range(4):
        with subprocess.Popen(
            program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as process:
            time.sleep(draw.uniform(0.8, 2.5))
            os.killpg(process.pid, signal.SIGKILL)
        now = {str(p): p.stat().st_mtime_ns for p in out.rglob("ledger/*/*.json")}
        assert {name: now.get(name) for name in kept} == kept  # nothing finished is done again
        kept = now
    microverse("run", str(config))
    assert {name: Path(name).stat().st_mtime_ns for name in kept} == kept
    clean = Shelf(read_config(configured(archive, tmp_path / "clean", text=None)))
    run(clean, make_executor("serial"))
    assert contents(out) == contents(clean.config.out)
    assert not list(out.rglob("*.tmp"))


def test_a_source_that_takes_too_long_is_quarantined_and_the_rest_done(
    videos: Path, studio: Any, tmp_path: Path
) -> None:
    studio.film(videos / "long.mp4", [studio.shot(8, 1)])
    config = Curation(sources=videos, out=tmp_path / "out", text=None, gates={"min_side": None})  # type: ignore[arg-type]
    tally = run(Shelf(config), make_executor("serial"), timeout_s=1e-9)
    assert [(f.attempts, f.error) for f in tally.quarantined] == [(2, "not done within 1e-09 s")]
    again = run(Shelf(config), make_executor("serial"))
    assert len(again.quarantined) == 1  # until it is forgiven
    Shelf(config).ledger.forgive()
    assert run(Shelf(config), make_executor("serial")).cut == 1


def test_a_video_damaged_in_the_middle_is_given_up_at_once(videos: Path, studio: Any, tmp_path: Path) -> None:
    path = studio.film(videos / "bad.mp4", [studio.shot(8, 1)])
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(bytes(data))
    studio.film(videos / "good.mp4", [studio.shot(6, 2)])
    config = Curation(sources=videos, out=tmp_path / "out", text=None, gates={"min_side": None})  # type: ignore[arg-type]
    tally = run(Shelf(config), make_executor("serial"))
    assert tally.cut >= 1
    assert [f.is_final for f in tally.quarantined] in ([True], [])  # some decoders conceal the damage


def test_a_full_disk_stops_and_the_same_command_goes_on(
    videos: Path, studio: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    studio.film(videos / "a.mp4", [studio.shot(6, 1)])
    studio.film(videos / "b.mp4", [studio.shot(6, 2)])
    config = Curation(sources=videos, out=tmp_path / "out", text=None, gates={"min_side": None})  # type: ignore[arg-type]
    write, left = Path.write_bytes, [7]

    def nearly_full(self: Path, data: bytes) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    monkeypatch.setattr(Path, "write_bytes", nearly_full)
    with pytest.raises(RunStoppedError, match="the disk is full"):
        run(Shelf(config), make_executor("serial"))
    monkeypatch.undo()
    assert run(Shelf(config), make_executor("serial")).cut == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sources: v\nout: o\nsplit: {min_s: 70}", r"curate.yaml:3.*min_s must be below max_s"),
        ("sources: v\nout: o\nsplit: {speed: 3}", r"curate.yaml:3: split.speed"),
        ("sources: v\n", "out"),
        ("sources: v\nout: o\ntext: {score: 2}", r"curate.yaml:3: text.score"),
    ],
)
def test_a_wrong_configuration_names_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "curate.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_config(path)


def test_user_errors_print_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "curate.yaml"
    path.write_text("sources: nowhere\nout: out\n")
    done = microverse("run", str(path), check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: there are no sources")
