/** A small function of Node.js as the product's client creates it. */
import type { FcFunctionConfig } from '../../src/fc/client.ts';

export const FUNCTION_CONFIG: FcFunctionConfig = {
  runtime: 'nodejs20',
  handler: 'index.handler',
  description: '',
  memorySize: 128,
  timeout: 5,
  initializer: '',
  initializationTimeout: 3,
  instanceConcurrency: 1,
  environmentVariables: {},
};
