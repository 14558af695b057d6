"""Which clips a judge is shown."""

from __future__ import annotations

from collections import Counter

import pytest

from microworldbench.certify import Films, compose
from microworldbench.certify.filming import film
from microworldbench.errors import InputError
from microworldbench.simulators import MECHANISMS
from microworldbench.simulators.truth import Truth
from microworldbench.suites.packaged import load_packaged
from microworldbench.video import probe
from microworldbench.violations import VIOLATIONS

CORE = load_packaged("core")


@pytest.mark.parametrize("names", [None, ("vessel", "mitosis", "vesicles"), ("mitosis",)])
def test_the_quick_battery_has_some_sixty_clips_of_fifteen_scenes_at_most(names) -> None:
    chosen = None if names is None else [MECHANISMS[name] for name in names]
    battery = compose("quick", CORE, mechanisms=chosen)
    assert battery.scenes <= 15
    assert 45 <= len(battery.clips) <= 60 or names == ("mitosis",)


def test_it_shows_every_kind_of_control() -> None:
    labels = Counter(clip.recipe.label for clip in compose("quick", CORE).clips)
    wanted = {"faithful", "still_image", "shuffled", "reversed_order", "overlay", "wrong_subject", "blank", "static"}
    assert wanted <= labels.keys()
    assert labels["overlay"] >= 6


@pytest.mark.parametrize("name", ["quick", "full"])
def test_every_recipe_can_be_made_and_no_clip_is_there_twice(name) -> None:
    battery = compose(name, CORE)
    for clip in battery.clips:
        clip.recipe.check()
    assert len({clip.recipe for clip in battery.clips}) == len(battery.clips) == len(battery.by_id)


def test_the_full_battery_breaks_everything_there_is_on_both_sides_of_every_band() -> None:
    battery = compose("full", CORE)
    recipes = [clip.recipe for clip in battery.clips]
    broken = {(r.mechanism, r.broken) for r in recipes if not r.steps and r.broken}
    assert broken == {(m.name, v) for m in MECHANISMS.values() for v in m.violations}
    steps = {(r.steps[-1].violation, r.steps[-1].strength) for r in recipes if r.steps}
    for violation in VIOLATIONS.values():
        assert (violation.name, None) in steps
        if violation.strengths is not None:
            assert (violation.name, violation.strengths.mild) in steps


@pytest.mark.parametrize("name", ["quick", "full"])
def test_a_twin_is_shown_for_the_same_task_and_is_less_broken(name) -> None:
    battery = compose(name, CORE)
    for clip in battery.clips:
        assert (clip.twin is None) == (clip.recipe.label == "faithful")
        if clip.twin is not None:
            twin = battery.by_id[clip.twin].recipe
            assert twin.task_id == clip.recipe.task_id
            assert len(twin.steps) + bool(twin.broken) < len(clip.recipe.steps) + bool(clip.recipe.broken)


def test_a_clips_number_tells_nothing_and_its_task_is_the_core_task() -> None:
    battery = compose("quick", CORE)
    suite = battery.suite(CORE)
    for clip in battery.clips:
        task = suite.by_id[clip.id]
        core = CORE.by_id[clip.recipe.task_id]
        assert task.criteria == core.criteria
        assert clip.id.removeprefix(core.id).lstrip("-").isdecimal()


def test_the_digest_is_of_the_recipes_and_of_the_claims() -> None:
    battery = compose("quick", CORE)
    suite = battery.suite(CORE)
    assert battery.digest(suite) == compose("quick", CORE).digest(suite)
    assert battery.digest(suite) != compose("quick", CORE, width=320).digest(suite)
    task = suite.tasks[0]
    edited = task.model_copy(update={"criteria": task.criteria[:-1]})
    assert battery.digest(suite) != battery.digest(suite.model_copy(update={"tasks": (edited, *suite.tasks[1:])}))


def test_clips_are_filmed_once_and_kept(films: Films, monkeypatch) -> None:
    for clip in films.battery.clips:
        found = probe(films.path(clip))
        assert (found.width, found.height, found.frames) == (64, 64, 81)
    monkeypatch.setattr("microworldbench.certify.filming.film", lambda order: pytest.fail("filmed again"))
    films.make()


def test_what_is_missing_is_filmed_in_this_process_too(tmp_path) -> None:
    battery = compose("quick", CORE, width=64, height=64, mechanisms=[MECHANISMS["vesicles"]])
    films = Films(battery, tmp_path)
    order = films._order([battery.clips[0].recipe])
    film(order)
    assert films.path(battery.clips[0]).is_file()
    assert all(isinstance(t, Truth) for t in films._scene_truth(battery.clips[0].recipe).values())


def test_a_cache_that_cannot_be_written_to_is_the_users_error(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    battery = compose("quick", CORE, width=64, height=64, mechanisms=[MECHANISMS["vesicles"]])
    with pytest.raises(InputError, match="XDG_CACHE_HOME"):
        Films(battery, tmp_path / "file" / "cache").make()


def test_a_suite_without_simulated_tasks_cannot_be_certified_on() -> None:
    other = CORE.model_copy(update={"tasks": tuple(t for t in CORE.tasks if t.id == "bronchodilation")})
    with pytest.raises(InputError, match="no simulated mechanism"):
        compose("quick", other)
