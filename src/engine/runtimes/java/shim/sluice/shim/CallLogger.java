package sluice.shim;

import com.aliyun.fc.runtime.FunctionComputeLogger;

/** `context.getLogger()`: stamps its own call, whatever runs beside it (runtimes.md §12). */
final class CallLogger implements FunctionComputeLogger {
    private static final long DAY_MS = 24L * 60 * 60 * 1000;

    private final Output output;
    private final int call;
    private final String requestId;
    private volatile Level least = Level.TRACE;

    CallLogger(Output output, int call, String requestId) {
        this.output = output;
        this.call = call;
        this.requestId = requestId;
    }

    @Override
    public void trace(String message) {
        log(Level.TRACE, message);
    }

    @Override
    public void debug(String message) {
        log(Level.DEBUG, message);
    }

    @Override
    public void info(String message) {
        log(Level.INFO, message);
    }

    @Override
    public void warn(String message) {
        log(Level.WARN, message);
    }

    @Override
    public void error(String message) {
        log(Level.ERROR, message);
    }

    @Override
    public void fatal(String message) {
        log(Level.FATAL, message);
    }

    @Override
    public void setLogLevel(Level level) {
        least = level;
    }

    /** One message is one line: its line breaks become carriage returns. */
    private void log(Level level, String message) {
        if (level.compareTo(least) < 0) return;
        StringBuilder line = new StringBuilder(64);
        appendTime(line, System.currentTimeMillis());
        line.append(" [").append(level.name()).append("] [").append(requestId).append("] ");
        line.append(String.valueOf(message).replace("\r\n", "\r").replace('\n', '\r')).append('\n');
        output.write(call, line.toString());
    }

    /** `yyyy-MM-dd HH:mm:ss.SSS` in UTC. By hand: the classes of java.time cost a cold start more than all of this. */
    private static void appendTime(StringBuilder target, long timeMs) {
        // Days to civil date after Howard Hinnant, with the year beginning in March.
        long days = Math.floorDiv(timeMs, DAY_MS) + 719_468;
        long era = Math.floorDiv(days, 146_097L);
        long day = days - era * 146_097;
        long yearOfEra = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        long dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        long shifted = (5 * dayOfYear + 2) / 153;
        long month = shifted < 10 ? shifted + 3 : shifted - 9;
        long year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
        long rest = Math.floorMod(timeMs, DAY_MS);
        pad(target, year, 4).append('-');
        pad(target, month, 2).append('-');
        pad(target, dayOfYear - (153 * shifted + 2) / 5 + 1, 2).append(' ');
        pad(target, rest / 3_600_000, 2).append(':');
        pad(target, rest / 60_000 % 60, 2).append(':');
        pad(target, rest / 1000 % 60, 2).append('.');
        pad(target, rest % 1000, 3);
    }

    private static StringBuilder pad(StringBuilder target, long value, int digits) {
        String text = Long.toString(value);
        for (int missing = digits - text.length(); missing > 0; missing -= 1) target.append('0');
        return target.append(text);
    }
}
