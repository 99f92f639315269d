import { PYTHON } from './python.ts';
import { PHP } from './php.ts';
import { testConformance } from './table.ts';

await testConformance([PYTHON, PHP]);
