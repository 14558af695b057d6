"""The core suite keeps what its card promises: form of the tasks, balance of the weights, the topic grid."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from microworldbench.rendering.suite_card import suite_card
from microworldbench.rubric import Criterion, Dimension, Level, Polarity, ReviewStatus, Suite, Task
from microworldbench.suites.folder import load_folder
from microworldbench.suites.packaged import packaged_folder

FOLDER = packaged_folder() / "core"
VOLUME_AND_PAGE = re.compile(r"[./-](?P<volume>\d{1,3})[.-](?:\d{1,4}[.-])?(?P<page>H?[1-9]\d{1,4})$")
TASK_IDS = sorted(path.stem for path in (FOLDER / "tasks").glob("*.yaml"))


@pytest.fixture(scope="module")
def suite() -> Suite:
    return load_folder(FOLDER)


@pytest.fixture(params=TASK_IDS)
def task(request: pytest.FixtureRequest, suite: Suite) -> Task:
    return suite.by_id[request.param]


def of(task: Task, polarity: Polarity, dimension: Dimension | None = None) -> list[Criterion]:
    return [c for c in task.criteria if c.polarity is polarity and dimension in (None, c.dimension)]


def words(text: str) -> int:
    return len(text.split())


def test_every_level_has_at_least_thirty_tasks(suite: Suite) -> None:
    levels = [task.level for task in suite.tasks]
    assert min(levels.count(level) for level in Level) >= 30


def test_a_prompt_has_40_to_110_words(task: Task) -> None:
    assert 40 <= words(task.prompt) <= 110


def test_a_statement_has_12_to_45_words(task: Task) -> None:
    assert [(c.id, words(c.statement)) for c in task.criteria if not 12 <= words(c.statement) <= 45] == []


def test_a_statement_claims_and_does_not_ask(task: Task) -> None:
    assert [c.id for c in task.criteria if re.search(r"\bwhether\b|\?", c.statement, re.IGNORECASE)] == []


def test_a_penalty_describes_a_fault_and_not_its_absence(task: Task) -> None:
    virtues = re.compile(r"\b(avoids?|refrains?|correctly|accurately|properly)\b", re.IGNORECASE)
    assert [c.id for c in of(task, Polarity.PENALTY) if virtues.search(c.statement)] == []


def test_a_task_has_11_to_16_criteria_and_2_to_4_penalties(task: Task) -> None:
    assert 11 <= len(task.criteria) <= 16
    assert 2 <= len(of(task, Polarity.PENALTY)) <= 4


@pytest.mark.parametrize(
    ("dimension", "least", "most"),
    [
        (Dimension.SCIENTIFIC_FIDELITY, 5, 7),
        (Dimension.VISUAL_QUALITY, 2, 3),
        (Dimension.INSTRUCTION_FOLLOWING, 2, 3),
    ],
)
def test_every_dimension_has_its_number_of_rewards(task: Task, dimension: Dimension, least: int, most: int) -> None:
    assert least <= len(of(task, Polarity.REWARD, dimension)) <= most


def test_weights_are_tiers(task: Task) -> None:
    assert {c.weight for c in task.criteria} <= {1.0, 0.5, 0.2}


def test_penalties_carry_at_least_30_percent_of_the_reward_weight(task: Task) -> None:
    reward, penalty = (sum(c.weight for c in of(task, p)) for p in (Polarity.REWARD, Polarity.PENALTY))
    assert penalty >= 0.3 * reward


def test_penalties_do_not_all_stand_last(task: Task) -> None:
    first = [c.polarity for c in task.criteria].index(Polarity.PENALTY)
    assert any(c.polarity is Polarity.REWARD for c in task.criteria[first:])


def test_a_task_names_two_sources_with_their_facts(task: Task) -> None:
    assert len({source.reference for source in task.sources}) >= 2


def test_a_doi_that_tells_volume_and_page_tells_those_of_its_reference(suite: Suite) -> None:
    """Without a network this is what can be known of an address; `make links` asks whether it answers."""
    sources = [source for task in suite.tasks for source in task.sources if source.url]
    found = [(told, source.reference) for source in sources if (told := VOLUME_AND_PAGE.search(source.url or ""))]
    assert len(found) >= 12
    assert [
        (told[0], reference) for told, reference in found if f" {told['volume']}: {told['page']}" not in reference
    ] == []


def test_no_two_criteria_of_the_suite_say_the_same(suite: Suite) -> None:
    said = [(task.id, c.id, frozenset(re.findall(r"[a-z]{3,}", c.statement.lower()))) for task in suite.tasks
            for c in task.criteria]  # fmt: skip
    alike = [(a[:2], b[:2]) for i, a in enumerate(said) for b in said[:i] if len(a[2] & b[2]) > 0.5 * len(a[2] | b[2])]
    assert alike == []


def placed(suite: Suite) -> dict[str, tuple[str, str, str]]:
    """Level, row and mechanism of every task that the card's topic grid shows."""
    header: list[str] = []
    found = {}
    for line in (packaged_folder() / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if cells[0] in set(Level):
            header = cells
        elif header and len(cells) == len(header):
            places = {c: (header[0], cells[0], header[i].replace(" ", "-")) for i, c in enumerate(cells)}
            found |= {task: place for task, place in places.items() if task in suite.by_id}
    return found


def test_the_card_places_every_task_under_its_level_and_mechanism(suite: Suite) -> None:
    places = {task: (level, mechanism) for task, (level, _, mechanism) in placed(suite).items()}
    assert places == {task.id: (task.level.value, task.tags[0]) for task in suite.tasks}


def test_every_topic_and_every_mechanism_of_a_level_has_three_tasks(suite: Suite) -> None:
    places = list(placed(suite).values())
    counts = Counter((level, row) for level, row, _ in places) + Counter((level, kind) for level, _, kind in places)
    assert {place: count for place, count in counts.items() if count < 3} == {}


def test_the_figures_of_the_card_are_those_of_the_suite(suite: Suite) -> None:
    card = (packaged_folder() / "README.md").read_text(encoding="utf-8")
    figures = f"<!-- figures:begin -->\n{suite_card(suite)}\n<!-- figures:end -->"
    assert figures in card, "the figures in rubrics/README.md are stale: run 'make card'"


def test_the_card_admits_that_tasks_are_only_drafted(suite: Suite) -> None:
    card = (packaged_folder() / "README.md").read_text(encoding="utf-8")
    drafted = any(task.review.status is ReviewStatus.DRAFTED for task in suite.tasks)
    assert ("not yet reviewed by experts" in card) == drafted


def test_the_change_log_has_an_entry_for_the_version(suite: Suite) -> None:
    log = (FOLDER / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(suite.version)}\b", log, re.MULTILINE)
