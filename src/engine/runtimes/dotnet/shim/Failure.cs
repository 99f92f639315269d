using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text.Json;

namespace Sluice.Shim
{
    /// The code cannot be used as it is configured; and error documents (runtimes.md §11).
    sealed class Failure : Exception
    {
        /// Error texts longer than this are cut (characters).
        const int MaxText = 256 * 1024;
        const int MaxFrames = 200;
        /// Frames from here on are the shim's.
        static readonly string[] Own = { "at System.Reflection.RuntimeMethodInfo.", "at System.RuntimeMethodHandle.", "at System.RuntimeTypeHandle.", "at Sluice.Shim." };

        readonly string type;

        public Failure(string type, string message) : base(message)
        {
            this.type = type;
        }

        public static byte[] Document(Exception thrown)
        {
            var failure = thrown as Failure;
            var members = new Dictionary<string, object>
            {
                { "errorMessage", Cut(thrown.Message) },
                { "errorType", failure == null ? thrown.GetType().FullName : failure.type },
            };
            if (failure == null)
            {
                members["errorCause"] = Cut(thrown.GetBaseException().Message);
                members["stackTrace"] = Frames(thrown);
            }
            return JsonSerializer.SerializeToUtf8Bytes(members);
        }

        static string[] Frames(Exception thrown)
        {
            return (thrown.StackTrace ?? "")
                .Split('\n')
                .Select(line => line.Trim())
                .Where(line => line.StartsWith("at "))
                .TakeWhile(line => !Own.Any(line.StartsWith))
                .Take(MaxFrames)
                .ToArray();
        }

        /// What the code itself threw, out of the wrappings of reflection and of static constructors.
        public static Exception Unwrap(Exception thrown)
        {
            while ((thrown is TargetInvocationException || thrown is TypeInitializationException) && thrown.InnerException != null)
                thrown = thrown.InnerException;
            return thrown;
        }

        static string Cut(string text)
        {
            return text.Length > MaxText ? text.Substring(0, MaxText) + "...[cut]" : text;
        }
    }
}
