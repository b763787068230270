"""Every Gaussian estimator once more, in NumPy (see categorical_twins)."""

from statistics import NormalDist

import numpy as np
from scipy.stats import qmc
from twin_setting import SEED, N, outer


def _scores(s, k=0):
    e, scale = s.noise("normal", k)[:, :, 0], s.logits[1]
    return np.stack([e / scale, (e**2 - 1) / scale], axis=1)


def score(s):
    return outer(s.plain.f(s.z()), _scores(s))


def score_loo(s):
    f = np.array([s.plain.f(s.z(k)) for k in range(s.samples)])
    others = (f.sum(axis=0) - f) / (len(f) - 1)
    return np.mean([outer(f[k] - others[k], _scores(s, k)) for k in range(len(f))], axis=0)


def _pilot(s):
    random = np.concatenate(list(s.bound.pilot(SEED, 65_536)), axis=2)[:, 0].T
    mean, scale = s.logits
    return random, s.plain.f((mean + scale * random)[:, :, None])


def score_baseline(s):
    random, f = _pilot(s)
    squares = np.stack([random**2, (random**2 - 1) ** 2], axis=1)
    c = (f[:, None, None] * squares).mean(axis=0) / squares.mean(axis=0)
    return (s.plain.f(s.z())[:, None, None] - c) * _scores(s)


def score_mean(s):
    return outer(s.plain.f(s.z()) - _pilot(s)[1].mean(), _scores(s))


def score_antithetic(s):
    """The mean of the score at z and at its mirror image."""
    mean, scale = s.logits
    terms = []
    for sign in (1.0, -1.0):
        z = s.z(sign=sign)
        e = (z[:, :, 0] - mean) / scale
        terms.append(outer(s.plain.f(z), np.stack([e / scale, (e**2 - 1) / scale], axis=1)))
    return (terms[0] + terms[1]) / 2


def _path(s, sign=1.0):
    g = s.plain.gradient(s.z(sign=sign))[:, :, 0]
    return np.stack([g, sign * g * s.noise("normal")[:, :, 0]], axis=1)


def pathwise(s):
    return _path(s), s.direct(s.z())


def pathwise_antithetic(s):
    direct = (s.direct(s.z()) + s.direct(s.z(sign=-1.0))) / 2
    return (_path(s) + _path(s, -1.0)) / 2, direct


def sticking_the_landing(s):
    return _path(s)


def measure_valued(s):
    mean, scale = s.logits
    z, coupled = s.z(), s.settings["coupled"]
    rayleigh, other = (np.sqrt(2 * s.noise("exponential", k))[:, :, 0] for k in (0, 1))
    sign = s.noise("normal", 1)[:, :, 0]
    maxwell = np.sign(sign) * np.sqrt(2 * s.noise("exponential", 2)[:, :, 0] + sign**2)
    normal = s.noise("uniform")[:, :, 0] * maxwell if coupled else s.noise("normal", 2)[:, :, 0]
    against = rayleigh if coupled else other

    def f(v, step):
        moved = z.copy()
        moved[:, v, 0] = mean[v] + scale[v] * step[:, v]
        return s.plain.f(moved)

    out = np.empty((len(z), *s.logits.shape))
    for v in range(z.shape[1]):
        out[:, 0, v] = (f(v, rayleigh) - f(v, -against)) / (scale[v] * np.sqrt(2 * np.pi))
        out[:, 1, v] = (f(v, maxwell) - f(v, normal)) / scale[v]
    return out


def pathwise_rqmc(s):
    """Each point's digits are swapped at the nodes they lead through; ½ in the middle of a cell."""
    variables = s.logits.shape[1]
    levels = s.samples.bit_length() - 1
    points = qmc.Sobol(variables, scramble=False).random_base2(levels)
    swaps = [s.noise("uniform", s.samples + k, per="variable") for k in range(-(-s.samples // 16))]
    quantile = np.vectorize(NormalDist().inv_cdf)
    terms, direct = [], []
    for k, point in enumerate(points):
        inside = s.noise("uniform", k, per="variable")
        digits = [f"{int(x * s.samples):0{levels}b}" for x in point]
        epsilon = np.empty((N, variables))
        for n, v in np.ndindex(N, variables):
            moved = ""
            for level, digit in enumerate(digits[v]):
                node = 2**level - 1 + int("0" + digits[v][:level], 2)
                swap = int(swaps[node // 16][n, v] * 65536) // 2 ** (node % 16) % 2
                moved += str((int(digit) + swap) % 2)
            place = int(moved, 2)
            if place < s.samples // 2:
                epsilon[n, v] = quantile((place + inside[n, v]) / s.samples)
            else:
                low = (s.samples - 1 - place + inside[n, v]) / s.samples
                epsilon[n, v] = -quantile(low)
        z = (s.logits[0] + s.logits[1] * epsilon)[:, :, None]
        g = s.plain.gradient(z)[:, :, 0]
        terms.append(np.stack([g, g * epsilon], axis=1))
        direct.append(s.direct(z))
    return np.mean(terms, axis=0), np.mean(direct, axis=0)
