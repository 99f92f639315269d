<?php
// What a call's end looks like on the wire: values as runtimes.md section 5, error documents as section 11.
namespace FcRuntime;

/** An error document that the shim itself makes. */
final class Failure extends \Exception
{
    public $document;

    public function __construct(string $type, string $message, array $stack = [])
    {
        parent::__construct($message);
        $this->document = ['errorMessage' => $message, 'errorType' => $type];
        if ($stack !== []) {
            $this->document['stackTrace'] = $stack;
        }
    }
}

/** Error texts longer than this are cut (bytes). */
const MAX_TEXT = 262144;

/** The bytes of a handler's result. Throws where it has no JSON. */
function encode($value): string
{
    if (is_string($value)) {
        return $value;
    }
    if ($value === null) {
        return '';
    }
    $json = json_encode($value);
    if ($json === false) {
        throw new \UnexpectedValueException('the result cannot be made JSON: ' . json_last_error_msg());
    }
    return $json;
}

function document(\Throwable $error): string
{
    if ($error instanceof Failure) {
        return encodeDocument($error->document);
    }
    return encodeDocument([
        'errorMessage' => $error->getMessage(),
        'errorType' => get_class($error),
        'stackTrace' => frames($error),
    ]);
}

/** Where it was thrown, then PHP's own lines of the calls around it; none of the shim's. */
function frames(\Throwable $error): array
{
    $lines = [$error->getFile() . '(' . $error->getLine() . ')'];
    foreach (explode("\n", $error->getTraceAsString()) as $line) {
        if (strpos($line, dirname(__DIR__)) === false && strpos($line, '[internal function]: FcRuntime') === false
            && !preg_match('/^#\d+ \{main\}$/', $line)) {
            $lines[] = $line;
        }
    }
    return $lines;
}

function encodeDocument(array $document): string
{
    if (strlen($document['errorMessage']) > MAX_TEXT) {
        $document['errorMessage'] = substr($document['errorMessage'], 0, MAX_TEXT) . '...[cut]';
    }
    return json_encode($document, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
}
