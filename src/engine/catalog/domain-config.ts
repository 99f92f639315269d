/** What a custom domain may be set to: the schema is the one source of its validation, type and defaults (fc-api.md §4). */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { z } from 'zod';
import { isDomainName, isFunctionName, isQualifier, isServiceName, LATEST } from '../../domain/names/fc.ts';
import { invalidArgument } from '../http/api-error.ts';
import { notServed } from './service-config.ts';
import { HTTP_METHODS } from './trigger-config.ts';
import { Times } from '../http/answers.ts';

const PROTOCOLS = ['HTTP', 'HTTPS', 'HTTP,HTTPS'] as const;

const Route = z.object({
  path: z
    .string()
    .max(1024)
    .regex(/^\/([^*?#\s]*\/)?\*$|^\/[^*?#\s]*$/, "must be a path, or one that ends with '/*'"),
  serviceName: z.string().refine(isServiceName, 'must be the name of a service'),
  functionName: z.string().refine(isFunctionName, 'must be the name of a function'),
  qualifier: z
    .string()
    .default(LATEST)
    .transform((qualifier) => qualifier || LATEST)
    .refine(isQualifier, 'must be a version, an alias or LATEST'),
  methods: z.array(z.enum(HTTP_METHODS)).default([]),
  rewriteConfig: z.record(z.string(), z.unknown()).exactOptional(),
});

const Certificate = z.object({
  certName: z.string().max(256).default(''),
  privateKey: z.string().default(''),
  certificate: z.string().default(''),
});
export type DomainCertificate = z.infer<typeof Certificate>;

const DomainFields = {
  protocol: z.enum(PROTOCOLS).exactOptional(),
  routeConfig: z.object({ routes: z.array(Route).max(100).default([]) }).exactOptional(),
  certConfig: Certificate.exactOptional(),
};

export const UpdateDomainInput = z.object(DomainFields);
export const CreateDomainInput = z.object({
  ...DomainFields,
  domainName: z
    .string()
    .refine(isDomainName, 'must be a host name in lower case, e.g. www.example.com')
    // Such a host leads to the engine itself, and a domain takes all that its host is asked.
    .refine((name) => name.includes('.') && isIP(name) === 0, 'must have a dot and be no IP address'),
});

/** What is answered of a domain: without the private key, which never goes out again. */
export const DomainAnswer = z.object({
  domainName: z.string(),
  accountId: z.string(),
  apiVersion: z.literal('2016-08-15'),
  protocol: z.enum(PROTOCOLS),
  routeConfig: z.object({ routes: z.array(Route) }),
  certConfig: Certificate.omit({ privateKey: true }),
  ...Times,
});

type DomainSettings = z.infer<typeof UpdateDomainInput>;
export type DomainConfig = Required<DomainSettings>;

const DEFAULTS: DomainConfig = {
  protocol: 'HTTP',
  routeConfig: { routes: [] },
  certConfig: { certName: '', privateKey: '', certificate: '' },
};

/** Completes what an older engine stored, which did not know all members. */
export function completeDomainConfig(stored: Partial<DomainConfig>): DomainConfig {
  return { ...DEFAULTS, ...stored };
}

/**
 * The settings that hold after `changes`: members given replace those stored, whole.
 *
 * @param now Unix milliseconds; an expired certificate is refused
 * @throws ApiError `InvalidArgument` where members contradict each other, or ask for what this engine does not do
 */
export function domainConfig(
  name: string,
  stored: Partial<DomainConfig>,
  changes: DomainSettings,
  now: number,
): DomainConfig {
  const config = { ...completeDomainConfig(stored), ...changes };
  const seen = new Set<string>();
  for (const { path, rewriteConfig } of config.routeConfig.routes) {
    if (seen.has(path)) throw invalidArgument(`routeConfig: the path '${path}' has two routes`);
    seen.add(path);
    if (Object.values(rewriteConfig ?? {}).some((rules) => !Array.isArray(rules) || rules.length > 0))
      throw notServed('routeConfig.routes.rewriteConfig');
  }
  const { certificate, privateKey } = config.certConfig;
  const isSecure = config.protocol !== 'HTTP';
  if (isSecure && (certificate === '' || privateKey === ''))
    throw invalidArgument(
      `certConfig: protocol '${config.protocol}' needs a certificate and its private key, both PEM`,
    );
  // Also one that waits for its protocol; but what was stored and expired since must not block other changes.
  if (certificate !== '' && (changes.certConfig || changes.protocol))
    checkCertificate(name, config.certConfig, now);
  return config;
}

function checkCertificate(name: string, { certificate, privateKey }: DomainCertificate, now: number): void {
  let leaf: X509Certificate;
  let key: KeyObject;
  try {
    leaf = new X509Certificate(certificate);
  } catch {
    throw invalidArgument('certConfig.certificate: is not a certificate in PEM');
  }
  try {
    key = createPrivateKey(privateKey);
  } catch {
    throw invalidArgument('certConfig.privateKey: is not an unencrypted private key in PEM');
  }
  if (!leaf.checkPrivateKey(key))
    throw invalidArgument('certConfig.privateKey: is not the key of the certificate');
  if (Date.parse(leaf.validTo) < now)
    throw invalidArgument(`certConfig.certificate: expired on ${leaf.validTo}; send a renewed one`);
  if (leaf.checkHost(name) === undefined)
    throw invalidArgument(
      `certConfig.certificate: is for ${leaf.subjectAltName ?? leaf.subject}, not for '${name}'`,
    );
}
