"""One animal cell divides into two."""

from __future__ import annotations

from ...rubric import Level
from ..mechanism import Mechanism

MECHANISM = Mechanism(
    name="mitosis",
    level=Level.CELLULAR,
    task_id="mitosis",
    summary="One animal cell divides into two; chromosomes and volume are conserved.",
    module=__name__,
    violations={
        "third_daughter": "a third daughter cell buds out at the furrow",
        "lost_daughter": "one daughter shrinks away after the division",
        "no_segregation": "sister chromatids stay together and all go to one daughter",
        "growing_volume": "the daughters swell to more than one and a half times the mother's volume",
        "unequal_daughters": "one daughter gets less than a tenth of the volume",
        "unequal_sets": "half of the chromosomes go to one daughter with both of their chromatids",
        "fusing_again": "the daughters flow together into one cell again",
        "reversed_time": "two cells fuse into one",
    },
    default_violation="third_daughter",
)
