<?php
// A request with the constructor of ringcentral/psr7's.
namespace RingCentral\Psr7;

use Psr\Http\Message\RequestInterface;
use Psr\Http\Message\UriInterface;

class Request extends FcMessage implements RequestInterface
{
    private $method;
    private $uri;
    private $target = null;

    public function __construct($method, $uri, array $headers = [], $body = null, $version = '1.1')
    {
        parent::__construct($headers, $body, $version);
        $this->method = $method;
        $this->uri = $uri instanceof UriInterface ? $uri : new Uri($uri);
    }

    public function getRequestTarget(): string
    {
        $query = $this->uri->getQuery();
        return $this->target ?? (($this->uri->getPath() ?: '/') . ($query === '' ? '' : "?$query"));
    }

    public function withRequestTarget($requestTarget): RequestInterface
    {
        $copy = clone $this;
        $copy->target = $requestTarget;
        return $copy;
    }

    public function getMethod(): string
    {
        return $this->method;
    }

    public function withMethod($method): RequestInterface
    {
        $copy = clone $this;
        $copy->method = $method;
        return $copy;
    }

    public function getUri(): UriInterface
    {
        return $this->uri;
    }

    public function withUri(UriInterface $uri, $preserveHost = false): RequestInterface
    {
        $copy = $preserveHost || $uri->getHost() === '' ? clone $this : $this->withHeader('Host', $uri->getHost());
        $copy->uri = $uri;
        return $copy;
    }
}
