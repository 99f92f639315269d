/** workerd behind its local simulator. */
import { Miniflare } from 'miniflare';

const script = `export default { async fetch(request) {
  const body = await request.arrayBuffer();
  return new Response(body, { headers: { 'content-length': String(body.byteLength), 'content-encoding': 'identity' } });
} }`;
const miniflare = new Miniflare({ modules: true, host: '127.0.0.1', port: 0, script });
process.send({ port: Number((await miniflare.ready).port) });
process.on('disconnect', () => {
  void miniflare.dispose().finally(() => process.exit(0));
});
