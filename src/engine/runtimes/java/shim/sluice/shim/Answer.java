package sluice.shim;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;

/** The bytes of an answer. Beyond the limit they are counted only, so that an endless answer cannot fill the memory. */
final class Answer extends OutputStream {
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final int limit;
    private long size = 0;

    Answer(int limit) {
        this.limit = limit;
    }

    @Override
    public synchronized void write(int value) {
        size += 1;
        if (size <= limit) kept.write(value);
    }

    @Override
    public synchronized void write(byte[] bytes, int from, int length) {
        size += length;
        if (size <= limit) kept.write(bytes, from, length);
    }

    synchronized void clear() {
        kept.reset();
        size = 0;
    }

    synchronized long size() {
        return size;
    }

    /** Whole only where `size` is within the limit. */
    synchronized byte[] bytes() {
        return kept.toByteArray();
    }
}
