"""What the judge says of colonies, against their truth.

Thresholds were set on seeds below 10; the seeds here and the violations ``scattering`` and ``unequal_division`` were
held out.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from microworldbench.simulators.bacteria import MECHANISM

Compared = Callable[..., tuple[dict[str, str], float]]


@pytest.mark.parametrize("seed", [30, 31])
def test_faithful_colonies_are_judged_right_and_in_nearly_everything(seed: int, compared: Compared) -> None:
    wrong, answered = compared("bacteria", seed)
    assert wrong == {}
    assert answered >= 0.85


@pytest.mark.parametrize("violation", [MECHANISM.default_violation, "scattering"])
def test_broken_colonies_are_judged_right(violation: str, compared: Compared) -> None:
    wrong, answered = compared("bacteria", 32, violation)
    assert wrong == {}
    assert answered >= 0.7


@pytest.mark.slow
@pytest.mark.parametrize("violation", sorted(set(MECHANISM.violations) - {MECHANISM.default_violation, "scattering"}))
def test_colonies_broken_in_other_ways_are_judged_right(violation: str, compared: Compared) -> None:
    wrong, answered = compared("bacteria", 33, violation)
    assert wrong == {}
    assert answered >= 0.7
