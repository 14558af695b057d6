"""How far judges and experts agree on the same criteria of the same videos.

```python
from microworldbench.concordance import measure_agreement

found = measure_agreement("runs/model-a", "labels.csv")
found.judge_human.overall.cohen[0].kappa.value
```
"""

from __future__ import annotations

from .measure import measure_agreement
from .records import Coefficient, GroupAgreement, PairKappa, RaterSummary, StratumAgreement
from .result import Concordance

__all__ = [
    "Coefficient",
    "Concordance",
    "GroupAgreement",
    "PairKappa",
    "RaterSummary",
    "StratumAgreement",
    "measure_agreement",
]
