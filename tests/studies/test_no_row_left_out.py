"""Nothing is left out by what came of it: no row of measurements by our own error on it, no draw by its outcome."""

import ast
import csv
import json
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUDIES = sorted((ROOT / "model" / "studies").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))

ERROR = re.compile(r"(^|_)(errors?|bias|residuals?|misfit|inside)(_|$)")
KEEPS = {"abs", "round", "fillna", "astype", "to_numpy", "clip", "copy", "rank"}  # still one error for each row
REDUCES = {"sum", "mean", "all", "any", "size"}  # a comparison that is counted selects nothing
SELECTS = {"query", "nsmallest", "nlargest", "between", "lt", "le", "gt", "ge", "eq", "ne"}


class Selections(ast.NodeVisitor):
    """Finds where code compares the errors of rows, other than to count them: what a selection by error needs."""

    def __init__(self, tree):
        self.found, self.names, self.counted = [], set(), set()
        for _ in range(2):  # a name that holds errors, and a name that holds that one
            for node in ast.walk(tree):
                if isinstance(node, ast.Assign) and self.is_error(node.value):
                    self.names |= {each.id for each in node.targets if isinstance(each, ast.Name)}
        self.visit(tree)

    def is_error(self, node):
        """Tell whether an expression is the error of each row, or predicted and measured set against each other."""
        if isinstance(node, ast.Name):
            return node.id in self.names or bool(ERROR.search(node.id))
        if isinstance(node, ast.Attribute):
            return bool(ERROR.search(node.attr)) or self.is_error(node.value)
        if isinstance(node, ast.Subscript):
            key = node.slice
            named = isinstance(key, ast.Constant) and isinstance(key.value, str) and ERROR.search(key.value)
            return bool(named) or self.is_error(node.value)
        if isinstance(node, ast.UnaryOp):
            return self.is_error(node.operand)
        if isinstance(node, ast.BinOp):
            words = set(re.findall(r"[a-z]+", ast.unparse(node)))
            return {"predicted", "measured"} <= words or self.is_error(node.left) or self.is_error(node.right)
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in KEEPS and self.is_error(node.func.value):
                return True
            elementwise = ast.unparse(node.func) in ("abs", "np.abs", "np.log", "np.square", "np.maximum")
            return elementwise and any(map(self.is_error, node.args))
        return False

    def visit_Call(self, node):
        """Note what is counted, and methods that select by an error."""
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in REDUCES:
                self.counted.add(id(node.func.value))
            told = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            words = re.findall(r"\w+", " ".join(told))
            by_error = self.is_error(node.func.value) or any(map(ERROR.search, words))
            if node.func.attr in SELECTS and by_error:
                self.found.append(node)
        self.generic_visit(node)

    def visit_Compare(self, node):
        """Note a comparison of errors that is not counted on the spot; of two things called `inside` it is none."""
        sides = (node.left, *node.comparators)
        of_domains = all(isinstance(each, ast.Attribute) and each.attr in ("inside", "outside") for each in sides)
        if id(node) not in self.counted and any(map(self.is_error, sides)) and not of_domains:
            self.found.append(node)
        self.generic_visit(node)

    def visit_Subscript(self, node):
        """Note a choice of rows by a column that tells how we did."""
        if not isinstance(node.slice, ast.Constant) and self.is_error(node.slice):
            self.found.append(node)
        self.generic_visit(node)


def selections(code):
    """Return what code selects by an error, as text."""
    return [ast.unparse(node) for node in Selections(ast.parse(code)).found]


def code(path):
    """Return the code of a module or of a notebook's cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    lines = [line for cell in cells for line in [*"".join(cell["source"]).split("\n"), ""]]
    return "\n".join(line for line in lines if not line.startswith(("%", "!")))


@pytest.mark.parametrize("path", [*STUDIES, *NOTEBOOKS], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_selected_by_our_own_error(path):
    assert not selections(code(path)), "leave rows out by what is known of the measurement, or not at all"


@pytest.mark.parametrize(
    "line",
    [
        "enough = enough[enough.error.abs() < 0.5]",  # how two rows once went
        "rows = rows[rows['error_without'] <= 0.5]",
        "rows = rows[abs(rows.predicted / rows.measured - 1) < 0.5]",
        "far = rows.error.abs()\nrows = rows[far < 0.5]",
        "far = rows.error\nsize = np.abs(far)\nrows = rows.loc[~(size > 1)]",
        "rows = rows.query('error < 0.5')",
        "rows = rows.nsmallest(40, 'error')",
        "rows = rows[rows.error.between(-0.5, 0.5)]",
        "rows = rows[rows.inside == 1]",
        "rows = rows[~rows['inside']]",
        "kept = [row for row in rows.itertuples() if abs(row.error) < 0.5]",
        "weight = np.where(rows.error.abs() > 1, 0, 1)",
    ],
)
def test_a_selection_by_error_is_found(line):
    assert selections(line)


@pytest.mark.parametrize(
    "line",
    [
        "rows = rows[rows.ranks > 8]",
        "inside = (low <= rows.measured) & (rows.measured <= high)",
        "missed = (table.inside < 0.8).sum()",
        "error = rows.predicted / rows.measured - 1",
        "worst = rows.loc[rows.error.abs().sort_values(ascending=False).index]",
        "mean = rows.error.abs().mean()",
    ],
)
def test_what_selects_nothing_by_error_is_not_found(line):
    assert not selections(line)


# Draws. A ratio of two machines has draws in which one of them, or both, do not reach a speed or hold a model; they are
# kept by `model.numbers.draws.ratio`. Code that asks whether a number is there may ask it of data alone.

ASKS = {"isfinite", "isnan", "isinf", "nan_to_num", "isna", "isnull", "notna", "notnull", "dropna"}
OUTCOMES = {"value", "low", "high", "predicted", "measured", "median"}  # names of numbers of data/, and of answers, too
ALLOWED = {  # whose numbers may be missing, and why that selects nothing by an outcome
    "model/studies/claims/register.py": {
        "claimed": "a reading without a number to claim",
        "computed": "a claim whose numbers the study lacks",
    },
    "model/studies/claims/rule.py": {
        "claimed": "a reading without a number to claim",
        "drawn": "a claim whose numbers the study lacks",
        "share": "a claim whose numbers the study lacks",
        "side": "a number without recorded bounds",
    },
    "model/studies/cluster/report.py": {
        "ratios": "numbers that one of two machines lacks",
        "table": "machines with too few numbers to compare",
    },
    "model/studies/domain_costs/topologies.py": {"pairs": "networks in proportion, which say one thing twice"},
    "model/studies/idle.py": {"machines": "machines without a peak", "peaks": "machines without a peak"},
    "model/studies/interruptions/first_order.py": {"first_order": "jobs for which that form is not defined"},
    "model/studies/machines.py": {"value": "numbers that no source gives, counted"},
    "model/studies/reference.py": {"model": "equations of no model"},
    "model/studies/serving/frontiers.py": {
        "binds": "parts of a step without a roofline",
        "machines": "machines that lack a number",
    },
    "model/studies/saved_state.py": {"float(word)": "words of a link that are no numbers"},
    "model/studies/purchase.py": {
        "[one, other]": "speeds that one of two machines does not reach: no line leads there",
        "value": "speeds that a machine does not reach, said in words or not drawn",
    },
    "notebooks/claims.ipynb": {
        "which": "claims that are not true in part",
        "agreeing": "claims without draws",
    },
    "notebooks/generations.ipynb": {
        "generations": "machines that lack every number",
        "wide": "machines that lack a number, counted",
    },
    "model/studies/your_machine/contents.py": {
        "facts": "numbers that a workload lacks",
        "getattr(row, side)": "numbers without recorded bounds",
    },
    "model/studies/your_machine/programs.py": {"each": "an input that is left out, written as a word of its own"},
    "model/studies/your_machine/scenario.py": {"default": "an input that may be left out"},
    "model/studies/your_machine/steps.py": {"bound": "an input that is left out, written as a word of its own"},
    "model/studies/your_machine/training.py": {"default": "an input that may be left out"},
    "notebooks/purchase.ipynb": {"bought": "machines whose costs never cross"},
    "notebooks/reliability.ipynb": {"orders": "sizes of a job that were not simulated"},
    "notebooks/systems.ipynb": {"known": "machines that lack a number, counted"},
    "notebooks/your_cluster.ipynb": {
        "binds": "parts of a step without a roofline",
        "value": "questions for which the machine lacks a number",
    },
}


@cache
def recorded():
    """Return the names of all columns and quantities of data/, less those that answers carry, too."""
    names = {"catalog", "citations"}  # what reads the tables
    for table in (ROOT / "data").glob("*.csv"):
        with table.open(encoding="utf-8", newline="") as rows:
            rows = csv.DictReader(rows)
            names |= set(rows.fieldnames)
            if "quantity" in rows.fieldnames:
                names |= {row["quantity"] for row in rows}
    return {name for name in names if not ERROR.search(name)} - OUTCOMES


def subject(node):
    """Return the name of what is asked: of a column its own, of a table or an array that of the variable."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return subject(node.func.value)
    if isinstance(node, ast.Attribute) and node.attr in ("loc", "iloc", "T"):
        return subject(node.value)
    if isinstance(node, ast.Subscript):
        key = node.slice
        return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else subject(node.value)
    return {ast.Name: lambda: node.id, ast.Attribute: lambda: node.attr}.get(type(node), lambda: ast.unparse(node))()


def asked(code):
    """Return the names of all of which code asks whether their numbers are there."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, owner = node.func.attr, ast.unparse(node.func.value)
        if owner in ("np", "numpy", "pd", "math"):
            if name in ASKS or (name.startswith("nan") and owner != "pd"):
                found.append(subject(node.args[0]))
        elif name in ASKS:
            found.append(subject(node.func.value))
    return found


@pytest.mark.parametrize("path", [*STUDIES, *NOTEBOOKS], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_draw_is_left_out_by_its_outcome(path):
    allowed = ALLOWED.get(path.relative_to(ROOT).as_posix(), {})
    others = set(asked(code(path))) - recorded() - set(allowed)
    assert not others, "give every draw an outcome (model.numbers.draws.ratio), or say here which data may be missing"


def test_what_is_allowed_is_asked():
    for path, names in ALLOWED.items():
        assert set(names) <= set(asked(code(ROOT / path))), f"{path} no longer asks: take it off the list"


@pytest.mark.parametrize(
    "line",
    [
        "low, high = low_high(many[np.isfinite(many)])",  # how draws once went
        "spread = spread[np.isfinite(spread).all(axis=1)]",
        "low, high = np.nanpercentile(spread[:, held], [5, 95], axis=0)",
        "kept = drawn[~np.isnan(drawn)]",
        "gains = gains.dropna()",
        "gains = gains[gains.high.notna()]",
        "many = np.nan_to_num(above / below)",
        "gain = pd.Series(many / few).dropna().mean()",
        "rows = rows[rows['error'].notna()]",
        "share = math.isfinite(gain)",
    ],
)
def test_a_draw_that_falls_out_is_found(line):
    assert set(asked(line)) - recorded()


@pytest.mark.parametrize(
    "line",
    [
        "rows = rows[rows.role.notna()]",
        "lacking = catalog.load('systems').reindex(columns=names).isna().any(axis=1)",
        "inner = rows['transport'].isna()",
        "row = catalog.load('fabric').loc[topology].dropna()",
        "low, high = low_high(ratio(many, few).drawn)",
    ],
)
def test_missing_data_may_be_asked_for(line):
    assert not set(asked(line)) - recorded()
