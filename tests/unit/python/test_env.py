# SPDX-License-Identifier: GPL-3.0-or-later
"""tandem.Env: against `tandem run` of the same seed, formulas by hand, and Gymnasium's rules."""

import unittest
import warnings

import in_venv  # noqa: F401  goes on in the virtual environment
import gymnasium
import numpy as np
import scenes
from gymnasium import error
from gymnasium.spaces import Box, MultiDiscrete
from gymnasium.utils.env_checker import check_env

import tandem

FREE = 'thinking="free" backlog="0" worst="-1e6"'
PMAX, ETA = 10, 0.3  # W, of platforms/boards/nano.xml; of the scene


def play(env, actions, **reset):
    """What comes of a list of actions, up to the end of the episode."""
    observation, _ = env.reset(**reset)
    seen, told = [observation], []
    for action in actions:
        observation, reward, terminated, truncated, info = env.step(action)
        seen.append(observation)
        told.append((reward, terminated, truncated, info))
        if terminated or truncated:
            break
    return np.array(seen), told


def local(env):
    """The action "everything on the board, at the top clocks", for ever."""
    action = [n - 1 if knob in ("cpu", "gpu", "emc") else 0
              for knob, n in zip(env.knobs, env.action_space.nvec)]
    while True:
        yield action


def random_actions(env, seed, count):
    """Repeatable ones."""
    env.action_space.seed(seed)
    return [env.action_space.sample() for _ in range(count)]


class SameAsTheCommand(scenes.Scenes):
    """Edge-only through the environment, and by `tandem run`."""

    def test_figures(self):
        path = self.scene(environment=FREE)
        env = tandem.Env(path)
        for seed in (1, 7, 2 ** 50):
            seen, told = play(env, local(env), options={"run_seed": seed})
            ours = {key: sum(info.get(key, 0) * (info["answered"] - info["dropped"])
                             for *_, info in told) for key in ("cost_j", "energy_j", "latency_s")}
            answered = sum(info["answered"] for *_, info in told)
            theirs = scenes.run(path, "edge-only", seed)
            self.assertEqual(answered, theirs["requests"])
            for key, total in ours.items():
                self.assertAlmostEqual(total / answered, theirs[key], delta=1e-9 * theirs[key])
            self.assertEqual([done for _, _, done, _ in told], [False] * (len(told) - 1) + [True])
            self.assertGreater(len(seen), 30)

    def test_seed_is_of_a_run(self):
        path = self.scene(environment=FREE)
        env = tandem.Env(path)
        _, info = env.reset(seed=42)
        _, told = play(env, local(env), seed=42)
        costs = [info["cost_j"] for *_, info in told if info["answered"]]
        mean = scenes.run(path, "edge-only", info["run_seed"])["cost_j"]
        self.assertAlmostEqual(np.mean(costs), mean, delta=1e-9 * mean)

    def test_observations(self):
        """What the record says was known; 1 kB/s to 100 MB/s, and 0 to 10, are -1 to 1."""
        path = self.scene(environment=FREE, stream='rate="2.5 /s"')
        scenes.run(path, "edge-only", 5, "-o", self.folder / "run.h5")
        requests = tandem.read_record(self.folder / "run.h5").requests
        env = tandem.Env(path)
        seen, _ = play(env, local(env), options={"run_seed": 5})
        entry = {name: seen[:requests.rows, i].astype(float) for i, name in enumerate(env.entries)}
        np.testing.assert_allclose(1e3 * 1e5 ** ((entry["bandwidth"] + 1) / 2),
                                   requests["bandwidth"], rtol=1e-5)
        waiting = [((requests["arrival"][i + 1:] <= start).sum())
                   for i, start in enumerate(requests["start"])]
        known = requests["start"] < requests["arrival"][-1]  # who came later, it does not tell
        self.assertGreater(known.sum(), 50)
        np.testing.assert_allclose(np.round((entry["queued"] + 1) * 5)[known],
                                   np.minimum(waiting, 10)[known])
        self.assertGreater(max(waiting), 2)
        np.testing.assert_allclose(entry["eta"], 2 * ETA - 1, rtol=1e-6)


class Formulas(scenes.Scenes):
    """Costs, rewards and previous actions by hand."""

    def test_cost_and_reward(self):
        env = tandem.Env(self.scene(environment=FREE))
        _, told = play(env, random_actions(env, 3, 50), seed=3)
        references = []
        for reward, _, _, info in told:
            if info["answered"] != 1:
                continue
            cost = ETA * info["energy_j"] + (1 - ETA) * PMAX * info["latency_s"]
            self.assertAlmostEqual(info["cost_j"], cost, delta=1e-9 * cost)
            self.assertEqual(info["late"], info["latency_s"] > 1)
            references.append(-cost / reward)
        self.assertGreater(len(references), 20)
        np.testing.assert_allclose(references, references[0], rtol=1e-6)
        # A lone request on the board at its top clocks costs about as much.
        alone = self.scene(environment=FREE, stream='rate="0.01 /s"', duration="1000 s")
        first = scenes.run(alone, "edge-only", 1)["cost_j"]
        self.assertAlmostEqual(references[0] / first, 1, delta=0.03)

    def test_previous_action(self):
        env = tandem.Env(self.scene())
        before, _ = env.reset(seed=1)
        rows = [env.entries.index("previous-" + knob) for knob in env.knobs]
        self.assertTrue((before[rows] == 0).all())
        action = env.action_space.nvec // 2
        after, *_ = env.step(action)
        np.testing.assert_allclose(after[rows], 2 * action / (env.action_space.nvec - 1) - 1,
                                   rtol=1e-6)


class Rules(scenes.Scenes):
    """What Gymnasium asks for."""

    def test_spaces(self):
        env = tandem.Env(self.scene())
        self.assertEqual(env.observation_space, Box(-1, 1, (len(env.entries),), np.float32))
        self.assertEqual(env.knobs[:3], ("cpu", "gpu", "emc"))
        self.assertEqual(env.action_space.nvec[:3].tolist(), [3, 3, 2])

    def test_no_free_knob(self):
        env = tandem.Env(self.scene(knobs='cpu="top" gpu="top" emc="top" cut="none"'))
        self.assertEqual(env.action_space, MultiDiscrete([1]))
        self.assertEqual(env.knobs, ())
        env.reset(seed=1)
        env.step(np.array([0]))
        with self.assertRaisesRegex(ValueError, "without free knobs has levels 0 to 0, .* says 1"):
            env.step([1])

    def test_check_env(self):
        none = self.scene(knobs='cpu="top" gpu="top" emc="top" cut="none"')
        for scenario in ("default", "agx-xavier-walk", "tx2-lte-drive", "xavier-nx-camera", none):
            env = gymnasium.make("Tandem/Scenario-v0", scenario=scenario)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                check_env(env.unwrapped)
            env.close()

    def test_seeds_reproduce(self):
        env, twin = tandem.Env(self.scene()), tandem.Env(self.scene())
        actions = random_actions(env, 1, 40)
        seen, told = play(env, actions, seed=11)
        again, retold = play(twin, actions, seed=11)
        np.testing.assert_array_equal(seen, again)
        self.assertEqual(told, retold)
        other, _ = play(env, actions, seed=12)
        self.assertFalse(other.shape == seen.shape and (other == seen).all())

    def test_steps_draw_nothing(self):
        env = tandem.Env(self.scene())
        env.reset(seed=4)
        state = env.np_random.bit_generator.state
        for action in random_actions(env, 4, 10):
            env.step(action)
        env.reset()
        self.assertEqual(env.np_random.bit_generator.state, state)

    def test_reset_goes_on(self):
        env, whole = (tandem.Env(self.scene(environment=f'episode="{n}" backlog="0"',
                                            name=f"{n}.xml")) for n in (10, 0))
        actions = random_actions(env, 2, 20)
        seen, told = play(env, actions, seed=2)
        self.assertEqual(len(told), 10)
        self.assertTrue(told[-1][2])
        more, _ = play(env, actions[10:])
        np.testing.assert_array_equal(np.concatenate([seen[:-1], more]),
                                      play(whole, actions, seed=2)[0])

    def test_given_up(self):
        env = tandem.Env(self.scene(stream='rate="20 /s"', environment='backlog="4"'))
        _, told = play(env, local(env), seed=1)
        self.assertEqual(told[-1][:3], (-10, True, False))
        with self.assertRaises(error.ResetNeeded):
            env.step(next(local(env)))
        env.reset()
        env.step(next(local(env)))

    def test_copies(self):
        env = tandem.Env(self.scene(), copy=False)
        first, _ = env.reset(seed=1)
        before = first.copy()
        second, *_ = env.step(env.action_space.sample())
        self.assertIs(first, second)
        self.assertFalse((first == before).all())


class Mistakes(scenes.Scenes):
    """What is wrong is said, and reaches no C."""

    def test_scenario(self):
        with self.assertRaisesRegex(tandem.Error, "default"):
            tandem.Env("defualt")
        path = self.scene(environment='reward="costs"')
        with self.assertRaises(tandem.Error) as caught:
            tandem.Env(path)
        self.assertEqual((caught.exception.file, caught.exception.line), (path, 9))
        self.assertIn("cost", str(caught.exception))
        for wrong in (5, None, b"default"):
            with self.assertRaises(TypeError):
                tandem.Env(wrong)
        with self.assertRaises(ValueError):
            tandem.Env("default\0")
        with self.assertRaises(tandem.Error):
            tandem.Env("default", engine="steam:")

    def test_actions(self):
        env = tandem.Env(self.scene())
        with self.assertRaises(error.ResetNeeded):
            env.step(env.action_space.sample())
        env.reset(seed=1)
        good = env.action_space.nvec - 1
        with self.assertRaisesRegex(TypeError, "integers"):
            env.step(good.astype(float))
        with self.assertRaisesRegex(ValueError, "shape"):
            env.step(good[:-1])
        with self.assertRaisesRegex(ValueError, "'gpu' has levels 0 to 2, and the action says 3"):
            env.step(good + [0, 1, 0, 0, 0, 0])
        with self.assertRaisesRegex(ValueError, "'cpu' has .* says -1"):
            env.step([-1, *good[1:]])
        with self.assertRaisesRegex(ValueError, "says 4294967296"):  # 0 in 32 bits
            env.step([2 ** 32, *good[1:]])
        env.step(good)

    def test_reset(self):
        env = tandem.Env(self.scene())
        for seed in (0, -1, 2 ** 50 + 1, 1.5, True, "1"):
            with self.assertRaisesRegex(ValueError, "seed"):
                env.reset(options={"run_seed": seed})
        with self.assertRaisesRegex(error.Error, "'runseed'.*run_seed"):
            env.reset(options={"runseed": 1})

    def test_closed(self):
        env = tandem.Env(self.scene())
        env.reset(seed=1)
        env.close()
        env.close()
        for use in (env.reset, lambda: env.step([0] * 6)):
            with self.assertRaises(error.ClosedEnvironmentError):
                use()


class OneNumber(scenes.Scenes):
    """FlattenAction."""

    def test_each_once(self):
        path = self.scene(knobs='cpu="3" gpu="2" emc="2" cut="input"')
        env = tandem.FlattenAction(tandem.Env(path))
        levels = env.env.action_space.nvec
        self.assertEqual(env.action_space.n, np.prod(levels))
        seen = [tuple(env.action(i)) for i in range(env.action_space.n)]
        self.assertEqual(seen, sorted(np.ndindex(*levels)))
        self.assertEqual([env.number(action) for action in seen], list(range(len(seen))))

    def test_steps(self):
        plain = tandem.Env(self.scene())
        env = tandem.FlattenAction(tandem.Env(self.scene()))
        actions = random_actions(plain, 1, 30)
        seen, told = play(plain, actions, seed=1)
        again, retold = play(env, [env.number(action) for action in actions], seed=1)
        np.testing.assert_array_equal(seen, again)
        self.assertEqual(told, retold)

    def test_limits(self):
        env = tandem.FlattenAction(tandem.Env(self.scene()))
        env.reset(seed=1)
        for wrong in (-1, env.action_space.n, 1.5):
            with self.assertRaises(ValueError):
                env.step(wrong)
        with self.assertRaisesRegex(ValueError, "156,240 actions"):
            tandem.FlattenAction(tandem.Env())
        with self.assertRaises(TypeError):
            tandem.FlattenAction(env)


if __name__ == "__main__":
    unittest.main()
