<?php
// The framed socket to the engine (runtimes/README.md): u32 length, u8 type, u32 call, payload; big endian.
namespace FcRuntime;

final class Channel
{
    const START = 0x01, INITIALIZE = 0x02, INVOKE = 0x03, HTTP = 0x04, HOOK = 0x05, PREPARE = 0x06;
    const READY = 0x81, RESULT = 0x82, UNHANDLED = 0x84, TOO_LARGE = 0x85, LOG = 0x86;
    const HTTP_HEAD = 0x87, HTTP_BODY = 0x88, HTTP_END = 0x89, PREPARED = 0x8a;
    const MAX_PIECE_BYTES = 262144;
    const HEADER_BYTES = 9;

    private $input;
    private $output;

    /** Two streams: PHP throws away what it has read ahead when one stream is written to. */
    public function __construct(int $fd)
    {
        $this->input = fopen("php://fd/$fd", 'r');
        $this->output = fopen("php://fd/$fd", 'w');
        stream_set_blocking($this->input, true);
        stream_set_chunk_size($this->input, 65536);
        stream_set_write_buffer($this->output, 0);
    }

    /** The next frame as [type, call, payload], or null when the engine is gone. */
    public function read()
    {
        $header = $this->exactly(self::HEADER_BYTES);
        if ($header === null) {
            return null;
        }
        $head = unpack('Nlength/Ctype/Ncall', $header);
        $payload = $this->exactly($head['length']);
        return $payload === null ? null : [$head['type'], $head['call'], $payload];
    }

    public function send(int $type, int $call, string $payload)
    {
        $this->write(pack('NCN', strlen($payload), $type, $call) . $payload);
    }

    public function sendTooLarge(int $call, int $size)
    {
        $this->send(self::TOO_LARGE, $call, pack('N', min($size, 0xffffffff)));
    }

    /** Waits while the engine is slow, so that output cannot pile up. */
    public function sendLog(int $call, string $text)
    {
        for ($at = 0; $at < strlen($text); $at += self::MAX_PIECE_BYTES) {
            $this->send(self::LOG, $call, substr($text, $at, self::MAX_PIECE_BYTES));
        }
    }

    public function sendResponse(int $call, string $head, string $body)
    {
        $data = pack('NCN', strlen($head), self::HTTP_HEAD, $call) . $head;
        for ($at = 0; $at < strlen($body); $at += self::MAX_PIECE_BYTES) {
            $piece = substr($body, $at, self::MAX_PIECE_BYTES);
            $data .= pack('NCN', strlen($piece), self::HTTP_BODY, $call) . $piece;
        }
        $this->write($data . pack('NCN', 0, self::HTTP_END, $call));
    }

    private function exactly(int $bytes)
    {
        $data = '';
        while (strlen($data) < $bytes) {
            $part = fread($this->input, $bytes - strlen($data));
            if ($part === false || $part === '') {
                // PHP gives up a read after default_socket_timeout, a minute; an instance may be idle, and stand still, for longer.
                if (stream_get_meta_data($this->input)['timed_out']) {
                    continue;
                }
                return null;
            }
            $data .= $part;
        }
        return $data;
    }

    private function write(string $data)
    {
        for ($at = 0; $at < strlen($data); $at += $written) {
            $written = @fwrite($this->output, $at === 0 ? $data : substr($data, $at));
            if ($written === false || $written === 0) {
                // Without its engine an instance has no purpose.
                posix_kill(getmypid(), 9);
            }
        }
    }
}
