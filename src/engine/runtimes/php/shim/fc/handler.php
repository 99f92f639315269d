<?php
// Finds `file.function`; every way to fail has the document of runtimes.md section 11.
namespace FcRuntime;

final class Handler
{
    /** By path: null once loaded, else why it could not be. A file is never required twice: it would declare twice. */
    private static $files = [];

    private $text;
    private $name = '';
    private $member = '';
    private $path = '';

    public function __construct(string $text, string $codeFolder)
    {
        $this->text = $text;
        if (preg_match('~^(.+)\.([^./]+)$~', $text, $parts)) {
            list(, $this->name, $this->member) = $parts;
            $this->path = "$codeFolder/$this->name.php";
        }
    }

    /** The file that must be required before `callback`, or null. */
    public function fileToLoad()
    {
        return $this->path === '' || array_key_exists($this->path, self::$files) || !is_file($this->path)
            ? null
            : $this->path;
    }

    public function loaded($error)
    {
        if ($error instanceof \ParseError) {
            $error = new Failure('UserCodeSyntaxError', "Syntax error in module '$this->name'", [
                $error->getFile() . '(' . $error->getLine() . '): ' . $error->getMessage(),
            ]);
        }
        self::$files[$this->path] = $error;
    }

    public function callback(): callable
    {
        if ($this->path === '') {
            throw new Failure('InvalidHandlerName', "Invalid handler '$this->text'");
        }
        if (!array_key_exists($this->path, self::$files)) {
            throw new Failure('ImportModuleError', "Module '$this->path' is missing.");
        }
        if (self::$files[$this->path] !== null) {
            throw self::$files[$this->path];
        }
        if (!is_callable($this->member)) {
            throw new Failure('HandlerNotFound', "Handler '$this->member' is missing on module '$this->name'");
        }
        return $this->member;
    }
}
