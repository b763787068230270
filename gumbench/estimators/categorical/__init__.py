"""Estimators of gradients through categorical draws."""
