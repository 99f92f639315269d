using System.Text.Json;

namespace Sluice.Shim
{
    /// The `start` message (StartMessage in protocol.ts): what is the same for all calls of an instance.
    sealed class Settings
    {
        public readonly int Protocol;
        public readonly string Handler;
        public readonly string Initializer;
        public readonly string PreFreeze;
        public readonly string PreStop;
        public readonly int MaxPayloadBytes;
        public readonly string CodeFolder;
        public readonly JsonElement Credentials;
        public readonly JsonElement Function;
        public readonly JsonElement Service;
        public readonly string Region;
        public readonly string AccountId;

        public Settings(byte[] json)
        {
            var message = JsonDocument.Parse(json).RootElement;
            Protocol = message.GetProperty("protocol").GetInt32();
            Handler = Text(message, "handler");
            Initializer = Text(message, "initializer");
            var hooks = message.GetProperty("hooks");
            PreFreeze = Text(hooks, "preFreeze");
            PreStop = Text(hooks, "preStop");
            MaxPayloadBytes = message.GetProperty("maxPayloadBytes").GetInt32();
            CodeFolder = Text(message, "codeFolder");
            var context = message.GetProperty("context");
            Credentials = context.GetProperty("credentials");
            Function = context.GetProperty("function");
            Service = context.GetProperty("service");
            Region = Text(context, "region");
            AccountId = Text(context, "accountId");
        }

        public static string Text(JsonElement parent, string name)
        {
            return parent.GetProperty(name).GetString();
        }
    }
}
