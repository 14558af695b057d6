from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microworldbench.errors import InputError, UnknownNameError
from microworldbench.rubric import Suite
from microworldbench.suites.view import View


def test_the_whole_suite_is_called_full(nine: Suite) -> None:
    view = View.of(nine)
    assert view.name == "full"
    assert view.tasks == nine.tasks


def test_the_name_says_what_was_selected(nine: Suite) -> None:
    view = View.of(nine, levels=["organ"], criteria="measured", prompt_field="requirement")
    assert view.name == "measured criteria · organ level · 2 of 9 tasks · requirement as prompt"
    assert View.of(nine, levels=["organ", "cellular"]).name == "organ and cellular levels · 6 of 9 tasks"
    assert View.of(nine, weights="raw").name == "raw weights"


def test_the_limit_takes_the_first_ids_after_every_other_filter(nine: Suite) -> None:
    view = View.of(nine, levels=["organ"], without=["organ-1"], limit=1)
    assert [task.id for task in view.tasks] == ["organ-2"]


def test_the_measured_view_drops_unmeasured_criteria_and_tasks(nine: Suite) -> None:
    view = View.of(nine, criteria="measured")
    assert len(view.tasks) == 6
    assert {c.id for task in view.tasks for c in task.criteria} == {"moves"}
    assert all(len(task.criteria) == 2 for task in nine.tasks)


def test_equal_selections_by_different_options_are_equal_views(nine: Suite) -> None:
    by_level = View.of(nine, levels=["organ"])
    by_id = View.of(nine, tasks=["organ-3", "organ-1", "organ-2"])
    assert (by_level.digest, by_level.name, by_level.selection) == (by_id.digest, by_id.name, by_id.selection)


def test_different_selections_have_different_digests(nine: Suite) -> None:
    views = [
        View.of(nine),
        View.of(nine, limit=8),
        View.of(nine, criteria="measured"),
        View.of(nine, prompt_field="requirement"),
        View.of(nine.model_copy(update={"version": "2-A"})),
    ]
    assert len({view.digest for view in views}) == len(views)


@given(st.data())
def test_a_selection_reproduces_its_view(data: st.DataObject) -> None:
    suite = _suite()
    ids = data.draw(st.sets(st.sampled_from(sorted(suite.by_id)), min_size=1))
    criteria = data.draw(st.sampled_from(["all", "measured"]))
    try:
        view = View.of(suite, tasks=ids, criteria=criteria)
    except InputError:
        assert criteria == "measured"
        return
    again = View.of(suite, **view.selection)
    assert (again.digest, again.name, again.tasks) == (view.digest, view.name, view.tasks)


def _suite() -> Suite:
    criterion = {"id": "a", "dimension": "visual_quality", "statement": "x", "weight": 1}
    measured = {**criterion, "id": "b", "measurement": {"name": "m"}}
    tasks = [
        {"id": f"t{i}", "level": "organ", "title": "t", "prompt": "p", "criteria": [criterion, measured][: 1 + i % 2]}
        for i in range(6)
    ]
    return Suite.model_validate({"id": "s", "version": "1-A", "title": "s", "tasks": tasks})


def test_an_unknown_task_gives_near_matches(nine: Suite) -> None:
    with pytest.raises(UnknownNameError, match="unknown task 'organ1'; did you mean 'organ-1'"):
        View.of(nine, tasks=["organ1"])
    with pytest.raises(UnknownNameError, match="unknown task"):
        View.of(nine, without=["nothing"])


def test_an_unknown_level_gives_near_matches(nine: Suite) -> None:
    with pytest.raises(UnknownNameError, match="unknown level 'celular'; did you mean 'cellular'"):
        View.of(nine, levels=["celular"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"levels": ["organ"], "tasks": ["cellular-1"]}, "level organ; 1 named tasks"),
        ({"tasks": []}, "0 named tasks"),
        ({"tasks": ["organ-3"], "criteria": "measured"}, "measured criteria only"),
        ({"limit": 0}, "limit must be at least 1, got 0"),
        ({"criteria": "some"}, "criteria must be 'all' or 'measured', got 'some'"),
        ({"prompt_field": "title"}, "prompt_field must be"),
    ],
)
def test_an_empty_or_malformed_selection_says_why(nine: Suite, options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        View.of(nine, **options)  # type: ignore[arg-type]


def test_a_task_without_a_requirement_cannot_be_prompted_by_it(nine: Suite) -> None:
    task = nine.tasks[0].model_copy(update={"requirement": None})
    suite = nine.model_copy(update={"tasks": (task, *nine.tasks[1:])})
    with pytest.raises(InputError, match=f"1 tasks have no requirement to prompt with \\({task.id}\\)"):
        View.of(suite, prompt_field="requirement")


def test_the_prompt_is_the_chosen_field(nine: Suite) -> None:
    task = nine.tasks[0]
    assert View.of(nine).prompt_of(task) == task.prompt
    assert View.of(nine, prompt_field="requirement").prompt_of(task) == task.requirement
