#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the bootstrap costs, and the ratio to the best that numpy does in the same run.

Usage: assess_bench.py BUILD_FOLDER SHARED_DATA     prints a section for RESULTS.md (builds BUILD_FOLDER/bench/assess_bench)
"""
import json
import subprocess
import sys
import time

from whole_process import machine

REPLICATES, GROUPS, CELLS = 1000, 7, 126 * 4


def numpy_mean(people):
    """1,000 row resamples of the mean of seven groups: random indices and a mean, group by group."""
    import numpy as np

    rng = np.random.default_rng(1)
    groups = [rng.standard_normal(people // GROUPS) ** 2 for _ in range(GROUPS)]
    start = time.process_time()
    for values in groups:
        for _ in range(REPLICATES):
            values[rng.integers(0, len(values), len(values))].mean()
    return time.process_time() - start


def numpy_count(people):
    """1,000 multinomial resamples of the 504 counts, in one call."""
    import numpy as np

    rng = np.random.default_rng(1)
    start = time.process_time()
    rng.multinomial(people, np.full(CELLS, 1 / CELLS), REPLICATES)
    return time.process_time() - start


def fairlearn_seconds(people, resamples):
    """CPU seconds of MetricFrame with `resamples` bootstrap resamples, or None where Fairlearn is absent."""
    try:
        import numpy as np
        from fairlearn.metrics import MetricFrame
    except ImportError:
        return None
    rng = np.random.default_rng(1)
    truth, answer = rng.integers(0, 2, people), rng.integers(0, 2, people)
    start = time.process_time()
    MetricFrame(metrics=lambda y, p: (y == p).mean(), y_true=truth, y_pred=answer,
                sensitive_features=rng.integers(0, GROUPS, people), n_boot=resamples, ci_quantiles=[0.025, 0.975],
                random_state=1)
    return time.process_time() - start


def main():
    build = sys.argv[1]
    subprocess.run(["cmake", "--build", build, "--target", "assess_bench"], check=True, stdout=subprocess.DEVNULL)
    own = json.loads(subprocess.run([f"{build}/bench/assess_bench"], check=True, capture_output=True, text=True).stdout)
    print(f"## assess ({machine()})\n\n| 1,000 bootstrap resamples | people | daylight CPU s | numpy CPU s | ratio |\n|---|---|---|---|---|")
    for name, peer, what in (("mean", numpy_mean, "mean error of 7 groups (numpy: indices and mean)"),
                             ("count", numpy_count, "504 counts, exact multinomial (numpy: Generator.multinomial)")):
        for people in (10_000, 100_000) if name == "mean" else (10_000, 100_000, 1_000_000):
            ours, theirs = own[f"{name}_{people}"], peer(people)
            print(f"| {what} | {people:,} | {ours:.3f} | {theirs:.3f} | {theirs / ours:.1f} |")
    print(f"| mean error of 7 groups | 1,000,000 | {own['mean_1000000']:.3f} | not run | – |")
    print(f"\nThe whole assessment of two heads by race, gender, age and their pairs ({own['numbers']:,} estimates and disparities, "
          f"1,000 resamples, 9,999 permutations where they apply): {own['whole_10000']:.2f} s CPU for 10,000 people, "
          f"{own['whole_100000']:.2f} s for 100,000.")
    fairlearn = [fairlearn_seconds(100_000, n) for n in (2, 7)]
    if None not in fairlearn:
        each = (fairlearn[1] - fairlearn[0]) / 5
        print(f"Fairlearn's MetricFrame takes {each:.2f} s CPU for each resample of one metric over 7 groups of 100,000 people.")
    print()


if __name__ == "__main__":
    main()
