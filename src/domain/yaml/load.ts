/**
 * Reads YAML that strangers push: every limit is checked before the memory or time is spent, and everything that two
 * parsers might read differently is refused or kept as it was written (manifests §6).
 */
import { Composer, LineCounter, Lexer, Parser, type Document, type YAMLError } from 'yaml';
import { sortFindings, type Finding, type Position } from '../finding.ts';
import { utf8Length } from '../utf8-length.ts';
import { buildTree, type Places } from './build-tree.ts';
import type { YamlNode } from './node.ts';

const MAX_BYTES = 1024 * 1024;

/** The parser's stack holds the document and the scalar besides the nested collections; `buildTree` counts exactly. */
const MAX_STACK = 70;

/** More than this many syntax errors are echoes of the first. */
const MAX_SYNTAX_ERRORS = 20;

export type Loaded = { readonly root: YamlNode } | { readonly findings: readonly Finding[] };

/** The one document of `text` as a tree; `file` is only for positions. */
export function loadYaml(text: string, file: string): Loaded {
  const start = { file, line: 1, column: 1 };
  if (text.length > MAX_BYTES || utf8Length(text) > MAX_BYTES) {
    return { findings: [failure('yaml-limit', 'the file is larger than 1 MiB', start)] };
  }
  if (text.includes('\0')) {
    return { findings: [failure('yaml-syntax', 'the file holds a NUL byte; it must be text', start)] };
  }
  const counter = new LineCounter();
  const at: Places = (offset) => {
    const { line, col } = counter.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const tokens = tokensOf(text, counter);
  if (tokens === null) {
    return { findings: [failure('yaml-limit', 'nested more than 64 deep', start)] };
  }
  // Duplicate keys are found by `buildTree`: the library compares each key with all before it.
  const composer = new Composer({ schema: 'core', merge: true, uniqueKeys: false, prettyErrors: false });
  const documents = [...composer.compose(tokens, true, text.length)];
  const findings = documents.flatMap((document) => troublesOf(document, at));
  const second = documents[1];
  if (second) {
    const where = at(second.range[0]);
    findings.push(failure('yaml-limit', 'a second document begins here; one document is allowed', where));
  }
  const document = documents[0];
  if (findings.length > 0 || !document)
    return { findings: sortFindings(findings).slice(0, MAX_SYNTAX_ERRORS) };
  return buildTree(document.contents, at);
}

function tokensOf(text: string, counter: LineCounter) {
  const parser = new Parser(counter.addNewLine);
  counter.addNewLine(0);
  const tokens = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > MAX_STACK) return null;
  }
  tokens.push(...parser.end());
  return tokens;
}

function troublesOf(document: Pick<Document, 'errors' | 'warnings'>, at: Places): Finding[] {
  return [...document.errors, ...document.warnings].map((error) =>
    failure(
      error.code === 'TAG_RESOLVE_FAILED' ? 'yaml-tag' : 'yaml-syntax',
      messageOf(error),
      at(error.pos[0]),
    ),
  );
}

function messageOf(error: YAMLError): string {
  const message = error.message.replaceAll('tag:yaml.org,2002:', '!!');
  switch (error.code) {
    case 'BAD_SCALAR_START':
    case 'BAD_ALIAS':
      return `${message}; put the value in quotes`;
    case 'UNEXPECTED_TOKEN':
      return message.includes('alias') ? `${message}; put the value in quotes` : message;
    case 'TAB_AS_INDENT':
      return `${message}; indent with spaces`;
    case 'TAG_RESOLVE_FAILED':
      return `${message}; tags are not allowed here`;
    default:
      return message;
  }
}

function failure(code: string, message: string, at: Position): Finding {
  return { code, level: 'error', path: '', message, at };
}
