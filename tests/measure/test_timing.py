"""How long a thing grows and how long it shrinks is compared over whole breaths and beats, wherever a clip begins."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from microworldbench.measure import beat, chamber, cluster, sacs
from microworldbench.measure.clip import Clip
from microworldbench.measure.spec import Abstain

CLIP = Clip(np.zeros((81, 64, 64, 3), np.uint8), 16.0)
TIME_S = np.arange(81) / 16


def course(rising: float, start: float, period_s: float = 2.1) -> np.ndarray:
    """0 to 1 and back in half cosines, rising for a part of the period; the clip begins at a part of it."""
    phase = (TIME_S / period_s + start) % 1
    up = 0.5 - 0.5 * np.cos(np.pi * phase / rising)
    down = 0.5 + 0.5 * np.cos(np.pi * (phase - rising) / (1 - rising))
    return np.where(phase < rising, up, down)


@pytest.mark.parametrize("start", [0.0, 0.2, 0.4, 0.6, 0.8, 0.95])
@pytest.mark.parametrize(("rising", "met"), [(1 / 3, True), (2 / 3, False)])
def test_a_breaths_share_of_swelling_is_found_wherever_the_clip_begins(
    rising: float, met: bool, start: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    breathing = SimpleNamespace(time_s=TIME_S, size=100 + 6 * course(rising, start))
    breathing.size /= breathing.size.mean()
    monkeypatch.setattr(cluster, "find", lambda clip: breathing)
    told = sacs.longer_expiration(CLIP, sacs.ExpirationParams())
    assert told.met is met
    assert told.values["share"] == pytest.approx(rising, abs=0.05)


@pytest.mark.parametrize(("until_s", "seen"), [(5.0, True), (1.2, False)])
def test_a_beat_that_freezes_before_it_refills_is_not_timed(
    until_s: float, seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptying = 1 - 0.5 * course(1 / 3, 0.0, 4.5)[np.minimum(np.arange(81), round(16 * until_s))]
    monkeypatch.setattr(chamber, "find", lambda clip: SimpleNamespace(time_s=TIME_S, area=1000 * emptying))
    if seen:
        assert beat.long_contraction(CLIP, beat.LongParams()).met is False
    else:
        with pytest.raises(Abstain, match="both empty and fill"):
            beat.long_contraction(CLIP, beat.LongParams())
