# SPDX-License-Identifier: GPL-3.0-or-later
"""The sweep that platforms/grids/slurm.sbatch runs as a Slurm array is the one of `tandem sweep`.

Slurm is the real one: munged, slurmctld and slurmd of this machine alone, started here with a
configuration of their own and ended afterwards. That takes root.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import sweeping  # noqa: E402  pylint: disable=wrong-import-position

SCRIPT = Path(os.environ.get("TANDEM_SOURCE", Path(__file__).parents[3])) \
    / "platforms/grids/slurm.sbatch"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo")
CONFIGURATION = """
ClusterName=tandem
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={controller}
SlurmdPort={daemon}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
ReturnToService=2
MailProg=/bin/true
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=10 State=UP
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """One node, in a folder of its own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.started = []
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        self.host = socket.gethostname().split(".")[0]
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            host=self.host, folder=folder, controller=free_port(), daemon=free_port(),
            cpus=os.cpu_count()))
        # Newer ones want control groups, which containers may not have, unless told otherwise.
        version = subprocess.run(["slurmd", "-V"], capture_output=True, text=True, check=False)
        if tuple(map(int, version.stdout.split()[-1].split(".")[:2])) >= (23, 11):
            (self.folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
        self.environment = dict(os.environ, SLURM_CONF=str(self.folder / "slurm.conf"))
        self.start("munged", "--foreground", "--force", f"--key-file={key}",
                   f"--socket={folder}/munge.socket", f"--pid-file={folder}/munge.pid",
                   f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed")
        self.wait((self.folder / "munge.socket").exists, "munged")
        self.start("slurmctld", "-D")
        self.start("slurmd", "-D", "-N", self.host)
        self.wait(lambda: self.call("sinfo", "-h", "-o", "%T", check=False).strip() == "idle",
                  "the node")

    def start(self, *command):
        log = open(self.folder / f"{command[0]}.out", "wb")  # pylint: disable=consider-using-with
        self.started.append(subprocess.Popen(command, env=self.environment, stdout=log,
                                             stderr=log, start_new_session=True))
        log.close()

    def call(self, *command, check=True, **keywords):
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True,
                              check=False, timeout=60, **keywords)
        if check and done.returncode:
            raise AssertionError(f"{command}: {done.stderr}\n{self.logs()}")
        return done.stdout

    def logs(self):
        return "\n".join(f"== {path.name}\n{path.read_text(errors='replace')[-2000:]}"
                         for path in sorted(self.folder.glob("*.log"))
                         + sorted(self.folder.glob("*.out")))

    def wait(self, condition, what, seconds=60):
        if not sweeping.wait_until(condition, seconds):
            logs = self.logs()
            self.stop()
            raise AssertionError(f"{what} is not there after {seconds} s\n{logs}")

    def stop(self):
        """The last one started first; each gets some seconds to go by itself."""
        for process in reversed(self.started):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.started = []


class Slurm(sweeping.Sweeping):
    """An array of five jobs that share 16 tasks."""

    duration = 10

    def setUp(self):
        super().setUp()
        (self.folder / "slurm").mkdir()
        self.folder.chmod(0o755)
        self.cluster = Cluster(self.folder / "slurm")
        self.addCleanup(self.cluster.stop)
        (self.folder / "bin").mkdir()
        (self.folder / "bin/tandem").symlink_to(sweeping.tandem())

    def submit(self):
        """Runs the array to its end; returns what its jobs said."""
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        number = self.cluster.call(
            "sbatch", "--parsable", "--array=1-5", "--output=job-%A-%a.txt",
            f"--export=ALL,PATH={path}", str(SCRIPT), "grid.xml", "runs",
            cwd=self.folder).strip()
        self.cluster.wait(lambda: not self.cluster.call("squeue", "-h").strip(), "the end", 120)
        time.sleep(0.2)  # for the last lines of the outputs
        outputs = sorted(self.folder.glob(f"job-{number}-*.txt"))
        self.assertEqual(len(outputs), 5, self.cluster.logs())
        return "".join(path.read_text() for path in outputs)

    def test_same_as_sweep(self):
        said = self.submit()
        self.assertEqual(said.count(f" of {sweeping.TASKS}\n"), sweeping.TASKS, said)
        self.sweep("-o", "alone")
        self.assertEqual(sweeping.digests(self.folder / "runs"),
                         sweeping.digests(self.folder / "alone"))
        self.records()[2].unlink()
        self.records()[9].unlink()
        self.assertEqual(self.submit().count("finished before"), sweeping.TASKS - 2)
        self.assertEqual(sweeping.digests(self.folder / "runs"),
                         sweeping.digests(self.folder / "alone"))
        self.assertIn("16 of 16 runs", self.tandem("merge", "runs", "-o", "all.h5").stdout)


if __name__ == "__main__":
    sweeping.tandem()
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        print("skipped: no", ", ".join(missing))
        sys.exit(77)
    if os.geteuid() != 0:
        print("skipped: Slurm's daemons take root")
        sys.exit(77)
    unittest.main()
