# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut an ONNX model into the stages that a board and a server run.

    python3 -m tandem.cut_onnx MODEL.onnx --at LAYER -o DIR
    python3 -m tandem.cut_onnx MODEL.onnx --at LAYER --branches local,remote -o DIR

LAYER is a layer's name as `tandem.import_onnx` gives it.  The first form writes `head.onnx`, all up
to a cut of the network, and `tail.onnx`, the rest.  The second is for networks that branch there,
as DVFO's: each output of the model that --branches names becomes a stage of its own, which starts
from what LAYER gives (`local.onnx`), and the rest, with all other outputs, is `extractor.onnx`.

Before anything is written, the stages are run one after the other on drawn inputs, beside the
whole, on the same runtime without its optimisations: every output must be equal, bit by bit.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from pathlib import Path
from typing import Any, Sequence

from tandem.dnn import one_line
from tandem.import_onnx import apart, crossings, layer_names
from tandem.onnx_graph import Graph, ModelError, load_graph, load_model

try:
    import numpy
    import onnx.utils
    from onnx import TensorProto
except ImportError:  # said by load_model
    onnx = None
try:
    import onnxruntime
except ImportError:  # said by check_stages
    onnxruntime = None

CHECKS = 3  # drawn inputs that the stages are checked with

Stages = dict[str, Any]  # by name, each an ONNX model, in the order in which they run


# --- cutting ---------------------------------------------------------------------------------


def cut_tensor(graph: Graph, layer: str, branching: bool) -> tuple[int, str]:
    """Index of `layer`, and what crosses after it; where the network branches, what it gives."""
    names = layer_names(graph.nodes)
    if layer not in names:
        near = difflib.get_close_matches(layer, names, 1)
        raise ModelError(f"has no layer '{layer}'"
                         + (f" (did you mean '{near[0]}'?)" if near else ""))
    index = names.index(layer)
    if branching:
        outputs = [name for name in graph.nodes[index].outputs if name]
        if len(outputs) != 1:
            raise ModelError(f"layer '{layer}' gives {len(outputs)} tensors, not one")
        return index, outputs[0]
    cuts = dict(crossings(graph))
    if index in cuts:
        return index, cuts[index]
    if not cuts:
        raise ModelError("has no cut: nowhere does a single tensor cross")
    near = min(cuts, key=lambda other: (abs(other - index), other))
    raise ModelError(f"more than one tensor crosses after '{layer}'; the nearest cut is after "
                     f"'{names[near]}'")


def needs(graph: Graph, target: str, given: str) -> set[str]:
    """Which of the graph's inputs, and of {given}, `target` is computed from, not looking behind
    `given`."""
    made_by = {name: node for node in graph.nodes for name in node.outputs if name}
    found, waiting, seen = set(), [target], set()
    while waiting:
        name = waiting.pop()
        if name in seen or name in graph.constants:
            continue
        seen.add(name)
        if name == given or name in graph.inputs:
            found.add(name)
        elif name in made_by:
            waiting += [item for item in made_by[name].inputs if item]
    return found


def cut(path: Path, layer: str, branches: Sequence[str]) -> Stages:
    """The stages, not yet checked; raises ModelError."""
    graph, model = load_graph(path), load_model(path)
    index, tensor = cut_tensor(graph, layer, bool(branches))
    outputs = [value.name for value in model.graph.output]
    for name in branches:
        if name not in outputs:
            raise ModelError(f"has no output '{name}'; it has {', '.join(outputs)}")
        if needs(graph, name, tensor) != {tensor}:
            raise ModelError(f"output '{name}' does not come from what '{layer}' gives alone")
    if branches:
        behind = [[name] for name in branches]
        names = ["extractor", *branches]
    else:
        complete = {name for node in graph.nodes[:index + 1] for name in node.outputs}
        behind = [[name for name in outputs if name not in complete]]
        names = ["head", "tail"]
    rest = [name for name in outputs if name not in sum(behind, [])]
    first = [tensor, *(name for name in rest if name != tensor)]
    inputs = [name for name in graph.inputs
              if any(name in needs(graph, item, "") for item in first)]
    model.graph.value_info.extend(model.graph.output)  # one of them may be what crosses
    try:
        extractor = onnx.utils.Extractor(model)
        stages = [extractor.extract_model(inputs, first)]
        stages += [extractor.extract_model([tensor], group) for group in behind]
    except (KeyError, ValueError) as error:
        raise ModelError(f"the shape of '{tensor}' cannot be inferred") from error
    return dict(zip(names, stages))


# --- checking --------------------------------------------------------------------------------


def draw_inputs(model: Any, seed: int) -> dict[str, Any]:
    """Numbers for each input of `model`: from [0, 1), or of the whole range of small integers."""
    draw = numpy.random.default_rng(seed)
    weights = {tensor.name for tensor in model.graph.initializer}
    drawn = {}
    for value in model.graph.input:
        if value.name in weights:
            continue
        tensor = value.type.tensor_type
        shape = [max(dim.dim_value, 1) for dim in tensor.shape.dim]
        if tensor.elem_type == TensorProto.FLOAT:
            drawn[value.name] = draw.random(shape, numpy.float32)
        elif tensor.elem_type in (TensorProto.UINT8, TensorProto.INT8):
            kind = numpy.uint8 if tensor.elem_type == TensorProto.UINT8 else numpy.int8
            span = numpy.iinfo(kind)
            drawn[value.name] = draw.integers(span.min, span.max, shape, kind, endpoint=True)
        else:
            raise ModelError(f"input '{value.name}' is of another type than float32, uint8, int8: "
                             "no inputs can be drawn to check the stages with")
    return drawn


def _session(model: Any) -> Any:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                        providers=["CPUExecutionProvider"])


def check_stages(model: Any, stages: Stages) -> None:
    """Raises ModelError unless the stages give what the whole gives."""
    if onnxruntime is None:
        raise ModelError("the stages cannot be checked: the Python package 'onnxruntime' is not "
                         "installed (pip install onnxruntime)")
    try:
        whole, parts = _session(model), [_session(stage) for stage in stages.values()]
        for seed in range(CHECKS):
            known = draw_inputs(model, seed)
            wanted = dict(zip((item.name for item in whole.get_outputs()), whole.run(None, known)))
            for part in parts:
                fed = {item.name: known[item.name] for item in part.get_inputs()}
                known.update(zip((item.name for item in part.get_outputs()), part.run(None, fed)))
            for name, value in wanted.items():
                if not numpy.array_equal(value, known[name], equal_nan=True):
                    raise ModelError(f"output '{name}' of the stages is not that of the whole")
    except ModelError:
        raise
    except Exception as error:  # onnxruntime has a class for each kind of failure
        raise ModelError(f"onnxruntime does not run it: {error}") from error


def cut_checked(path: Path, layer: str, branches: Sequence[str]) -> dict[str, bytes]:
    """The stages as files' contents, checked; raises ModelError."""
    stages = cut(path, layer, branches)
    check_stages(load_model(path), stages)
    return {name: stage.SerializeToString() for name, stage in stages.items()}


# --- the command -----------------------------------------------------------------------------


def write_stages(stages: dict[str, bytes], folder: Path) -> None:
    """All of them or, where one cannot be written, none.  Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {folder / f"{name}.onnx.part": folder / f"{name}.onnx" for name in stages}
    try:
        for part, content in zip(parts, stages.values()):
            part.write_bytes(content)
        for part, path in parts.items():
            os.replace(part, path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tandem.cut_onnx",
        description="Cut an ONNX model into stages, and check that they give what the whole gives.")
    parser.add_argument("model", metavar="MODEL.onnx", type=Path)
    parser.add_argument("--at", metavar="LAYER", required=True,
                        help="cut after this layer, called as tandem.import_onnx calls it")
    parser.add_argument("--branches", metavar="OUTPUT,OUTPUT", default="",
                        help="outputs that become stages of their own, behind an extractor")
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True,
                        help="folder for the stages; made where it is not there")
    options = parser.parse_args(arguments)
    branches = [name for name in options.branches.split(",") if name]
    try:
        stages = apart(cut_checked, options.model, options.at, branches)
    except ModelError as error:
        print(f"{options.model}: {one_line(str(error))}", file=sys.stderr)
        return 2
    try:
        write_stages(stages, options.output)
    except OSError as error:
        print(f"{options.output}: cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    for name, content in stages.items():
        print(f"{options.output / name}.onnx: {len(content)} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
