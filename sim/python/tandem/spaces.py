# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment takes and gives, as Gymnasium's spaces; seeds; actions before they reach C.
"""

import numbers

import numpy as np
from gymnasium import error
from gymnasium.spaces import Box, MultiDiscrete

from tandem.native import ffi

MOST_SEED = 2 ** 50  # as `tandem run --seed` takes


class Spaces:
    """A copy of a `struct tdm_spaces`. Without a free knob, there is one action: to do nothing."""

    def __init__(self, spaces):
        self.knobs = _texts(spaces.names, spaces.knobs)
        self.entries = _texts(spaces.entries, spaces.observation)
        self.levels = np.array([spaces.levels[i] for i in range(spaces.knobs)] or [1],
                               dtype=np.int64)

    def observation_space(self):
        """Every entry from -1 to 1."""
        return Box(-1, 1, (len(self.entries),), np.float32)

    def action_space(self):
        """A level for each knob."""
        return MultiDiscrete(self.levels)

    def check_actions(self, actions, shape):
        """`actions` as an array, of integers in range and of that shape; else an exception."""
        actions = np.asarray(actions)
        if actions.dtype.kind not in "iu":
            raise TypeError(f"an action is integers, and this is {actions.dtype}: {actions!r}")
        if actions.shape != shape:
            raise ValueError(f"an action has a level for each of {self._named()}: its shape is "
                             f"{shape}, and not {actions.shape}")
        wrong = (actions < 0) | (actions >= self.levels)
        if wrong.any():
            self._complain(actions, np.argwhere(wrong)[0])
        return actions

    def _named(self):
        return "the knobs " + ", ".join(self.knobs) if self.knobs else "no knob, and one 0"

    def _complain(self, actions, where):
        knob = int(where[-1])
        name = f"the knob '{self.knobs[knob]}'" if self.knobs else "a scenario without free knobs"
        of = f" of environment {where[0]}" if len(where) == 2 else ""
        raise ValueError(f"{name} has levels 0 to {self.levels[knob] - 1}, and the action{of} "
                         f"says {actions[tuple(where)]}")


def _texts(pointers, count):
    return tuple(ffi.string(pointers[i]).decode() for i in range(count))


def draw_run_seed(np_random):
    """The seed of the run that an environment's generator begins with."""
    return int(np_random.integers(1, MOST_SEED, endpoint=True))


def check_run_seed(seed):
    """A seed that somebody asked for by `options`."""
    whole = isinstance(seed, numbers.Integral) and not isinstance(seed, bool)
    if not whole or not 1 <= seed <= MOST_SEED:
        raise ValueError(f"a run's seed is an integer from 1 to {MOST_SEED}, and not {seed!r}")
    return int(seed)


def options_of(options, *known):
    """The values of `options` under the keys that are known; others are refused."""
    options = options or {}
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise error.Error(f"reset knows no option {unknown[0]!r}; its options are "
                          + ", ".join(known))
    return tuple(options.get(key) for key in known)
