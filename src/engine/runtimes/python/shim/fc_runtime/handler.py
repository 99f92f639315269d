"""Finds and loads `module.function`; every way to fail has the document of runtimes.md section 11."""
import importlib
import sys

from . import outcome
from .compat import native


class Handler(object):
    def __init__(self, text):
        self._text = native(text)
        self._function = None

    def load(self):
        """The function, loaded once it could be. Raises what loading raised, or a Failure."""
        if self._function is None:
            self._function = self._find()
        return self._function

    def _find(self):
        path, dot, member = self._text.rpartition('.')
        if not dot or not path or not member:
            raise outcome.Failure('InvalidHandlerName', "Invalid handler '%s'" % self._text)
        module = _load(path, path.strip('/').replace('/', '.'))
        function = getattr(module, member, None)
        if not callable(function):
            raise outcome.Failure(
                'HandlerNotFound', "Handler '%s' is missing on module '%s'" % (member, path))
        return function


def _load(path, name):
    try:
        return importlib.import_module(name)
    except SyntaxError as error:
        # One that code threw by evaluating a text is an exception like any other.
        if not error.filename or error.filename.startswith('<'):
            raise
        raise outcome.Failure('UserCodeSyntaxError', "Syntax error in module '%s'" % path, [[
            'File "%s"' % error.filename, 'line %d' % (error.lineno or 0), str(error.msg),
            (error.text or '').strip(),
        ]])
    except ImportError as error:
        message = "Unable to import module '%s'" % path
        if _is_itself(error, name):
            raise outcome.Failure('ImportModuleError', message)
        raise outcome.Failure(
            'ImportModuleError', '%s: %s' % (message, error), outcome.frames(sys.exc_info()[2]))


def _is_itself(error, name):
    """Whether the missing module is the handler's own, or a package that it lies in."""
    missing = getattr(error, 'name', None)
    if missing is None:
        missing = str(error).rpartition(' ')[2]
        return name == missing or name.endswith('.' + missing)
    return name == missing or name.startswith(missing + '.')
