<?php
// $GLOBALS['fcLogger'] and $GLOBALS['fcSysLogger'], and what `echo` writes: log frames that name their call.
namespace FcRuntime;

final class Logger
{
    private static $channel;
    private static $call = 0;
    private static $requestId = '';

    public static function install(Channel $channel)
    {
        self::$channel = $channel;
        // Neither cleanable nor removable: a function's own buffers lie on top of this one.
        ob_start(static function (string $text): string {
            Logger::write($text);
            return '';
        }, 1, 0);
        $GLOBALS['fcLogger'] = new self();
        $GLOBALS['fcSysLogger'] = new self();
    }

    public static function begin(int $call, string $requestId)
    {
        self::$call = $call;
        self::$requestId = $requestId;
    }

    public static function write(string $text)
    {
        self::$channel->sendLog(self::$call, $text);
    }

    public function emergency($message, array $context = [])
    {
        $this->log('emergency', $message, $context);
    }

    public function alert($message, array $context = [])
    {
        $this->log('alert', $message, $context);
    }

    public function critical($message, array $context = [])
    {
        $this->log('critical', $message, $context);
    }

    public function error($message, array $context = [])
    {
        $this->log('error', $message, $context);
    }

    public function warning($message, array $context = [])
    {
        $this->log('warning', $message, $context);
    }

    public function notice($message, array $context = [])
    {
        $this->log('notice', $message, $context);
    }

    public function info($message, array $context = [])
    {
        $this->log('info', $message, $context);
    }

    public function debug($message, array $context = [])
    {
        $this->log('debug', $message, $context);
    }

    /** Placeholders in braces take their values from the context (PSR-3). */
    public function log($level, $message, array $context = [])
    {
        $values = [];
        foreach ($context as $name => $value) {
            $values['{' . $name . '}'] = is_scalar($value) ? (string) $value : json_encode($value);
        }
        $now = microtime(true);
        $time = gmdate('Y-m-d\TH:i:s', (int) $now) . sprintf('.%03dZ', (int) (($now - floor($now)) * 1000));
        self::write("$time " . self::$requestId . ' [' . strtoupper($level) . '] ' . strtr((string) $message, $values) . "\n");
    }
}
