# SPDX-License-Identifier: GPL-3.0-or-later
"""A closed form of a run, written apart from the C, against 1,000 random plans.

Reads the board, dnn, server, radio and trace files itself and computes, from the definitions in
the documentation alone, what locked clocks, a cut (or none), a share of the channels, bits and a
processor lead to on a board that neither heats nor takes time to switch: times, energies, cost,
accuracy, queueing, promotion and tail of the radio, a trace that loops. Outcomes agree to 1e-9.
"""
import os
import random
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

SOURCE = os.environ.get("TANDEM_SOURCE") or os.path.join(os.path.dirname(__file__), "../../..")
TOOL = os.environ.get("TANDEM_PLAN_OUTCOMES")
TOLERANCE = 1e-9
REQUESTS = 200

UNITS = {
    "Hz": 1, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9,
    "min": 60, "h": 3600, "W": 1, "mW": 1e-3, "uW": 1e-6, "kW": 1e3, "J": 1, "mJ": 1e-3,
    "uJ": 1e-6, "kJ": 1e3, "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20,
    "GiB": 2**30, "bit/s": 1 / 8, "kbit/s": 1e3 / 8, "Mbit/s": 1e6 / 8, "Gbit/s": 1e9 / 8,
    "B/s": 1, "kB/s": 1e3, "MB/s": 1e6, "GB/s": 1e9, "%": 1e-2, "FLOP/s": 1, "GFLOP/s": 1e9,
    "MFLOP/s": 1e6, "TFLOP/s": 1e12, "mW/(Mbit/s)": 1e-3 / 125e3, "W/(Mbit/s)": 1 / 125e3, "": 1,
    "dBm": 1, "degC": 1,
}


def number(text):
    """A quantity in SI."""
    value, unit = re.fullmatch(r"\s*([-+0-9.eE]+)\s*(.*?)\s*", text).groups()
    return float(value) * UNITS[unit]


def quantity(element, name, default=None):
    text = element.get(name)
    return default if text is None else number(text)


def numbers(element, name):
    return [number(item) for item in element.get(name).split(",")]


def document(kind, name):
    for folder in os.environ.get("TANDEM_PLATFORMS", "").split(":") + [SOURCE + "/platforms"]:
        path = f"{folder}/{kind}/{name}.xml"
        if folder and os.path.exists(path):
            return ET.parse(path).getroot()
    raise FileNotFoundError(f"{kind}/{name}")


def p_norm(x, y, n):
    high = max(x, y)
    return high * ((x / high) ** n + (y / high) ** n) ** (1 / n) if high > 0 else 0.0


# What grows with FLOP, with bytes and with kernels of a run.
BY_FLOP = ("compute", "serial", "gpu-energy")
BY_BYTES = ("traffic", "bound", "memory-energy")
BY_KERNELS = ("launch", "launch-traffic", "host", "fixed", "cpu-energy")
KEPT = ("overlap", "concurrency", "cpu-lost", "cpu-spin")


def scaled(work, flop, byte, kernels):
    part = dict(work)
    for names, factor in ((BY_FLOP, flop), (BY_BYTES, byte), (BY_KERNELS, kernels)):
        for name in names:
            part[name] = work[name] * factor
    return part


class Net:
    def __init__(self, name):
        root = document("dnns", name)
        self.name = name
        self.raw, self.compressed = quantity(root, "raw"), quantity(root, "compressed")
        self.layers = [
            (2.0 * int(layer.get("macs")),
             sum(quantity(layer, key) for key in ("weights", "in", "out")),
             int(layer.get("kernels")))
            for layer in root.findall("layer")]
        self.flop, self.bytes, self.kernels = (sum(layer[i] for layer in self.layers)
                                               for i in range(3))
        self.out = quantity(root.findall("layer")[-1], "out")
        index = {layer.get("name"): i + 1 for i, layer in enumerate(root.findall("layer"))}
        cuts = [(index[cut.get("after")], quantity(cut, "bytes")) for cut in root.findall("cut")]
        # By point: how many layers lie before it, and how many bytes cross it.
        self.before = [0] + [cut[0] for cut in cuts] + [len(self.layers)]
        self.crossing = [None] + [cut[1] for cut in cuts] + [0.0]
        self.accuracies = root.findall("accuracy")

    def accuracy(self, bits):
        """The row that names these bits, else the one that names none; xi is in no row here."""
        rows = {}
        for row in self.accuracies:
            if any(row.get(key) for key in ("version", "exit", "lambda", "xi")):
                assert not row.get("xi"), "this check knows no rows by xi"
                continue
            rows.setdefault(int(row.get("bits", "0")), quantity(row, "value"))
        return rows.get(bits, rows.get(0, float("nan")))


ALONE = {"cpu": 0.0, "gpu": 0.0, "emc": 0.0}


class Board:
    def __init__(self, name, net, load):
        self.root = root = document("boards", name)
        self.net, self.load = net, load
        self.pmax = quantity(root, "pmax")
        self.pack = quantity(root, "pack", 0.5)
        self.domains = {d.get("name"): [quantity(o, "f") for o in d.findall("opp")]
                        for d in root.findall("domain")}
        self.cores = next(int(d.get("cores")) for d in root.findall("domain")
                          if d.get("name") == "cpu")
        self.processors = root.findall("processor")
        self.find_fit()
        rails = self.power.get("rails").split("+")
        self.gap = sum(quantity(rail, "idle", 0.0) for rail in root.findall("rail")
                       if rail.get("total") == "yes" and rail.get("name") not in rails)
        self.cells = {}

    def find_fit(self):
        root, net = self.root, self.net

        def find(dnn):
            for fit in root.findall("fit"):
                if fit.get("dnn") == dnn and fit.get("mode") == "infer" and \
                        fit.get("batch", "1") == "1":
                    return fit
            return None

        def coefficients(fit):
            return {key: quantity(fit, key) for key in BY_FLOP + BY_BYTES + BY_KERNELS + KEPT}

        own, default = find(net.name), find("*")
        if default is not None:
            unit = scaled(coefficients(default), net.flop, net.bytes, net.kernels)
        fit = own if own is not None else default
        self.work = coefficients(own) if own is not None else unit
        if fit.get("power") is None:
            fit, keys = default, ("gpu-energy", "cpu-energy", "memory-energy", "cpu-spin")
            self.work.update({key: unit[key] for key in keys})
        latency = (own if own is not None else default).get("latency")
        self.latency = next(x for x in root.findall("latency") if x.get("id") == latency)
        self.power = next(x for x in root.findall("power") if x.get("id") == fit.get("power"))

    def speeds(self, opp, load):
        lost = quantity(self.latency, "gpu-lost")
        gpu = self.domains["gpu"][opp[1]] - lost
        bandwidth = numbers(self.latency, "bandwidth")[opp[2]]
        return (self.domains["cpu"][opp[0]], gpu * (1 - load["gpu"]), bandwidth * (1 - load["emc"]))

    def times(self, work, opp, load=None, launches=False):
        """Seconds of all and of the device, and the shares of host and memory; launches get one
        core, or what co-runners leave of it."""
        load = load or self.load
        cpu, gpu, bandwidth = self.speeds(opp, load)
        cpu -= work["cpu-lost"]
        if launches:
            cpu *= min(1, max(0.05, self.cores * (1 - load["cpu"])))
        kernel = p_norm(work["compute"] / gpu, work["traffic"] / bandwidth, work["overlap"])
        byte = p_norm(1 / bandwidth, quantity(self.latency, "ridge") / gpu,
                      quantity(self.latency, "ridge-sharpness"))
        device = work["serial"] / gpu + kernel + work["bound"] * byte + work["fixed"]
        host = work["launch"] / cpu + work["launch-traffic"] / bandwidth
        total = p_norm(host, device, work["concurrency"]) + work["host"] / cpu
        memory = (work["traffic"] + work["bound"] + work["launch-traffic"]) / bandwidth
        return total, min(1, host / total), min(device, total), min(1, memory / total)

    def supply(self, opp):
        clocks = [self.domains[d][opp[i]] / self.domains[d][-1]
                  for i, d in enumerate(("cpu", "gpu", "emc"))]
        return clocks, numbers(self.power, "cpu-v")[opp[0]] ** 2, \
            numbers(self.power, "gpu-v")[opp[1]] ** 2

    def rest(self, opp, cpu, memory=0.0):
        """W with nothing on the GPU: that share of the cores at work, and of the bandwidth."""
        (c, g, m), vc, vg = self.supply(opp)
        p = self.power
        return (quantity(p, "fixed") + self.gap + quantity(p, "leakage") * vg
                + c * vc * (quantity(p, "cpu-clock") + quantity(p, "cpu-busy") * cpu)
                + g * vg * quantity(p, "gpu-clock")
                + numbers(p, "memory-idle")[opp[2]] + self.moving(opp, memory))

    def moving(self, opp, memory):
        (_, _, m), _, vg = self.supply(opp)
        return quantity(self.power, "memory-busy") * memory * m \
            * (1 + quantity(self.power, "memory-voltage") * (vg - 1))

    def run(self, work, opp, total, device):
        """W of GPU and memory beyond rest, when a run of `total` s has the GPU for `device` s."""
        (_, g, m), _, vg = self.supply(opp)
        p = self.power
        return (g * vg * quantity(p, "gpu-busy") * device / total + work["gpu-energy"] / total * vg
                + work["memory-energy"] / total * m ** quantity(p, "memory-exponent")
                * (1 + quantity(p, "memory-voltage") * (vg - 1)))

    def others(self, opp, gpu):
        """W of co-runners that have this share of the GPU: there they draw what our dnn would."""
        total, _, device, _ = self.times(self.work, opp, ALONE)
        return (gpu * self.run(self.work, opp, total, device) * total / device
                + self.moving(opp, self.load["emc"]))

    def idle(self, opp, cpu=None):
        return (self.rest(opp, self.load["cpu"] if cpu is None else cpu)
                + self.others(opp, self.load["gpu"]))

    def busy(self, work, opp):
        (c, _, _), vc, _ = self.supply(opp)
        total, uc, _, _ = self.times(work, opp, launches=True)
        device = self.times(work, opp, ALONE)[2]
        return (self.rest(opp, self.load["cpu"]) + c * vc * work["cpu-spin"] * (1 - uc)
                + work["cpu-energy"] / total * vc + self.run(work, opp, total, device)
                + self.others(opp, min(self.load["gpu"], 1 - device / total)))

    def own_work(self, processor):
        """A CPU: its FLOP by its cycles, as far as co-runners leave cores; its bytes by its share
        of the bandwidth."""
        left = min(1 - self.load["cpu"], quantity(processor, "utilisation", 1.0))
        left /= quantity(processor, "utilisation", 1.0)
        work = {key: 0.0 for key in BY_FLOP + BY_BYTES + BY_KERNELS + KEPT}
        work.update(launch=self.net.flop / quantity(processor, "flop") / left,
                    traffic=self.net.bytes / quantity(processor, "bandwidth", 1.0),
                    overlap=4, concurrency=4)
        return work

    def cell(self, opp, index, share):
        """Seconds from each point to the end with this share of the channels, and W meanwhile."""
        key = (opp, index, share)
        if key in self.cells:
            return self.cells[key]
        processor, net = self.processors[index], self.net
        gpu = processor.get("name") == "gpu"
        work = self.work if gpu else self.own_work(processor)

        def layer_time(layer, left):
            flop, byte, kernels = layer[0] / net.flop, layer[1] / net.bytes, layer[2] / net.kernels
            if flop == byte == kernels == 0:
                return 0.0
            part = scaled(work, flop * left, byte * left, kernels if gpu else flop * left)
            return self.times(part, opp, launches=gpu)[0]

        whole = self.times(work, opp, launches=gpu)[0]
        weight = whole / sum(layer_time(layer, 1) for layer in net.layers)
        times = [weight * layer_time(layer, share) for layer in net.layers]
        beyond = [sum(times[first:]) for first in net.before]
        part = scaled(work, share, share, 1 if gpu else share)
        if gpu:
            watts = self.busy(part, opp)
        else:
            used = min(1 - self.load["cpu"], quantity(processor, "utilisation", 1.0))
            memory = self.times(part, opp)[3] * quantity(processor, "bandwidth", 1.0)
            watts = (self.rest(opp, self.load["cpu"] + used, min(1 - self.load["emc"], memory))
                     + self.others(opp, self.load["gpu"]))
        self.cells[key] = beyond, watts
        return self.cells[key]


class Trace:
    """Piecewise constant and for ever round: bytes/s up and down, s of round trip."""

    def __init__(self, name):
        lines = open(f"{SOURCE}/traces/{name}.csv").read().splitlines()
        meta = dict(re.findall(r"# (\w+): (.*)", "\n".join(lines)))
        rows = [line for line in lines if line and not line.startswith("#")]
        header = rows[0].split(",")
        table = [[float(x) for x in row.split(",")] for row in rows[1:]]
        assert meta["loop"] == "yes"
        self.duration = number(meta["duration"])
        self.t = [row[0] for row in table]
        self.rate = [[row[header.index(key)] * 125e3 for row in table]
                     for key in ("up_mbit_s", "down_mbit_s")]
        at = header.index("signal_dbm") if "signal_dbm" in header else None
        self.signals = None if at is None else [row[at] for row in table]

    def find(self, time):
        local = time % self.duration
        low, high = 0, len(self.t)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.t[middle] <= local else (low, middle)
        return low, time - local

    def signal(self, time):
        return None if self.signals is None else self.signals[self.find(time)[0]]

    def finish(self, direction, time, count):
        """Sample by sample."""
        index, origin = self.find(time)
        while True:
            end = origin + (self.t[index + 1] if index + 1 < len(self.t) else self.duration)
            rate = self.rate[direction][index]
            if rate > 0 and time + count / rate <= end:
                return time + count / rate
            count -= rate * (end - time)
            time, index = end, index + 1
            if index == len(self.t):
                index, origin = 0, origin + self.duration


class Radio:
    def __init__(self, name):
        root = document("radios", name)
        self.up, self.down = quantity(root, "up"), quantity(root, "down")
        self.base = quantity(root, "base", 0.0)
        self.promotion = quantity(root, "promotion-time", 0.0)
        self.promotion_watts = quantity(root, "promotion-power", 0.0)
        self.tail, self.tail_watts = quantity(root, "tail-time", 0.0), \
            quantity(root, "tail-power", 0.0)
        self.signals = [(quantity(s, "below"), quantity(s, "factor"))
                        for s in root.findall("signal")]
        self.last = None  # when the last transfer ended
        self.total = 0.0

    def factor(self, signal):
        factor = 1.0
        for below, value in self.signals:
            if signal is not None and signal < below:
                factor = value
        return factor

    def asleep(self, time):
        return self.last is None or time - self.last > self.tail

    def wake(self, time):
        """J from the last transfer until one at `time` (promotion before it)."""
        if self.last is None:
            tail, promotion = 0.0, self.promotion
        elif time - self.promotion - self.last > self.tail:
            tail, promotion = self.tail, self.promotion
        else:
            tail, promotion = min(time - self.last, self.tail), 0.0
        self.total += tail * self.tail_watts + promotion * self.promotion_watts
        return tail * self.tail_watts, promotion * self.promotion_watts

    def transfer(self, slope, start, end, count, signal):
        joules = self.factor(signal) * (slope * count + self.base * (end - start))
        self.total += joules
        self.last = end
        return joules


class Server:
    def __init__(self, name, net):
        root = document("servers", name)
        self.overhead = quantity(root, "overhead", 1e-3)
        self.busy, self.idle = quantity(root, "busy"), quantity(root, "idle")
        slots = int(root.get("slots", "1"))
        whole = net.flop / (quantity(root, "flop") * quantity(root, "efficiency", 0.2))
        for rate in root.findall("rate"):
            if rate.get("dnn") == net.name:
                whole = quantity(rate, "time")
        self.whole, self.slot_watts = whole, (self.busy - self.idle) / slots
        self.shares = [sum(layer[0] for layer in net.layers[first:]) / net.flop
                       for first in net.before]

    def time(self, point, xi):
        return self.overhead + xi * self.whole * self.shares[point]


CASES = [  # board, dnn, server, radio, trace, input, load, rtt, eta
    ("nano", "vit-b16", "rtx-3080", "wifi", "wifi-weak", "compressed", (0.2, 0, 0), 0.02, 0.5),
    ("tx2", "resnet50", "rtx-3080", "lte", "lte-walk", "raw", (0, 0, 0), 0.05, 0.3),
    ("xavier-nx", "inception-v3", "edge-server", "3g", "3g-bus", "compressed", (0.1, 0.4, 0.3),
     0.08, 0.9),
    ("agx-xavier", "yolov3-tiny", "edge-server", "5g-mmwave", "5g-mmwave", "raw", (0.5, 0, 0.2),
     0.01, 0.0),
    ("agx-orin", "mobilenet-v2", "nearby-device", "wifi", "dvfo", "raw", (0, 0.1, 0), 0.0, 1.0),
]
SHARES = (0.125, 0.25, 0.5, 0.8, 1.0)


def scenario(case, folder):
    board, dnn, server, radio, trace, form, load, rtt, eta = case
    path = os.path.join(folder, "scenario.xml")
    with open(path, "w") as file:
        file.write(f"""<scenario name="closed" duration="1000000 s">
<board id="b" type="{board}" thermal="no" switching="no"/><server id="s" type="{server}"/>
<link from="b" to="s" trace="{trace}" rtt="{rtt} s" radio="{radio}" offset="17.3 s"/>
<stream board="b" dnn="{dnn}" arrivals="file" file="times" input="{form}"/>
<load board="b" cpu="{load[0]}" gpu="{load[1]}" emc="{load[2]}"/>
<knobs xi="0, 0.125, 0.25, 0.5, 0.8, 1" bits="32, 16, 8" processor="all"/>
<objective eta="{eta}"/></scenario>""")
    return path


def random_plan(rng, board, net):
    opp = tuple(rng.randrange(len(board.domains[d])) for d in ("cpu", "gpu", "emc"))
    plan = [opp, rng.randrange(len(board.processors)), len(net.before) - 1, 0.0,
            rng.choice((32, 16, 8))]
    kind = rng.random()
    if kind > 0.2:
        plan[2], plan[3] = rng.randrange(len(net.before) - 1), rng.choice(SHARES)
    if plan[2] == 0:
        plan[3] = 1.0
    return plan


def close(name, got, wanted, plan):
    if wanted != wanted and got != got:
        return
    scale = max(abs(wanted), 1e-12)
    if not abs(got - wanted) <= TOLERANCE * scale:
        sys.exit(f"{name} is {got!r}, the closed form says {wanted!r}, for {plan}")


def outcome(plan, arrival, free, board, net, server, radio, trace, form, rtt):
    """(start, answer, head, local, up, remote, down, sent, received, J of board, radio, server)"""
    opp, processor, point, xi, bits = plan
    beyond, watts = board.cell(opp, processor, 1.0)
    idle = board.idle(opp)
    start = max(arrival, free)
    head = beyond[0] - (beyond[point] if xi > 0 else 0.0)
    joules = head * watts
    if xi == 0:
        return start, start + head, head, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, joules, 0.0, 0.0
    if point == 0:
        sent = net.compressed if form == "compressed" else net.raw
        packed = net.raw if form == "compressed" else 0.0
    else:
        sent = net.crossing[point] * xi * bits / 32
        packed = net.crossing[point] * xi if bits < 32 else 0.0
    packing = packed / (board.pack * board.domains["cpu"][opp[0]])
    joules += packing * board.idle(opp, min(1, board.load["cpu"] + 1 / board.cores))
    ready = start + head + packing
    # Up, server, down.
    begin = ready + (radio.promotion if radio.asleep(ready) else 0.0)
    signal = trace.signal(17.3 + begin)
    up_end = trace.finish(0, 17.3 + begin, sent) - 17.3
    service = server.time(point, xi)
    served = up_end + rtt / 2 + service
    down_end = trace.finish(1, 17.3 + served, net.out) - 17.3 + rtt / 2
    _, promotion = radio.wake(begin)
    joules_radio = promotion + radio.transfer(radio.up, begin, up_end, sent, signal)
    tail, promotion = radio.wake(served + rtt / 2)
    joules_radio += tail + promotion
    joules_radio += radio.transfer(radio.down, served + rtt / 2, down_end, net.out, signal)
    joules_radio += radio.tail * radio.tail_watts
    # Meanwhile the board's own share.
    local = 0.0
    if xi < 1:
        rest, local_watts = board.cell(opp, processor, 1 - xi)
        local = rest[point]
        joules += local * local_watts
    answer = max(ready + local, down_end)
    joules += (answer - ready - local) * idle
    return (start, answer, head + packing, local, up_end + rtt / 2 - begin, service,
            down_end - served, sent, net.out, joules, joules_radio, service * server.slot_watts)


NAMES = ("start", "answer", "head", "local", "up", "remote", "down", "sent", "received",
         "board energy", "radio energy", "server energy")


def check(case, seed):
    rng = random.Random(seed)
    net = Net(case[1])
    board = Board(case[0], net, dict(zip(("cpu", "gpu", "emc"), case[6])))
    server, radio, trace = Server(case[2], net), Radio(case[3]), Trace(case[4])
    plans = [random_plan(rng, board, net) for _ in range(REQUESTS)]
    times, now = [], 0.0
    for _ in plans:
        now += rng.expovariate(0.7)
        times.append(now)
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "times"), "w") as file:
            file.writelines(f"{t!r}\n" for t in times)
        lines = "".join(" ".join(map(str, (*p[0], p[1], p[2], p[3], p[4], 0))) + "\n"
                        for p in plans)
        answer = subprocess.run([TOOL, scenario(case, folder)], input=lines, text=True,
                                capture_output=True)
    if answer.returncode:
        sys.exit(f"{TOOL}: {answer.stderr}")
    rows = [line.split() for line in answer.stdout.splitlines()]
    free, drawn, last_opp = 0.0, 0.0, None
    for plan, row, arrival in zip(plans, rows, times):
        wanted = outcome(plan, arrival, free, board, net, server, radio, trace, case[5], case[7])
        got = [float(x) for x in row[1:]]
        close("arrival", got[0], arrival, plan)
        # Times of day are relative to a long run: their differences are what counts.
        for name, value, expected in zip(NAMES, got[1:13], wanted):
            close(name, value, expected, plan)
        energy, latency = wanted[9] + wanted[10], wanted[1] - arrival
        bits = 32 if plan[3] == 0 or plan[2] == 0 else plan[4]
        close("accuracy", got[13], net.accuracy(bits), plan)
        close("cost", got[14], case[8] * energy + (1 - case[8]) * board.pmax * latency, plan)
        if last_opp is not None:
            drawn += (wanted[0] - free) * board.idle(last_opp)
        first = wanted[0] if last_opp is None else first
        drawn += wanted[9]
        free, last_opp = wanted[1], plan[0]
    assert len(rows) == REQUESTS + 1 and rows[-1][0] == "total"
    # Before the first plan governors hold the clocks; after the last answer the last ones stay.
    drawn += (1e6 - free) * board.idle(last_opp)
    radio.total += radio.tail * radio.tail_watts if radio.last is not None else 0.0
    close("energy of the radio", float(rows[-1][2]), radio.total, "the run")
    before = float(rows[-1][1]) - drawn
    if not 0 <= before <= first * board.idle((-1, -1, -1)):
        sys.exit(f"before its first request the board drew {before} J in {first} s")
    print(f"{case[0]} with {case[1]}: {REQUESTS} plans agree to {TOLERANCE:g}")


def main():
    if not TOOL:
        print("skipped: TANDEM_PLAN_OUTCOMES names no program")
        sys.exit(77)
    for seed, case in enumerate(CASES):
        check(case, seed)


main()
