"""A synaptic vesicle fuses with the membrane and lets go of its transmitter."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="exocytosis",
    level=Level.SUBCELLULAR,
    task_id="synaptic-vesicle-fusion",
    summary="Calcium enters; a docked vesicle opens a pore, empties into the cleft and flattens into the membrane.",
    module=__name__,
    violations={
        "leak": "transmitter seeps out of a vesicle that stays closed",
        "burst": "the vesicle pops and its membrane is gone",
        "whole_crosses": "the whole vesicle slips through the membrane and across the cleft",
        "calcium_late": "the pore opens long before any calcium has entered",
        "kiss_and_run": "the pore closes again, and the vesicle stays round and mostly full",
        "wide_at_once": "the pore is as wide as the vesicle from the first moment on",
        "buds_again": "the pore widens and draws together again, and the vesicle is closed and round as before",
        "never_opens": "calcium enters, and nothing opens",
        "wrong_vesicle": "the vesicle on the left fuses in place of the one in the middle",
        "all_fuse": "all three vesicles fuse",
        "reversed_time": "a vesicle buds from the membrane and fills itself from the cleft",
    },
    default_violation="whole_crosses",
)
