# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem.VectorEnv: the same as Gymnasium's own vector environment over tandem.Env, to the bit and
in every kind of reset; and by hand."""

import unittest
import warnings

import in_venv  # noqa: F401  goes on in the virtual environment
import gymnasium
import numpy as np
import scenes
from gymnasium import error
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import tandem

MODES = [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED]


class SameAsGymnasiums(scenes.Scenes):
    """Observations, rewards, flags and infos."""

    def same(self, ours, theirs, where):
        """The same keys, kinds and values."""
        self.assertEqual(type(ours), type(theirs), where)
        if isinstance(ours, dict):
            self.assertEqual(set(ours), set(theirs), where)
            for key, value in ours.items():
                self.same(value, theirs[key], f"{where} {key}")
        elif isinstance(ours, tuple):
            self.same(dict(enumerate(ours)), dict(enumerate(theirs)), where)
        elif isinstance(ours, np.ndarray):
            if "run_seed" not in where and not where.endswith("reward"):
                self.assertEqual(ours.dtype, theirs.dtype, where)
            if ours.dtype == object:
                for one, other in zip(ours, theirs):
                    self.same(one, other, where)
            else:
                np.testing.assert_array_equal(ours, theirs, where)
        else:
            self.assertEqual(ours, theirs, where)

    def race(self, scenario, mode, steps=120):
        """Both, from the same seeds, with the same actions; those over are reset where nobody else
        does. Returns how many episodes were over."""
        ours = tandem.VectorEnv(scenario, num_envs=3, autoreset_mode=mode)
        theirs = SyncVectorEnv([lambda: tandem.Env(scenario)] * 3, autoreset_mode=mode)
        self.assertEqual(ours.observation_space, theirs.observation_space)
        self.assertEqual(ours.action_space, theirs.action_space)
        ours.action_space.seed(9)
        names = ("observation", "reward", "terminated", "truncated", "infos")
        self.same(ours.reset(seed=21), theirs.reset(seed=21), "reset")
        over = 0
        for step in range(steps):
            actions = ours.action_space.sample()
            mine, its = ours.step(actions), theirs.step(actions)
            for name, one, other in zip(names, mine, its):
                self.same(one, other, f"{mode} {step} {name}")
            done = mine[2] | mine[3]
            over += done.sum()
            if mode is AutoresetMode.DISABLED and done.any():
                seeds = [None, 5, None] if step % 2 else None
                self.same(*(env.reset(seed=seeds, options={"reset_mask": done})[0]
                            for env in (ours, theirs)), f"{mode} {step} reset")
        return over

    def test_episodes_by_length(self):
        for mode in MODES:
            with self.subTest(mode=mode):
                path = self.scene(environment='episode="7" backlog="0"')
                self.assertGreater(self.race(path, mode), 30)

    def test_episodes_by_run_and_backlog(self):
        for mode in MODES:
            with self.subTest(mode=mode):
                path = self.scene(duration="15 s", stream='rate="2 /s"', environment='backlog="5"')
                self.assertGreater(self.race(path, mode), 10)

    def test_steps_without_answers(self):
        """Two in flight: some steps answer nobody, and some two."""
        for mode in MODES:
            with self.subTest(mode=mode):
                path = self.scene(stream='rate="6 /s" inflight="2" queue="3"', duration="20 s",
                                  environment='episode="30" backlog="0"')
                self.assertGreater(self.race(path, mode, 200), 5)


class ByHand(scenes.Scenes):
    """Three episodes of three steps each."""

    def make(self, mode, **more):
        """An environment of one, and one of Env that shows what it should do."""
        path = self.scene(environment='episode="3" backlog="0"')
        return tandem.VectorEnv(path, autoreset_mode=mode, **more), tandem.Env(path)

    def test_next_step(self):
        vec, env = self.make("NextStep")
        action = env.action_space.sample()
        vec.reset(seed=1)
        env.reset(seed=1)
        for i in range(8):
            observation, reward, terminated, truncated, infos = vec.step(action[None])
            self.assertEqual(truncated[0], i % 4 == 2)
            self.assertFalse(terminated[0])
            if i % 4 == 3:
                expected, _ = env.reset()
                self.assertEqual((reward[0], infos), (0, {}))
            else:
                expected, its, *_, info = env.step(action)
                self.assertEqual(reward[0], its)
                self.assertEqual(infos["cost_j"][0], info["cost_j"])
                self.assertTrue(infos["_cost_j"][0])
            np.testing.assert_array_equal(observation[0], expected)

    def test_same_step(self):
        vec, env = self.make("SameStep")
        action = env.action_space.sample()
        vec.reset(seed=1)
        env.reset(seed=1)
        finals = []
        for i in range(7):
            observation, reward, _, truncated, infos = vec.step(action[None])
            expected, its, *_, info = env.step(action)
            self.assertEqual(reward[0], its)
            self.assertEqual(truncated[0], i % 3 == 2)
            self.assertEqual("final_obs" in infos, i % 3 == 2)
            if i % 3 == 2:
                finals.append((infos["final_obs"][0], expected))
                self.assertEqual(infos["final_info"]["cost_j"][0], info["cost_j"])
                expected, _ = env.reset()
            np.testing.assert_array_equal(observation[0], expected)
        for final, expected in finals:  # the second left the first as it was
            np.testing.assert_array_equal(final, expected)

    def test_disabled(self):
        path = self.scene(environment='episode="3" backlog="0"')
        vec = tandem.VectorEnv(path, num_envs=2, autoreset_mode="Disabled")
        vec.reset(seed=1)
        for _ in range(3):
            seen, _, _, truncated, _ = vec.step(vec.action_space.sample())
        self.assertTrue(truncated.all())
        seen, _ = vec.reset(options={"reset_mask": np.array([True, False])})
        with self.assertRaisesRegex(error.ResetNeeded, r"\[1\]"):
            vec.step(vec.action_space.sample())
        after, _ = vec.reset(seed=[None, 7], options={"reset_mask": np.array([False, True])})
        np.testing.assert_array_equal(after[0], seen[0])
        vec.step(vec.action_space.sample())

    def test_seeds(self):
        path = self.scene()
        vec, env = tandem.VectorEnv(path, num_envs=3), tandem.Env(path)
        seen, infos = vec.reset(seed=[8, None, 3])
        for i, seed in ((0, 8), (2, 3)):
            expected, info = env.reset(seed=seed)
            np.testing.assert_array_equal(seen[i], expected)
            self.assertEqual(infos["run_seed"][i], info["run_seed"])
        self.assertEqual(infos["_run_seed"].tolist(), [True, False, True])
        seen, _ = vec.reset(options={"run_seed": [4, 5, 4]})
        np.testing.assert_array_equal(seen[0], env.reset(options={"run_seed": 4})[0])
        np.testing.assert_array_equal(seen[0], seen[2])
        self.assertTrue((seen[0] != seen[1]).any())

    def test_copies(self):
        vec, _ = self.make("NextStep", copy=False)
        one, _ = vec.reset(seed=1)
        first = vec.step(vec.action_space.sample())[:4]
        self.assertIs(one, first[0])
        for before, after in zip(first, vec.step(vec.action_space.sample())):
            self.assertIs(before, after)
        vec, _ = self.make("NextStep")
        results = [vec.reset(seed=1)[:1]] + [vec.step(vec.action_space.sample()) for _ in range(9)]
        kept = [[np.copy(array) for array in result[:4]] for result in results]
        infos = [{key: np.copy(array) for key, array in result[-1].items()}
                 for result in results[1:]]
        vec.step(vec.action_space.sample())
        for result, copies in zip(results, kept):
            for array, copy in zip(result, copies):
                np.testing.assert_array_equal(array, copy)
        for result, copies in zip(results[1:], infos):
            np.testing.assert_equal(result[-1], copies)
        vec, _ = self.make("SameStep", infos=False)
        vec.reset(seed=1)
        said = [vec.step(vec.action_space.sample())[-1] for _ in range(3)]
        self.assertEqual(said[:2], [{}, {}])
        self.assertEqual(said[2]["final_info"], {})


class Rules(scenes.Scenes):
    """Registration, and mistakes."""

    def test_make_vec(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            env = gymnasium.make_vec("Tandem/Scenario-v0", num_envs=8,
                                     vectorization_mode="vector_entry_point",
                                     autoreset_mode="SameStep")
        self.assertIsInstance(env, tandem.VectorEnv)
        self.assertIs(env.metadata["autoreset_mode"], AutoresetMode.SAME_STEP)
        self.assertEqual(env.num_envs, 8)
        seen, _ = env.reset(seed=1)
        self.assertIn(seen, env.observation_space)
        self.assertIs(type(gymnasium.make_vec("Tandem/Scenario-v0", num_envs=2)), tandem.VectorEnv)
        self.assertIs(gymnasium.make_vec("Tandem/Scenario-v0").metadata["autoreset_mode"],
                      AutoresetMode.NEXT_STEP)

    def test_statistics(self):
        """A wrapper of Gymnasium's that reads rewards and flags."""
        vec = tandem.VectorEnv(self.scene(environment='episode="5" backlog="0"'), num_envs=2)
        env = gymnasium.wrappers.vector.RecordEpisodeStatistics(vec)
        env.reset(seed=1)
        rewards = []
        for _ in range(5):
            _, reward, _, _, infos = env.step(env.action_space.sample())
            rewards.append(reward)
        np.testing.assert_allclose(infos["episode"]["r"], np.sum(rewards, axis=0), rtol=1e-6)
        self.assertEqual(infos["episode"]["l"].tolist(), [5, 5])

    def test_mistakes(self):
        for wrong in (0, -1, 1.5, None, 2 ** 70):
            with self.assertRaises(ValueError):
                tandem.VectorEnv(num_envs=wrong)
        with self.assertRaises(ValueError):
            tandem.VectorEnv(autoreset_mode="Sometimes")
        with self.assertRaises(tandem.Error):
            tandem.VectorEnv("nothing")
        vec = tandem.VectorEnv(self.scene(), num_envs=2)
        good = vec.action_space.sample()
        with self.assertRaises(error.ResetNeeded):
            vec.step(good)
        for options in ({"reset_mask": [1, 0]}, {"reset_mask": np.array([True])},
                        {"reset_mask": np.zeros(2, bool)}, {"run_seed": [1]}, {"run_seed": [0, 1]}):
            with self.assertRaises(ValueError):
                vec.reset(options=options)
        with self.assertRaises(ValueError):
            vec.reset(seed=[1, 2, 3])
        vec.reset(seed=1, options={"reset_mask": np.array([True, False])})
        with self.assertRaises(error.ResetNeeded):
            vec.step(good)
        vec.reset(seed=1)
        high = good.copy()
        high[1, 0] = 3
        with self.assertRaisesRegex(ValueError, "'cpu' .* environment 1 says 3"):
            vec.step(high)
        with self.assertRaises(ValueError):
            vec.step(good[:1])
        with self.assertRaises(TypeError):
            vec.step(good.astype(np.float32))
        vec.step(good)
        vec.close()
        vec.close()
        with self.assertRaises(error.ClosedEnvironmentError):
            vec.step(good)
        with self.assertRaises(error.ClosedEnvironmentError):
            vec.reset()


if __name__ == "__main__":
    unittest.main()
