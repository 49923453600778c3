"""A prediction set against its measurement: how far off it is, whether its interval held, and how wide that was."""

import numpy as np


def against(measured, predicted, low, high):
    """Return {name: array} of rows: error, inside, half_width.

    error: predicted over measured less one; inside: whether the measurement lies in the interval from low to high;
    half_width: half of ln(high/low).
    """
    return {
        "error": predicted / measured - 1,
        "inside": (low <= measured) & (measured <= high),
        "half_width": np.log(high / low) / 2,
    }
