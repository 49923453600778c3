"""What a domain of another size is worth and costs: useful work, break-even, and the bill of its fabric."""

import sympy as sp

from model.laws import two_tiers
from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    bare_power,
    bare_price,
    break_even_premium,
    break_even_ranks,
    compute_time,
    decode_throughput,
    device_draw,
    device_price,
    domain,
    domain_gain,
    domain_price,
    drain_availability,
    fabric_device_cost,
    fabric_device_power,
    failure_rate,
    group_devices,
    inner_share,
    installed_share,
    instance_recovery,
    large_step_time,
    needed_share,
    outer_time,
    premium,
    ranks,
    scale_out_bandwidth,
    scale_up_bandwidth,
    served,
    service_throughput,
    serving_power,
    serving_share,
    small_domain,
    small_step_time,
    small_throughput,
    trained,
    training_throughput,
    tray_availability,
    volume,
)

useful = Model(
    equations=(
        Equation(trained, installed_share * training_throughput),
        Equation(
            serving_share,
            tray_availability * drain_availability / (1 + group_devices * failure_rate * instance_recovery),
        ),
        Equation(served, serving_share * decode_throughput),
    ),
    assumptions=(
        "a training job keeps spares for all that it needs; a serving instance makes do with the trays that work",
        "a fault of any of its devices stops a serving instance until it has recovered",
    ),
)

_outer = (
    two_tiers.two_tier[outer_time].rhs.subs(inner_share, two_tiers.two_tier[inner_share].rhs).subs(domain, small_domain)
)
break_even = Model(
    equations=(
        Equation(small_step_time, compute_time + _outer, "hockney1994"),
        Equation(large_step_time, compute_time + volume / scale_up_bandwidth, "hockney1994"),
        Equation(domain_gain, small_step_time / (premium * large_step_time)),
        Equation(
            needed_share,
            scale_out_bandwidth * ((premium - 1) * compute_time / volume + premium / scale_up_bandwidth),
        ),
        Equation(break_even_ranks, 1 + (small_domain - 1) / (1 - needed_share)),
    ),
    assumptions=(
        "the larger domain holds the whole group, the smaller ones a part of it each, and their outer network binds",
        "exchanges are waited for; no start-up time",
    ),
    valid=(sp.Gt(ranks, small_domain), sp.Lt(needed_share, 1)),
)

affordable = Model(
    equations=(Equation(break_even_premium, service_throughput / small_throughput),),
    assumptions=(
        "the same devices, network cards and software in domains of either size, each at its best layout",
        "faults, which cost a larger domain more, are left out",
    ),
)

bare = Model(
    equations=(
        Equation(bare_price, domain_price / domain - fabric_device_cost),
        Equation(bare_power, serving_power - fabric_device_power),
    ),
    assumptions=("the fabric of a machine as it is sold costs and draws what the law of scale-up fabrics says",),
)

resized = Model(
    equations=(
        Equation(device_price, bare_price + fabric_device_cost),
        Equation(device_draw, bare_power + fabric_device_power),
    ),
    assumptions=("a domain of another size changes the scale-up fabric and nothing else of a machine",),
)
