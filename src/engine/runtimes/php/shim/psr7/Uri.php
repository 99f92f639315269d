<?php
// PSR-7's URI over the parts that parse_url finds.
namespace RingCentral\Psr7;

use Psr\Http\Message\UriInterface;

class Uri implements UriInterface
{
    private $parts;

    public function __construct($uri = '')
    {
        $parts = parse_url($uri);
        if ($parts === false) {
            throw new \InvalidArgumentException("'$uri' is no URI");
        }
        $this->parts = $parts;
    }

    public function getScheme(): string
    {
        return strtolower($this->parts['scheme'] ?? '');
    }

    public function getAuthority(): string
    {
        $info = $this->getUserInfo();
        $port = $this->getPort();
        return ($info === '' ? '' : "$info@") . $this->getHost() . ($port === null ? '' : ":$port");
    }

    public function getUserInfo(): string
    {
        return ($this->parts['user'] ?? '') . (isset($this->parts['pass']) ? ':' . $this->parts['pass'] : '');
    }

    public function getHost(): string
    {
        return strtolower($this->parts['host'] ?? '');
    }

    public function getPort(): ?int
    {
        $port = $this->parts['port'] ?? null;
        $usual = ['http' => 80, 'https' => 443];
        return $port === ($usual[$this->getScheme()] ?? 0) ? null : $port;
    }

    public function getPath(): string
    {
        return $this->parts['path'] ?? '';
    }

    public function getQuery(): string
    {
        return $this->parts['query'] ?? '';
    }

    public function getFragment(): string
    {
        return $this->parts['fragment'] ?? '';
    }

    public function withScheme($scheme): UriInterface
    {
        return $this->with(['scheme' => $scheme]);
    }

    public function withUserInfo($user, $password = null): UriInterface
    {
        return $this->with(['user' => $user, 'pass' => $password]);
    }

    public function withHost($host): UriInterface
    {
        return $this->with(['host' => $host]);
    }

    public function withPort($port): UriInterface
    {
        return $this->with(['port' => $port]);
    }

    public function withPath($path): UriInterface
    {
        return $this->with(['path' => $path]);
    }

    public function withQuery($query): UriInterface
    {
        return $this->with(['query' => $query]);
    }

    public function withFragment($fragment): UriInterface
    {
        return $this->with(['fragment' => $fragment]);
    }

    public function __toString(): string
    {
        $authority = $this->getAuthority();
        return ($this->getScheme() === '' ? '' : $this->getScheme() . ':')
            . ($authority === '' ? '' : "//$authority")
            . $this->getPath()
            . ($this->getQuery() === '' ? '' : '?' . $this->getQuery())
            . ($this->getFragment() === '' ? '' : '#' . $this->getFragment());
    }

    private function with(array $parts): self
    {
        $copy = clone $this;
        $copy->parts = array_filter($parts + $this->parts, static function ($part) {
            return $part !== null;
        });
        return $copy;
    }
}
