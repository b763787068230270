"""Intervals, tests and timing."""
