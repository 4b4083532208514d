import os
import threading

from javert.sensors.linux.priority import step_back


def test_only_the_calling_thread_steps_back():
    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    inside = []

    def work():
        step_back()
        inside.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == [max(before, 10)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
