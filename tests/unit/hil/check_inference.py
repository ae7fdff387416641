#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hil/inference computes and says, against NumPy: models are made here, node by node, and what
they should give is computed from their definition."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

RUN_MODEL = os.environ["TANDEM_RUN_MODEL"]

try:
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as missing:
    print(f"skipped: {missing}; './bootstrap test' installs it")
    sys.exit(77)

FLOAT, UINT8, INT8 = TensorProto.FLOAT, TensorProto.UINT8, TensorProto.INT8


def value(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, **weights):
    """Opset 13, IR 8: what every runtime since 1.11 reads."""
    graph = helper.make_graph(nodes, "test", inputs, outputs,
                              [numpy_helper.from_array(array, name) for name, array in weights.items()])
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])


def run(path, *inputs, options=(), environment=None):
    given = b"".join(array.tobytes() for array in inputs)
    return subprocess.run([RUN_MODEL, *options, str(path)], input=given, capture_output=True,
                          timeout=120, check=False, env={**os.environ, **(environment or {})})


def dense(rows, columns, batch="batch"):
    """relu(x w + b), its weights drawn once and for all."""
    draw = numpy.random.default_rng(1)
    weights = draw.normal(size=(rows, columns)).astype(numpy.float32)
    bias = draw.normal(size=columns).astype(numpy.float32)
    made = model([helper.make_node("Gemm", ["x", "w", "b"], ["sum"]),
                  helper.make_node("Relu", ["sum"], ["y"])],
                 [value("x", FLOAT, batch, rows)], [value("y", FLOAT, batch, columns)],
                 w=weights, b=bias)
    return made, lambda x: numpy.maximum(x.astype(float) @ weights + bias, 0)


class Inference(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)

    def save(self, made, name="m.onnx"):
        path = self.place / name
        path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
        return path

    def good(self, *arguments, **options):
        result = run(*arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def refused(self, path, part, **options):
        result = run(path, numpy.zeros(64, numpy.float32), **options)
        self.assertEqual(result.returncode, 1, result.stderr)
        said = [line for line in result.stderr.decode().splitlines()
                if "AddressSanitizer failed to allocate" not in line]
        self.assertEqual(len(said), 1, said)  # one clear line, nothing of the runtime's own
        self.assertIn(part, said[0])

    def test_dense_layer_for_batches_and_threads(self):
        made, law = dense(7, 5)
        path = self.save(made)
        for batch in 1, 2, 33:
            x = numpy.random.default_rng(batch).normal(size=(batch, 7)).astype(numpy.float32)
            for threads in "1", "2":
                result = self.good(path, x, options=("--batch", str(batch), "--threads", threads))
                y = numpy.frombuffer(result.stdout, numpy.float32).reshape(batch, 5)
                numpy.testing.assert_allclose(y, law(x), atol=1e-5)
        self.assertEqual(result.stderr.decode().splitlines(),
                         ["input x float32 -1x7", "output y float32 -1x5", "ran cpu"])

    def test_convolution_by_hand(self):
        kernel = numpy.arange(18, dtype=numpy.float32).reshape(2, 1, 3, 3)
        path = self.save(model([helper.make_node("Conv", ["x", "k"], ["y"])],
                               [value("x", FLOAT, 1, 1, 6, 5)], [value("y", FLOAT, 1, 2, 4, 3)],
                               k=kernel))
        x = numpy.random.default_rng(3).integers(-9, 9, (6, 5)).astype(numpy.float32)
        y = numpy.frombuffer(self.good(path, x).stdout, numpy.float32).reshape(2, 4, 3)
        for channel in range(2):
            for row in range(4):
                for column in range(3):
                    window = x[row:row + 3, column:column + 3]
                    self.assertEqual(y[channel, row, column], (window * kernel[channel, 0]).sum())

    def test_integers_several_inputs_and_outputs(self):
        nodes = [helper.make_node("Cast", ["image"], ["wide"], to=FLOAT),
                 helper.make_node("DequantizeLinear", ["packed", "step"], ["loose"]),
                 helper.make_node("Add", ["wide", "loose"], ["sum"]),
                 helper.make_node("QuantizeLinear", ["sum", "step", "zero"], ["again"])]
        path = self.save(model(nodes, [value("image", UINT8, 1, 4), value("packed", INT8, 1, 4)],
                               [value("sum", FLOAT, 1, 4), value("again", INT8, 1, 4)],
                               step=numpy.float32(0.5), zero=numpy.int8(0)))
        image = numpy.array([0, 1, 200, 255], numpy.uint8)
        packed = numpy.array([-128, -1, 0, 127], numpy.int8)
        result = self.good(path, image, packed, options=("--times", "3"))
        total = numpy.frombuffer(result.stdout[:16], numpy.float32)
        numpy.testing.assert_array_equal(total, image + 0.5 * packed)
        numpy.testing.assert_array_equal(numpy.frombuffer(result.stdout[16:], numpy.int8),
                                         numpy.clip(total * 2, -128, 127))

    def test_a_trial_says_what_ran(self):
        # The runtime may fuse the two into one kernel, or not.
        result = self.good(self.save(dense(3, 2)[0]), numpy.zeros(3, numpy.float32),
                           options=("--trial",))
        self.assertRegex(result.stderr.decode(), r"\nran CPUExecutionProvider [12]\n$")
        self.assertEqual(list(Path("/tmp").glob("tandem-trial-*/profile*")), [])

    def test_a_provider_that_is_not_there(self):
        path = self.save(dense(3, 2)[0])
        self.refused(path, "has no CUDA", options=("--provider", "cuda"))
        self.refused(path, "has no TensorRT", options=("--provider", "tensorrt"))
        self.refused(path, "did you mean 'cuda'", options=("--provider", "cudo"))

    def test_what_is_no_model(self):
        made = dense(30, 20)[0].SerializeToString()
        for bytes_, part in [(b"", "is empty"), (b"\x89PNG\r\n\x1a\n" + bytes(64), "not an ONNX"),
                             (b"<xml/>\n", "not an ONNX"), (made[:-1], "cut off"),
                             (made[:1500], "cut off"), (made[:2], "without a graph")]:
            self.refused(self.save(bytes_), part)
        self.refused(self.place / "absent.onnx", "No such file")
        self.refused(self.place, "it is no file")

    def test_models_that_lie(self):
        made = dense(3, 2)[0]
        made.graph.node[0].op_type = "Nonsense"
        self.refused(self.save(made), "the runtime refuses it")
        made = dense(3, 2)[0]
        made.graph.initializer[0].dims[0] = 1 << 40
        self.refused(self.save(made), "the runtime refuses it")
        made = dense(3, 2)[0]
        made.graph.initializer[0].ClearField("raw_data")
        made.graph.initializer[0].data_location = TensorProto.EXTERNAL
        entry = made.graph.initializer[0].external_data.add()
        entry.key, entry.value = "location", "../../etc/passwd"
        self.refused(self.save(made), "weights in another file")

    def test_an_output_larger_than_it_says(self):
        path = self.save(model([helper.make_node("Cast", ["x"], ["shape"], to=TensorProto.INT64),
                                helper.make_node("ConstantOfShape", ["shape"], ["y"])],
                               [value("x", FLOAT, 1)], [value("y", FLOAT, 4)]))
        self.assertEqual(self.good(path, numpy.float32(4)).stdout, bytes(16))
        result = run(path, numpy.float32(1 << 20))
        self.assertEqual((result.returncode, result.stdout), (1, b""))
        self.assertIn(b"does not run", result.stderr)

    def test_ports_beyond_the_limits(self):
        identity = [helper.make_node("Identity", ["x"], ["y"])]
        for kind, shape, part in [
                (TensorProto.DOUBLE, (1, 2), "another type"), (FLOAT, (1, "width"), "axis open"),
                (FLOAT, (1, 0), "empty"), (FLOAT, (1,) * 9, "8 axes"),
                (FLOAT, (1 << 20, 1 << 20), "elements")]:
            made = model(identity, [value("x", kind, *shape)], [value("y", kind, *shape)])
            self.refused(self.save(made), part)
        many = [value(f"x{i}", FLOAT, 1) for i in range(17)]
        made = model([helper.make_node("Sum", [port.name for port in many], ["y"])], many,
                     [value("y", FLOAT, 1)])
        self.refused(self.save(made), "17 inputs")
        fixed = self.save(dense(3, 2, batch=1)[0])
        self.refused_batch(fixed, "2", "its batch is 1")

    def refused_batch(self, path, batch, part):
        result = run(path, numpy.zeros(64, numpy.float32), options=("--batch", batch))
        self.assertEqual(result.returncode, 1)
        self.assertIn(part, result.stderr.decode())

    def test_libraries_that_are_not_one(self):
        for path, part in [(str(self.place / "absent.so"), "cannot open"),
                           ("libm.so.6", "is not ONNX Runtime")]:
            result = subprocess.run([RUN_MODEL], capture_output=True, text=True, timeout=60,
                                    check=False, env={**os.environ, "TANDEM_ONNXRUNTIME": path})
            self.assertEqual(result.returncode, 1)
            self.assertIn(part, result.stderr)

    def test_libraries_of_other_versions(self):
        """Too old, of a strange major, and one that lies about its interfaces."""
        source = self.place / "fake.c"
        source.write_text(
            "#include <stddef.h>\n#include <stdint.h>\n"
            "static const void *table(uint32_t asked) { (void)asked; return NULL; }\n"
            "static const char *version(void) { return VERSION; }\n"
            "static const struct { const void *(*t)(uint32_t); const char *(*v)(void); } base =\n"
            "    {table, version};\n"
            "const void *OrtGetApiBase(void) { return &base; }\n", encoding="ascii")
        for version, part in [("1.10.0", "it takes 1.11"), ("2.0.0", "it takes 1.11"),
                              ("x", "it takes 1.11"), ("1.15.1", "lacks interface 15"),
                              ("1.99.0", "lacks interface 21")]:
            library = self.place / f"lib{version}.so"
            subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-o", library,
                            f'-DVERSION="{version}"', source], check=True, timeout=60)
            result = subprocess.run([RUN_MODEL], capture_output=True, text=True, timeout=60,
                                    check=False,
                                    env={**os.environ, "TANDEM_ONNXRUNTIME": str(library)})
            self.assertEqual(result.returncode, 1)
            self.assertIn(part, result.stderr)


if __name__ == "__main__":
    found = subprocess.run([RUN_MODEL], capture_output=True, text=True, timeout=60, check=False)
    if found.returncode == 77:
        print(f"skipped: {found.stderr}", end="")
        sys.exit(77)
    print(f"ONNX Runtime {found.stdout}", end="")
    unittest.main()
