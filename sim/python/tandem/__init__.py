# SPDX-License-Identifier: GPL-3.0-or-later
"""Python side of Tandem.

- `tandem.Env`, `tandem.VectorEnv`: scenarios as Gymnasium environments; importing the package
  registers them as "Tandem/Scenario-v0"
- `tandem.FlattenAction`: one number for all knobs, for learners that take no other actions
- `tandem.read_record`: what `tandem run -o` and `tandem merge` wrote
- `python3 -m tandem.import_onnx`: layer table, cuts and sizes of an ONNX model
- `python3 -m tandem.dnn_zoo`: makes the files of `platforms/dnns` again
"""

from importlib import import_module

__version__ = "0.1.0"
__all__ = ["Env", "Error", "FlattenAction", "VectorEnv", "read_record"]

# Loaded when they are first asked for: whoever imports a network needs neither Gymnasium nor the
# library, and whoever reads a record no Gymnasium.
_HOMES = {"Env": "tandem.env", "VectorEnv": "tandem.vector_env", "Error": "tandem.native",
          "FlattenAction": "tandem.flatten_action", "read_record": "tandem.record"}


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'tandem' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def _register():
    try:
        from gymnasium.envs.registration import register
    except ImportError:
        return
    register(id="Tandem/Scenario-v0", entry_point="tandem.env:Env",
             vector_entry_point="tandem.vector_env:VectorEnv")


_register()
