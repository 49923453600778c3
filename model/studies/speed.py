"""What a recorded table of speeds, data/speed.csv, says: numbers of tools side by side, and how cost grows."""

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from model.notation.units import size
from model.numbers import catalog

OTHERS = {"numexpr": "numexpr", "mlsysim": "mlsysim", "genz-llm": "GenZ"}  # tools and how they are written


def part(name):
    """Return the rows of one part of the table in base units: columns as there; a range that is not there is nan."""
    rows = catalog.read("speed")
    if name not in set(rows.part):
        raise ValueError(f"data/speed.csv has no part {name}: choose one of {', '.join(sorted(set(rows.part)))}")
    rows = rows[rows.part == name].reset_index(drop=True)
    numbers = list(catalog.NUMBERS)
    rows[numbers] = rows[numbers].mul(rows.unit.map(size), axis=0)
    return rows


def side_by_side(rows, quantity, index="subject"):
    """Return a frame with one row for each value of index, in their order, and one column for each tool."""
    rows = rows[rows.quantity == quantity]
    return rows.pivot(index=index, columns="tool", values="value").reindex(rows[index].drop_duplicates())


def growth(numbers, costs):
    """Return (start, each, exponent) of cost = start + each x number^exponent, fitted to the logarithms of the costs.

    numbers, costs: arrays of at least three points, ascending, positive; start and each in the unit of the costs.
    """
    numbers, costs = (np.asarray(values, dtype=float) for values in (numbers, costs))
    if len(numbers) < 3:
        raise ValueError(f"{len(numbers)} points do not show how a cost grows: measure at three sizes at least")
    exponent = np.log(costs[-1] / costs[-2]) / np.log(numbers[-1] / numbers[-2])
    first = [np.log(costs[0]), np.log(costs[-1]) - exponent * np.log(numbers[-1]), exponent]
    found = least_squares(_off, first, x_scale="jac", args=(np.log(numbers), np.log(costs))).x
    return float(np.exp(found[0])), float(np.exp(found[1])), float(found[2])


def _off(found, log_numbers, log_costs):
    return np.logaddexp(found[0], found[1] + found[2] * log_numbers) - log_costs


def host():
    """Return what was measured on: day, processor, versions, cores."""
    row = part("machine").iloc[0]
    day, processor, versions = row.note.split("; ")
    return pd.Series({"day": day, "processor": processor, "versions": versions, "cores": row.value})


def ratios(laws):
    """Return rows per second of the study over those of each tool: tool, subject, value, low, high; laws: of part()."""
    return laws[laws.quantity == "ratio"][["tool", "subject", "value", "low", "high"]].reset_index(drop=True)


def ratio_facts(ratios):
    """Return of each tool the least and most ratio, the quantity of the least, and how many quantities it answers."""
    grouped = ratios.set_index("subject").groupby("tool").value
    facts = grouped.agg(least="min", most="max", least_quantity="idxmin", quantities="count")
    return facts.rename(index=OTHERS)


def law_table(laws):
    """Return the speeds of every quantity, rows per second, and ratios to numpy by hand and to each other tool."""
    rates, over = side_by_side(laws, "rate"), ratios(laws).set_index(["tool", "subject"])
    alone = laws[(laws.quantity == "law_ratio") & (laws.tool == "numpy")].set_index("subject").value
    frame = rates[["study", "study-law", "numpy"]].set_axis(["study", "law alone", "by hand"], axis=1)
    by_hand = over.loc["numpy"]
    frame = frame.assign(**{"of by hand": by_hand.value, "low": by_hand.low, "high": by_hand.high})
    frame["law of by hand"] = alone
    return frame.assign(**{f"times {word}": over.loc[tool].value for tool, word in OTHERS.items()})


def table_costs(tables):
    """Return what tables of growing length cost, by rows: s, MB and the ratio per core of the study and of a script."""
    spent = {name: side_by_side(tables, name, index="rows") for name in ("duration", "peak_memory", "ratio")}
    tools = {"study": "", "study-one-core": ", one core", "script": ", by hand"}
    seconds = {f"s{word}": spent["duration"][tool] for tool, word in tools.items()}
    memory = {f"MB{word}": spent["peak_memory"][tool] / size("MB") for tool, word in tools.items()}
    frame = pd.DataFrame(seconds | {"per core of by hand": spent["ratio"]["study"]} | memory)
    return frame.rename_axis("rows").reset_index()


def largest_table(tables):
    """Return the costs of the longest table: value, low, high of seconds, memory and script_memory (GB), ratio."""
    rows = tables[tables["rows"] == tables["rows"].max()].set_index(["quantity", "tool"])
    places = {
        "seconds": ("duration", "study", 1),
        "memory": ("peak_memory", "study", size("GB")),
        "script_memory": ("peak_memory", "script", size("GB")),
        "ratio": ("ratio", "study", 1),
    }
    found = {
        name: rows.loc[(quantity, tool), ["value", "low", "high"]] / unit
        for name, (quantity, tool, unit) in places.items()
    }
    return pd.DataFrame(found).T


def table_growth(tables):
    """Return the start of a table, s of a processor, and the exponent with which its cost grows."""
    spent = side_by_side(tables, "processor_time", index="rows").study
    start, _, exponent = growth(spent.index, spent)
    return pd.Series({"start": start, "exponent": exponent})


def sweep_costs(sweeps):
    """Return what sweeps of growing size cost: scenarios, s, s of processors, s for each."""
    took = {name: side_by_side(sweeps, name, index="rows").study for name in ("duration", "processor_time")}
    frame = pd.DataFrame({"s": took["duration"], "s of processors": took["processor_time"]})
    frame = frame.rename_axis("scenarios").reset_index()
    return frame.assign(**{"s for each": frame.s / frame.scenarios})


def sweep_facts(sweeps, costs, scenarios, at_once):
    """Return what a sweep costs and what that foretells of one of `scenarios`, `at_once` side by side.

    costs: of sweep_costs. scenarios and seconds of the largest one measured; start, each, exponent of its growth;
    processor_seconds of a run; foretold, s; foretold_hours, of one processor.
    """
    start, each, exponent = growth(costs.scenarios, costs.s)
    _, processor_each, _ = growth(costs.scenarios, costs["s of processors"])
    return pd.Series(
        {
            "notebook": sweeps.subject.iloc[0],
            "scenarios": costs.scenarios.iloc[-1],
            "seconds": costs.s.iloc[-1],
            "same_outputs": sweeps[sweeps.quantity == "same_outputs"].value.iloc[0],
            "start": start,
            "each": each,
            "exponent": exponent,
            "processor_seconds": processor_each,
            "foretold": start + processor_each * scenarios / at_once,
            "foretold_hours": processor_each * scenarios / size("h"),
        }
    )


def sweep_rivals(sweeps):
    """Return value, low, high of papermill's seconds for the same sweep, and of how much faster the study's is."""
    papermill = sweeps[sweeps.tool == "papermill"].set_index("quantity")
    ratio = sweeps[sweeps.quantity == "ratio"].set_index("tool")
    rows = {"papermill": papermill.loc["duration"], "ratio": ratio.loc["study, wall-clock"]}
    return pd.DataFrame({name: row[["value", "low", "high"]] for name, row in rows.items()}).T


def growth_lines(tables, sweeps):
    """Return processor seconds over sizes: of, tool, rows, value, each (for a million rows of a table, or a run)."""
    parts = []
    for of, frame, tools, unit in (
        ("rows", tables, ("study", "script"), 1e6),
        ("scenarios", sweeps, ("study", "papermill"), 1),
    ):
        for tool in tools:
            rows = frame[(frame.tool == tool) & (frame.quantity == "processor_time")].sort_values("rows")
            parts.append(rows.assign(of=of, each=rows.value / rows["rows"] * unit))
    return pd.concat(parts, ignore_index=True)[["of", "tool", "rows", "value", "each"]]


def builds():
    """Return what building the book costs, cold and warm: duration and processor_time (s), memory (GB)."""
    frame = part("builds").pivot(index="tool", columns="quantity", values="value")
    return frame.assign(memory=frame.peak_memory / size("GB"))[["duration", "processor_time", "memory"]]
