<?php
// $GLOBALS['fcPhpCgiProxy']: runs a tree of CGI scripts by php-cgi, one process a request (RFC 3875).
namespace FcRuntime;

final class PhpCgiProxy
{
    const TYPES = [
        'css' => 'text/css', 'gif' => 'image/gif', 'html' => 'text/html; charset=utf-8', 'ico' => 'image/x-icon',
        'jpg' => 'image/jpeg', 'js' => 'text/javascript', 'json' => 'application/json', 'png' => 'image/png',
        'svg' => 'image/svg+xml', 'txt' => 'text/plain; charset=utf-8', 'woff' => 'font/woff', 'woff2' => 'font/woff2',
    ];

    /**
     * @param object $request the PSR-7 request of an HTTP handler
     * @param string $docRoot folder of the scripts; what is no script there is sent as it is
     * @param string $index   script for every path that names no file
     * @param array  $params  CGI variables that replace or join those of the request
     * @param array  $options readWriteTimeout in ms; others are ignored
     * @return object a RingCentral\Psr7\Response
     */
    public function requestPhpCgi($request, $docRoot, $index = 'index.php', array $params = [], array $options = [])
    {
        $root = realpath($docRoot);
        if ($root === false) {
            throw new \InvalidArgumentException("requestPhpCgi: the folder '$docRoot' does not exist");
        }
        $path = rawurldecode($request->getAttribute('path'));
        $file = realpath($root . $path);
        if ($file !== false && is_file($file) && strpos($file, "$root/") === 0) {
            $ending = strtolower(pathinfo($file, PATHINFO_EXTENSION));
            if ($ending !== 'php') {
                $type = self::TYPES[$ending] ?? 'application/octet-stream';
                return new \RingCentral\Psr7\Response(200, ['Content-Type' => $type], file_get_contents($file));
            }
        } else {
            $file = "$root/$index";
        }
        $body = (string) $request->getBody();
        return self::response(self::run(self::variables($request, $root, $file, $body, $params), $body, $options));
    }

    private static function variables($request, string $root, string $file, string $body, array $params): array
    {
        $uri = $request->getUri();
        $variables = [
            'GATEWAY_INTERFACE' => 'CGI/1.1', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'SERVER_SOFTWARE' => 'fc',
            'REDIRECT_STATUS' => '200', 'REQUEST_METHOD' => $request->getMethod(),
            'REQUEST_URI' => $request->getAttribute('path') . ($uri->getQuery() === '' ? '' : '?' . $uri->getQuery()),
            'QUERY_STRING' => $uri->getQuery(), 'DOCUMENT_ROOT' => $root, 'SCRIPT_FILENAME' => $file,
            'SCRIPT_NAME' => substr($file, strlen($root)), 'REMOTE_ADDR' => $request->getAttribute('clientIP'),
            'SERVER_NAME' => $uri->getHost() ?: 'localhost', 'SERVER_PORT' => (string) ($uri->getPort() ?: 80),
            'CONTENT_TYPE' => $request->getHeaderLine('content-type'), 'CONTENT_LENGTH' => (string) strlen($body),
        ];
        foreach ($request->getHeaders() as $name => $values) {
            $variables['HTTP_' . strtoupper(strtr($name, '-', '_'))] = implode(', ', $values);
        }
        return array_map('strval', $params) + $variables + getenv();
    }

    private static function run(array $variables, string $body, array $options): string
    {
        $program = dirname(PHP_BINARY) . '/php-cgi';
        if (!is_executable($program)) {
            throw new \RuntimeException("requestPhpCgi needs php-cgi beside the interpreter ($program); install php-cgi on the engine host");
        }
        // A file takes any body at once; a pipe would have to be fed while the answer is read.
        $input = tmpfile();
        fwrite($input, $body);
        rewind($input);
        $process = proc_open($program, [$input, ['pipe', 'w'], ['file', 'php://stderr', 'w']], $pipes, '/tmp', $variables);
        if ($process === false) {
            throw new \RuntimeException("requestPhpCgi: $program cannot be started");
        }
        $limit = ($options['readWriteTimeout'] ?? 600000) / 1000;
        $deadline = microtime(true) + $limit;
        stream_set_blocking($pipes[1], false);
        $output = '';
        while (!feof($pipes[1])) {
            $read = [$pipes[1]];
            $none = null;
            $left = $deadline - microtime(true);
            if ($left <= 0) {
                proc_terminate($process, 9);
                throw new \RuntimeException("requestPhpCgi: no answer within $limit s (readWriteTimeout)");
            }
            stream_select($read, $none, $none, (int) $left, (int) (($left - floor($left)) * 1000000));
            $output .= stream_get_contents($pipes[1]);
        }
        proc_close($process);
        return $output;
    }

    private static function response(string $output)
    {
        $parts = preg_split("/\r?\n\r?\n/", $output, 2);
        $status = 200;
        $headers = [];
        foreach (preg_split("/\r?\n/", $parts[0]) as $line) {
            list($name, $value) = array_map('trim', explode(':', $line, 2)) + ['', ''];
            if (strtolower($name) === 'status') {
                $status = (int) $value;
            } elseif ($name !== '') {
                $headers[$name][] = $value;
            }
        }
        return new \RingCentral\Psr7\Response($status, $headers, $parts[1] ?? '');
    }
}
