/**
 * What a manifest means, whichever family it was written in: readers produce this model, nothing else of Sluice knows
 * the families. Values are the FC API's (camelCase, API units); every default is filled in.
 */

import type { Finding, Position } from '../finding.ts';

export type { Finding, Position };

export interface ManifestHook {
  /** Empty: there is no such hook. */
  readonly handler: string;
  /** seconds */
  readonly timeout: number;
}

export interface ManifestLifecycle {
  readonly preFreeze: ManifestHook;
  readonly preStop: ManifestHook;
}

export interface ManifestHealthCheck {
  /** Path with its query; empty: there is no such check, and all else is its default. */
  readonly httpGetUrl: string;
  /** seconds, like the two below */
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  /** Answers in a row, like the one below. */
  readonly failureThreshold: number;
  readonly successThreshold: number;
}

/** Of custom runtimes alone, and there always. */
export interface ManifestServer {
  readonly caPort?: number;
  /** An empty command: the file `bootstrap`. */
  readonly customRuntimeConfig?: { readonly command: readonly string[]; readonly args: readonly string[] };
  /** Of containers, instead: the image with its digest; command and arguments as JSON text, empty: the image's own. */
  readonly customContainerConfig?: {
    readonly image: string;
    readonly command: string;
    readonly args: string;
  };
  readonly customHealthCheckConfig?: ManifestHealthCheck;
}

export interface ManifestFunctionConfig extends ManifestServer {
  readonly runtime: string;
  readonly handler: string;
  readonly description: string;
  /** MB */
  readonly memorySize: number;
  /** seconds */
  readonly timeout: number;
  readonly initializer: string;
  /** seconds */
  readonly initializationTimeout: number;
  readonly instanceConcurrency: number;
  readonly environmentVariables: Readonly<Record<string, string>>;
  readonly instanceLifecycleConfig?: ManifestLifecycle;
}

export interface ManifestFunction {
  readonly name: string;
  /** Name of the module (edition 1.0.0: key under `services`). */
  readonly module: string;
  readonly config: ManifestFunctionConfig;
  readonly code: CodeFolder | CodeImage;
  readonly at: Position;
}

export interface CodeFolder {
  /** Folder or file, relative to the repository's root, `/`-separated, without `..`. */
  readonly path: string;
  /** gitignore-like patterns of what stays out of the package. */
  readonly ignore: readonly string[];
}

export interface CodeImage {
  /** SHA-256 of the image's manifest, 64 hex digits. */
  readonly imageDigest: string;
}

export interface ManifestService {
  readonly name: string;
  readonly description: string;
  readonly internetAccess: boolean;
  readonly role: string;
  /** Sorted by name. */
  readonly functions: readonly ManifestFunction[];
  readonly at: Position;
}

export interface Manifest {
  readonly family: 'serverless-devs-1';
  readonly file: string;
  /** `null` where the manifest names none; the release's environment wins. */
  readonly region: string | null;
  /** Sorted by name. */
  readonly services: readonly ManifestService[];
  /** Warnings; a manifest with errors has no model. */
  readonly findings: readonly Finding[];
}
