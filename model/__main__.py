"""The command line: what can be predicted, for which systems, from which sources; one number or a table of them."""

import json
import os
import sys
from math import isinf, isnan

import click
import pandas as pd

from model.notation.equation import latex
from model.notation.spelling import number, plain, shortened
from model.numbers import catalog
from model.numbers.files import text
from model.predictions import measured
from model.predictions.answer import STUDY, predict, software_names, with_and_without
from model.predictions.ask import explain
from model.predictions.forecasts import judge, record
from model.predictions.gaps import missing
from model.predictions.inputs import OPTIONAL, InputError, check, describe, named_system, renamed, synonyms, unknown
from model.predictions.need import need
from model.predictions.options import refuse_numbers
from model.predictions.quantities import QUANTITIES, quantity
from model.predictions.table import predict_file
from model.predictions.workers import cores
from model.studies import saved_state
from model.studies.unknown import in_symbols

TABLES = ("systems", "reliability", "serving", "network")
MEASURED = "measured"  # names the file of a reader's own measurements, beside the inputs


@click.group(help="Predictions of the supernode study, each with its interval and its sources.")
def main():
    """Group the commands."""


@main.command("quantities")
def list_quantities():
    """List what can be predicted: unit, inputs with defaults, equation."""
    for what in QUANTITIES.values():
        click.echo(f"{what.name} [{what.unit}]  {what.meaning}; system {what.system}")
        click.echo(f"  {latex(what.equation.lhs)} = {latex(what.equation.rhs)}   ({what.equation.source})")
        for each in what.inputs:
            default = (
                "required"
                if each.default is None
                else each.meaning
                if each.default == OPTIONAL
                else f"default {each.default}"
            )
            click.echo(f"  {each.name}: {describe(each)}; {default}")


@main.command("systems")
@click.argument("system", required=False)
@click.option("--missing", "gaps", is_flag=True, help="Say which rows a system lacks for which prediction.")
def list_systems(system, gaps):
    """List the systems, or one, with the softwares whose constants were fitted on each, and the pooled one."""
    for name in catalog.read("systems").system.unique() if system is None else [named_system(system)]:
        if gaps:
            _gaps(name)
            continue
        exchange, reduce = (", ".join(names) for names in software_names(name).values())
        click.echo(f"{name}  exchange: {exchange}  all-reduce: {reduce}")


def _gaps(system):
    found = missing(system)
    click.echo(f"{system}  {'' if len(found) else 'lacks nothing'}".rstrip())
    for (name, beyond), rows in found.groupby(["quantity", "beyond"], sort=False):
        tables = rows.groupby("table", sort=False).row
        needed = "; ".join(f"{', '.join(named)} (data/{table}.csv)" for table, named in tables)
        click.echo(f"  {name}{', beyond one domain,' if beyond else ''} lacks {needed}")


@main.command("source")
@click.argument("system")
def list_sources(system):
    """Print every number of a system with unit, kind, source and locator."""
    system, parts = named_system(system), []
    for table in TABLES:
        rows = catalog.read(table)
        rows = rows[rows.system == system]
        conditions = [name for name in catalog.keys(rows) if name not in ("system", "quantity")]
        given = rows[conditions].apply(lambda row: " ".join(f"{k}={v}" for k, v in row.dropna().items()), axis=1)
        parts.append(rows.assign(table=table, conditions=given if conditions else ""))
    listed = pd.concat(parts)[
        [
            "table",
            "quantity",
            "conditions",
            "value",
            "unit",
            "low",
            "high",
            "kind",
            "chosen",
            "source",
            "locator",
            "note",
        ]
    ]
    click.echo(listed.to_csv(index=False), nl=False)


@main.command("predict")
@click.argument("name", metavar="QUANTITY")
@click.argument("inputs", nargs=-1, metavar="[input=value]...")
@click.option("--system", help="System of rows that name none; see `systems`.")
@click.option("--table", type=click.Path(), help="CSV of points, one row each; answers go to standard output.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--interval/--no-interval", default=True, help="Compute low and high, the 5 and 95 % points.")
@click.option("--seed", default=0, show_default=True, help="Seed of the interval's draws.")
@click.option("--workers", type=click.IntRange(1), help="Processes that answer a long table; left out: one a core.")
@click.option("--pass", "passed", default="", metavar="NAME,...", help="Columns of the table that are no inputs.")
@click.option(
    "--explain", "explained", is_flag=True, help="Print the equations behind the answer, with numbers put in."
)
def predict_command(name, inputs, system, table, as_json, interval, seed, workers, passed, explained):
    """Predict QUANTITY from input=value pairs, or for each row of a table.

    measured=FILE.csv: your own measurements, in the columns of data/network.csv or data/serving.csv; answers come with
    them and without, and the error on those that are held back.
    """
    given, name = _pairs(quantity(name), inputs), quantity(name).name
    own = given.pop(MEASURED, None)
    _refuse_empty(system)
    if table is not None and not table.strip():
        raise InputError("--table names no file: give one, or leave it out and write input=value")
    if as_json and explained:
        raise InputError("--json prints one object, and --explain a text: leave one of them out")
    refuse_numbers(quantity(name).draws, seed)
    if table is None:
        if passed:
            raise InputError("--pass names columns of a table: give one with --table")
        _one(name, given, system, as_json, interval, seed, explained, own)
    else:
        if given or as_json or explained:
            raise InputError("--table takes its inputs from the file: leave input=value, --json and --explain out")
        known = [each for each in passed.split(",") if each]
        readings = measured.read(own) if own else None
        told = predict_file(name, table, sys.stdout, system, interval, seed, workers or cores(), known, readings)
        passing, read_as = told
        if readings:
            click.echo(f"{own}: {measured.held_back(readings, interval, seed).words()}", err=True)
        if passing:
            click.echo(f"{table}: passed through, not read: {', '.join(passing)}", err=True)
        _tell(read_as)


@main.command("need")
@click.argument("goal", metavar="QUANTITY=TARGET")
@click.argument("inputs", nargs=-1, metavar="for=INPUT [input=value]...")
@click.option("--system", help="System that is asked; see `systems`.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--interval/--no-interval", default=True, help="Compute low and high, the 5 and 95 % points.")
@click.option("--seed", default=0, show_default=True, help="Seed of the interval's draws.")
def need_command(goal, inputs, system, as_json, interval, seed):
    """Find the value of INPUT at which QUANTITY reaches TARGET, all else given.

    INPUT is a number of the quantity, or one of the system's, such as scale_up_bandwidth. Several values, or none,
    are answers, too. A count is the last whole number that still meets the target: times, idle shares, spares and
    devices needed are met from below, all else from above. measured=FILE.csv: your own measurements, as in `predict`.
    """
    name, _, word = goal.partition("=")
    what, target = quantity(name), number(word)
    given = _pairs(what, inputs)
    if isnan(target):
        raise InputError(f"'{shortened(goal)}' names no target: write {name}=NUMBER, in {what.unit}")
    if not (of := given.pop("for", "")):
        numbers = ", ".join(each.name for each in what.inputs if not each.choices)
        raise InputError(f"what is sought? Say for=INPUT: {name} has {numbers}")
    _refuse_empty(system)
    options = {"system": system, "interval": interval, "seed": seed, "measured": given.pop(MEASURED, "")}
    found = need(name, target, of, given, **options, where="the command line")
    click.echo(json.dumps(found.record()) if as_json else found.words())


@main.command("symbols")
@click.argument("name", metavar="QUANTITY")
@click.argument("inputs", nargs=-1, metavar="[input=value]...")
@click.option("--system", required=True, help="System of which numbers are missing; see `systems`.")
@click.option("--against", help="System against which it is to break even.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--interval/--no-interval", default=True, help="Compute the range of the break-even.")
def symbols_command(name, inputs, system, against, as_json, interval):
    """Print QUANTITY with known numbers put into its law, and what nobody published left as a symbol.

    A number of the system, such as scale_out_bandwidth=1e11, may be given beside the inputs. With --against: where the
    system is as good as another one, as an inequality in each missing number, and the range of its limit.
    """
    found = in_symbols(name, system, _pairs(quantity(name), inputs), against=against, interval=interval)
    click.echo(json.dumps(found.record()) if as_json else found.words())


@main.command("state")
@click.argument("link", metavar="LINK|FILE.yaml")
def state_command(link):
    """Turn a link of the page Your machine into a file of parameters for notebooks/your_cluster.ipynb, or back.

    A link, from its # on, prints the file; a file prints the link, to be put behind the page's address.
    """
    if not link.endswith((".yaml", ".yml")):
        click.echo(saved_state.write_file(saved_state.read_link(link)), nl=False)
        return
    try:
        state, left = saved_state.read_file(text(link, 2**20))
    except ValueError as error:
        raise InputError(f"{link}: {error}") from error
    if left:
        click.echo(f"{link}: the page has no place for {', '.join(left)}", err=True)
    click.echo(saved_state.write_link(state))


@main.command("record")
@click.argument("name", metavar="QUANTITY")
@click.option("--table", type=click.Path(), required=True, help="CSV of points that nobody here has seen measured.")
@click.option("--system", help="System of rows that name none; see `systems`.")
@click.option("--set", "group", help="Name of the set of points, where the table has no column set.")
@click.option("--date", help="Day of the predictions, such as 2030-12-31; left out: today.")
@click.option("--commit", help="Commit of the laws that predict; left out: the one that git has checked out.")
def record_command(name, table, system, group, date, commit):
    """Predict QUANTITY for each row of a table, and keep the predictions, dated, in data/forecasts.csv."""
    rows = record(name, table, system, group, date, commit)
    first = rows.iloc[0]
    click.echo(f"{len(rows)} predictions of {name}, {first.date}, laws of {first.commit}: commit data/forecasts.csv")


@main.command("judge")
@click.argument("name", metavar="QUANTITY")
@click.option("--table", type=click.Path(), required=True, help="CSV of those points with measured, source, locator.")
@click.option("--system", help="System of rows that name none; see `systems`.")
def judge_command(name, table, system):
    """Hold measurements of QUANTITY against their recorded predictions, and keep what came in data/blind.csv."""
    rows = judge(name, table, system)
    errors, inside = rows.error.astype(float).abs(), rows.inside.astype(int)
    click.echo(
        f"{name}: {inside.sum()} of {len(rows)} inside their intervals, mean error {errors.mean():.1%}, worst "
        f"{errors.max():.1%}: commit data/blind.csv"
    )


def _pairs(what, inputs):
    """Return {input: value} of input=value pairs; an empty value is refused, with what the quantity's input takes."""
    if loose := [pair for pair in inputs if not pair.partition("=")[0].strip() or "=" not in pair]:
        raise InputError(f"'{shortened(loose[0])}' is not input=value, without blanks around the sign")
    keys = [pair.partition("=")[0].strip() for pair in inputs]
    given = dict(zip(keys, (pair.partition("=")[2] for pair in inputs), strict=True))
    if empty := [key for key, value in given.items() if not value.strip()]:  # a variable of a shell that is not set
        takes = next((describe(each) for each in what.inputs if each.name == empty[0]), "a value")
        raise InputError(f"{shortened(empty[0])}= says nothing: write {takes}, or leave it out")
    if len(given) < len(inputs):
        raise InputError(f"{next(key for key in keys if keys.count(key) > 1)} is given twice")
    return given


def _refuse_twice(arguments):
    """Refuse an option that is given twice, where the last would count and nobody was told."""
    names = [each.partition("=")[0] for each in arguments if each.startswith("--")]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise InputError(f"{shortened(twice)} is given twice: leave one of the two out")


def _refuse_empty(system):
    """Refuse a system that is named by no letter, which is not the same as none."""
    if system is not None and not system.strip():
        raise InputError("--system names no system: leave it out, or give one that `python -m model systems` lists")


def _one(name, given, system, as_json, interval, seed, explained, own):
    what = quantity(name)
    written = system
    system = system and named_system(system, "the command line: ")
    names = [each.name for each in what.inputs]
    given = {synonyms(what, given).get(key, key): value for key, value in given.items()}
    for key in given:
        if plain(key) == "system":
            raise InputError(f"the system is an option of its own: write --system {given[key] or 'NAME'}")
        if key not in names:
            raise InputError(f"unknown input {shortened(key)}{unknown(what, key, given, [MEASURED])}")
    frame = pd.DataFrame({key: [value] for key, value in given.items()}, index=[0])
    where, held = "the command line", None
    if own is None:
        answer, sources = predict(name, frame, system, interval, seed, where=where)
    else:
        readings = measured.read(own)
        answer, sources = with_and_without(readings, name, frame, system, interval, seed, where=where)
        measured.refuse_unused(name, readings)
        held = measured.held_back(readings, interval, seed)
    _tell(renamed(frame, what, written))  # a refusal is one sentence
    value, unit, low, high = answer.iloc[0][["value", "unit", "low", "high"]]
    study = tuple(answer.iloc[0][list(STUDY)]) if held else None
    found = answer.drop(columns=["value", "unit", "low", "high", *(STUDY if held else ())])
    layout = {column: float(found[column].iloc[0]) for column in found if found[column].notna().iloc[0]}
    if as_json:
        numbers, texts = check(what, frame, system, where)
        used = {key: float(values[0]) for key, values in numbers.items() if not pd.isna(values[0])}
        used |= {key: words[0] for key, (_, words) in texts.items() if key != "system" and words[0]}
        spans = [_span(*each, interval) for each in ((value, low, high), study) if each]
        click.echo(
            json.dumps(
                {
                    "quantity": name,
                    "value": value,
                    "unit": unit,
                    "low": spans[0]["low"],
                    **{key: each for key, each in spans[0].items() if key in ("high", "note")},
                    "system": system,
                    "inputs": used,
                    **({"layout": layout} if len(found.columns) else {}),
                    "sources": sources,
                    **({"with": spans[0], "without": spans[1], "held_back": held.record()} if held else {}),
                }
            )
        )
    else:
        on = f" on {system}" if system else ""
        click.echo(f"{name} = {value:.6g} {unit}{_words(low, high, interval)}{on}")
        if held:
            click.echo(f"  with {held.from_file()}; without them: ", nl=False)
            click.echo(f"{study[0]:.6g} {unit}{_words(*study[1:], interval)}")
            click.echo(f"  {held.words()}")
        if layout:
            click.echo("  layout: " + ", ".join(f"{column} {number:.4g}" for column, number in layout.items()))
    if explained:
        _explain(name, given, system, own or "")


def _tell(read_as):
    """Say on standard error which word was read as which other."""
    for word, name in read_as.items():
        click.echo(f"{shortened(word)} is read as {name}", err=True)


NO_BOUND = "without an upper bound: in more than 5 % of the draws what is asked cannot be"


def _span(value, low, high, interval):
    """Return an answer for JSON, which knows no infinity: an end without bound is null, and a note says so."""
    if not interval:
        return {"value": value, "low": None, "high": None}
    return {"value": value, "low": low, **({"high": None, "note": NO_BOUND} if isinf(high) else {"high": high})}


def _words(low, high, interval):
    ends = f"from {low:.4g} on, {NO_BOUND}" if isinf(high) else f"{low:.4g} to {high:.4g}"
    return f" (5 to 95 %: {ends})" if interval else ""


def _explain(name, given, system, own):
    """Print the equations behind one answer with their values, the numbers put in, and the rows of data/ behind it."""
    why = explain(name, system=system, measured=own, **given)
    for row in why.equations.itertuples():
        click.echo(f"  {row.symbol} = {row.text} = {row.value:.6g} {row.unit}   ({row.source})")
    for row in why.numbers.itertuples():
        click.echo(f"    {row.symbol} = {row.value:.6g} {row.unit}: {row.meaning}")
    for row in why.rows.itertuples():
        locator = "" if pd.isna(row.locator) else f", {row.locator}"
        number = f"{row.name} {row.quantity} {row.value:g} {row.unit}"
        click.echo(f"    data/{row.table}.csv {number}: {row.source}{locator}")


def _silence():
    """Point standard output to nothing, so that what waits to be written is not tried again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(arguments=None):
    """Run the command line; bad input ends with exit code 2 and one sentence on standard error.

    What is printed is UTF-8 whatever the terminal says, and all of it has left before this returns.
    """
    if sys.stdout is None:
        click.echo("the answer cannot be written: standard output is closed", err=True)
        return 2
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        _refuse_twice(sys.argv[1:] if arguments is None else arguments)
        main(arguments, prog_name="python -m model", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the answers has enough
        _silence()
        return 1
    except OSError as error:
        _silence()
        place = f"{error.filename}" if error.filename else "the answer cannot be written"
        click.echo(f"{place}: {error.strerror or error}", err=True)
        return 2
    except (InputError, catalog.DataError, click.ClickException) as error:
        text = error.format_message() if isinstance(error, click.ClickException) else str(error)
        if text.startswith("No such command"):
            text += f" Choose one of {', '.join(main.commands)}."
        if isinstance(error, click.NoSuchOption):
            text += f" An input is written without dashes: {error.option_name.lstrip('-')}=VALUE."
        click.echo(" ".join(text.split()), err=True)
        return 2
    except click.Abort:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(run())
