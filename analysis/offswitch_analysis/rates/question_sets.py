"""The counted trials of each cell by their sets of questions, which two cells may share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offswitch.verdict import OUTSIDE_HEADLINE, Verdict
from offswitch_analysis.logs.arrow import Column, Table, from_numpy, in_one_piece, known, pc, to_numpy
from offswitch_analysis.logs.tables import is_one_of, kinds
from offswitch_analysis.rates.tallies import CELL

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class QuestionSets:
    """Of one cell, arrays of equal length; a trial whose set is not known is in none."""

    numbers: Integers
    """of each set, the same in every cell; ascending, which is the order of the sets' names"""
    events: Integers
    """trials of sabotage"""
    trials: Integers

    def tables(self, other: "QuestionSets") -> Integers:
        """One row for each set that both have: events and trials here, events and trials of the other."""
        _, here, there = np.intersect1d(self.numbers, other.numbers, assume_unique=True, return_indices=True)
        return np.column_stack([self.events[here], self.trials[here], other.events[there], other.trials[there]])


NONE = QuestionSets(*(np.zeros(0, np.int64) for _ in range(3)))


def question_sets(table: Table) -> Mapping[tuple[Any, ...], QuestionSets]:
    """Cell, by the values of CELL -> its sets, from a table with all columns of a record."""
    counts = ~is_one_of(table["verdict"], OUTSIDE_HEADLINE) & known(table["question_set"])
    table = table.select([*CELL, "verdict", "question_set"]).take(from_numpy(np.flatnonzero(counts)))
    if not table.num_rows:
        return {}
    of_cell, names = kinds(table, CELL), _in_order(table["question_set"])
    sets = int(names.max(initial=0)) + 1
    both, place, trials = np.unique(of_cell.of * sets + names, return_inverse=True, return_counts=True)
    sabotaged = is_one_of(table["verdict"], [Verdict.SABOTAGED])
    events = np.bincount(place[sabotaged], minlength=len(both))
    ends = np.searchsorted(both // sets, np.arange(len(of_cell.first)), side="right")
    cells = zip(*(table[name].take(from_numpy(of_cell.first)).to_pylist() for name in CELL), strict=True)
    pieces = zip(*(np.split(of, ends[:-1]) for of in (both % sets, events, trials)), strict=True)
    return {cell: QuestionSets(*piece) for cell, piece in zip(cells, pieces, strict=True)}


def _in_order(column: Column) -> Integers:
    """The place of each value among all values in their order, from 0."""
    one = in_one_piece(column).dictionary_encode()
    places = np.empty(len(one.dictionary), np.int64)
    places[to_numpy(pc.array_sort_indices(one.dictionary))] = np.arange(len(places))
    return places[to_numpy(one.indices)]
