#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The minibatches of 'tandem-bench --only training' in PyTorch, on one thread and random data.

    train_torch.py [bench.json]

The same network (inputs-128-64-32-heads, dueling and branching), batch, double Q-learning, Huber
loss, clipping and Adam. Prints minibatches/s beside what the C bench wrote, and nothing without PyTorch.
"""

import json
import sys
import time

try:
    import torch
except ImportError:
    sys.exit(0)

INPUTS, HIDDEN, BATCH, MEMORY = 36, (128, 64, 32), 256, 100000
LEVELS = (15, 12, 7, 31, 2, 2)  # knobs of the default scenario
SECONDS = 3


class Network(torch.nn.Module):
    """A value and the advantages of each head, over shared layers."""

    def __init__(self):
        super().__init__()
        layers, width = [], INPUTS
        for size in HIDDEN:
            layers += [torch.nn.Linear(width, size), torch.nn.ReLU()]
            width = size
        self.layers = torch.nn.Sequential(*layers, torch.nn.Linear(width, 1 + sum(LEVELS)))

    def forward(self, inputs):
        outputs = self.layers(inputs)
        value, heads = outputs[:, :1], outputs[:, 1:].split(LEVELS, dim=1)
        return [value + head - head.mean(dim=1, keepdim=True) for head in heads]


def random_memory():
    return (torch.rand(MEMORY, INPUTS) * 2 - 1, torch.rand(MEMORY, INPUTS) * 2 - 1,
            -torch.rand(MEMORY), torch.stack([torch.randint(n, (MEMORY,)) for n in LEVELS], dim=1))


def update(online, target, optimiser, memory):
    rows = torch.randint(MEMORY, (BATCH,))
    seen, following, rewards, actions = (part[rows] for part in memory)
    with torch.no_grad():
        best = [head.argmax(dim=1, keepdim=True) for head in online(following)]
        values = [head.gather(1, choice) for head, choice in zip(target(following), best)]
        goal = rewards + 0.5 * torch.cat(values, dim=1).mean(dim=1)
    chosen = torch.cat([head.gather(1, actions[:, i:i + 1])
                        for i, head in enumerate(online(seen))], dim=1)
    loss = torch.nn.functional.smooth_l1_loss(chosen, goal[:, None].expand_as(chosen))
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(online.parameters(), 10)
    optimiser.step()
    with torch.no_grad():
        for slow, fast in zip(target.parameters(), online.parameters()):
            slow.lerp_(fast, 0.005)


def measure():
    """Minibatches a second of CPU time."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    online, target, memory = Network(), Network(), random_memory()
    optimiser = torch.optim.Adam(online.parameters(), lr=1e-3)
    for _ in range(20):
        update(online, target, optimiser, memory)
    count, start = 0, time.process_time()
    while time.process_time() - start < SECONDS:
        update(online, target, optimiser, memory)
        count += 1
    return count / (time.process_time() - start)


def ours(path):
    with open(path, encoding="utf-8") as file:
        for result in json.load(file):
            if result["name"] == "training updates":
                return result["value"]
    return None


def main():
    theirs = measure()
    mine = ours(sys.argv[1]) if len(sys.argv) > 1 else None
    print(f"training in PyTorch        {theirs:12.4g} minibatches/s  "
          f"(PyTorch {torch.__version__}, one thread)")
    if mine:
        print(f"training updates           {mine:12.4g} minibatches/s  {mine / theirs:.3g} times as many")


if __name__ == "__main__":
    main()
