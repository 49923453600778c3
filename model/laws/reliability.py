"""How often a job of many devices is interrupted, and how much of its time is then useful."""

import numpy as np
import sympy as sp
from scipy.special import gammaincinv

from model.notation.equation import Equation, Model, compute
from model.notation.nomenclature import (
    best_interval,
    checkpoint_gap,
    checkpoint_write,
    daly_interval,
    devices,
    domain,
    down_share,
    downtime,
    effective_training_share,
    fabric_availability,
    failure_rate,
    first_failure,
    first_order_share,
    interruptions,
    interval,
    job_mtbf,
    observation,
    part_life,
    reload,
    repair,
    restart,
    rework_share,
    shape,
    unavailability,
    units_in_repair,
    uptime_availability,
    wall_availability,
    wall_interval,
    whole_domain_share,
    write_share,
    young_interval,
)

counting = Model(
    equations=(Equation(failure_rate, interruptions / (devices * observation), "barlow1996"),),
    assumptions=("interruptions form a Poisson process: one constant rate, one after another independent",),
)

series_system = Model(
    equations=(Equation(job_mtbf, 1 / (devices * failure_rate), "barlow1996"),),
    assumptions=(
        "a fault of any device interrupts the whole job",
        "faults are independent and arrive at a constant rate",
        "every device has the same rate, its share of hosts, switches and software included",
    ),
    valid=(sp.Ge(devices, 1),),
)

fresh_parts = Model(
    equations=(Equation(first_failure, part_life * devices ** (-1 / shape), "barlow1996"),),
    assumptions=("all parts are new at the start and age alike", "a part's life follows a Weibull law"),
)

optimum = Model(
    equations=(
        Equation(job_mtbf, 1 / (devices * failure_rate), "barlow1996"),
        Equation(young_interval, sp.sqrt(2 * checkpoint_write * job_mtbf), "young1974"),
        Equation(
            daly_interval,
            sp.Piecewise(
                (
                    sp.sqrt(2 * checkpoint_write * job_mtbf)
                    * (1 + sp.sqrt(checkpoint_write / (2 * job_mtbf)) / 3 + checkpoint_write / (2 * job_mtbf) / 9)
                    - checkpoint_write,
                    checkpoint_write < 2 * job_mtbf,
                ),
                (job_mtbf, True),
            ),
            "daly2006",
        ),
        Equation(best_interval, job_mtbf * (1 + sp.LambertW(-sp.exp(-1 - checkpoint_write / job_mtbf))), "corless1996"),
    ),
    assumptions=("the assumptions of checkpointing; best_interval is exact under them, the other two are series",),
)

checkpointing = Model(
    equations=(
        Equation(job_mtbf, 1 / (devices * failure_rate), "barlow1996"),
        Equation(
            effective_training_share,
            interval
            / (
                sp.exp(reload / job_mtbf)
                * (job_mtbf + downtime)
                * (sp.exp((interval + checkpoint_write) / job_mtbf) - 1)
            ),
            "daly2006",
        ),
    ),
    assumptions=(
        "interruptions arrive at a constant rate, also while a checkpoint is written or loaded",
        "an interruption loses the work since the last complete checkpoint",
        "detection and replacement take a fixed time in which nothing fails",
        "writing blocks the job; interval is the work between two checkpoints, without the writing",
    ),
    valid=(sp.Ge(devices, 1),),
)

# What the rest of the time goes to: each segment writes once for good, and goes down as often as it is interrupted.
# Lost work and reloading are what is left of the time up: a sum, where one less the other shares has no digits if few
# faults come. A segment takes (e^x - 1) e^(reload / mtbf) mean times between interruptions, of which x stay.
_expected = (interval + checkpoint_write) / job_mtbf  # x, the interruptions in the length of a segment
_lost = 1 - (1 + _expected) * sp.exp(-_expected)
_reloading = _expected * sp.exp(-_expected) * (1 - sp.exp(-reload / job_mtbf))

losses = Model(
    equations=(
        *checkpointing.equations,
        Equation(write_share, effective_training_share * checkpoint_write / interval),
        Equation(down_share, downtime / (job_mtbf + downtime)),
        Equation(rework_share, job_mtbf / (job_mtbf + downtime) * (_lost + _reloading) / (1 - sp.exp(-_expected))),
    ),
    assumptions=checkpointing.assumptions,
    valid=checkpointing.valid,
)

# The same, saving at the best interval: one closed form of devices, rate and recovery.
best_checkpointing = Model(
    equations=(
        optimum[job_mtbf],
        optimum[best_interval],
        Equation(interval, best_interval, "corless1996"),
        checkpointing[effective_training_share],
    ),
    assumptions=(*checkpointing.assumptions, "the job saves at the interval at which the share is largest"),
    valid=checkpointing.valid,
)

# First order in the rate (Kokolis et al.): restart and half a gap lost per interruption. Refused where it breaks.
first_order = Model(
    equations=(
        Equation(job_mtbf, 1 / (devices * failure_rate), "barlow1996"),
        Equation(
            first_order_share,
            (1 - (restart + checkpoint_gap / 2) / job_mtbf) / (1 + checkpoint_write / checkpoint_gap),
            "kokolis2025",
        ),
    ),
    assumptions=("at most one interruption between two checkpoints", "an interruption loses half a gap on average"),
    valid=(sp.Le(devices * failure_rate * (restart + checkpoint_gap / 2), sp.Rational(1, 5)),),
)

clock = Model(
    equations=(
        Equation(wall_availability, (wall_interval - downtime) / wall_interval),
        Equation(uptime_availability, job_mtbf / (job_mtbf + downtime)),
    ),
    assumptions=("wall_interval counts from one interruption to the next, job_mtbf counts time up only",),
)

spares = Model(
    equations=(Equation(units_in_repair, devices * failure_rate * repair, "barlow1996"),),
    assumptions=(
        "each fault takes its own devices out of use until it is repaired; the number under repair is Poisson",
        "a fault in devices that are already out costs nothing, which is left out: an upper bound",
    ),
)

whole_domain = Model(
    equations=(Equation(whole_domain_share, (1 - unavailability) ** domain * fabric_availability, "barlow1996"),),
    assumptions=("devices are out of use independently of each other", "one device out makes the domain incomplete"),
    valid=(sp.Le(unavailability, 1), sp.Le(fabric_availability, 1)),
)

# Units of which one more would be in repair for too large a share of the time.
_units_held = sp.Function("poisson_quantile")(sp.Symbol("confidence", positive=True), spares.solve(units_in_repair))


def rate_interval(count, exposure, confidence=0.90):
    """Return (low, high) of a Poisson rate from a count over an exposure, with exact coverage.

    count: interruptions, >= 0; exposure: device-time, in any unit; the rate is per that unit. confidence: of the
    central interval (0.90 gives the study's 5 and 95 % points). Source: garwood1936.
    """
    tail = (1 - confidence) / 2
    low = gammaincinv(np.asarray(count), tail)  # half of chi-square's quantile at 2n degrees of freedom
    high = gammaincinv(np.asarray(count) + 1, 1 - tail)
    return np.where(np.asarray(count) > 0, low, 0.0) / exposure, high / exposure


def spare_devices(devices, failure_rate, withdrawn, repair, confidence):
    """Return the devices to keep in reserve so that all are replaced at once with the confidence asked for.

    Units in repair are Poisson whatever the law of repair times (Palm), so the reserve is withdrawn times a quantile.
    failure_rate in 1/s, repair (its mean) in s; arrays broadcast. An upper bound. Source: barlow1996.
    """
    columns = {"devices": devices, "failure_rate": failure_rate, "repair": repair, "confidence": confidence}
    return withdrawn * compute(_units_held, columns)


def spare_devices_in_domains(devices, failure_rate, withdrawn, repair, confidence):
    """Return the reserve of spare_devices where a fault in a domain that is already out costs nothing.

    Domains of `withdrawn` devices, as many as hold the job, are out independently, each for the share of time
    a/(1 + a), a = withdrawn x failure_rate x repair: a binomial count. Units and source as spare_devices.
    """
    load = compute(
        spares.solve(units_in_repair), {"devices": withdrawn, "failure_rate": failure_rate, "repair": repair}
    )
    from scipy.stats import binom

    return withdrawn * binom.ppf(confidence, np.ceil(devices / withdrawn), load / (1 + load))
