using System;
using System.IO;
using System.Text;
using System.Threading;

namespace Sluice.Shim
{
    /// What a function prints, counted to the call whose code, or whose tasks and threads, print it.
    sealed class Output
    {
        readonly Channel channel;
        readonly AsyncLocal<uint> current = new AsyncLocal<uint>();

        public Output(Channel channel)
        {
            this.channel = channel;
        }

        /// Replaces the console's writers; what child processes and native code write still goes to the pipes.
        public void Install()
        {
            Console.SetOut(TextWriter.Synchronized(new CallWriter(this)));
            Console.SetError(TextWriter.Synchronized(new CallWriter(this)));
        }

        /// What this flow of execution prints from now on belongs to `call`.
        public void Enter(uint call)
        {
            current.Value = call;
        }

        public void Write(uint call, string text)
        {
            channel.SendLog(call, Encoding.UTF8.GetBytes(text));
        }

        sealed class CallWriter : TextWriter
        {
            readonly Output output;

            public CallWriter(Output output)
            {
                this.output = output;
                CoreNewLine = new[] { '\n' };
            }

            public override Encoding Encoding
            {
                get { return new UTF8Encoding(false); }
            }

            public override void Write(char value)
            {
                output.Write(output.current.Value, value.ToString());
            }

            public override void Write(char[] buffer, int index, int count)
            {
                output.Write(output.current.Value, new string(buffer, index, count));
            }

            public override void Write(string value)
            {
                if (!string.IsNullOrEmpty(value)) output.Write(output.current.Value, value);
            }

            public override void WriteLine(string value)
            {
                Write(value + "\n");
            }
        }
    }
}
