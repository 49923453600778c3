"""Workers: results in order whoever finishes first, few items taken ahead, and nobody left when it is over."""

import multiprocessing
import os
import signal

import pytest

from model.predictions.workers import cores, in_order

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def about(item):
    """Return an item, who works on it, and whether an interrupt from the keyboard would end them."""
    return item, os.getpid(), signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def reciprocal(item):
    return 1 / item


def taken_from(items, taken):
    for item in items:
        taken.append(item)
        yield item


def left(before):
    """Return the children that have come since and still run."""
    return [each for each in multiprocessing.active_children() if each not in before and each.is_alive()]


def test_there_is_a_core_and_no_more_than_the_machine_has():
    assert 1 <= cores() <= os.cpu_count()
    if hasattr(os, "sched_setaffinity"):
        before = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, {min(before)})
            assert cores() == 1
        finally:
            os.sched_setaffinity(0, before)


def test_one_worker_is_this_process_and_takes_an_item_at_a_time():
    taken = []
    found = in_order(about, taken_from(range(3), taken), 1)
    assert next(found)[:2] == (0, os.getpid()) and taken == [0]
    assert [item for item, *_ in found] == [1, 2]


@pytest.mark.parametrize("number", [0, 1, 3, 20])
def test_results_come_in_the_order_of_the_items_from_other_processes(number):
    before = set(multiprocessing.active_children())
    found = list(in_order(about, range(number), 2))
    assert [item for item, *_ in found] == list(range(number))
    owners = {owner for _, owner, _ in found}
    assert os.getpid() not in owners and len(owners) <= 2
    assert all(deaf for *_, deaf in found)  # the parent hears it, and ends them
    assert not left(before)


def test_at_most_one_item_more_than_there_are_workers_is_taken_ahead():
    taken = []
    found = in_order(about, taken_from(range(50), taken), 2)
    for done in range(1, 11):
        next(found)
        assert len(taken) == done + 3
    found.close()


def test_what_a_call_raises_is_raised_and_the_workers_end():
    before = set(multiprocessing.active_children())
    found = in_order(reciprocal, [4, 2, 0, 1, 1, 1, 1], 2)
    assert [next(found), next(found)] == [0.25, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(found)
    for each in set(multiprocessing.active_children()) - before:
        each.join(60)
    assert not left(before)


def echo(pipe):
    pipe.send(pipe.recv())


def test_workers_end_where_nobody_waits_for_the_rest_and_others_children_stay():
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=echo, args=(there,))
    child.start()
    there.close()
    before = set(multiprocessing.active_children())
    found = in_order(about, range(50), 2)
    next(found)
    assert left(before)
    found.close()
    for each in set(multiprocessing.active_children()) - before:
        each.join(60)
    assert not left(before)
    here.send("still there")
    assert here.recv() == "still there"
    child.join()


def test_an_interrupt_is_heard_again_once_there_are_workers():
    blocked = []

    def items():
        for item in range(4):
            blocked.append(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
            yield item

    found = in_order(about, items(), 2)
    next(found)
    assert blocked == [True] * 3 + [False]  # while they are started, and then not
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert len(list(found)) == 3
