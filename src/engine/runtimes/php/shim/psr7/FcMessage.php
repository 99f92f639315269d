<?php
// What requests and responses share (PSR-7). Parameters are untyped and results typed: that fits every psr/http-message.
namespace RingCentral\Psr7;

use Psr\Http\Message\MessageInterface;
use Psr\Http\Message\StreamInterface;

abstract class FcMessage implements MessageInterface
{
    /** Name in lower case → [name as given, values]. */
    private $headers = [];
    private $body;
    private $version = '1.1';

    protected function __construct(array $headers, $body, $version)
    {
        foreach ($headers as $name => $value) {
            $this->headers[strtolower($name)] = [(string) $name, self::valuesOf($value)];
        }
        $this->body = $body instanceof StreamInterface ? $body : new Stream($body);
        $this->version = $version;
    }

    public function getProtocolVersion(): string
    {
        return $this->version;
    }

    public function withProtocolVersion($version): MessageInterface
    {
        $copy = clone $this;
        $copy->version = $version;
        return $copy;
    }

    public function getHeaders(): array
    {
        $headers = [];
        foreach ($this->headers as list($name, $values)) {
            $headers[$name] = $values;
        }
        return $headers;
    }

    public function hasHeader($name): bool
    {
        return isset($this->headers[strtolower($name)]);
    }

    public function getHeader($name): array
    {
        return $this->headers[strtolower($name)][1] ?? [];
    }

    public function getHeaderLine($name): string
    {
        return implode(', ', $this->getHeader($name));
    }

    public function withHeader($name, $value): MessageInterface
    {
        $copy = clone $this;
        $copy->headers[strtolower($name)] = [$name, self::valuesOf($value)];
        return $copy;
    }

    public function withAddedHeader($name, $value): MessageInterface
    {
        $values = array_merge($this->getHeader($name), self::valuesOf($value));
        return $this->withHeader($this->headers[strtolower($name)][0] ?? $name, $values);
    }

    public function withoutHeader($name): MessageInterface
    {
        $copy = clone $this;
        unset($copy->headers[strtolower($name)]);
        return $copy;
    }

    public function getBody(): StreamInterface
    {
        return $this->body;
    }

    public function withBody(StreamInterface $body): MessageInterface
    {
        $copy = clone $this;
        $copy->body = $body;
        return $copy;
    }

    private static function valuesOf($value): array
    {
        return array_map('strval', array_values((array) $value));
    }
}
