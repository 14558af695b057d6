"""A left ventricle in lengthwise section beats, fills and ejects through its two valves."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="cardiac",
    level=Level.ORGAN,
    task_id="cardiac-cycle",
    summary="A left ventricle in lengthwise section beats, fills and ejects through its two valves.",
    module=__name__,
    violations={
        "both_valves_open": "both valves stand open all the time and blood leaves both ways",
        "long_contraction": "the ventricle contracts for three quarters of the beat",
        "reversed_time": "blood enters from the aorta and leaves into the atrium",
        "thinning_wall": "the muscle gets thinner while the cavity shrinks",
        "shut_valves": "the leaflets never move, and blood passes through them as if they were not there",
        "feeble_beat": "the cavity hardly changes its size",
        "collapsing_chamber": "the cavity empties until hardly anything is left of it",
        "racing_heart": "the heart beats three times in the time of one beat",
        "lifting_apex": "the apex is pulled up to a base that stands still",
    },
    default_violation="reversed_time",
)
