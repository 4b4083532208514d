"""Protocol identification from payload: one module a protocol, one ordered list, no port numbers."""
