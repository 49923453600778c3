// Serving on a reader's machine: the search of model/machine/frontier.py over layouts, drafts and batches, with what a
// step takes and what memory holds asked of the page's programs. server(held) returns what answers as the study does.
// What the study asks of every layout at every batch is asked here only where it can matter: steps grow with the batch,
// so one look tells that a layout comes nowhere near the best so far.
const server = (held) => {
  const serving = held.serving, { laws, points, refinements } = serving, DRAW = 1, LAYOUT = 2, BATCH = 4, STAGES = 8; // BATCH: and what a step processes
  const MOVING = { "i:ranks": LAYOUT, "i:tensor_devices": LAYOUT, "i:expert_devices": LAYOUT, "i:processed": BATCH, "i:batch": BATCH };
  const USABLE = "c:serving.memory_usable"; // share of the memory
  // A step alone is decode_throughput with one token credited, memory without bound and nothing that scatters.
  const ALONE = { "i:tokens_per_step": 1, [USABLE]: Infinity, "s:": 1 };
  const KEPT = 24; // answers that are kept, draws of each
  const called = ({ names, call }, given) => call(...names.map((each) => given[each]));
  class Stop { constructor(found) { this.found = found; } } // a refusal in words, or undefined: no program of the page
  const known = (found) => { if (typeof found !== "number") throw new Stop(found); return found; };
  const at = (each, draw) => (typeof each === "object" ? each[draw] : each);
  const finish = (steps) => { for (;;) { const { done, value } = steps.next(); if (done) return value; } };

  // The programs of a list with a machine's numbers, to be asked at one draw, one layout and one batch after another: what
  // rests on less than all three is worked out once for it. Stages are numbered by what they rest on, so that none needs
  // a later one. Steps; the last returns {to, lay, value}.
  function* ready(list, numbers, state, draws, { bound, sentence, spelled, takenBy }) {
    const a = new Float64Array(held.names.length), t = new Float64Array(held.lines.length), varying = [], moves = new Map();
    const written = held.lists[list].map(([sequence, refusal]) => ({ ...spelled(sequence), refusal: held.refusals[refusal] }));
    const lacking = new Set(), wanted = new Set(written.flatMap(({ taken }) => taken)), moved = {};
    // Draws without a name tell which of two ways a machine takes: undrawn it takes the faster one, which 0 stands for.
    const number = (name) => (name in numbers ? numbers[name] : name[0] === "d" && !draws ? 0 : bound(name, numbers, state, draws));
    for (const place of wanted) {
      const name = held.names[place];
      if (MOVING[name]) { moves.set(place, MOVING[name]); moved[name.slice(2)] = place; continue; }
      const found = number(name);
      if (found === undefined) lacking.add(place);
      else if (typeof found === "object") { varying.push([place, found]); moves.set(place, DRAW); }
      else a[place] = found;
      if (draws) yield;
    }
    const { batch: batched, processed, ...laidOut } = moved, taking = Object.entries(laidOut), rows = [];
    const programs = written.filter(({ taken }) => !taken.some((each) => lacking.has(each))).map(({ lines: places, refusal }) => {
      const stages = Array.from({ length: STAGES }, () => []), rests = new Map();
      places.slice(0, -1).forEach((signed) => {
        const place = signed >= 0 ? signed : -1 - signed;
        const [given, earlier] = takenBy(place), on = [...given.map((of) => moves.get(of)), ...earlier.map((of) => rests.get(of))].reduce((all, each) => all | (each ?? 0), 0);
        if (signed >= 0) rests.set(place, on);
        stages[on].push(signed);
      });
      const [fixed, drawn, laid, both, ...last] = stages.map(staged);
      return { fixed, drawn, laid, both, last: joined(last), value: held.lines[places.at(-1)], refusal, kept: [], holds: undefined, draw: -1, drawHolds: false };
    });
    const preferred = [];
    let draw = 0, layout = -1, inside;
    const follow = ({ places, calls }) => {
      for (let i = 0; i < calls.length; i++) {
        if (places[i] >= 0) t[places[i]] = calls[i](a, t);
        else if (calls[i](a, t)) return false;
      }
      return true;
    };
    // What rests on a layout alone is kept for it: the values of these lines, or that a condition fails.
    function enter(program) {
      program.holds ??= follow(program.fixed);
      if (program.draw !== draw) [program.draw, program.drawHolds] = [draw, follow(program.drawn)];
      if (!program.holds || !program.drawHolds) return false;
      const { places } = program.laid, kept = program.kept[layout];
      if (kept === undefined) program.kept[layout] = follow(program.laid) && Float64Array.from(places, (place) => (place >= 0 ? t[place] : 0));
      else if (kept) for (let i = 0; i < kept.length; i++) if (places[i] >= 0) t[places[i]] = kept[i];
      return program.kept[layout] && follow(program.both);
    }
    return {
      to(next) {
        for (const [place, found] of varying) a[place] = found[next];
        [draw, inside] = [next, undefined];
      },
      lay(place, next) {
        if (place === layout && inside) return;
        [layout, inside] = [place, undefined];
        for (const [at, number] of (rows[place] ??= taking.map(([name, at]) => [at, next[name]]))) a[at] = number;
      },
      value(batch, tokens) {
        if (batched !== undefined) a[batched] = batch;
        if (processed !== undefined) a[processed] = tokens;
        const first = preferred[layout] ?? 0;
        for (let i = 0; i < programs.length; i++) {
          const place = i === 0 ? first : i <= first ? i - 1 : i, program = programs[place];
          if ((inside === program || enter(program)) && follow(program.last)) {
            [preferred[layout], inside] = [place, program];
            const found = program.value(a, t);
            return known(program.refusal ? sentence(program.refusal, found, state, numbers) : found);
          }
        }
        return known(undefined);
      },
    };
  }

  // Lines of a stage, ready to be called; the place of a condition is negative.
  const staged = (places) => ({ places, calls: places.map((each) => held.lines[each >= 0 ? each : -1 - each]) });
  const joined = (stages) => staged(stages.flatMap(({ places }) => places));
  const refuse = (words) => { throw new Stop(words); };

  // Every layout that can be on a machine, as layouts.possible of model/machine has them: {ranks, ...}.
  function possible(job, state, { bound, widestTensorGroup }) {
    const of = (name, otherwise) => bound(name, {}, state) ?? otherwise, dies = of("f:dies", 1), domain = job.domain ?? of("f:domain");
    const experts = of("w:moe_layers") ? of("w:experts") : 0, widest = Math.max((serving.spare_experts * experts) / dies, experts ? 1 : domain);
    const powers = Array.from({ length: serving.doublings }, (_, i) => 2 ** i), found = [];
    const sizes = [...new Set(serving.multiples.flatMap((m) => powers.map((each) => m * each)).filter((each) => each <= widest))].sort((one, other) => one - other);
    const add = (ranks, tensor_devices, expert_devices) => found.push({ ranks, tensor_devices, expert_devices, least: 0, most: Infinity });
    const split = widestTensorGroup(domain, state);
    for (const size of sizes) {
      const groups = powers.filter((each) => each <= Math.min(split, size) && size % each === 0);
      if (!experts && groups.includes(size)) add(size, size, 1);
      for (const group of experts ? groups : []) {
        add(size, group, Math.min(size, experts));
        if (group === size && size > 1) add(size, group, 1);
      }
    }
    return found;
  }

  // The layouts that are searched.
  function layoutsOf(job, state, helpers) {
    const unbounded = job.domain === undefined ? serving.apart[state.system] : undefined, all = job.layouts === "all";
    if (unbounded && (all || job.devices)) refuse(unbounded);
    const tried = all ? possible(job, state, helpers) : serving.run[serving.of[state.system]].map(([ranks, tensor_devices, expert_devices, least, most]) => ({ ranks, tensor_devices, expert_devices, least, most }));
    if (!job.devices) return tried;
    const few = fewest({ context: job.context, kv_bytes_per_element: job.kv }, state, helpers);
    if (typeof few === "string") refuse(few);
    if (!(few <= job.devices)) refuse(`memory of ${helpers.general(job.devices, 6)} devices does not hold one request: ${few === Infinity ? "inf" : helpers.general(few, 6)} devices would`);
    const found = tried.filter((each) => each.ranks <= job.devices), smallest = Math.min(...tried.map((each) => each.ranks));
    return found.length ? found : refuse(`no layout has ${helpers.general(job.devices, 6)} devices or fewer: the smallest has ${helpers.general(smallest, 6)}`);
  }

  // Tokens processed and drafted ahead in a step, and tokens credited, each way that is tried: frontier.credit.
  function drafted(job, state, draws, { bound }) {
    if (Number.isFinite(job.tokens)) return [{ drafts: Math.ceil(job.tokens) - 1, processed: Math.ceil(job.tokens), credit: () => job.tokens }];
    const chance = bound("w:draft_acceptance", {}, state, draws);
    if (!chance) return [{ drafts: 0, processed: 1, credit: () => 1 }];
    return Array.from({ length: serving.deepest + 1 }, (_, drafts) => ({
      drafts, processed: 1 + drafts, credit: (draw) => called(laws.credited, { draft_acceptance: at(chance, draw), drafts }),
    }));
  }

  // What is asked of a machine, and what is known of it there: kept, for speeds and prompts change alone.
  const answers = new Map();
  function* remembered(key, steps) {
    if (!answers.has(key)) {
      const found = yield* steps();
      if (answers.size >= KEPT) answers.delete(answers.keys().next().value);
      answers.set(key, found);
    }
    return answers.get(key);
  }
  const keyOf = (kind, job, state, draws, step) => JSON.stringify([kind, job, state.system, state.workload, state.config, state.changes, state.inputs.precision, state.inputs.engine, draws, step]);
  const programsOf = (quantity, state, { ofEngine }) => ofEngine(held.quantities[quantity].uses[`${state.system}|${state.inputs.precision}`], state);

  // What memory holds, in requests per device.
  const holding = (numbers, state, draws, helpers) =>
    ready(programsOf("devices_needed", state, helpers)[draws ? "drawn" : "value"].holding, numbers, state, draws, helpers);

  // The fewest devices that hold one request in the largest memory that may be used; words where a machine lacks a number.
  const fewest = (numbers, state, helpers) => {
    const found = helpers.run(programsOf("devices_needed", state, helpers).most, { ...numbers, instance_batch: 1 }, state);
    return found === held.nowhere ? Infinity : (found ?? known(found));
  };

  // The best throughput of decode at a speed: {value, layout}, or every step-th of so many draws.
  const decoded = (job, state, draws, step, helpers) => remembered(keyOf("decode", job, state, draws, step), function* () {
    const foreign = serving.foreign[`${state.system}|${state.inputs.engine}`];
    if (foreign) refuse(foreign);
    const layouts = layoutsOf(job, state, helpers), lists = programsOf("decode_throughput", state, helpers), numbers = { "i:context": job.context, "i:kv_bytes_per_element": job.kv };
    const most = yield* holding(numbers, state, draws, helpers), time = yield* ready(lists.drawn, { ...numbers, ...ALONE }, state, draws, helpers);
    const scatter = draws ? helpers.bound("s:", {}, state, draws) : 1, domain = helpers.bound("f:domain", {}, state);
    // Of equals the study takes the first, drafts before layouts; here a layout's drafts follow each other.
    const ways = drafted(job, state, draws, helpers), tried = layouts.flatMap((layout, place) => ways.map((way, rank) => ({
      way, layout, place, order: rank * layouts.length + place, steady: !(layout.tensor_devices > domain), near: 0,
    })));
    const asked = { tried, layouts, ways, most, time, speed: job.speed };
    if (!draws) return best(asked, 0, 1);
    const drawn = new Float64Array(Math.ceil(draws / step));
    for (let i = 0; i < drawn.length; i++) {
      drawn[i] = best(asked, i * step, at(scatter, i * step)).value;
      yield;
    }
    return drawn;
  });

  // Between two timed batches a straight line says where a step is as long as is allowed.
  function between({ low, high, shortest, longest, allowed }) {
    const share = (allowed - shortest) / (longest - shortest);
    return low + (high - low) * Math.min(Math.max(Number.isNaN(share) ? 0 : share, 0), 1);
  }

  // The place of the largest timed batch of a layout that is no larger than one, the first where none is.
  function placeOf(batch, { from, until }, batchOf) {
    const share = Math.log(batch / from) / Math.log(until / from);
    let place = Math.min(Math.max(Math.floor((Number.isNaN(share) ? 1 : share) * (points - 1)), 0), points - 1);
    while (place > 0 && batchOf(place) > batch) place--;
    return place;
  }

  // The timed batches between which a step is as long as is allowed; undefined where even the first takes longer. passes: a
  // place whose step is short enough, -1 for none that is known; near: where it was in the last draw.
  function bracket(each, batchOf, timed, allowed, passes) {
    const times = [], time = (place) => (times[place] ??= timed(batchOf(place)));
    let fails = points, place = Math.max(each.near, passes + 1);
    if (each.steady) {
      for (let step = 1; fails - passes > 1; step *= 2) {
        if (place <= passes || place >= fails) place = Math.floor((passes + fails) / 2);
        if (time(place) <= allowed) [passes, place] = [place, place + step];
        else [fails, place] = [place, place - step];
      }
    } else passes = Array.from({ length: points }, (_, each) => time(each) <= allowed).filter(Boolean).length - 1;
    const below = Math.max(passes, 0), above = Math.min(below + 1, points - 1);
    each.near = below;
    if (time(below) > allowed) return undefined;
    return { low: batchOf(below), high: batchOf(above), shortest: time(below), longest: time(above), allowed };
  }

  // The best of all that is tried in one draw, as frontier.best: {value, layout}. The last draw's winner is looked at first.
  function best(asked, draw, slower) {
    const { tried, layouts, ways, most, time } = asked, speed = asked.speed * slower;
    let winner, top = 0, found;
    const timed = (processed) => (batch) => batch / time.value(batch, processed);
    most.to(draw);
    time.to(draw);
    layouts.forEach((each, place) => {
      most.lay(place, each);
      each.from = Math.max(1 / each.tensor_devices, each.least);
      each.until = Math.min(most.value(), each.most);
    });
    for (const way of ways) {
      way.tokens = way.credit(draw);
      way.allowed = way.tokens / speed;
    }
    const on = ({ from, until }) => (place) => from * (until / from) ** (place === points - 1 ? 1 : place * (1 / (points - 1)));
    const look = (each, passes) => {
      const { tokens, allowed, processed } = each.way, own = bracket(each, on(each.layout), timed(processed), allowed, passes);
      const reached = own ? (between(own) / Math.min(own.allowed, own.longest)) * tokens : 0;
      if (reached > top || (reached === top && winner && each.order < winner.order)) [winner, top, found] = [each, reached, { ...own, tokens }];
    };
    if (asked.last && asked.last.layout.until >= asked.last.layout.from) {
      time.lay(asked.last.place, asked.last.layout);
      look(asked.last, -1);
    }
    // A step at a batch that a better one would have to reach: with more drafts it takes longer still.
    let mark, place, looked, step;
    for (const each of tried) {
      const { layout, way } = each;
      if (each === asked.last || !(layout.until >= layout.from)) continue; // memory does not hold it
      time.lay(each.place, layout);
      if (!winner || !each.steady) {
        look(each, -1);
        continue;
      }
      if (looked !== layout || top !== step?.top) {
        place = placeOf(top / speed, layout, on(layout));
        [looked, mark, step] = [layout, on(layout)(place), { top, time: 0 }];
      }
      if (step.time > way.allowed) continue;
      step.time = mark / time.value(mark, way.processed);
      if (step.time <= way.allowed) look(each, place);
    }
    if (!winner) return { value: 0 };
    asked.last = winner;
    time.lay(winner.place, winner.layout);
    for (let i = 0; i < refinements; i++) {
      const batch = between(found), own = timed(winner.way.processed)(batch);
      Object.assign(found, own <= found.allowed ? { low: batch, shortest: own } : { high: batch, longest: own });
    }
    const batch = between(found), { ranks, tensor_devices, expert_devices } = winner.layout;
    const value = called(laws.decoded, { batch, tokens_per_step: found.tokens, step_time: Math.min(found.allowed, found.longest) * slower });
    return { value, layout: { ranks, tensor_devices, expert_devices, drafts: winner.way.drafts, batch } };
  }

  // The best rate of prefill of small groups that hold the weights, or every step-th of so many draws of it.
  const filled = (sequence, state, draws, step, helpers) => remembered(keyOf("prefill", sequence, state, draws, step), function* () {
    const few = fewest({ context: sequence, kv_bytes_per_element: NaN }, state, helpers), widest = helpers.widestTensorGroup(helpers.bound("f:domain", {}, state), state);
    const splits = [few, 2 * few, 4 * few].flatMap((ranks) => [[1, ranks], [ranks, ranks], [ranks, 1]].map(([tensor_devices, expert_devices]) => ({ ranks, tensor_devices, expert_devices })));
    const groups = splits.filter((each) => each.tensor_devices <= widest), list = programsOf("prefill_throughput", state, helpers).drawn;
    const most = yield* holding({ "i:context": sequence, "i:kv_bytes_per_element": NaN }, state, draws, helpers);
    const rate = yield* ready(list, { "i:sequence": sequence, ...(draws ? {} : { "s:": 1 }) }, state, draws, helpers);
    const fastest = (draw) => {
      let found = 0;
      most.to(draw);
      rate.to(draw);
      groups.forEach((each, place) => {
        most.lay(place, each);
        if (draws && !(most.value() > 0)) return;
        rate.lay(place, each);
        const own = rate.value();
        if (most.value() > 0) found = Math.max(found, own);
      });
      return found;
    };
    if (!draws) return fastest(0);
    const drawn = new Float64Array(Math.ceil(draws / step));
    for (let i = 0; i < drawn.length; i++) {
      drawn[i] = fastest(i * step);
      yield;
    }
    return drawn;
  });

  // Input and output tokens of a service over all its devices, as service_frontier: {value, layout}, or draws.
  function* serviced(job, state, draws, step, helpers) {
    const { input_tokens, output_tokens, ...rest } = job;
    const decode = yield* decoded({ ...rest, context: input_tokens + output_tokens / 2 }, state, draws, step, helpers);
    const prefill = yield* filled(input_tokens, state, draws, step, helpers);
    const both = (decode_throughput, prefill_throughput) =>
      (decode_throughput > 0 ? called(laws.service, { input_tokens, output_tokens, decode_throughput, prefill_throughput }) : 0);
    return draws ? decode.map((each, draw) => both(each, prefill[draw])) : { value: both(decode.value, prefill), layout: decode.layout };
  }

  // Users of so many devices, so much power or so many dollars, as model/predictions/capacity.py has them.
  function* users(name, job, given, state, draws, step, helpers) {
    const { laws: [served, fleet], price } = serving.users[name], isArray = (each) => typeof each === "object" && each !== null;
    const priced = price && helpers.run(price[1][state.system][draws ? "drawn" : "value"], {}, state, draws, step);
    for (const each of isArray(priced) ? [priced[0]] : price ? [priced] : []) known(each);
    const found = yield* serviced(job, state, draws, step, helpers);
    const columns = (service_throughput, draw) => ({ ...given, ...job, month: serving.month, user_speed: job.speed, service_throughput, ...(price ? { [price[0]]: at(priced, draw) } : {}) });
    if (draws) return found.map((each, draw) => called(served, columns(each, draw)));
    const all = columns(found.value, 0), devices = called(fleet, all), { layout } = found;
    if (layout && devices < layout.ranks * (1 - 1e-9))
      refuse(`that is ${helpers.general(devices, 3)} devices, and the best layout has groups of ${helpers.general(layout.ranks, 6)}: give more, or devices= for an instance of fewer`);
    return { value: called(served, all), layout };
  }

  // How much dearer a device of a larger domain may be, as break_even_premium: {value, layout}, or draws.
  function* premium(job, domains, state, draws, step, helpers) {
    const found = [];
    for (const domain of domains) {
      const changes = { ...state.changes, domain: String(domain) };
      found.push(yield* serviced({ ...job, domain }, { ...state, changes }, draws, step, helpers));
    }
    const [large, small] = found;
    if (draws) return large.map((each, draw) => (each === small[draw] ? 1 : each / small[draw]));
    if (!(small.value > 0)) refuse(`domains of ${helpers.general(domains[1], 6)} devices do not reach ${helpers.general(job.speed, 6)} tokens/s: no premium is too high`);
    return { value: called(laws.premium, { service_throughput: large.value, small_throughput: small.value }), layout: large.layout };
  }

  const layoutsAsked = (quantity, state) => state.inputs.layouts || held.quantities[quantity].inputs.find((each) => each.name === "layouts").default;

  // One quantity, in steps: {value, layout}, or every step-th of so many draws, a refusal in the study's words, or
  // undefined.
  function* answered({ quantity }, numbers, state, draws, step, helpers) {
    const of = (name) => numbers[serving.renamed[name] ?? name];
    const job = { speed: of("speed"), devices: Number.isFinite(of("devices")) ? of("devices") : 0, layouts: layoutsAsked(quantity, state) };
    const prompts = { ...job, kv: NaN, input_tokens: numbers.input_tokens, output_tokens: numbers.output_tokens };
    try {
      if (quantity === "decode_frontier") return yield* decoded({ ...job, context: numbers.context, kv: numbers.kv_bytes_per_element, tokens: numbers.tokens_per_step }, state, draws, step, helpers);
      if (quantity === "service_frontier") return yield* serviced(prompts, state, draws, step, helpers);
      if (quantity === "break_even_premium") return yield* premium(prompts, [of("domain"), numbers.small_domain], state, draws, step, helpers);
      return yield* users(quantity, prompts, numbers, state, draws, step, helpers);
    } catch (stop) {
      if (stop instanceof Stop) return stop.found;
      throw stop;
    }
  }

  // The value of a quantity, every step-th of so many draws, or why there is none.
  function served(use, numbers, state, draws, helpers, step = 1) {
    const found = finish(answered(use, numbers, state, draws, step, helpers));
    return draws || typeof found !== "object" ? found : found.value;
  }
  served.layout = (use, numbers, state, helpers) => finish(answered(use, numbers, state, 0, 1, helpers)).layout;
  // Whether the page would be held up by asking some hundred times.
  served.long = ({ quantity }, state) => layoutsAsked(quantity, state) === "all";
  served.steps = answered; // for a page that has other things to do between two of them
  for (const name of serving.quantities) {
    const uses = Object.keys(held.quantities.decode_throughput.uses).map((key) => [key, { value: { quantity: name, served: true }, drawn: { quantity: name, served: true } }]);
    held.quantities[name].uses = Object.fromEntries(uses);
  }
  return served;
};
