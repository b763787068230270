"""Estimators of gradients through Gaussian draws."""
