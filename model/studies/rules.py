"""Rules of thumb: what a law becomes in a limit, beside what the whole law says of every machine."""

import numpy as np
import pandas as pd
import sympy as sp

from model.laws import step as laws
from model.laws import two_tiers
from model.machine import step
from model.machine.memory import largest_batch
from model.notation import nomenclature as symbols
from model.notation.equation import Equation, compute
from model.numbers import catalog
from model.predictions.answer import predict
from model.studies import bandwidth
from model.studies.interruptions.bounds import first_order_loss
from model.studies.serving import frontiers

FAR = 2.0  # a rule that errs by more than this factor is marked


def far(over):
    """Tell of ratios of rule to law whether the rule errs by more than a factor of FAR either way; none is not far."""
    over = np.asarray(over, float)
    return (over > FAR) | (over < 1 / FAR)


def marked(over):
    """Return the ratio of a rule to its law as text, with a mark where it is far."""
    return f"{over:.2f}" + (" ✗" if far(over) else "")


def count(frame, columns):
    """Return how many machines a frame of ratios has, and in how many each of the columns is far.

    Rows machines and, for each column, its name after `far_`. Pages quote far_few and far_many of exchanges; far_job,
    far_large and far_huge of losses; far_reads_few, far_floor_few, far_floor_many and far_works_many of steps.
    """
    return pd.Series({"machines": len(frame)} | {f"far_{name}": int(far(frame[name]).sum()) for name in columns})


# An exchange.


def outside():
    """Return the time of an exchange in a group much larger than its domain, where next to nothing stays inside."""
    time = two_tiers.two_tier.solve(symbols.outer_time)
    return Equation(symbols.parallel_time, sp.limit(time, symbols.ranks, sp.oo))


def inside():
    """Return the time of an exchange whose group is its domain, so that nothing leaves it."""
    time = two_tiers.two_tier.solve(symbols.parallel_time)
    return Equation(symbols.parallel_time, sp.simplify(time.subs(symbols.domain, symbols.ranks)))


def exchanges(systems, workload, ranks, few, many):
    """Return a dispatch of a workload's layer by rule and by law, a row for each system that reaches the ranks.

    Columns system, crosses (scale-up or scale-out, which the rule takes), law and rule (s, of `few` tokens of a rank at
    one byte an element), few and many: rule over law at as many tokens. The rule: all copies of all tokens, over the
    link of one rank. Laws: laws.exchange; two_tiers in the limits of `inside` and `outside`.
    """
    networks = bandwidth.networks(systems)
    points = bandwidth.points(networks, ranks)
    points = points[points.ranks == ranks].reset_index(drop=True)
    shape, dies = catalog.load("workloads").loc[workload], catalog.load("systems").dies
    own = networks.loc[points.system].assign(dies=dies)
    fits = (own.domain * own.dies >= ranks).to_numpy()
    links = {
        "scale_up_bandwidth": (own.scale_up_bandwidth / own.dies).to_numpy(),
        "scale_out_bandwidth": (own.scale_out_bandwidth / own.dies).to_numpy(),
    }
    frame = pd.DataFrame({"system": points.system, "crosses": np.where(fits, "scale-up", "scale-out")})
    for name, tokens in (("few", few), ("many", many)):
        asked = points.assign(op="dispatch", tokens=float(tokens), bytes_per_element=1.0)
        asked = asked.assign(**{each: float(shape[each]) for each in ("hidden", "experts", "topk")})
        law = predict("all_to_all_time", asked, interval=False)[0].value.to_numpy()
        columns = links | {"volume": tokens * shape.topk * shape.hidden}
        rule = np.where(fits, compute(inside().rhs, columns), compute(outside().rhs, columns))
        if name == "few":
            frame = frame.assign(law=law, rule=rule)
        frame[name] = rule / law
    return frame


# Time lost to faults.


def losses(systems, jobs, write):
    """Return the share of time that jobs lose by rule and by law, a row for each system with a failure rate.

    jobs: {name: devices}; write: checkpoint_write, downtime, reload, s. Columns system, law and rule (of the first
    job), and by name of each job rule over law. The rule: the law to first order in the rate, at Young's interval.
    """
    frame = pd.DataFrame({"system": systems})
    for name, devices in jobs.items():
        asked = frame[["system"]].assign(devices=float(devices))
        law = 1 - predict("effective_training_share", asked.assign(**write), interval=False)[0].value.to_numpy()
        mean = predict("job_mtbf", asked, interval=False)[0].value.to_numpy()
        rule = compute(first_order_loss(), write | {"job_mtbf": mean})
        if "law" not in frame:
            frame = frame.assign(law=law, rule=rule)
        frame[name] = rule / law
    return frame


# A step of decode.

KEPT = (symbols.dense_bytes, symbols.expert_bytes, symbols.kv_bytes, symbols.expert_flop, symbols.attention_flop)
PEAKS = (symbols.peak, symbols.dense_peak, symbols.attention_peak)
WHEN = ("few", "many")


def reads():
    """Return the time of a step that only reads, without losses: weights and cache over the memory bandwidth.

    The law with endless peaks, a memory efficiency of one, no small kernels and nothing exchanged.
    """
    gone = (symbols.layer_overhead, symbols.activation_time, symbols.exchange_time)
    return _limit(PEAKS, gone, (symbols.memory_efficiency,))


def works():
    """Return the time of a step that only computes, without losses: operations over their peaks.

    The law with an endless memory bandwidth, a product efficiency of one, no small kernels, even experts and nothing
    exchanged.
    """
    gone = (symbols.layer_overhead, symbols.activation_time, symbols.exchange_time, symbols.skew)
    return _limit((symbols.memory_bandwidth,), gone, (symbols.product_efficiency,))


def floor():
    """Return the time of a step of so few requests that only what does not grow with them is left.

    Weights are read, small kernels launched, exchanges started: the law with endless peaks, no cache, no activations
    and no bytes to exchange.
    """
    gone = (symbols.kv_bytes, symbols.activation_time, symbols.exchange_transfer)
    return _limit(PEAKS, gone)


def _limit(endless, gone, whole=()):
    """Return the step of one batch where rates grow endless, terms are gone, and shares are whole; nothing is drafted.

    Attention is in data parallel, so that no tensor group adds anything up.
    """
    zero = dict.fromkeys((*gone, symbols.drafts, symbols.reduction_time), 0)
    put = zero | dict.fromkeys((*whole, symbols.passes, symbols.exchange_passes, symbols.exchanging), 1)
    time = laws.serial[symbols.step_time].rhs.subs(zero).subs(symbols.exchange_time, laws.serial.equations[0].rhs)
    for equation in reversed(laws.work.equations):
        if equation.lhs not in KEPT:
            time = time.subs(equation.lhs, equation.rhs)
    nothing = sp.Symbol("nothing", positive=True)
    time = time.subs(put).subs(dict.fromkeys(endless, 1 / nothing)).subs(nothing, 0)
    longest = time.replace(sp.Max, lambda *terms: sp.Max(*(term for term in terms if term != 0)))
    return Equation(symbols.step_time, sp.factor_terms(sp.expand_mul(longest, deep=False)))


def steps(service, systems, devices, few, many):
    """Return a step of decode by its rules and by law, a row for each system with the numbers and the memory.

    devices: of the group, experts over all of it; few, many: requests on a device. Columns system, precision (the
    narrowest), law (s, at few requests), and rule over law: reads_few, reads_many, and the same of floor and works.
    """
    rules, rows = {"reads": reads(), "floor": floor(), "works": works()}, []
    for name in frontiers.compared(systems):
        scenario, asked = service.scenario(name), service.asked(frontiers.narrowest(name))
        point = service.rows(devices, [float(few), float(many)])
        if (largest_batch(scenario, service.workload, asked.precision, point) < point["batch"]).any():
            continue
        law = step.duration(scenario, asked, point, False)
        constants = scenario.step_constants(step.engine_of(scenario))
        found = step.with_constants(scenario, step.columns(scenario, asked, point), constants)
        found |= laws.work.answers(found, KEPT)
        over = {name: np.broadcast_to(compute(rule.rhs, found), law.shape) / law for name, rule in rules.items()}
        ratios = {f"{rule}_{when}": each[i] for rule, each in over.items() for i, when in enumerate(WHEN)}
        rows.append({"system": name, "precision": asked.precision, "law": law[0], **ratios})
    return pd.DataFrame(rows)
