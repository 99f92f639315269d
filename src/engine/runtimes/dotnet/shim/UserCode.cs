using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;

namespace Sluice.Shim
{
    /// A method to call, and the object to call it on.
    sealed class Target
    {
        public readonly object Instance;
        public readonly MethodInfo Method;

        public Target(object instance, MethodInfo method)
        {
            Instance = instance;
            Method = method;
        }
    }

    /// Finds `Assembly::Namespace.Class::Method` in the code folder and the layers' /opt/dotnetcore2.1. One object of each
    /// class an instance. Assemblies of the runtime are the runtime's own, all others the package's.
    sealed class UserCode : AssemblyLoadContext
    {
        const string LayerFolder = "/opt/dotnetcore2.1";

        readonly string[] folders;
        readonly HashSet<string> runtime;
        readonly Dictionary<string, object> objects = new Dictionary<string, object>();
        readonly Dictionary<string, Target> targets = new Dictionary<string, Target>();

        public UserCode(string codeFolder)
        {
            folders = new[] { codeFolder, LayerFolder };
            var trusted = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")).Split(Path.PathSeparator);
            runtime = new HashSet<string>(trusted.Select(Path.GetFileNameWithoutExtension));
        }

        public Target Find(string handler)
        {
            lock (targets)
            {
                Target target;
                if (!targets.TryGetValue(handler, out target)) targets[handler] = target = Look(handler);
                return target;
            }
        }

        Target Look(string handler)
        {
            var parts = handler.Split(new[] { "::" }, StringSplitOptions.None);
            if (parts.Length != 3 || parts.Any(part => part == ""))
                throw new Failure("InvalidHandlerName", "Invalid handler '" + handler + "'");
            try
            {
                var type = LoadUser(parts[0]).GetType(parts[1], false);
                if (type == null)
                    throw new Failure("ImportModuleError", "Class '" + parts[1] + "' is missing in assembly '" + parts[0] + "'");
                var methods = type.GetMethods().Where(each => each.Name == parts[2]).ToArray();
                if (methods.Length != 1)
                    throw new Failure("HandlerNotFound", "Handler '" + parts[2] + "' is " + (methods.Length == 0 ? "missing" : "not the only one of its name") + " on class '" + parts[1] + "'");
                return new Target(methods[0].IsStatic ? null : Instance(type), methods[0]);
            }
            catch (Exception thrown)
            {
                throw Explain(Failure.Unwrap(thrown), parts[0]);
            }
        }

        object Instance(Type type)
        {
            object instance;
            if (!objects.TryGetValue(type.FullName, out instance))
                objects[type.FullName] = instance = Activator.CreateInstance(type);
            return instance;
        }

        Assembly LoadUser(string name)
        {
            var file = FileOf(name);
            if (file == null)
                throw new Failure("ImportModuleError", "Assembly '" + name + "' is missing: neither /code nor " + LayerFolder + " has " + name + ".dll");
            return LoadFromAssemblyPath(file);
        }

        protected override Assembly Load(AssemblyName name)
        {
            var file = runtime.Contains(name.Name) ? null : FileOf(name.Name);
            return file == null ? null : LoadFromAssemblyPath(file);
        }

        protected override IntPtr LoadUnmanagedDll(string name)
        {
            foreach (var folder in folders)
                foreach (var file in new[] { name, name + ".so", "lib" + name + ".so", "runtimes/linux-x64/native/lib" + name + ".so" })
                    if (File.Exists(Path.Combine(folder, file))) return LoadUnmanagedDllFromPath(Path.Combine(folder, file));
            return IntPtr.Zero;
        }

        string FileOf(string name)
        {
            return folders.Select(folder => Path.Combine(folder, name + ".dll")).FirstOrDefault(File.Exists);
        }

        static Exception Explain(Exception thrown, string assembly)
        {
            if (thrown is BadImageFormatException)
                return new Failure("UserCodeSyntaxError", "Assembly '" + assembly + "' is broken: " + thrown.Message);
            if (thrown is FileNotFoundException || thrown is TypeLoadException)
                return new Failure("ImportModuleError", "Unable to load assembly '" + assembly + "': " + thrown.Message);
            if (thrown is MissingMethodException)
                return new Failure("HandlerNotFound", "The handler's class cannot be made: " + thrown.Message);
            return thrown;
        }
    }
}
