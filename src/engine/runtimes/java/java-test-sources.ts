/** Java sources of `java.test.ts`, by the full name of their class. */

const HEAD =
  'package t; import com.aliyun.fc.runtime.*; import java.io.*; import java.util.*; import javax.servlet.http.*;';
const READ =
  'static String read(InputStream in) throws IOException { Scanner s = new Scanner(in, "UTF-8").useDelimiter("\\\\A"); return s.hasNext() ? s.next() : ""; }';

function stream(name: string, statements: string, members = ''): string {
  return `${HEAD} public class ${name} implements StreamRequestHandler { ${READ} ${members}
public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException { ${statements} } }`;
}

export const SOURCES: Readonly<Record<string, string>> = {
  't.Hooks': `${HEAD} public class Hooks implements StreamRequestHandler, PreFreezeHandler, PreStopHandler { int calls;
  public void handleRequest(InputStream in, OutputStream out, Context context) { calls += 1; }
  public void preFreeze(Context context) { say("freezing", context); }
  public void preStop(Context context) { say("stopping", context); }
  void say(String what, Context context) { System.out.println(what + " " + context.getFunctionParam().getFunctionName() + " after " + calls); } }`,
  't.Greeter': `${HEAD} public class Greeter implements PojoRequestHandler<Greeter.Person, Greeter.Answer> {
  public static class Person { private String name; private int age; private List<String> tags;
    public void setName(String v) { name = v; } public void setAge(int v) { age = v; } public void setTags(List<String> v) { tags = v; } }
  public static class Answer { private final Person p; Answer(Person p) { this.p = p; }
    public String getGreeting() { return "Hello " + p.name + " " + String.join(",", p.tags); } public int getOlder() { return p.age + 1; } }
  public Answer handleRequest(Person person, Context context) { return person == null ? null : new Answer(person); } }`,
  // A class of its own under the name of one that the shim uses.
  'com.fasterxml.jackson.core.Version':
    'package com.fasterxml.jackson.core; public class Version { public String toString() { return "own"; } }',
  't.Own': stream(
    'Own',
    'out.write((find("com.fasterxml.jackson.core.Version") + " " + find("com.fasterxml.jackson.databind.ObjectMapper") + " " + find("sluice.shim.Main")).getBytes());',
    'static String find(String name) { try { return Class.forName(name).getConstructor().newInstance().toString(); } catch (ReflectiveOperationException e) { return "absent"; } }',
  ),
  't.Memory': stream(
    'Memory',
    'String mb = read(in); if (!mb.isEmpty()) System.out.println(new byte[Integer.parseInt(mb) << 20].length); out.write(String.valueOf(Runtime.getRuntime().maxMemory() >> 20).getBytes());',
  ),
  't.Levels': stream(
    'Levels',
    'FunctionComputeLogger l = context.getLogger(); l.trace("1"); l.debug("2"); l.info("3"); l.warn("4\\nand 5"); l.setLogLevel(FunctionComputeLogger.Level.ERROR); l.warn("left out"); l.error("6"); l.fatal(null);',
  ),
  't.Printer': stream(
    'Printer',
    'String e = read(in); System.out.println("begin " + e); try { Thread.sleep(e.equals("a") ? 200 : 50); Thread t = new Thread(() -> System.err.println("end " + e)); t.start(); t.join(); } catch (InterruptedException x) { throw new IOException(x); }',
  ),
  't.Reflection': stream(
    'Reflection',
    'try { java.lang.reflect.Field f = String.class.getDeclaredField("value"); f.setAccessible(true); out.write(String.valueOf(f.get(read(in)) != null).getBytes()); } catch (ReflectiveOperationException e) { throw new IOException(e); }',
  ),
  't.Servlet': `${HEAD} public class Servlet implements HttpRequestHandler {
  public void handleRequest(HttpServletRequest q, HttpServletResponse r, Context c) throws IOException {
    String path = q.getPathInfo();
    if (path.equals("/redirect")) { r.getWriter().print("lost"); r.sendRedirect("/other"); return; }
    if (path.equals("/error")) { r.setHeader("x-lost", "1"); r.getWriter().print("lost"); r.sendError(418, "\\u00e9"); return; }
    if (path.equals("/charset")) {
      r.setContentType("text/html"); r.setCharacterEncoding("utf-16be"); r.setDateHeader("X-Date", 0);
      Cookie s = new Cookie("s", "1"); s.setPath("/"); s.setMaxAge(60); s.setSecure(true); s.setHttpOnly(true); r.addCookie(s);
      r.getWriter().print("hi"); return;
    }
    List<String> p = new ArrayList<>(); for (String n : Collections.list(q.getParameterNames())) p.add(n + "=" + String.join(",", q.getParameterValues(n)));
    List<String> k = new ArrayList<>(); for (Cookie each : q.getCookies()) k.add(each.getName() + "=" + each.getValue());
    List<String> l = new ArrayList<>(); for (Locale each : Collections.list(q.getLocales())) l.add(each.toLanguageTag());
    PrintWriter w = r.getWriter();
    w.print(String.join(" ", p) + "\\n" + String.join(" ", k) + "\\n" + q.getDateHeader("If-Modified-Since") + " " + String.join(" ", l) + "\\n");
    w.print(path + "|" + q.getRequestURI() + "|" + q.getRequestURL() + "\\n");
    w.print(q.getServerName() + " " + q.getServerPort() + " " + q.getCharacterEncoding() + " " + q.getContentLength() + " " + q.getSession(false));
  } }`,
};
