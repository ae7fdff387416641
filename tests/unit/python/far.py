# SPDX-License-Identifier: GPL-3.0-or-later
"""Two network namespaces far apart: TUN devices, shaped by tbf, and a relay that delays packets.

The relay hands on packets of the Internet Protocol, not bytes of connections: TCP between the two
sees the delay as it would see a long cable.
"""

import ctypes
import fcntl
import os
import select
import struct
import subprocess
import threading
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
CLONE_NEWNET = 0x40000000
LARGEST = 65536
NEAR, FAR = "10.77.0.1", "10.77.0.2"


def is_missing():
    """Why there can be no such network here, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "there is no /dev/net/tun that may be used"
    for command in (["ip", "-V"], ["tc", "-V"]):
        try:
            subprocess.run(command, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return "iproute2 is not installed"
    name = f"tdm-try-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return "network namespaces cannot be made here"
    subprocess.run(["ip", "netns", "del", name], check=False)
    return None


class Far:
    """`rate` in bit/s each way, of packets; `delay` in s, one way. A context."""

    def __init__(self, rate, delay):
        self.rate, self.delay = rate, delay
        self.names = [f"tdm-near-{os.getpid()}", f"tdm-far-{os.getpid()}"]
        self.ends, self.threads = [], []
        self.cut = threading.Event()
        self.end = threading.Event()

    def command(self, side):
        """What runs a program on the side 0 (near) or 1 (far)."""
        return ["ip", "netns", "exec", self.names[side]]

    def __enter__(self):
        try:
            for side, (name, here, there) in enumerate(zip(self.names, (NEAR, FAR), (FAR, NEAR))):
                self.run("ip", "netns", "add", name)
                self.ends.append(self.open_tun(name))
                inside = self.command(side)
                self.run(*inside, "ip", "link", "set", "lo", "up")
                self.run(*inside, "ip", "addr", "add", here, "peer", there, "dev", "tdm0")
                self.run(*inside, "ip", "link", "set", "tdm0", "up")
                self.run(*inside, "tc", "qdisc", "add", "dev", "tdm0", "root", "tbf", "rate",
                         f"{self.rate}bit", "burst", "1600", "latency", "2s")
            for one, other in (self.ends, self.ends[::-1]):
                thread = threading.Thread(target=self.relay, args=(one, other), daemon=True)
                thread.start()
                self.threads.append(thread)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.end.set()
        for thread in self.threads:
            thread.join(timeout=5)
        for end in self.ends:
            os.close(end)
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    @staticmethod
    def run(*command):
        subprocess.run(command, check=True, capture_output=True, timeout=20)

    @staticmethod
    def open_tun(name):
        """A TUN device in a namespace, held by this process outside of it."""
        libc = ctypes.CDLL(None, use_errno=True)
        ours = os.open("/proc/self/ns/net", os.O_RDONLY)
        inside = os.open(f"/run/netns/{name}", os.O_RDONLY)
        try:
            if libc.setns(inside, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            tun = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"tdm0", IFF_TUN | IFF_NO_PI))
        finally:
            libc.setns(ours, CLONE_NEWNET)
            os.close(inside)
            os.close(ours)
        return tun

    def relay(self, one, other):
        """Each packet of `one` appears at `other` after the delay; none once the link is cut."""
        waiting = []
        while not self.end.is_set():
            pause = max(0, min(0.1, waiting[0][0] - time.monotonic())) if waiting else 0.1
            if select.select([one], [], [], pause)[0]:
                packet = os.read(one, LARGEST)
                if not self.cut.is_set():
                    waiting.append((time.monotonic() + self.delay, packet))
            while waiting and waiting[0][0] <= time.monotonic():
                os.write(other, waiting.pop(0)[1])
