# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments over "simgrid:", each run of which is a process of its own."""

import os
import subprocess
import sys
import unittest
import warnings

import in_venv  # noqa: F401  goes on in the virtual environment
import gymnasium
import numpy as np
import scenes
from gymnasium.utils.env_checker import check_env

import tandem

CELL = """<scenario name="cell" seed="1" duration="20 s">
  <server id="cloud" type="rtx-3080"/>
  <cell id="wifi" bandwidth="16 Mbit/s" duplex="half"/>
  <fleet count="3">
    <board id="nano" type="nano"/>
    <link from="nano" to="cloud" rtt="10 ms" radio="wifi" cell="wifi"/>
    <stream board="nano" dnn="vit-b16" arrivals="poisson" rate="1 /s" deadline="1 s" input="raw"/>
  </fleet>
  <knobs cpu="2" gpu="3" emc="2" cut="input"/>
  <environment thinking="free" backlog="0" episode="{episode}"/>
</scenario>
"""


def children():
    """Processes that this one has started."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return set(file.read().split())


class Simgrid(scenes.Scenes):
    """Boards that share a cell."""

    def cell(self, episode=0):
        """The path of the scenario."""
        path = self.folder / "cell.xml"
        path.write_text(CELL.format(episode=episode), encoding="utf-8")
        return str(path)

    def test_figures(self):
        """Never sending, against the command."""
        path = self.cell()
        theirs = scenes.run(path, "edge-only", 3)
        env = tandem.Env(path)
        env.reset(options={"run_seed": 3})
        total, answered, truncated = 0, 0, False
        action = [n - 1 if knob in ("cpu", "gpu", "emc") else 0
                  for knob, n in zip(env.knobs, env.action_space.nvec)]
        while not truncated:
            _, _, _, truncated, info = env.step(action)
            answered += info["answered"]
            total += info.get("cost_j", 0) * info["answered"]
        self.assertEqual(answered, theirs["requests"])
        self.assertAlmostEqual(total / answered, theirs["cost_j"], delta=1e-9 * theirs["cost_j"])

    def test_check_env(self):
        env = gymnasium.make("Tandem/Scenario-v0", scenario=self.cell())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_env(env.unwrapped)
        env.close()

    def test_engines_agree(self):
        """Where nothing is shared, both tell the same story."""
        path = self.scene(duration="20 s")
        one, other = tandem.Env(path, engine="analytic:"), tandem.Env(path, engine="simgrid:")
        one.action_space.seed(1)
        self.assertLess(np.abs(one.reset(seed=1)[0] - other.reset(seed=1)[0]).max(), 1e-5)
        truncated = False
        while not truncated:
            action = one.action_space.sample()
            seen, reward, _, truncated, _ = one.step(action)
            again, its_reward, _, its_end, _ = other.step(action)
            self.assertLess(np.abs(seen - again).max(), 1e-5)
            self.assertAlmostEqual(reward, its_reward, delta=1e-5 * abs(reward))
            self.assertEqual(truncated, its_end)

    def test_many(self):
        """In step, they are what each is alone."""
        path = self.cell(episode=5)
        vec = tandem.VectorEnv(path, num_envs=3, autoreset_mode="SameStep")
        alone = [tandem.Env(path) for _ in range(3)]
        seen, _ = vec.reset(seed=1)
        for i, env in enumerate(alone):
            np.testing.assert_array_equal(seen[i], env.reset(seed=1 + i)[0])
        vec.action_space.seed(1)
        for _ in range(12):
            actions = vec.action_space.sample()
            seen, rewards, _, truncated, _ = vec.step(actions)
            for i, env in enumerate(alone):
                expected, reward, _, over, _ = env.step(actions[i])
                if over:
                    expected, _ = env.reset()
                self.assertEqual((over, reward), (truncated[i], rewards[i]))
                np.testing.assert_array_equal(seen[i], expected)

    def test_nobody_stays(self):
        """Processes end with the environment, whoever lets go of it, and only then."""
        before = children()
        env = tandem.Env(self.cell())
        env.reset(seed=1)
        self.assertEqual(len(children() - before), 1)
        pid = os.fork()
        if pid == 0:  # this copy lets go of it, and the parent goes on
            env.close()
            os._exit(0)
        os.waitpid(pid, 0)
        env.step(env.action_space.sample())
        env.close()
        self.assertEqual(children(), before)
        vec = tandem.VectorEnv(self.cell(), num_envs=2)
        vec.reset()
        self.assertEqual(len(children() - before), 2)
        del vec
        self.assertEqual(children(), before)

    def test_a_lost_process(self):
        """An error, and the next run is fine."""
        env = tandem.Env(self.cell())
        before = children()
        env.reset(seed=1)
        os.kill(int(*(children() - before)), 9)
        with self.assertRaises(tandem.Error):
            for _ in range(3):
                env.step(env.action_space.sample())
        with self.assertRaises(gymnasium.error.ResetNeeded):
            env.step(env.action_space.sample())
        env.reset(seed=1)
        env.step(env.action_space.sample())

    def test_leaves_quietly(self):
        """A program that closes nothing."""
        code = (f"import tandem; env = tandem.Env({self.cell()!r}); env.reset(seed=1); "
                "env.step(env.action_space.sample())")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                              env={**os.environ, "LD_PRELOAD": in_venv.PRELOAD,
                                   "PYTHONPATH": str(in_venv.ROOT / "sim" / "python")},
                              timeout=120, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
