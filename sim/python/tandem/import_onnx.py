# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a `<dnn>` description from an ONNX model.

    python3 -m tandem.import_onnx MODEL.onnx -o dnn.xml

The table has one row for every node that depends on the input and reaches an output, in the
model's (topological) order.  What a row holds, always for one request and at fp32, that is
4 bytes an element:

- `macs`: Conv, ConvTranspose, Gemm, MatMul; 0 for all others.
- `weights`: bytes of constant operands that the kernel reads (a shared weight counts at every
  use).  Sizes, axes, bounds and other single numbers do not count.
- `in`, `out`: bytes of activations that the kernel reads and writes.
- `kernels`: 1, or 0 where nothing is launched:

Views (Reshape, Flatten, Squeeze, Unsqueeze, Identity, Dropout, and a Transpose that moves only axes
of size 1) move nothing: kernels 0, bytes 0.

Fusion, as inference runtimes do it.  Conv, ConvTranspose, Gemm, MatMul and pointwise nodes lead a
group.  A pointwise node (activation, BatchNormalization, arithmetic) joins a group when all its
activations come from that one group and have the shape of its output.  So bias, BatchNormalization,
Relu, Clip, SiLU (Sigmoid and Mul) and GELU cost nothing after a convolution, while the sum of a
residual block, which joins two groups, is a kernel of its own and takes the Relu behind it along.
A node that joined has kernels 0 and bytes 0; the leader's `out` is what leaves the group, and its
`weights` include the group's (not those of a BatchNormalization after a Conv, ConvTranspose or
Gemm, which is folded into theirs).

A constant is an initializer, the shape of a tensor, or the output of a node all of whose inputs
are constants; constants never cross a cut.  A cut lies after every row at which exactly one
other tensor is still needed by later rows.  Outputs that are already complete do not cross.

Export transformers with opset 17 or later: before, LayerNormalization is nine nodes and counts as
several kernels.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Callable, Sequence

from tandem.dnn import Cut, Dnn, Layer, Source, one_line, write_xml, xml_text
from tandem.onnx_graph import BYTES_PER_ELEMENT, Graph, ModelError, Node, Shape, load_graph

JPEG_SOURCE = Source("jpeg", "assumed", "JPEG at quality 90, about 2 bits a subpixel")

WEIGHTED_OPS = frozenset("Conv ConvTranspose Gemm MatMul".split())
FOLDS_BATCH_NORM = frozenset("Conv ConvTranspose Gemm".split())
VIEW_OPS = frozenset("Reshape Flatten Squeeze Unsqueeze Identity Dropout".split())
POINTWISE_OPS = frozenset(
    "Abs Add And BatchNormalization Cast Ceil Celu Clip DequantizeLinear Div Elu Equal Erf Exp "
    "Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish LeakyRelu Less LessOrEqual Log Max "
    "Min Mish Mul Neg Not Or PRelu Pow QuantizeLinear Reciprocal Relu Round Selu Sigmoid Sign "
    "Softplus Softsign Sqrt Sub Sum Tanh ThresholdedRelu Where Xor".split())
# Operators whose constants, but for the first input, say what to do and are not data.
CONTROL_INPUT_OPS = frozenset(
    "ArgMax ArgMin Cast Clip CumSum DequantizeLinear Dropout Expand Flatten Gather "
    "GatherElements GatherND NonMaxSuppression OneHot Pad QuantizeLinear ReduceL1 ReduceL2 "
    "ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Reshape Resize Slice Split Squeeze "
    "Tile TopK Unsqueeze Upsample".split())
PARTIAL_READ_OPS = frozenset("Gather GatherElements GatherND Slice".split())
UNCOUNTED_OPS = frozenset(
    "Attention ConvInteger DeformConv Einsum FusedConv FusedMatMul GRU LSTM MatMulInteger "
    "MultiHeadAttention QLinearConv QLinearMatMul RNN".split())


# --- the table -------------------------------------------------------------------------------


def layer_table(graph: Graph) -> list[Layer]:
    """One row a node, in order; see the module's text for what it counts."""
    names = layer_names(graph.nodes)
    leaders = fusion_groups(graph)
    leaving = _leaving_bytes(graph, leaders)
    weights = [0] * len(graph.nodes)
    for index, node in enumerate(graph.nodes):
        folded = (node.op == "BatchNormalization" and leaders[index] != index
                  and graph.nodes[leaders[index]].op in FOLDS_BATCH_NORM)
        if not is_view(graph, node) and not folded:
            weights[leaders[index]] += weight_bytes(graph, node)
    layers = []
    for index, node in enumerate(graph.nodes):
        if leaders[index] != index or is_view(graph, node):
            layers.append(Layer(names[index], node.op))
        else:
            layers.append(Layer(names[index], node.op, macs(graph, node), weights[index],
                                _read_bytes(graph, node), leaving[index], kernels=1))
    return layers


def is_view(graph: Graph, node: Node) -> bool:
    """Whether `node` only looks at the same memory in another way."""
    if node.op != "Transpose":
        return node.op in VIEW_OPS
    shape = graph.shape(node.inputs[0], node)
    order = [axis for axis in _permutation(node, len(shape)) if shape[axis] != 1]
    return order == sorted(order)


def _permutation(node: Node, rank: int) -> list[int]:
    return list(node.attributes.get("perm", range(rank - 1, -1, -1)))


def macs(graph: Graph, node: Node) -> int:
    """Multiply-adds of `node`."""
    if node.op not in WEIGHTED_OPS:
        return 0
    first, second = graph.shape(node.inputs[0], node), graph.shape(node.inputs[1], node)
    result = graph.elements(node.outputs[0], node)
    if node.op == "Conv":  # weights: out channels, in channels of a group, window
        return result * math.prod(second[1:])
    if node.op == "ConvTranspose":  # weights: in channels, out channels of a group, window
        return math.prod(first) * math.prod(second[1:])
    if node.op == "Gemm":
        return result * first[0 if node.attributes.get("transA", 0) else 1]
    return result * first[-1]


def weight_bytes(graph: Graph, node: Node) -> int:
    """Bytes of the constant operands that `node` reads as data."""
    operands = node.inputs[:1] if node.op in CONTROL_INPUT_OPS else node.inputs
    total = 0
    for name in operands:
        if name in graph.constants and graph.elements(name, node) > 1:
            total += _read_of(graph, node, name)
    return total


def fusion_groups(graph: Graph) -> list[int]:
    """For each node, the index of the node whose kernel computes it (often itself)."""
    leaders: list[int] = []
    group_of: dict[str, int] = {}  # tensor -> leader, for tensors that may take more along
    for index, node in enumerate(graph.nodes):
        leader = index
        if node.op in POINTWISE_OPS:
            groups = {group_of.get(name) for name in graph.activations(node)}
            group = groups.pop() if len(groups) == 1 else None
            if group is not None and _same_shapes(graph, node):
                leader = group
        leaders.append(leader)
        if node.op in POINTWISE_OPS or node.op in WEIGHTED_OPS:
            group_of.update((name, leader) for name in node.outputs if name)
    return leaders


def _same_shapes(graph: Graph, node: Node) -> bool:
    result = graph.shape(node.outputs[0], node)
    return all(graph.shape(name, node) == result for name in graph.activations(node))


def _leaving_bytes(graph: Graph, leaders: list[int]) -> list[int]:
    """For each leader, the bytes that its group writes: outputs that others need."""
    readers: dict[str, set[int]] = {}
    for index, node in enumerate(graph.nodes):
        for name in node.inputs:
            readers.setdefault(name, set()).add(leaders[index])
    leaving = [0] * len(graph.nodes)
    for index, node in enumerate(graph.nodes):
        for name in node.outputs:
            others = readers.get(name, set()) - {leaders[index]}
            if (others or name in graph.outputs) and not is_view(graph, node):
                leaving[leaders[index]] += graph.size(name, node)
    return leaving


def _read_bytes(graph: Graph, node: Node) -> int:
    return sum(_read_of(graph, node, name) for name in graph.activations(node))


def _read_of(graph: Graph, node: Node, name: str) -> int:
    """Bytes that `node` reads of its input `name`."""
    size = graph.size(name, node)
    if node.op in PARTIAL_READ_OPS and name == node.inputs[0]:
        return min(size, graph.size(node.outputs[0], node))
    return size


# --- cuts ------------------------------------------------------------------------------------


def crossings(graph: Graph) -> list[tuple[int, str]]:
    """All places between rows where exactly one tensor that is not constant crosses: the index of
    the row before, and the tensor."""
    last_use: dict[str, int] = {}
    for index, node in enumerate(graph.nodes):
        for name in node.inputs:
            last_use[name] = index
    crossing = {name for name in graph.inputs if name in last_use}
    found = []
    for index, node in enumerate(graph.nodes[:-1]):
        crossing.update(name for name in node.outputs if name in last_use)
        crossing = {name for name in crossing if last_use[name] > index}
        if len(crossing) == 1:
            found.append((index, *crossing))
    return found


def cut_points(graph: Graph, names: list[str]) -> list[Cut]:
    """What crosses at each crossing, by the row's name."""
    channel_axes = _channel_axes(graph)
    cuts = []
    for index, name in crossings(graph):
        shape = graph.shape(name, graph.nodes[index])
        channels = shape[channel_axes.get(name, 1)] if len(shape) > 1 else 1
        cuts.append(Cut(names[index], graph.size(name, graph.nodes[index]), channels))
    return cuts


def _channel_axes(graph: Graph) -> dict[str, int]:
    """For each activation, the axis that counts channels.

    Axis 1 (N, C, ...) at first and after convolutions; followed through Transpose and through
    Reshape where it stays in place; else the last axis of a result with up to three dimensions,
    as in transformers (N, tokens, C).
    """
    axes = {name: 1 for name in graph.inputs}
    for node in graph.nodes:
        source = graph.activations(node)[0]
        before = graph.shape(source, node)
        axis = axes.get(source, 1)
        for name in node.outputs:
            if not name:
                continue
            after = graph.shapes.get(name, ())
            axes[name] = _next_channel_axis(node, axis, before, after)
    return axes


def _next_channel_axis(node: Node, axis: int, before: Shape, after: Shape) -> int:
    last = max(len(after) - 1, 0)
    if node.op in ("Conv", "ConvTranspose"):
        return 1
    if node.op in ("Gemm", "MatMul"):
        return last
    if node.op == "Transpose":
        return _permutation(node, len(before)).index(axis)
    same_rank = len(after) == len(before) and node.op != "Reshape"
    if same_rank or before[:axis + 1] == after[:axis + 1]:
        return axis
    return 1 if len(after) > 3 else last


# --- names -----------------------------------------------------------------------------------

# A last name part that already tells what the operator is makes the operator's name needless.
TELLING_PARTS = {
    "Conv": "conv|fc", "ConvTranspose": "conv", "Gemm": "fc|linear|classifier|head",
    "BatchNormalization": "bn|norm", "LayerNormalization": "ln|norm", "Relu": "relu|act",
    "LeakyRelu": "relu|act", "Clip": "relu|act", "MaxPool": "pool", "AveragePool": "pool",
    "GlobalAveragePool": "pool", "Pad": "pad", "Resize": "resize|upsample",
}
NUMBERED_PART = re.compile(r"\.\d+$")


def layer_names(nodes: list[Node]) -> list[str]:
    """Unique, short, readable names made from the nodes' own names."""
    parts = [_name_parts(node) for node in nodes]
    while len(parts) > 1 and all(len(item) > 2 for item in parts) \
            and len({item[0] for item in parts}) == 1:
        parts = [item[1:] for item in parts]
    names: list[str] = []
    taken: set[str] = set()
    for item in parts:
        name = wanted = "/".join(item)
        count = 1
        while name in taken:
            count += 1
            name = f"{wanted}_{count}"
        taken.add(name)
        names.append(name)
    return names


def _name_parts(node: Node) -> list[str]:
    """`/layer1/layer1.0/conv1/Conv` -> layer1.0, conv1; a node without a name -> its operator."""
    clean = re.sub(r"[^A-Za-z0-9._/-]", "_", node.name or node.op.lower())
    parts = [part for part in clean.split("/") if part] or [node.op.lower()]
    parts = [part for index, part in enumerate(parts)
             if not any(_says(later, part) for later in parts[index + 1:])]
    operator = re.fullmatch(re.escape(node.op) + r"(_\d+)?", parts[-1])
    if operator and len(parts) > 1:
        telling = TELLING_PARTS.get(node.op)
        if telling and (re.search(telling, parts[-2], re.IGNORECASE)
                        or NUMBERED_PART.search(parts[-2])):
            parts = [*parts[:-2], parts[-2] + (operator.group(1) or "")]
        else:
            parts = [*parts[:-1], parts[-1].lower()]
    elif operator:
        parts = [parts[0].lower()]
    return parts


def _says(later: str, part: str) -> bool:
    """Whether a later part repeats `part`: layer1/layer1.0, layers/encoder_layer_0."""
    return len(part) > 2 and part.rstrip("s") in later


# --- the whole -------------------------------------------------------------------------------


def import_model(path: Path, name: str, title: str, source: str) -> Dnn:
    """The description of the ONNX model in `path`; raises ModelError."""
    try:
        graph = load_graph(path)
        shape, raw, compressed, sources = _input_sizes(graph)
        layers = layer_table(graph)
        cuts = cut_points(graph, [layer.name for layer in layers])
    except (IndexError, TypeError, ValueError) as error:
        # An operator without what it needs, a name that is not text.
        raise ModelError("is malformed; onnx.checker.check_model may tell where") from error
    return Dnn(name, title, shape, raw, compressed,
               [Source("import", "published", source), *sources], layers, cuts)


def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """`function` in a process of its own: the onnx package crashes on some malformed models."""
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
            return pool.submit(function, *arguments).result()
    except BrokenProcessPool as error:
        raise ModelError("is malformed: the onnx package crashed when it inferred shapes") \
            from error


def uncounted(dnn: Dnn) -> list[Layer]:
    """Layers that multiply, but whose MACs are not counted."""
    return [layer for layer in dnn.layers if layer.op in UNCOUNTED_OPS]


def _input_sizes(graph: Graph) -> tuple[tuple[int, int, int], int, int, list[Source]]:
    """(channels, height, width), raw and compressed bytes, and where the latter are from.

    A picture is sent as 8-bit numbers or as JPEG; any other input as fp32, in both columns.
    """
    name = graph.inputs[0]
    shape = graph.shapes[name]
    if not 2 <= len(shape) <= 4:
        raise ModelError(f"input '{name}' has {len(shape)} dimensions; 2 to 4 are supported")
    if shape[0] != 1:
        raise ModelError(f"input '{name}' has a fixed batch of {shape[0]}; export the model with "
                         "a batch of 1 or a dynamic one")
    if len(shape) == 4:
        channels, height, width = shape[1:]
        if _is_channels_last(channels, height, width):
            channels, height, width = width, channels, height
        raw = channels * height * width
        return (channels, height, width), raw, (raw + 3) // 4, [JPEG_SOURCE]
    channels, height = (*shape[1:], 1)[:2]
    raw = BYTES_PER_ELEMENT * channels * height
    return (channels, height, 1), raw, raw, []


def _is_channels_last(second: int, third: int, fourth: int) -> bool:
    """Whether sizes after the batch look like height, width, channels of a picture."""
    square = second == third
    return min(second, third) > 4 and (fourth == 3 or (square and fourth in (1, 4)))


def default_name(path: Path) -> str:
    """A description's name from a file's: `My Net.onnx` -> `my-net`."""
    return re.sub(r"[^a-z0-9._]+", "-", path.stem.lower()).strip("-._") or "dnn"


def _name_argument(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a name (letters, digits, '.', '_', '-')")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tandem.import_onnx",
        description="Make a <dnn> description (layers, MACs, bytes, kernels, cuts) from an ONNX "
                    "model, for one request at fp32.")
    parser.add_argument("model", metavar="MODEL.onnx", type=Path)
    parser.add_argument("-o", "--output", metavar="DNN.xml", type=Path,
                        help="where to write (default: standard output)")
    parser.add_argument("--name", type=_name_argument, help="name of the dnn (default: the file's)")
    parser.add_argument("--title", help="name for people (default: the name)")
    parser.add_argument("--source", help="where the model is from (default: the file's name)")
    options = parser.parse_args(arguments)

    name = options.name or default_name(options.model)
    source = options.source or f"{options.model.name}, read by tandem.import_onnx"
    try:
        dnn = apart(import_model, options.model, name, options.title or name, source)
    except ModelError as error:
        print(f"{options.model}: {one_line(str(error))}", file=sys.stderr)
        return 2
    for layer in uncounted(dnn):
        print(f"{options.model}: warning: {layer.op} '{layer.name}' counts as 0 MACs",
              file=sys.stderr)
    if options.output is None:
        sys.stdout.write(xml_text(dnn))
    else:
        try:
            write_xml(dnn, options.output)
        except OSError as error:
            print(f"{options.output}: cannot be written: {error.strerror}", file=sys.stderr)
            return 2
    print(dnn.summary(), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
