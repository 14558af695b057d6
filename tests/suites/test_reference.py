from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from microworldbench.errors import InputError, UnknownNameError
from microworldbench.rubric import Suite
from microworldbench.suites import packaged
from microworldbench.suites.packaged import load_packaged, packaged_suites
from microworldbench.suites.reference import open_suite, resolve


def test_core_is_packaged() -> None:
    assert "core" in packaged_suites()
    assert resolve("core").id == "core"


def test_an_installed_wheel_reads_the_rubrics_inside_it(
    folder: Callable[..., Path], nine: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "_rubrics").mkdir()
    (tmp_path / "mine").rename(tmp_path / "_rubrics" / "mine")
    monkeypatch.setattr(packaged, "files", lambda package: tmp_path)
    assert list(packaged_suites()) == ["mine"]
    assert load_packaged("mine") == nine


def test_without_any_rubrics_the_installation_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "files", lambda package: tmp_path)
    monkeypatch.setattr(packaged, "checkout_folder", lambda: None)
    with pytest.raises(InputError, match="reinstall microworldbench"):
        packaged_suites()


def test_an_unknown_packaged_name_gives_near_matches() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'core'"):
        load_packaged("cor")


def test_a_folder_is_named_by_its_path(folder: Callable[..., Path], nine: Suite, tmp_path: Path) -> None:
    assert resolve(str(tmp_path / "mine")) == nine


def test_released_files_are_named_by_their_folder(released_form: Path) -> None:
    opened = open_suite(f"released:{released_form}", "raw")
    assert opened.suite.id == "released"
    assert opened.released is not None
    assert opened.released.weights == "raw"


def test_a_further_name_loads_by_its_function(nine: Suite) -> None:
    assert resolve("plugged", extra={"plugged": lambda: nine}) is nine


def test_an_unknown_name_gives_near_matches_of_every_kind(nine: Suite) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'plugged'"):
        resolve("pluged", extra={"plugged": lambda: nine})


def test_weights_fit_released_suites_only() -> None:
    with pytest.raises(InputError, match="weights 'raw' exist for released suites only"):
        resolve("core", "raw")


def test_released_without_a_folder_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(InputError, match="mwb suites fetch released"):
        resolve("released")
    with pytest.raises(InputError, match="names no folder"):
        resolve("released:")
