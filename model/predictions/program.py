"""A prediction written down as it is made: from a quantity's own function to JavaScript that a page can run.

Numbers that a reader may change are put into the function as `Column`s, which carry an example and write down what is
done to them; laws are printed from their sympy objects. So a page runs the study's arithmetic, branch by branch: where
the function asks a Column whether something holds, the answer for the example becomes a condition of the program, and
another example takes the other branch.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import blake2b
from typing import Any
from zlib import crc32

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from scipy.special import chdtri, gammaincinv, ndtri, stdtrit

from model.notation import script, stable
from model.notation.equation import compiled, written
from model.numbers.draws import Sampler

UFUNCS = {  # numpy's function: JavaScript of its arguments
    np.add: "({} + {})",
    np.subtract: "({} - {})",
    np.multiply: "({} * {})",
    np.divide: "({} / {})",
    np.negative: "(-{})",
    np.power: "Math.pow({}, {})",
    np.sqrt: "Math.sqrt({})",
    np.exp: "Math.exp({})",
    np.exp2: "Math.pow(2, {})",
    np.log: "Math.log({})",
    np.log2: "Math.log2({})",
    np.ceil: "Math.ceil({})",
    np.floor: "Math.floor({})",
    np.absolute: "Math.abs({})",
    np.hypot: "Math.hypot({}, {})",
    np.remainder: "({0} % {1} && {0} % {1} < 0 != {1} < 0 ? {0} % {1} + {1} : {0} % {1})",
    np.maximum: "Math.max({}, {})",
    np.minimum: "Math.min({}, {})",
    np.fmax: "(Number.isNaN({0}) ? {1} : Number.isNaN({1}) ? {0} : Math.max({0}, {1}))",
    np.fmin: "(Number.isNaN({0}) ? {1} : Number.isNaN({1}) ? {0} : Math.min({0}, {1}))",
    np.greater: "({} > {})",
    np.greater_equal: "({} >= {})",
    np.less: "({} < {})",
    np.less_equal: "({} <= {})",
    np.equal: "({} == {})",
    np.not_equal: "({} != {})",
    np.bitwise_and: "({} && {})",
    np.bitwise_or: "({} || {})",
    np.logical_and: "({} && {})",
    np.logical_or: "({} || {})",
    np.invert: "(!{})",
    np.logical_not: "(!{})",
    np.isnan: "Number.isNaN({})",
    np.isfinite: "Number.isFinite({})",
}

QUANTILES = {ndtri: "normal_quantile({})", gammaincinv: "lower_gamma_quantile({}, {})"}
QUANTILES[stdtrit] = "student_quantile({}, {})"  # functions of script.js
DEGREES = 4  # of the only chi-squared count that script.js knows


MARK = re.compile(r"<<(.*?)>>")  # around what a printed law refers to
MARKED = replace(script.SCRIPT, earlier="<<{}>>")
WORD = re.compile(r"\b[at]\d+\b")  # names of arguments and of lines


class Unwritten(ValueError):
    """What a prediction did with a Column that cannot be written down, by its name."""


class Column(NDArrayOperatorsMixin):
    """A number of a program: its name there, and an example, an array as the function would see it."""

    def __init__(self, tape, name, example):
        self.tape, self.name, self.example = tape, name, np.asarray(_plain(example))

    shape = property(lambda self: self.example.shape)
    size = property(lambda self: self.example.size)
    ndim = property(lambda self: self.example.ndim)
    dtype = property(lambda self: self.example.dtype)
    real = property(lambda self: self)

    def __array_ufunc__(self, ufunc, method, *arrays, **options):
        if method != "__call__" or options or ufunc not in UFUNCS:
            raise Unwritten(f"{ufunc.__name__} is not known to {__name__}: add it to UFUNCS, with a test against numpy")
        return self.tape.call(ufunc, UFUNCS[ufunc], arrays)

    def __array_function__(self, function, types, arguments, options):
        if function not in FUNCTIONS:
            raise Unwritten(f"{function.__name__} is not known to {__name__}: add it to FUNCTIONS")
        return FUNCTIONS[function](*arguments, **options)

    def __array__(self, *_, **__):
        raise Unwritten("a Column was made an array of numbers: write what needs that with functions that pass it on")

    def __bool__(self):
        return self.tape.decide(self)

    def __getitem__(self, place):
        return Column(self.tape, self.name, self.example[place])

    def __format__(self, form):
        return self.tape.quoted(self, form)

    def __float__(self):
        raise Unwritten("a Column was made a float: a sentence may quote it as it is")

    __int__ = __float__

    def all(self):
        """Return whether it holds: of one row, each draw for itself."""
        return Column(self.tape, self.name, self.example.all())

    def any(self):
        """Return whether it holds: of one row, each draw for itself."""
        return Column(self.tape, self.name, self.example.any())


def _where(condition, *choices):
    return _tape(condition, *choices).call(np.where, "({} ? {} : {})", (condition, *choices))


def _tape(*arrays):
    return next(each.tape for each in arrays if isinstance(each, Column))


FUNCTIONS: dict[Any, Callable] = {  # of numpy that are no ufuncs
    np.where: _where,
    np.any: lambda column: column.any(),
    np.all: lambda column: column.all(),
    np.max: lambda column: column,  # of one row, each draw for itself
    np.shape: lambda column: column.shape,
    np.size: lambda column: column.size,
    np.ndim: lambda column: column.ndim,
    np.ravel: lambda column: column,
    np.argmax: lambda column: int(np.argmax(column.example)),
    np.argmin: lambda column: int(np.argmin(column.example)),
    np.ones_like: lambda column: np.ones(column.shape),
    np.zeros_like: lambda column: np.zeros(column.shape),
    np.broadcast_arrays: lambda *columns: columns,  # of one row
    np.broadcast_to: lambda column, shape: Column(column.tape, column.name, np.broadcast_to(column.example, shape)),
}


@dataclass
class Tape:
    """What was done to the Columns of one prediction, in order; and the numbers that it took from elsewhere.

    lines: ("name", JavaScript) of a value, (None, JavaScript) of a condition; arguments: {name: what it stands for}.
    """

    lines: list[tuple[str | None, str]] = field(default_factory=list)
    arguments: dict[str, Any] = field(default_factory=dict)
    _known: dict[Any, str] = field(default_factory=dict)

    def column(self, key, example):
        """Return the Column of a number that a reader may change; key: what it stands for."""
        return Column(self, self._argument(("reader", key), key), example)

    def _argument(self, identity, stands_for):
        if identity not in self._known:
            self._known[identity] = f"a{len(self.arguments)}"
            self.arguments[self._known[identity]] = stands_for
        return self._known[identity]

    def text(self, number):
        """Return what stands for a number in the program: a Column's name, a figure of the code, or an argument."""
        if isinstance(number, Column):
            return number.name
        if type(number) in (bool, int, float):  # written in the code; numbers of data/ are numpy's
            return _figure(number)
        array = np.asarray(number)
        if array.size == 1:
            return self._argument(("number", float(array.reshape(-1)[0])), float(array.reshape(-1)[0]))
        if array.ndim != 2 or array.shape[1] != 1:
            raise Unwritten(f"an array of shape {array.shape} met a Column: draws have the shape (draws, 1)")
        same = np.ascontiguousarray(array, float)
        if np.all(same == same[0]):
            return self.text(same[:1, 0])
        return self._argument(("draws", same.tobytes()), same[:, 0])

    def call(self, function, template, arrays):
        """Return the Column of a function of Columns and numbers, and write it down."""
        with np.errstate(all="ignore"):
            example = function(*(each.example if isinstance(each, Column) else _plain(each) for each in arrays))
        return Column(self, self._line(template.format(*map(self.text, arrays))), example)

    def _line(self, code):
        if code not in self._known:
            self._known[code] = f"t{len(self.lines)}"
            self.lines.append((self._known[code], code))
        return self._known[code]

    def decide(self, column):
        """Return whether a Column holds in the example, and make that a condition of the program."""
        holds = bool(column.example.all())
        condition = f"!({column.name})" if holds else column.name
        if (None, condition) not in self.lines:
            self.lines.append((None, condition))
        return holds

    def law(self, expression, picked, names):
        """Return a law's value, as a Column if one of the columns picked is one; called by equation.compute."""
        function = compiled(expression)[1]
        if not any(isinstance(each, Column) for each in picked):
            return function(*picked)
        with np.errstate(all="ignore"):
            example = function(*(each.example if isinstance(each, Column) else _plain(each) for each in picked))
        given = {name: self.text(each) for name, each in zip(names, picked, strict=True)}
        for step, code in _steps(expression):
            given[step] = self._line(MARK.sub(lambda match: given[match[1]], code))
        return Column(self, given[step], example)

    def in_turn(self, model, targets, picked, names):
        """Return {name: value} of a model's left-hand sides, as Model.answers; called by it."""
        known: dict[Any, Any] = {str(name): each for name, each in zip(names, picked, strict=True)}
        for left, right, own in _chain(model, targets):
            known[left] = self.law(right, [known[each] for each in own], own)
        return {str(each): known[str(each)] for each in targets}

    def quoted(self, column, form):
        """Return a mark for a number within a sentence: its name and its form."""
        return f"\0{column.name}:{form}\0"


@cache
def _chain(model, targets):
    """Return [(name, right-hand side, names in it), ...] of the equations of a model that targets need, in turn."""
    return [(str(each.lhs), each.rhs, sorted(map(str, each.rhs.free_symbols))) for each in model.chain(targets)[1]]


@cache
def _steps(expression):
    """Return [(name, JavaScript), ...] of an expression, shared parts first; what it refers to stands in marks."""
    names = {symbol: f"<<{symbol}>>" for symbol in expression.free_symbols}
    return MARKED.steps(stable.stable(expression), names, "shared ")


def _figure(number):
    """Return a number of the code itself, as JavaScript."""
    if isinstance(number, bool):
        return "true" if number else "false"
    if np.isnan(number):
        return "NaN"
    if np.isinf(number):
        return "Infinity" if number > 0 else "(-Infinity)"
    return repr(number) if number >= 0 else f"({number!r})"


@dataclass(frozen=True)
class Program:
    """One branch of a prediction: JavaScript of a function, and what its arguments stand for, in order.

    It returns undefined where one of the branch's conditions fails, a number, or, where the study refuses, the numbers
    that its sentence quotes. bound: a key that the reader sets, a float, or an array of draws. refusal: the sentence in
    pieces, text and forms of numbers in turn; () where it answers. lines: as in a Tape, the last is the value.
    """

    code: str
    bound: tuple
    refusal: tuple = ()
    lines: tuple = ()


OF_LABELS = ("unit", "spread", "sum")  # kinds of lines of draws that draws.js knows by name


class Making:
    """How draws came to be, so that a page can make them again: each step once, found by the bytes that it gave.

    lines: [place of a function or a name of OF_LABELS, arguments: numbers, or places of lines as text]; functions:
    JavaScript of single numbers.
    """

    def __init__(self):
        self._known: dict[bytes, tuple] = {}
        self._places: dict[bytes, int] = {}
        self.lines: list[list] = []
        self.functions: list[str] = []

    def note(self, drawn, function, arguments):
        """Return an array of draws as Drawn, made by a function (JavaScript, or of OF_LABELS) of numbers and Drawn."""
        found = np.array(drawn).view(Drawn)
        found.making, found.mark = self, _mark(found)
        found.flags.writeable = False  # its mark is that of its numbers
        # The first stands: what gives the same numbers again, a product with 1, say, would be made of itself.
        given = [_mark(each) if isinstance(each, np.ndarray) else each for each in arguments]
        self._known.setdefault(_mark(found), (function, given))
        return found

    def knows(self, array):
        """Tell whether it is known how an array came to be."""
        return _mark(array) in self._known

    def place(self, array):
        """Return the place among the lines of an array of draws, after all that it is made of.

        Raises Unwritten where what was done to it has no name here.
        """
        return self._placed(_mark(array))

    def _placed(self, mark):
        if mark not in self._places:
            if mark not in self._known:
                raise Unwritten("draws met a function that keeps no track of them: add it to Drawn, with a test")
            function, arguments = self._known[mark]
            given = [str(self._placed(each)) if isinstance(each, bytes) else each for each in arguments]
            if function not in OF_LABELS:
                if function not in self.functions:
                    self.functions.append(function)
                function = self.functions.index(function)
            self._places[mark] = len(self.lines)
            self.lines.append([function, *given])
        return self._places[mark]


def _mark(array):
    """Return what tells one array of draws from all others."""
    if isinstance(array, Drawn) and array.mark is not None:
        return array.mark
    return blake2b(np.ascontiguousarray(array, float).tobytes(), digest_size=16).digest()


class Drawn(np.ndarray):
    """Draws, of shape (draws, 1), that note in their Making what becomes of them; all else is as of any array."""

    making: Any = None  # a Making, or None of draws that came from elsewhere
    mark: bytes | None = None

    def __array_finalize__(self, other):
        self.making = getattr(other, "making", None)

    def __array_ufunc__(self, ufunc, method, *arrays, **options):
        if any(isinstance(each, Column) for each in arrays):
            return NotImplemented  # which writes down what is done to both
        found = getattr(ufunc, method)(*map(_plain, arrays), **{key: _plain(each) for key, each in options.items()})
        template = UFUNCS.get(ufunc) or QUANTILES.get(ufunc)
        if ufunc is chdtri and np.all(arrays[0] == DEGREES):
            arrays, template = arrays[1:], "chi_squared_of_four({})"
        return found if method != "__call__" or options else self._noted(found, template, arrays)

    def __array_function__(self, function, types, arguments, options):
        if any(issubclass(each, Column) for each in types):
            return NotImplemented
        found = super().__array_function__(function, types, arguments, options)
        if function is np.where:
            return self._noted(found, "({} ? {} : {})", arguments)
        return found

    def _noted(self, found, template, arrays):
        """Return what a function gave, as Drawn where all that it took is known."""
        if template is None or np.shape(found) != self.shape or np.asanyarray(found).dtype.kind not in "bf":
            return found
        given = [each if np.size(each) > 1 else float(np.ravel(each)[0]) for each in arrays]
        if not all(self.making.knows(each) for each in given if isinstance(each, np.ndarray)):
            return found
        names = [f"x{each}" for each in range(len(given))]
        return self.making.note(found, f"({','.join(names)})=>{template.format(*names)}", given)


def _plain(array):
    if isinstance(array, tuple):
        return tuple(map(_plain, array))
    return array.view(np.ndarray) if isinstance(array, Drawn) else array


class Noting(Sampler):
    """A Sampler whose draws are Drawn: they note in a Making what becomes of them."""

    def __init__(self, draws, seed, making):
        super().__init__(draws, seed)
        self.making = making

    def unit(self, label, beside=None):
        """Return the same numbers as any Sampler, noted by what its generator is seeded with after the seed."""
        found, own = super().unit(label, beside), crc32(label.encode())
        if beside is None:
            return self.making.note(found, "unit", [own])
        return self.making.note(found, "spread", [self.unit(beside), own])

    def normal(self, labels, mean, covariance):
        """Return the same arrays as any Sampler, each noted as one sum."""
        found = Sampler(self.draws, self.seed).normal(labels, mean, covariance)
        independent = [ndtri(self.unit(label)) for label in labels]
        factor = np.linalg.cholesky(covariance)
        for i, each in enumerate(found):
            terms = [(float(factor[i, j]), independent[j]) for j in range(i + 1) if factor[i, j]]
            found[i] = self.making.note(each, "sum", [float(mean[i]), *(one for term in terms for one in term)])
        return found


class Pool:
    """Lines and arguments that many Programs share: each kept once, so that a program is a list of places.

    names: what arguments stand for; lines: JavaScript of functions of (a, t), the arguments and the values of lines.
    """

    def __init__(self):
        self.names: dict[Any, int] = {}
        self.lines: dict[str, int] = {}

    def line(self, code):
        """Return the place of a line."""
        return self.lines.setdefault(f"(a,t)=>{code.replace(' ', '')}", len(self.lines))

    def sequence(self, lines, bound):
        """Return the places of a program's conditions, each as -1 less it, and of its value, the last.

        What else it works through is what these lines take, and what that takes in turn: a line's text names it. lines:
        of a Program; bound: what its arguments stand for, hashable.
        """
        given = [self.names.setdefault(each, len(self.names)) for each in bound]
        known = {f"a{number}": f"a[{place}]" for number, place in enumerate(given)}
        places = []
        for name, code in lines:
            place = self.line(WORD.sub(lambda match: known[match[0]], code))
            if name:
                known[name] = f"t[{place}]"
            else:
                places.append(-1 - place)
        return [*places[:-1], -1 - places[-1]]


def write(function, numbers):
    """Return the Program of one branch: what `function` does with Columns, for the example that numbers give.

    numbers: {key: example} of all that a reader may change. function: takes {key: Column} and returns a Column or a
    number, or raises ValueError where it refuses, with a sentence.
    """
    tape = Tape()
    columns = {key: tape.column(key, example) for key, example in numbers.items()}
    refusal: tuple = ()
    with written(tape):
        try:
            found = [tape.text(function(columns))]
        except Unwritten:
            raise
        except ValueError as error:
            pieces = str(error).split("\0")
            quoted = [each.split(":", 1) for each in pieces[1::2]]
            found = [name for name, _ in quoted]
            forms = [form for _, form in quoted]
            refusal = tuple(each for pair in zip(pieces[::2], [*forms, ""], strict=False) for each in pair)[:-1]
    value = f"[{', '.join(found)}]" if refusal else found[0]
    return _pruned(tape, found, value, refusal)


def _pruned(tape, found, value, refusal):
    """Return the Program with only the lines that its value and its conditions need, and names in order of use."""
    needed, kept = set(found), list[tuple[str | None, str]]()
    for name, code in reversed(tape.lines):
        if name is None or name in needed:
            kept.insert(0, (name, code))
            needed |= set(WORD.findall(code))
    order: dict[str, str] = {}
    number = dict.fromkeys("at", 0)

    def add(name):
        if name not in order:
            order[name] = f"{name[0]}{number[name[0]]}"
            number[name[0]] += 1

    for each in WORD.findall(" ".join([*(f"{code} {name or ''}" for name, code in kept), *found])):
        if each in tape.arguments:
            add(each)
    for name, _ in kept:
        if name:
            add(name)

    def renamed(code):
        return WORD.sub(lambda match: order.get(match[0], match[0]), code)

    lines = [f"const {name}={code};" if name else f"if({code})return;" for name, code in kept]
    body = renamed("".join([*lines, f"return {value};"]))
    arguments = [name for name in order if name[0] == "a"]
    return Program(
        f"({','.join(order[name] for name in arguments)})=>{{{body}}}",
        tuple(tape.arguments[name] for name in arguments),
        refusal,
        (*((name and order[name], renamed(code)) for name, code in kept), (None, renamed(value))),
    )
