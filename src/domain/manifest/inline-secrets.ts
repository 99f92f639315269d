/** What must never stand in a manifest as it lies in the repository: keys, and templates that nobody rendered. */
import type { YamlNode } from '../yaml/node.ts';
import type { Findings, Path } from './findings.ts';

const ACCESS_KEY = /\bLTAI[0-9A-Za-z]{12,}\b/;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const TEMPLATE = /\{\{[^{}]*\}\}/;

/** True when the text is, or contains, an access key or a private key. */
export function holdsSecret(text: string): boolean {
  return ACCESS_KEY.test(text) || PRIVATE_KEY.test(text);
}

/** Looks at every text below `node`; the messages never hold the text. */
export function checkTexts(node: YamlNode, path: Path, findings: Findings): void {
  switch (node.kind) {
    case 'map':
      for (const { key, value } of node.entries) checkTexts(value, [...path, key], findings);
      return;
    case 'list':
      node.items.forEach((item, i) => checkTexts(item, [...path, i], findings));
      return;
    case 'scalar':
      if (ACCESS_KEY.test(node.source)) {
        findings.error(
          'secret',
          path,
          node,
          'an access key stands here; a repository is no place for it, give the service a role',
        );
      } else if (PRIVATE_KEY.test(node.source)) {
        findings.error('secret', path, node, 'a private key stands here; a repository is no place for it');
      } else if (TEMPLATE.test(node.source)) {
        findings.error(
          'template',
          path,
          node,
          'found {{ … }}: a template that was not rendered; write ${vars.NAME} or the value',
        );
      }
  }
}
