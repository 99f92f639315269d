/** Java sources of the conformance table, by the full name of their class. */

const IMPORTS =
  'import com.aliyun.fc.runtime.*; import java.io.*; import java.nio.file.*; import java.util.*; import javax.servlet.http.*; import static java.nio.charset.StandardCharsets.UTF_8;';

/** A class, with what every one of them may use; `type` is the interfaces it implements. */
function unit(name: string, type: string, body: string): [string, string] {
  const dot = name.lastIndexOf('.');
  const text = `package ${name.slice(0, dot)}; ${IMPORTS}
public class ${name.slice(dot + 1)} implements ${type} {
  static String read(InputStream in) throws IOException { byte[] all = new byte[8 << 20]; int n = 0; for (int c; (c = in.read(all, n, all.length - n)) > 0; ) n += c; return new String(all, 0, n, UTF_8); }
  static void say(OutputStream out, Object value) throws IOException { out.write(String.valueOf(value).getBytes(UTF_8)); }
${body}
}`;
  return [name, text];
}

/** The body of a stream handler; it begins on line 6 of its file. */
function stream(name: string, statements: string, members = ''): [string, string] {
  return unit(
    name,
    'StreamRequestHandler',
    `public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {\n${statements} }${members}`,
  );
}

/** The body of an HTTP handler. */
function http(name: string, statements: string): [string, string] {
  return unit(
    name,
    'HttpRequestHandler',
    `public void handleRequest(HttpServletRequest req, HttpServletResponse resp, Context context) throws IOException { ${statements} }`,
  );
}

/** A Pojo handler that answers the expression. */
function pojo(name: string, answer: string, expression: string): [string, string] {
  return unit(
    name,
    `PojoRequestHandler<Map<String, Object>, ${answer}>`,
    `public ${answer} handleRequest(Map<String, Object> in, Context context) { ${expression} }`,
  );
}

/** An initializer in front of a stream handler. */
function initializer(name: string, body: string, statements: string, members = ''): [string, string] {
  return unit(
    name,
    'StreamRequestHandler, FunctionInitializer',
    `${members} public void initialize(Context context) throws IOException { ${body} } public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException { ${statements} }`,
  );
}

const SLEEP =
  'static void sleep(long ms) { try { Thread.sleep(ms); } catch (InterruptedException e) { throw new IllegalStateException(e); } }';
const MAP =
  'static Map<String, Object> map(Object... pairs) { Map<String, Object> m = new LinkedHashMap<>(); for (int i = 0; i < pairs.length; i += 2) m.put((String) pairs[i], pairs[i + 1]); return m; }';

export const SOURCES: Readonly<Record<string, string>> = Object.fromEntries([
  stream('t.Nothing', ''),
  stream('t.Bytes', 'out.write("bytes".getBytes(UTF_8));'),
  pojo(
    't.ObjectAnswer',
    'Map<String, Object>',
    'return Collections.singletonMap("a", Arrays.asList(1, null));',
  ),
  pojo('t.Text', 'String', 'return "text \\u00e9";'),
  pojo('t.IntegerAnswer', 'Integer', 'return 42;'),
  pojo('t.Fraction', 'Double', 'return 1.5;'),
  pojo('t.BooleanAnswer', 'Boolean', 'return false;'),
  pojo('t.EmptyText', 'String', 'return "";'),
  stream(
    't.Echo',
    'byte[] part = new byte[65536]; for (int n; (n = in.read(part)) > 0; ) out.write(part, 0, n);',
  ),
  stream(
    't.Large',
    'byte[] all = new byte[Integer.parseInt(read(in))]; Arrays.fill(all, (byte) 120); out.write(all);',
  ),
  stream('t.Sleeper', 'String ms = read(in); sleep(Long.parseLong(ms)); say(out, ms);', SLEEP),
  stream('deep.er.Nested', 'say(out, "deep");'),
  ['dep.Library', 'package dep; public class Library { public static final Object TEXT = "dependency"; }'],
  stream('t.Dependency', 'say(out, dep.Library.TEXT);'),
  stream('t.Counter', 'say(out, calls += 1);', 'int calls = 0;'),
  stream(
    't.Throws',
    '\nthrow (IndexOutOfBoundsException) new IndexOutOfBoundsException("far").initCause(new IOException("near"));',
  ),
  stream('t.Sometimes', 'if (read(in).equals("fail")) throw new IOException("failed"); say(out, "fine");'),
  pojo(
    't.NotJson',
    'Map<String, Object>',
    'Map<String, Object> map = new HashMap<>(); map.put("map", map); return map;',
  ),
  stream(
    't.LongMessage',
    'throw new IllegalStateException(new String(new char[300000]).replace((char) 0, (char) 120));',
  ),
  stream('t.OddMessage', String.raw`throw new IllegalStateException("\"\u00e9\"\nend");`),
  stream('t.DependencyMissing', '', 'static final Object NEEDED = dep.Library.TEXT;'),
  stream('t.LoadThrows', '', 'static { if (true) throw new IllegalStateException("at load"); }'),
  stream('t.Exits', 'System.exit(3);'),
  stream('t.Killed', 'new ProcessBuilder("/bin/sh", "-c", "kill -9 $PPID").start(); sleep(60000);', SLEEP),
  stream(
    't.Devours',
    'List<byte[]> kept = new ArrayList<>(); for (;;) { byte[] more = new byte[1 << 20]; Arrays.fill(more, (byte) 1); kept.add(more); }',
  ),
  stream('t.Waits', 'sleep(60000);', SLEEP),
  unit(
    't.Spins',
    'StreamRequestHandler, HttpRequestHandler',
    'public void handleRequest(InputStream in, OutputStream out, Context context) { for (;;); } public void handleRequest(HttpServletRequest req, HttpServletResponse resp, Context context) { for (;;); }',
  ),
  initializer('t.Initialized', 'n += 1;', 'say(out, n);', 'int n = 0;'),
  initializer('t.InitializerFails', 'throw new IOException("no database");', ''),
  initializer('t.InitializerExits', 'System.exit(0);', ''),
  initializer('t.InitializerWaits', 'sleep(60000);', '', SLEEP),
  initializer(
    't.InitializerContext',
    'kept = context.getRequestId() + " " + context.getFunctionParam().getFunctionName();',
    'say(out, kept);',
    'String kept;',
  ),
  initializer('t.InitializerPrints', 'System.out.println("preparing");', 'System.out.println("working");'),
  unit(
    't.Hooks',
    'StreamRequestHandler, PreFreezeHandler, PreStopHandler',
    'static void say(String word, Context c) { System.out.println(word + " " + c.getFunctionParam().getFunctionName() + " " + c.getRequestId()); } public void preFreeze(Context c) { say("freezing", c); } public void preStop(Context c) { say("stopping", c); } public void handleRequest(InputStream in, OutputStream out, Context c) {}',
  ),
  unit(
    't.ContextMembers',
    'PojoRequestHandler<Object, Map<String, Object>>, FunctionInitializer',
    `${MAP} public void initialize(Context context) {} public Map<String, Object> handleRequest(Object in, Context c) {
  Credentials k = c.getExecutionCredentials(); FunctionParam f = c.getFunctionParam(); Service s = c.getService(); OpenTracing t = c.getTracing();
  return map("requestId", c.getRequestId(), "retryCount", c.getRetryCount(),
    "credentials", map("accessKeyId", k.getAccessKeyId(), "accessKeySecret", k.getAccessKeySecret(), "securityToken", k.getSecurityToken()),
    "functionParam", map("functionName", f.getFunctionName(), "functionHandler", f.getFunctionHandler(), "functionInitializer", f.getFunctionInitializer(), "execTimeLimitInMillis", f.getExecTimeLimitInMillis(), "memoryLimitInMB", f.getMemoryLimitInMB()),
    "service", map("name", s.getName(), "logProject", s.getLogProject(), "logStore", s.getLogStore(), "qualifier", s.getQualifier(), "versionId", s.getVersionId()),
    "tracing", map("spanContext", t.getSpanContext(), "spanBaggages", t.getSpanBaggages(), "jaegerEndpoint", t.getJaegerEndpoint()));
}`,
  ),
  stream(
    't.Probe',
    'say(out, "true".equals(context.getTracing().getSpanBaggages().get("probe")) + " " + context.getRetryCount());',
  ),
  stream(
    't.Tracing',
    'OpenTracing t = context.getTracing(); say(out, t.getSpanContext() + " " + t.getSpanBaggages().get("key") + " " + t.getJaegerEndpoint());',
  ),
  stream('t.Logs', 'context.getLogger().info("first"); context.getLogger().error("second");'),
  stream('t.Prints', String.raw`System.out.print("raw\nopen");`),
  stream(
    't.Child',
    'try { new ProcessBuilder("/bin/sh", "-c", "echo from a child; echo bad >&2").inheritIO().start().waitFor(); } catch (InterruptedException e) { throw new IOException(e); }',
  ),
  stream('t.ManyLines', 'for (int i = 0; i < 500; i += 1) System.out.println("line " + i);'),
  stream('t.LongLine', 'System.out.println(new String(new char[300000]).replace((char) 0, (char) 120));'),
  stream(
    't.Overlap',
    'String name = read(in); context.getLogger().info("begin " + name); sleep(name.equals("a") ? 100 : 10); context.getLogger().info("end " + name); say(out, name);',
    SLEEP,
  ),
  http(
    't.HttpRequest',
    'resp.getWriter().print(String.join(" ", req.getMethod(), (String) req.getAttribute("FC_REQUEST_PATH"), req.getQueryString(), (String) req.getAttribute("FC_REQUEST_CLIENT_IP"), req.getHeader("X-One"), context.getRequestId(), req.getReader().readLine()));',
  ),
  http(
    't.HttpResponse',
    String.raw`resp.setStatus(201); resp.setHeader("x-a", "1"); resp.addCookie(new Cookie("a", "1")); resp.addHeader("set-cookie", "b=2"); resp.getWriter().print("made \u00e9");`,
  ),
  http('t.HttpEmpty', ''),
  http(
    't.HttpEcho',
    'byte[] part = new byte[65536]; for (int n; (n = req.getInputStream().read(part)) > 0; ) resp.getOutputStream().write(part, 0, n);',
  ),
  http(
    't.HttpLarge',
    'byte[] all = new byte[Integer.parseInt(req.getReader().readLine())]; Arrays.fill(all, (byte) 120); resp.getOutputStream().write(all);',
  ),
  http('t.HttpThrows', 'throw new IllegalStateException("far");'),
  http('t.HttpSplit', String.raw`resp.setHeader("x-a", "b\r\nset-cookie: c");`),
  pojo('t.Environment', 'Map<String, String>', 'return System.getenv();'),
  stream('t.Folder', 'say(out, System.getProperty("user.dir"));'),
  stream(
    't.WriteCode',
    'try { Files.write(Paths.get("/code/new"), new byte[1]); say(out, "written"); } catch (IOException e) { say(out, "refused"); }',
  ),
  stream(
    't.WriteTmp',
    'Path file = Paths.get("/tmp/file"); Files.write(file, "kept".getBytes(UTF_8)); out.write(Files.readAllBytes(file));',
  ),
  stream(
    't.User',
    String.raw`String s = new String(Files.readAllBytes(Paths.get("/proc/self/status")), UTF_8); say(out, s.replaceAll("(?s).*\nUid:\t(\\d+).*", "$1") + " " + s.replaceAll("(?s).*\nGid:\t(\\d+).*", "$1"));`,
  ),
]);
