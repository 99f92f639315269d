using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;

namespace Sluice.Shim
{
    /// Calls a method of the function: (input, context), (context) or (), with or without a task as its answer.
    static class Invoker
    {
        static readonly JsonSerializerOptions Options = new JsonSerializerOptions { PropertyNameCaseInsensitive = true };

        /// The bytes of the answer: those of a Stream, nothing for null or void, JSON of everything else.
        public static async Task<Stream> Call(Target target, byte[] body, IReadOnlyDictionary<string, object> context)
        {
            var parameters = target.Method.GetParameters();
            var arguments = new object[parameters.Length];
            for (var index = 0; index < parameters.Length; index += 1)
            {
                var type = parameters[index].ParameterType;
                var isContext = type.FullName == "Aliyun.Serverless.Core.IFcContext";
                arguments[index] = isContext ? Members.Create(type, context) : Input(type, body);
            }
            return Bytes(await Await(target.Method.Invoke(target.Instance, arguments)));
        }

        static object Input(Type type, byte[] body)
        {
            if (type.IsAssignableFrom(typeof(MemoryStream))) return new MemoryStream(body, false);
            if (body.Length == 0) return type.IsValueType ? Activator.CreateInstance(type) : null;
            try
            {
                return JsonSerializer.Deserialize(body, type, Options);
            }
            catch (JsonException wrong)
            {
                throw new ArgumentException("the event is not JSON of " + type.FullName + ": " + wrong.Message);
            }
        }

        static async Task<object> Await(object returned)
        {
            var task = returned as Task;
            if (task == null) return returned;
            await task;
            var type = returned.GetType();
            while (type != null && !(type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>))) type = type.BaseType;
            // A plain async method's task has a result of an internal type.
            if (type == null || !type.GetGenericArguments()[0].IsVisible) return null;
            return type.GetProperty("Result").GetValue(returned);
        }

        static Stream Bytes(object value)
        {
            var stream = value as Stream;
            if (stream == null) return new MemoryStream(value == null ? new byte[0] : JsonSerializer.SerializeToUtf8Bytes(value, value.GetType(), Options));
            // A handler returns the stream as it wrote it, at its end or at its beginning.
            if (stream.CanSeek) stream.Position = 0;
            return stream;
        }
    }
}
