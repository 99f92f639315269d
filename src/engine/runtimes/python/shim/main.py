"""Entry of a Python instance. Its folder leaves the module path before user code is loaded."""
import sys

from fc_runtime import runtime

del sys.path[0]
runtime.run()
