"""All that differs between the families of distributions; one module each, with the same names.

Every module has: NOISE, the kinds of noise a kernel gets by the name of its first argument, the
usual one first, and their PURPOSE; `natural_shape(shape)` (rows, columns),
`check(problem, natural)`, `forward` and `pullback` for a problem without a link, `sample(bound,
random)`, `value(bound, samples)`, `score_scale(bound)`, `exact_gradient(bound)`, TRUTH_ESTIMATOR,
the name of the one that estimates a gradient with no exact form, and for the trial of a user's
functions `inside`, `draws`, `directions` and `largest_step`. Where draws are discrete,
`largest_value(bound)` bounds |f|.
"""

import importlib


def family(name):
    """The module of a family."""
    return importlib.import_module(f"{__name__}.{name}")
