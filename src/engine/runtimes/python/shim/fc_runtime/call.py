"""The head of a call, and the `context` of runtimes.md section 7 that is made from it."""
import json
import struct

from . import logs
from .compat import native

_UINT = struct.Struct('>I')
_USHORT = struct.Struct('>H')
_PROBE = 0x80000000
_TRACED = 0x40000000


class Head(object):
    """u32 retry count with the probe and tracing bits, then request id, qualifier and, of a traced call, JSON, each with a u16 length."""

    def __init__(self, payload):
        first, = _UINT.unpack_from(payload, 0)
        self.retry_count = first & ~(_PROBE | _TRACED)
        self.is_probe = bool(first & _PROBE)
        id_end = 6 + _USHORT.unpack_from(payload, 4)[0]
        self.end = id_end + 2 + _USHORT.unpack_from(payload, id_end)[0]
        self.request_id = native(payload[6:id_end].decode('utf-8'))
        self.qualifier = native(payload[id_end + 2:self.end].decode('utf-8'))
        self.tracing = None
        if first & _TRACED:
            begin = self.end + 2
            self.end = begin + _USHORT.unpack_from(payload, self.end)[0]
            self.tracing = json.loads(payload[begin:self.end].decode('utf-8'))


class _Members(object):
    """A group of a context's values."""

    def __init__(self, **values):
        self.__dict__.update(values)


class Context(object):
    def __init__(self, constants, head, logger):
        credentials = constants['credentials']
        function = constants['function']
        service = constants['service']
        self.request_id = head.request_id
        # New objects for each call: what one call changes, the next must not see.
        self.credentials = _Members(
            access_key_id=native(credentials['accessKeyId']),
            access_key_secret=native(credentials['accessKeySecret']),
            security_token=native(credentials['securityToken']))
        self.function = _Members(
            name=native(function['name']),
            handler=native(function['handler']),
            memory=function['memory'],
            timeout=function['timeout'],
            initializer=native(function['initializer']),
            initialization_timeout=function['initializationTimeout'])
        self.service = _Members(
            name=native(service['name']),
            log_project=native(service['logProject']),
            log_store=native(service['logStore']),
            qualifier=head.qualifier,
            version_id=native(service['versionId']))
        self.region = native(constants['region'])
        self.account_id = native(constants['accountId'])
        self.retry_count = head.retry_count
        # Left out of users' calls, whose context is the cloud's.
        if head.is_probe:
            self.probe = True
        self.tracing = _tracing(head.tracing)
        self.logger = logger

    def to_json(self):
        values = dict(self.__dict__)
        del values['logger']
        return json.dumps(values, default=lambda value: value.__dict__, sort_keys=True)


def _tracing(values):
    if values is None:
        return _Members(span_context='', span_baggages={}, jaeger_endpoint='')
    baggages = values['openTracingSpanBaggages']
    return _Members(
        span_context=native(values['openTracingSpanContext']),
        span_baggages={native(name): native(baggages[name]) for name in baggages},
        jaeger_endpoint=native(values['jaegerEndpoint']))


def create_context(constants, number, head, concurrent):
    """The logger is the root logger where calls come one by one, else one that is bound to this call."""
    return Context(constants, head, logs.call_logger(number, head.request_id) if concurrent else logs.root_logger())
