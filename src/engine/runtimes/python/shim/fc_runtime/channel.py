"""The framed socket to the engine (runtimes/README.md): u32 length, u8 type, u32 call, payload; big endian."""
import fcntl
import os
import socket
import struct
import threading

START, INITIALIZE, INVOKE, HTTP, HOOK, PREPARE = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
READY, RESULT, HANDLED, UNHANDLED, TOO_LARGE, LOG = 0x81, 0x82, 0x83, 0x84, 0x85, 0x86
HTTP_HEAD, HTTP_BODY, HTTP_END, PREPARED = 0x87, 0x88, 0x89, 0x8a

MAX_PIECE_BYTES = 256 * 1024
_HEADER = struct.Struct('>IBI')
_UINT = struct.Struct('>I')


class Channel(object):
    def __init__(self, fd):
        self._socket = socket.fromfd(fd, socket.AF_UNIX, socket.SOCK_STREAM)
        os.close(fd)
        number = self._socket.fileno()
        fcntl.fcntl(number, fcntl.F_SETFD, fcntl.fcntl(number, fcntl.F_GETFD) | fcntl.FD_CLOEXEC)
        self._socket.setblocking(True)
        self._reader = self._socket.makefile('rb', 65536)
        self._lock = threading.Lock()

    def read(self):
        """The next frame as (type, call, payload), or None when the engine is gone."""
        header = self._reader.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return None
        length, kind, call = _HEADER.unpack(header)
        payload = self._reader.read(length) if length > 0 else b''
        return (kind, call, payload) if len(payload) == length else None

    def send(self, kind, call, payload):
        self._write(_HEADER.pack(len(payload), kind, call) + payload)

    def send_too_large(self, call, size):
        self.send(TOO_LARGE, call, _UINT.pack(min(size, 0xffffffff)))

    def send_log(self, call, data):
        """Waits while the engine is slow, so that output cannot pile up."""
        for at in range(0, len(data), MAX_PIECE_BYTES):
            self.send(LOG, call, data[at:at + MAX_PIECE_BYTES])

    def send_response(self, call, head, body, ends):
        """A part of a response in one write; `head` is None behind the first part."""
        parts = []
        if head is not None:
            parts.append(_HEADER.pack(len(head), HTTP_HEAD, call) + head)
        for at in range(0, len(body), MAX_PIECE_BYTES):
            piece = body[at:at + MAX_PIECE_BYTES]
            parts.append(_HEADER.pack(len(piece), HTTP_BODY, call) + piece)
        if ends:
            parts.append(_HEADER.pack(0, HTTP_END, call))
        self._write(b''.join(parts))

    def _write(self, data):
        try:
            with self._lock:
                self._socket.sendall(data)
        except (OSError, socket.error):
            # Without its engine an instance has no purpose.
            os._exit(1)
