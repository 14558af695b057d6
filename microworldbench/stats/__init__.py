"""Statistics on plain arrays: intervals, paired comparison, agreement, preference, correction and planning.

```python
from microworldbench.stats import agreement, paired

agreement.cohen_kappa(judge, expert, clusters=task_of_each_unit).interval
paired.compare(scores, names).ranks
```
Values that are undefined are None with a `reason`, never NaN.
"""
