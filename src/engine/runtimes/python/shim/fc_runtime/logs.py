"""`logging`, `sys.stdout` and `sys.stderr` become log frames that name their call.

With several calls at once a context variable (a thread local before Python 3.7) tells whose line it is; a thread that
user code started, which has neither, counts to the call that started last, as in the cloud.
"""
import io
import logging
import sys
import threading
import time

from .compat import IS_PY2, to_bytes

try:
    import contextvars
except ImportError:
    contextvars = None

_NOTHING = (0, '')
_channel = None
_latest = _NOTHING


class _ThreadLocal(threading.local):
    value = None

    def get(self):
        return self.value

    def set(self, value):
        self.value = value


_current = contextvars.ContextVar('fc_call', default=None) if contextvars else _ThreadLocal()


def install(channel):
    global _channel
    _channel = channel
    sys.stdout = _stream(1)
    sys.stderr = _stream(2)
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(_CallHandler(None))


def begin(number, request_id):
    """From here on, what this thread writes belongs to the call."""
    global _latest
    _latest = (number, request_id)
    _current.set(_latest)


def end():
    _current.set(None)


def of_instance(text):
    _channel.send_log(0, to_bytes(text))


def _owner():
    return _current.get() or _latest


class _CallHandler(logging.Handler):
    """Stamps time, request id and level. Its owner is a fixed call, or the current one where that is None."""

    def __init__(self, owner):
        logging.Handler.__init__(self)
        self._fixed = owner
        self.setFormatter(logging.Formatter('%(message)s'))

    def emit(self, record):
        try:
            number, request_id = self._fixed or _owner()
            stamp = '%s.%03dZ %s [%s] ' % (
                time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created)),
                record.msecs, request_id, record.levelname)
            _channel.send_log(number, to_bytes(stamp) + to_bytes(self.format(record)) + b'\n')
        except Exception:
            self.handleError(record)


def root_logger():
    return logging.getLogger()


def call_logger(number, request_id):
    """A logger of its own, outside of the tree of loggers: it goes with its call."""
    logger = logging.Logger('fc', logging.INFO)
    logger.addHandler(_CallHandler((number, request_id)))
    return logger


class _RawLog(io.RawIOBase):
    def __init__(self, fd):
        io.RawIOBase.__init__(self)
        self._fd = fd

    def writable(self):
        return True

    def fileno(self):
        return self._fd

    def write(self, data):
        data = bytes(data)
        _channel.send_log(_owner()[0], data)
        return len(data)


class _Py2Stream(object):
    """Takes `str` and `unicode` alike, as the standard streams of Python 2 do."""
    encoding = 'UTF-8'
    errors = 'replace'
    softspace = 0
    closed = False
    mode = 'w'

    def __init__(self, fd):
        self._fd = fd
        self.name = '<stdout>' if fd == 1 else '<stderr>'

    def write(self, data):
        _channel.send_log(_owner()[0], to_bytes(data))

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def fileno(self):
        return self._fd

    def isatty(self):
        return False


def _stream(fd):
    if IS_PY2:
        return _Py2Stream(fd)
    # Unbuffered: what a function printed must be there when its process dies in the next moment.
    return io.TextIOWrapper(_RawLog(fd), encoding='utf-8', errors='backslashreplace', write_through=True)
