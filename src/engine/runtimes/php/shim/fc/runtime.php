<?php
// Takes frames from the engine, says which file must be loaded for a call, runs the user's handler, answers.
namespace FcRuntime;

final class Runtime
{
    const PROTOCOL_VERSION = 1;

    private static $channel;
    private static $start;
    private static $handlers = [];
    /** The call that is being served: [type, number, payload, head]. */
    private static $call = null;

    public static function start()
    {
        self::$channel = new Channel(3);
        $first = self::$channel->read();
        if ($first !== null && $first[0] === Channel::PREPARE) {
            self::$channel->send(Channel::PREPARED, 0, '');
            $first = self::$channel->read();
        }
        if ($first === null || $first[0] !== Channel::START) {
            exit(1);
        }
        self::$start = json_decode($first[2], true);
        if (self::$start['protocol'] !== self::PROTOCOL_VERSION) {
            exit(1);
        }
        if (isset(self::$start['environment'])) {
            self::moveIn();
        }
        Logger::install(self::$channel);
        $GLOBALS['fcPhpCgiProxy'] = new PhpCgiProxy();
        set_include_path('.' . PATH_SEPARATOR . self::$start['codeFolder'] . PATH_SEPARATOR . '/opt/php');
        // Behind whatever a package brings: its own PSR-7 classes are the ones then.
        spl_autoload_register(static function (string $class) {
            list($space, $name) = array_pad(preg_split('~\\\\(?=[^\\\\]+$)~', $class), 2, '');
            if ($space === 'Psr\Http\Message') {
                require_once dirname(__DIR__) . '/psr7/interfaces.php';
            } elseif ($space === 'RingCentral\Psr7' && is_file($file = dirname(__DIR__) . "/psr7/$name.php")) {
                require $file;
            }
        });
        Logger::write('FunctionCompute ' . self::$start['runtime'] . " runtime inited.\n");
        self::$channel->send(Channel::READY, 0, json_encode(['runtimeVersion' => PHP_VERSION]));
    }

    /** It waited without a function: its code has just appeared, its environment comes now. */
    private static function moveIn()
    {
        chdir(self::$start['codeFolder']);
        foreach (array_keys(getenv()) as $name) {
            putenv($name);
            unset($_SERVER[$name]);
        }
        foreach (self::$start['environment'] as $name => $value) {
            putenv("$name=$value");
        }
        // PHP's command line has made this one already; what it says itself goes before variables, as it did then.
        $_SERVER += self::$start['environment'];
    }

    /** Serves calls until one needs a file that is not loaded yet. */
    public static function nextFile(): string
    {
        while (true) {
            if (self::$call === null) {
                self::take();
                $file = self::handlerOfCall()->fileToLoad();
                if ($file !== null) {
                    return $file;
                }
            }
            self::serve();
        }
    }

    /** The file of `nextFile` was required. */
    public static function loaded($error)
    {
        self::handlerOfCall()->loaded($error);
    }

    private static function take()
    {
        $frame = self::$channel->read();
        if ($frame === null) {
            exit(0);
        }
        $payload = $frame[2];
        $idEnd = 6 + unpack('n', $payload, 4)[1];
        $qualifierEnd = $idEnd + 2 + unpack('n', $payload, $idEnd)[1];
        $first = unpack('N', $payload)[1];
        $tracing = null;
        $end = $qualifierEnd;
        if (($first & 0x40000000) !== 0) {
            $end = $qualifierEnd + 2 + unpack('n', $payload, $qualifierEnd)[1];
            $tracing = json_decode(substr($payload, $qualifierEnd + 2, $end - $qualifierEnd - 2), true);
        }
        $frame[3] = [
            'requestId' => substr($payload, 6, $idEnd - 6),
            'qualifier' => substr($payload, $idEnd + 2, $qualifierEnd - $idEnd - 2),
            'retryCount' => $first & 0x3fffffff,
            'isProbe' => $first >= 0x80000000,
            'tracing' => $tracing,
            'end' => $end,
        ];
        self::$call = $frame;
        Logger::begin($frame[1], $frame[3]['requestId']);
    }

    private static function handlerOfCall(): Handler
    {
        list($type, , $payload, $head) = self::$call;
        if ($type === Channel::INITIALIZE) {
            $text = self::$start['initializer'];
        } elseif ($type === Channel::HOOK) {
            $text = self::$start['hooks'][substr($payload, $head['end'])];
        } else {
            $text = self::$start['handler'];
        }
        if (!isset(self::$handlers[$text])) {
            self::$handlers[$text] = new Handler($text, self::$start['codeFolder']);
        }
        return self::$handlers[$text];
    }

    private static function serve()
    {
        list($type, $number, $payload, $head) = self::$call;
        try {
            $callback = self::handlerOfCall()->callback();
            if ($type === Channel::HTTP) {
                self::answerHttp($number, $callback(self::request($payload, $head['end']), self::context($head)));
            } elseif ($type === Channel::INVOKE) {
                self::answer($number, encode($callback((string) substr($payload, $head['end']), self::context($head))));
            } else {
                $callback(self::context($head));
                self::answer($number, '');
            }
        } catch (\Throwable $error) {
            self::end(Channel::UNHANDLED, $number, document($error));
        }
        self::$call = null;
    }

    private static function answer(int $number, string $data)
    {
        if (strlen($data) > self::$start['maxPayloadBytes']) {
            self::$channel->sendTooLarge($number, strlen($data));
        } else {
            self::end(Channel::RESULT, $number, $data);
        }
    }

    private static function end(int $type, int $number, string $data)
    {
        self::$channel->send($type, $number, $data);
    }

    private static function answerHttp(int $number, $response)
    {
        if (!is_object($response) || !method_exists($response, 'getStatusCode')) {
            $kind = is_object($response) ? get_class($response) : gettype($response);
            throw new \UnexpectedValueException("an HTTP handler must return a RingCentral\\Psr7\\Response, not $kind");
        }
        $headers = [];
        foreach ($response->getHeaders() as $name => $values) {
            foreach ((array) $values as $value) {
                $headers[] = [(string) $name, (string) $value];
            }
        }
        $head = json_encode(['status' => $response->getStatusCode(), 'headers' => $headers], JSON_INVALID_UTF8_SUBSTITUTE);
        $body = (string) $response->getBody();
        if (strlen($body) > self::$start['maxPayloadBytes']) {
            self::$channel->sendTooLarge($number, strlen($body));
        } else {
            self::$channel->sendResponse($number, $head, $body);
        }
    }

    private static function request(string $payload, int $at)
    {
        $end = $at + 4 + unpack('N', $payload, $at)[1];
        $head = json_decode(substr($payload, $at + 4, $end - $at - 4), true);
        $headers = [];
        foreach ($head['headers'] as list($name, $value)) {
            $headers[$name][] = $value;
        }
        $target = $head['path'] . ($head['query'] === '' ? '' : '?' . $head['query']);
        $uri = 'http://' . ($headers['host'][0] ?? 'localhost') . $target;
        $request = new \RingCentral\Psr7\ServerRequest($head['method'], $uri, $headers, (string) substr($payload, $end));
        parse_str($head['query'], $query);
        return $request
            ->withQueryParams($query)
            ->withAttribute('path', $head['path'])
            ->withAttribute('requestURI', $head['uri'])
            ->withAttribute('clientIP', $head['clientIp']);
    }

    private static function context(array $head): array
    {
        $context = ['requestId' => $head['requestId']] + self::$start['context'];
        $context['service']['qualifier'] = $head['qualifier'];
        $context['retryCount'] = $head['retryCount'];
        $context['tracing'] = $head['tracing'] ?? ['openTracingSpanContext' => '', 'openTracingSpanBaggages' => [], 'jaegerEndpoint' => ''];
        // Left out of users' calls, whose context is the cloud's.
        if ($head['isProbe']) {
            $context['probe'] = true;
        }
        return $context;
    }
}
