"""The workload in Python: `python.py MODE FILE [LIBRARY]` prints the answer and the seconds it took."""

import ctypes
import multiprocessing
import sys
import time


def odd(data):
    count = 0
    for byte in data:
        x = byte + 1
        for _ in range(4):
            x ^= (x << 13) & 0xFFFFFFFF
            x ^= x >> 17
            x ^= (x << 5) & 0xFFFFFFFF
        count += x & 1
    return count


def plain(data):
    return odd(data)


def pool(data):
    """As many processes as there are cores."""
    processes = multiprocessing.cpu_count()
    step = -(-len(data) // processes)
    with multiprocessing.Pool(processes) as workers:
        return sum(workers.map(odd, [data[at : at + step] for at in range(0, len(data), step)]))


def native(data):
    """The kernel in C, called through ctypes."""
    kernel = ctypes.CDLL(sys.argv[3]).odd
    kernel.restype = ctypes.c_size_t
    kernel.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    return kernel(data, len(data))


if __name__ == "__main__":
    start = time.perf_counter()
    with open(sys.argv[2], "rb") as file:
        answer = {"plain": plain, "pool": pool, "native": native}[sys.argv[1]](file.read())
    print(answer, time.perf_counter() - start)
