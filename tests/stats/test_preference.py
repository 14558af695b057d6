"""Strengths from pairwise wins."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from microworldbench.errors import InputError
from microworldbench.stats import preference

CITATIONS = [[None, 730, 498, 221], [33, None, 68, 17], [320, 813, None, 142], [284, 276, 325, None]]
BASEBALL = (
    "- 43 42 43 61 42 60/33 - 42 43 60 61 43/25 43 - 24 43 42 60/33 51 25 - 43 42 61/51 25 33 42 - 52 60/"
    "25 33 34 43 42 - 24/25 15 16 24 16 34 -"
)


def home_and_away() -> tuple[np.ndarray, np.ndarray]:
    cells = [row.split() for row in BASEBALL.split("/")]
    home = np.array([[0 if c == "-" else int(c[0]) for c in row] for row in cells])
    away = np.array([[0 if c == "-" else int(c[1]) for c in row] for row in cells])
    return home, away


def voted(seed: int = 0, items: int = 5, tasks: int = 40, spread: float = 1.0) -> np.ndarray:
    """Wins by task, tasks × items × items."""
    rng = np.random.default_rng(seed)
    strength = spread * np.linspace(0, 1, items)
    chance = 1 / (1 + np.exp(-(strength[:, None] - strength[None, :])))
    first = np.triu(rng.random((tasks, items, items)) < chance, 1)
    second = np.triu(~first, 1).transpose(0, 2, 1)
    return (first + second).astype(float)


def test_citations_among_journals() -> None:
    found = preference.bradley_terry(CITATIONS)
    assert found.log_strength == pytest.approx((0, -2.94907, -0.47957, 0.26895), abs=5e-6)
    assert found.se == pytest.approx((0, 0.10255, 0.06059, 0.07083), abs=5e-6)
    assert found.n == 3727


def test_baseball_with_and_without_the_home_advantage() -> None:
    home, away = home_and_away()
    assert home.sum() + away.sum() == 273
    plain = preference.bradley_terry(home + away.T).log_strength
    assert plain is not None
    assert [x - plain[6] for x in plain] == pytest.approx([1.58, 1.44, 1.29, 1.25, 1.11, 0.68, 0], abs=0.005)
    found = preference.side_effect(home, away)
    assert found.side is not None
    assert found.side.value == pytest.approx(0.302, abs=5e-4)
    worth = np.exp(found.log_strength)
    expected = [0.220, 0.190, 0.164, 0.157, 0.137, 0.088, 0.044]
    assert worth / worth.sum() == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("ties", [[[0, 20], [20, 0]], [[0, 20], [0, 0]]])
def test_two_items_with_ties_have_a_closed_form(ties: Any) -> None:
    found = preference.davidson([[0, 30], [10, 0]], ties)
    assert found.log_strength == pytest.approx((0, -np.log(3)))
    assert found.nu == pytest.approx(20 / np.sqrt(300))
    assert found.n == 60


def test_ties_as_half_wins_are_another_scale() -> None:
    found = preference.bradley_terry([[0, 40], [20, 0]])
    assert found.log_strength == pytest.approx((0, -np.log(2)))


def test_davidson_without_ties_is_bradley_terry() -> None:
    wins = voted().sum(axis=0)
    plain, tied = preference.bradley_terry(wins), preference.davidson(wins, np.zeros_like(wins))
    assert tied.log_strength == pytest.approx(plain.log_strength)
    assert tied.nu == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_choix_and_evalica_agree(seed: int) -> None:
    choix, evalica = pytest.importorskip("choix"), pytest.importorskip("evalica")
    wins = voted(seed).sum(axis=0)
    found = preference.bradley_terry(wins).log_strength
    assert found is not None
    data = [(i, j) for i in range(5) for j in range(5) for _ in range(int(wins[i, j]))]
    expected = choix.opt_pairwise(5, data)
    assert found == pytest.approx(expected - expected[0], abs=1e-5)
    first, second = zip(*data, strict=True)
    scores = np.log(
        evalica.bradley_terry(first, second, [evalica.Winner.X] * len(data), tolerance=1e-12, limit=10_000)
        .scores.sort_index()
        .to_numpy()
    )
    assert found == pytest.approx(scores - scores[0], abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_evalicas_newman_agrees_on_ties(seed: int) -> None:
    """Newman's (2023) model is Davidson's with ν = 2 v."""
    evalica = pytest.importorskip("evalica")
    rng = np.random.default_rng(seed)
    wins = voted(seed).sum(axis=0)
    ties = np.triu(rng.integers(3, 12, (5, 5)), 1)
    data = [(i, j, evalica.Winner.X) for i in range(5) for j in range(5) for _ in range(int(wins[i, j]))]
    data += [(i, j, evalica.Winner.Draw) for i in range(5) for j in range(5) for _ in range(int(ties[i, j]))]
    first, second, winners = zip(*data, strict=True)
    expected = evalica.newman(first, second, winners, tolerance=1e-12, limit=100_000)
    scores = np.log(expected.scores.sort_index().to_numpy())
    found = preference.davidson(wins, ties + ties.T)
    assert found.log_strength == pytest.approx(scores - scores[0], abs=1e-4)
    assert found.nu == pytest.approx(2 * expected.v, rel=1e-4)


def test_a_logistic_regression_agrees_on_the_side_effect() -> None:
    api = pytest.importorskip("statsmodels.api")
    home, away = home_and_away()
    rows, outcomes = [], []
    for i in range(7):
        for j in range(7):
            row = np.zeros(8)
            row[i], row[j], row[7] = 1, -1, 1
            rows += [row[1:]] * int(home[i, j] + away[i, j]) if i != j else []
            outcomes += [1] * int(home[i, j]) + [0] * int(away[i, j])
    fit = api.Logit(outcomes, np.array(rows)).fit(disp=0)
    found = preference.side_effect(home, away)
    assert found.log_strength is not None
    assert found.se is not None
    assert found.side is not None
    assert (*found.log_strength[1:], found.side.value) == pytest.approx(fit.params, abs=1e-6)
    assert (*found.se[1:], found.side.se) == pytest.approx(fit.bse, abs=1e-6)


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_order_of_items_shifts_all_strengths_alike(seed: int) -> None:
    wins = voted(seed % 1000).sum(axis=0)
    order = np.random.default_rng(seed).permutation(5)
    one = preference.bradley_terry(wins).log_strength
    other = preference.bradley_terry(wins[np.ix_(order, order)]).log_strength
    assert one is not None
    assert other is not None
    back = np.empty(5)
    back[order] = other
    assert back - back[0] == pytest.approx(one, abs=1e-8)


@given(st.integers(0, 10**6))
@settings(max_examples=60)
def test_a_fit_exists_exactly_where_wins_connect_everyone_both_ways(seed: int) -> None:
    """Ford (1957)."""
    from scipy.sparse.csgraph import connected_components

    rng = np.random.default_rng(seed)
    wins = np.where(rng.random((4, 4)) < 0.4, rng.integers(1, 6, (4, 4)), 0)
    np.fill_diagonal(wins, 0)
    parts, _ = connected_components(wins, connection="strong")
    found = preference.bradley_terry(wins)
    assert (found.log_strength is not None) == (parts == 1)
    if parts > 1:
        whole, _ = connected_components(wins, connection="weak")
        assert found.reason == ("too_few" if not wins.any() else "disconnected" if whole > 1 else "separated")


def test_an_undefeated_item_is_separated_and_a_ridge_says_that_it_is_one() -> None:
    wins = [[0, 9, 8], [0, 0, 5], [0, 4, 0]]
    found = preference.bradley_terry(wins)
    assert (found.log_strength, found.reason, found.n) == (None, "separated", 26)
    shrunk = preference.bradley_terry(wins, ridge=0.5)
    assert shrunk.reason is None
    assert shrunk.ridge == 0.5
    assert shrunk.log_strength is not None
    assert max(shrunk.log_strength) == 0


def test_a_ridge_does_not_depend_on_which_item_comes_first() -> None:
    wins = np.array([[0, 9, 8], [0, 0, 5], [0, 4, 0]])
    one = np.array(preference.bradley_terry(wins, ridge=0.5).log_strength)
    other = np.array(preference.bradley_terry(wins[::-1, ::-1], ridge=0.5).log_strength)[::-1]
    assert one - one.mean() == pytest.approx(other - other.mean())


def test_items_never_compared_are_disconnected() -> None:
    wins = [[0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 3], [0, 0, 1, 0]]
    assert preference.bradley_terry(wins).reason == "disconnected"


def test_no_votes_are_too_few_and_only_ties_no_variation() -> None:
    assert preference.bradley_terry(np.zeros((3, 3))).reason == "too_few"
    assert preference.davidson(np.zeros((2, 2)), [[0, 5], [5, 0]]).reason == "no_variation"


def test_ties_do_not_rescue_an_item_that_never_lost() -> None:
    """With ν growing as fast as the strength, a tie stays possible and the likelihood keeps rising."""
    assert preference.davidson([[0, 30], [0, 0]], [[0, 20], [20, 0]]).reason == "separated"


def test_every_first_shown_winning_is_separated() -> None:
    first = [[0, 4, 4], [4, 0, 4], [4, 4, 0]]
    assert preference.side_effect(first, np.zeros((3, 3))).reason == "separated"


def test_the_side_effect_with_ties_is_found_again() -> None:
    rng = np.random.default_rng(0)
    strength, side, eta = np.array([0, 0.5, 1.0]), 0.4, -0.5
    first, second, tied = np.zeros((3, 3, 3))
    for i in range(3):
        for j in range(3):
            if i != j:
                lead = (strength[i] - strength[j] + side) / 2
                weight = np.exp([lead, -lead, eta])
                first[i, j], second[i, j], tied[i, j] = rng.multinomial(20_000, weight / weight.sum())
    found = preference.side_effect(first, second, tied)
    assert found.log_strength == pytest.approx(strength, abs=0.03)
    assert found.side is not None
    assert found.side.value == pytest.approx(side, abs=0.03)
    assert found.nu == pytest.approx(np.exp(eta), abs=0.02)


def test_copied_votes_do_not_shrink_the_error_by_task() -> None:
    by_task = voted(tasks=60)
    single = preference.bradley_terry(by_task, resamples=400)
    copied = preference.bradley_terry(by_task * 9, resamples=400)
    assert copied.se == pytest.approx(single.se)
    naive = preference.bradley_terry(by_task.sum(axis=0) * 9)
    assert naive.se is not None
    assert single.se is not None
    assert naive.se[1] < single.se[1] / 2.5


def test_resampled_fits_are_the_fits_of_the_resampled_votes() -> None:
    from microworldbench.stats.resampling import resampling_counts

    by_task = voted(tasks=40)
    found = preference.bradley_terry(by_task, resamples=20, seed=3)
    assert found.resamples is not None
    for counts, drawn in zip(resampling_counts(40, 20, 3), found.resamples, strict=True):
        again = preference.bradley_terry(np.tensordot(counts, by_task, axes=1)).log_strength
        assert drawn == pytest.approx(again, abs=1e-6)


def test_resamples_that_separate_withhold_the_interval() -> None:
    """One loss in 40 tasks is missing from a third of the resamples."""
    by_task = np.zeros((40, 2, 2))
    by_task[:, 0, 1] = 1
    by_task[0] = [[0, 0], [1, 0]]
    found = preference.bradley_terry(by_task, resamples=500)
    assert found.log_strength == pytest.approx((0, -np.log(39)))
    assert found.share_undefined == pytest.approx(0.36, abs=0.08)
    assert found.interval == ((0.0, 0.0), None)


@pytest.mark.parametrize(
    ("wins", "message"),
    [
        ([[0, 1]], "items × items"),
        ([[0]], "at least two items"),
        ([[3, 1], [1, 0]], "diagonal"),
        ([[0, -1], [1, 0]], "negative"),
        ([[0, None], [1, 0]], "missing"),
        ([["a", 1], [1, 0]], "square table"),
    ],
)
def test_what_is_not_a_table_of_wins_is_refused(wins: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        preference.bradley_terry(wins)


def test_asymmetric_ties_and_a_negative_ridge_are_refused() -> None:
    with pytest.raises(InputError, match="symmetric"):
        preference.davidson(np.ones((2, 2)) - np.eye(2), [[0, 2], [3, 0]])
    with pytest.raises(InputError, match="ridge"):
        preference.bradley_terry(CITATIONS, ridge=-1)


def test_votes_are_sorted_into_tables() -> None:
    votes = [("t1", "b", "a", 1), ("t1", "a", "b", 0.5), ("t2", "a", "c", 0), ("t2", "b", "a", 1)]
    tally = preference.tally_votes(votes)
    assert (tally.items, tally.tasks) == (("a", "b", "c"), ("t1", "t2"))
    assert tally.wins.sum(axis=0).tolist() == [[0, 0, 0], [2, 0, 0], [1, 0, 0]]
    assert tally.ties.sum(axis=0).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert tally.first_won[0].tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]
    for bad, message in (
        (("t", "a", "a", 1), "itself"),
        (("t", "a", "b", 2), "1, 0 or 0.5"),
    ):
        with pytest.raises(InputError, match=message):
            preference.tally_votes([bad])
    with pytest.raises(InputError, match="unknown item 'c'"):
        preference.tally_votes(votes, ["a", "b"])


def test_circles_of_preference_are_counted() -> None:
    assert preference.intransitive_triads([[0, 2, 0], [0, 0, 2], [2, 0, 0]]) == (1, 1)
    assert preference.intransitive_triads([[0, 2, 2], [0, 0, 2], [0, 0, 0]]) == (0, 1)


def test_vote_shares_add_up_and_cluster_by_task() -> None:
    rng = np.random.default_rng(0)
    outcome = rng.choice(3, 50, p=[0.5, 0.2, 0.3])
    wins, ties = np.zeros((50, 2, 2)), np.zeros((50, 2, 2))
    wins[:, 0, 1], wins[:, 1, 0] = 3 * (outcome == 0), 3 * (outcome == 2)
    ties[:, 0, 1] = ties[:, 1, 0] = 3 * (outcome == 1)
    by_task = preference.vote_shares(wins, ties)
    pooled = preference.vote_shares(wins.sum(axis=0), ties.sum(axis=0))
    for name in ("win", "tie", "loss", "net"):
        assert getattr(by_task, name).value == pytest.approx(getattr(pooled, name).value)
        assert getattr(by_task, name).n == 150
    assert by_task.win.value + by_task.tie.value + by_task.loss.value == pytest.approx(1)  # type: ignore[operator]
    assert by_task.win.se == pytest.approx((outcome == 0).std(ddof=1) / np.sqrt(50))
    assert by_task.win.se == pytest.approx(pooled.win.se * np.sqrt(3), rel=0.02)  # type: ignore[operator]
    mirrored = preference.vote_shares(wins, ties, 1, 0)
    assert mirrored.net.value == pytest.approx(-by_task.net.value)  # type: ignore[operator]
    assert preference.vote_shares(np.zeros((2, 2))).win.reason == "too_few"
    with pytest.raises(InputError, match="two of the 2 items"):
        preference.vote_shares(wins, ties, 0, 2)


@given(st.integers(0, 10**6))
@settings(max_examples=40)
def test_extreme_counts_still_settle_where_wins_expected_equal_wins_seen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wins = np.round(10 ** rng.uniform(0, 5, (5, 5))) * (rng.random((5, 5)) < 0.7)
    np.fill_diagonal(wins, 0)
    found = preference.bradley_terry(wins)
    if found.log_strength is None:
        assert found.reason in ("separated", "disconnected")
        return
    lead = np.subtract.outer(found.log_strength, found.log_strength)
    expected = ((wins + wins.T) / (1 + np.exp(-lead))).sum(axis=1)
    assert expected == pytest.approx(wins.sum(axis=1), rel=1e-6, abs=1e-4)


@pytest.mark.parametrize(("win", "tie", "loss"), [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_shares_of_votes_that_are_all_alike_are_bounded_by_the_number_of_tasks(win: int, tie: int, loss: int) -> None:
    """Resampling cannot move such a share; each of 40 tasks counts once, however many votes it has."""
    wins, ties = np.zeros((40, 2, 2)), np.zeros((40, 2, 2))
    wins[:, 0, 1], wins[:, 1, 0] = 3 * win, 3 * loss
    ties[:, 0, 1] = ties[:, 1, 0] = 3 * tie
    found = preference.vote_shares(wins, ties)
    low = stats.binomtest(40, 40).proportion_ci(method="wilson").low
    for share, value in ((found.win, win), (found.tie, tie), (found.loss, loss)):
        assert (share.value, share.n) == (value, 120)
        assert share.interval == pytest.approx((low, 1.0) if value else (0.0, 1 - low))
    middle = win - loss
    assert found.net.interval == pytest.approx(
        (max(-1, middle - 2 * (1 - low)), min(1, middle + 2 * (1 - low))) if middle else (low - 1, 1 - low)
    )
    assert preference.vote_shares(wins[:4], ties[:4]).win.interval is None
