import { NODEJS } from './nodejs.ts';
import { testConformance } from './table.ts';

await testConformance([NODEJS]);
