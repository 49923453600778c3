"""Numbers that remember their rows: those that stand in for others, and those that disagree."""

from model.views import citations


def test_a_column_is_filled_with_numbers_that_remember_another_row():
    failures = citations.numbers("reliability", {"failure_rate": "1/(1000 node day)", "interruptions": "1"})
    filled = citations.filled(failures.failure_rate, {"llama3-16k": 2.5}, failures.interruptions)
    assert filled["llama3-16k"] == 2.5
    assert filled["llama3-16k"].row.quantity == "interruptions"
    assert failures.failure_rate["llama3-16k"] != 2.5


def test_rivals_stand_beside_the_number_that_was_chosen():
    known = citations.numbers("systems", {"price": "USD"})
    rivals = citations.rivals(known, [("cloudmatrix384", "price"), ("no-such-system", "price")])
    assert list(rivals.index) == [("cloudmatrix384", "price")]
    assert rivals.chosen.iloc[0] == known.price["cloudmatrix384"]
    assert rivals.other.iloc[0] == known.price["cloudmatrix384"].others[0].value != rivals.chosen.iloc[0]
