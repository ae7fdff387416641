# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps per second from Python, raced against a bare NumPy loop over arrays of the same shapes.

    python3 tests/bench/python_env.py [--only NAME] [--seconds S] [bench.json]

Prints a table and writes it to the file as tandem-bench does: a list of {name, value, unit, ratio,
against}; ratio is how many times as long as what it is compared with it takes.
"""

import argparse
import json
import statistics
import sys
import time

import numpy as np

import tandem

LEAST_ROUNDS = 5


def sampled(space, count=64):
    """Random actions, made beforehand."""
    space.seed(1)
    return [space.sample() for _ in range(count)]


class Steps:
    """So many environments, for a round of `steps` steps."""

    def __init__(self, count, **options):
        self.env = tandem.VectorEnv("default", num_envs=count, **options)
        self.env.reset(seed=1)
        self.actions = sampled(self.env.action_space)
        self.steps = max(4, 8192 // count)

    def run(self):
        """One round; how many steps of an environment it had."""
        step, actions = self.env.step, self.actions
        for i in range(self.steps):
            step(actions[i % len(actions)])
        return self.steps * self.env.num_envs


class Bare:
    """What no environment in Python can do without: an action taken over, observations, rewards and
    flags handed out."""

    def __init__(self, ours):
        self.steps, self.count, self.actions = ours.steps, ours.env.num_envs, ours.actions
        self.observations = np.zeros(ours.env.observation_space.shape, np.float32)
        self.taken = np.zeros(ours.env.action_space.shape, np.int32)
        self.rewards = np.zeros(self.count, np.float32)
        self.flags = np.zeros((2, self.count), bool)

    def step(self, actions):
        """An environment that nothing happens in."""
        self.taken[:] = actions
        return (self.observations.copy(), self.rewards.copy(), self.flags[0].copy(),
                self.flags[1].copy(), {})

    def run(self):
        """A round."""
        step, actions = self.step, self.actions
        for i in range(self.steps):
            step(actions[i % len(actions)])


class One(Steps):
    """A plain environment."""

    def __init__(self):
        self.env = tandem.Env("default")
        self.env.reset(seed=1)
        self.actions = sampled(self.env.action_space)
        self.env.num_envs = 1
        self.steps = 8192

    def run(self):
        env, actions = self.env, self.actions
        for i in range(self.steps):
            _, _, terminated, truncated, _ = env.step(actions[i % len(actions)])
            if terminated or truncated:
                env.reset()
        return self.steps


CASES = [("python-env", One)]
for number in (1, 16, 256):
    CASES += [(f"python-vec-{number}", lambda n=number: Steps(n)),
              (f"python-vec-{number}-lean", lambda n=number: Steps(n, copy=False, infos=False))]


def timed(run):
    """CPU seconds, and what it answered."""
    start = time.process_time()
    answer = run()
    return time.process_time() - start, answer


def race(ours, bare, seconds):
    """Both take turns; medians of our steps/s, and of how many times as long we take."""
    ours.run()
    bare.run()
    rates, ratios, start = [], [], time.process_time()
    while len(rates) < LEAST_ROUNDS or time.process_time() - start < seconds:
        (mine, steps), (its, _) = timed(ours.run), timed(bare.run)
        rates.append(steps / mine)
        ratios.append(mine / its)
    return statistics.median(rates), statistics.median(ratios)


def main():
    """The program."""
    parser = argparse.ArgumentParser(description="Speed of the Python package")
    parser.add_argument("--only", metavar="NAME", default="",
                        help="cases whose name begins like this")
    parser.add_argument("--seconds", metavar="S", type=float, default=1,
                        help="CPU time of each case")
    parser.add_argument("json", nargs="?", help="the file to write")
    arguments = parser.parse_args()
    chosen = [(name, make) for name, make in CASES if name.startswith(arguments.only)]
    if not chosen:
        sys.exit(f"there is no case '{arguments.only}': " + ", ".join(name for name, _ in CASES))
    results = []
    print(f"{'':26} {'':12} {'':14} {'times as':>9}  long as")
    for name, make in chosen:
        ours = make()
        rate, ratio = race(ours, Bare(ours), arguments.seconds)
        results.append({"name": name, "value": rate, "unit": "steps/s", "ratio": ratio,
                        "against": "a bare NumPy loop"})
        print(f"{name:26} {rate:12.4g} {'steps/s':14} {ratio:8.3g}x  a bare NumPy loop", flush=True)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=2)


if __name__ == "__main__":
    main()
