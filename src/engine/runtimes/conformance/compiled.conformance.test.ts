import { JAVA } from './java.ts';
import { DOTNET } from './dotnet.ts';
import { CUSTOM } from './custom.ts';
import { testConformance } from './table.ts';

await testConformance([JAVA, DOTNET, CUSTOM]);
