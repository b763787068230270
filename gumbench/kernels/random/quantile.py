"""The quantile function of the normal distribution in float64, by algorithm AS 241 (Wichura 1988).

Its relative error is 1e-15. Pairs of coefficients, lowest power first, are of numerator and
denominator.
"""

import math

from gumbench.kernels.compiler import elementary
from gumbench.kernels.compiler.jit import helper

CENTER = (
    (3.3871328727963666080, 1.0),
    (1.3314166789178437745e2, 4.2313330701600911252e1),
    (1.9715909503065514427e3, 6.8718700749205790830e2),
    (1.3731693765509461125e4, 5.3941960214247511077e3),
    (4.5921953931549871457e4, 2.1213794301586595867e4),
    (6.7265770927008700853e4, 3.9307895800092710610e4),
    (3.3430575583588128105e4, 2.8729085735721942674e4),
    (2.5090809287301226727e3, 5.2264952788528545610e3),
)
TAIL = (
    (1.42343711074968357734, 1.0),
    (4.63033784615654529590, 2.05319162663775882187),
    (5.76949722146069140550, 1.67638483018380384940),
    (3.64784832476320460504, 6.89767334985100004550e-1),
    (1.27045825245236838258, 1.48103976427480074590e-1),
    (2.41780725177450611770e-1, 1.51986665636164571966e-2),
    (2.27238449892691845833e-2, 5.47593808499534494600e-4),
    (7.74545014278341407640e-4, 1.05075007164441684324e-9),
)
FAR_TAIL = (
    (6.65790464350110377720, 1.0),
    (5.46378491116411436990, 5.99832206555887937690e-1),
    (1.78482653991729133580, 1.36929880922735805310e-1),
    (2.96560571828504891230e-1, 1.48753612908506148525e-2),
    (2.65321895265761230930e-2, 7.86869131145613259100e-4),
    (1.24266094738807843860e-3, 1.84631831751005468180e-5),
    (2.71155556874348757815e-5, 1.42151175831644588870e-7),
    (2.01033439929228813265e-7, 2.04426310338993978564e-15),
)
CENTRAL, TAIL_START, FAR_START = 0.425, 1.6, 5.0


@helper
def _ratio(coefficients, x):
    above, below = 0.0, 0.0
    for k in range(len(coefficients) - 1, -1, -1):
        above = above * x + coefficients[k][0]
        below = below * x + coefficients[k][1]
    return above / below


@helper
def normal_quantile(p):
    """The number below which a standard normal lies with probability p, p in (0, ½]."""
    center = p - 0.5
    if center >= -CENTRAL:
        return center * _ratio(CENTER, CENTRAL * CENTRAL - center * center)
    far = math.sqrt(-elementary.log(p))
    if far <= FAR_START:
        return -_ratio(TAIL, far - TAIL_START)
    return -_ratio(FAR_TAIL, far - FAR_START)
