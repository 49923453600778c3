"""How rows held back are told: of one and of many, with intervals and without, and where there is none."""

from model.predictions.held_back import HeldBack

RULE = "the largest quarter is held back"
ONE = HeldBack("mine.csv", 1, 1, RULE, 0.125, None, 0.25, None)
MANY = HeldBack("mine.csv", 12, 4, RULE, 0.021, 0.75, 0.084, 1.0)


def test_errors_are_shares_in_per_cent_and_the_studys_stand_beside():
    assert ONE.words() == f"held back: 1 row, mean error 12.5% (by the study alone 25.0%); {RULE}"
    assert MANY.words() == (
        f"held back: 4 rows, mean error 2.1%, 75% inside (by the study alone 8.4%, 100% inside); {RULE}"
    )
    for errors in ((), (0.1, 0.5, 0.2, 0.5)):  # without a row there is no error to tell
        assert HeldBack("mine.csv", 3, 0, RULE, *errors).words() == f"held back: no row; {RULE}"
    assert HeldBack("mine.csv", 3, 0, RULE).words() == f"held back: no row; {RULE}"


def test_how_many_rows_of_which_file_were_fitted_is_said():
    assert ONE.from_file() == "1 row of mine.csv" and MANY.from_file() == "12 rows of mine.csv"


def test_a_record_holds_what_was_given():
    assert HeldBack(**MANY.record()) == MANY
    assert MANY.record() | {"error": None} == HeldBack("mine.csv", 12, 4, RULE, None, 0.75, 0.084, 1.0).record()
