/** The environment that a project has from its start. */
import { defaultEnvironments, type EnvironmentRecord } from '../../src/domain/plan/environment.ts';

const [production] = defaultEnvironments('main');
if (!production) throw new Error('a project has no environment');

/** `production`: branch `main`, alias `PROD`, without protection. */
export const PRODUCTION: EnvironmentRecord = production;
