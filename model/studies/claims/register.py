"""What is known of each claim beside its numbers: its words, the reading that decides it, its rows, its verdict."""

import pandas as pd

from model.numbers import catalog
from model.numbers.catalog import DataError
from model.numbers.draws import four_digits, told
from model.numbers.records import digest
from model.studies.claims.rule import MISLEADING, PART, SCALE, SUPPORT, TRUE, combine, decide

STRENGTH = ("measured", "spec", "derived", "claim", "estimate", "assumed")  # of evidence, strongest first
RELATION_WORDS = {"equals": "", "at least": "at least ", "at most": "at most ", "order of magnitude": "about "}
SCALES = {"CNY": (1e6, " million CNY"), "token/day": (1e12, " trillion tokens a day"), "1": (1, "")}


def titles():
    """Return what data/claims_titles.csv says of each claim, by claim.

    Columns title, words and english (a few of the article's own words, and their translation), law (the label of an
    equation in the book, or a word), untested (why nothing can be computed).
    """
    return catalog.words("claims_titles", optional=("words", "english", "law", "untested")).set_index("claim")


def frozen():
    """Return which reading decides each part of each claim: data/claims_readings.csv, its latest row for each part.

    Columns claim, part, primary and taken (keys of readings; missing: nothing decides, or nothing else is taken),
    support, why, frozen (the day). A row carries a digest of itself and of the numbers that data/claims.csv holds of
    its claim as long as no later row replaces it. DataError names a row that no longer fits: a reading or a threshold
    that was edited after its day.
    """
    rows = catalog.words("claims_readings", optional=("primary", "taken")).fillna("")
    last = ~rows.duplicated(["claim", "part"], keep="last")
    for line, row in enumerate(rows.itertuples(index=False), 2):
        right = frozen_digest(row[:-1]) if last[line - 2] else row.digest
        if row.digest != right:
            raise DataError(
                f"data/claims_readings.csv line {line}: {row.claim} {row.part}: the reading, or a number of the claim "
                f"in data/claims.csv, is not what was frozen on {row.frozen}: take it back, or append a row of a later "
                f"day that says why it changed, with the digest {right}"
            )
        if row.support not in SUPPORT:
            raise DataError(f"data/claims_readings.csv line {line}: support '{row.support}': write one of {SUPPORT}")
    return rows[last].drop(columns="digest").reset_index(drop=True)


def frozen_digest(fields):
    """Return the digest of a row of data/claims_readings.csv, fields without the digest, and of its claim's numbers."""
    rows = catalog.texts(catalog.DATA / "claims.csv").fillna("")
    rows = rows[rows.claim == fields[0]][["relation", "quantity", "value", "unit", "low", "high"]]
    return digest("", [*fields, *rows.to_numpy().ravel()])


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


def decided(judged):
    """Return the verdict on each part of each claim: what `frozen` says, and agreeing, agreeing_taken, verdict.

    judged: a frame of `rule.judge`. Nothing but the frozen readings, their support and their draws decides. A primary
    reading without draws raises ValueError; one that is missing cannot be tested.
    """
    shares = judged.set_index(["claim", "key"]).agreeing
    rows = frozen()
    for role, column in (("primary", "agreeing"), ("taken", "agreeing_taken")):
        asked = pd.MultiIndex.from_arrays([rows.claim, rows[role]])
        rows[column] = shares.reindex(asked).to_numpy()
        known = asked.isin(shares.index)
        if (bare := known & rows[column].isna() & claimed(asked, judged)).any():
            row = rows[bare].iloc[0]
            raise ValueError(f"{row.claim} rests on the reading {row[role]}, which has no draws")
    words = [decide(*each) for each in zip(rows.agreeing, rows.support, rows.agreeing_taken, strict=True)]
    return rows.assign(verdict=words)


def claimed(keys, judged):
    """Return for each (claim, key) whether both a number said and a number computed are known."""
    known = judged.set_index(["claim", "key"])
    return (known.claimed.notna() & known.computed.notna()).reindex(keys, fill_value=False).to_numpy()


def verdicts(judged):
    """Return one row for each claim: what is said and computed by the reading that decides, and the verdict by rule.

    judged: a frame of `rule.judge`. Columns claim, words, english, said, computed, reading and agreeing (of the first
    part that misleads, or else that has a primary reading), verdict, which (the parts that are true, where some are),
    weakest evidence, law.
    """
    kinds = evidence().groupby("claim").kind
    kinds = {claim: weakest(each) for claim, each in kinds}
    parts, rows = decided(judged), []
    known = judged.set_index(["claim", "key"])
    for claim, about in titles().iterrows():
        mine = parts[parts.claim == claim]
        stands = mine[mine.primary != ""].sort_values("verdict", key=lambda each: each != MISLEADING, kind="stable")
        stands = stands[pd.MultiIndex.from_frame(stands[["claim", "primary"]]).isin(known.index)]
        words = {"said": about.untested}
        if len(stands):
            words = _words(known.loc[(claim, stands.primary.iloc[0])])
            if stands.verdict.iloc[0] == MISLEADING:
                taken = _words(known.loc[(claim, stands.taken.iloc[0])])
                words["reading"] += f"; as a reader takes it {taken['computed']}, {taken['reading']}"
        word = combine(mine.verdict)
        true = ", ".join(mine.part[mine.verdict == TRUE]) if word == PART else None
        quoted = {"words": about.words, "english": about.english}
        rows.append(
            {
                "claim": claim,
                **quoted,
                **words,
                "verdict": word,
                "which": true,
                "weakest evidence": kinds.get(claim),
                "law": about.law,
            }
        )
    return pd.DataFrame(rows)


def counts(words):
    """Return how many of a Series of verdicts there are of each of rule.SCALE, under names without blanks."""
    short = ("true", "true_in_part", "open", "unsupported", "misleading", "false", "not_testable")
    return pd.Series({name: int((words == word).sum()) for name, word in zip(short, SCALE, strict=True)})


def readings(judged):
    """Return every reading in words, as a frame: claim, key, reading, said, computed, agreeing.

    judged: a frame of `rule.judge`.
    """
    known = judged.set_index(["claim", "key"])
    found = pd.DataFrame([_words(row) for _, row in known.iterrows()], index=known.index)
    found["said"] = found.said.where(known.claimed.notna())
    found["computed"] = found.computed.where(known.computed.notna())
    return found.reset_index()


def _words(row):
    """Return what is said and what is computed of one reading, as text."""
    scale, unit = SCALES.get(row.unit, (1, f" {row.unit}"))
    kind = catalog.read("claims").set_index(["claim", "quantity"]).kind[row.name[0], row.quantity]
    ours = "our reading: " if kind == "assumed" else ""
    claimed, *computed = (number / scale for number in (row.claimed, row.computed, row.low, row.high))
    return {
        "said": f"{ours}{RELATION_WORDS[row.relation]}{four_digits(claimed)}{unit}",
        "computed": told(*computed).replace(" (", f"{unit} (") if row.low != row.high else f"{told(*computed)}{unit}",
        "reading": row.reading,
        "agreeing": row.agreeing,
    }
