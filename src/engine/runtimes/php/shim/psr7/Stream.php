<?php
// A body: PSR-7's stream over a PHP stream.
namespace RingCentral\Psr7;

use Psr\Http\Message\StreamInterface;

class Stream implements StreamInterface
{
    private $stream;

    /** @param resource|string|object|null $content what it starts with, read from its beginning */
    public function __construct($content = '')
    {
        if (is_resource($content)) {
            $this->stream = $content;
            return;
        }
        $this->stream = fopen('php://temp', 'r+');
        fwrite($this->stream, (string) $content);
        rewind($this->stream);
    }

    public function __toString(): string
    {
        if (!$this->stream) {
            return '';
        }
        if ($this->isSeekable()) {
            rewind($this->stream);
        }
        return (string) stream_get_contents($this->stream);
    }

    public function close(): void
    {
        if ($this->stream) {
            fclose($this->stream);
        }
        $this->stream = null;
    }

    public function detach()
    {
        $stream = $this->stream;
        $this->stream = null;
        return $stream;
    }

    public function getSize(): ?int
    {
        return $this->stream ? (fstat($this->stream)['size'] ?? null) : null;
    }

    public function tell(): int
    {
        return ftell($this->stream);
    }

    public function eof(): bool
    {
        return !$this->stream || feof($this->stream);
    }

    public function isSeekable(): bool
    {
        return $this->stream && stream_get_meta_data($this->stream)['seekable'];
    }

    public function seek($offset, $whence = SEEK_SET): void
    {
        if (fseek($this->stream, $offset, $whence) !== 0) {
            throw new \RuntimeException("the stream has no place $offset");
        }
    }

    public function rewind(): void
    {
        $this->seek(0);
    }

    public function isWritable(): bool
    {
        return $this->stream && preg_match('/[waxc+]/', stream_get_meta_data($this->stream)['mode']) === 1;
    }

    public function write($string): int
    {
        $written = fwrite($this->stream, $string);
        if ($written === false) {
            throw new \RuntimeException('the stream cannot be written to');
        }
        return $written;
    }

    public function isReadable(): bool
    {
        return $this->stream && preg_match('/[r+]/', stream_get_meta_data($this->stream)['mode']) === 1;
    }

    public function read($length): string
    {
        return (string) fread($this->stream, $length);
    }

    public function getContents(): string
    {
        return (string) stream_get_contents($this->stream);
    }

    public function getMetadata($key = null)
    {
        $all = $this->stream ? stream_get_meta_data($this->stream) : [];
        return $key === null ? $all : ($all[$key] ?? null);
    }
}
