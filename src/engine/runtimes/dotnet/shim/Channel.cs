using System;
using System.IO;
using Microsoft.Win32.SafeHandles;

namespace Sluice.Shim
{
    /// The framed socket to the engine (runtimes/README.md): u32 length, u8 type, u32 call, payload; big endian. One thread
    /// reads; any thread writes, and waits while the socket is full, so that log output never piles up here.
    sealed class Channel
    {
        public const byte Ready = 0x81;
        public const byte Result = 0x82;
        public const byte Unhandled = 0x84;
        public const byte TooLarge = 0x85;
        public const byte Log = 0x86;

        /// Longest log payload, in bytes.
        const int MaxLogBytes = 256 * 1024;
        const int HeaderBytes = 9;
        /// Payloads up to this size are copied behind their header instead of being written apart.
        const int InlineBytes = 32 * 1024;

        public struct Frame
        {
            public byte Type;
            public uint Call;
            public byte[] Payload;
        }

        // Two streams: one would seek its buffers against each other.
        readonly FileStream input;
        readonly FileStream output;
        readonly object writing = new object();

        public Channel(int descriptor)
        {
            var handle = new SafeFileHandle((IntPtr)descriptor, false);
            input = new FileStream(handle, FileAccess.Read, 1, false);
            output = new FileStream(handle, FileAccess.Write, 1, false);
        }

        /// The next frame; waits for it. Throws EndOfStreamException when the engine has closed the socket.
        public Frame Read()
        {
            var header = ReadFully(HeaderBytes);
            return new Frame
            {
                Type = header[4],
                Call = ReadUInt(header, 5),
                Payload = ReadFully((int)ReadUInt(header, 0)),
            };
        }

        byte[] ReadFully(int length)
        {
            var bytes = new byte[length];
            for (var at = 0; at < length;)
            {
                var read = input.Read(bytes, at, length - at);
                if (read == 0) throw new EndOfStreamException();
                at += read;
            }
            return bytes;
        }

        public void Send(byte type, uint call, byte[] payload)
        {
            Send(type, call, payload, 0, payload.Length);
        }

        void Send(byte type, uint call, byte[] payload, int from, int length)
        {
            var inline = length <= InlineBytes;
            var frame = new byte[HeaderBytes + (inline ? length : 0)];
            WriteUInt(frame, 0, (uint)length);
            frame[4] = type;
            WriteUInt(frame, 5, call);
            if (inline) Buffer.BlockCopy(payload, from, frame, HeaderBytes, length);
            lock (writing)
            {
                try
                {
                    output.Write(frame, 0, frame.Length);
                    if (!inline) output.Write(payload, from, length);
                    output.Flush();
                }
                catch (IOException)
                {
                    // Without its engine an instance has no purpose.
                    Environment.Exit(1);
                }
            }
        }

        /// `size` is what the answer would have had, in bytes.
        public void SendTooLarge(uint call, long size)
        {
            var payload = new byte[4];
            WriteUInt(payload, 0, (uint)Math.Min(size, uint.MaxValue));
            Send(TooLarge, call, payload);
        }

        /// Log output of any length.
        public void SendLog(uint call, byte[] bytes)
        {
            for (var at = 0; at < bytes.Length; at += MaxLogBytes)
                Send(Log, call, bytes, at, Math.Min(MaxLogBytes, bytes.Length - at));
        }

        public static uint ReadUInt(byte[] bytes, int at)
        {
            return (uint)bytes[at] << 24 | (uint)bytes[at + 1] << 16 | (uint)bytes[at + 2] << 8 | bytes[at + 3];
        }

        static void WriteUInt(byte[] bytes, int at, uint value)
        {
            bytes[at] = (byte)(value >> 24);
            bytes[at + 1] = (byte)(value >> 16);
            bytes[at + 2] = (byte)(value >> 8);
            bytes[at + 3] = (byte)value;
        }
    }
}
