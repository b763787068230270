"""The papers that estimators and samplers come from: data/papers.bib by key."""

import functools
import re
from pathlib import Path


@functools.cache
def entries() -> dict[str, str]:
    """BibTeX entries by key."""
    text = (Path(__file__).parents[1] / "data" / "papers.bib").read_text(encoding="utf-8")
    texts = (entry.strip() for entry in text.split("\n\n"))
    return {entry.partition("{")[2].partition(",")[0]: entry for entry in texts}


def citation(key: str) -> str:
    """A paper as people cite it, "Kool et al. 2019"; what is no key of ours stays as it is."""
    if key not in entries():
        return key
    fields = dict(re.findall(r"^ *(\w+) *= *{(.*?)},$", entries()[key], re.M | re.S))
    surnames = [name.partition(",")[0] for name in fields["author"].split(" and ")]
    who = f"{surnames[0]} et al." if len(surnames) > 2 else " and ".join(surnames)
    return f"{who} {fields['year']}"
