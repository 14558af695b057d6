"""How long do simulating and drawing a clip take?

For every mechanism: the seconds for a clip of 5 s (81 frames) of 832×480, and the clips a second at 256×144, on one
core; the best of two rounds, after one that warms up. Targets: 10 s, and one clip a second. The last column is the
worse of both over its target.

    python benchmarks/simulators.py [NAME …]
"""

from __future__ import annotations

import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core: threads that wait count as well

from microworldbench.simulators import MECHANISMS, Mechanism

SIZES = ((832, 480), (256, 144))
LARGE_TARGET_S, SMALL_TARGET_S = 10.0, 1.0
ROUNDS = 2


def seconds(mechanism: Mechanism, width: int, height: int, seed: int) -> float:
    began = time.process_time()
    state = mechanism.simulate(mechanism.params.drawn(seed), seed, 5.0625, 16.0)
    mechanism.render(state, width, height)
    return time.process_time() - began


def main() -> None:
    names = sys.argv[1:] or list(MECHANISMS)
    print(f"{'mechanism':<14}{'832×480, s':>12}{'256×144, s':>12}{'clips a s':>11}{'of target':>11}")
    for name in names:
        mechanism = MECHANISMS[name]
        seconds(mechanism, 64, 64, 0)  # imports
        large, small = (min(seconds(mechanism, *size, seed=seed) for seed in range(1, ROUNDS + 1)) for size in SIZES)
        ratio = max(large / LARGE_TARGET_S, small / SMALL_TARGET_S)
        print(f"{name:<14}{large:>12.2f}{small:>12.2f}{1 / small:>11.1f}{ratio:>11.2f}")


if __name__ == "__main__":
    main()
