"""Takes frames from the engine, runs the user's handler, answers."""
import json
import os
import signal
import site
import sys
import threading
import traceback

from . import channel as frames
from . import call as calls
from . import logs, outcome, wsgi
from .compat import native, to_bytes
from .handler import Handler

PROTOCOL_VERSION = 1
TERMINATED = 143


class Runtime(object):
    def __init__(self, channel, start):
        self._channel = channel
        self._constants = start['context']
        self._max_bytes = start['maxPayloadBytes']
        self._concurrent = start['instanceConcurrency'] > 1
        self._handler = Handler(start['handler'])
        self._initializer = start['initializer']
        self._hooks = start.get('hooks', {})
        # Loading is one at a time: two threads would both run the module.
        self._loading = threading.Lock()

    def run(self):
        while True:
            frame = self._channel.read()
            if frame is None:
                os._exit(0)
            if self._concurrent:
                thread = threading.Thread(target=self._serve, args=frame)
                thread.daemon = True
                thread.start()
            else:
                self._serve(*frame)

    def _serve(self, kind, number, payload):
        head = calls.Head(payload)
        logs.begin(number, head.request_id)
        context = calls.create_context(self._constants, number, head, self._concurrent)
        try:
            if kind == frames.INVOKE:
                self._answer(number, outcome.encode(self._load(self._handler)(payload[head.end:], context)))
            elif kind == frames.HTTP:
                self._http(number, head, payload, context)
            elif kind == frames.INITIALIZE:
                self._load(Handler(self._initializer))(context)
                self._answer(number, b'')
            elif kind == frames.HOOK:
                self._load(Handler(self._hooks[native(payload[head.end:].decode('utf-8'))]))(context)
                self._answer(number, b'')
            else:
                os._exit(1)
        except SystemExit as error:
            _exit(error.code)
        except BaseException as error:
            self._channel.send(frames.UNHANDLED, number, outcome.document(error, sys.exc_info()[2]))
        finally:
            logs.end()

    def _load(self, handler):
        with self._loading:
            return handler.load()

    def _answer(self, number, data):
        if len(data) > self._max_bytes:
            self._channel.send_too_large(number, len(data))
        else:
            self._channel.send(frames.RESULT, number, data)

    def _http(self, number, head, payload, context):
        request, body = wsgi.read_request(payload, head.end)
        response = wsgi.Response(self._channel, number, self._max_bytes)
        try:
            wsgi.serve(
                self._load(self._handler), wsgi.environ_of(request, body, context, self._concurrent), response)
        except wsgi.TooLarge as error:
            self._channel.send_too_large(number, error.size)
        except Exception:
            # An error document after the head only cuts the response off: the log must say why.
            if response.is_begun:
                traceback.print_exc()
            raise


def _exit(code):
    """What the interpreter does at `sys.exit`, without waiting for threads."""
    if code is None:
        code = 0
    elif not isinstance(code, int):
        sys.stderr.write('%s\n' % (code,))
        code = 1
    os._exit(code & 0xff)


def _dump_stacks(signum, frame):
    """A call ran too long. The socket may be in the middle of a frame: this goes to the pipe."""
    names = dict((thread.ident, thread.name) for thread in threading.enumerate())
    lines = []
    for ident, stack in sys._current_frames().items():
        lines.append('Thread %s:\n' % names.get(ident, ident))
        # The signal handler itself runs on top of the main thread's own work.
        top = frame if stack.f_code is _dump_stacks.__code__ else stack
        lines.extend(traceback.format_stack(top))
    os.write(2, to_bytes(''.join(lines)))
    os._exit(TERMINATED)


def _arrange_path(code_folder):
    """The code first, then layers; the host's own packages are not part of the runtime (`-S` left them out)."""
    version = 'python%d.%d' % sys.version_info[:2]
    own = [path for path in os.environ.get('PYTHONPATH', '').split(os.pathsep) if path]
    layers = ['/opt/python/lib/%s/site-packages' % version, '/opt/python']
    sys.path[:0] = [code_folder] + [path for path in own if path != code_folder] + layers
    user_base = os.environ.get('PYTHONUSERBASE')
    if user_base:
        site.addsitedir(os.path.join(user_base, 'lib', version, 'site-packages'))
    # What `site` would have given to everybody.
    site.setquit()
    site.sethelper()


def _move_in(start):
    """It waited without a function: its code has just appeared, its environment comes now."""
    os.chdir(native(start['codeFolder']))
    os.environ.clear()
    for name, value in start['environment'].items():
        os.environ[native(name)] = native(value)


def run():
    channel = frames.Channel(3)
    first = channel.read()
    if first is not None and first[0] == frames.PREPARE:
        channel.send(frames.PREPARED, 0, b'')
        first = channel.read()
    if first is None or first[0] != frames.START:
        sys.exit(1)
    start = json.loads(first[2].decode('utf-8'))
    if start['protocol'] != PROTOCOL_VERSION:
        sys.exit(1)
    if 'environment' in start:
        _move_in(start)
    logs.install(channel)
    _arrange_path(native(start['codeFolder']))
    sys.argv = ['']
    signal.signal(signal.SIGTERM, _dump_stacks)
    logs.of_instance('FunctionCompute %s runtime inited.\n' % start['runtime'])
    channel.send(frames.READY, 0, to_bytes(json.dumps({'runtimeVersion': sys.version.split()[0]})))
    Runtime(channel, start).run()
