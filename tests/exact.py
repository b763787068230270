"""Exact means and variances of gradient estimators, in plain Python.

Two routes where both are cheap: closed forms, and moments by polynomials or enumeration. A
variance of several components is the trace of their covariance.
"""

import itertools
import math

# Gaussian: z = m + σ ε, f = Σ z² over d dimensions; one component, by the mean.


def quadratic_score(m, sigma, d=1):
    """Score, f = Σ z², d dimensions: (f - 0) ε/σ by Gaussian moments up to the sixth."""
    return quadratic_score_constant(m, sigma, d, 0.0)


def quadratic_score_constant(m, sigma, d, c):
    """Score less a constant c, f = Σ z²: E[(f - c)² ε²]/σ² - 4m², its own term and others."""
    own_square = m**4 + 18 * m**2 * sigma**2 + 15 * sigma**4
    own = m**2 + 3 * sigma**2
    mean, variance = m**2 + sigma**2, 4 * m**2 * sigma**2 + 2 * sigma**4
    rest = (d - 1) * mean - c
    square = own_square + 2 * own * rest + (d - 1) * variance + rest**2
    return square / sigma**2 - 4 * m**2


def quadratic_score_baseline(m, sigma, d=1):
    """Score with c* = m² + 3σ² + (d-1)(m² + σ²), f = Σ z²: E[f² s²] - E[f s²]²/E[s²] - g²."""
    return 8 * m**2 + 6 * sigma**2 + (d - 1) * (4 * m**2 + 2 * sigma**2)


def quadratic_score_mean(m, sigma, d=1):
    """Score with c = E f = d (m² + σ²), f = Σ z²."""
    return quadratic_score_constant(m, sigma, d, d * (m**2 + sigma**2))


def quadratic_score_loo(m, sigma, d, samples):
    """Leave one out over K samples, f = Σ z²: leave_one_out with μ22, Var f and Var s put in."""
    square = 12 * m**2 + 10 * sigma**2 + (d - 1) * (4 * m**2 + 2 * sigma**2)
    cross = d * (4 * m**2 + 2 * sigma**2) - 4 * (samples - 2) * m**2
    return square / samples + cross / (samples * (samples - 1))


def quadratic_pathwise(sigma):
    """Pathwise, f = Σ z²: the variance of 2z."""
    return 4 * sigma**2


def kl_pathwise(sigma):
    """Pathwise on KL(N(μ, σ²) ‖ N(0, 1)) by the mean, direct term included: the variance of z."""
    return sigma**2


def kl_sticking(sigma):
    """Path derivative alone on that KL by the mean: the variance of z - ε/σ."""
    return (sigma - 1 / sigma) ** 2


def kl_pathwise_scale(mu, sigma):
    """Pathwise on that KL by the scale: the variance of z ε - 1/σ."""
    return mu**2 + 2 * sigma**2


def kl_sticking_scale(mu, sigma):
    """Path derivative alone on that KL by the scale: the variance of (z - ε/σ) ε."""
    return mu**2 + 2 * (sigma - 1 / sigma) ** 2


def kl_score(mu, sigma):
    """Score on that KL by the mean, d = 1: f = c₀ + μσ ε + α ε² times ε/σ."""
    c0, alpha = mu**2 / 2 - math.log(sigma), (sigma**2 - 1) / 2
    square = c0**2 + 3 * (mu**2 * sigma**2 + 2 * c0 * alpha) + 15 * alpha**2
    return square / sigma**2 - mu**2


# The same by polynomials in ε, lists of coefficients from the constant up.


def times(a, b):
    """Product of two polynomials."""
    product = [0.0] * (len(a) + len(b) - 1)
    for (i, x), (j, y) in itertools.product(enumerate(a), enumerate(b)):
        product[i + j] += x * y
    return product


def normal_mean(polynomial):
    """E of a polynomial in a standard normal: E ε^k = (k-1)!! for even k, 0 for odd k."""
    return sum(c * math.prod(range(1, k, 2)) for k, c in enumerate(polynomial) if k % 2 == 0)


def quadratic_polynomial(m, sigma):
    """z² for z = m + σ ε."""
    return times([m, sigma], [m, sigma])


def kl_polynomial(mu, sigma):
    """log q(z) - log p(z) = z²/2 - ε²/2 - log σ."""
    half_square = times([mu, sigma], [mu / 2, sigma / 2])
    return [half_square[0] - math.log(sigma), half_square[1], half_square[2] - 0.5]


class ScoreMoments:
    """Moments of f(z) s for f = Σ_d F(ε_d) and a score s of the first dimension, by polynomials."""

    def __init__(self, f, s, d=1):
        mean = normal_mean(f)
        self.other = (d - 1) * mean
        self.other_variance = (d - 1) * (normal_mean(times(f, f)) - mean**2)
        self.f, self.s2 = f, times(s, s)
        self.f_mean = mean + self.other
        self.f_variance = d * (normal_mean(times(f, f)) - mean**2)
        self.gradient = normal_mean(times(f, s))
        self.s_variance = normal_mean(self.s2)

    def square(self, c):
        """E[(f - c)² s²]."""
        f = [self.f[0] + self.other - c, *self.f[1:]]
        return normal_mean(times(times(f, f), self.s2)) + self.other_variance * self.s_variance

    def constant(self, c):
        """Variance of (f - c) s."""
        return self.square(c) - self.gradient**2

    def best(self):
        """Variance of (f - c*) s, c* = E[f s²]/E[s²]."""
        weighted = normal_mean(times(self.f, self.s2)) + self.other * self.s_variance
        return self.constant(weighted / self.s_variance)

    def loo(self, samples):
        """Variance of the leave-one-out estimate."""
        return leave_one_out(
            self.square(self.f_mean), self.f_variance * self.s_variance, self.gradient**2, samples
        )


def leave_one_out(square, product, gradient_square, samples):
    """(1/K) Σ (f_k - mean of others) s_k: μ22/K + [Var f Var s - (K-2) g²]/(K(K-1)), summed."""
    cross = product - (samples - 2) * gradient_square
    return square / samples + cross / (samples * (samples - 1))


# One categorical variable: probabilities p, values f of the outcomes.


def softmax(theta):
    """softmax θ, sums by fsum."""
    top = max(theta)
    weight = [math.exp(x - top) for x in theta]
    total = math.fsum(weight)
    return [w / total for w in weight]


def mean_of(p, x):
    """Σ p x."""
    return math.fsum(a * b for a, b in zip(p, x, strict=True))


def categorical_gradient(p, f):
    """p (f - f̄), the derivative of Σ p f by the logits."""
    mean = mean_of(p, f)
    return [a * (b - mean) for a, b in zip(p, f, strict=True)]


def norm_square(x):
    """‖x‖²."""
    return math.fsum(a * a for a in x)


def score_lengths(p):
    """‖e_i - p‖² = 1 - 2p_i + ‖p‖² of every outcome."""
    square = norm_square(p)
    return [1 - 2 * a + square for a in p]


def score_trace(p, f, c=0.0):
    """(f - c)(D - p): Σ p_i (f_i - c)² ‖e_i - p‖² - ‖g‖²."""
    weighted = [w * (b - c) ** 2 for w, b in zip(score_lengths(p), f, strict=True)]
    return mean_of(p, weighted) - norm_square(categorical_gradient(p, f))


def best_constant(p, f):
    """c* = Σ p w f / Σ p w, w = ‖e_i - p‖²: where the derivative of score_trace in c is 0."""
    w = [a * b for a, b in zip(p, score_lengths(p), strict=True)]
    return mean_of(w, f) / math.fsum(w)


def score_baseline_trace(p, f):
    """(f - c*)(D - p) with the best constant."""
    return score_trace(p, f, best_constant(p, f))


def score_loo_trace(p, f, samples):
    """Leave one out over K draws, summed over components; Σ_j Var s_j = 1 - ‖p‖²."""
    g2, mean = norm_square(categorical_gradient(p, f)), mean_of(p, f)
    variance = mean_of(p, [(b - mean) ** 2 for b in f])
    square = score_trace(p, f, mean) + g2
    return leave_one_out(square, variance * (1 - norm_square(p)), g2, samples)


def gumbel_score_trace(p, f):
    """f(D)(1 - e^-G): Σ_j (1 + 2p_j²) E f² - 2p_j² f_j² - g_j²."""
    square = mean_of(p, [b * b for b in f])
    own = [2 * a * a * (square - b * b) for a, b in zip(p, f, strict=True)]
    g2 = norm_square(categorical_gradient(p, f))
    return math.fsum(own) + len(p) * square - g2


def noise_weight_square(p, drawn):
    """E[(1 - e^-G)² given D]: e^-G is Exp(1/p) for the drawn, Exp(1/p) + Exp(1) for another."""
    return 1 - 2 * p + 2 * p * p if drawn else 1 + 2 * p * p


def straight_through_quadratic_trace(p):
    """J(p) 2(D - b), f = ‖x - b‖²: 4 [S₃ - 3S₄ + 3 S₂S₃ - S₂³] with S_k = Σ p^k."""
    s2, s3, s4 = (math.fsum(a**k for a in p) for k in (2, 3, 4))
    return 4 * (s3 - 3 * s4 + 3 * s2 * s3 - s2**3)


# Any number of independent categorical variables, by listing all outcomes.


def outcomes(p):
    """Draws and their chances; p is a list of the variables' probabilities."""
    for x in itertools.product(*(range(len(row)) for row in p)):
        yield x, math.prod(row[i] for row, i in zip(p, x, strict=True))


def enumerated(chances, estimates):
    """Mean and trace of the covariance of what takes the value estimates[i] with chances[i]."""
    mean = [mean_of(chances, column) for column in zip(*estimates, strict=True)]
    spread = [norm_square([a - b for a, b in zip(e, mean, strict=True)]) for e in estimates]
    return mean, mean_of(chances, spread)


def score_of(p, x):
    """Σ over variables of one-hot less p, flat."""
    return [(k == i) - a for row, i in zip(p, x, strict=True) for k, a in enumerate(row)]


def enumerated_score(p, f, c=0.0):
    """Mean and trace of (f(x) - c) ∇ log p(x) over all outcomes; f maps a draw to a number."""
    draws = list(outcomes(p))
    estimates = [[(f(x) - c) * s for s in score_of(p, x)] for x, _ in draws]
    return enumerated([w for _, w in draws], estimates)


def enumerated_mean(p, f):
    """E f over all outcomes."""
    return math.fsum(w * f(x) for x, w in outcomes(p))


def enumerated_best_constant(p, f):
    """Σ p w f / Σ p w, w = ‖∇ log p(x)‖², over all outcomes."""
    weights = [(w * norm_square(score_of(p, x)), f(x)) for x, w in outcomes(p)]
    return math.fsum(w * y for w, y in weights) / math.fsum(w for w, _ in weights)


def enumerated_score_loo(p, f, samples):
    """Mean and trace of the leave-one-out estimate over all tuples of K draws."""
    draws = [(f(x), score_of(p, x), w) for x, w in outcomes(p)]
    estimates, chances = [], []
    for chosen in itertools.product(draws, repeat=samples):
        total = sum(y for y, _, _ in chosen)
        weights = [(y - (total - y) / (samples - 1)) / samples for y, _, _ in chosen]
        columns = zip(*(s for _, s, _ in chosen), strict=True)
        estimates.append([mean_of(weights, column) for column in columns])
        chances.append(math.prod(w for _, _, w in chosen))
    return enumerated(chances, estimates)


def enumerated_gumbel_score(p, f):
    """Trace of f(x)(1 - e^-G): the square of the noise's weight given the draw, over outcomes."""
    gradient, _ = enumerated_score(p, f)
    square = math.fsum(
        w * f(x) ** 2 * noise_weight_square(a, k == i)
        for x, w in outcomes(p)
        for row, i in zip(p, x, strict=True)
        for k, a in enumerate(row)
    )
    return square - norm_square(gradient)


def enumerated_local_expectation(p, f):
    """Mean and trace of p_dk (f(x with x_d = k) - Σ_l p_dl f(x with x_d = l)) over outcomes."""

    def estimate(x):
        found = []
        for d, row in enumerate(p):
            found += categorical_gradient(
                row, [f((*x[:d], k, *x[d + 1 :])) for k in range(len(row))]
            )
        return found

    draws = list(outcomes(p))
    return enumerated([w for _, w in draws], [estimate(x) for x, _ in draws])


def enumerated_straight_through(p, gradients):
    """Mean and trace of J(p) ∇f(e_i) for one variable; gradients[i] is ∇f at outcome i."""
    estimates = [categorical_gradient(p, g) for g in gradients]
    return enumerated(p, estimates)


# Bernoulli in the logit, f = (1/D) Σ (b - t)², every b with the same chance θ.


def bernoulli_gradient(t, theta, d=1):
    """v (1 - 2t)/D, each component."""
    return theta * (1 - theta) * (1 - 2 * t) / d


def bernoulli_score(t, theta):
    """Score, one Bernoulli: v [(1-θ) f(1)² + θ f(0)²] - v² Δ²."""
    v = theta * (1 - theta)
    square = (1 - theta) * (1 - t) ** 4 + theta * t**4
    return v * square - (v * (1 - 2 * t)) ** 2


def bernoulli_sum_score(t, theta, d, c=0.0):
    """Score less c, separable f, D components: D {F²v + 2F m₃Δ/D + (Δ/D)² [m₄ + (D-1)v²] - g²}."""
    v, slope = theta * (1 - theta), (1 - 2 * t) / d
    m3, m4 = v * (1 - 2 * theta), v * (1 - 3 * v)
    f = t * t + theta * (1 - 2 * t) - c
    square = f * f * v + 2 * f * slope * m3 + slope**2 * (m4 + (d - 1) * v * v)
    return d * (square - (v * slope) ** 2)


def bernoulli_sum_score_baseline(t, theta, d):
    """Score with the best constant E f + (1-2θ) Δ/D, separable f, D components."""
    best = t * t + theta * (1 - 2 * t) + (1 - 2 * theta) * (1 - 2 * t) / d
    return bernoulli_sum_score(t, theta, d, best)


def bernoulli_sum_score_loo2(t, theta, d):
    """Leave one out with K = 2, separable f, D components: (Δ²/D²) [v/2 + (D-2) v²] each."""
    v = theta * (1 - theta)
    return d * ((1 - 2 * t) / d) ** 2 * (v / 2 + (d - 2) * v * v)


def bernoulli_straight_through(theta, d=1):
    """Straight-through on (1/D) Σ (x - t)², D components: the variance of 2vb/D is 4v³/D²."""
    return 4 * (theta * (1 - theta)) ** 3 / d


def bernoulli_straight_through_bias(theta, d=1):
    """E[v 2(b - t)] - v (1 - 2t) = v (2θ - 1), over D."""
    return theta * (1 - theta) * (2 * theta - 1) / d


class BinomialMoments:
    """Moments of f and the first b over the number of ones among D Bernoullis with chance θ."""

    def __init__(self, t, theta, d):
        self.d, self.theta = d, theta
        self.gradient = bernoulli_gradient(t, theta, d)
        ones = range(d + 1)
        self.chance = [math.comb(d, n) * theta**n * (1 - theta) ** (d - n) for n in ones]
        self.f = [(n * (1 - t) ** 2 + (d - n) * t * t) / d for n in ones]

    def mean(self, function):
        """E of function(f, b), b the first of the Bernoullis: 1 with chance n/D given n ones."""
        return math.fsum(
            w * (n / self.d * function(f, 1) + (1 - n / self.d) * function(f, 0))
            for n, (w, f) in enumerate(zip(self.chance, self.f, strict=True))
        )

    def score(self, c=0.0):
        """Trace of (f - c)(b - θ)."""
        square = self.mean(lambda f, b: ((f - c) * (b - self.theta)) ** 2)
        return self.d * (square - self.gradient**2)

    def score_baseline(self):
        """Trace with c* = E[f s²]/E[s²]."""
        top = self.mean(lambda f, b: f * (b - self.theta) ** 2)
        return self.score(top / (self.theta * (1 - self.theta)))

    def score_loo(self, samples):
        """Trace of the leave-one-out estimate."""
        center = self.mean(lambda f, b: f)
        square = self.mean(lambda f, b: ((f - center) * (b - self.theta)) ** 2)
        product = self.mean(lambda f, b: (f - center) ** 2) * self.theta * (1 - self.theta)
        return self.d * leave_one_out(square, product, self.gradient**2, samples)

    def gumbel_score(self):
        """Trace of f (1 - e^-G) with the noise of category one."""
        square = self.mean(lambda f, b: f * f * noise_weight_square(self.theta, b == 1))
        return self.d * (square - self.gradient**2)


# Binary Concrete: y = 1/(1 + e^-x), x = (φ + L)/τ, L logistic; h(y) = ∂f by the logit of y.


def concrete_slope(theta):
    """Bias of concrete on (y - t)² over τ as τ goes to 0: v (2θ-1) ∫ 2y logit y dy = v (2θ-1)."""
    return theta * (1 - theta) * (2 * theta - 1)


def concrete_kappa(t, theta):
    """Variance of concrete on (y - t)² times τ as τ goes to 0: v ∫ 4(y-t)² y(1-y) dy."""
    return 4 * theta * (1 - theta) * (1 / 20 - t / 6 + t * t / 6)


def sigmoid(x):
    """1/(1 + e^-x) without overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def logistic_density(x):
    """Density of the difference of two Gumbels: s(1-s), s the sigmoid."""
    return sigmoid(x) * sigmoid(-x)


def concrete_moments(slope, phi, temperature, integrate):
    """Mean and variance of y(1-y) slope(y)/τ, y = σ(x), over x = (φ + L)/τ.

    integrate(function, low, high) is a quadrature. In x the integrand falls as e^-|x|, whatever τ.
    """

    def power(k):
        def integrand(x):
            y, rest = sigmoid(x), sigmoid(-x)
            density = temperature * logistic_density(temperature * x - phi)
            return (y * rest * slope(y) / temperature) ** k * density

        return integrate(integrand, -60.0, 60.0)

    mean = power(1)
    return mean, power(2) - mean**2
