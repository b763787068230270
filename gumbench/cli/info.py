"""`gumbench info`: the machine, the versions, and the cache of compiled kernels."""

import shutil
from typing import Annotated

import typer

EXAMPLE = "Example: gumbench info"


def info(
    clear_cache: Annotated[
        bool,
        typer.Option(
            "--clear-cache", help="Delete all compiled code; it is compiled again when needed."
        ),
    ] = False,
):
    """Show the machine, the versions, and where compiled kernels are kept."""
    from gumbench import machine, registry, text
    from gumbench.cli.screen import output
    from gumbench.kernels.compiler import cache

    facts = machine.facts()
    versions = facts.pop("versions")
    folders = cache.folders()
    size = sum(p.stat().st_size for folder in folders for p in folder.rglob("*") if p.is_file())
    rows = {key.replace("_", " "): value for key, value in facts.items()}
    rows["threads"] = f"at most {machine.cores()}"
    rows["versions"] = ", ".join(f"{name} {number}" for name, number in versions.items())
    rows["choice"] = f"version {registry.automatic()['version']}, of samplers by the shape alone"
    place = f"{cache.folder()}, {size / 1e6:.1f} MB in {text.count(len(folders), 'folder')}"
    rows["kernel cache"] = place if cache.folder() else f"none: {cache.unavailable_reason()}"
    if clear_cache:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        rows["kernel cache"] = f"{size / 1e6:.1f} MB removed; the next run compiles again"
    out = output()
    for key, value in rows.items():
        out.print(f"{key:<13} {value}", markup=False, soft_wrap=True)
