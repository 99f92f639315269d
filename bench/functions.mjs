/** The functions of the measurements, made through the public SDK. */
import { ZipArchive } from 'archiver';

export const SERVICE = 'bench';
export const NODE = {
  runtime: 'nodejs20',
  handler: 'index.handler',
  memorySize: 128,
  timeout: 30,
  instanceConcurrency: 16,
};
export const PYTHON = { ...NODE, runtime: 'python3', instanceConcurrency: 1 };

/** Gives back the event. */
export const ECHO = { 'index.js': 'exports.handler = async (event) => event;\n' };
const HTTP = {
  'index.js': `exports.handler = (request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => response.send(Buffer.concat(chunks)));
};
`,
};

/** An event function and an anonymous HTTP function that give back what they get. */
export async function echoFunctions(fc) {
  await fc.createService(SERVICE, { description: '' });
  await createFunction(fc, 'echo', NODE, ECHO);
  await createFunction(fc, 'http', NODE, HTTP);
  await fc.createTrigger(SERVICE, 'http', {
    triggerName: 'http',
    triggerType: 'http',
    triggerConfig: { authType: 'anonymous', methods: ['GET', 'POST'] },
  });
  return {
    event: `/2016-08-15/services/${SERVICE}/functions/echo/invocations`,
    http: `/2016-08-15/proxy/${SERVICE}/http/`,
  };
}

/** @param {Record<string, string | Buffer>} files by path */
export async function createFunction(fc, functionName, settings, files) {
  await fc.createFunction(SERVICE, { ...settings, functionName, code: { zipFile: await zipOf(files) } });
}

/** Milliseconds from the call of a function that was just made, so that no instance of it can be warm, to its answer. */
export async function firstAnswer(fc, name, settings, files) {
  await createFunction(fc, name, settings, files);
  const began = performance.now();
  const answer = await fc.invokeFunction(SERVICE, name, Buffer.from('{}'), {}, 'LATEST', { rawBuf: true });
  const tookMs = performance.now() - began;
  if (answer.headers['x-fc-error-type']) throw new Error(`${name}: ${answer.data}`);
  return tookMs;
}

/** @returns {Promise<string>} a code package as base64 */
export async function zipOf(files) {
  const archive = new ZipArchive({ zlib: { level: 1 } });
  for (const [name, content] of Object.entries(files)) archive.append(content, { name });
  await archive.finalize();
  const chunks = [];
  for await (const chunk of archive) chunks.push(chunk);
  return Buffer.concat(chunks).toString('base64');
}
