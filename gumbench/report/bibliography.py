"""BibTeX of the papers that estimators and samplers come from."""

from pathlib import Path


def bibliography():
    """BibTeX entries of all papers by key."""
    text = (Path(__file__).parents[1] / "data" / "papers.bib").read_text(encoding="utf-8")
    entries = (entry.strip() for entry in text.split("\n\n"))
    return {entry.partition("{")[2].partition(",")[0]: entry for entry in entries}


def paper_keys(paper):
    """Keys of the papers in a text such as "Glynn 1990; Weaver and Tao 2001": word and year."""
    return [f"{p.split()[0].lower()}{p.split()[-1]}" for p in paper.split(";") if p.split()]
