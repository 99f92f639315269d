import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../canonical-json.ts';
import { findingText } from '../finding.ts';
import { chooseManifest } from './choose.ts';
import { manifestMeaning } from './meaning.ts';
import type { Manifest } from './model.ts';
import { parseManifest } from './parse.ts';

function parse(text: string, variables: Record<string, string> = {}, file = 's.yml') {
  return parseManifest({ file, text, variables });
}

function manifest(text: string, variables?: Record<string, string>, file?: string): Manifest {
  const parsed = parse(text, variables, file);
  if (!('manifest' in parsed)) throw new Error(parsed.findings.map(findingText).join('\n'));
  return parsed.manifest;
}

function errors(text: string, variables?: Record<string, string>): string[] {
  const parsed = parse(text, variables);
  return 'findings' in parsed ? parsed.findings.map(findingText) : [];
}

/** A sound manifest with a few lines put into its parts. */
function sample(
  parts: { fn?: string; service?: string; props?: string; module?: string; top?: string } = {},
): string {
  const lines = (text: string | undefined, indent: number) =>
    (text ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `${' '.repeat(indent)}${line}\n`)
      .join('');
  return `edition: 1.0.0
name: shop
${lines(parts.top, 0)}services:
  cart:
    component: devsapp/fc
${lines(parts.module, 4)}    props:
      region: cn-hangzhou
${lines(parts.props, 6)}      service:
        name: shop
${lines(parts.service, 8)}      function:
        name: cart
        runtime: nodejs20
        handler: index.handler
        codeUri: ./cart
${lines(parts.fn, 8)}`;
}

describe('what is read', () => {
  test('the sample of the repository', () => {
    const text = readFileSync(new URL('../../../examples/hello/s.yml', import.meta.url), 'utf8');
    expect(manifest(text)).toMatchObject({
      region: 'cn-local',
      services: [{ name: 'hello', functions: [{ name: 'greet', code: { path: 'code' } }] }],
      findings: [],
    });
  });

  test('every default is filled in', () => {
    expect(manifest(sample())).toMatchObject({
      family: 'serverless-devs-1',
      file: 's.yml',
      region: 'cn-hangzhou',
      services: [
        {
          name: 'shop',
          description: '',
          internetAccess: true,
          role: '',
          functions: [
            {
              name: 'cart',
              module: 'cart',
              config: {
                runtime: 'nodejs20',
                handler: 'index.handler',
                description: '',
                memorySize: 128,
                timeout: 3,
                initializer: '',
                initializationTimeout: 3,
                instanceConcurrency: 1,
                environmentVariables: {},
                instanceLifecycleConfig: {
                  preFreeze: { handler: '', timeout: 3 },
                  preStop: { handler: '', timeout: 3 },
                },
              },
              code: { path: 'cart' },
            },
          ],
        },
      ],
      findings: [],
    });
  });

  test('hooks as handlers of the runtime, within their range', () => {
    const hooks = (text: string) =>
      manifest(sample({ fn: `instanceLifecycleConfig: ${text}` })).services[0]?.functions[0]?.config
        .instanceLifecycleConfig;
    expect(
      hooks('{preStop: {handler: index.stop, timeout: 90}, preFreeze: {handler: index.freeze}}'),
    ).toEqual({
      preFreeze: { handler: 'index.freeze', timeout: 3 },
      preStop: { handler: 'index.stop', timeout: 90 },
    });
  });

  test('how a server of its own is started, of custom runtimes', () => {
    const custom = (fn: string) =>
      manifest(sample({ fn }).replace('runtime: nodejs20\n        handler: index.handler', 'runtime: custom'))
        .services[0]?.functions[0]?.config;
    expect(custom('')).toMatchObject({
      runtime: 'custom',
      handler: 'index.handler',
      caPort: 9_000,
      customRuntimeConfig: { command: [], args: [] },
      customHealthCheckConfig: {
        httpGetUrl: '',
        initialDelaySeconds: 0,
        periodSeconds: 3,
        timeoutSeconds: 1,
        failureThreshold: 3,
        successThreshold: 1,
      },
    });
    const fn = `caPort: 8080
instanceConcurrency: 20
customHealthCheckConfig: {httpGetUrl: /well?deep=1, initialDelaySeconds: 120, failureThreshold: 5}
customRuntimeConfig: {command: [node, server.js], args: [1]}`;
    expect(custom(fn)).toMatchObject({
      caPort: 8_080,
      instanceConcurrency: 20,
      customRuntimeConfig: { command: ['node', 'server.js'], args: ['1'] },
      customHealthCheckConfig: {
        httpGetUrl: '/well?deep=1',
        initialDelaySeconds: 120,
        periodSeconds: 3,
        timeoutSeconds: 1,
        failureThreshold: 5,
        successThreshold: 1,
      },
    });
    // What is left of a check without a path is none.
    expect(custom('customHealthCheckConfig: {periodSeconds: 9}')?.customHealthCheckConfig).toMatchObject({
      httpGetUrl: '',
      periodSeconds: 3,
    });
    const language = manifest(sample()).services[0]?.functions[0]?.config ?? {};
    expect(Object.keys(language)).not.toContain('caPort');
    expect(Object.keys(language)).not.toContain('customHealthCheckConfig');
  });

  describe('of a container', () => {
    const digest = 'ab'.repeat(32);
    const container = (config: string, more = '') =>
      sample({ fn: `${config}\n${more}` })
        .replace('runtime: nodejs20\n        handler: index.handler', 'runtime: custom-container')
        .replace('        codeUri: ./cart\n', '');

    test('is its image by digest, without a folder', () => {
      const config = `customContainerConfig: {image: r.example/a@sha256:${digest}, args: '["x"]'}`;
      expect(manifest(container(config)).services[0]?.functions[0]).toMatchObject({
        code: { imageDigest: digest },
        config: {
          caPort: 9_000,
          customContainerConfig: { image: `r.example/a@sha256:${digest}`, command: '', args: '["x"]' },
        },
      });
    });

    test.each([
      [
        'customContainerConfig: {image: r.example/a:1.4}',
        'found "r.example/a:1.4"; allowed: an image by its digest',
      ],
      ['', 'customContainerConfig: is missing; allowed: a map with the image'],
      [
        `customContainerConfig: {image: 'a@sha256:${digest}', args: x}`,
        'args: found "x"; allowed: a JSON array',
      ],
      [`customContainerConfig: {image: 'a@sha256:${digest}'}\ncodeUri: ./cart`, 'codeUri does not go with'],
      [
        `customContainerConfig: {image: 'a@sha256:${digest}', accelerationType: None}`,
        'accelerationType is not supported yet',
      ],
    ])('is refused by name where a version would not be one: %s', (config, message) => {
      expect(errors(container(config)).join('\n')).toContain(message);
    });
  });

  test.each([
    ['java11', 'example.App::handleRequest'],
    ['java8', 'App::handle'],
    ['dotnetcore2.1', 'Shop::Shop.Cart::Handle'],
  ])('a handler of %s as its language writes it: %s', (runtime, handler) => {
    const text = sample()
      .replace('nodejs20', runtime)
      .replace('handler: index.handler', `handler: ${handler}`);
    expect(manifest(text).services[0]?.functions[0]?.config).toMatchObject({ runtime, handler });
  });

  test('settings as written; variables of the function are text as it stands there', () => {
    const fn = `description: Keeps what people want
memorySize: 512
timeout: "60"
initializer: index.init
initializationTimeout: 10
instanceConcurrency: 0
instanceType: e1
layers: []
environmentVariables: {A: 1.0, B: 0123, C: true, D: "", E: text}`;
    const service =
      'internetAccess: false\nrole: acs:ram::123456:role/shop\ntracingConfig: Disable\nlogConfig:';
    expect(manifest(sample({ fn, service })).services[0]).toMatchObject({
      internetAccess: false,
      role: 'acs:ram::123456:role/shop',
      functions: [
        {
          config: {
            description: 'Keeps what people want',
            memorySize: 512,
            timeout: 60,
            initializer: 'index.init',
            initializationTimeout: 10,
            instanceConcurrency: 1,
            environmentVariables: { A: '1.0', B: '0123', C: 'true', D: '', E: 'text' },
          },
        },
      ],
    });
  });

  test('code paths start at the manifest’s folder and stay inside the repository', () => {
    const at = (file: string, path: string) =>
      manifest(sample().replace('./cart', path), {}, file).services[0]?.functions[0]?.code;
    expect(at('s.yml', './')).toMatchObject({ path: '.' });
    expect(at('deploy/s.yml', '../src//cart/')).toMatchObject({ path: 'src/cart' });
    expect(errors(sample().replace('./cart', '../cart')).join()).toContain(
      's.yml:14:18: services.cart.props.function.codeUri: found "../cart"; allowed: a folder inside the repository',
    );
    expect(errors(sample().replace('./cart', '/etc')).join()).toContain(
      'allowed: a folder inside the repository',
    );
  });

  test('modules that share a service are one service; functions and services are sorted', () => {
    const text = `edition: 1.0.0
vars:
  service: {name: shop, description: All of it}
services:
  z: {component: fc, props: {region: r, service: "\${vars.service}", function: {name: zoo, runtime: nodejs18, handler: a.b, codeUri: z}}}
  a: {component: fc, props: {region: r, service: "\${vars.service}", function: {name: ant, runtime: nodejs18, handler: a.b, codeUri: a}}}
  b: {component: fc, props: {region: r, service: {name: base}, function: {name: bee, runtime: nodejs18, handler: a.b, codeUri: b}}}
`;
    const { services } = manifest(text);
    expect(services.map((s) => [s.name, s.functions.map((f) => `${f.module}:${f.name}`)])).toEqual([
      ['base', ['b:bee']],
      ['shop', ['a:ant', 'z:zoo']],
    ]);
  });

  test('anchors and merge keys work, own keys win', () => {
    const text = sample({ top: 'x: &common {memorySize: 256, timeout: 9}', fn: '<<: *common\ntimeout: 7' });
    expect(manifest(text).services[0]?.functions[0]?.config).toMatchObject({ memorySize: 256, timeout: 7 });
  });

  test('what changes nothing is ignored with a warning', () => {
    const text = sample({ top: 'access: default', module: 'access: other', fn: 'memorysize: 512' });
    const other = '  site:\n    component: devsapp/website\n    props: {x: 1}\n';
    expect(manifest(text.replace('services:\n', `services:\n${other}`)).findings.map(findingText)).toEqual([
      's.yml:3:9: access: access is ignored: credentials come from Sluice',
      's.yml:6:16: services.site.component: the module site is ignored: devsapp/website is no component of Function Compute',
      's.yml:10:13: services.cart.access: access is ignored: credentials come from Sluice',
      's.yml:20:9: services.cart.props.function.memorysize: the key memorysize is unknown and ignored; did you mean memorySize?',
    ]);
  });

  test('a build before the deployment is what Sluice does anyway', () => {
    const module =
      'actions:\n  pre-deploy:\n    - component: fc build --use-docker\n    - component: devsapp/fc@0.1.2 build';
    expect(manifest(sample({ module })).findings).toEqual([]);
  });
});

describe('variables', () => {
  const described = (description: string, extra = '', variables: Record<string, string> = {}) =>
    manifest(sample({ fn: `description: "${description}"`, top: extra }), variables).services[0]?.functions[0]
      ?.config.description;

  test.each([
    ['${vars.a}', 'vars: {a: x}', 'x'],
    ['${vars.a} and ${ vars.b.c }', 'vars: {a: 1.0, b: {c: y}}', '1.0 and y'],
    ['${vars.list[1].name}', 'vars: {list: [{name: p}, {name: q}]}', 'q'],
    ['${vars.a}', 'vars: {a: "${vars.b}", b: "<${env(WHO)}>"}', '<me>'],
    ['${vars.a.k}', 'vars: {a: "${vars.b}", b: {k: deep}}', 'deep'],
    ["${env(WHO)} ${env.WHO} ${env('WHO')}", '', 'me me me'],
    ['${services.cart.props.region}', '', 'cn-hangzhou'],
    ['${cart.props.service.name}', '', 'shop'],
    ['${this.name}/${this.props.function.runtime}', '', 'cart/nodejs20'],
  ])('%s', (description, extra, expected) => {
    expect(described(description, extra, { WHO: 'me' })).toBe(expected);
  });

  test('a value that is no text replaces the text and keeps its type', () => {
    const text = sample({
      top: 'vars: {t: 42, e: {A: 1}}',
      fn: 'timeout: ${vars.t}\nenvironmentVariables: ${vars.e}',
    });
    expect(manifest(text).services[0]?.functions[0]?.config).toMatchObject({
      timeout: 42,
      environmentVariables: { A: '1' },
    });
  });

  test.each([
    ['${vars.nmae}', 'vars: {name: x}', 'description: ${vars.nmae} is not there; did you mean name?'],
    [
      '${env(HOME)}',
      '',
      "the environment has no variable HOME; it comes from the project's record (sluice variables PROJECT.ENVIRONMENT HOME=…), never from the machine",
    ],
    ['${env(WHO2)}', '', 'Did you mean WHO?'],
    ['${env(toString)}', '', 'the environment has no variable toString'],
    ['${vars.a}', 'vars: {a: "${vars.b}", b: "${vars.a}"}', '${vars.a} refers to itself'],
    [
      '${vars.v1}',
      `vars: {${Array.from({ length: 10 }, (_, i) => `v${i + 1}: "\${vars.v${i + 2}}"`).join(', ')}, v11: x}`,
      'more than 8 variables deep',
    ],
    ['${vars.m} x', 'vars: {m: {a: 1}}', '${vars.m} is a map and cannot stand inside a text'],
    ['${nobody.props.x}', '', '${nobody.props.x} is unknown; allowed: ${vars.…}'],
    ['${services.nobody.props.x}', '', 'there is no module nobody'],
    ['${cart.output.url}', '', 'results of a deployment are not supported'],
    ['${cart.component}', '', 'of a module only name, access and props can be taken'],
    ['${file(./secret)}', '', 'file() is not supported'],
    ['${config(AccountID)}', '', 'config() is not supported'],
    ['${vars.${env.WHO}}', '', 'variables cannot be nested'],
    ['${', '', 'variables cannot be nested'],
    [
      '${vars.a}',
      `vars: {a: "${'${vars.b}'.repeat(300)}", b: "${'x'.repeat(300)}"}`,
      'longer than 65536 characters',
    ],
  ])('%s is refused where it stands', (description, extra, message) => {
    const found = errors(sample({ fn: `description: "${description}"`, top: extra }), { WHO: 'me' });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
    expect(found[0]).toMatch(/^s\.yml:1[56]:22: services\.cart\.props\.function\.description: /);
  });

  test('an unresolved variable has no echoes', () => {
    expect(errors(sample().replace('name: cart', 'name: ${vars.x}'))).toEqual([
      's.yml:11:15: services.cart.props.function.name: ${vars.x} is not there',
    ]);
  });
});

describe('what cannot be done is refused by name, with line and column', () => {
  test.each([
    [
      { props: 'triggers: [{name: t, type: http}]' },
      's.yml:8:17: services.cart.props.triggers: triggers is not supported yet',
    ],
    [{ props: 'customDomains: [{domainName: auto}]' }, 'customDomains is not supported yet'],
    [
      { service: 'logConfig: auto' },
      's.yml:10:20: services.cart.props.service.logConfig: logConfig is not supported yet',
    ],
    [{ service: 'vpcConfig: {vpcId: x}' }, 'vpcConfig is not supported yet'],
    [{ service: 'nasConfig: auto' }, 'nasConfig is not supported yet'],
    [{ service: 'tracingConfig: Enable' }, 'tracingConfig is not supported yet'],
    [
      { service: 'role: {name: x, policies: [AliyunFCFullAccess]}' },
      'service.role: found a map; allowed: the ARN of a role',
    ],
    [
      { fn: 'layers: [acs:fc:x]' },
      's.yml:15:17: services.cart.props.function.layers: layers is not supported yet',
    ],
    // One level too deep, where edition 1.0.0 does not look for it: somebody meant it all the same.
    [{ fn: 'triggers: [{name: t, type: http}]' }, 'function.triggers: triggers is not supported yet'],
    [
      { fn: 'customContainerConfig: {image: x}' },
      'customContainerConfig does not go with the runtime nodejs20; leave it out',
    ],
    [{ fn: 'ossBucket: b\nossKey: k' }, 'ossBucket is not supported yet'],
    [{ fn: 'instanceType: c1' }, 'instanceType is not supported yet'],
    [{ fn: 'asyncConfiguration: {maxAsyncRetryAttempts: 1}' }, 'asyncConfiguration is not supported yet'],
    [
      { module: 'actions: {pre-deploy: [{run: npm test, path: ./}]}' },
      's.yml:6:28: services.cart.actions.pre-deploy[0]: the hook pre-deploy (run) is not supported',
    ],
    [{ module: 'actions: {post-deploy: [{plugin: x}]}' }, 'the hook post-deploy (plugin) is not supported'],
    [
      { module: 'actions: {pre-deploy: [{component: fc-api x}]}' },
      'the hook pre-deploy (component) is not supported',
    ],
    [
      { top: 'actions: {pre-deploy: [{run: x}]}' },
      's.yml:3:24: actions.pre-deploy[0]: the hook pre-deploy (run)',
    ],
    [{ top: 'extend: base.yml' }, 's.yml:3:9: extend: extend is not supported yet'],
    [
      { fn: 'x: LTAI5tAbCdEfGhIjKlMn' },
      's.yml:15:12: services.cart.props.function.x: an access key stands here',
    ],
    [{ fn: 'x: "{{ region }}"' }, 'found {{ … }}: a template that was not rendered'],
    [{ fn: 'environmentVariables: {K: "-----BEGIN RSA PRIVATE KEY-----"}' }, 'a private key stands here'],
    [
      { fn: 'memorySize: 100' },
      'function.memorySize: found 100; allowed: a whole number from 128 to 3072, a multiple of 64',
    ],
    [{ fn: 'memorySize: 0x80' }, 'found 0x80; allowed: a whole number from 128 to 3072'],
    [{ fn: 'timeout: 601' }, 'function.timeout: found 601; allowed: a whole number from 1 to 600'],
    [{ fn: 'instanceConcurrency: many' }, 'instanceConcurrency: found "many"; allowed'],
    [
      { fn: 'environmentVariables: {1A: x}' },
      'environmentVariables.1A: the name of a variable begins with a letter',
    ],
    [
      { fn: 'environmentVariables: {A: [1]}' },
      'environmentVariables.A: found a list; allowed: a text, a number, true or false',
    ],
    [
      { fn: 'environmentVariables: {A: }' },
      'environmentVariables.A: found nothing; write "" for an empty text',
    ],
    [
      { fn: `environmentVariables: {A: ${'x'.repeat(4_096)}}` },
      'the variables have 4097 bytes together; allowed: 4096',
    ],
    [{ fn: 'environmentVariables: text' }, 'environmentVariables: found "text"; allowed: a map'],
    [{ service: 'internetAccess: yes' }, 'internetAccess: found "yes"; allowed: true or false'],
  ])('%j', (parts, message) => {
    expect(errors(sample(parts)).join('\n')).toContain(message);
  });

  test.each([
    ['runtime: nodejs20', 'runtime: go1', 'the runtime go1 is not supported yet; allowed: nodejs4.4'],
    ['runtime: nodejs20', 'runtime: node20', 'runtime: found "node20"; allowed: a runtime: nodejs4.4'],
    ['runtime: nodejs20', 'y: 1', 'function.runtime: is missing; allowed: a runtime'],
    [
      'handler: index.handler',
      'handler: index',
      'found "index"; allowed: file.function, for example index.handler',
    ],
    ['runtime: nodejs20', 'runtime: java11', 'allowed: package.Class::method'],
    [
      'runtime: nodejs20',
      'runtime: nodejs20\n        instanceLifecycleConfig: {preStop: {handler: stop}}',
      'instanceLifecycleConfig.preStop.handler: found "stop"; allowed: file.function',
    ],
    [
      'runtime: nodejs20',
      'runtime: nodejs20\n        instanceLifecycleConfig: {preFreeze: {handler: a.b, timeout: 91}}',
      'instanceLifecycleConfig.preFreeze.timeout: found 91; allowed: a whole number from 1 to 90',
    ],
    ['runtime: nodejs20', 'runtime: dotnetcore2.1', 'allowed: Assembly::Namespace.Class::Method'],
    [
      'runtime: nodejs20',
      'runtime: python3\n        instanceConcurrency: 2',
      'instanceConcurrency: found 2; allowed: a whole number from 0 to 1',
    ],
    [
      'runtime: nodejs20',
      'runtime: custom\n        customRuntimeConfig: {command: node}',
      'customRuntimeConfig.command: found "node"; allowed: a list of texts',
    ],
    [
      'runtime: nodejs20',
      'runtime: custom\n        customHealthCheckConfig: {httpGetUrl: well}',
      'customHealthCheckConfig.httpGetUrl: found "well"; allowed: a path that begins with /, with its query',
    ],
    [
      'runtime: nodejs20',
      'runtime: custom\n        customHealthCheckConfig: {httpGetUrl: /, timeoutSeconds: 4}',
      'customHealthCheckConfig.timeoutSeconds: found 4; allowed: a whole number from 1 to 3',
    ],
    [
      'runtime: nodejs20',
      'runtime: nodejs20\n        customHealthCheckConfig: {httpGetUrl: /}',
      'customHealthCheckConfig does not go with the runtime nodejs20; leave it out',
    ],
    [
      'runtime: nodejs20',
      'runtime: nodejs20\n        caPort: 8080',
      'caPort does not go with the runtime nodejs20; leave it out',
    ],
    ['name: cart', 'name: 1cart', 'found "1cart"; allowed: a letter or _ first'],
    ['codeUri: ./cart', 'codeUri: ./cart.zip', 'a ready-made archive (cart.zip) is not supported yet'],
    ['codeUri: ./cart', 'codeUri: oss://b/k', 'code from oss:// is not supported yet'],
    ['codeUri: ./cart', 'codeUri: {src: x}', 'codeUri: found a map; allowed: a folder'],
    ['codeUri: ./cart', 'z: 1', 'codeUri: is missing; allowed: a folder, as seen from the manifest'],
    ['region: cn-hangzhou', 'z: 1', 'props.region: is missing'],
    [
      'component: devsapp/fc',
      'component: fc3',
      's.yml:5:16: services.cart.component: the component fc3 belongs to edition 3.0.0',
    ],
    ['component: devsapp/fc', 'z: 1', 'services.cart.component: is missing; allowed: fc'],
    ['component: devsapp/fc', 'component: website', 'no module has a function; there is nothing to release'],
  ])('%s → %s', (from, to, message) => {
    expect(errors(sample().replace(from, to)).join('\n')).toContain(message);
  });

  test.each([
    ['edition: 3.0.0\nresources: {}', 's.yml:1:10: edition: this is Serverless Devs edition 3.0.0'],
    ['edition: 1.0\nservices: {}', 'edition: found 1.0; Sluice reads Serverless Devs edition 1.0.0'],
    ['ROSTemplateFormatVersion: "2015-09-01"\nResources: {}', 'this is a Funcraft template'],
    ['Shop:\n  Component: fc\n  Properties: {}', 'this is an early Serverless Devs manifest'],
    ['services: {}', 'edition: the edition is missing'],
    ['', 'found nothing; Sluice reads'],
    ['[]', 'found an empty list; Sluice reads'],
    ['edition: 1.0.0', 'services: is missing; allowed: a map of modules'],
    ['edition: 1.0.0\nservices: [x]', 'services: found a list; allowed: a map'],
    ['edition: 1.0.0\nservices: {a: b}', 'services.a: found "b"; allowed: a map'],
    ['edition: 1.0.0\nservices: {}', 'no module has a function'],
    ['edition: 1.0.0\nservices: {a: {component: fc}}', 'services.a.props: is missing'],
    ['edition: 1.0.0\nservices: {a: {component: fc, props: {region: r}}}', 'props.service: is missing'],
    ['a: &x 1\nb: @', 'put the value in quotes'],
  ])('%s', (text, message) => {
    expect(errors(text).join('\n')).toContain(message);
  });

  test('one service described in two ways, a function twice, two regions', () => {
    const module = (name: string, rest: string, fn: string) =>
      `  ${name}: {component: fc, props: {${rest}, function: {name: ${fn}, runtime: nodejs18, handler: a.b, codeUri: x}}}\n`;
    const text = `edition: 1.0.0\nservices:\n${module('a', 'region: r, service: {name: s, description: one}', 'f')}${module('b', 'region: q, service: {name: s, description: two}', 'f')}`;
    expect(errors(text)).toEqual([
      expect.stringMatching(/^s\.yml:4:\d+: found the region q beside r; one manifest goes to one region$/),
      expect.stringMatching(
        /^s\.yml:4:\d+: services: the service s has another description here than at line 3/,
      ),
      expect.stringMatching(
        /^s\.yml:4:\d+: services\.b\.props\.function\.name: the function f is in the service s twice$/,
      ),
    ]);
  });

  test('all errors at once, in the order of the file', () => {
    const text = sample({
      props: 'triggers: [x]',
      service: 'logConfig: auto',
      fn: 'timeout: soon\nlayers: [x]',
    });
    expect(errors(text).map((line) => line.split(':')[1])).toEqual(['8', '11', '17', '18']);
  });

  test('a secret is never repeated in a message', () => {
    const key = 'LTAI5tAbCdEfGhIjKlMn';
    const found = errors(sample({ fn: `environmentVariables: {A: ${key}}` }));
    expect(found).toHaveLength(1);
    expect(found.join()).not.toContain(key);
  });
});

describe('which file is the manifest', () => {
  test.each([
    [['s.yml', 'README.md'], null, 's.yml'],
    [['s.yml', 's.yaml'], null, 's.yaml'],
    [['template.yml', 's.yml'], null, 's.yml'],
    [['faas.yaml', 'template.yaml'], null, 'template.yaml'],
    [['s.yml', 'other.yml'], './other.yml', 'other.yml'],
    [['s.yml'], 'deploy/s.yml', 'deploy/s.yml'],
  ])('%j, named %s → %s', (paths, named, file) => {
    expect(chooseManifest(paths, named)).toMatchObject({ file });
  });

  test('others are warned about; none, a wrong name, or a path outside is an error', () => {
    const text = (paths: string[], named: string | null) => {
      const chosen = chooseManifest(paths, named);
      return ('findings' in chosen ? chosen.findings : chosen.warnings)
        .map((f) => `${f.level} ${f.message}`)
        .join();
    };
    expect(text(['s.yml', 's.yaml', 'template.yml'], null)).toContain(
      'warning s.yml and template.yml are ignored beside s.yaml',
    );
    expect(text(['README.md'], null)).toContain(
      'error the repository has no manifest; allowed at its root: s.yaml, s.yml',
    );
    expect(text(['s.yml'], 's.yaml')).toContain(
      'error the manifest s.yaml, named in sluice.yml, is not in the repository; did you mean s.yml?',
    );
    expect(text([], '../s.yml')).toContain('is not a file inside the repository');
    expect(text(['s.yml'], null)).toBe('');
  });
});

describe('meaning', () => {
  test('does not change with order, comments or place, and changes with a setting', () => {
    const base = manifestMeaning(manifest(sample()));
    const moved = sample()
      .replace('name: shop\n', 'name: shop # comment\n\n')
      .replace(
        'runtime: nodejs20\n        handler: index.handler',
        'handler: index.handler\n        runtime: nodejs20',
      );
    expect(manifestMeaning(manifest(moved))).toBe(base);
    expect(manifestMeaning(manifest(sample({ fn: 'timeout: 4' })))).not.toBe(base);
  });

  test('canonical JSON sorts keys, keeps lists, and refuses what has no JSON form', () => {
    expect(canonicalJson({ b: [1, 'x', null], a: { d: undefined, c: -0 } })).toBe(
      '{"a":{"c":0},"b":[1,"x",null]}',
    );
    for (const bad of [NaN, Infinity, () => 1, 1n, new Map(), undefined, { a: [undefined] }]) {
      expect(() => canonicalJson(bad)).toThrow(TypeError);
    }
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => canonicalJson(loop)).toThrow('holds itself');
  });
});
