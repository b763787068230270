"""One estimator on one problem: bound, run, its moments, the exact gradient."""
