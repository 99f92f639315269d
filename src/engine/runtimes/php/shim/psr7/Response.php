<?php
// A response with the constructor of ringcentral/psr7's, which the runtime answers with.
namespace RingCentral\Psr7;

use Psr\Http\Message\ResponseInterface;

class Response extends FcMessage implements ResponseInterface
{
    private $status;
    private $reason;

    public function __construct($status = 200, array $headers = [], $body = null, $version = '1.1', $reason = null)
    {
        parent::__construct($headers, $body, $version);
        $this->status = (int) $status;
        $this->reason = (string) $reason;
    }

    public function getStatusCode(): int
    {
        return $this->status;
    }

    public function withStatus($code, $reasonPhrase = ''): ResponseInterface
    {
        $copy = clone $this;
        $copy->status = (int) $code;
        $copy->reason = (string) $reasonPhrase;
        return $copy;
    }

    public function getReasonPhrase(): string
    {
        return $this->reason;
    }
}
