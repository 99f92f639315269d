package sluice.shim;

import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Loads the function's classes: from the code folder itself and every jar of it, of its `lib` and of the layers'
 * `/opt/java/lib`. It sees Java and the cloud's interfaces, nothing of the shim, so a function may bring any library
 * in any version.
 */
final class UserLoader extends URLClassLoader {
    private static final String[] SHARED = {"com.aliyun.fc.runtime.", "javax.servlet."};
    private static final String LAYER_FOLDER = "/opt/java/lib";

    static {
        registerAsParallelCapable();
    }

    private final ClassLoader shim = UserLoader.class.getClassLoader();

    UserLoader(String codeFolder) {
        super(urls(codeFolder), UserLoader.class.getClassLoader().getParent());
    }

    /** The interfaces must be the shim's own classes: a jar with a copy of them would implement strangers. */
    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        for (String prefix : SHARED) {
            if (!name.startsWith(prefix)) continue;
            try {
                return shim.loadClass(name);
            } catch (ClassNotFoundException own) {
                break;
            }
        }
        return super.loadClass(name, resolve);
    }

    private static URL[] urls(String codeFolder) {
        List<URL> urls = new ArrayList<>();
        try {
            urls.add(new File(codeFolder).toURI().toURL());
            for (String folder : new String[] {codeFolder, codeFolder + "/lib", LAYER_FOLDER}) {
                File[] jars = new File(folder).listFiles((parent, name) -> name.endsWith(".jar"));
                if (jars == null) continue;
                // The file system's order differs from machine to machine.
                Arrays.sort(jars);
                for (File jar : jars) urls.add(jar.toURI().toURL());
            }
        } catch (MalformedURLException impossible) {
            throw new IllegalStateException(impossible);
        }
        return urls.toArray(new URL[0]);
    }

    /** Frees the jars of code that could not be loaded. */
    void discard() {
        try {
            close();
        } catch (IOException ignored) {
            // Only files that were read stay open.
        }
    }
}
