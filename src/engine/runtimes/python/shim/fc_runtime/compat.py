"""Where Python 2.7 and 3 differ."""
import sys

IS_PY2 = sys.version_info[0] == 2

if IS_PY2:
    TEXT = unicode  # noqa: F821
    BYTES = (str, bytearray)
else:
    TEXT = str
    BYTES = (bytes, bytearray)


def native(text):
    """A text of the engine as `str`, which means bytes in Python 2."""
    if IS_PY2 and isinstance(text, TEXT):
        return text.encode('utf-8')
    return text


def to_bytes(text):
    """UTF-8. Lone surrogates, which Python makes of bytes that are no text, become question marks."""
    return text.encode('utf-8', 'replace') if isinstance(text, TEXT) else bytes(text)
