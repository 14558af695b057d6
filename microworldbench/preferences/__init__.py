"""A preference study: evaluators see two videos of one task and say which is better.

```python
from microworldbench.preferences import measure_preferences

found = measure_preferences("votes.csv", model="microverse")
found.pairs[0].all_votes.win.value, found.strengths
```
"""

from __future__ import annotations

from .records import EvaluatorAgreement, PairShares, PreferencePair, Strength
from .result import PreferenceStudy
from .study import measure_preferences

__all__ = [
    "EvaluatorAgreement",
    "PairShares",
    "PreferencePair",
    "PreferenceStudy",
    "Strength",
    "measure_preferences",
]
