/** The design to beat: a front that proxies each request to a server on a unix socket, as one would write it in an hour. */
import { mkdtempSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const socketPath = join(mkdtempSync(join(tmpdir(), 'bench-proxy-')), 'echo.sock');
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
createServer((incoming, response) => {
  const chunks = [];
  incoming.on('data', (chunk) => chunks.push(chunk));
  incoming.on('end', () => {
    const body = Buffer.concat(chunks);
    response.writeHead(200, { 'content-length': body.length }).end(body);
  });
}).listen(socketPath);
const front = createServer((incoming, response) => {
  const { method, url: path, headers } = incoming;
  const onward = request({ socketPath, agent, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  incoming.pipe(onward);
});
front.listen(0, '127.0.0.1', () => process.send({ port: front.address().port }));
process.on('disconnect', () => process.exit(0));
