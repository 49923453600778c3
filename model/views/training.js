// Training on a reader's machine: the layouts that model/machine/training_search.py tries, all of them, with the law of
// a step printed from its equations. trained(held.training, ...) answers one question as the study's own functions do.
const trainer = (training, drawn) => {
  const { job: JOB, layout: LAYOUT, renamed } = training;
  const [needed, whole] = training.laws, known = new Map();
  const called = ({ names, call }, given) => call(...names.map((each) => given[each]));
  const powers = (most) => Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, each) => 2 ** each);
  const spreadOf = (columns) => (columns.moe_layers ? columns.experts : 1);
  const fits = (columns, bytes) => bytes <= columns.memory_share * columns.memory_capacity * training.rounding;

  // What stands for the columns of the law that neither job nor layout set.
  function namesOf(place, state) {
    const release = state.inputs.release ? training.over[`${state.inputs.release}|${state.inputs[renamed.precision]}`] : {};
    return { ...training.shared, ...training.columns[place], ...release };
  }

  // These columns: numbers, or draws where they vary.
  function columnsOf(place, numbers, state, draws, bound) {
    const found = {};
    for (const [name, each] of Object.entries(namesOf(place, state))) {
      const [first, second] = Array.isArray(each) ? each : [each];
      if (typeof first === "number") found[name] = draws && second !== undefined ? drawn(second, draws) : first;
      else {
        found[name] = bound(first, numbers, state, draws);
        if (second !== undefined && !(found[name] > 0)) found[name] = Infinity; // a limit that the workload has not
      }
    }
    return found;
  }

  // All layouts of a job, in the order in which the study tries them, each as numbers in the order of LAYOUT.
  function layouts(columns, job, given) {
    const spread = spreadOf(columns), dense = +(spread <= 1), { rules, even } = training;
    const choices = {
      microbatch: training.microbatch,
      tensor_devices: powers(Math.min(columns.domain, training.tensor[dense])),
      context_devices: powers(training.context[dense]),
      expert_devices: powers(dense ? 1 : Math.min(spread, training.experts)),
      stages: powers(Math.min(columns.layers, training.stages)),
      chunks: training.chunks,
    };
    for (const [name, number] of Object.entries(given)) choices[name] = [number];
    const found = [], row = { ...job, layers: columns.layers };
    const next = (level) => {
      if (level < LAYOUT.length) {
        for (const each of choices[LAYOUT[level]]) { row[LAYOUT[level]] = each; next(level + 1); }
      } else if (rules.every((each) => called(each, row)) && ("chunks" in given || called(even, row))) found.push(LAYOUT.map((each) => row[each]));
    };
    next(0);
    return found;
  }

  // The layout that fits and trains fastest, the first of equals, with its speed; undefined where none fits.
  function best(columns, job, given) {
    const all = { ...columns, ...job }, [small, large] = [needed, whole].map(({ names }) => names.map((each) => all[each]));
    const places = [needed, whole].map(({ names }) => LAYOUT.map((each) => names.indexOf(each)));
    const put = (numbers, row, at) => at.forEach((place, each) => { if (place >= 0) numbers[place] = row[each]; });
    let found, speed = -Infinity;
    for (const row of layouts(columns, job, given)) {
      put(small, row, places[0]);
      if (!fits(columns, needed.call(...small).needed_bytes)) continue;
      put(large, row, places[1]);
      const own = whole.call(...large).training_throughput;
      if (own > speed || found === undefined) [found, speed] = [row, own];
    }
    return found && Object.fromEntries(LAYOUT.map((each, place) => [each, found[place]]));
  }

  function fewest(columns, job) {
    for (let devices = 1; devices <= training.most_devices; devices *= 2) if (best(columns, { ...job, devices }, {})) return devices;
    return undefined;
  }

  const thousands = (number) => Math.round(number).toLocaleString("en-US");
  const room = (columns) => (columns.memory_share * columns.memory_capacity) / 2 ** 30;

  // Why a given layout, or part of one, cannot be.
  function apart(columns, job, given, heads) {
    const row = { ...Object.fromEntries(LAYOUT.map((each) => [each, 1])), ...given, ...job, layers: columns.layers };
    const spread = spreadOf(columns), all = LAYOUT.every((each) => each in given);
    const broken = training.rules.find((each) => !called(each, row) && (all || each.alone));
    if (broken) return `this layout cannot be: ${broken.sentence}`;
    if (row.tensor_devices > heads) return `this layout cannot be: tensor_devices are at most ${heads}, the model's heads`;
    return row.expert_devices <= spread ? undefined : `this layout cannot be: expert_devices are at most ${spread} for this model`;
  }

  // Why memory does not hold a job, and what would hold it.
  function full(columns, job, layout, general) {
    const needs = layout ? `this layout needs ${thousands(called(needed, { ...columns, ...job, ...layout }).needed_bytes / 2 ** 30)} GiB of each device, which may fill ${thousands(room(columns))}`
      : `each device may fill ${thousands(room(columns))} GiB`;
    const other = best(columns, job, {});
    if (other) return `${needs}: ${LAYOUT.map((each) => `${each}=${general(other[each], 6)}`).join(", ")} would fit`;
    const few = fewest(columns, job);
    const hint = few ? `${thousands(few)} devices would hold this job` : "no number of devices holds a job of so few sequences";
    const evenly = few && few <= job.devices ? ", for its sequences can be shared out evenly among so many" : ""; // memory is enough
    return `${needs}, and no layout of ${thousands(job.devices)} devices does with that: ${hint}${evenly}`;
  }

  // What is asked, settled: {columns, job, layout}, or {refusal}; kept, for an interval follows its value.
  function settled(place, numbers, state, { bound, general }) {
    const columns = columnsOf(place, numbers, state, 0, bound), of = (name) => numbers[renamed[name] ?? name];
    const job = { ...Object.fromEntries(JOB.map((each) => [each, of(each)])), overlap: of("overlap") };
    const given = Object.fromEntries(LAYOUT.map((each) => [each, of(each)]).filter(([, number]) => Number.isFinite(number)));
    const key = JSON.stringify([columns, job, given]);
    if (!known.has(key)) {
      if (known.size > 200) known.clear();
      const refusal = apart(columns, job, given, bound("w:attention_heads", numbers, state));
      if (refusal) known.set(key, { refusal });
      else {
        const layout = LAYOUT.every((each) => each in given) ? given : best(columns, job, given);
        const held = layout && fits(columns, called(needed, { ...columns, ...job, ...layout }).needed_bytes);
        known.set(key, held ? { columns, job, layout } : { refusal: full(columns, job, layout, general) });
      }
    }
    return known.get(key);
  }

  const scatterOf = (state) => training.scatter[`${state.system}|${state.workload}`];
  const told = (name, job, speed) => (name === "training_throughput" ? speed : (job.sequences * job.sequence) / (speed * job.devices));

  // The value of a quantity, or its draws, or why there is none; helpers: of the page, that settle what a name stands for.
  function trained({ quantity, columns: place }, numbers, state, isDrawn, helpers) {
    if (typeof place === "string") return place;
    const { refusal, columns, job, layout } = settled(place, numbers, state, helpers);
    if (refusal) return refusal;
    if (!isDrawn) return told(quantity, job, called(whole, { ...columns, ...job, ...layout }).training_throughput);
    const all = { ...columnsOf(place, numbers, state, training.draws, helpers.bound), ...job, ...layout };
    const scatter = drawn(scatterOf(state), training.draws);
    const given = whole.names.map((each) => all[each]), [vary, one] = [given.flatMap((each, i) => (typeof each === "object" ? [i] : [])), [...given]];
    const of = (name, draw) => (typeof all[name] === "object" ? all[name][draw] : all[name]);
    return Array.from(scatter, (apart, draw) => {
      for (const each of vary) one[each] = given[each][draw];
      const found = whole.call(...one), capacity = { memory_share: of("memory_share", draw), memory_capacity: of("memory_capacity", draw) };
      return told(quantity, job, fits(capacity, found.needed_bytes) ? found.training_throughput / apart : 0);
    });
  }

  // The layout that an answer is of, by the names of the command line.
  trained.layout = ({ columns: place }, numbers, state, helpers) => (typeof place === "string" ? undefined : settled(place, numbers, state, helpers).layout);
  // What an interval takes, by the names of the page: "d" and a place are draws.
  trained.taken = ({ columns: place }, state) => [...Object.values(namesOf(place, state)).map((each) => (Array.isArray(each) ? (typeof each[0] === "number" ? `d${each[1]}` : each[0]) : each)), `d${scatterOf(state)}`];
  return trained;
};
