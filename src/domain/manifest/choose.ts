/** Which file of a repository is its manifest (manifests §6: precedence). */
import { folderOf, repositoryPath } from '../repository-path.ts';
import { didYouMean } from '../names/nearest.ts';
import type { Finding } from './model.ts';

/** Usual names, first match wins; both families: `s.*`. */
export const MANIFEST_NAMES = [
  's.yaml',
  's.yml',
  'template.yml',
  'template.yaml',
  'faas.yml',
  'faas.yaml',
] as const;

export type ChosenManifest =
  | { readonly file: string; readonly warnings: readonly Finding[] }
  | { readonly findings: readonly Finding[] };

/**
 * @param paths files at the root of the repository
 * @param named manifest that the plan names; one in a folder is taken on trust, whoever reads it finds it missing
 */
export function chooseManifest(paths: readonly string[], named: string | null): ChosenManifest {
  if (named !== null) return chooseNamed(paths, named);
  const there = MANIFEST_NAMES.filter((name) => paths.includes(name));
  const [file, ...others] = there;
  if (file === undefined) {
    const message = `the repository has no manifest; allowed at its root: ${MANIFEST_NAMES.join(', ')}, or another named by "manifest" in sluice.yml`;
    return { findings: [finding('no-manifest', 'error', MANIFEST_NAMES[1], message)] };
  }
  if (others.length === 0) return { file, warnings: [] };
  const message = `${others.join(' and ')} ${others.length === 1 ? 'is' : 'are'} ignored beside ${file}; name the right one by "manifest" in sluice.yml`;
  return { file, warnings: [finding('several-manifests', 'warning', file, message)] };
}

function chooseNamed(paths: readonly string[], named: string): ChosenManifest {
  const file = repositoryPath('', named);
  if (file === null || file === '.') {
    return {
      findings: [
        finding('path', 'error', named, `the manifest ${named} is not a file inside the repository`),
      ],
    };
  }
  if (folderOf(file) !== '' || paths.includes(file)) return { file, warnings: [] };
  const message = `the manifest ${file}, named in sluice.yml, is not in the repository${didYouMean(file, paths)}`;
  return { findings: [finding('no-manifest', 'error', file, message)] };
}

function finding(code: string, level: Finding['level'], file: string, message: string): Finding {
  return { code, level, path: '', message, at: { file, line: 1, column: 1 } };
}
