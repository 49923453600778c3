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

// The standard normal's quantile, to sixteen digits: quotients of polynomials in the middle and in two tails. Source:
// Wichura (1988), Applied Statistics 37, algorithm AS 241.
const QUANTILE = {
  middle: [
    [3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727],
    [1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061, 28729.085735721942674, 5226.495278852854561],
  ],
  near: [
    [1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504, 1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4],
    [1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459, 0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9],
  ],
  far: [
    [6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123, 0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7],
    [1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4, 1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15],
  ],
};
const polynomial = (terms, x) => {
  let sum = 0;
  for (let i = terms.length - 1; i >= 0; i--) sum = sum * x + terms[i];
  return sum;
};
const quotient = (both, x) => polynomial(both[0], x) / polynomial(both[1], x);
const normal_quantile = (p) => {
  if (!(p > 0 && p < 1)) return p === 0 ? -Infinity : p === 1 ? Infinity : NaN;
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * quotient(QUANTILE.middle, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(Math.min(p, 1 - p)));
  const z = r <= 5 ? quotient(QUANTILE.near, r - 1.6) : quotient(QUANTILE.far, r - 5);
  return q < 0 ? -z : z;
};

// What x is where the lower incomplete gamma function is p: Newton steps on its logarithm, which is concave, from the
// start of Wilson and Hilferty; and the same of a chi-squared count of four, by its upper tail, in closed form.
const lower_gamma_quantile = (a, p) => {
  if (!(p > 0 && p < 1)) return p === 0 ? 0 : p === 1 ? Infinity : NaN;
  const root = 1 - 1 / (9 * a) + normal_quantile(p) / (3 * Math.sqrt(a));
  let x = root > 0.2 ? a * root ** 3 : Math.exp((Math.log(p) + loggamma(a + 1)) / a);
  for (let step = 0, change = 1; step < 100 && Math.abs(change) > 1e-14 * x; step++) {
    const below = lower_gamma(a, x), slope = (poisson_mass(a, x) * a) / x;
    change = (Math.log(below / p) * below) / slope;
    x = Math.max(x - change, x / 16);
  }
  return x;
};
const chi_squared_of_four = (tail) => -2 - 2 * lower_lambertw(-tail / Math.E);

// Student's quantile for whole degrees of freedom: Newton steps on its finite sum, from the normal's, which lies nearer
// to the middle. Abramowitz and Stegun 26.7.3 and 26.7.4.
const student_quantile = (n, p) => {
  if (!(p > 0 && p < 1) || !Number.isInteger(n) || n < 1) return p === 0 ? -Infinity : p === 1 ? Infinity : NaN;
  if (p === 0.5) return 0;
  const upper = Math.max(p, 1 - p), height = gamma((n + 1) / 2) / (Math.sqrt(n * Math.PI) * gamma(n / 2));
  let t = normal_quantile(upper);
  for (let step = 0, change = 1; step < 200 && Math.abs(change) > 1e-15 * t; step++) {
    const angle = Math.atan(t / Math.sqrt(n)), cosine = Math.cos(angle), odd = n % 2;
    let term = odd ? cosine : 1, sum = n === 1 ? 0 : term;
    for (let i = odd ? 3 : 2; i < n - 1; i += 2) {
      term *= ((i - 1) / i) * cosine * cosine;
      sum += term;
    }
    const within = odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
    change = (upper - 0.5 - within / 2) / (height * (1 + (t * t) / n) ** (-(n + 1) / 2));
    t += change;
  }
  return p < 0.5 ? -t : t;
};
