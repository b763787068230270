"""Compiled stand-ins that call back into a problem's functions in plain Python.

A compiled function carries no object along, but every function of a problem is given θ, and the
address of θ says whose it is.
"""

import threading
import weakref

from numba import objmode

# Address of θ -> an object with call(role, *arrays), estimates last, the last array to be filled.
OWNERS: weakref.WeakValueDictionary = weakref.WeakValueDictionary()
ONE_AT_A_TIME = threading.RLock()


def register(owner, theta):
    """Send calls for the problem with this θ to `owner`, for as long as that lives."""
    OWNERS[theta.ctypes.data] = owner


def _call(role, theta, *arrays):
    with ONE_AT_A_TIME:
        OWNERS[theta.ctypes.data].call(role, *arrays)


def value(x, theta, data, out):
    with objmode():
        _call("value", theta, x, out)


def value_at(category, theta, data, out):
    with objmode():
        _call("value_at", theta, category, out)


def gradient(x, theta, data, out):
    with objmode():
        _call("gradient", theta, x, out)


def direct(x, theta, data, out):
    with objmode():
        _call("direct", theta, x, out)


def forward(theta, data, out):
    with objmode():
        _call("forward", theta, out)


def pullback(g, theta, data, out):
    with objmode():
        _call("pullback", theta, g, out)
