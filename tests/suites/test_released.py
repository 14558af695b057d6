from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from microworldbench.errors import InputError, SuiteError
from microworldbench.rubric import Dimension, Polarity
from microworldbench.suites.released import load_released

RAW, TIERED, TASKS = "MWBenchRubrics.json", "MWBenchRubrics_norm.json", "finaltasks.json"
Edit = Callable[[str, Callable[[Any], Any]], Path]


def test_tasks_get_three_digit_ids_and_levels_of_the_task_file(released_form: Path) -> None:
    suite = load_released(released_form).suite
    levels = [(task.id, task.level.value) for task in suite.tasks]
    assert levels == [("mwb-001", "organ"), ("mwb-002", "cellular"), ("mwb-003", "subcellular"), ("mwb-004", "organ")]
    assert (suite.id, suite.version, suite.license) == ("released", "1-A", None)
    assert suite.tasks[1].title == "Released task 2"


def test_a_dimension_numbered_eleven_to_fifty_five_is_read_by_position(released_form: Path) -> None:
    loaded = load_released(released_form)
    task = loaded.suite.by_id["mwb-002"]
    ids = [c.id for c in task.criteria if c.dimension is Dimension.INSTRUCTION_FOLLOWING]
    assert ids == ["instruction-1", "instruction-2", "instruction-3", "instruction-5"]
    assert "misnumbered-instruction-following" in task.tags
    assert [e.criterion for e in loaded.report.entries if e.code == "misnumbered"] == [
        f"instruction-{i}" for i in range(1, 6)
    ]


def test_zero_weights_are_left_out_and_listed(released_form: Path) -> None:
    loaded = load_released(released_form)
    listed = {(e.task, e.criterion) for e in loaded.report.entries if e.code == "zero-weight"}
    assert ("mwb-001", "visual-4") in listed
    assert "visual-4" not in {c.id for c in loaded.suite.tasks[0].criteria}
    assert len(listed) == 6


def test_weights_written_as_text_are_read_and_listed(released_form: Path) -> None:
    loaded = load_released(released_form)
    listed = {e.task: e.detail for e in loaded.report.entries if e.code == "string-weight"}
    assert "'1.'" in listed["mwb-002"]
    assert loaded.suite.by_id["mwb-002"].criteria[0].weight == 1.0


def test_raw_weights_are_divided_by_the_largest(released_form: Path) -> None:
    loaded = load_released(released_form, "raw")
    weights = {c.id: c.weight for c in loaded.suite.by_id["mwb-003"].criteria}
    assert weights["scientific-1"] == 1.0
    assert weights["scientific-5"] == pytest.approx(2 / 3)
    assert "zero-weight" not in loaded.report.counts()


def test_the_two_weight_sets_have_different_digests(released_form: Path) -> None:
    assert load_released(released_form).suite.digest != load_released(released_form, "raw").suite.digest


def test_a_dimension_of_four_is_kept_and_listed(released_form: Path) -> None:
    (entry,) = [e for e in load_released(released_form).report.entries if e.code == "criteria-count"]
    assert (entry.task, entry.dimension) == ("mwb-003", Dimension.VISUAL_QUALITY)


def test_the_channel_of_a_task_is_a_tag_only_where_the_source_names_one(released_form: Path) -> None:
    tags = {task.id: task.tags for task in load_released(released_form).suite.tasks}
    assert "channel-examplechannel" in tags["mwb-001"]
    assert tags["mwb-004"] == ()


def test_a_task_whose_every_weight_is_zero_is_left_out_and_listed(edited: Edit) -> None:
    def silence(tasks: list[Any]) -> None:
        for rows in tasks[0].values():
            if isinstance(rows, dict):
                rows.update({key: 0.0 for key in rows if key.startswith("w")})

    loaded = load_released(edited(TIERED, silence))
    assert "mwb-001" not in loaded.suite.by_id
    assert loaded.report.counts()["task-dropped"] == 1


def set_in(*path: Any, to: Any) -> Callable[[Any], None]:
    def change(content: Any) -> None:
        for step in path[:-1]:
            content = content[step]
        content[path[-1]] = to

    return change


SCI = "rubrics_scientific"


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (TASKS, lambda tasks: tasks[:-1], "has no task 4, which MWBenchRubrics.json has"),
        (RAW, lambda tasks: tasks[1:], "has no task 1, which MWBenchRubrics_norm.json has"),
        (RAW, lambda tasks: [*tasks, tasks[0]], "task 1 is given twice"),
        (RAW, set_in(0, "index", to="1"), r"must be a task with an index from 1, got '1'"),
        (RAW, set_in(0, "index", to=True), "must be a task with an index"),
        (RAW, lambda tasks: {"tasks": tasks}, "must hold a list of tasks, got a mapping"),
        (RAW, lambda tasks: [], "must hold a list of tasks"),
        (TIERED, set_in(0, SCI, "d1", to="other words"), "text differs from MWBenchRubrics.json"),
        (TIERED, set_in(0, SCI, "s1", to="-1"), "sign differs from MWBenchRubrics.json"),
        (TIERED, set_in(0, "任务", to="other words"), "task 1: its text differs"),
        (TASKS, set_in(0, "任务", to="other words"), "task 1: its text differs"),
        (TIERED, set_in(0, SCI, "w1", to="much"), "task 1 rubrics_scientific w1 must be a weight from 0, got 'much'"),
        (TIERED, set_in(0, SCI, "w1", to=-1), "must be a weight from 0, got -1"),
        (TIERED, set_in(0, SCI, "w1", to=None), "must be a weight from 0, got null"),
        (TIERED, set_in(0, SCI, "w1", to=True), "must be a weight from 0, got true"),
        (TIERED, set_in(0, SCI, "w1", to=2.0), "tiered weights must be at most 1, got 2"),
        (TIERED, set_in(0, SCI, "s1", to="plus"), r"must be '\+1' or '-1', got 'plus'"),
        (TIERED, lambda tasks: tasks[0][SCI].pop("w3") and None, "lacks w3"),
        (TIERED, set_in(0, SCI, "x1", to=1), "has an unknown key 'x1'"),
        (TIERED, set_in(0, SCI, to=[]), "must be an object of criteria"),
        (TASKS, set_in(0, "final_label", to="Tissue-level"), "final_label must be Organ-level"),
        (TASKS, set_in(0, "final_label", to=None), "got null"),
        (RAW, set_in(0, "task", to=""), "task 1 task must be text, got ''"),
    ],
)
def test_a_malformed_file_is_named(edited: Edit, file: str, change: Callable[[Any], Any], said: str) -> None:
    with pytest.raises(SuiteError, match=said) as caught:
        load_released(edited(file, change))
    assert ".json" in str(caught.value) or "at most 1" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"index": 1, "task"', "the file may be truncated"),
        ('[{"index": NaN}]', "holds NaN"),
        ('[{"index": -Infinity}]', "holds -Infinity"),
        ('[{"index": 1, "index": 2}]', "key 'index' is given twice"),
        ("[" * 200_000, "nested too deep"),
    ],
    ids=["truncated", "nan", "infinity", "twice", "deep"],
)
def test_broken_json_is_named(released_form: Path, tmp_path: Path, content: str, said: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(released_form, copy)
    (copy / TIERED).write_text(content)
    with pytest.raises(SuiteError, match=said):
        load_released(copy)


@pytest.mark.parametrize("name", [RAW, TIERED, TASKS])
def test_a_missing_file_is_named(released_form: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(released_form, copy)
    (copy / name).unlink()
    with pytest.raises(SuiteError, match=f"{name}: no such file"):
        load_released(copy)


def test_a_file_instead_of_the_folder_says_what_is_wanted(released_form: Path) -> None:
    with pytest.raises(SuiteError, match="give the folder that holds it"):
        load_released(released_form / RAW)


def test_an_unknown_weight_set_is_refused(released_form: Path) -> None:
    with pytest.raises(InputError, match="'tiered' or 'raw', got 'middle'"):
        load_released(released_form, "middle")  # type: ignore[arg-type]


def test_the_published_files_have_the_known_counts(published: Path) -> None:
    loaded = load_released(published)
    criteria = [c for task in loaded.source for c in task.criteria]
    assert (len(loaded.suite.tasks), len(criteria)) == (459, 6884)
    levels = Counter(task.level.value for task in loaded.suite.tasks)
    assert levels == {"cellular": 238, "organ": 189, "subcellular": 32}
    assert loaded.report.counts() == {
        "criteria-count": 1,
        "misnumbered": 275,
        "string-weight": 556,
        "zero-weight": 884,
    }
    penalties = Counter(c.dimension.value for c in criteria if c.polarity is Polarity.PENALTY)
    assert penalties == {"scientific_fidelity": 198, "visual_quality": 129, "instruction_following": 268}
    tags = Counter(tag for task in loaded.suite.tasks for tag in task.tags if tag.startswith("misnumbered"))
    assert sorted(tags.values()) == [1, 4, 50]
    assert (loaded.suite.tasks[0].id, loaded.suite.tasks[-1].id) == ("mwb-001", "mwb-459")


def test_the_published_raw_weights_keep_every_criterion(published: Path) -> None:
    loaded = load_released(published, "raw")
    weights = Counter(round(c.weight * 3, 6) for task in loaded.suite.tasks for c in task.criteria)
    assert weights == {0.5: 884, 0.7: 2681, 1.0: 2493, 1.5: 160, 2.0: 651, 3.0: 15}


def test_the_report_is_plain_json(released_form: Path) -> None:
    stored = json.loads(load_released(released_form).report.model_dump_json())
    assert set(stored["entries"][0]) == {"code", "task", "criterion", "dimension", "detail"}
