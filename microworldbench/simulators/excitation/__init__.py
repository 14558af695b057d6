"""Waves of excitation start at two electrodes on a sheet of heart muscle, meet and annihilate."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="excitation",
    level=Level.ORGAN,
    task_id="cardiac-excitation",
    summary="Waves of excitation start at two electrodes on a sheet of heart muscle, meet and annihilate.",
    module=__name__,
    violations={
        "passing_waves": "the waves run on through each other to the opposite sides",
        "one_wave": "only the left electrode starts a wave",
        "reversed_time": "waves close in on the electrodes instead of leaving them",
        "flash": "the whole sheet lights up at once",
        "blocked_waves": "the waves stop before they meet and leave the middle dark",
        "single_round": "the electrodes fire once only",
        "dead_half": "the right half of the sheet conducts nothing and glows at its electrode only",
        "no_recovery": "muscle that was excited glows on and never recovers",
        "spiral": "one wave turns round and round instead of two that meet",
        "uneven_waves": "the left wave crawls at some 40 % of the speed of the right one",
    },
    default_violation="passing_waves",
)
