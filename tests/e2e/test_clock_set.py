"""Somebody sets the host's clock during a run: back, or forward. What the run tells of time stays true."""

import shutil
import socket
import time
from datetime import datetime

import pytest

pytestmark = [pytest.mark.root, pytest.mark.serial]

# Javert alone sees the time of day moved by the seconds in a file; the host's own clock is left as it is.
SHIM = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *at)
{
	int result = syscall(SYS_clock_gettime, clock, at);
	FILE *file = clock == CLOCK_REALTIME ? fopen(getenv("MOVED_BY"), "r") : NULL;
	long seconds = 0;

	if (file) {
		if (fscanf(file, "%ld", &seconds) == 1)
			at->tv_sec += seconds;
		fclose(file);
	}
	return result;
}
"""
WITHOUT_BPF = ("setpriv", "--bounding-set", "-sys_admin,-bpf,-perfmon", "--inh-caps", "-sys_admin,-bpf,-perfmon")


@pytest.fixture
def moved(tmp_path, execute):
    """A file that moves the clock, and the command under which a program sees it."""
    (tmp_path / "shim.c").write_text(SHIM)
    execute("gcc", "-shared", "-fPIC", "-o", tmp_path / "shim.so", tmp_path / "shim.c")
    by = tmp_path / "moved-by"
    by.write_text("0")
    before = ("env", f"LD_PRELOAD={tmp_path / 'shim.so'}", f"MOVED_BY={by}")
    by.write_text("-1000000")
    seen = float(execute(*before, shutil.which("python3"), "-c", "import time; print(time.time())").stdout)
    assert abs(seen - time.time() + 1_000_000) < 60, "the program sees the clock that was set"
    by.write_text("0")
    return by, before


@pytest.mark.parametrize("seconds", [-7200, 86400])
@pytest.mark.parametrize("rights", [(), WITHOUT_BPF], ids=["kernel", "polling"])
def test_lengths_of_time_stay_true(javert, moved, workplace, seconds, rights):
    by, before = moved
    began = time.time()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        run = javert.assess("--duration", "1h", "--scan", workplace, before=(*before, *rights)).collecting()
        by.write_text(str(seconds))
        with socket.create_server(("127.0.0.1", 0)) as late:
            time.sleep(3)
            young = late.getsockname()[1]
            ended = run.interrupted()
    took = time.time() - began
    document = ended.document
    assert ended.code in (0, 3), ended.err
    assert 3 <= document["run"]["duration_s"] <= took
    moments = [(document["run"][name]) for name in ("started_at", "ended_at")]
    moments += [one[name] for one in document["findings"] for name in ("first_seen", "last_seen")]
    moments += [one[name] for one in document["sensors"] for name in ("started_at", "ended_at")]
    assert all(began - 60 <= datetime.fromisoformat(moment).timestamp() <= began + took + 60 for moment in moments)
    for one in document["findings"]:
        assert one["first_seen"] <= one["last_seen"]
    windows = [one["attributes"] for one in document["findings"] if "listening_s" in one["attributes"]]
    assert all(0 <= one["listening_s"] <= one["window_s"] <= took for one in windows)
    unused = [one["port"] for one in windows]
    assert young not in unused, "it was there for three seconds, not for a day"
    assert (port in unused) is (not rights)
