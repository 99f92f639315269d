/** `npm run build`: packages and compiled code, nothing started. */
import { prepareCode } from './prepare.mjs';
import { runSteps } from './progress.mjs';
import { requireNode } from './root.mjs';

requireNode();
await runSteps(prepareCode);
