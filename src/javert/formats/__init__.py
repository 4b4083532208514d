"""Bytes and text to values: parsers that return a value or raise ParseError, whatever the input. No I/O."""
