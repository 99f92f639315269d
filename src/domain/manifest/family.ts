/** Recognises by content which of the four families a manifest belongs to (manifests §1). One of them is read. */
import { describe, member, type YamlNode } from '../yaml/node.ts';
import type { Finding } from './model.ts';

const WANTED = 'Sluice reads Serverless Devs edition 1.0.0: a file with "edition: 1.0.0" and "services"';

/** Editions of the family that is read; the second never differed in what we take. */
const EDITIONS: ReadonlySet<string> = new Set(['1.0.0', '2.0.0']);

const FUNCRAFT_KEYS = ['ROSTemplateFormatVersion', 'Resources', 'Transform'];

/** What keeps the manifest from being read; `null` when it is of edition 1.0.0. */
export function familyFinding(root: YamlNode): Finding | null {
  if (root.kind !== 'map') return refuse(root, '', `found ${describe(root)}; ${WANTED}`);
  const edition = member(root, 'edition');
  if (edition) return editionFinding(edition);
  if (FUNCRAFT_KEYS.some((key) => member(root, key))) {
    return refuse(
      root,
      '',
      `this is a Funcraft template (template.yml with Resources), which is not read yet; ${WANTED}`,
    );
  }
  const projects = root.entries.filter(
    ({ value }) => member(value, 'Component') ?? member(value, 'component'),
  );
  if (projects.length > 0) {
    return refuse(
      root,
      '',
      `this is an early Serverless Devs manifest (a project with Component and Properties), which is not read yet; ${WANTED}`,
    );
  }
  return refuse(root, 'edition', `the edition is missing; ${WANTED}`);
}

function editionFinding(edition: YamlNode): Finding | null {
  if (edition.kind === 'scalar' && EDITIONS.has(edition.source)) return null;
  if (edition.kind === 'scalar' && edition.source.startsWith('3.')) {
    return refuse(
      edition,
      'edition',
      `this is Serverless Devs edition ${edition.source} (resources, component fc3), which is not read yet; ${WANTED}`,
    );
  }
  return refuse(edition, 'edition', `found ${describe(edition)}; ${WANTED}`);
}

function refuse(node: YamlNode, path: string, message: string): Finding {
  return { code: 'unknown-family', level: 'error', path, message, at: node.at };
}
