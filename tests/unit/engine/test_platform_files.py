# SPDX-License-Identifier: GPL-3.0-or-later
"""SimGrid platform files as the network: what transfers take against hand calculations, what is refused."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import h5py
except ImportError:
    print("skipped: no h5py")
    sys.exit(77)

TANDEM = os.environ.get("TANDEM_BIN")
HERE = pathlib.Path(__file__).resolve().parent

PLATFORM = """<?xml version="1.0"?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
{}
</platform>
"""
SCENARIO = """<scenario name="s" seed="1" duration="{duration} s">
<platform file="{platform}"/>
{boards}
<server id="c" type="rtx-3080" slots="{slots}" host="{server}"/>
{links}
{streams}
</scenario>
"""
BOARD = '<board id="{id}" type="toy.xml" host="{host}" thermal="no" switching="no"/>\n'
LINK = '<link from="{id}" to="c"/>\n'
STREAM = '<stream board="{id}" dnn="resnet18" arrivals="periodic" rate="{rate} /s" input="raw"/>\n'

# Two hosts that one link joins, and what else it says.
PAIR = """<zone id="z" routing="Full">
<host id="a" speed="1Gf"{host}/><host id="b" speed="1Gf"/>
<link id="l" bandwidth="{bandwidth}" latency="{latency}"{link}/>
<route src="a" dst="b"><link_ctn id="l"/></route>
</zone>"""


def pair(bandwidth="1MBps", latency="2ms", link="", host=""):
    return PAIR.format(bandwidth=bandwidth, latency=latency, link=link, host=host)


class World(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tandem-platform-"))
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copy(HERE / "toy.xml", self.folder / "toy.xml")

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def tandem(self, *arguments):
        # Not subprocess.run's timeout alone: a hang shall say which.
        return subprocess.run([TANDEM, *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=120, check=False, stdin=subprocess.DEVNULL)

    def start(self, platform, hosts, server, duration=30, rate=0.2, slots=8, file="p.xml"):
        """Runs boards b0, b1, … on `hosts`, each of which sends everything to a server."""
        if platform is not None:
            self.write(file, PLATFORM.format(platform))
        ids = [f"b{i}" for i in range(len(hosts))]
        self.write("s.xml", SCENARIO.format(
            duration=duration, platform=file, server=server, slots=slots,
            boards="".join(BOARD.format(id=i, host=h) for i, h in zip(ids, hosts)),
            links="".join(LINK.format(id=i) for i in ids),
            streams="".join(STREAM.format(id=i, rate=rate) for i in ids)))
        return self.tandem("run", "s.xml", "-p", "cloud-only", "-o", "o.h5")

    def requests(self, *arguments, **keywords):
        done = self.start(*arguments, **keywords)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.replace("wrote o.h5\n", ""), "")
        with h5py.File(self.folder / "o.h5") as record:
            columns = {name: list(array[:]) for name, array in record["requests"].items()}
        rows = [dict(zip(columns, values)) for values in zip(*columns.values())]
        self.assertTrue(rows, done.stderr)
        return rows

    def refused(self, content, *words, hosts=("a",), server="b", **keywords):
        blamed = keywords.get("file", "p.xml") # the file that is to be named
        keywords["file"] = keywords.pop("platform", blamed)
        done = self.start(content, hosts, server, **keywords)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.strip().split("\n")
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertRegex(lines[0], r"^tandem run: .*" + re.escape(blamed))
        for word in words:
            self.assertIn(word, lines[0])
        self.assertNotRegex(lines[0], r"CRITICAL|ERROR|Uncaught|\.cpp|Parse error")
        return lines[0]


class Kinds(World):
    """A lone transfer takes the latency of its route and its bytes over the narrowest link."""

    def alone(self, platform, host, server, latency, bandwidth, **keywords):
        for row in self.requests(platform, [host], server, **keywords):
            for way, size in (("up", row["sent"]), ("down", row["received"])):
                right = latency + size / bandwidth
                self.assertAlmostEqual(row[way], right, delta=1e-8 if latency == 0 else 1e-11,
                                       msg=(way, host, server))
            self.assertAlmostEqual(row["bandwidth"] / bandwidth, 1, delta=1e-12)

    def cluster(self, more="", radical="0-11"):
        # SimGrid 4.0 does not survive a torus or a tree that is in no zone.
        return (f'<zone id="z" routing="Full"><cluster id="c" prefix="n" suffix="" radical="{radical}" speed="1Gf" '
                f'bw="5MBps" lat="2ms" sharing_policy="SHARED" {more}/></zone>')

    def test_full(self):
        self.alone(pair(), "a", "b", 2e-3, 1e6)

    def test_bits_and_units(self):
        self.alone(pair("8Mbps", "2000us"), "a", "b", 2e-3, 1e6)

    def test_chain(self):
        self.alone("""<zone id="z" routing="Full">
            <host id="a" speed="1Gf"/><host id="b" speed="1Gf"/>
            <link id="l" bandwidth="4MBps" latency="1ms"/><link id="m" bandwidth="3MBps" latency="5ms"/>
            <link id="n" bandwidth="9MBps" latency="10ms" sharing_policy="FATPIPE"/>
            <route src="a" dst="b"><link_ctn id="l"/><link_ctn id="m"/><link_ctn id="n"/></route>
            </zone>""", "a", "b", 16e-3, 3e6)

    def test_one_way_each(self):
        rows = self.requests("""<zone id="z" routing="Full">
            <host id="a" speed="1Gf"/><host id="b" speed="1Gf"/>
            <link id="l" bandwidth="1MBps" latency="1ms"/><link id="m" bandwidth="4kBps" latency="8ms"/>
            <route src="a" dst="b" symmetrical="NO"><link_ctn id="l"/></route>
            <route src="b" dst="a" symmetrical="NO"><link_ctn id="m"/></route></zone>""", ["a"], "b")
        for row in rows:
            self.assertAlmostEqual(row["up"] / (1e-3 + row["sent"] / 1e6), 1, delta=1e-8)
            self.assertAlmostEqual(row["down"] / (8e-3 + row["received"] / 4e3), 1, delta=1e-8)

    def found_ways(self, routing):
        # a - r - b in 3 ms; the direct way takes as many ms as it likes, but is two hops long.
        return f"""<zone id="z" routing="{routing}">
            <host id="a" speed="1Gf"/><host id="b" speed="1Gf"/><router id="r"/><router id="q"/>
            <link id="l" bandwidth="2MBps" latency="1ms"/><link id="m" bandwidth="3MBps" latency="2ms"/>
            <link id="n" bandwidth="9MBps" latency="50ms"/>
            <route src="a" dst="r"><link_ctn id="l"/></route>
            <route src="r" dst="b"><link_ctn id="m"/></route>
            <route src="a" dst="q"><link_ctn id="n"/><link_ctn id="n"/></route>
            <route src="q" dst="b"><link_ctn id="n"/><link_ctn id="n"/></route></zone>"""

    def test_floyd(self):
        self.alone(self.found_ways("Floyd"), "a", "b", 3e-3, 2e6)

    def test_dijkstra(self):
        self.alone(self.found_ways("Dijkstra"), "a", "b", 3e-3, 2e6)

    def test_zones(self):
        self.alone("""<zone id="z" routing="Full">
            <zone id="x" routing="Full"><host id="a" speed="1Gf"/><router id="rx"/>
            <link id="l" bandwidth="2MBps" latency="1ms"/>
            <route src="a" dst="rx"><link_ctn id="l"/></route></zone>
            <zone id="y" routing="Full"><host id="b" speed="1Gf"/><router id="ry"/>
            <link id="m" bandwidth="3MBps" latency="2ms"/>
            <route src="b" dst="ry"><link_ctn id="m"/></route></zone>
            <link id="n" bandwidth="1MBps" latency="7ms"/>
            <zoneRoute src="x" dst="y" gw_src="rx" gw_dst="ry"><link_ctn id="n"/></zoneRoute></zone>""",
                   "a", "b", 10e-3, 1e6)

    def test_cluster(self):
        self.alone(self.cluster(), "n0", "n11", 2 * 2e-3, 5e6)

    def test_backbone(self):
        self.alone(self.cluster('bb_bw="4MBps" bb_lat="3ms"'), "n0", "n7", 2 * 2e-3 + 3e-3, 4e6)

    def test_torus(self):
        # 3 x 2 x 2: a step in one dimension is one link, and rings are short.
        torus = self.cluster('topology="TORUS" topo_parameters="3,2,2"')
        self.alone(torus, "n0", "n1", 2e-3, 5e6)
        self.alone(torus, "n0", "n2", 2e-3, 5e6)
        self.alone(torus, "n0", "n11", 3 * 2e-3, 5e6)

    def test_fat_tree(self):
        # 3 leaves of 4 hosts each under 2 roots: up and down within a leaf, twice that beyond.
        tree = self.cluster('topology="FAT_TREE" topo_parameters="2;4,3;1,2;1,1"')
        self.alone(tree, "n0", "n3", 2 * 2e-3, 5e6)
        self.alone(tree, "n0", "n11", 4 * 2e-3, 5e6)

    def test_dragonfly(self):
        # One host behind each router: two groups of one chassis of two routers.
        fly = self.cluster('topology="DRAGONFLY" topo_parameters="2,1;1,1;2,1;1"', "0-3")
        self.alone(fly, "n0", "n1", 3 * 2e-3, 5e6)

    def test_coordinates(self):
        # Vivaldi: sqrt(3^2 + 4^2) + 1 + 2 ms, and nothing limits the rate.
        rows = self.requests("""<zone id="z" routing="Vivaldi">
            <host id="a" speed="1Gf" coordinates="0 0 1"/><host id="b" speed="1Gf" coordinates="3 4 2"/>
            </zone>""", ["a"], "b")
        for row in rows:
            self.assertAlmostEqual(row["up"], 8e-3, delta=1e-7)
            self.assertAlmostEqual(row["down"], 8e-3, delta=1e-7)

    def test_no_latency(self):
        self.alone(pair(latency="0"), "a", "b", 0, 1e6)

    def test_config_does_not_count(self):
        self.alone('<config><prop id="network/model" value="SMPI"/><prop id="cpu/optim" value="TI"/>'
                   '<prop id="network/latency-factor" value="10"/></config>' + pair(), "a", "b",
                   2e-3, 1e6)

    def test_names(self):
        self.alone(pair().replace('"a"', '"A &amp; &lt;B&gt;"'), "A &amp; &lt;B&gt;", "b", 2e-3, 1e6)

    def test_beside_the_scenario(self):
        (self.folder / "deep").mkdir()
        self.write("deep/l.bw", "0 2e6\n")
        self.alone(pair(link=' bandwidth_file="l.bw"'), "a", "b", 2e-3, 2e6, file="deep/p.xml")


class Sharing(World):
    def test_two_on_a_link(self):
        star = """<zone id="z" routing="Full">
            <host id="a1" speed="1Gf"/><host id="a2" speed="1Gf"/><host id="b" speed="1Gf"/>
            <link id="l1" bandwidth="9MBps" latency="1ms"/><link id="l2" bandwidth="9MBps" latency="1ms"/>
            <link id="m" bandwidth="1MBps" latency="1ms" sharing_policy="{}"/>
            <route src="a1" dst="b"><link_ctn id="l1"/><link_ctn id="m"/></route>
            <route src="a2" dst="b"><link_ctn id="l2"/><link_ctn id="m"/></route></zone>"""
        for policy, sharers in (("SHARED", 2), ("FATPIPE", 1)):
            for row in self.requests(star.format(policy), ["a1", "a2"], "b"):
                self.assertAlmostEqual(row["up"] / (2e-3 + sharers * row["sent"] / 1e6), 1, delta=1e-8)

    def test_duplex(self):
        # A split-duplex link carries both directions at once, a shared one does not: two boards at
        # its two ends, whose servers are at the other.
        sent = None
        for policy, sharers in (("SHARED", 2), ("SPLITDUPLEX", 1)):
            way = "" if policy == "SHARED" else ' direction="{}"'
            self.write("p.xml", PLATFORM.format(
                f"""<zone id="z" routing="Full"><host id="a" speed="1Gf"/><host id="b" speed="1Gf"/>
                <link id="l" bandwidth="1MBps" latency="1ms" sharing_policy="{policy}"/>
                <route src="a" dst="b" symmetrical="NO"><link_ctn id="l"{way.format("UP")}/></route>
                <route src="b" dst="a" symmetrical="NO"><link_ctn id="l"{way.format("DOWN")}/></route>
                </zone>"""))
            self.write("s.xml", """<scenario name="s" seed="1" duration="20 s"><platform file="p.xml"/>
                <board id="x" type="toy.xml" host="a" thermal="no" switching="no"/>
                <board id="y" type="toy.xml" host="b" thermal="no" switching="no"/>
                <server id="cx" type="rtx-3080" host="b"/><server id="cy" type="rtx-3080" host="a"/>
                <link from="x" to="cx"/><link from="y" to="cy"/>""" + "".join(
                    STREAM.format(id=i, rate=0.2) for i in "xy") + "</scenario>")
            done = self.tandem("run", "s.xml", "-p", "cloud-only", "-o", "o.h5")
            self.assertEqual(done.returncode, 0, done.stderr)
            with h5py.File(self.folder / "o.h5") as record:
                ups, sent = record["requests/up"][:], record["requests/sent"][:]
            for up, size in zip(ups, sent):
                self.assertAlmostEqual(up / (1e-3 + sharers * size / 1e6), 1, delta=1e-8)
        self.assertIsNotNone(sent)


def finish(rate_at, start, size):
    """When `size` bytes from `start` on are through, by small steps over the changes of a rate."""
    now = start
    while True:
        rate, until = rate_at(now)
        if size <= rate * (until - now):
            return now + size / rate
        size -= rate * (until - now)
        now = until


class Profiles(World):
    # 1 MB/s for 0.3 s, 0.25 MB/s for 0.2 s, and again.
    BANDWIDTH = "0.0 1e6\n0.3 0.25e6\nLOOPAFTER 0.2\n"

    @staticmethod
    def looped(now):
        turn = int(now / 0.5 + 1e-9)
        local = now - 0.5 * turn
        if local < 0.3 - 1e-9:
            return 1e6, 0.5 * turn + 0.3
        return 0.25e6, 0.5 * turn + 0.5

    def check(self, rows, latency):
        self.assertGreater(rows[0]["sent"], 130e3)
        for row in rows:
            begins = row["start"] + row["switching"] + row["head"]
            right = finish(self.looped, begins + latency, row["sent"]) - begins
            self.assertAlmostEqual(row["up"] / right, 1, delta=1e-6, msg=begins)

    def test_bandwidth(self):
        self.write("l.bw", self.BANDWIDTH)
        self.check(self.requests(pair(link=' bandwidth_file="l.bw"'), ["a"], "b", rate=0.41), 2e-3)

    def test_bandwidth_without_latency(self):
        self.write("l.bw", self.BANDWIDTH)
        self.check(self.requests(pair(latency="0", link=' bandwidth_file="l.bw"'), ["a"], "b",
                                 rate=0.41), 0)

    def test_latency(self):
        self.write("l.lat", "0 0.002\n10 0.05\n")
        for row in self.requests(pair(link=' latency_file="l.lat"'), ["a"], "b"):
            latency = 2e-3 if row["arrival"] < 10 else 0.05
            self.assertAlmostEqual(row["up"] / (latency + row["sent"] / 1e6), 1, delta=1e-8)

    def test_what_policies_see(self):
        self.write("l.bw", "0 1e6\n10.5 3e6\n")
        for row in self.requests(pair(link=' bandwidth_file="l.bw"'), ["a"], "b"):
            self.assertEqual(row["bandwidth"], 1e6 if row["start"] < 11 else 3e6)

    def test_link_off(self):
        # What is under way when the link goes off is lost; it is tried again every 0.1 s.
        self.write("l.state", "5.1 0\n6.55 1\n")
        rows = self.requests(pair("200kBps", link=' state_file="l.state"'), ["a"], "b")
        for row in rows:
            begins = row["start"] + row["switching"] + row["head"]
            again = 6.6 if 5 <= row["arrival"] < 6 else begins
            self.assertAlmostEqual(row["up"], again - begins + 2e-3 + row["sent"] / 2e5, delta=1e-6)

    def test_link_off_for_ever(self):
        self.write("l.state", "7 0\n")
        done = self.start(pair(link=' state_file="l.state"'), ["a"], "b")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("4 of 6 requests were unanswered", done.stderr)

    def test_host_off(self):
        self.write("a.state", "12.5 0\n20 1\n")
        line = self.refused(pair(host=' state_file="a.state"'), "'a'", "12.5 s", "<outage>")
        self.assertNotIn("SimGrid", line)
        # Beyond the end of the run it does not matter.
        self.requests(pair(host=' state_file="a.state"'), ["a"], "b", duration=12)

    def test_host_off_from_the_start(self):
        self.write("a.state", "0 0\n")
        self.refused(pair(host=' state_file="a.state"'), "'a'", "0 s")

    def test_nothing_passes(self):
        # SimGrid would go on at the rate before, as if nothing were.
        for name, text in (("z.bw", "0 1e6\n10.2 0\n10.4 1e6\n"), ("n.bw", "# all\n0 -5\n")):
            self.write(name, text)
            line = self.refused(pair(link=f' bandwidth_file="{name}"'), "state_file", file=name,
                                platform="p.xml")
            self.assertIn(f"{name}:2: ", line)


class Refused(World):
    def test_no_host(self):
        self.refused(pair(), "no host 'nobody'", hosts=("nobody",))

    def test_no_route(self):
        self.refused('<zone id="z" routing="Full"><host id="a" speed="1Gf"/><host id="b" speed="1Gf"/>'
                     '</zone>', "no route", "'a'", "'b'")
        self.refused('<zone id="z" routing="Floyd"><host id="a" speed="1Gf"/><host id="b" speed="1Gf"/>'
                     '</zone>', "no route", "'a'", "'b'")

    def test_bandwidth(self):
        self.refused(pair("-1MBps"), "carries -1e+06 bytes/s")
        self.refused(pair("0MBps"), "carries 0 bytes/s")
        self.refused(pair("nanBps"), "carries nan bytes/s")
        self.refused(pair("1e300GBps"), "carries inf bytes/s")
        self.refused(pair(latency="-1ms"), "latency of -0.001 s")

    def test_xml(self):
        self.assertIn("p.xml:4: ", self.refused("<wurst/>"))
        self.assertIn("p.xml:6: ", self.refused(pair().replace("latency", "latte"), "latte"))
        self.assertIn("p.xml:", self.refused('<zone id="z"', "zone"))
        self.assertIn("p.xml:6: ", self.refused(pair("10 parsecs"), "parsecs"))
        self.refused(pair().replace('dst="b"', 'dst="q"'), "q")
        self.refused(pair().replace('ctn id="l"', 'ctn id="q"'), "q")
        self.refused(pair().replace('host id="b"', 'host id="a"'), "'a'")
        self.refused(pair(link=' bandwidth_file="nothing.bw"'), "nothing.bw")
        self.write("bad.bw", "0 many\n")
        self.refused(pair(link=' bandwidth_file="bad.bw"'), "number")
        self.refused('<config><prop id="wurst" value="1"/></config>' + pair(), "wurst")

    def test_old(self):
        self.write("p.xml", PLATFORM.format(pair()).replace("4.1", "3"))
        self.refused(None, "OLD")

    def test_wifi(self):
        self.refused("""<zone id="z" routing="Wifi"><prop id="access_point" value="r"/>
            <host id="a" speed="1Gf"/><host id="b" speed="1Gf"/><router id="r"/>
            <link id="l" sharing_policy="WIFI" bandwidth="54Mbps,36Mbps" latency="0ms"/></zone>""",
                     "Wi-Fi")

    def test_entities(self):
        text = '<?xml version="1.0"?>\n<!DOCTYPE platform [<!ENTITY a0 "ha">'
        text += "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
        self.write("p.xml", text + ']>\n<platform version="4.1"><zone id="&a9;" routing="Full"/></platform>')
        self.refused(None, "p.xml:")

    def test_no_platform(self):
        for name, text in (("text", "hello"), ("empty", ""), ("elf", "\x7fELF")):
            self.write(name, text)
            self.refused(None, file=name)
        (self.folder / "folder").mkdir()
        self.refused(None, "directory", file="folder")
        self.refused(None, "No such file", file="missing")

    def test_what_never_ends(self):
        os.mkfifo(self.folder / "fifo")
        began = time.monotonic()
        self.refused(None, "ordinary file", file="fifo")
        self.refused(None, "ordinary file", file="/dev/zero")
        self.assertLess(time.monotonic() - began, 30)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_unreadable(self):
        self.write("p.xml", PLATFORM.format(pair()))
        (self.folder / "p.xml").chmod(0)
        self.refused(None, "Permission denied")

    def test_nothing_is_written(self):
        self.refused(pair("-1MBps"))
        self.assertFalse((self.folder / "o.h5").exists())


if __name__ == "__main__":
    if not TANDEM:
        print("skipped: TANDEM_BIN does not say where tandem is")
        sys.exit(77)
    unittest.main()
