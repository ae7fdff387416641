# SPDX-License-Identifier: GPL-3.0-or-later
"""One number for all knobs, for learners that take no other actions."""

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete

MOST = 100_000


class FlattenAction(gymnasium.ActionWrapper):
    """Makes a MultiDiscrete action space Discrete, the last knob's level changing fastest.

    DQN of Stable-Baselines3 needs that. At most 100,000 actions: let the scenario's <knobs> free
    fewer levels, or a learner decide knob by knob (PPO does).
    """

    def __init__(self, env):
        super().__init__(env)
        if not isinstance(env.action_space, MultiDiscrete):
            raise TypeError(f"FlattenAction is for MultiDiscrete actions, not {env.action_space}")
        self._levels = tuple(int(n) for n in env.action_space.nvec)
        count = int(np.prod(self._levels, dtype=object))
        if count > MOST:
            raise ValueError(f"the levels {self._levels} make {count:,} actions, more than "
                             f"{MOST:,}; let the scenario's <knobs> free fewer")
        self.action_space = Discrete(count)

    def action(self, action):
        if not self.action_space.contains(action):
            raise ValueError(f"an action is an integer from 0 to {self.action_space.n - 1}, and "
                             f"not {action!r}")
        return np.array(np.unravel_index(int(action), self._levels), dtype=np.int64)

    def number(self, levels):
        """The action that means these levels."""
        return int(np.ravel_multi_index(tuple(levels), self._levels))
