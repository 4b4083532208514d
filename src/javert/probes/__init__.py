"""What to ask a service, and what its answers mean: conversations without input or output.

A *probe* finds out what one service accepts: which protocol, and whether in the clear. It is a generator that
yields steps (send these bytes, listen, begin TLS, connect again) and is sent what came of each; the sensor that
runs it owns sockets, time and namespaces. Probes send nothing that logs in, writes, or could be taken for either.
"""
