"""The seed's program in plain Python: draws a tree for every disc and counts the trees by their discs.

    python3 mammamia.py DISCS TREES RUNS

Prints one line of JSON: the rows, and the seconds of each.
"""
import json
import platform
import random
import sys
import time


def simulate(discs, trees):
    under = {}
    for _ in range(discs):
        tree = random.randint(0, trees - 1)
        under[tree] = under.get(tree, 0) + 1
    rows = {}
    for tree in under:
        rows[under[tree]] = rows.get(under[tree], 0) + 1
    return rows


def main():
    discs, trees, runs = (int(argument) for argument in sys.argv[1:])
    rows, seconds = [], []
    for _ in range(runs):
        start = time.perf_counter()
        row = simulate(discs, trees)
        seconds.append(time.perf_counter() - start)
        rows.append([row.get(n, 0) for n in range(1, max(row, default=0) + 1)])
    print(json.dumps({"version": platform.python_version(), "rows": rows, "seconds": seconds}))


main()
