"""Domains that fail: two kinds of fault, what each takes out of use, and clusters of faults."""

import sympy as sp
from scipy.optimize import brentq
from scipy.stats import betabinom, binom, nbinom, poisson

from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    correlation,
    devices,
    devices_out,
    devices_out_bound,
    dispersion,
    domain,
    domain_unavailability,
    domains,
    domains_out_variance,
    drain_availability,
    drain_repair,
    drain_share,
    drain_time,
    effective_training_share,
    failure_rate,
    installed_share,
    output_spared,
    output_whole,
    recovery,
    spare_devices,
    swap_time,
    tray_availability,
    tray_devices,
    tray_repair,
    trays,
)

# Time out of use for each time at work: small numbers, so that what is out never comes from a difference of shares.
_tray_out = tray_devices * failure_rate * (1 - drain_share) * tray_repair
_drain_out = domain * failure_rate * drain_share * drain_repair

two_rates = Model(
    equations=(
        Equation(tray_availability, 1 / (1 + _tray_out), "barlow1996"),
        Equation(drain_availability, 1 / (1 + _drain_out), "barlow1996"),
        Equation(
            devices_out,
            devices * tray_availability * drain_availability * (_tray_out + _drain_out + _tray_out * _drain_out),
        ),
        Equation(
            devices_out_bound,
            devices
            * failure_rate
            * ((1 - drain_share) * tray_devices * tray_repair + drain_share * domain * drain_repair),
        ),
    ),
    assumptions=(
        "each device brings its share of both kinds of fault, so that a domain drains in proportion to its size",
        "trays fail and domains drain independently of each other, each at a constant rate while it works",
    ),
    valid=(sp.Le(drain_share, 1), sp.Le(tray_devices, domain)),
)

held_back = Model(
    equations=(
        Equation(output_whole, trays * tray_availability**trays),
        Equation(
            output_spared,
            (trays - 2)
            * tray_availability ** (trays - 2)
            * (
                tray_availability**2
                + trays * tray_availability * (1 - tray_availability)
                + trays * (trays - 1) / 2 * (1 - tray_availability) ** 2
            ),
            "barlow1996",
        ),
    ),
    assumptions=(
        "a job takes the domain only with all the trays that it was promised",
        "trays are out independently of each other",
    ),
    valid=(sp.Ge(trays, 3), sp.Le(tray_availability, 1)),
)

two_recoveries = Model(
    equations=(
        Equation(recovery, (1 - drain_share) * swap_time + drain_share * drain_time),
        Equation(installed_share, effective_training_share * devices / (devices + spare_devices)),
    ),
    assumptions=("a spare is at hand for either kind of fault", "spares do no useful work while they wait"),
    valid=(sp.Le(drain_share, 1), sp.Le(effective_training_share, 1)),
)

clustered_domains = Model(
    equations=(
        Equation(
            domains_out_variance,
            domains * domain_unavailability * (1 - domain_unavailability) * (1 + (domains - 1) * correlation),
        ),
        Equation(dispersion, domains_out_variance / (domains * domain_unavailability * (1 - domain_unavailability))),
    ),
    assumptions=("every two domains are out together equally often, as if a common cause drew their unavailability",),
    valid=(sp.Le(domain_unavailability, 1), sp.Le(correlation, 1)),
)


def whole_domains(number, availability, confidence, correlation=0.0):
    """Return how many of `number` domains are whole at least, with the confidence asked for; arrays broadcast.

    Independent domains: a binomial count. correlation: of a beta-binomial one. Source: barlow1996.
    """
    return number - out_quantile(number, 1 - availability, confidence, correlation)


def out_quantile(number, unavailability, confidence, correlation=0.0):
    """Return the count of domains out of use that is not exceeded with the confidence asked for."""
    if correlation == 0:
        return binom.ppf(confidence, number, unavailability)
    weight = (1 - correlation) / correlation
    return betabinom.ppf(confidence, number, unavailability * weight, (1 - unavailability) * weight)


def availability_needed(whole, number, confidence):
    """Return the availability of one domain at which `whole` of `number` are up with that confidence, independently."""
    return brentq(lambda share: binom.sf(whole - 1, number, share) - confidence, 1e-9, 1 - 1e-9)


def worthwhile_availability(number):
    """Return the tray availability below which holding back two of `number` trays pays: see held_back."""
    gap = held_back.solve(output_spared - output_whole).subs(trays, number)
    return brentq(sp.lambdify(tray_availability, gap), 0.5, 1 - 1e-6)


def units_needed(mean, confidence, dispersion=1.0):
    """Return the units in repair that are not exceeded with that confidence: Poisson, negative binomial if clustered.

    mean: of the count, array or number; dispersion: variance over mean, at least 1.
    """
    if dispersion == 1:
        return poisson.ppf(confidence, mean)
    return nbinom.ppf(confidence, mean / (dispersion - 1), 1 / dispersion)
