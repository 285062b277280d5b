# SPDX-License-Identifier: MIT
"""Figures of two that took turns.

What a shared machine does to one round it mostly does to the round beside it as well: the ratio of
two is therefore taken round by round, and its median told, which a disturbance of a minute does not
move; the ratio of two medians follows whichever of them it met.
"""
import statistics


def ratio(theirs, ours):
    """The median over the rounds of theirs divided by ours; both lists hold a figure a round."""
    return statistics.median(them / us for them, us in zip(theirs, ours, strict=True))
