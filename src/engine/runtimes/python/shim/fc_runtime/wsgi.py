"""An HTTP call as WSGI (PEP 3333): the environ that the application gets, and its response on the way out."""
import io
import json
import struct
import sys

from .compat import IS_PY2, native, to_bytes

if IS_PY2:
    from urllib import unquote
else:
    from urllib.parse import unquote_to_bytes

_UINT = struct.Struct('>I')


class TooLarge(Exception):
    def __init__(self, size):
        Exception.__init__(self, 'the response has at least %d bytes' % size)
        self.size = size


def read_request(payload, at):
    """Head and body of an `http` frame behind its call header."""
    end = at + 4 + _UINT.unpack_from(payload, at)[0]
    return json.loads(payload[at + 4:end].decode('utf-8')), payload[end:]


def environ_of(head, body, context, concurrent):
    environ = {
        'REQUEST_METHOD': native(head['method']),
        'SCRIPT_NAME': _decoded(head['base']),
        'PATH_INFO': _decoded(head['path']),
        'QUERY_STRING': native(head['query']),
        'REMOTE_ADDR': native(head['clientIp']),
        'SERVER_NAME': 'localhost',
        'SERVER_PORT': '80',
        'SERVER_PROTOCOL': 'HTTP/1.1',
        'CONTENT_LENGTH': str(len(body)),
        'wsgi.version': (1, 0),
        'wsgi.url_scheme': 'http',
        'wsgi.input': io.BytesIO(body),
        'wsgi.errors': sys.stderr,
        'wsgi.multithread': concurrent,
        'wsgi.multiprocess': False,
        'wsgi.run_once': False,
        'fc.context': context,
        'fc.request_uri': native(head['uri']),
    }
    for name, value in head['headers']:
        name, value = native(name), native(value)
        if name == 'content-type':
            environ['CONTENT_TYPE'] = value
        elif name != 'content-length':
            key = 'HTTP_' + name.upper().replace('-', '_')
            separator = '; ' if name == 'cookie' else ','
            environ[key] = environ[key] + separator + value if key in environ else value
    host = environ.get('HTTP_HOST', '')
    if host:
        name, _, port = host.partition(':')
        environ['SERVER_NAME'] = name
        if port:
            environ['SERVER_PORT'] = port
    return environ


def _decoded(path):
    """Percent escapes as bytes, each shown as one character, as PEP 3333 wants it."""
    if IS_PY2:
        return unquote(native(path))
    return unquote_to_bytes(path).decode('latin-1')


class Response(object):
    """Sends the head with the first byte of the body, and each further piece as the application gives it."""

    def __init__(self, channel, call, max_bytes):
        self._channel = channel
        self._call = call
        self._max_bytes = max_bytes
        self._head = None
        self._held = b''
        self._size = 0
        self.is_begun = False

    def start(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.is_begun:
                    if IS_PY2:
                        raise exc_info[1]
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._head is not None:
            raise AssertionError('start_response was called a second time')
        code = status.split(' ', 1)[0]
        self._head = to_bytes(json.dumps({
            'status': int(code) if code.isdigit() else 0,
            'headers': [[_latin(name), _latin(value)] for name, value in headers],
        }))
        return self.write

    def write(self, data):
        if self._head is None:
            raise AssertionError('the application did not call start_response before its first byte')
        if not data:
            return
        if not isinstance(data, bytes):
            raise TypeError('a WSGI application must give bytes, not %s' % type(data).__name__)
        self._size += len(data)
        if self._size > self._max_bytes:
            raise TooLarge(self._size)
        if not self._held and not self.is_begun:
            # The first piece waits for the next or the end: most responses have one, and leave in one write.
            self._held = data
            return
        self._send(self._held + data, False)

    def end(self):
        if self._head is None:
            raise AssertionError('the application did not call start_response')
        self._send(self._held, True)

    def _send(self, data, ends):
        self._held = b''
        head = None if self.is_begun else self._head
        self.is_begun = True
        self._channel.send_response(self._call, head, data, ends)


def _latin(text):
    return text.decode('latin-1') if IS_PY2 and isinstance(text, str) else text


def serve(application, environ, response):
    result = application(environ, response.start)
    try:
        for piece in result:
            response.write(piece)
    finally:
        # Before the end, which ends the call: what this logs belongs to it.
        if hasattr(result, 'close'):
            result.close()
    response.end()
