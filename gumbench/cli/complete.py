"""Completion of names in the shell; it lists names and imports no kernel."""


def _with_list(names, incomplete):
    """Completions of the last item of a list with commas."""
    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in names if name.startswith(last)]


def _names(kind):
    from gumbench import registry

    return registry.names(kind)


def problems(incomplete: str):
    """Names of problems, in a list with commas."""
    return _with_list(_names("problems"), incomplete)


def estimators(incomplete: str):
    """Names of estimators, in a list with commas."""
    return _with_list(_names("estimators"), incomplete)


def samplers(incomplete: str):
    """Names of samplers, in a list with commas."""
    return _with_list(_names("samplers"), incomplete)


def names(incomplete: str):
    """One name of anything."""
    names = [name for kind in ("estimators", "problems", "samplers") for name in _names(kind)]
    return [name for name in names if name.startswith(incomplete)]


def presets(incomplete: str):
    """Names of presets."""
    from gumbench.spec import schema

    return [name for name in schema.preset_names() if name.startswith(incomplete)]


def runs(incomplete: str):
    """Run folders in results/."""
    from pathlib import Path

    folders = sorted(str(path.parent) for path in Path("results").glob("*/manifest.json"))
    return [name for name in folders if name.startswith(incomplete)]
