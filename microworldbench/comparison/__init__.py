"""Runs of the same suite compared task by task.

```python
import microworldbench as bench

found = bench.compare("runs/model-a", "runs/model-b")
found.overall.difference.value, found.overall.difference.ci95, found.overall.difference.p_adjusted
```
"""

from __future__ import annotations

from .compare import compare
from .records import ComparedRun, CriterionGap, Gap, ScopeComparison, TaskGap, Treatment
from .result import Comparison

__all__ = ["ComparedRun", "Comparison", "CriterionGap", "Gap", "ScopeComparison", "TaskGap", "Treatment", "compare"]
