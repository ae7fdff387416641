# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of runs, and merged ones of sweeps, as NumPy arrays.

    record = tandem.read_record("run.h5")
    record.requests["latency"].mean(), record.requests.units["latency"]
    record.boards["nano"].power.to_pandas()

`tandem help record` says what each array is; so do `units` and `descriptions` of a table.
"""

import os
from collections.abc import Mapping

import h5py
import numpy as np


class Table(Mapping):
    """Columns by name, all with as many rows."""

    def __init__(self, group):
        arrays = {name: item for name, item in group.items() if isinstance(item, h5py.Dataset)}
        self._columns = {name: _array(item) for name, item in arrays.items()}
        self.units = {name: item.attrs.get("units", "") for name, item in arrays.items()}
        self.descriptions = {name: item.attrs.get("description", "")
                             for name, item in arrays.items()}

    def __getitem__(self, name):
        return self._columns[name]

    def __iter__(self):
        return iter(self._columns)

    def __len__(self):
        return len(self._columns)

    @property
    def rows(self):
        """How many."""
        return len(next(iter(self._columns.values()), ()))

    def to_pandas(self):
        """A pandas.DataFrame, whose `attrs` hold units and descriptions."""
        import pandas
        frame = pandas.DataFrame(self._columns)
        frame.attrs.update(units=self.units, descriptions=self.descriptions)
        return frame

    def __repr__(self):
        return f"<{self.rows} rows of {', '.join(self)}>"


class Board:
    """A board of a run: `attributes`, and over time its `power`, `rails` and `radios`."""

    def __init__(self, group):
        self.attributes = _attributes(group)
        self.power = Table(group["power"]) if "power" in group else None
        self.rails = Table(group["rails"]) if "rails" in group else None
        radios = group.get("radio", {})
        self.radios = {int(link): Table(radios[link]) for link in sorted(radios, key=int)}


class Boards(Mapping):
    """A run's boards by id, each read when it is asked for: a fleet's may be large."""

    def __init__(self, path, names):
        self._path, self._names = path, names

    def __getitem__(self, name):
        if name not in self._names:
            raise KeyError(f"the record has no board {name!r}")
        with h5py.File(self._path, "r") as file:
            return Board(file["boards"][name])

    def __iter__(self):
        return iter(self._names)

    def __len__(self):
        return len(self._names)


class Record:
    """One run: `attributes` (scenario, seed, versions, ...), `summary`, `requests`, `boards`,
    `streams`."""

    def __init__(self, path, file):
        self.path, self.attributes = path, _attributes(file)
        self.summary = _attributes(file["summary"]) if "summary" in file else {}
        self.requests = Table(file["requests"])
        streams = file.get("streams", {})
        self.streams = [_attributes(streams[name]) for name in sorted(streams, key=int)]
        self.boards = Boards(path, list(file.get("boards", ())))


class Merged:
    """A sweep: `attributes`; `runs`, a row each; and `record(task)`, the record of one of them."""

    def __init__(self, path, file):
        self.path, self.attributes = path, _attributes(file)
        self.runs = Table(file["runs"])
        links = file.get("links", {})
        self._files = {int(name.rsplit("-", 1)[1]): links.get(name, getlink=True).filename
                       for name in links}

    def record(self, task):
        """The record of a task, as `runs["task"]` numbers them. It lies beside the merged file."""
        if task not in self._files:
            raise KeyError(f"{self.path} has no record of task {task}")
        return read_record(os.path.join(os.path.dirname(self.path), self._files[task]))


_FORMATS = {"tandem record": Record, "tandem merge": Merged}


def read_record(path):
    """Reads what `tandem run -o` wrote, or `tandem merge`: a Record, or a Merged."""
    path = os.path.abspath(path)
    with h5py.File(path, "r") as file:
        kind = file.attrs.get("format")
        if not isinstance(kind, str) or kind not in _FORMATS:
            raise ValueError(f"{path} is neither a record of `tandem run` nor of `tandem merge`")
        return _FORMATS[kind](path, file)


def _array(dataset):
    array = dataset[()]
    return np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array


def _plain(value):
    """Python's own numbers in place of NumPy's scalars."""
    return value.item() if isinstance(value, np.generic) else value


def _attributes(item):
    return {name: _plain(value) for name, value in item.attrs.items()}
