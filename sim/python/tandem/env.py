# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario as a Gymnasium environment: one step is one decision on one request."""

import gymnasium
import numpy as np
from gymnasium import error

from tandem.infos import info_of
from tandem.native import Handle, failure, ffi, lib
from tandem.spaces import Spaces, check_run_seed, draw_run_seed, options_of


class Env(gymnasium.Env):
    """Decides for the requests of a scenario, a name of platforms/scenarios or a path.

    `engine` is "analytic:" or "simgrid:"; None takes what the scenario needs. With `copy=False`
    observations are one array, which the next step overwrites.

    `reset(seed=S)` begins a run that S determines, `reset()` goes on where the last episode ended,
    and `reset(options={"run_seed": N})` begins the run of `tandem run --seed N`. The info of a
    reset that begins a run says its `run_seed`.

    `knobs` names the integers of an action and `entries` the floats of an observation. A step's
    info holds `answered`, `dropped` and `late` requests since the step before, the means
    `latency_s`, `energy_j`, `cost_j` and `accuracy` of those that were served (left out where
    nothing is known), and `discount_exponent`: discount what follows by gamma to the power of it.
    """

    metadata = {"render_modes": []}

    def __init__(self, scenario="default", engine=None, copy=True):
        self._handle = Handle(scenario, engine, lib.tdm_env_open, lib.tdm_env_free)
        self._spaces = Spaces(lib.tdm_env_spaces(self._handle.thing))
        self.knobs, self.entries = self._spaces.knobs, self._spaces.entries
        self.observation_space = self._spaces.observation_space()
        self.action_space = self._spaces.action_space()
        self._copy = copy
        self._due = False  # a decision
        self._observation = np.zeros(self.observation_space.shape, np.float32)
        self._action = np.zeros(self.action_space.shape, np.int32)
        self._step = ffi.new("struct tdm_step *")
        self._error = ffi.new("struct tdm_error *")
        self._c_observation = ffi.from_buffer("float[]", self._observation, True)
        self._c_action = ffi.from_buffer("int32_t[]", self._action)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._check_open()
        run_seed, = options_of(options, "run_seed")
        if run_seed is not None:
            run_seed = check_run_seed(run_seed)
        elif seed is not None:
            run_seed = draw_run_seed(self.np_random)
        self._due = False
        if lib.tdm_env_reset(self._handle.thing, run_seed or 0, self._c_observation, self._error):
            raise failure(self._error)
        self._due = True
        return self._seen(), {"run_seed": run_seed} if run_seed else {}

    def step(self, action):
        self._check_open()
        if not self._due:
            raise error.ResetNeeded("an episode begins with reset, and after it is over so does "
                                    "the next")
        self._action[:] = self._spaces.check_actions(action, self._action.shape)
        step, self._due = self._step, False
        if lib.tdm_env_step(self._handle.thing, self._c_action, self._c_observation, step,
                            self._error):
            raise failure(self._error)
        self._due = not (step.terminated or step.truncated)
        return self._seen(), step.reward, step.terminated, step.truncated, info_of(step)

    def close(self):
        self._handle.close()

    def _seen(self):
        return self._observation.copy() if self._copy else self._observation

    def _check_open(self):
        if self._handle.closed:
            raise error.ClosedEnvironmentError("this environment was closed")
