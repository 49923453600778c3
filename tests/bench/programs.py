"""Runs a program and says how long it took, what it cost the processor and how much memory its whole tree held."""

import resource
import tempfile
import time
from dataclasses import dataclass

import psutil

OFTEN = 0.02  # s between two looks at the memory


@dataclass(frozen=True)
class Cost:
    """duration and processor_time, s, of a program and all that it started; peak_memory: resident, their sum, B."""

    duration: float
    processor_time: float
    peak_memory: int


def run(command, watch=False, **keywords):
    """Run a command to its end and return its Cost; raise with what it printed where it fails. watch: its memory."""
    before, start, peak = _used(), time.perf_counter(), 0
    with tempfile.TemporaryFile() as printed:
        with psutil.Popen([str(each) for each in command], stderr=printed, **keywords) as program:
            while watch and program.poll() is None:
                peak = max(peak, _resident(program))
                time.sleep(OFTEN)
        if program.returncode:
            printed.seek(0)
            said = printed.read()[-2000:].decode(errors="replace")
            raise RuntimeError(f"{command} ended with {program.returncode}:\n{said}")
    return Cost(time.perf_counter() - start, _used() - before, peak)


def call(function):
    """Call a function that starts programs and waits for them; return their Cost, memory left out."""
    before, start = _used(), time.perf_counter()
    function()
    return Cost(time.perf_counter() - start, _used() - before, 0)


def _resident(program):
    total = 0
    for each in [program, *_children(program)]:
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def _children(program):
    try:
        return program.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _used():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime
