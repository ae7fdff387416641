# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine live: on a virtual board: real features, real inference, a real tandem-cloud; and real
offloading between two network namespaces, against what simulation says of the same link."""

import in_venv_alone  # noqa: F401  pylint: disable=unused-import

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import numpy
import onnx
import onnx.helper as make
import onnx.numpy_helper

import tandem
from far import FAR, Far, is_missing

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "unit" / "hil"))
if "TANDEM_AGENT" not in os.environ or "TANDEM_CLOUD" not in os.environ:
    in_venv_alone.skip("there is no tandem-agent")
from vboards import Board  # noqa: E402  pylint: disable=wrong-import-position

TANDEM, AGENT, CLOUD = (os.environ[name] for name in ("TANDEM_BIN", "TANDEM_AGENT", "TANDEM_CLOUD"))
DATA = ROOT / "build" / "digits"
SCENARIO = """<scenario name="live" seed="1" duration="{duration} s">
  <board id="nano" type="nano" {driver}/>
  <server id="cloud" type="rtx-3080" {uri}/>
  <link from="nano" to="cloud" up="{rate} bit/s" down="{rate} bit/s" rtt="{rtt} s"/>
  <stream board="nano" dnn="{dnn}" {stream}/>
  <knobs cpu="top" gpu="top" emc="top" cut="all" exit="all" xi="25 %, 50 %, 100 %" bits="8"/>
</scenario>"""
MOST = 600  # pictures
PERIODIC = 'arrivals="periodic" rate="4 /s"'


def run_with_cloud(program, *arguments, before=()):
    """A program that says `ready` on its standard output, and what it said then."""
    process = subprocess.Popen([*before, program, *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    if not line.startswith("ready "):
        said = process.communicate(timeout=30)[1]
        if "there is no ONNX Runtime" in said:
            raise unittest.SkipTest(said.strip())
        raise AssertionError(said)
    # Nobody else reads what it says meanwhile, and a full pipe would stop it.
    threading.Thread(target=process.stderr.read, daemon=True).start()
    return process, line.split()[1]


def end(process):
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    process.stdout.close()
    return process.returncode


class Bench(unittest.TestCase):
    """A virtual board with its agent, a tandem-cloud, and scenarios for them."""

    network = "digits"
    cloud_side = board_side = ()
    listen = "tcp://127.0.0.1:*"
    seen_at = None  # the cloud's address as the board sees it

    @classmethod
    def setUpClass(cls):
        cls.place = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="live-")))
        cls.prepare()
        cls.board = cls.enterClassContext(Board("nano", 4, folder=True))
        cls.cloud, uri = run_with_cloud(CLOUD, "--dnn", cls.network, "--bind", cls.listen,
                                        *cls.cloud_options(), before=cls.cloud_side)
        cls.addClassCleanup(end, cls.cloud)
        cls.uri = cls.seen_at or uri
        cls.agent, cls.driver = run_with_cloud(
            AGENT, "--root", cls.board.place, "--listen", f"ipc://{cls.place}/agent",
            "--lease", "2 s", "--state", str(cls.place / "state"), "--guardian",
            os.environ["TANDEM_GUARDIAN"], *cls.agent_options(), before=cls.board_side)
        cls.addClassCleanup(end, cls.agent)

    @classmethod
    def prepare(cls):
        """What there must be before the programs start."""

    @classmethod
    def cloud_options(cls):
        return []

    @classmethod
    def agent_options(cls):
        return ["--pictures", str(DATA)] if DATA.exists() else []

    def scenario(self, simulated=False, rate=1e9, rtt=0.001, duration=4, stream=PERIODIC, **words):
        words = {"driver": f'driver="{self.driver}"', "uri": f'uri="{self.uri}"',
                 "dnn": self.network, **words}
        if simulated:
            words["driver"] = ""
        path = self.place / f"{'model' if simulated else 'live'}.xml"
        path.write_text(SCENARIO.format(rate=rate, rtt=rtt, duration=duration, stream=stream,
                                        **words), encoding="utf-8")
        return path

    def tandem(self, *arguments, code=0):
        done = subprocess.run([TANDEM, *map(str, arguments)], capture_output=True, text=True,
                              timeout=120, check=False)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}{done.stderr}")
        return done.stderr

    def run_plan(self, plan, engine="live:", **words):
        """Runs a scenario under a fixed plan; its record, and what was said of it."""
        record = self.place / "run.h5"
        said = self.tandem("run", self.scenario(engine != "live:", **words), "--engine", engine,
                           "--policy", f"fixed:{plan}", "-o", record)
        return tandem.read_record(record), said


class Digits(Bench):
    """The network `digits` over the loopback device."""

    def test_a_run_by_the_real_clock(self):
        begin = time.monotonic()
        record, said = self.run_plan("cut=extractor/mul_1;xi=0.5;bits=8", duration=4)
        self.assertGreater(time.monotonic() - begin, 4)
        requests = record.requests
        self.assertEqual(len(requests["arrival"]), 16)
        numpy.testing.assert_allclose(requests["arrival"], 0.25 * numpy.arange(16), atol=0.2501)
        # A packet: 16 bytes, a bit for each of 32 channels, 16 channels of 4 x 4 values of a byte.
        self.assertTrue((requests["sent"] == 16 + 4 + 16 * 16).all())
        self.assertTrue((requests["received"] == 40).all())
        self.assertTrue((requests["start"] >= requests["arrival"]).all())
        parts = sum(requests[name] for name in ("thinking", "switching", "head", "waited"))
        trip = sum(requests[name] for name in ("up", "remote", "down"))
        numpy.testing.assert_allclose(
            requests["latency"], parts + numpy.maximum(requests["local"], trip), atol=1e-3)
        self.assertRegex(said, r"1 requests had to connect first, [\d.]+ ms each")
        # Clocks that stay as they were set are in force all the time from the first answer on.
        power = record.boards["nano"].power
        settled = power["start"] >= requests["answer"][0]
        self.assertGreater(settled.sum(), 16)
        for clock in ("cpu_clock", "gpu_clock"):
            self.assertEqual(set(power[clock][settled]), {requests[clock][0]}, clock)

    @unittest.skipUnless((DATA / "test-images.idx").exists(),
                         "no build/digits; './bootstrap inference' makes it")
    def test_answers_are_those_of_the_same_stages_elsewhere(self):
        import test_digits  # pylint: disable=import-outside-toplevel
        images = numpy.frombuffer((DATA / "test-images.idx").read_bytes()[16:], numpy.uint8)
        labels = numpy.frombuffer((DATA / "test-labels.idx").read_bytes()[8:], numpy.uint8)
        judge = test_digits.Judge()
        extracted = judge.extract(images.reshape(-1, 28, 28)[:MOST])
        for xi, plan in ((0, "cut=none"), (0.25, "cut=extractor/mul_1;xi=0.25;bits=8"),
                         (1, "cut=extractor/mul_1;xi=1;bits=8")):
            record, said = self.run_plan(plan, duration=4, stream='arrivals="closed"')
            right, count = map(int, re.search(r"(\d+) of (\d+) labelled", said).groups())
            expected = (judge.answers(extracted, xi, 8, 0.5) == labels[:MOST])[:count].sum()
            self.assertTrue(15 < count <= MOST, count)
            self.assertEqual(right, expected, f"xi {xi}, {count} pictures")
            # The last one may have been answered after the end.
            self.assertIn(count - len(record.requests["latency"]), (0, 1))

    @unittest.skipUnless((DATA / "test-images.idx").exists(),
                         "no build/digits; './bootstrap inference' makes it")
    def test_the_exit_answers_where_a_plan_leaves_early(self):
        import test_digits  # pylint: disable=import-outside-toplevel
        images = numpy.frombuffer((DATA / "test-images.idx").read_bytes()[16:], numpy.uint8)
        labels = numpy.frombuffer((DATA / "test-labels.idx").read_bytes()[8:], numpy.uint8)
        extracted = test_digits.Judge().extract(images.reshape(-1, 28, 28)[:MOST])
        record, said = self.run_plan("exit=early", duration=4, stream='arrivals="closed"')
        right, count = map(int, re.search(r"(\d+) of (\d+) labelled", said).groups())
        answers = extracted["exit"].argmax(1)
        self.assertTrue(15 < count <= MOST, count)
        self.assertEqual(right, (answers == labels[:MOST])[:count].sum())
        self.assertEqual(set(record.requests["exit"]), {1})
        self.assertEqual(set(record.requests["sent"]), {0})
        self.assertEqual(set(record.requests["local"]), {0})

    def test_what_is_refused(self):
        fixed = ("--engine", "live:", "--policy", "fixed:cut=extractor/mul_1;bits=8")
        for words, said, code in (
                ({"driver": ""}, "needs a board behind a tandem-agent", 2),
                ({"uri": ""}, "'live:' sends to a real server: it needs its uri", 1),
                ({"stream": PERIODIC + ' inflight="2"'}, "one plan at a time", 2),
                ({"dnn": "resnet18"}, "", 1),
                ({"uri": 'uri="tcp://127.0.0.1:9"', "stream": PERIODIC + ' deadline="0.1 s"'},
                 "no tandem-cloud answers", 1)):
            with self.subTest(words=words):
                answer = self.tandem("run", self.scenario(**words), *fixed[:3],
                                     "cloud-only" if words.get("dnn") else fixed[3], code=code)
                self.assertIn(said, answer)
        self.assertIn("sends features", self.tandem(
            "run", self.scenario(), *fixed[:3], "cloud-only", code=1))
        self.assertIn("leaves a network early on the board alone", self.tandem(
            "run", self.scenario(), *fixed[:3], "fixed:cut=extractor/mul_1;bits=8;exit=early",
            code=1))
        self.assertIn("cuts where 12544 bytes cross, the network is split where 2048 do", self.tandem(
            "run", self.scenario(), *fixed[:3], "fixed:cut=extractor/conv1;bits=8", code=1))


CHANNELS, SIDE = 64, 28
WIDE = f"""<?xml version="1.0" encoding="UTF-8"?>
<dnn name="wide" title="Features that are large" input="1x28x28" raw="784 B" compressed="784 B">
  <source id="made" kind="assumed" what="for a test of links"/>
  <layer name="extract" op="Mul" macs="50176" weights="256 B" in="784 B" out="{CHANNELS * SIDE**2 * 4} B" kernels="3"/>
  <layer name="local" op="Gemm" macs="640" weights="2600 B" in="{CHANNELS * SIDE**2 * 4} B" out="40 B" kernels="2"/>
  <cut after="extract" bytes="{CHANNELS * SIDE**2 * 4} B" channels="{CHANNELS}"/>
  <exit name="early" after="extract">
    <layer name="mean" op="ReduceMean" macs="0" weights="0 B" in="{CHANNELS * SIDE**2 * 4} B" out="40 B" kernels="1"/>
  </exit>
</dnn>"""


def write_wide(folder):
    """A split network whose features are 200 kB, 50 kB with 8 bits: enough to time a link by."""
    (folder / "wide").mkdir(parents=True)
    (folder / "wide.xml").write_text(WIDE, encoding="utf-8")
    features = make.make_tensor_value_info("features", onnx.TensorProto.FLOAT,
                                           ["batch", CHANNELS, SIDE, SIDE])
    logits = make.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["batch", 10])
    scale = numpy.linspace(0.1, 1, CHANNELS, dtype=numpy.float32).reshape(1, CHANNELS, 1, 1)
    weights = numpy.random.default_rng(1).normal(size=(CHANNELS, 10)).astype(numpy.float32)

    def constant(name, values):
        return onnx.numpy_helper.from_array(values, name)

    def save(name, graph):
        model = make.make_model(graph, opset_imports=[make.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, str(folder / "wide" / f"{name}.onnx"))

    save("extractor", make.make_graph(
        [make.make_node("Cast", ["image"], ["float"], to=onnx.TensorProto.FLOAT),
         make.make_node("Mul", ["float", "scale"], ["features"]),
         make.make_node("ReduceMean", ["features"], ["importance"], axes=[2, 3], keepdims=0)],
        "extractor",
        [make.make_tensor_value_info("image", onnx.TensorProto.UINT8, ["batch", 1, SIDE, SIDE])],
        [features, make.make_tensor_value_info("importance", onnx.TensorProto.FLOAT,
                                               ["batch", CHANNELS])],
        [constant("scale", scale)]))
    for name in ("local", "remote"):
        save(name, make.make_graph(
            [make.make_node("ReduceMean", ["features"], ["mean"], axes=[2, 3], keepdims=0),
             make.make_node("MatMul", ["mean", "weights"], ["logits"])],
            name, [features], [logits], [constant("weights", weights)]))


@unittest.skipIf(is_missing(), is_missing())
class Network(Bench):
    """Board and cloud in network namespaces of their own, 2 Mbit/s and 40 ms apart."""

    network = "wide"
    rate, delay = 2e6, 0.02
    listen = f"tcp://{FAR}:7464"

    @classmethod
    def prepare(cls):
        write_wide(cls.place / "platforms" / "dnns")
        old = os.environ.get("TANDEM_PLATFORMS")
        os.environ["TANDEM_PLATFORMS"] = str(cls.place / "platforms")
        cls.addClassCleanup(lambda: os.environ.pop("TANDEM_PLATFORMS") if old is None
                            else os.environ.__setitem__("TANDEM_PLATFORMS", old))
        cls.far = cls.enterClassContext(Far(int(cls.rate), cls.delay))
        cls.board_side, cls.cloud_side = cls.far.command(0), cls.far.command(1)
        cls.make_keys()

    @classmethod
    def make_keys(cls):
        """What is not on the loopback device wants keys."""
        with (cls.place / "known").open("w", encoding="ascii") as known:
            for name in ("host", "agent", "cloud"):
                public = subprocess.run([TANDEM, "hil", "keys", str(cls.place / name)], check=True,
                                        capture_output=True, text=True).stdout.strip()
                known.write(f"{public} {name}\n")
        os.environ["TANDEM_KEY"] = str(cls.place / "host")
        os.environ["TANDEM_AGENT_KEY"] = str(cls.place / "agent.pub")
        cls.addClassCleanup(os.environ.pop, "TANDEM_KEY")
        cls.addClassCleanup(os.environ.pop, "TANDEM_AGENT_KEY")

    @classmethod
    def cloud_options(cls):
        return ["--key", str(cls.place / "cloud"), "--known", str(cls.place / "known")]

    @classmethod
    def agent_options(cls):
        return ["--key", str(cls.place / "agent"), "--known", str(cls.place / "known"),
                "--cloud-key", str(cls.place / "cloud.pub")]

    def measure(self, share):
        words = {"rate": self.rate, "rtt": 2 * self.delay, "duration": 5,
                 "stream": 'arrivals="periodic" rate="2 /s"'}
        plan = f"cut=extract;xi={share};bits=8"
        live, said = self.run_plan(plan, **words)
        model, _ = self.run_plan(plan, "analytic:", **words)
        return live.requests, model.requests, said

    def test_transfers_take_what_the_simulated_link_says(self):
        for place, share in enumerate((0.25, 0.5, 1)):
            live, model, said = self.measure(share)
            self.assertEqual(len(live["up"]), 10)
            measured, simulated = live["up"][1:], model["up"][1:]
            print(f"xi {share}: measured {1e3 * numpy.median(measured):.1f} ms "
                  f"({1e3 * measured.min():.1f} to {1e3 * measured.max():.1f}), "
                  f"simulated {1e3 * simulated.mean():.1f} ms; {said.strip()}")
            self.assertLess(abs(numpy.median(measured) / simulated.mean() - 1), 0.1)
            cold = re.search(r"1 requests had to connect first, ([\d.]+) ms each", said)
            self.assertEqual(bool(cold), place == 0, said)  # the agent keeps its connections
            if cold:  # TCP, two rounds of CURVE and four questions: seven times there and back
                self.assertGreater(float(cold[1]), 1e3 * 7 * 2 * self.delay)
                self.assertGreater(live["head"][0], 1e-3 * float(cold[1]))

    def test_a_network_without_an_exit_is_not_left_early(self):
        self.assertIn("leaves 'wide' early, and the network was split without an exit", self.tandem(
            "run", self.scenario(), "--engine", "live:", "--policy", "fixed:exit=early", code=1))

    def test_the_link_is_cut(self):
        record = self.place / "cut.h5"
        before = self.board.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
        process = subprocess.Popen(
            [TANDEM, "run", self.scenario(rate=self.rate, rtt=2 * self.delay, duration=60,
                                    stream=PERIODIC + ' deadline="0.2 s"'),
             "--engine", "live:", "--policy", "fixed:cut=extract;bits=8", "-o", record],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(3)
        self.far.cut.set()
        try:
            said = process.communicate(timeout=100)[1]
        finally:
            self.far.cut.clear()
        self.assertEqual(process.returncode, 1, said)
        self.assertIn("has not answered within 2 s", said)
        self.assertFalse(record.exists())
        self.assertEqual(
            self.board.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"), before)


if __name__ == "__main__":
    unittest.main()
