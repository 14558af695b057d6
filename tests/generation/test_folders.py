from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.errors import GenerationError, InputError
from microworldbench.generation.folders import FolderGenerator, FolderScan, scan_folder
from microworldbench.generation.request import GenerationRequest, named
from microworldbench.video import Video, write

TASKS = ["mitosis", "mwb-001", "mwb-002", "mwb-111"]


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def found(scan: FolderScan) -> dict[tuple[str, int], str]:
    return {key: path.relative_to(scan.folder).as_posix() for key, path in scan.videos.items()}


def ask(task: str, seed: int = 0) -> GenerationRequest:
    return GenerationRequest(task_id=task, prompt="p", seed=seed)


def test_files_are_found_by_task_id(tmp_path):
    put(tmp_path, "mitosis.mp4", "mwb-001.webm")
    scan = scan_folder(tmp_path, TASKS, [0])
    assert found(scan) == {("mitosis", 0): "mitosis.mp4", ("mwb-001", 0): "mwb-001.webm"}
    assert scan.missing == [("mwb-002", 0), ("mwb-111", 0)]


def test_files_are_found_by_task_id_and_seed(tmp_path):
    put(tmp_path, "mitosis/0.mp4", "mitosis/1.mov", "mwb-001/1.mp4")
    scan = scan_folder(tmp_path, TASKS[:2], [0, 1])
    assert found(scan) == {
        ("mitosis", 0): "mitosis/0.mp4",
        ("mitosis", 1): "mitosis/1.mov",
        ("mwb-001", 1): "mwb-001/1.mp4",
    }
    assert scan.missing == [("mwb-001", 0)]


@pytest.mark.parametrize("name", ["1.mp4", "01.mkv", "001.MOV", "1.gif"])
def test_the_released_layout_goes_by_number(name, tmp_path):
    put(tmp_path, name, "111.mp4")
    scan = scan_folder(tmp_path, TASKS, [0])
    assert found(scan) == {("mwb-001", 0): name, ("mwb-111", 0): "111.mp4"}


def test_a_single_file_is_seed_0(tmp_path):
    put(tmp_path, "mitosis.mp4")
    assert scan_folder(tmp_path, ["mitosis"], [0, 1]).missing == [("mitosis", 1)]


def test_an_id_comes_before_a_number(tmp_path):
    put(tmp_path, "7.mp4")
    assert found(scan_folder(tmp_path, ["7", "mwb-007"], [0])) == {("7", 0): "7.mp4"}


@pytest.mark.parametrize(
    "names",
    [
        ("1.mp4", "01.mov"),
        ("mwb-001.mp4", "1.mp4"),
        ("mwb-001.mp4", "mwb-001/0.mp4"),
        ("mwb-001/0.mp4", "mwb-001/00.mp4"),
    ],
)
def test_two_files_for_one_pair_are_duplicates(names, tmp_path):
    put(tmp_path, *names, "2.mp4")
    scan = scan_folder(tmp_path, TASKS, [0])
    assert found(scan) == {("mwb-002", 0): "2.mp4"}
    assert list(scan.duplicates) == [("mwb-001", 0)]
    assert {path.relative_to(tmp_path).as_posix() for path in scan.duplicates["mwb-001", 0]} == set(names)
    assert ("mwb-001", 0) not in scan.missing
    assert any(line.startswith("duplicate: task mwb-001, seed 0: ") for line in scan.describe())


def test_videos_of_nothing_wanted_are_extra_and_other_files_are_ignored(tmp_path):
    put(tmp_path, "notes.txt", ".hidden.mp4", "._1.mp4", "unknown.mp4", "9.mp4", "mitosis/first.mp4", "mitosis/7.mp4")
    put(tmp_path, "other/1.mp4", "mitosis/deep/0.mp4", "mitosis/readme.md")
    scan = scan_folder(tmp_path, TASKS, [0])
    extra = [path.relative_to(tmp_path).as_posix() for path in scan.extra]
    assert extra == ["9.mp4", "mitosis/7.mp4", "mitosis/first.mp4", "other/1.mp4", "unknown.mp4"]
    assert scan.videos == {}


@given(st.permutations(["1.mp4", "mitosis.mp4", "mwb-002/0.mp4", "stray.mp4", "111.avi"]))
def test_the_order_of_creation_changes_nothing(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("videos")
    put(folder, *names)
    scan = scan_folder(folder, TASKS, [0])
    assert list(found(scan)) == [(task, 0) for task in TASKS]
    assert [path.name for path in scan.extra] == ["stray.mp4"]


def test_a_folder_with_everything_has_nothing_to_describe(tmp_path):
    put(tmp_path, "mitosis.mp4")
    scan = scan_folder(tmp_path, ["mitosis"], [0])
    assert (scan.describe(), scan.lacking, scan.unreadable) == ([], [], {})


def test_long_lists_are_cut(tmp_path):
    lines = scan_folder(tmp_path, [f"mwb-{n:03d}" for n in range(1, 460)], [0]).describe()
    assert (len(lines), lines[0], lines[-1]) == (21, "missing: task mwb-001, seed 0", "missing: 439 more")


def test_decoding_finds_what_cannot_be_read(tmp_path):
    write(tmp_path / "1.mp4", Video(np.zeros((2, 16, 16, 3), np.uint8), 8))
    put(tmp_path, "2.mp4")
    scan = scan_folder(tmp_path, ["mwb-001", "mwb-002", "mitosis"], [0], decode=True)
    assert list(scan.unreadable) == [tmp_path / "2.mp4"]
    assert scan.unreadable[tmp_path / "2.mp4"].startswith("is not a video file")
    assert scan.lacking == [("mitosis", 0), ("mwb-002", 0)]
    assert scan.describe()[1].startswith("unreadable: 2.mp4: is not a video file")


def test_links_count_as_the_files_they_point_to(tmp_path):
    elsewhere = tmp_path / "elsewhere.mp4"
    write(elsewhere, Video(np.zeros((2, 16, 16, 3), np.uint8), 8))
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "1.mp4").symlink_to(elsewhere)
    (folder / "2.mp4").symlink_to(tmp_path / "gone.mp4")
    scan = scan_folder(folder, ["mwb-001", "mwb-002"], [0], decode=True)
    assert found(scan) == {("mwb-001", 0): "1.mp4", ("mwb-002", 0): "2.mp4"}
    assert scan.unreadable == {folder / "2.mp4": "cannot be read (No such file or directory)"}


def test_names_that_are_not_utf8_survive(tmp_path):
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4")).touch()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    scan = scan_folder(tmp_path, ["mitosis"], [0])
    assert [path.exists() for path in scan.extra] == [True]
    assert scan.describe() == ["missing: task mitosis, seed 0", "extra: caf\\xe9.mp4"]
    assert "\n".join(scan.describe()).encode()


@pytest.mark.parametrize("name", ["1" * 200 + ".mp4", "١.mp4", "-1.mp4", "1.5.mp4"])
def test_odd_numbers_are_no_numbers(name, tmp_path):
    put(tmp_path, name)
    assert [path.name for path in scan_folder(tmp_path, TASKS, [0]).extra] == [name]


@pytest.mark.parametrize(
    ("name", "message"), [("absent", r"there is no folder '.*absent'"), ("file", r"'.*file' is not a folder")]
)
def test_a_path_that_is_no_folder_is_named(name, message, tmp_path):
    (tmp_path / "file").touch()
    for attempt in (FolderGenerator, lambda path: scan_folder(path, TASKS, [0])):
        with pytest.raises(InputError, match=message):
            attempt(tmp_path / name)


def test_the_generator_hands_out_the_users_files(tmp_path):
    put(tmp_path, "1.mp4", "mitosis/3.mov")
    generator = FolderGenerator(tmp_path)
    assert generator(ask("mwb-001")) == tmp_path / "1.mp4"
    assert generator(ask("mitosis", 3)) == tmp_path / "mitosis" / "3.mov"


def test_the_generator_finds_files_added_later(tmp_path):
    generator = FolderGenerator(tmp_path)
    with pytest.raises(InputError, match="no video for task 'mitosis', seed 0"):
        generator(ask("mitosis"))
    put(tmp_path, "mitosis.mp4")
    assert generator(ask("mitosis")) == tmp_path / "mitosis.mp4"


def test_the_generator_never_picks_among_duplicates(tmp_path):
    put(tmp_path, "1.mp4", "01.mov")
    with pytest.raises(InputError, match=r"more than one video: duplicate: task mwb-001, seed 0: 01\.mov, 1\.mp4"):
        FolderGenerator(tmp_path)(ask("mwb-001"))


def test_a_task_id_never_leads_out_of_the_folder(tmp_path):
    put(tmp_path, "secret.mp4", "videos/a.mp4")
    with pytest.raises(InputError, match="no video for task"):
        FolderGenerator(tmp_path / "videos")(ask("../secret"))


def test_lacking_videos_can_count_as_the_models_failures(tmp_path):
    write(tmp_path / "1.mp4", Video(np.zeros((2, 16, 16, 3), np.uint8), 8))
    put(tmp_path, "2.mp4")
    generator = FolderGenerator(tmp_path)
    failing = generator.failing(scan_folder(tmp_path, TASKS, [0], decode=True))
    assert failing(ask("mwb-001")) == tmp_path / "1.mp4"
    with pytest.raises(GenerationError, match="task 'mitosis', seed 0: there is no video"):
        failing(ask("mitosis"))
    with pytest.raises(GenerationError, match="task 'mwb-002', seed 0: its video cannot be read: is not a video"):
        failing(ask("mwb-002"))


def test_the_generator_is_called_after_its_folder_unless_named(tmp_path, monkeypatch):
    folder = tmp_path / "wan2.1"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert FolderGenerator(folder).name == FolderGenerator(".").name == "wan2.1"
    assert FolderGenerator(folder, name="Wan").name == "Wan"


def test_the_engine_references_its_files(tmp_path):
    wrapped = named(FolderGenerator(tmp_path, name="Wan"))
    assert (wrapped.name, wrapped.references_files, wrapped.settings) == ("Wan", True, {})
    assert isinstance(wrapped.call, FolderGenerator)
