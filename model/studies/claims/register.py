"""What is known of each claim beside its numbers: title, law, the rows that it rests on, and the list of verdicts."""

import pandas as pd

from model.numbers import catalog
from model.studies.claims.rule import UNTESTED, VERDICTS, combine

STRENGTH = ("measured", "spec", "derived", "claim", "estimate", "assumed")  # of evidence, strongest first
RELATION_WORDS = {"equals": "", "at least": "at least ", "at most": "at most ", "order of magnitude": "about "}
SCALES = {"CNY": (1e6, " million CNY"), "token/day": (1e12, " million million tokens a day"), "1": (1, "")}


def titles():
    """Return what data/claims_titles.csv says of each claim, by claim.

    Columns title, leading (the quantity whose first reading stands for the claim; missing: the first of all), law (the
    label of an equation in the book, or a word), untested (why nothing can be computed).
    """
    return catalog.words("claims_titles", optional=("leading", "law", "untested")).set_index("claim")


def weakest(kinds):
    """Return the weakest kind of evidence among kinds; ValueError names an unknown one."""
    kinds = list(kinds)
    if unknown := set(kinds) - set(STRENGTH):
        raise ValueError(f"unknown kinds {sorted(unknown)}: choose among {', '.join(STRENGTH)}")
    return max(kinds, key=STRENGTH.index)


def evidence():
    """Return the rows of data/ behind each claim as a frame: claim, table, name, quantity, kind, source.

    What is read for a claim is listed in data/claims_evidence.csv; the study's own thresholds, rows of data/claims.csv
    of kind assumed, come first. The name is the one in the table's first column; where rows compete the chosen one
    counts. KeyError names a reference without a row.
    """
    rows = catalog.read("claims")
    ours = rows[rows.kind == "assumed"]
    own = pd.DataFrame({"claim": ours.claim, "table": "claims", "name": ours.claim, "quantity": ours.quantity})
    listed = pd.concat([own, catalog.words("claims_evidence")]).sort_values("claim", kind="stable")
    return pd.DataFrame([_row(*each) for each in listed.itertuples(index=False)])


def _row(claim, table, name, quantity):
    rows = catalog.read(table)
    rows = rows[(rows[rows.columns[0]] == name) & (rows.quantity == quantity) & (rows.chosen.fillna("") != "no")]
    if rows.empty:
        raise KeyError(f"data/{table}.csv has no {quantity} of {name}, on which {claim} rests")
    row = rows.iloc[0]
    numbers = {"claim": claim, "table": table, "name": name, "quantity": quantity}
    return {**numbers, "kind": row.kind, "source": row.source}


def verdicts(judged):
    """Return one row for each claim: what is said, computed, by which reading, and the verdict on all of its readings.

    judged: a frame of `rule.judge`. Columns claim, said, computed, reading, readings that hold, verdict, weakest
    evidence, law; the numbers as text, of the reading that stands for the claim.
    """
    kinds = evidence().groupby("claim").kind
    kinds = {claim: weakest(each) for claim, each in kinds}
    rows = []
    for claim, about in titles().iterrows():
        mine = judged[judged.claim == claim]
        leading = mine if pd.isna(about.leading) else mine[mine.quantity == about.leading]
        words = _words(leading.iloc[0]) if len(leading) else {"said": about.untested}
        if len(mine):
            words["readings that hold"] = f"{(mine.verdict == 'holds').sum()} of {len(mine)}"
        words["verdict"] = combine(mine.verdict) if len(mine) else UNTESTED
        rows.append({"claim": claim, **words, "weakest evidence": kinds.get(claim), "law": about.law})
    return pd.DataFrame(rows).fillna("–")


def counts(words):
    """Return how many of a Series of verdicts hold, hold with a condition, fail, or cannot be tested."""
    short = zip(("holds", "condition", "fails", "untested"), VERDICTS, strict=True)
    return pd.Series({name: int((words == verdict).sum()) for name, verdict in short})


def _words(row):
    """Return what is said and what is computed of one reading, as text."""
    scale, unit = SCALES.get(row.unit, (1, f" {row.unit}"))
    kind = catalog.read("claims").set_index(["claim", "quantity"]).kind[row.claim, row.quantity]
    ours = "our reading: " if kind == "assumed" else ""
    limits = f" ({_text(row.low / scale, 3)} to {_text(row.high / scale, 3)})" if row.low != row.high else ""
    return {
        "said": f"{ours}{RELATION_WORDS[row.relation]}{_text(row.claimed / scale)}{unit}",
        "computed": f"{_text(row.computed / scale)}{unit}{limits}",
        "reading": row.reading,
    }


def _text(number, digits=4):
    return f"{float(f'{number:.{digits}g}'):,.10g}"
