"""Predictions written down: a program computes what numpy does, takes the branch of its example, and refuses alike."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from scipy.special import chdtri, stdtrit

from model.laws import reliability
from model.notation import equation, script
from model.notation import nomenclature as symbols
from model.notation.equation import compute
from model.numbers.draws import Sampler
from model.predictions import program
from model.predictions.program import Unwritten, write

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(not NODE, reason="there is no Node on the path")


def in_node(asked):
    """Return what Node answers to [(code, arguments), ...]; what JSON lacks as text."""
    lines = [f"({code})({', '.join(map(text, arguments))})" for code, arguments in asked]
    answers = f"[{','.join(lines)}].map((each) => (typeof each === 'number' ? String(each) : each ?? null))"
    start = f"{script.runtime()}console.log(JSON.stringify({answers}));"
    done = subprocess.run([NODE, "-"], input=start, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def text(number):
    return repr(float(number)).replace("inf", "Infinity").replace("nan", "NaN")


def called(function, *numbers):
    """Return (Program, its arguments) of a function of so many Columns."""
    found = write(lambda columns: function(*columns.values()), {i: np.array([each]) for i, each in enumerate(numbers)})
    return found, [numbers[each] if isinstance(each, int) else each for each in found.bound]


@needs_node
@pytest.mark.parametrize("ufunc", program.UFUNCS, ids=lambda each: each.__name__)
def test_numpys_functions_are_computed_as_numpy_does(ufunc):
    boolean = ufunc in (np.invert, np.bitwise_and, np.bitwise_or, np.logical_and, np.logical_or, np.logical_not)
    rng, asked, expected = np.random.default_rng(1), [], []
    for _ in range(30):
        numbers = rng.choice([0.3, 1.0, 2.5, 4.0, -1.5, np.nan, np.inf, rng.normal()], ufunc.nin)
        arrays = [number > 1 for number in numbers] if boolean else numbers

        def own(*columns):
            return 1.0 * ufunc(*(each > 1 for each in columns) if boolean else columns)

        with np.errstate(all="ignore"):
            found, arguments = called(own, *numbers)
            expected.append(float(ufunc(*arrays)))
        asked.append((found.code, arguments))
    np.testing.assert_allclose(
        [float(each.replace("Infinity", "inf")) for each in in_node(asked)], expected, rtol=1e-14
    )


@needs_node
def test_a_branch_that_the_example_took_is_the_only_one():
    def stepped(x, y):
        return x + y if np.any(x > y) else x * y

    more, _ = called(stepped, 3.0, 2.0)
    fewer, _ = called(stepped, 2.0, 3.0)
    assert in_node([(more.code, [5, 1]), (more.code, [1, 5]), (fewer.code, [1, 5]), (fewer.code, [5, 1])]) == [
        "6",
        None,
        "5",
        None,
    ]


@needs_node
def test_a_refusal_quotes_the_numbers_that_it_was_given():
    def refusing(x, y):
        if np.any(x > y):
            raise ValueError(f"{x * 1000:,.0f} is more than {y:.3g}, at most")
        return x

    found, _ = called(refusing, 3.0, 2.0)
    assert found.refusal == ("", ",.0f", " is more than ", ".3g", ", at most")
    assert in_node([(found.code, [7, 5]), (found.code, [5, 7])]) == [[7000, 5], None]


@needs_node
def test_laws_are_printed_and_draws_become_arguments():
    drawn = np.array([[1e-9], [2e-9]])

    def share(devices):
        columns = {"devices": devices, "failure_rate": drawn, "checkpoint_write": 60.0}
        mean, best = (
            compute(reliability.optimum.solve(each), columns) for each in (symbols.job_mtbf, symbols.best_interval)
        )
        return np.where(best < mean, best, mean)

    found, _ = called(share, 1000.0)
    assert [isinstance(each, np.ndarray) for each in found.bound].count(True) == 1
    asked = [(found.code, [each if np.ndim(each) == 0 else each[row] for each in found.bound]) for row in (0, 1)]
    asked = [
        (code, [1000.0 if isinstance(each, int) and each == 0 else each for each in given]) for code, given in asked
    ]
    np.testing.assert_allclose([float(each) for each in in_node(asked)], share(1000.0)[:, 0], rtol=1e-12)


@needs_node
def test_a_model_in_turn_is_written_law_by_law():
    columns = {"devices": 4096.0, "failure_rate": 1e-9, "checkpoint_write": 60.0, "reload": 300.0, "downtime": 200.0}
    targets = (symbols.effective_training_share, symbols.interval)

    def both(devices):
        share, interval = reliability.best_checkpointing.answers(columns | {"devices": devices}, targets).values()
        return share * interval

    found, arguments = called(both, 4096.0)
    (answer,) = in_node([(found.code, [4096.0 if each == 0 else each for each in found.bound])])
    assert len(found.code.split("const ")) > 5 and arguments
    assert float(answer) == pytest.approx(both(4096.0), rel=1e-12)


@needs_node
def test_draws_that_are_all_alike_become_one_number():
    found, _ = called(lambda x: x * np.full((5, 1), 0.3), 2.0)
    assert sorted(map(float, found.bound)) == [0.0, 0.3]  # the Column's key, and the number
    assert in_node([(found.code, [2.0 if each == 0 else each for each in found.bound])]) == ["0.6"]


def test_what_cannot_be_written_down_is_named():
    with pytest.raises(Unwritten, match="^sin is not known"):
        called(np.sin, 1.0)
    with pytest.raises(Unwritten, match="^sort is not known"):
        called(np.sort, 1.0)
    with pytest.raises(Unwritten, match="made a float"):
        called(float, 1.0)
    with pytest.raises(Unwritten, match="made an array"):
        called(np.asarray, 1.0)
    with pytest.raises(Unwritten, match="shape"):
        called(lambda x: x * np.ones(3), 1.0)


def test_laws_are_evaluated_again_when_the_writing_is_over():
    called(
        lambda x: compute(reliability.series_system.solve(symbols.job_mtbf), {"devices": x, "failure_rate": 1.0}), 2.0
    )
    assert equation._written.get() is None
    assert compute(reliability.series_system.solve(symbols.job_mtbf), {"devices": 4.0, "failure_rate": 1.0}) == 0.25


@needs_node
def test_programs_that_share_lines_say_what_they_say_alone():
    def stepped(x, y):
        return np.sqrt(x + y) * y if np.any(x > y) else np.sqrt(x + y) - x

    pool, asked, alone = program.Pool(), [], []
    more, fewer = (called(stepped, *numbers)[0] for numbers in ((3.0, 2.0), (2.0, 3.0)))
    kept = [pool.sequence(each.lines, each.bound) for each in (more, fewer)]
    assert len(pool.names) == 2 and len(pool.lines) < len(more.lines) + len(fewer.lines)
    follow = (
        "((lines,places,a)=>{const t=[],said=i=>{for(const [,j] of lines[i].toString().matchAll(/t\\[(\\d+)\\]/g))"
        "t[j]??=said(+j);return lines[i](a,t);};for(const i of places.slice(0,-1))if(said(-1-i))return;"
        "return said(places.at(-1));})"
    )
    for own, places in zip((more, fewer), kept, strict=True):
        for numbers in ({0: 5.0, 1: 1.0}, {0: 1.0, 1: 5.0}):
            given = ",".join(text(numbers[each]) for each in pool.names)
            asked.append((f"()=>{follow}([{','.join(pool.lines)}],{places},[{given}])", []))
            alone.append((own.code, [numbers[each] for each in own.bound]))
    assert in_node(asked) == in_node(alone) and None in in_node(alone)


def made_again(draws, *wanted):
    """Return what the page makes of arrays that a Noting of one Making has drawn, seeded with 5 and 0."""
    making = wanted[0].making
    places = [making.place(each) for each in wanted]
    lines, functions = json.dumps(making.lines), f"[{','.join(making.functions)}]"
    start = f"{script.runtime()}{script.drawing()}const made=maker({lines},{functions},[5,0]);"
    ask = f"console.log(JSON.stringify({places}.map((each)=>Array.from(made(each,{draws})))));"
    done = subprocess.run([NODE, "-"], input=start + ask, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return np.array(json.loads(done.stdout))


@needs_node
@pytest.mark.parametrize("draws", (1, 2, 37, 1000, 4099))
def test_a_label_draws_the_same_bits_in_the_page(draws):
    sampler, asked = program.Noting(draws, (5, 0), program.Making()), ["gb200-nvl72 domain", "another", ""]
    wanted = [sampler.unit(label) for label in asked] + [sampler.unit("rate", "another")]
    plain = [
        Sampler(draws, (5, 0)).unit(*labels)[:, 0] for labels in (*((each,) for each in asked), ("rate", "another"))
    ]
    np.testing.assert_array_equal(made_again(draws, *wanted), plain)


@needs_node
def test_draws_note_what_becomes_of_them():
    sampler, plain = (each(300, (5, 0), *more) for each, more in ((program.Noting, [program.Making()]), (Sampler, [])))
    covariance = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, -0.4], [0.0, -0.4, 0.5]])

    def several(own):
        one, other, third = own.normal(["one", "other", "third"], [0.5, 1.0, -2.0], covariance)
        rate = own.bounds("rate", 2.0, 50.0) * own.count("faults", 419)
        apart = own.scatter("apart", np.hypot(0.1, 0.2)) ** np.sqrt(4 / chdtri(4, 1 - own.unit("tails")))
        return [
            one,
            np.exp(third) / rate,
            apart,
            np.maximum(other, 0.0),
            np.where(one > 0.5, rate, -third),
            np.exp(0.3 * stdtrit(8, own.unit("fleet"))),
            own.bounds("share", 0.0, 0.5),
        ]

    np.testing.assert_allclose(
        made_again(300, *several(sampler)), [each[:, 0] for each in several(plain)], rtol=1e-11, atol=1e-13
    )


def test_draws_of_which_no_track_was_kept_are_refused():
    sampler = program.Noting(20, (5, 0), program.Making())
    with pytest.raises(Unwritten, match="keeps no track"):
        sampler.making.place(np.sort(sampler.unit("one"), axis=0) + 1)


def test_a_number_that_stays_itself_is_not_made_of_itself():
    making = program.Making()
    drawn = program.Noting(20, (5, 0), making).unit("one")
    making.place(drawn * 1.0)
    assert [line[0] for line in making.lines] == ["unit"]
