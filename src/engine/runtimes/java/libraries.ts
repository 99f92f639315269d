/**
 * The libraries of the Java shim, as `shim/pom.xml` names them, with the SHA-256 of each: what Maven brings is used only
 * if it is these very bytes.
 */
import { join } from 'node:path';
import { verifyFile } from '../cached-folder.ts';

/** File names in the order of the class path. */
export const LIBRARIES: Readonly<Record<string, string>> = {
  'fc-java-core-1.4.1.jar': 'f7c27f7c1a4486d3d40d8bfd720a232fccf8f396fea93f905281d40707697154',
  'jackson-annotations-2.17.3.jar': '2747f60343783a6ec8a68405c7c839fa0bbe30ee4e2459d21a1ac3b7365e1ed5',
  'jackson-core-2.17.3.jar': '19e03ee71f00a86255fa3c980560b231e1305486f6482c905601209014f5870c',
  'jackson-databind-2.17.3.jar': '93b13e709a0b620de42019180a75bc1fc4885c81fe5b6087a4aa248f91fb9a95',
};

/** @throws Error that names the first file which is missing or not what it must be */
export function verifyLibraries(folder: string): void {
  for (const [name, wanted] of Object.entries(LIBRARIES))
    verifyFile(join(folder, name), wanted, 'Maven', 'mirror');
}
