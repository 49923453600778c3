"""Nomenclature: every symbol of the study, once, with its LaTeX, its unit and one sentence of meaning.

A symbol has one name everywhere: in the laws, as a column of a frame, in data/ and on the command line.
Bandwidths are one direction, per device (package), peaks are dense, unless the sentence says otherwise.
"""

from typing import NamedTuple

import sympy as sp

from model.notation.units import UNITS


class Entry(NamedTuple):
    latex: str
    unit: str
    meaning: str


NOMENCLATURE: dict[sp.Symbol, Entry] = {}


def symbol(name, latex, unit, meaning):
    """Enter a positive symbol in the nomenclature and return it, a plain sympy Symbol.

    Raises ValueError where the name is taken or the unit is not in model.notation.units.UNITS.
    """
    new = sp.Symbol(name, positive=True)
    if new in NOMENCLATURE:
        raise ValueError(f"{name} already means: {NOMENCLATURE[new].meaning}")
    if unit not in UNITS:
        raise ValueError(f"{name}: unit {unit} is not in model.notation.units.UNITS")
    NOMENCLATURE[new] = Entry(latex, unit, meaning)
    return new


# Machine
domain = symbol("domain", "G", "1", "devices in one scale-up domain")
devices = symbol("devices", "N", "1", "devices that a job or a cluster uses")
dies = symbol("dies", "d", "1", "dies of a device that take part in an exchange as ranks of their own")
scale_up_bandwidth = symbol(
    "scale_up_bandwidth", r"B_\uparrow", "GB/s", "scale-up bandwidth of one rank, one direction, as specified"
)
scale_out_bandwidth = symbol(
    "scale_out_bandwidth", r"B_\rightarrow", "GB/s", "scale-out bandwidth of one rank, one direction, as specified"
)
scale_out_latency = symbol("scale_out_latency", r"\ell", "us", "time of one small message across the scale-out network")
peak = symbol("peak", r"\Pi", "TFLOP/s", "dense peak of a device at the precision of the matrix products")
memory_bandwidth = symbol("memory_bandwidth", r"B_M", "TB/s", "memory bandwidth of a device")

# Exchange of a mixture-of-experts layer
ranks = symbol("ranks", "P", "1", "ranks that take part in the exchange")
volume = symbol("volume", "V", "B", "bytes that each rank sends in all")
local_ranks = symbol("local_ranks", "L", "1", "ranks of the exchange in one scale-up domain")
package_ranks = symbol("package_ranks", "D", "1", "ranks of the exchange in one package")
inner_share = symbol("inner_share", "g", "1", "share of the traffic that stays in the domain")
inner_time = symbol("inner_time", r"T_\uparrow", "s", "time of the transfers inside the domain")
outer_time = symbol("outer_time", r"T_\rightarrow", "s", "time of the transfers between domains")
parallel_time = symbol("parallel_time", r"T_{\max}", "s", "time of an exchange whose two tiers run at the same time")
serial_time = symbol("serial_time", r"T_{\Sigma}", "s", "time of an exchange whose two tiers run in turn")
tokens = symbol("tokens", "t", "1", "tokens that each rank holds before the exchange")
hidden = symbol("hidden", "h", "1", "elements of one token's hidden vector")
experts = symbol("experts", "E", "1", "routed experts of a layer")
topk = symbol("topk", "k", "1", "routed experts that one token visits")
bytes_per_element = symbol("bytes_per_element", "w", "B", "bytes of one element on the wire")
scale_bytes = symbol("scale_bytes", "s", "B", "bytes of scaling factors that travel with one copy of a token")
payload = symbol("payload", "m", "B", "bytes of one copy of a token")
copies = symbol("copies", "c", "1", "copies of a token that its rank sends, its own share counted")
outer_copies = symbol(
    "outer_copies", r"c_\rightarrow", "1", "copies of a token that its rank sends to domains, its own domain counted"
)
destinations = symbol("destinations", "n", "1", "places (ranks or servers) among which a token's experts are spread")
distinct = symbol("distinct", r"\bar{n}", "1", "distinct places that one token visits, on average")
place_limit = symbol("place_limit", "M", "1", "places that the router lets one token visit at most")
inner_volume = symbol("inner_volume", r"V_\uparrow", "B", "bytes that a rank sends to other packages of its domain")
outer_volume = symbol("outer_volume", r"V_\rightarrow", "B", "bytes that a rank sends out of its domain")
startup = symbol("startup", r"\alpha", "s", "time that an operation of eight ranks takes before the first byte, fitted")
start_time = symbol("start_time", r"T_\alpha", "s", "time before the first byte at this number of ranks and copies")
growth = symbol("growth", r"\gamma", "1", "exponent of the number of ranks in an exchange's start-up time")
merging = symbol("merging", r"\mu", "1", "exponent of the copies of a token in an exchange's start-up time")
handled_copies = symbol(
    "handled_copies", r"c_\circ", "1", "work of a rank on one token of an exchange, in copies on the scale-up wire"
)
rank_copies = symbol("rank_copies", r"c_r", "1", "copies of a token that travel inside domains: ranks that it visits")
domain_copies = symbol("domain_copies", r"c_d", "1", "copies of a token that travel between domains: those it visits")
tokens_least = symbol("tokens_least", r"t_{\min}", "1", "tokens of a rank below which a software is not run")
inner_efficiency = symbol(
    "inner_efficiency", r"\eta_\uparrow", "1", "share of the specified scale-up bandwidth that transfers reach"
)
outer_efficiency = symbol(
    "outer_efficiency", r"\eta_\rightarrow", "1", "share of the specified scale-out bandwidth that transfers reach"
)
crossings = symbol("crossings", r"x", "1", "network crossings, one after another, of a transfer that leaves the domain")
all_to_all_time = symbol("all_to_all_time", r"T_{\mathrm{a2a}}", "s", "time of one dispatch or combine")
layers = symbol("layers", r"\Lambda", "1", "layers of a model")
layer_exchange_time = symbol(
    "layer_exchange_time", r"T_{\mathrm{layer}}", "s", "bandwidth bound of dispatch and combine of one layer"
)
step_exchange_time = symbol(
    "step_exchange_time", r"T_{\mathrm{step}}", "s", "bandwidth bound of all exchanges of one decode step"
)

# All-reduce
message = symbol("message", "S", "B", "bytes of the buffer that is reduced")
in_switch = symbol("in_switch", "z", "1", "1 where the switches reduce, 0 where only the ranks do")
servers = symbol("servers", r"\nu", "1", "scale-up domains that the ranks fill")
tree_crossings = symbol(
    "tree_crossings", r"K", "1", "times that a double binary tree over domains sends the whole buffer"
)
tree_hop = symbol("tree_hop", r"h_\wedge", "s", "time of one level of a tree between domains")
flag_hop = symbol(
    "flag_hop", r"h_\flat", "s", "time of one level of a tree between domains, of small messages with flags"
)
ring_hop = symbol("ring_hop", r"h_\circ", "s", "time of one step of a ring that leaves the domain")
uplink = symbol("uplink", r"u", "1", "devices of a domain whose scale-out cards one all-reduce drives")
switch_efficiency = symbol(
    "switch_efficiency", r"\eta_z", "1", "share of the scale-up bandwidth at which a library expects switches to reduce"
)
switch_share = symbol("switch_share", r"\kappa", "1", "what reduction in switches reaches, over what a library expects")
ring_efficiency = symbol("ring_efficiency", r"\eta_\circ", "1", "share of the scale-up bandwidth that a ring reaches")
waiting = symbol("waiting", r"\delta", "1", "exponent by which more devices of a domain wait for the slowest")
message_share = symbol(
    "message_share", r"\omega", "1", "share of the bytes on the wire that is the message, the rest being flags"
)
all_reduce_time = symbol("all_reduce_time", r"T_{\mathrm{ar}}", "s", "time of one all-reduce")
all_gather_time = symbol("all_gather_time", r"T_{\mathrm{ag}}", "s", "time of one all-gather")
reduce_scatter_time = symbol("reduce_scatter_time", r"T_{\mathrm{rs}}", "s", "time of one reduce-scatter")
bus_bandwidth = symbol(
    "bus_bandwidth", r"B_{\mathrm{bus}}", "GB/s", "nccl-tests' bus bandwidth: a convention, not a wire rate"
)

# Reliability
failure_rate = symbol("failure_rate", r"\lambda", "1/(device h)", "interruptions of one device per unit of time")
interruptions = symbol("interruptions", "n", "1", "interruptions counted")
observation = symbol("observation", r"T_{\mathrm{obs}}", "day", "time over which interruptions were counted")
job_mtbf = symbol("job_mtbf", "M", "h", "mean time between interruptions of a job")
checkpoint_write = symbol("checkpoint_write", "C", "s", "time for which writing a checkpoint blocks the job")
reload = symbol("reload", "R", "s", "time to load the last checkpoint and start again")
downtime = symbol("downtime", "D", "s", "time to detect a fault and replace what failed")
interval = symbol("interval", r"\tau", "s", "work between two checkpoints")
young_interval = symbol(
    "young_interval", r"\tau_{\mathrm{Y}}", "s", "first-order optimal interval, the checkpoint's own time not counted"
)
daly_interval = symbol("daly_interval", r"\tau_{\mathrm{D}}", "s", "Daly's series for the optimal interval")
best_interval = symbol("best_interval", r"\tau^*", "s", "interval at which the effective share is largest")
effective_training_share = symbol(
    "effective_training_share", "A", "1", "useful time over wall-clock time of a training job"
)
write_share = symbol("write_share", "A_C", "1", "share of wall-clock time spent on writing checkpoints that last")
down_share = symbol("down_share", "A_D", "1", "share of wall-clock time spent on detecting faults and replacing")
rework_share = symbol(
    "rework_share", "A_R", "1", "share of wall-clock time spent on work that is lost and on reloading"
)
first_order_share = symbol("first_order_share", r"A_1", "1", "effective share to first order in the failure rate")
checkpoint_gap = symbol("checkpoint_gap", r"\Delta", "s", "time between two checkpoints, their writing left out")
restart = symbol("restart", r"u_0", "s", "time of one restart, reloading included")
shape = symbol("shape", "b", "1", "shape of the Weibull law of a part's life; 1 is exponential")
part_life = symbol("part_life", r"\Theta", "h", "mean life of one part")
first_failure = symbol("first_failure", r"M_1", "h", "mean time to the first failure among new parts")
wall_interval = symbol("wall_interval", "I", "h", "wall-clock time between interruptions, restarts included")
wall_availability = symbol("wall_availability", r"A_I", "1", "share of time up, from the wall-clock interval")
uptime_availability = symbol("uptime_availability", r"A_M", "1", "share of time up, from the uptime between failures")

repair = symbol("repair", r"t_R", "s", "mean time for which a repair keeps devices out of use")
withdrawn = symbol("withdrawn", "u", "1", "devices taken out of use by one fault")
units_in_repair = symbol("units_in_repair", "a", "1", "mean number of faults under repair at one time")
unavailability = symbol("unavailability", "y", "1", "share of time in which one device is out of use")
fabric_availability = symbol("fabric_availability", r"A_F", "1", "share of time in which a domain's own network works")
whole_domain_share = symbol("whole_domain_share", r"p_G", "1", "share of time in which every device of a domain works")

# One step of a model on one rank: a device, or a die where a device has several that exchange on their own
batch = symbol("batch", "b", "1", "requests that a device holds")
context = symbol("context", r"\ell_c", "1", "tokens held per request, mean")
tokens_per_step = symbol("tokens_per_step", "q", "1", "tokens accepted per request and step")
step_tokens = symbol("step_tokens", "t_s", "1", "tokens that a rank processes in one step or one microbatch")
requests = symbol("requests", "b_s", "1", "requests of a rank that one step or one microbatch serves")
tensor_devices = symbol(
    "tensor_devices", "H", "1", "ranks that split attention's heads, and each expert where they are the whole group"
)
group_devices = symbol("group_devices", "R", "1", "ranks of the group that serves together")
expert_devices = symbol(
    "expert_devices", "R_e", "1", "ranks over which experts are spread; a group twice as large splits each in two"
)
shared_experts = symbol(
    "shared_experts", "E_s", "1", "experts of a layer that every token visits, beside the routed ones"
)
redundant_experts = symbol("redundant_experts", "E_r", "1", "copies of experts beyond the first, over all ranks")
processed = symbol("processed", "q_p", "1", "tokens that a step processes for each request, drafts counted")
drafts = symbol("drafts", "d_q", "1", "tokens drafted ahead of each step, each by one more layer")
draft_acceptance = symbol(
    "draft_acceptance", "p_q", "1", "share of drafted tokens that are accepted, each after the one before"
)
passes = symbol(
    "passes", r"\kappa", "1", "forward passes that one step is worth: 1 without and 3 with the backward pass"
)
exchange_passes = symbol(
    "exchange_passes", r"\kappa_x", "1", "exchanges of each layer in a step: 1, or 2 with the backward pass"
)
weight_bytes = symbol("weight_bytes", "w_W", "B", "bytes of one weight of experts and other feed-forward layers")
dense_weight_bytes = symbol("dense_weight_bytes", "w_D", "B", "bytes of one weight of attention and the output layer")
kv_bytes_per_element = symbol("kv_bytes_per_element", "w_K", "B", "bytes of one cached element")
total_parameters = symbol("total_parameters", r"N_\Sigma", "1", "parameters of the model")
active_parameters = symbol("active_parameters", "N_a", "1", "parameters that one token passes through")
dense_parameters = symbol(
    "dense_parameters", "N_d", "1", "parameters that every step reads: all but routed experts and input table"
)
dense_ffn_parameters = symbol(
    "dense_ffn_parameters", "N_f", "1", "of these, parameters of feed-forward layers and shared experts"
)
embedding_parameters = symbol(
    "embedding_parameters", "N_i", "1", "parameters of the input table, which is held and not read"
)
expert_parameters = symbol("expert_parameters", "N_e", "1", "parameters of one expert of one layer")
moe_layers = symbol("moe_layers", r"\Lambda_e", "1", "layers with routed experts")
kv_elements = symbol("kv_elements", "n_K", "1", "cached elements per token of context, all layers that keep all of it")
kv_elements_windowed = symbol("kv_elements_windowed", "n_w", "1", "the same of all layers that keep a window of it")
attention_window = symbol("attention_window", r"\ell_w", "1", "tokens of context that a windowed layer keeps")
window_context = symbol("window_context", r"\ell_m", "1", "tokens of context that a windowed layer holds")
key_value_heads = symbol(
    "key_value_heads", "h_K", "1", "ranks over which the cache can be split: heads; 1 where it is latent"
)
state_elements = symbol("state_elements", "n_S", "1", "elements of recurrent state per request, all layers")
state_width = symbol("state_width", "w_S", "B", "bytes of one element of recurrent state")
attention_layers = symbol("attention_layers", r"\Lambda_a", "1", "layers with attention over the whole context")
windowed_layers = symbol("windowed_layers", r"\Lambda_w", "1", "layers with attention over a window of the context")
attention_flop_per_context = symbol(
    "attention_flop_per_context", "f_a", "FLOP", "operations of one layer's attention per token and token of context"
)
peak_bf16 = symbol("peak_bf16", r"\Pi_{16}", "TFLOP/s", "dense BF16 peak of a device")
dense_peak = symbol("dense_peak", r"\Pi_d", "TFLOP/s", "dense peak at which products with the wider weights run")
attention_peak = symbol("attention_peak", r"\Pi_a", "TFLOP/s", "dense peak at which attention runs")
dense_flop = symbol("dense_flop", "F_d", "FLOP", "operations of all matrix products but the routed experts'")
expert_flop = symbol("expert_flop", "F_e", "FLOP", "operations of the routed experts' matrix products")
attention_flop = symbol("attention_flop", "F_a", "FLOP", "operations of attention over the context")
dense_bytes = symbol("dense_bytes", "Q_d", "B", "bytes of the weights that every device holds")
touched_share = symbol(
    "touched_share", r"\theta", "1", "share of a layer's experts that some token of the group visits"
)
expert_slots = symbol("expert_slots", "E_l", "1", "routed experts of a layer that a rank has room for, copies counted")
read_experts = symbol("read_experts", "E_t", "1", "experts of a layer that the rank with most of them visited reads")
expert_bytes = symbol("expert_bytes", "Q_e", "B", "bytes of the routed experts' weights that a step reads on a device")
kv_bytes = symbol("kv_bytes", "Q_K", "B", "bytes of cached keys and values that a step reads on a device")
memory_efficiency = symbol(
    "memory_efficiency", r"\eta_M", "1", "share of the memory bandwidth that a step reaches, fitted"
)
product_efficiency = symbol("product_efficiency", r"\eta_P", "1", "share of the dense peak that products reach, fitted")
layer_overhead = symbol(
    "layer_overhead",
    "o",
    "us",
    "time of one layer that neither work nor bytes explain, fitted for each serving software",
)
activation_time = symbol(
    "activation_time",
    r"\tau_a",
    "ns",
    "small kernels' time per token, layer and element at the tokens where it is stated, fitted",
)
activation_exponent = symbol(
    "activation_exponent", r"\gamma_a", "1", "how that time grows with the tokens of a rank, fitted"
)
activation_reference = symbol(
    "activation_reference", "t_a", "1", "tokens of a rank at which the time of activations is stated"
)
block_scaled = symbol(
    "block_scaled", "z_b", "1", "1 where kernels of their own scale activations before each product, else 0"
)
block_scaling = symbol(
    "block_scaling", r"\zeta", "1", "small kernels of a layer with block-scaled activations over those without, fitted"
)
dense_kernels = symbol(
    "dense_kernels", "z_d", "1", "small kernels of a layer without routed experts over those of one with"
)
small_kernels = symbol("small_kernels", "T_k", "s", "time of small kernels and launches, all layers")
load_ratio = symbol("load_ratio", "u", "1", "load of the busiest rank over the mean load")
skew = symbol(
    "skew", r"\sigma", "1", "how popularity stretches the work of the busiest rank as ranks hold fewer experts"
)
dense_time = symbol("dense_time", "T_d", "s", "time of the matrix products but the routed experts'")
expert_time = symbol("expert_time", "T_e", "s", "time of the routed experts on the busiest rank")
attention_time = symbol("attention_time", "T_a", "s", "time of attention over the context")
compute_time = symbol("compute_time", "T_c", "s", "time that a device computes in one step or one microbatch")
dispatch_time = symbol("dispatch_time", "T_1", "s", "time of one dispatch")
combine_time = symbol("combine_time", "T_2", "s", "time of one combine")
exchange_start = symbol(
    "exchange_start", r"\alpha_x", "s", "start-ups and latencies of one layer's dispatch and combine"
)
exchange_transfer = symbol("exchange_transfer", r"\beta_x", "s", "transfers of one layer's dispatch and combine")
exchanging = symbol("exchanging", "z_x", "1", "1 where experts are spread over ranks that exchange tokens, else 0")
exchange_time = symbol(
    "exchange_time", "T_x", "s", "time of all exchanges of one step or one microbatch, nothing overlapped"
)
reduce_time = symbol("reduce_time", "T_r", "s", "time in which a tensor group adds up one layer's activations")
reduce_startup = symbol(
    "reduce_startup", r"\alpha_r", "us", "start-up of a serving software's own all-reduce in a domain, fitted"
)
reductions = symbol(
    "reductions", "n_r", "1", "sums of a tensor group in one layer: 2 where it splits experts, too, else 1"
)
reduction_time = symbol(
    "reduction_time", r"T_{\Sigma r}", "s", "time of all sums of a tensor group in one step or one microbatch"
)
compute_slowdown = symbol(
    "compute_slowdown", r"\delta", "1", "share by which computing beside transfers takes longer, fitted"
)
overlap_slowdown = symbol(
    "overlap_slowdown", r"\varphi", "1", "times longer that a transfer takes while the device computes"
)
exposed_share = symbol(
    "exposed_share", r"\varepsilon", "1", "share of the shorter of compute and exchange that overlap leaves in the open"
)
step_time = symbol("step_time", "T", "s", "time of one step")
decode_throughput = symbol("decode_throughput", "Y", "token/s", "tokens accepted per second and device")
useful_time = symbol("useful_time", "T_0", "s", "computing time of a step whose load is balanced")
exchange_idle = symbol("exchange_idle", r"\iota_x", "1", "share of a step in which a device waits for an exchange")
imbalance_idle = symbol("imbalance_idle", r"\iota_u", "1", "share of a step in which a device waits for a busier rank")
bubble_idle = symbol("bubble_idle", r"\iota_p", "1", "share of a step in which a pipeline stage has no microbatch")
moe_idle_share = symbol("moe_idle_share", r"\iota", "1", "share of a step in which a device's compute units wait")
stages = symbol("stages", "p", "1", "pipeline stages")
microbatches = symbol("microbatches", "m_b", "1", "microbatches of one training step")
chunks = symbol("chunks", "v", "1", "model chunks of one stage in an interleaved pipeline")
forward_time = symbol("forward_time", r"t_F", "s", "forward time of one microbatch on one stage")
backward_time = symbol("backward_time", r"t_B", "s", "full backward time of one microbatch on one stage")
weight_time = symbol("weight_time", r"t_W", "s", "time of the backward pass for weights alone")
paired_time = symbol("paired_time", r"t_{FB}", "s", "time of one forward and one backward pass that overlap")
bubble_time = symbol("bubble_time", r"t_{\mathrm{bub}}", "s", "time per step in which one stage has nothing to do")
ffn_utilisation = symbol(
    "ffn_utilisation", r"\mu", "1", "utilisation of an expert's matrix products that memory allows"
)

# Serving
memory_capacity = symbol("memory_capacity", "M_C", "GiB", "memory of a device; a maker's GB")
memory_usable = symbol("memory_usable", r"\eta_U", "1", "share of a device's memory that weights and cache may fill")
held_bytes = symbol("held_bytes", "Q_H", "B", "bytes of the weights that a device keeps in memory")
request_bytes = symbol("request_bytes", "Q_R", "B", "bytes of cache that one request keeps on each device of its group")
batch_limit = symbol("batch_limit", r"b_{\max}", "1", "requests of a device that its memory holds at most")
input_tokens = symbol("input_tokens", r"\ell_i", "1", "tokens of one request's prompt")
output_tokens = symbol("output_tokens", r"\ell_o", "1", "tokens of one request's answer")
prefill_throughput = symbol("prefill_throughput", "Y_p", "token/s", "prompt tokens per second and device of prefill")
service_throughput = symbol(
    "service_throughput", "Y_s", "token/s", "tokens in and out per second and device, all counted"
)
prefill_tokens = symbol("prefill_tokens", "t_p", "1", "prompt tokens that a device takes into one step of prefill")
prefill_share = symbol("prefill_share", r"\pi_p", "1", "share of a service's devices that prefill")
user_speed = symbol("user_speed", "v", "token/s", "tokens that one user gets per second")
token_time = symbol(
    "token_time", "T_y", "s", "time between two tokens of a user, where prompts run on the devices that decode"
)
users = symbol("users", "n_U", "1", "users that a device serves at once")
users_served = symbol("users_served", "N_U", "1", "users that a service serves at once, each at the speed asked for")
fleet = symbol("fleet", "N_F", "1", "devices of a whole service, those of prefill counted")
site_power = symbol(
    "site_power", "W_M", "W", "power that the machines of a service draw at their maximum, all together"
)
monthly_budget = symbol("monthly_budget", "C_M", "USD", "dollars that a service pays as rent in a month")
month = symbol("month", r"t_M", "day", "length of a month, the mean of a year's")
purchase_budget = symbol("purchase_budget", "C_P", "USD", "dollars for which the machines of a service are bought")
rent = symbol("rent", "c_R", "USD/h", "price of one device for an hour")
domain_price = symbol("domain_price", "c_G", "USD", "price of all devices of one domain and what joins them")
rent_ratio = symbol("rent_ratio", r"\varrho", "1/h", "rent of a device for an hour over its price")
serving_power = symbol("serving_power", "w_R", "W", "power of a machine for each of its devices, maximum")
token_cost = symbol("token_cost", "c_T", "USD", "cost of one token")
token_energy = symbol("token_energy", "J_T", "J", "energy of one token")
token_price = symbol("token_price", "p_T", "USD", "price at which one token sells")
busy_share = symbol("busy_share", r"\beta_S", "1", "share of its best throughput that a device delivers on average")
break_even = symbol("break_even", r"\beta^*", "1", "busy share at which a token costs what it sells for")

# Fabric
radix = symbol("radix", "r", "1", "ports of one switch")
tiers = symbol("tiers", "j", "1", "tiers of switches, one above the other")
planes = symbol("planes", "n_p", "1", "networks side by side that do not meet")
endpoints = symbol("endpoints", "n_E", "1", "ports of devices that a fabric joins")
switches = symbol("switches", "n_S", "1", "switches of a fabric")
links = symbol("links", "n_L", "1", "links between switches")
field_order = symbol("field_order", "q", "1", "size of the finite field that a Slim Fly is made from, a prime power")
field_remainder = symbol("field_remainder", r"\delta", "1", "field order less the next multiple of four: -1, 0 or 1")
switch_degree = symbol("switch_degree", "k_S", "1", "links of one switch to other switches")
switch_endpoints = symbol("switch_endpoints", "p_S", "1", "endpoints of one switch")
group_switches = symbol("group_switches", "a_g", "1", "switches of one Dragonfly group, all joined to each other")
global_links = symbol("global_links", "h_g", "1", "links of one Dragonfly switch to other groups")
groups = symbol("groups", "n_g", "1", "groups of a Dragonfly")
nodes = symbol("nodes", "n_N", "1", "boards of devices that carry first-level switches")
uplinks = symbol("uplinks", "u_S", "1", "links of a first-level switch to second-level ones")
first_switches = symbol("first_switches", "n_1", "1", "first-level switches")
second_switches = symbol("second_switches", "n_2", "1", "second-level switches")
device_ports = symbol("device_ports", "b", "1", "ports of one device into a fabric")
tray_switches = symbol("tray_switches", "s_T", "1", "switches of one switch tray")
switch_trays = symbol("switch_trays", "n_T", "1", "switch trays of a rack")
port_bandwidth = symbol("port_bandwidth", "B_p", "GB/s", "bandwidth of one port, one direction")
switch_price = symbol("switch_price", "c_S", "USD", "price of a switch with all that goes with its ports")
link_price = symbol("link_price", "c_L", "USD", "price of a link between switches, both ends counted")
price_ratio = symbol("price_ratio", r"\chi", "1", "price of scale-up over that of scale-out at equal bandwidth")
fabric_cost = symbol("fabric_cost", "C_F", "USD", "price of a fabric")
endpoint_cost = symbol("endpoint_cost", "c_E", "USD", "price of a fabric for each endpoint")
port_power = symbol("port_power", "w_P", "W", "power of a switch for each of its ports, optics left out")
module_power = symbol("module_power", "w_O", "W", "power of one optical module, one end of a link")
fabric_power = symbol("fabric_power", "W_F", "W", "power of a fabric")
endpoint_power = symbol("endpoint_power", "w_E", "W", "power of a fabric for each endpoint")
copper_domain = symbol("copper_domain", "G_c", "1", "devices that copper cables join without optics")
optical_links = symbol("optical_links", "o", "1", "optical links that one port of a device needs, upper tiers counted")
fabric_device_cost = symbol("fabric_device_cost", "c_D", "USD", "price of the scale-up fabric for each device")
fabric_device_power = symbol("fabric_device_power", "w_D", "W", "power of the scale-up fabric for each device")

# Pooling
pool = symbol("pool", "c", "1", "servers that share one queue")
offered_load = symbol("offered_load", "a", "1", "servers that the demand would keep busy on average")
utilisation = symbol("utilisation", r"\rho", "1", "share of time in which a server works")
blocking = symbol("blocking", "B", "1", "share of demand turned away where nobody may wait")
blocking_fewer = symbol("blocking_fewer", "B_{-1}", "1", "the same with one server fewer")
waiting_probability = symbol("waiting_probability", "P_w", "1", "share of demand that has to wait")
service_time = symbol("service_time", "S", "s", "mean time for which one demand keeps a server")
mean_wait = symbol("mean_wait", "W", "s", "mean time in the queue, those who do not wait counted")
staffing_margin = symbol("staffing_margin", r"\beta", "1", "servers above the offered load over its square root")
job_devices = symbol("job_devices", "g", "1", "devices of one job that must lie in one domain")
jobs_per_domain = symbol("jobs_per_domain", "J", "1", "jobs of one size that fit into a domain")
stranded_share = symbol("stranded_share", "f", "1", "share of a domain that no further job of that size can use")

# Reliability of domains
drain_share = symbol("drain_share", "s_d", "1", "share of faults that take the whole domain out of use")
tray_devices = symbol("tray_devices", "u_t", "1", "devices of one tray, which a fault inside it takes out of use")
tray_repair = symbol("tray_repair", "t_t", "s", "mean time for which a tray is out of use after its own fault")
drain_repair = symbol("drain_repair", "t_d", "s", "mean time for which a drained domain is out of use")
tray_availability = symbol("tray_availability", "A_t", "1", "share of time in which a tray works, draining left out")
drain_availability = symbol("drain_availability", "A_d", "1", "share of time in which a domain is not drained")
devices_out = symbol("devices_out", r"\bar{n}_o", "1", "devices out of use, on average")
devices_out_bound = symbol("devices_out_bound", r"\hat{n}_o", "1", "the same where faults never meet: an upper bound")
trays = symbol("trays", "n_t", "1", "trays of one domain")
output_whole = symbol("output_whole", r"Q_0", "1", "trays at work, on average, if a domain works only while whole")
output_spared = symbol("output_spared", r"Q_2", "1", "the same if two trays are held back as spares")
swap_time = symbol("swap_time", "R_t", "s", "time to go on with a spare inside the domain after a tray fault")
drain_time = symbol("drain_time", "R_d", "s", "time to go on in another domain after one is drained")
recovery = symbol("recovery", "R", "s", "time to recover from a fault, mean of both kinds")
spare_devices = symbol("spare_devices", "N_s", "1", "devices installed beyond those that a job uses")
installed_share = symbol("installed_share", "A_N", "1", "useful device-time over that of all devices installed")
dispersion = symbol("dispersion", r"\phi", "1", "variance of a count over its mean; one where faults are independent")
correlation = symbol("correlation", r"\rho_d", "1", "correlation of two domains being out of use")
domains = symbol("domains", "n_d", "1", "domains that a job uses")
domain_unavailability = symbol("domain_unavailability", "y_d", "1", "share of time in which one domain is out of use")
domains_out_variance = symbol("domains_out_variance", r"\sigma_d^2", "1", "variance of the domains out of use")

# Training step
work_time = symbol(
    "work_time", "T_W", "s", "time of one microbatch's products, attention and memory traffic on one device"
)
replicas = symbol("replicas", "n_R", "1", "devices that hold the same parameters")
gradient_time = symbol("gradient_time", "T_g", "s", "time to add up gradients and to send parameters round")
optimiser_time = symbol("optimiser_time", "T_o", "s", "time of the optimiser's update")
training_step_time = symbol("training_step_time", "T_S", "s", "time of one training step")
training_bytes = symbol("training_bytes", "Q_T", "B", "bytes of weights, gradients and optimiser that a device keeps")

# Training step: layout, memory, work, exchange, pipeline
sequences = symbol("sequences", "n_q", "1", "sequences of one training step, all devices together")
sequence = symbol("sequence", r"\ell_q", "1", "tokens of one training sequence")
microbatch = symbol("microbatch", "b_m", "1", "sequences of one microbatch")
context_devices = symbol("context_devices", "H_c", "1", "devices that split one sequence")
data_devices = symbol("data_devices", "H_d", "1", "replicas of the pipeline that share out the sequences of a step")
expert_replicas = symbol("expert_replicas", "n_X", "1", "devices that hold the same experts")
held_dense = symbol("held_dense", "N_H", "1", "parameters outside routed experts that one device holds")
held_experts = symbol("held_experts", "N_X", "1", "parameters of routed experts that one device holds")
stage_layers = symbol("stage_layers", r"\Lambda_1", "1", "layers of the fullest stage")
evenness = symbol("evenness", "u_1", "1", "layers of the fullest stage over the mean of all stages")
sharded = symbol("sharded", "z_s", "1", "1 where weights and gradients, too, are spread over replicas, else 0")
overlap = symbol(
    "overlap", "z_o", "1", "1 where exchanges run beside another microbatch's work, 0 where work waits for them"
)
merged = symbol("merged", "z_m", "1", "1 where one copy of a token serves all its experts in one place, else 0")
paired = symbol("paired", "z_p", "1", "1 where another microbatch's work covers an exchange between domains, else 0")
compute_width = symbol("compute_width", "w_2", "B", "bytes of a weight or an activation in BF16")
gradient_width = symbol("gradient_width", "w_4", "B", "bytes of a gradient as it is kept and sent")
optimiser_width = symbol("optimiser_width", "w_O", "B", "bytes of master weight and moments of one parameter")
stored_width = symbol("stored_width", "w_A", "B", "bytes of an activation that is kept for the backward pass")
dispatch_width = symbol("dispatch_width", "w_1", "B", "bytes of an element on its way to experts")
attention_elements = symbol(
    "attention_elements", "n_a", "1", "elements of query, key, value and output of one token and layer"
)
attention_kept_elements = symbol(
    "attention_kept_elements", "n_k", "1", "of these, or of what they are made from, those kept for the backward pass"
)
feedforward_elements = symbol(
    "feedforward_elements", "n_f", "1", "elements inside feed-forward layers that every token passes, mean of layers"
)
context_elements = symbol("context_elements", "n_c", "1", "elements of keys and values of one token and layer")
expert_hidden = symbol("expert_hidden", "h_e", "1", "inner width of one expert")
layer_elements = symbol("layer_elements", "n_1", "1", "elements that one token has in a layer, routed experts left out")
expert_elements = symbol("expert_elements", "n_e", "1", "elements that one token has in its routed experts")
working_bytes = symbol("working_bytes", "Q_B", "B", "bytes of the layer at work, or of the loss over the vocabulary")
in_flight = symbol("in_flight", "m_f", "1", "microbatches whose activations a stage keeps, over the stages")
activation_bytes = symbol("activation_bytes", "Q_A", "B", "bytes of the activations kept, if none were computed again")
memory_share = symbol("memory_share", r"\eta_C", "1", "share of a device's memory that a training job may fill")
recompute = symbol("recompute", "r", "1", "share of layers whose forward pass is computed again in the backward pass")
needed_bytes = symbol("needed_bytes", "Q_N", "B", "bytes of memory that a training step needs on the fullest device")
mean_context = symbol("mean_context", r"\ell_a", "1", "tokens that one token attends to, mean over layers and tokens")
product_flop = symbol("product_flop", "F_P", "FLOP", "operations of all matrix products of one microbatch on a device")
product_time = symbol("product_time", "T_P", "s", "time of these products")
attention_efficiency = symbol(
    "attention_efficiency", r"\eta_A", "1", "share of the BF16 peak that attention reaches, fitted"
)
activation_crossings = symbol(
    "activation_crossings", "x_A", "1", "times that an element of an activation crosses memory, both passes, fitted"
)
release_factor = symbol(
    "release_factor", "R_r", "1", "traffic and start-up of experts in a release over those of the law, fitted"
)
activation_traffic = symbol("activation_traffic", "Q_a", "B", "bytes of activations that cross memory in a microbatch")
expert_weight_traffic = symbol(
    "expert_weight_traffic", "w_e", "B", "bytes that cross memory for each expert parameter held and microbatch, fitted"
)
dense_weight_traffic = symbol(
    "dense_weight_traffic", "w_d", "B", "bytes that cross memory for each other parameter held and microbatch"
)
weight_traffic = symbol(
    "weight_traffic", "Q_W", "B", "bytes of weights and gradients that cross memory in a microbatch"
)
memory_time = symbol("memory_time", "T_M", "s", "time of what crosses memory in one microbatch")
exposed_tensor = symbol(
    "exposed_tensor", "e_t", "1", "share of a tensor or context group's collectives that no product hides, fitted"
)
tensor_bytes = symbol("tensor_bytes", "V_t", "B", "bytes that tensor groups send and wait for in one microbatch")
context_bytes = symbol("context_bytes", "V_c", "B", "bytes of keys and values that context groups send in a microbatch")
context_rate = symbol("context_rate", "B_c", "GB/s", "rate of the links between devices of one context group")
collective_time = symbol("collective_time", "T_{tc}", "s", "time for which a microbatch waits for these collectives")
expert_domains = symbol("expert_domains", "d_e", "1", "scale-up domains over which experts are spread")
inner_copies = symbol("inner_copies", r"c_\uparrow", "1", "copies of a token that its rank sends to other ranks")
copy_bytes = symbol("copy_bytes", "V_1", "B", "bytes of one copy of every token of a microbatch, there and back")
exposed_inside = symbol(
    "exposed_inside", r"e_\uparrow", "1", "share of an exchange inside a domain that is waited for, fitted"
)
exposed_outside = symbol(
    "exposed_outside", r"e_\rightarrow", "1", "share of an exchange between domains that no work covers, fitted"
)
covering_share = symbol(
    "covering_share", "e_c", "1", "share of work that can cover an exchange between domains, fitted"
)
exchange_wait = symbol("exchange_wait", "T_w", "s", "time for which one microbatch waits for its exchanges")
layer_startup = symbol("layer_startup", r"\alpha_1", "s", "start-ups of a layer with experts, both passes, fitted")
host_time = symbol(
    "host_time", r"\alpha_h", "s", "time in which a host launches a layer with experts, both passes, fitted"
)
startup_time = symbol("startup_time", "T_1", "s", "start-ups of one microbatch on a stage")
launch_time = symbol("launch_time", "T_h", "s", "time in which the host launches one microbatch on a stage")
hop_rate = symbol("hop_rate", "B_h", "GB/s", "rate of the link from one stage to the next")
hop_time = symbol("hop_time", "T_2", "s", "time of the transfers of a microbatch to the next stage and back")
device_time = symbol("device_time", "T_D", "s", "time that a device needs for one microbatch on the fullest stage")
microbatch_time = symbol("microbatch_time", "T_m", "s", "time of one microbatch: device and host, whichever is slower")
pipeline_time = symbol("pipeline_time", "T_p", "s", "time of all microbatches of a step, filling and draining counted")
near_replicas = symbol("near_replicas", "n_r", "1", "replicas of a device's dense parameters inside its domain")
near_expert_replicas = symbol("near_expert_replicas", "n_x", "1", "replicas of a device's experts inside its domain")
gradient_outer_bytes = symbol("gradient_outer_bytes", r"G_\rightarrow", "B", "bytes of gradients and weights sent out")
gradient_inner_bytes = symbol("gradient_inner_bytes", r"G_\uparrow", "B", "bytes of these sent inside a domain")
gradient_rounds = symbol("gradient_rounds", "n_g", "1", "times that gradients and weights travel in a step")
exposed_gradient = symbol("exposed_gradient", "e_r", "1", "share of that travel that no work hides, fitted")
training_throughput = symbol("training_throughput", "Y_T", "token/s", "tokens trained per second and device")

# How large a domain should be
bare_price = symbol(
    "bare_price", "c_0", "USD", "price of a device and its share of the machine, scale-up fabric left out"
)
bare_power = symbol("bare_power", "w_0", "W", "power of the same, scale-up fabric left out")
device_price = symbol("device_price", "c_1", "USD", "price of a device with its share of the machine and of the fabric")
device_draw = symbol("device_draw", "w_1", "W", "power of a device with its share of the machine and of the fabric")
instance_recovery = symbol("instance_recovery", "R_i", "s", "time for which a fault stops a serving instance")
serving_share = symbol("serving_share", "A_S", "1", "share of the installed device-time in which a device serves")
trained = symbol("trained", "W_T", "token/s", "tokens trained per second and installed device, faults counted")
served = symbol("served", "W_S", "token/s", "tokens accepted per second and installed device, faults counted")
small_domain = symbol("small_domain", "G_0", "1", "devices in a domain of the smaller kind that is compared with")
premium = symbol("premium", r"\gamma", "1", "price of an installed device that is up, larger over smaller domain")
break_even_premium = symbol(
    "break_even_premium", r"\gamma^*", "1", "premium at which a dollar buys as many tokens in either domain"
)
small_throughput = symbol(
    "small_throughput", "Y_0", "token/s", "tokens in and out per second and device in domains of the smaller kind"
)
small_step_time = symbol("small_step_time", "T_{G_0}", "s", "time of one step where the group spans smaller domains")
large_step_time = symbol("large_step_time", "T_G", "s", "time of one step where one domain holds the group")
domain_gain = symbol("domain_gain", r"\Gamma", "1", "useful work for one dollar, larger over smaller domain")
needed_share = symbol(
    "needed_share", "g^*", "1", "share of an exchange that must leave the smaller domain, for the larger one to pay"
)
break_even_ranks = symbol("break_even_ranks", "P^*", "1", "ranks of a group from which the larger domain pays")
