using System;
using System.Collections.Generic;
using System.Reflection;

namespace Sluice.Shim
{
    /// Implements an interface of the package's own Aliyun.Serverless.Core, which the shim does not have: answers its
    /// properties by their names.
    public class Members : DispatchProxy
    {
        IReadOnlyDictionary<string, object> values;

        /// `values` holds, by property name, a value or, for an interface in its turn, its dictionary or CallLogger.
        internal static object Create(Type type, object values)
        {
            var logger = values as CallLogger;
            if (logger != null) return LoggerMembers.Create(type, logger);
            var proxy = Make(type, typeof(Members));
            ((Members)proxy).values = (IReadOnlyDictionary<string, object>)values;
            return proxy;
        }

        internal static object Make(Type type, Type proxy)
        {
            return typeof(DispatchProxy).GetMethod("Create").MakeGenericMethod(type, proxy).Invoke(null, null);
        }

        protected override object Invoke(MethodInfo method, object[] arguments)
        {
            object value;
            if (!method.Name.StartsWith("get_") || !values.TryGetValue(method.Name.Substring(4), out value))
                throw new NotSupportedException(method.DeclaringType.Name + "." + method.Name + " is not known to this runtime");
            return method.ReturnType.IsInterface ? Create(method.ReturnType, value) : value;
        }
    }
}
