"""What the symbols of compiled code stand for, read from the objects of the kernel cache.

An object is an ELF file. A symbol's code is its bytes, with the names of the functions and the
constants that they refer to; places in memory are known only when it is loaded.
"""

import collections
import hashlib
import itertools
import pickle
import struct

SYMBOLS, RELOCATIONS, FUNCTION, SECTION, LOCAL = 2, 4, 2, 3, 0
RELATIVE_TO_NEXT = (2, 4)


def _nothing(*_):
    """An environment that nobody looks at."""


class Reader(pickle.Unpickler):
    """Reads a compiled function without its environment, whose module may be a user's."""

    def find_class(self, module, name):
        return _nothing if name == "_rebuild_env" else super().find_class(module, name)


class Elf:
    """The sections and symbols of an object."""

    def __init__(self, data):
        self.data = data
        (start,) = struct.unpack_from("<Q", data, 40)
        size, count, names = struct.unpack_from("<HHH", data, 58)
        rows = [struct.unpack_from("<IIQQQQIIQQ", data, start + i * size) for i in range(count)]
        self.kinds, self.starts, self.sizes = ([row[i] for row in rows] for i in (1, 4, 5))
        self.links, self.targets = ([row[i] for row in rows] for i in (6, 7))
        self.names = [self.text(names, row[0]) for row in rows]
        table = self.kinds.index(SYMBOLS)
        self.symbols = [
            (self.text(self.links[table], name), kind & 15, kind >> 4, section, at, length)
            for name, kind, _, section, at, length in self.items(table, "<IBBHQQ")
        ]

    def text(self, section, offset):
        start = self.starts[section] + offset
        return self.data[start : self.data.index(b"\0", start)].decode()

    def items(self, section, form):
        start = self.starts[section]
        return struct.iter_unpack(form, self.data[start : start + self.sizes[section]])

    def references(self):
        """By section: (offset, what is referred to)."""
        found = collections.defaultdict(list)
        for section, kind in enumerate(self.kinds):
            if kind == RELOCATIONS:
                for offset, info, add in self.items(section, "<QQq"):
                    what = self.referred(self.symbols[info >> 32], info & 0xFFFFFFFF, add)
                    found[self.targets[section]].append((offset, what))
        return found

    def referred(self, symbol, kind, add):
        name, symbol_kind, _, section, at, _ = symbol
        place = self.names[section] if section < len(self.names) else ""
        if place.startswith(".rodata.cst"):
            length = int(place.removeprefix(".rodata.cst"))
            start = self.starts[section] + at + add + (4 if kind in RELATIVE_TO_NEXT else 0)
            return self.data[start : start + length].hex()
        return place if symbol_kind == SECTION else name

    def codes(self):
        """Pairs of a symbol that other objects see, and a hash of its code."""
        references = self.references()
        for name, kind, binding, section, at, length in self.symbols:
            if kind == FUNCTION and binding != LOCAL and length and section < len(self.names):
                start = self.starts[section] + at
                inside = [(o - at, w) for o, w in references[section] if at <= o < at + length]
                text = self.data[start : start + length] + repr(sorted(inside)).encode()
                yield name, hashlib.sha256(text).hexdigest()


def _codes_of(folder):
    """The codes of each symbol in the objects of a cache folder."""
    found = collections.defaultdict(set)
    for path in folder.rglob("*.nbc"):
        with path.open("rb") as file:
            (_, _, (compiled, _)), *_ = Reader(file).load()
        for symbol, code in Elf(compiled).codes():
            found[symbol].add(code)
    return found


def of_two_codes(folder):
    """Symbols of a cache folder that stand for two codes, and the number of all."""
    found = _codes_of(folder)
    return [symbol for symbol, codes in found.items() if len(codes) > 1], len(found)


def of_two_processes(*folders):
    """Symbols that stand for different codes in the folders of several processes, and of all.

    Each process has filled its own folder. Within one, a symbol is one function of Numba's: LLVM
    may order its instructions by what else is in an object.
    """
    found = [_codes_of(folder) for folder in folders]
    bad = {
        symbol
        for one, other in itertools.combinations(found, 2)
        for symbol in one.keys() & other.keys()
        if not one[symbol] & other[symbol]
    }
    return bad, len(set().union(*found))
