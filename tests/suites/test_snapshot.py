from __future__ import annotations

import hashlib
import json

import pytest

from microworldbench.errors import InputError
from microworldbench.rubric import Suite
from microworldbench.suites.snapshot import load_snapshot, snapshot
from microworldbench.suites.view import View


def stored(suite: Suite, **selection: object) -> dict[str, object]:
    view = View.of(suite, **selection)  # type: ignore[arg-type]
    return json.loads(json.dumps(snapshot(view).model_dump(mode="json", by_alias=True)))


def test_a_snapshot_survives_being_stored(nine: Suite) -> None:
    view = View.of(nine, criteria="measured")
    loaded = load_snapshot(stored(nine, criteria="measured"))
    assert loaded == snapshot(view)
    assert (loaded.view.digest, loaded.view.name) == (view.digest, view.name)
    assert loaded.by_id["organ-1"].criteria[0].digest == nine.by_id["organ-1"].criteria[0].digest


def test_with_a_licence_the_texts_travel_along(nine: Suite) -> None:
    content = json.dumps(stored(nine))
    assert "Prompt of organ-1" in content
    assert "Something moves." in content


def test_without_a_licence_no_text_is_kept(nine: Suite) -> None:
    content = stored(nine.model_copy(update={"license": None}))
    text = json.dumps(content)
    for words in ("Prompt of", "Requirement of", "Title of", "Something moves.", "Mine"):
        assert words not in text
    loaded = load_snapshot(content)
    assert not loaded.has_texts
    assert loaded.tasks[0].prompt_sha256 == hashlib.sha256(nine.tasks[0].prompt.encode()).hexdigest()


def test_the_prompt_digest_follows_the_prompt_field(nine: Suite) -> None:
    loaded = load_snapshot(stored(nine, prompt_field="requirement"))
    requirement = nine.tasks[0].requirement
    assert requirement is not None
    assert loaded.tasks[0].prompt_sha256 == hashlib.sha256(requirement.encode()).hexdigest()


@pytest.mark.parametrize("content", [{}, {"schema": 2}, {"schema": 1, "suite": {}}, {"unknown": 1}])
def test_anything_else_is_refused_by_name(content: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"run/suite\.json is not a suite snapshot"):
        load_snapshot(content, "run/suite.json")
