# SPDX-License-Identifier: GPL-3.0-or-later
"""Many environments over one scenario, stepped in C over arrays that both sides see."""

import numpy as np
from gymnasium import error
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv as GymnasiumVectorEnv
from gymnasium.vector.utils import batch_space

from tandem.infos import Infos, step_dtype
from tandem.native import Handle, failure, ffi, lib
from tandem.spaces import Spaces, check_run_seed, draw_run_seed, options_of

MOST_ENVS = 2 ** 20
_C_MODES = {AutoresetMode.NEXT_STEP: "TDM_NEXT_STEP", AutoresetMode.SAME_STEP: "TDM_SAME_STEP",
            AutoresetMode.DISABLED: "TDM_NO_RESET"}


class VectorEnv(GymnasiumVectorEnv):
    """`num_envs` environments as `tandem.Env` has one, stepped together.

    `autoreset_mode` is as in Gymnasium: "NextStep", "SameStep" or "Disabled". With `copy=False`
    observations, rewards and flags are arrays that the next call overwrites; with `infos=False`
    infos hold no figures, which saves much of a small step's time.

    `reset(seed=S)` seeds the i-th as `Env.reset(seed=S + i)` does; a list has a seed (or None) for
    each. `options` are "run_seed" (a list: the seeds of `tandem run`) and "reset_mask" (bools:
    whom to reset).
    """

    def __init__(self, scenario="default", engine=None, num_envs=1, *,
                 autoreset_mode=AutoresetMode.NEXT_STEP, copy=True, infos=True):
        if not isinstance(num_envs, (int, np.integer)) or not 1 <= num_envs <= MOST_ENVS:
            raise ValueError(f"num_envs is an integer from 1 to {MOST_ENVS}, and not {num_envs!r}")
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        c_mode = getattr(lib, _C_MODES[self.autoreset_mode])
        self._handle = Handle(
            scenario, engine,
            lambda uri, loaded, err: lib.tdm_vec_open(uri, loaded, num_envs, c_mode, err),
            lib.tdm_vec_free)
        self.num_envs = int(num_envs)
        self.metadata = {"render_modes": [], "autoreset_mode": self.autoreset_mode}
        self.render_mode = None
        self._copy, self._infos = copy, infos
        self._make_spaces()
        self._make_buffers()

    def _make_spaces(self):
        self._spaces = Spaces(lib.tdm_vec_spaces(self._handle.thing))
        self.knobs, self.entries = self._spaces.knobs, self._spaces.entries
        self.single_observation_space = self._spaces.observation_space()
        self.single_action_space = self._spaces.action_space()
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def _make_buffers(self):
        n = self.num_envs
        self._observations = np.zeros(self.observation_space.shape, np.float32)
        self._finals = np.zeros(self.observation_space.shape, np.float32)
        self._actions = np.zeros(self.action_space.shape, np.int32)
        self._rewards = np.zeros(n, np.float32)
        self._terminations, self._truncations = np.zeros(n, bool), np.zeros(n, bool)
        self._steps = np.zeros(n, step_dtype())
        self._told = Infos(self._steps)
        self._due = np.zeros(n, bool)  # a decision
        self._over = np.zeros(n, bool)  # its episode, and no other has begun
        self._error = ffi.new("struct tdm_error *")
        lend = ffi.from_buffer
        self._buffers = ffi.new("struct tdm_buffers *", {
            "observations": lend("float[]", self._observations, True),
            "actions": lend("int32_t[]", self._actions),
            "rewards": lend("float[]", self._rewards, True),
            "terminations": lend("bool[]", self._terminations, True),
            "truncations": lend("bool[]", self._truncations, True),
            "finals": lend("float[]", self._finals, True),
            "steps": ffi.cast("struct tdm_step *", self._steps.ctypes.data)})
        lib.tdm_vec_use(self._handle.thing, self._buffers)

    # ---- resets ---------------------------------------------------------------------------------

    def reset(self, *, seed=None, options=None):
        self._check_open()
        run_seeds, mask = options_of(options, "run_seed", "reset_mask")
        mask = self._check_mask(mask)
        seeds = self._seeds(seed, run_seeds)
        self._due[mask] = self._over[mask] = False
        self._terminations[mask] = self._truncations[mask] = False
        if lib.tdm_vec_reset(self._handle.thing,
                             ffi.from_buffer("uint64_t[]", seeds) if seeds.any() else ffi.NULL,
                             ffi.NULL if mask.all() else ffi.from_buffer("bool[]", mask),
                             self._error):
            self._due[:] = False
            raise failure(self._error)
        self._due[mask] = True
        begun = mask & (seeds > 0)
        infos = {"run_seed": seeds.astype(np.int64) * begun, "_run_seed": begun}
        return self._mine(self._observations), infos if begun.any() else {}

    def _check_mask(self, mask):
        if mask is None:
            return np.ones(self.num_envs, bool)
        mask = np.asarray(mask)
        if mask.dtype != bool or mask.shape != (self.num_envs,) or not mask.any():
            raise ValueError(f"reset_mask is {self.num_envs} bools, one of them True, and not "
                             f"{mask!r}")
        return np.ascontiguousarray(mask)

    def _each(self, what, values):
        values = list(values)
        if len(values) != self.num_envs:
            raise ValueError(f"{what} has {len(values)} values for {self.num_envs} environments")
        return values

    def _seeds(self, seed, run_seeds):
        """The seeds of all runs; 0 goes on where the last episode ended."""
        if seed is None:
            seeds = [None] * self.num_envs
        elif isinstance(seed, (int, np.integer)):
            super().reset(seed=int(seed))
            seeds = [int(seed) + i for i in range(self.num_envs)]
        else:
            seeds = self._each("seed", seed)
        if run_seeds is not None:
            seeds = [check_run_seed(s) for s in self._each("run_seed", run_seeds)]
        else:
            seeds = [0 if s is None else draw_run_seed(seeding.np_random(s)[0]) for s in seeds]
        return np.array(seeds, np.uint64)

    # ---- steps ----------------------------------------------------------------------------------

    def step(self, actions):
        self._check_open()
        if not self._due.all():
            raise error.ResetNeeded("an episode begins with reset; these are not on their way: "
                                    f"{np.flatnonzero(~self._due).tolist()}")
        self._actions[:] = self._spaces.check_actions(actions, self._actions.shape)
        if lib.tdm_vec_step(self._handle.thing, self._error):
            self._due[:] = False
            raise failure(self._error)
        over = self._terminations | self._truncations
        infos = self._tell(over)
        self._over[:] = over
        if self.autoreset_mode is AutoresetMode.DISABLED:
            self._due &= ~over
        return (self._mine(self._observations), self._mine(self._rewards),
                self._mine(self._terminations), self._mine(self._truncations), infos)

    def _tell(self, over):
        same_step = self.autoreset_mode is AutoresetMode.SAME_STEP
        infos = {}
        if self._infos:
            infos = self._told.of(~(over if same_step else self._over))
        if same_step and over.any():
            infos.update(self._finish(over))
        return infos

    def _finish(self, over):
        """What was the last of episodes that are over, where the next have begun already."""
        finals = np.full(self.num_envs, None, object)
        for i in np.flatnonzero(over):
            finals[i] = self._finals[i].copy()
        return {"final_obs": finals, "_final_obs": over.copy(),
                "final_info": self._told.of(over.copy()) if self._infos else {},
                "_final_info": over.copy()}

    def _mine(self, array):
        return array.copy() if self._copy else array

    # ---- the end --------------------------------------------------------------------------------

    def close_extras(self, **kwargs):
        if hasattr(self, "_handle"):  # else it was never opened
            self._handle.close()

    def _check_open(self):
        if self._handle.closed:
            raise error.ClosedEnvironmentError("this environment was closed")
