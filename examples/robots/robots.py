"""The seed's robots in CPython, their tasklets as greenlets.

    python3 robots.py ROBOTS SIDE ROUNDS table|dict

The arena is a table of all cells, as the seed has it, or a dict of those that were taken. Prints one line of JSON.
"""
import json
import platform
import random
import resource
import sys
import time

try:
    import greenlet
except ImportError:
    print(json.dumps({"version": platform.python_version(), "missing": "the module greenlet"}))
    sys.exit()


class Table:
    def __init__(self, side):
        self.rows = [[None] * side for _ in range(side)]

    def take(self, x, y, name):
        if self.rows[x][y] is not None:
            return False
        self.rows[x][y] = name
        return True

    def owners(self):
        return (name for row in self.rows for name in row if name is not None)


class Dict:
    def __init__(self, side):
        self.cells = {}

    def take(self, x, y, name):
        if (x, y) in self.cells:
            return False
        self.cells[x, y] = name
        return True

    def owners(self):
        return self.cells.values()


def robot(name, rounds, side, arena, yield_):
    points = 0
    for _ in range(rounds):
        x, y = random.randint(0, side - 1), random.randint(0, side - 1)
        if arena.take(x, y, name):
            points += 1
        yield_()
    return points


def play(robots, side, rounds, arena):
    yield_ = greenlet.getcurrent().switch
    population = [greenlet.greenlet(robot) for _ in range(robots)]
    for name, each in enumerate(population):
        each.switch(name, rounds, side, arena, yield_)
    for _ in range(rounds - 1):
        for each in population:
            each.switch()
    return [each.switch() for each in population]


def winners(scores):
    most = max(scores)
    return {"most": most, "robots": scores.count(most), "first": scores.index(most)}


def main():
    robots, side, rounds = (int(argument) for argument in sys.argv[1:4])
    start = time.perf_counter()
    arena = {"table": Table, "dict": Dict}[sys.argv[4]](side)
    points = play(robots, side, rounds, arena)
    cells = [0] * robots
    for name in arena.owners():
        cells[name] += 1
    told = {"byPoints": winners(points), "onTheArena": winners(cells), "taken": sum(cells)}
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time()
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    version = f"{platform.python_version()}, greenlet {greenlet.__version__}"
    print(json.dumps({"version": version, "seconds": seconds, "cpuSeconds": cpu_seconds, "bytes": kilobytes * 1024, **told}))


main()
