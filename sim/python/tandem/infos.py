# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of steps beside observations and rewards. What nothing is known of, as the latency
where no request was served, is left out."""

import math

import numpy as np

from tandem.native import ffi

# By their fields in struct tdm_step, where they lie side by side.
_COUNTS = ("answered", "dropped", "late")
_MEANS = {"latency": "latency_s", "energy": "energy_j", "cost": "cost_j", "accuracy": "accuracy"}


def info_of(step):
    """The info of one step."""
    info = {name: getattr(step, name) for name in _COUNTS}
    info["discount_exponent"] = step.exponent
    for field, key in _MEANS.items():
        value = getattr(step, field)
        if not math.isnan(value):
            info[key] = value
    return info


def step_dtype():
    """`struct tdm_step` as NumPy sees it, with the compiler's offsets."""
    codes = {"float": "f4", "double": "f8", "uint32_t": "u4", "_Bool": "?"}
    fields = ffi.typeof("struct tdm_step").fields
    return np.dtype({"names": [name for name, _ in fields],
                     "formats": [codes[field.type.cname] for _, field in fields],
                     "offsets": [field.offset for _, field in fields],
                     "itemsize": ffi.sizeof("struct tdm_step")})


def _side_by_side(steps, names):
    """These fields of all steps as one array, a row a field."""
    views = [steps[name] for name in names]
    first = views[0]
    offsets = [steps.dtype.fields[name][1] - steps.dtype.fields[names[0]][1] for name in names]
    assert offsets == [i * first.itemsize for i in range(len(names))], "tandem.h has another order"
    return np.lib.stride_tricks.as_strided(first, (len(names), len(steps)),
                                           (first.itemsize, steps.itemsize))


class Infos:
    """Infos of many steps, as Gymnasium has them: arrays, with masks that say whose info is there.

    What nothing is known of is 0.
    """

    def __init__(self, steps):
        self._counts = _side_by_side(steps, list(_COUNTS))
        self._means = _side_by_side(steps, list(_MEANS))
        self._exponents = steps["exponent"]

    def of(self, told):
        """Of those that `told` masks."""
        infos = {}
        if not told.any():
            return infos
        for key, values in zip(_COUNTS, self._counts * told.astype(np.int64)):
            infos[key], infos["_" + key] = values, told
        infos["discount_exponent"] = self._exponents * told.astype(np.float64)
        infos["_discount_exponent"] = told
        known = told & ~np.isnan(self._means)
        means = np.where(known, self._means, 0)
        for key, values, mask, any_is in zip(_MEANS.values(), means, known, known.any(axis=1)):
            if any_is:
                infos[key], infos["_" + key] = values, mask
        return infos
