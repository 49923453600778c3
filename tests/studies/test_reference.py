"""The tables of symbols and laws leave nothing out."""

from pathlib import Path

from model.notation.nomenclature import NOMENCLATURE
from model.studies import reference

LAWS = Path(reference.laws.__path__[0])


def test_every_module_of_laws_that_writes_an_equation_is_listed_and_the_page_shows_it():
    equations = reference.equations()
    written = {path.stem for path in LAWS.glob("*.py") if "Equation(" in path.read_text(encoding="utf-8")}
    assert set(equations.module) == written
    page = (LAWS.parents[1] / "book" / "nomenclature.md").read_text(encoding="utf-8")
    assert all(f"::equations_{module}\n" in page for module in written)


def test_no_equation_is_listed_twice_and_every_written_one_is_listed():
    equations = reference.equations()
    assert not equations.duplicated(["module", "law", "left"]).any()
    assert len(equations) >= sum(path.read_text(encoding="utf-8").count("    Equation(") for path in LAWS.glob("*.py"))


def test_every_symbol_is_listed_once_and_one_of_a_law_names_its_module():
    equations = reference.equations()
    symbols = reference.symbols(equations).set_index("name")
    assert list(symbols.index) == [str(each) for each in NOMENCLATURE]
    for each in equations.itertuples():
        assert each.module in symbols.modules[each.left].split(", ")


def test_the_counts_are_those_of_the_tables():
    equations = reference.equations()
    counts = reference.counts(equations, reference.symbols(equations))
    assert counts.symbols == len(NOMENCLATURE)
    assert counts.models == len(reference.assumptions(equations)) < counts.equations
    assert 0 < counts.derived < counts.equations
