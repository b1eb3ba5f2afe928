"""fib(n) in plain Python, timed.

    python3 fib.py N
"""
import json
import platform
import sys
import time


def fib(x):
    return 1 if x <= 1 else fib(x - 1) + fib(x - 2)


start = time.perf_counter()
answer = fib(int(sys.argv[1]))
seconds = time.perf_counter() - start
print(json.dumps({"version": platform.python_version(), "answer": answer, "seconds": seconds}))
