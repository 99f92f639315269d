"""What a call's end looks like on the wire: values as runtimes.md section 3, error documents as section 11."""
import json
import os
import sys
import traceback

from .compat import BYTES, IS_PY2, TEXT, to_bytes

# Error texts longer than this are cut (characters).
_MAX_TEXT = 256 * 1024
_MAX_FRAMES = 100
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Failure(Exception):
    """An error document that the shim itself makes."""

    def __init__(self, kind, message, stack=None):
        Exception.__init__(self, message)
        self.document = {'errorMessage': message, 'errorType': kind}
        if stack:
            self.document['stackTrace'] = stack


def encode(value):
    """The bytes of a handler's result. Raises TypeError or ValueError where it has no JSON."""
    if isinstance(value, TEXT):
        return value.encode('utf-8', 'surrogatepass' if not IS_PY2 else 'strict')
    if isinstance(value, BYTES):
        return bytes(value)
    return _json(value, _number)


def document(error, trace):
    """The error document of an exception."""
    if isinstance(error, Failure):
        return _json(error.document)
    return _json({
        'errorMessage': _cut(_text(error)),
        'errorType': type(error).__name__,
        'stackTrace': frames(trace),
    })


def frames(trace):
    entries = [tuple(entry) for entry in traceback.extract_tb(trace)]
    entries = [entry for entry in entries
               if not entry[0].startswith(_HERE) and not entry[0].startswith('<frozen importlib')
               and os.sep + 'importlib' + os.sep not in entry[0]]
    return [['File "%s"' % name, 'line %d' % line, 'in %s' % function, text or '']
            for name, line, function, text in entries[-_MAX_FRAMES:]]


def _json(value, default=None):
    return to_bytes(json.dumps(value, sort_keys=True, indent=4, separators=(',', ': '), default=default))


def _number(value):
    decimal = sys.modules.get('decimal')
    if decimal is not None and isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError('%s is not JSON serializable' % type(value).__name__)


def _text(error):
    try:
        return TEXT(error)
    except Exception:
        return repr(error)


def _cut(message):
    return message[:_MAX_TEXT] + '...[cut]' if len(message) > _MAX_TEXT else message
