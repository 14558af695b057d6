"""Every check of the kit passes for a good generator and fails for the fault it is there for."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict

from microworldbench.errors import GenerationError, InputError, RunStoppedError, UnknownNameError
from microworldbench.generation.request import GenerationRequest, Made
from microworldbench.hookspecs import GeneratorSpec
from microworldbench.testing import CHECKS, LIVE_CHECKS, check_generator
from microworldbench.testing.conformance import run_check
from microworldbench.testing.subject import Subject


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Generators here litter on purpose: not in the checkout."""
    monkeypatch.chdir(tmp_path)


REFUSED = GenerationRequest(task_id="conformance", prompt="refuse me")


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int = 32


def good(request: GenerationRequest) -> Any:
    if request.prompt == "refuse me":
        raise GenerationError("the model refuses", "moderated")
    fps, duration_s = request.fps or 8.0, request.duration_s or 0.75
    rng = np.random.default_rng([request.seed, *request.prompt.encode()])
    shape = (max(2, round(fps * duration_s)), request.height or 32, request.width or 48, 3)
    return rng.integers(0, 255, shape, np.uint8), fps


def spec(generate: Callable[[GenerationRequest], Any] = good, **changes: Any) -> GeneratorSpec:
    def load(settings: Any) -> Any:
        return generate

    load.__module__ = "microworldbench.builtin"  # importable, light
    parts = {"settings": Settings, "summary": "random pictures", "license": "CC0-1.0", "needs": ("numpy",), **changes}
    return GeneratorSpec(**{"name": "random", "load": load, **parts})


def outcome(check: str, tested: GeneratorSpec, **options: Any) -> tuple[str, str]:
    found = {r.check: r for r in check_generator(tested, live=True, refused=REFUSED, **options).results}[check]
    return found.status, found.detail


def test_a_good_generator_passes_every_check_but_that_of_its_listing() -> None:
    found = check_generator(spec(), live=True, refused=REFUSED)
    assert [r.check for r in found.results] == [*CHECKS, *LIVE_CHECKS]
    # the function stands in for one in builtin.py, which lists other names
    assert [r.check for r in found.failures] == ["listing_is_light"]


def test_without_live_nothing_is_loaded() -> None:
    def load(settings: Any) -> Any:
        raise AssertionError("loaded")

    load.__module__ = "microworldbench.builtin"
    found = check_generator(spec(load=load))
    assert {r.status for r in found.results if r.check in LIVE_CHECKS} == {"skipped"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"summary": ""}, "summary is empty"),
        ({"license": None}, "license is empty"),
        ({"needs": ()}, "needs is empty"),
        ({"name": "My Model"}, "name must be lower case"),
        ({"api": 99}, "api must be"),
        ({"settings": type("Loose", (BaseModel,), {})}, "extra='forbid'"),
    ],
)
def test_an_incomplete_spec_is_told_what_it_lacks(changes: dict[str, Any], words: str) -> None:
    found = {r.check: r for r in check_generator(spec(**changes)).results}["spec_is_complete"]
    assert found.status == "failed"
    assert words in found.detail


def test_a_setting_without_default_fails() -> None:
    class Required(BaseModel):
        model_config = ConfigDict(extra="forbid")
        path: str

    found = {r.check: r for r in check_generator(spec(settings=Required)).results}["settings_have_defaults"]
    assert (found.status, "path" in found.detail) == ("failed", True)


def unseeded(request: GenerationRequest) -> Any:
    return np.random.default_rng().integers(0, 255, (4, 32, 48, 3), np.uint8), 8.0


def deaf_to_seeds(request: GenerationRequest) -> Any:
    return good(request.model_copy(update={"seed": 0}))


def swallowing(request: GenerationRequest) -> Any:
    try:
        time.sleep(0.05)
    except BaseException:  # noqa: BLE001 the fault under test
        return good(request)
    return good(request)


def of_fixed_size(request: GenerationRequest) -> Any:
    return good(request.model_copy(update={"width": 48}))


def ascii_only(request: GenerationRequest) -> Any:
    request.prompt.encode("ascii")
    return good(request)


def short_only(request: GenerationRequest) -> Any:
    if len(request.prompt) > 1000:
        raise IndexError("position embedding out of range")
    return good(request)


def stopping(request: GenerationRequest) -> Any:
    if len(request.prompt) > 1000:
        raise RunStoppedError("too long")
    return good(request)


def raising_on_refusal(request: GenerationRequest) -> Any:
    if request.prompt == "refuse me":
        raise RuntimeError("400 moderation")
    return good(request)


def littering(request: GenerationRequest) -> Any:
    Path("litter.txt").write_text(request.prompt)
    return good(request)


@pytest.mark.parametrize(
    ("check", "generate", "words"),
    [
        ("makes_a_video", lambda r: None, "not a video"),
        ("makes_a_video", lambda r: (np.zeros((4, 32, 48, 3), np.uint8), 8), "produced nothing"),
        ("makes_a_video", lambda r: (good(r)[0][:1], 8), "at least two"),
        ("same_seed_same_video", unseeded, "two different videos"),
        ("another_seed_another_video", deaf_to_seeds, "two seeds gave the same video"),
        ("honours_the_request", of_fixed_size, "asked for width 24 it made 48"),
        ("takes_any_text", ascii_only, "UnicodeEncodeError"),
        ("takes_long_prompts", short_only, "IndexError"),
        ("takes_long_prompts", stopping, "stops the whole run"),
        ("failures_are_generation_errors", raising_on_refusal, "surfaced as RuntimeError"),
        ("can_be_interrupted", swallowing, "swallowed"),
        ("writes_only_in_its_folder", littering, "litter.txt"),
    ],
)
def test_a_fault_fails_its_check(check: str, generate: Callable[[GenerationRequest], Any], words: str) -> None:
    status, detail = outcome(check, spec(generate))
    assert (status, words in detail) == ("failed", True), detail


def test_an_interrupt_that_a_finalizer_lost_is_sent_again(tmp_path: Path) -> None:
    class Slow:
        def __del__(self) -> None:
            time.sleep(0.05)

    calls = 0

    def generate(request: GenerationRequest) -> Any:
        nonlocal calls
        calls += 1
        if calls <= 2:  # the first sets the pace, the second gets the interrupt while its finalizer runs
            Slow()
        else:
            time.sleep(0.05)
        return good(request)

    subject = Subject(spec(generate), {}, None, None, tmp_path)
    assert run_check(LIVE_CHECKS["can_be_interrupted"], subject).status == "passed"
    assert calls > 3  # so one interrupt was lost


def test_a_write_to_an_absolute_path_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))

    def generate(request: GenerationRequest) -> Any:
        (tmp_path / "far.txt").write_text("x")
        return good(request)

    status, detail = outcome("writes_only_in_its_folder", spec(generate))
    assert (status, "far.txt" in detail) == ("failed", True)


def test_declared_changes_are_enough() -> None:
    def generate(request: GenerationRequest) -> Any:
        return Made(of_fixed_size(request), {"width": 48} if request.width not in (None, 48) else {})

    assert outcome("honours_the_request", spec(generate))[0] == "passed"


def test_declining_a_size_in_a_sentence_is_enough() -> None:
    def generate(request: GenerationRequest) -> Any:
        if request.width not in (None, 48):
            raise InputError(f"width must be 48, got {request.width}")
        return good(request)

    assert outcome("honours_the_request", spec(generate))[0] == "passed"


def test_a_generator_that_is_not_deterministic_may_say_so() -> None:
    assert outcome("same_seed_same_video", spec(unseeded, deterministic=False))[0] == "skipped"


def test_an_expected_failure_is_not_counted_but_must_fail() -> None:
    reason = {"same_seed_same_video": "sampled anew each time"}
    assert outcome("same_seed_same_video", spec(unseeded), expected_failures=reason) == (
        "expected",
        "sampled anew each time",
    )
    status, detail = outcome("same_seed_same_video", spec(), expected_failures=reason)
    assert (status, "take it out of the list" in detail) == ("failed", True)


def test_expected_failures_name_real_checks_and_reasons() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'takes_any_text'"):
        check_generator(spec(), expected_failures={"takes_any_txt": "x"})
    with pytest.raises(InputError, match="must say why"):
        check_generator(spec(), expected_failures={"takes_any_text": " "})


def test_failures_are_raised_by_name() -> None:
    with pytest.raises(AssertionError, match=r"(?s)random does not conform:\n.*same_seed_same_video: seed 0 gave two"):
        check_generator(spec(unseeded), live=True).raise_if_failed()


def plugin(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> GeneratorSpec:
    (folder / "strange_plugin.py").write_text(textwrap.dedent(code))
    monkeypatch.syspath_prepend(str(folder))

    def load(settings: Any) -> Any:
        return good

    load.__module__ = "strange_plugin"
    return spec(load=load)


@pytest.mark.parametrize(
    ("check", "code", "words"),
    [
        ("listing_is_light", "import scipy", "listing imports scipy"),
        ("listing_is_light", "def microworldbench_generators(): return []", "not 'random'"),
        ("listing_stays_offline", "import socket\nsocket.getaddrinfo('127.0.0.1', 9)", "touches the network"),
        ("listing_is_light", "raise OSError('no GPU')", "no GPU"),
    ],
    ids=["heavy", "other names", "network", "broken"],
)
def test_what_importing_a_plugin_does_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: str, code: str, words: str
) -> None:
    found = {r.check: r for r in check_generator(plugin(tmp_path, monkeypatch, code)).results}[check]
    assert (found.status, words in found.detail) == ("failed", True), found.detail


def test_the_built_in_simulator_conforms() -> None:
    from microworldbench.builtin import microworldbench_generators

    request = GenerationRequest(task_id="mitosis", prompt="A cell divides.", width=64, height=48, duration_s=0.5)
    refused = request.model_copy(update={"task_id": "nothing-like-this"})
    simulators = [spec for spec in microworldbench_generators() if spec.name.startswith("simulator")]
    assert len(simulators) == 2
    for built_in in simulators:
        found = check_generator(built_in, live=True, request=request, refused=refused)
        assert found.passed, found.lines()


def test_every_built_in_generator_is_described_completely() -> None:
    from microworldbench.builtin import microworldbench_generators

    for built_in in microworldbench_generators():
        found = {r.check: r for r in check_generator(built_in).results}["spec_is_complete"]
        assert found.status == "passed", found.detail


CLASS = """
from test_kit_subject import Settings, good, spec
from microworldbench.testing import GeneratorConformance

class TestGood(GeneratorConformance):
    spec = spec()
    live = True
    expected_failures = {"listing_is_light": "it stands in for another module"}
"""


def test_the_class_runs_each_check_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "test_kit_subject.py").write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "test_it.py").write_text(CLASS)
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    for check in (*CHECKS, *LIVE_CHECKS):
        assert f"test_conforms[{check}]" in done.stdout, done.stdout
    assert done.returncode == 0, done.stdout
    assert "1 xfailed" in done.stdout


def test_the_class_does_not_let_its_checks_be_overridden() -> None:
    from microworldbench.testing import GeneratorConformance

    with pytest.raises(TypeError, match="use expected_failures"):
        type("Cheating", (GeneratorConformance,), {"test_conforms": lambda self: None})
