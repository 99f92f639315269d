/** The console's public door: its pages, and where its assets lie. */
import { fileURLToPath } from 'node:url';

export { EnvironmentPage } from './environment.tsx';
export { HomePage } from './home.tsx';
export { ReleasePage } from './release.tsx';
export { ProblemPage, SignInPage } from './sign-in.tsx';
export type { Viewer } from './viewer.ts';

/** Style sheet, script and icon; they stay in `src/`, also when the compiled code runs from `dist/`. */
export const ASSETS = fileURLToPath(new URL('../../src/console/assets', import.meta.url));
