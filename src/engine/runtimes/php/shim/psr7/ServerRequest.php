<?php
// The request that an HTTP handler gets.
namespace RingCentral\Psr7;

use Psr\Http\Message\ServerRequestInterface;

class ServerRequest extends Request implements ServerRequestInterface
{
    private $serverParams;
    private $cookies = [];
    private $query = [];
    private $files = [];
    private $parsedBody = null;
    private $attributes = [];

    public function __construct($method, $uri, array $headers = [], $body = null, $version = '1.1', array $serverParams = [])
    {
        parent::__construct($method, $uri, $headers, $body, $version);
        $this->serverParams = $serverParams;
        foreach (explode(';', $this->getHeaderLine('cookie')) as $pair) {
            list($name, $value) = explode('=', trim($pair), 2) + ['', ''];
            if ($name !== '') {
                $this->cookies[$name] = urldecode($value);
            }
        }
        if (stripos($this->getHeaderLine('content-type'), 'application/x-www-form-urlencoded') === 0) {
            parse_str((string) $body, $this->parsedBody);
        }
    }

    public function getServerParams(): array
    {
        return $this->serverParams;
    }

    public function getCookieParams(): array
    {
        return $this->cookies;
    }

    public function withCookieParams(array $cookies): ServerRequestInterface
    {
        return $this->with('cookies', $cookies);
    }

    public function getQueryParams(): array
    {
        return $this->query;
    }

    public function withQueryParams(array $query): ServerRequestInterface
    {
        return $this->with('query', $query);
    }

    public function getUploadedFiles(): array
    {
        return $this->files;
    }

    public function withUploadedFiles(array $uploadedFiles): ServerRequestInterface
    {
        return $this->with('files', $uploadedFiles);
    }

    public function getParsedBody()
    {
        return $this->parsedBody;
    }

    public function withParsedBody($data): ServerRequestInterface
    {
        return $this->with('parsedBody', $data);
    }

    public function getAttributes(): array
    {
        return $this->attributes;
    }

    public function getAttribute($name, $default = null)
    {
        return array_key_exists($name, $this->attributes) ? $this->attributes[$name] : $default;
    }

    public function withAttribute($name, $value): ServerRequestInterface
    {
        return $this->with('attributes', [$name => $value] + $this->attributes);
    }

    public function withoutAttribute($name): ServerRequestInterface
    {
        return $this->with('attributes', array_diff_key($this->attributes, [$name => null]));
    }

    private function with(string $member, $value): self
    {
        $copy = clone $this;
        $copy->$member = $value;
        return $copy;
    }
}
