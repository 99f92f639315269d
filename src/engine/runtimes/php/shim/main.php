<?php
// Entry of a PHP instance. The user's files are required here, in the global scope, where PHP programs expect to be:
// what they define at their top is a global for their functions. PHP 7.2 and later, no extension needed.
foreach (['channel', 'logger', 'outcome', 'handler', 'cgi', 'runtime'] as $fcName) {
    require __DIR__ . "/fc/$fcName.php";
}
unset($fcName);
FcRuntime\Runtime::start();
while (true) {
    try {
        require FcRuntime\Runtime::nextFile();
        FcRuntime\Runtime::loaded(null);
    } catch (Throwable $fcError) {
        FcRuntime\Runtime::loaded($fcError);
        unset($fcError);
    }
}
