"""Functions of numpy as a program has them: what Node computes of each is what numpy does."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from model.notation import script
from model.predictions.program import write

NODE = shutil.which("node")
NUMBERS = [-2.5, 0.25, 3.0, 7.75]
FUNCTIONS = {
    "up and down": lambda x: np.ceil(x) + 10 * np.floor(x),
    "all and any": lambda x: np.where(np.all(x > 0), 1.0, 2.0) + np.where(np.any(x > 3), 10.0, 20.0),
    "size of a number": lambda x: np.absolute(x) + np.hypot(x, 3.0) - np.sqrt(np.absolute(x)),
    "powers": lambda x: np.exp(x) + np.exp2(x) + np.power(np.absolute(x), 1.5),
    "logarithms": lambda x: np.log(np.absolute(x)) - np.log2(np.absolute(x)),
    "ends": lambda x: np.maximum(x, 1.0) - np.minimum(x, 5.0),
}


@pytest.mark.skipif(not NODE, reason="there is no Node on the path")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_program_computes_what_numpy_does(name):
    function, asked = FUNCTIONS[name], []
    for number in NUMBERS:
        found = write(lambda columns: function(columns["x"]), {"x": np.array([number])})
        bound = [number if each == "x" else float(each) for each in found.bound]
        asked.append(f"({found.code})({', '.join(map(repr, bound))})")
    start = f"{script.runtime()}console.log(JSON.stringify([{','.join(asked)}]));"
    done = subprocess.run([NODE, "-"], input=start, capture_output=True, text=True, timeout=60, check=True)
    expected = [float(np.ravel(function(np.array([number])))[0]) for number in NUMBERS]
    assert json.loads(done.stdout) == pytest.approx(expected, rel=1e-14)
