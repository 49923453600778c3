"""Calls a function on many items on several cores: forked workers, results in order, few items held at a time."""

import multiprocessing
import os
import signal
import sys
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait
from threading import Thread


def cores():
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(function, items, workers):
    """Yield function(item) for each item, in order; at most workers + 1 items and results wait at a time.

    With one worker it is called here. What a call raises is raised, and the workers end; they end, too, when this
    process does, in whatever way.
    """
    if workers == 1:
        yield from map(function, items)
        return
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    pool = ProcessPoolExecutor(workers, context, _follow_parent)
    try:
        items = iter(items)
        with _uninterrupted():
            waiting = deque(pool.submit(function, item) for item in islice(items, workers + 1))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in islice(items, 1))
            yield result
    except BaseException:
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _uninterrupted():
    """Hold back an interrupt from the keyboard while processes fork: what is called after a fork would swallow it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow_parent():
    """Leave an interrupt from the keyboard to the parent, and end when it has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker without a parent"
    Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
