"""Every quantity by its name, in any letters, and the nearest one where there is none."""

import pytest

from model.predictions.inputs import InputError
from model.predictions.quantities import QUANTITIES, quantity


def test_a_quantity_answers_to_its_name_in_any_letters_and_to_no_other():
    for name, each in QUANTITIES.items():
        assert each.name == name and quantity(name) is quantity(name.upper().replace("_", " ")) is each
    with pytest.raises(InputError, match="unknown quantity job_mtfb; did you mean job_mtbf?"):
        quantity("job_mtfb")
    with pytest.raises(InputError, match="unknown quantity 7: choose one of all_to_all_time"):
        quantity(7)
