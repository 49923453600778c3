"""Lines and dots with their intervals, and axes whose ticks are plain numbers."""

GREY = "#8a8a94"


def line(axis, x, rows, alpha=0.15, **style):
    """Draw a line with its band. rows: frame of value, low, high; style goes to matplotlib's plot."""
    (drawn,) = axis.plot(x, rows.value, **style)
    axis.fill_between(x, rows.low, rows.high, color=drawn.get_color(), alpha=alpha, linewidth=0)


def marks(axis, places, height=0.03):
    """Draw a dashed upright line at each place, with its name at its foot. places: {name: x}."""
    for name, place in places.items():
        axis.axvline(place, color=GREY, linewidth=1, linestyle="--")
        axis.text(place * 1.04, height, name, fontsize=9)


def level(axis, height, **style):
    """Draw a thin line across, at a number that others are compared with."""
    axis.axhline(height, **{"color": GREY, "linewidth": 1, **style})


def ticks(axis, numbers, which="x"):
    """Write plain numbers at an axis, thousands with a comma, and nothing in between."""
    names = [f"{number:,.10g}" for number in numbers]
    (axis.set_xticks if which == "x" else axis.set_yticks)(numbers, names)
    axis.minorticks_off()


def dots(axis, rows, tones):
    """Draw rows as dots with bars from left to right, one below the other, named at the left and coloured by kind.

    rows: frame of name, kind, value, low, high; tones: {kind: colour}, drawn in this order.
    """
    rows = rows.reset_index(drop=True)
    for kind, tone in tones.items():
        each = rows[rows.kind == kind]
        spread = [(each.value - each.low).clip(lower=0), (each.high - each.value).clip(lower=0)]
        axis.errorbar(each.value, each.index, xerr=spread, fmt="o", color=tone, label=kind)
    axis.set_yticks(rows.index, rows.name, fontsize=8)


def bars(axis, rows, value):
    """Draw a bar for each row, the last on top, named with what binds it in brackets, where anything does.

    rows: frame of name and binds, missing where nothing binds; value: Series of lengths, by the frame's index.
    """
    bound = rows.binds.where(rows.binds.isna(), " (" + rows.binds.astype("string") + ")").fillna("")
    axis.barh(rows.name + bound, value[rows.index], color="C0")
