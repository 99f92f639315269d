using System;
using System.Collections.Generic;
using System.Text.Json;

namespace Sluice.Shim
{
    /// The context of one call, as the values of `IFcContext` by the names of its members (runtimes.md §6, §7).
    static class CallContext
    {
        public static IReadOnlyDictionary<string, object> Create(Settings settings, CallHeader head, CallLogger logger)
        {
            var function = settings.Function;
            var service = settings.Service;
            return new Dictionary<string, object>
            {
                { "RequestId", head.RequestId },
                { "Region", settings.Region },
                { "AccountId", settings.AccountId },
                { "Logger", logger },
                { "Credentials", new Dictionary<string, object>
                    {
                        { "AccessKeyId", Settings.Text(settings.Credentials, "accessKeyId") },
                        { "AccessKeySecret", Settings.Text(settings.Credentials, "accessKeySecret") },
                        { "SecurityToken", Settings.Text(settings.Credentials, "securityToken") },
                    } },
                { "FunctionParam", new Dictionary<string, object>
                    {
                        { "FunctionName", Settings.Text(function, "name") },
                        { "FunctionHandler", settings.Handler },
                        { "FunctionInitializer", settings.Initializer },
                        { "MemoryLimitInMB", function.GetProperty("memory").GetInt32() },
                        { "FunctionTimeout", Seconds(function, "timeout") },
                        { "InitializationTimeout", Seconds(function, "initializationTimeout") },
                    } },
                { "ServiceMeta", new Dictionary<string, object>
                    {
                        { "Name", Settings.Text(service, "name") },
                        { "LogProject", Settings.Text(service, "logProject") },
                        { "LogStore", Settings.Text(service, "logStore") },
                        { "Qualifier", head.Qualifier },
                        { "VersionId", Settings.Text(service, "versionId") },
                    } },
            };
        }

        static TimeSpan Seconds(JsonElement function, string name)
        {
            return TimeSpan.FromSeconds(function.GetProperty(name).GetDouble());
        }
    }
}
