// How draws came to be, made again: numpy's own generator, seeded by a label, and what was done to its numbers since.
// Each line of `making` is a place of a function and its arguments: numbers, or places of earlier lines as text.

// numpy's SeedSequence, Generator(PCG64) and their bounded integers, to the last bit. Sources: O'Neill (2014), PCG.
const MIX = { start: 0x43b0d7e5, by: 0x931e8875, left: 0xca01f9dd, right: 0x4973f715, out: 0x8b51f9dd, on: 0x58f38ded };
const generator = (words) => {
  let constant = MIX.start;
  const hashed = (word) => {
    const found = word ^ constant;
    constant = Math.imul(constant, MIX.by);
    const product = Math.imul(found, constant);
    return product ^ (product >>> 16);
  };
  const mixed = (one, other) => {
    const found = Math.imul(MIX.left, one) - Math.imul(MIX.right, other);
    return found ^ (found >>> 16);
  };
  const pool = [0, 1, 2, 3].map((each) => hashed(words[each] ?? 0));
  for (let from = 0; from < 4; from++)
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
  constant = MIX.out;
  const seeds = Array.from({ length: 8 }, (_, each) => {
    const word = pool[each % 4] ^ constant;
    constant = Math.imul(constant, MIX.on);
    const product = Math.imul(word, constant);
    return (product ^ (product >>> 16)) >>> 0;
  });

  // Numbers of 128 bits as eight of 16, the least first, so that products add up within a double's digits.
  const limbs = (...parts) => parts.flatMap((each) => [each & 0xffff, each >>> 16]);
  const factor = limbs(0x9fccf645, 0x4385df64, 0x1fc65da4, 0x2360ed05);
  const more = limbs(seeds[6], seeds[7], seeds[4], seeds[5]); // twice that and one
  let carried = 1;
  for (let i = 0; i < 8; i++) [more[i], carried] = [((more[i] << 1) | carried) & 0xffff, more[i] >>> 15];
  let spare = false;
  const state = new Array(8).fill(0);
  const added = (one, other) => {
    let carry = 0;
    for (let i = 0; i < 8; i++) {
      const sum = one[i] + other[i] + carry;
      one[i] = sum & 0xffff;
      carry = sum >>> 16;
    }
  };
  const next = new Array(8);
  const step = () => {
    let carry = 0;
    for (let i = 0; i < 8; i++) {
      let sum = carry + more[i];
      for (let j = 0; j <= i; j++) sum += state[j] * factor[i - j];
      carry = Math.floor(sum / 65536);
      next[i] = sum - carry * 65536;
    }
    for (let i = 0; i < 8; i++) state[i] = next[i];
  };
  step();
  added(state, limbs(seeds[2], seeds[3], seeds[0], seeds[1]));
  step();
  // The next 64 bits, in two words: both halves of the state in one, turned by its first six bits.
  let low = 0, high = 0;
  const both = () => {
    step();
    const one = (state[0] | (state[1] << 16)) ^ (state[4] | (state[5] << 16));
    const other = (state[2] | (state[3] << 16)) ^ (state[6] | (state[7] << 16));
    const turn = state[7] >>> 10, by = turn & 31, first = turn & 32 ? other : one, second = turn & 32 ? one : other;
    low = by ? (first >>> by) | (second << (32 - by)) : first;
    high = by ? (second >>> by) | (first << (32 - by)) : second;
  };
  const half = () => {
    if (spare) {
      spare = false;
      return high;
    }
    both();
    spare = true;
    return low;
  };
  return {
    between: () => { both(); return ((high >>> 5) * 67108864 + ((high & 31) * 2097152 + (low >>> 11))) / 9007199254740992; },
    upTo: (most) => { // a whole number from 0 to most, all alike: the first of so many bits that is no larger
      const mask = 2 ** (32 - Math.clz32(most)) - 1;
      for (;;) {
        const found = half() & mask;
        if (found <= most) return found;
      }
    },
  };
};

const counted = (number) => Float64Array.from({ length: number }, (_, each) => each);
const shuffled = (number, upTo) => {
  const order = counted(number);
  for (let i = number - 1; i > 0; i--) {
    const other = upTo(i);
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
};

// Numbers between 0 and 1, one in each of as many equal steps, shuffled: Sampler.unit of model/numbers/draws.py.
const unit = (draws, ...words) => {
  const { between, upTo } = generator(words);
  return shuffled(draws, upTo).map((each) => (each + between()) / draws);
};

// The same, spread evenly over each part of what another label drew: Sampler.unit with `beside`.
const spread = (draws, others, ...words) => {
  const { between, upTo } = generator(words), parts = Math.floor(Math.sqrt(draws));
  const runs = Array.from({ length: Math.ceil(draws / parts) }, () => shuffled(parts, upTo));
  const part = (place) => runs[Math.floor(place / parts)][place % parts];
  const ties = counted(draws).map(between), ranked = counted(draws).sort((one, other) => others[one] - others[other]);
  const order = counted(draws).sort((one, other) => part(one) - part(other) || ties[one] - ties[other]);
  const steps = new Float64Array(draws);
  order.forEach((place, step) => (steps[ranked[place]] = step));
  return steps.map((each) => (each + between()) / draws);
};

// A weighted sum in that order, from a first number: of normal draws that vary together.
const weighted = (draws, first, ...terms) => {
  const sum = new Float64Array(draws).fill(first);
  for (let i = 0; i < terms.length; i += 2) {
    const [weight, drawn] = [terms[i], terms[i + 1]];
    for (let draw = 0; draw < draws; draw++) sum[draw] += weight * drawn[draw];
  }
  return sum;
};

// Return what makes the draws of a line, each once: lines, functions of single numbers, seed as words of 32 bits. It is
// asked with the place of a line and how many draws.
const maker = (lines, functions, seed) => {
  const known = new Map();
  const each = (call, given, draws) => {
    const all = given.map((one) => (typeof one === "object" ? one : new Float64Array(draws).fill(one))), [x, y] = all;
    if (all.length === 1) return x.map((one) => call(one));
    if (all.length === 2) return x.map((one, draw) => call(one, y[draw]));
    return x.map((_, draw) => call(...all.map((one) => one[draw])));
  };
  const made = (place, draws) => {
    const key = `${draws} ${place}`;
    if (!known.has(key)) {
      const [kind, ...rest] = lines[place], given = rest.map((one) => (typeof one === "string" ? made(+one, draws) : one));
      const own = { unit: () => unit(draws, ...seed, ...given), spread: () => spread(draws, given[0], ...seed, given[1]), sum: () => weighted(draws, ...given) };
      known.set(key, own[kind] ? own[kind]() : each(functions[kind], given, draws));
    }
    return known.get(key);
  };
  return made;
};
