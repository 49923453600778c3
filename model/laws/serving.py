"""Serving: what fits into memory, how fast one user is served, how many users a device serves, at what cost."""

import sympy as sp

from model.laws.step import cache_copies, cached, slots, window
from model.notation.equation import Equation, Model
from model.notation.nomenclature import (
    batch,
    batch_limit,
    break_even,
    busy_share,
    decode_throughput,
    dense_ffn_parameters,
    dense_parameters,
    dense_weight_bytes,
    device_price,
    domain,
    domain_price,
    embedding_parameters,
    expert_devices,
    expert_parameters,
    expert_slots,
    fleet,
    group_devices,
    held_bytes,
    input_tokens,
    kv_bytes_per_element,
    memory_capacity,
    memory_usable,
    moe_layers,
    month,
    monthly_budget,
    output_tokens,
    prefill_share,
    prefill_throughput,
    purchase_budget,
    rent,
    rent_ratio,
    request_bytes,
    service_throughput,
    serving_power,
    site_power,
    state_elements,
    state_width,
    step_time,
    tensor_devices,
    token_cost,
    token_energy,
    token_price,
    token_time,
    tokens_per_step,
    user_speed,
    users,
    users_served,
    weight_bytes,
)

memory = Model(
    equations=(
        slots,
        window,
        Equation(
            held_bytes,
            (
                dense_ffn_parameters * weight_bytes
                + (dense_parameters - dense_ffn_parameters + embedding_parameters) * dense_weight_bytes
            )
            / tensor_devices
            + moe_layers * expert_slots * expert_devices / group_devices * expert_parameters * weight_bytes,
        ),
        Equation(
            request_bytes,
            cached * kv_bytes_per_element * cache_copies + state_width * state_elements,
            "deepseek2024v3",
        ),
        Equation(batch_limit, (memory_usable * memory_capacity - held_bytes) / request_bytes),
    ),
    assumptions=(
        "weights and cache share one part of the memory; activations, buffers and fragments take the rest",
        "each rank of a tensor group keeps what of the group's cache cannot be split over heads",
    ),
)

speed = Model(
    equations=(
        Equation(user_speed, tokens_per_step / step_time),
        Equation(decode_throughput, batch * user_speed),
        Equation(users, decode_throughput / user_speed),
    ),
    assumptions=("all requests of a device take every step together",),
)

# Prefill and decode have devices of their own, as many of each as keep pace with the other.
service = Model(
    equations=(
        Equation(
            service_throughput,
            (input_tokens + output_tokens) / (output_tokens / decode_throughput + input_tokens / prefill_throughput),
        ),
        Equation(
            prefill_share,
            (input_tokens / prefill_throughput)
            / (output_tokens / decode_throughput + input_tokens / prefill_throughput),
        ),
    ),
    assumptions=(
        "requests come as fast as they are served: queueing is left out",
        "moving the cache from prefill to decode takes no device's time",
    ),
)

# One group of devices decodes and takes prompts in between.
interleaved = Model(
    equations=(
        Equation(
            token_time,
            step_time
            + (batch * group_devices - 1) * input_tokens / (output_tokens * group_devices * prefill_throughput),
        ),
    ),
    assumptions=(
        "while a request gets its answer, each other one of its group ends once, and the next one's prompt runs",
        "a prompt delays all answers by its share of a step of prompts; time to a first token is not counted",
    ),
    valid=(sp.Ge(batch * group_devices, 1),),
)

# Where a machine has a price and no rent: at the ratio of the two on a machine that has both.
rent_from_price = Model(
    equations=(Equation(rent, rent_ratio * domain_price / domain),),
    assumptions=(
        "price and rent keep one ratio: the same years, interest, building and power for each dollar of price",
    ),
)

cost = Model(
    equations=(
        Equation(token_cost, rent / (busy_share * decode_throughput)),
        Equation(token_energy, serving_power / (busy_share * decode_throughput)),
        Equation(break_even, rent / (token_price * decode_throughput)),
    ),
    assumptions=(
        "a device costs and draws as much while it waits for demand",
        "decode devices alone: prefill has devices of its own",
    ),
    valid=(sp.Le(busy_share, 1),),
)

# Users of a whole service, from what limits how many devices it has: their number, power, rent or price.
_served = Equation(
    users_served, fleet * service_throughput * output_tokens / ((input_tokens + output_tokens) * user_speed)
)
_even = "requests come as fast as they are served, at all hours: what waits or idles is left out"
fleet_users = Model((_served,), (_even,))
power_users = Model(
    (Equation(fleet, site_power / serving_power), _served),
    (_even, "power is that of the machines at their maximum: the hall's cooling and network are left out"),
)
rent_users = Model((Equation(fleet, monthly_budget / (month * rent)), _served), (_even,))
purchase_users = Model(
    (Equation(fleet, purchase_budget / device_price), _served),
    (_even, "a price is that of a whole domain shared out: the hall and the network between domains are left out"),
)
