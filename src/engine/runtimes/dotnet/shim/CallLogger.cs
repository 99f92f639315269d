using System;
using System.Reflection;

namespace Sluice.Shim
{
    /// Lines of `context.Logger`: stamps its own call, whatever runs beside it (runtimes.md §12).
    sealed class CallLogger
    {
        static readonly string[] Levels = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL" };

        readonly Output output;
        readonly uint call;
        readonly string requestId;
        /// Trace is 0, None is 6, as in Microsoft.Extensions.Logging.
        public int Least;

        public CallLogger(Output output, uint call, string requestId)
        {
            this.output = output;
            this.call = call;
            this.requestId = requestId;
        }

        /// One message is one line: its line breaks become carriage returns.
        public void Log(int level, string message)
        {
            if (level < Least || level >= Levels.Length) return;
            var time = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ");
            var line = (message ?? "").Replace("\r\n", "\r").Replace('\n', '\r');
            output.Write(call, time + " " + requestId + " [" + Levels[level] + "] " + line + "\n");
        }
    }

    /// `ILogger` of the package's own Microsoft.Extensions.Logging, with the platform's `EnabledLogLevel`.
    public class LoggerMembers : DispatchProxy
    {
        CallLogger logger;

        internal static object Create(Type type, CallLogger logger)
        {
            var proxy = Members.Make(type, typeof(LoggerMembers));
            ((LoggerMembers)proxy).logger = logger;
            return proxy;
        }

        protected override object Invoke(MethodInfo method, object[] arguments)
        {
            switch (method.Name)
            {
                case "Log":
                    // Log(level, eventId, state, exception, formatter)
                    var text = ((Delegate)arguments[4]).DynamicInvoke(arguments[2], arguments[3]) as string;
                    if (arguments[3] != null) text += "\n" + arguments[3];
                    logger.Log(Convert.ToInt32(arguments[0]), text);
                    return null;
                case "IsEnabled":
                    return Convert.ToInt32(arguments[0]) >= logger.Least;
                case "BeginScope":
                    return new Scope();
                case "get_EnabledLogLevel":
                    return Enum.ToObject(method.ReturnType, logger.Least);
                case "set_EnabledLogLevel":
                    logger.Least = Convert.ToInt32(arguments[0]);
                    return null;
                default:
                    throw new NotSupportedException("the logger has no " + method.Name);
            }
        }

        sealed class Scope : IDisposable
        {
            public void Dispose() {}
        }
    }
}
