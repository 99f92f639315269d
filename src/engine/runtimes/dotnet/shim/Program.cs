using System;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Sluice.Shim
{
    /// Entry of a .NET Core instance: takes frames from the engine on descriptor 3, runs the function, answers. The main
    /// thread only reads, and ends the instance when the engine goes away.
    sealed class Program
    {
        const int ProtocolVersion = 1;
        const byte Start = 0x01;
        const byte Initialize = 0x02;
        const byte Invoke = 0x03;
        const byte Http = 0x04;
        const byte Hook = 0x05;

        readonly Channel channel;
        readonly Settings settings;
        readonly Output output;
        readonly UserCode code;

        Program(Channel channel, Settings settings)
        {
            this.channel = channel;
            this.settings = settings;
            output = new Output(channel);
            code = new UserCode(settings.CodeFolder);
            output.Install();
        }

        public static void Main()
        {
            var channel = new Channel(3);
            try
            {
                var first = channel.Read();
                var settings = new Settings(first.Payload);
                if (first.Type != Start || settings.Protocol != ProtocolVersion) Environment.Exit(1);
                var program = new Program(channel, settings);
                program.output.Write(0, "FunctionCompute dotnetcore runtime inited.\n");
                channel.Send(Channel.Ready, 0, Encoding.UTF8.GetBytes("{}"));
                while (true) program.Take(channel.Read());
            }
            catch (EndOfStreamException)
            {
                Environment.Exit(0);
            }
        }

        void Take(Channel.Frame frame)
        {
            if (frame.Type < Initialize || frame.Type > Hook) Environment.Exit(1);
            var head = new CallHeader(frame);
            // A thread of its own: a pool grows by one thread a second, and a handler may block as many as there are calls.
            new Thread(() => Run(frame.Type, head)) { IsBackground = true }.Start();
        }

        void Run(byte type, CallHeader head)
        {
            output.Enter(head.Call);
            try
            {
                if (type == Http)
                    throw new Failure("HandlerNotFound", "HTTP handlers (FcHttpEntrypoint) need ASP.NET Core, which this engine's .NET Core runtime does not have; use an event handler, or the runtime 'custom'");
                var context = CallContext.Create(settings, head, new CallLogger(output, head.Call, head.RequestId));
                var target = code.Find(HandlerOf(type, head));
                Answer(head.Call, Invoker.Call(target, type == Hook ? new byte[0] : head.Body, context).GetAwaiter().GetResult());
            }
            catch (Exception thrown)
            {
                channel.Send(Channel.Unhandled, head.Call, Failure.Document(Failure.Unwrap(thrown)));
            }
        }

        string HandlerOf(byte type, CallHeader head)
        {
            if (type == Initialize) return settings.Initializer;
            if (type == Invoke) return settings.Handler;
            return Encoding.UTF8.GetString(head.Body) == "preStop" ? settings.PreStop : settings.PreFreeze;
        }

        /// Reads up to the limit; what is beyond is counted only.
        void Answer(uint call, Stream stream)
        {
            var kept = new MemoryStream();
            var part = new byte[64 * 1024];
            long size = 0;
            for (int read; (read = stream.Read(part, 0, part.Length)) > 0; size += read)
                if (size + read <= settings.MaxPayloadBytes) kept.Write(part, 0, read);
            stream.Dispose();
            if (size > settings.MaxPayloadBytes) channel.SendTooLarge(call, size);
            else channel.Send(Channel.Result, call, kept.ToArray());
        }
    }
}
