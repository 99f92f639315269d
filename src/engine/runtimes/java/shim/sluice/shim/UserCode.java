package sluice.shim;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.Map;

/**
 * The objects of `package.Class::method`: one of each class an instance, so that an initializer in the handler's class
 * works on the handler's own object. Code that could not be loaded is tried again by the next call.
 */
final class UserCode {
    private final String codeFolder;
    private final Map<String, Object> objects = new HashMap<>();
    private UserLoader loader;

    UserCode(String codeFolder) {
        this.codeFolder = codeFolder;
    }

    /**
     * The object of a handler that is one of `kinds`. Throws Failure where the configuration does not fit the code, and
     * whatever the code itself throws while it is loaded.
     */
    synchronized Object find(String handler, Class<?>... kinds) throws Throwable {
        int separator = handler.indexOf("::");
        if (separator <= 0 || separator + 2 == handler.length())
            throw new Failure("InvalidHandlerName", "Invalid handler '" + handler + "'", null);
        String name = handler.substring(0, separator);
        String method = handler.substring(separator + 2);
        Object object = objects.get(name);
        if (object == null) object = create(name);
        for (Class<?> kind : kinds) if (kind.isInstance(object) && has(kind, method)) return object;
        throw mismatch(object.getClass(), name, method, kinds);
    }

    /** The loader of the function's classes, for its threads. */
    synchronized ClassLoader loader() {
        if (loader == null) loader = new UserLoader(codeFolder);
        return loader;
    }

    private Object create(String name) throws Throwable {
        loader();
        try {
            Constructor<?> constructor = Class.forName(name, true, loader).getDeclaredConstructor();
            constructor.setAccessible(true);
            Object object = constructor.newInstance();
            objects.put(name, object);
            return object;
        } catch (Throwable thrown) {
            // A class whose static part failed can never be used again in its loader.
            if (objects.isEmpty()) {
                loader.discard();
                loader = null;
            }
            throw explain(thrown, name);
        }
    }

    private static Throwable explain(Throwable thrown, String name) {
        if (thrown instanceof InvocationTargetException || thrown instanceof ExceptionInInitializerError) {
            Throwable cause = thrown.getCause();
            return cause == null ? thrown : explain(cause, name);
        }
        if (thrown instanceof UnsupportedClassVersionError) return thrown;
        if (thrown instanceof ClassNotFoundException && name.equals(thrown.getMessage()))
            return new Failure(
                    "ImportModuleError",
                    "Class '" + name + "' is missing: neither /code nor the jars of /code, /code/lib and /opt/java/lib have it",
                    null);
        if (thrown instanceof ClassNotFoundException || thrown instanceof NoClassDefFoundError)
            return new Failure("ImportModuleError", "Unable to load class '" + name + "': " + thrown, thrown);
        if (thrown instanceof ClassFormatError)
            return new Failure("UserCodeSyntaxError", "Class file of '" + name + "' is broken: " + thrown.getMessage(), null);
        if (thrown instanceof InstantiationException || thrown instanceof NoSuchMethodException)
            return new Failure(
                    "HandlerNotFound", "Class '" + name + "' cannot be made: it is abstract or has no constructor without parameters", null);
        return thrown;
    }

    private static boolean has(Class<?> kind, String method) {
        for (Method each : kind.getMethods()) if (each.getName().equals(method)) return true;
        return false;
    }

    private static Failure mismatch(Class<?> type, String name, String method, Class<?>[] kinds) {
        StringBuilder wanted = new StringBuilder();
        for (Class<?> kind : kinds)
            wanted.append(wanted.length() == 0 ? "" : " or ").append(kind.getSimpleName()).append(".").append(kind.getMethods()[0].getName());
        boolean isThere = has(type, method);
        return new Failure(
                "HandlerNotFound",
                isThere
                        ? "Handler '" + method + "' of class '" + name + "' is not " + wanted + ", which this call needs"
                        : "Handler '" + method + "' is missing on class '" + name + "'; it must be " + wanted,
                null);
    }
}
