/** An error at a place of a file that was read. */
import { pathText, type Finding } from '../finding.ts';
import { nodeAt, type YamlNode } from './node.ts';

export type Path = readonly (string | number)[];

/** Of what is not there, the place of what it is missing in. */
export function findingAt(root: YamlNode, path: Path, code: string, message: string): Finding {
  return { code, level: 'error', path: pathText(path), message, at: nodeAt(root, path).at };
}
