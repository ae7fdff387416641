# SPDX-License-Identifier: GPL-3.0-or-later
"""Stable-Baselines3 as it comes from PyPI learns in tandem.Env: on runs that it has not seen, it
costs clearly less than chance, and than serving everything on the board does."""

import unittest
import warnings

import in_venv
import gymnasium
import numpy as np
import scenes

if in_venv.PRELOAD:
    in_venv.skip("PyTorch under sanitizers takes too long")
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from stable_baselines3 import DQN, PPO
except ImportError as missing:
    in_venv.skip(str(missing))

import tandem

STEPS = 6000
SEEDS = range(1000, 1005)


class Learning(scenes.Scenes):
    """A Nano that may send, whole or not at all, at three clocks of the GPU."""

    def setUp(self):
        super().setUp()
        torch.set_num_threads(1)
        path = self.scene(duration="200 s", knobs='cpu="2" gpu="3" emc="top" cut="input" bits="8"',
                          environment='thinking="free" episode="100"')
        self.env = gymnasium.make("Tandem/Scenario-v0", scenario=path)

    def reward(self, env, act):
        """Mean of a step, over an episode from each seed."""
        rewards = []
        for seed in SEEDS:
            observation, _ = env.reset(seed=seed)
            over = False
            while not over:
                observation, reward, terminated, truncated, _ = env.step(act(observation))
                rewards.append(reward)
                over = terminated or truncated
        return np.mean(rewards)

    def judge(self, model, env):
        """Trains, and compares."""
        model.learn(STEPS)
        learned = self.reward(env, lambda seen: model.predict(seen, deterministic=True)[0])
        env.action_space.seed(1)
        chance = self.reward(env, lambda _: env.action_space.sample())
        local = [n - 1 if knob in ("cpu", "gpu", "emc") else 0
                 for knob, n in zip(env.unwrapped.knobs, self.env.action_space.nvec)]
        if isinstance(env, tandem.FlattenAction):
            local = env.number(local)
        board = self.reward(env, lambda _: local)
        print(f"{type(model).__name__}: {learned:.3f} a step; chance {chance:.3f}, "
              f"the board alone {board:.3f}")
        self.assertGreater(learned, 0.3 * chance)  # they are costs, below zero
        self.assertGreater(learned, 0.8 * board)

    def test_ppo(self):
        """With the knobs as they are."""
        self.judge(PPO("MlpPolicy", self.env, n_steps=500, batch_size=100, gamma=0.9, seed=1,
                       learning_rate=1e-3, device="cpu"), self.env)

    def test_dqn(self):
        """With one number for all knobs."""
        env = tandem.FlattenAction(self.env)
        self.judge(DQN("MlpPolicy", env, learning_starts=500, gamma=0.9, seed=1, device="cpu",
                       exploration_fraction=0.5, target_update_interval=500, learning_rate=1e-3),
                   env)


if __name__ == "__main__":
    unittest.main()
