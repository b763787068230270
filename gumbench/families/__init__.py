"""All that differs between the families of distributions; one module each, with the same names.

Every module has: NOISE, of which a sample is made; DRAWN and DRAWN_FASTEST, the DrawSources of
`Noise("draw")`, the first from the noise that all estimators share, None where there are no
categories to draw; `natural_shape(shape)` (rows, columns),
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
