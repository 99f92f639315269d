"""The shim of Python instances: CPython 2.7 and 3.6 or later, standard library only.

What it needs is imported before user code is loaded. User code can still reach the socket to the engine; the engine
treats all that comes from an instance as hostile.
"""
