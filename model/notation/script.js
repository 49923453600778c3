// Functions that laws call and JavaScript lacks, to the digits that scipy has of them. Names as in the printed laws.
const lambertw = (x, branch = 0) => (branch ? lower_lambertw(x) : upper_lambertw(x));

// Forms that keep their digits: model/notation/stable.py says what each stands for.
const power_of_sum = (x, n) => Math.exp(n === 0 ? 0 : n * Math.log1p(x));
const rest_of_power = (x, n) => 0 - Math.expm1(n === 0 ? 0 : n * Math.log1p(x));
const rest_of_root = (x, n) => 0 - Math.expm1(n === 0 ? 0 : n * Math.log(x));
const more_than_one = (x) => lower_gamma(2, x);
const branch_gap = (x) => {
  const root = Math.sqrt(2 * x);
  if (!(root < BRANCH_NEAR)) return 1 + upper_lambertw(-Math.exp(-1 - x));
  return root * BRANCH_SERIES.reduceRight((sum, each) => sum * root + each, 0);
};

// The logarithm of the gamma function: Stirling's series from 16 on, reached by the recurrence. DLMF 5.11.1, 5.5.1.
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];
const stirling_rest = (x) => STIRLING.reduceRight((sum, each) => sum / (x * x) + each, 0) / x;
const loggamma = (x) => {
  if (x <= 0) return Number.isInteger(x) ? Infinity : Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - loggamma(1 - x);
  if (x === Infinity) return x;
  let product = 1;
  for (; x < 16; x += 1) product *= x;
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + stirling_rest(x) - Math.log(product);
};
const gamma = (x) => {
  if (x <= 0 && Number.isInteger(x)) return NaN;
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
  if (!Number.isInteger(x) || x > 171) return Math.exp(loggamma(x));
  let product = 1;
  for (let each = 2; each < x; each++) product *= each;
  return product;
};

// x^a exp(-x) / gamma(a + 1): a Poisson probability. Near x = a the exponent is a small difference of large numbers, so
// it is written as a times what x / a lacks of its own logarithm.
const poisson_mass = (a, x) => {
  if (a < 16) return Math.exp(a * Math.log(x) - x - loggamma(a + 1));
  const off = (x - a) / a;
  return Math.exp(-a * exceeds(off) - stirling_rest(a)) / Math.sqrt(2 * Math.PI * a);
};
// t - log(1 + t), by its series where the two are nearly equal.
const exceeds = (t) => {
  if (Math.abs(t) > 0.1) return t - Math.log1p(t);
  let power = t * t, sum = 0;
  for (let n = 2; n < 24; n++, power *= -t) sum += power / n;
  return sum;
};

// Regularised incomplete gamma functions, by series below x = a + 1 and by continued fraction above. DLMF 8.11.4, 8.9.2.
const gamma_series = (a, x) => {
  let term = 1, sum = 1;
  for (let n = 1; term > sum * 1e-17; n++) { term *= x / (a + n); sum += term; }
  return poisson_mass(a, x) * sum;
};
const gamma_fraction = (a, x) => {
  const tiny = 1e-300;
  let b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d, change = 2;
  for (let n = 1; Math.abs(change - 1) > 1e-16 && n < 1e7; n++) {
    const product = -n * (n - a);
    b += 2;
    d = product * d + b;
    if (Math.abs(d) < tiny) d = tiny;
    c = b + product / c;
    if (Math.abs(c) < tiny) c = tiny;
    d = 1 / d;
    change = d * c;
    h *= change;
  }
  return poisson_mass(a, x) * a * h;
};
const lower_gamma = (a, x) => (x <= 0 ? 0 : x === Infinity ? 1 : x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x));
const upper_gamma = (a, x) => (x <= 0 ? 1 : x === Infinity ? 0 : x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x));
const erf = (x) => (Number.isNaN(x) ? NaN : Math.sign(x) * lower_gamma(0.5, x * x));

// n over k for real numbers: a product of whole factors where k is a small whole number, else gamma functions.
const binomial = (n, k) => {
  if (Number.isInteger(k) && k >= 0) {
    const least = Number.isInteger(n) && n > 0 && k > n / 2 ? n - k : k;
    if (least < 0) return 0;
    if (least < 64) {
      let product = 1;
      for (let i = 1; i <= least; i++) product *= (n - least + i) / i;
      return product;
    }
  }
  const sign = n - k + 1 < 0 && Math.floor(n - k + 1) % 2 ? -1 : 1;
  return n < 0 ? NaN : sign * Math.exp(loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1));
};

// The least count that a Poisson count of that mean does not exceed with that probability: from a guess of Cornish and
// Fisher one step after another, each with its own probability.
const poisson_quantile = (probability, mean) => {
  if (!(probability >= 0 && probability <= 1 && mean >= 0)) return NaN;
  if (probability === 1) return Infinity;
  if (mean === 0) return probability === 0 ? -1 : 0;
  if (probability === 0) return -1;
  const z = normal_quantile(probability);
  let count = Math.max(Math.floor(mean + z * Math.sqrt(mean) + (z * z - 1) / 6), 0);
  let below = upper_gamma(count + 1, mean);
  if (below < probability) {
    while (below < probability && count < 2 ** 53) { count += 1; below += poisson_mass(count, mean); }
    return count;
  }
  while (count > 0) {
    const fewer = below - poisson_mass(count, mean);
    if (fewer < probability) break;
    below = fewer;
    count -= 1;
  }
  return count;
};

// The standard normal's quantile: Newton steps on the logarithm of the tail that is small, which is concave, from the
// leading terms of its expansion. DLMF 7.17(iii).
const normal_quantile = (p) => {
  if (!(p > 0 && p < 1)) return p === 0 ? -Infinity : p === 1 ? Infinity : NaN;
  const small = Math.min(p, 1 - p), square = -2 * Math.log(small);
  let z = Math.sqrt(Math.max(square - Math.log(2 * Math.PI * square), 0));
  for (let step = 0, change = 1; step < 50 && Math.abs(change) > 1e-15; step++) {
    const tail = z > 0 ? upper_gamma(0.5, (z * z) / 2) / 2 : 0.5 + erf(-z / Math.SQRT2) / 2; // probability beyond z
    change = (Math.log(tail / small) * tail * Math.sqrt(2 * Math.PI)) / Math.exp((-z * z) / 2);
    z += change;
  }
  return p < 0.5 ? -z : z;
};
