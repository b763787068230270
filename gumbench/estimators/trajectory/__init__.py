"""Estimators of gradients through trajectories: policy gradients."""
