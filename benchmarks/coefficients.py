"""Fit the polynomials of elementary.py and variates.py in gumbench/kernels and print their error.

Each one interpolates its function at the Chebyshev points of the interval in 60-digit arithmetic,
which is within a small factor of the minimax polynomial of the same degree.

    pip install mpmath && python benchmarks/coefficients.py
"""

import mpmath as mp

mp.mp.dps = 60
ROOT = mp.sqrt(mp.mpf(1) / 2)
ATANH_EDGE = ((1 - ROOT) / (1 + ROOT)) ** 2
HALF_LN2 = mp.log(2) / 2


def log_tail(f):
    """(log(1 + f) - f) / f²."""
    return (mp.log1p(f) - f) / f**2 if abs(f) > 1e-12 else -mp.mpf(1) / 2


def atanh_tail(z):
    """(2 atanh(s) - 2s) / s³ with z = s²."""
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / s**3 if z else mp.mpf(2) / 3


def exp_tail(r):
    """(exp(r) - 1 - r) / r²."""
    return (mp.expm1(r) - r) / r**2 if abs(r) > 1e-12 else mp.mpf(1) / 2


def sine(z):
    """sin(π t / 2) / t with z = t²."""
    t = mp.sqrt(z)
    return mp.sin(mp.pi * t / 2) / t if z else mp.pi / 2


def cosine(z):
    """cos(π t / 2) with z = t²."""
    return mp.cos(mp.pi * mp.sqrt(z) / 2)


FITS = [
    ("LOG_TAIL float32", log_tail, ROOT - 1, mp.sqrt(2) - 1, 9),
    ("LOG_TAIL float64", atanh_tail, mp.mpf(0), ATANH_EDGE, 7),
    ("LOG_TAIL_BELOW float32", log_tail, -mp.mpf(1) / 2, mp.mpf(0), 9),
    ("LOG_TAIL_BELOW float64", atanh_tail, mp.mpf(0), mp.mpf(1) / 9, 10),
    ("EXP_TAIL float32", exp_tail, -HALF_LN2, HALF_LN2, 5),
    ("EXP_TAIL float64", exp_tail, -HALF_LN2, HALF_LN2, 10),
    ("SINE float32", sine, mp.mpf(0), mp.mpf(1) / 4, 4),
    ("COSINE float32", cosine, mp.mpf(0), mp.mpf(1) / 4, 5),
    ("SINE float64", sine, mp.mpf(0), mp.mpf(1) / 4, 8),
    ("COSINE float64", cosine, mp.mpf(0), mp.mpf(1) / 4, 8),
]


def interpolate(function, low, high, terms):
    """Coefficients, lowest power first, of the polynomial through the Chebyshev points."""
    points = [
        (low + high) / 2 + (high - low) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * terms))
        for i in range(terms)
    ]
    matrix = mp.matrix([[x**k for k in range(terms)] for x in points])
    return list(mp.lu_solve(matrix, mp.matrix([function(x) for x in points])))


def largest_error(function, coefficients, low, high, points=2001):
    """The largest relative error of the polynomial on an even grid."""
    worst = mp.mpf(0)
    for i in range(points):
        x = low + (high - low) * i / (points - 1)
        exact = function(x)
        value = mp.polyval(coefficients[::-1], x)
        worst = max(worst, abs(value / exact - 1))
    return worst


if __name__ == "__main__":
    for name, function, low, high, terms in FITS:
        fitted = interpolate(function, low, high, terms)
        error = largest_error(function, fitted, low, high)
        print(f"# {name}: relative error {mp.nstr(error, 2)}")
        for c in fitted:
            print(f"    {float(c)!r},")
